"""The subscriber: a nameko entry point that follows every event of one source, in batches."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, TypeVar, cast

import amqp
import eventlet
import structlog
from eventlet.event import Event as Signal
from kombu import Connection, Consumer, Producer
from nameko.exceptions import ContainerBeingKilled
from nameko.extensions import Entrypoint

from chassis.core.errors import InvalidInput, Unavailable
from chassis.core.event import Event
from chassis.core.json import load_json
from chassis.core.retry import retry
from chassis.eventlog.reader import HistoryPage
from chassis.messaging.amqp import BROKER_ERRORS, connect
from chassis.messaging.exchanges import dead_queue, declare_own, ensure_queue, subscriber_queue
from chassis.observability.metrics import EVENTS_RECEIVED, note_outages
from chassis.observability.tracing import causes_of
from chassis.projections.inbox import BatchResult, Projection
from chassis.projections.outage import Outage
from chassis.runtime.log_follower import STREAMS_A_CALL, open_log_follower
from chassis.runtime.remote import SafeReplyListener
from chassis.runtime.shared import SharedResources, tracer_of

Follower = TypeVar("Follower", bound=Callable[[Any], Projection])

_GATHER_SECONDS = 0.01
_IDLE_SECONDS = 0.25
_HEARTBEAT = 10  # a process that froze gives its messages back after two of them
_WAIT_SECONDS = 10.0
_GAP_SECONDS = 0.05
_KEEP_UP_SECONDS = 0.5
_PILING_UP_FACTOR = 10  # so many times rarer are heads compared while messages pile up
_PILING_UP_SECONDS = 2.0  # so long after a full batch they do: one that is not full says little
_LONGEST_PAUSE = 5.0
_TOO_LARGE_PAUSE = 60.0  # until an event that was too large to fetch is asked for again
_OUTAGE_SECONDS = 5.0  # so long an outage holds up the messages behind its batch
_FIRST_DELAY = 0.1
_CAUSES_LOGGED = 20
_MESSAGE_BYTES = 4_000_000

_log = structlog.get_logger("subscriber")


class _Stopping(Exception):
    """The container stops: what was not applied comes again to another replica, or later."""


@dataclass(frozen=True, slots=True)
class _Delay:
    """Until when a stream that got nowhere is left alone, and how long that pause is.

    `too_large` says that its next event is larger than a message may be.
    """

    until: float
    pause: float
    too_large: bool = False


class Subscribe(Entrypoint):
    """Applies every batch of events by the projection that the method returns.

    Messages are acknowledged after the projection's commit. When it raises, the same batch is tried
    again after a pause: it is no poison, which the inbox would have made a dead letter.
    """

    shared = SharedResources()
    listener = SafeReplyListener()

    def __init__(self, source: str, **kwargs: Any) -> None:
        kwargs.setdefault("expected_exceptions", (Unavailable,))
        super().__init__(**kwargs)
        self.source_name = source
        self._stopping = False
        self._full_at = -float("inf")  # when a batch was full last
        self._nudge = Signal()
        self._threads: list[Any] = []
        self._delayed: dict[str, _Delay] = {}
        self._too_large: int | None = None
        self._outages: list[str] = []

    def start(self) -> None:
        if not self.shared.settings().follows_events:
            return
        self._follower = open_log_follower(self, self.source_name)
        queue = subscriber_queue(self.shared.settings().service, self.source_name)
        self.shared.declarations.append(partial(ensure_queue, queue=queue))
        self._threads = [
            self.container.spawn_managed_thread(
                run, identifier=f"{run.__name__}-{self.source_name}"
            )
            for run in (self._consume, self._compare, self._keep_up)
        ]

    def stop(self) -> None:
        self._stopping = True
        self._wake()
        with eventlet.Timeout(10, False):
            for thread in self._threads:
                thread.wait()

    # Messages, as they come

    def _consume(self) -> None:
        with suppress(_Stopping):
            retry(
                self._follow_queue,
                _is_survivable,
                first_pause=0.2,
                longest_pause=_LONGEST_PAUSE,
                healthy_after=_LONGEST_PAUSE,
                before_pause=self._log_lost_queue,
                sleep=eventlet.sleep,
            )

    def _follow_queue(self) -> None:
        """Receive messages over one connection, until it is lost or the container stops."""
        if self._stopping:
            return
        settings = self.shared.settings()
        with connect(settings.amqp_uri, heartbeat=_HEARTBEAT, patience=_WAIT_SECONDS) as connection:
            declare_own(connection, settings.service)
            channel = connection.channel()
            queue = subscriber_queue(settings.service, self.source_name)(channel)
            ensure_queue(connection, queue)
            messages: list[Any] = []
            consumer = Consumer(
                channel,
                [queue],
                on_message=messages.append,
                # What kombu cannot unpack is queued too, to become a dead letter in its turn.
                on_decode_error=lambda message, _error: messages.append(message),
                auto_declare=False,
                prefetch_count=2 * settings.batch_size,
            )
            with consumer:
                while not self._stopping:
                    self._gather(connection, messages, settings.batch_size)
                    if len(messages) >= settings.batch_size:
                        self._full_at = time.monotonic()
                    batch = messages[: settings.batch_size]
                    del messages[: settings.batch_size]
                    if batch:
                        self._deliver(channel, batch)
                    eventlet.sleep(0)

    def _log_lost_queue(self, error: BaseException, _pause: float) -> None:
        if isinstance(error, BROKER_ERRORS):
            _log.warning("queue_lost", source=self.source_name, error=type(error).__name__)
        else:  # a mistake of ours: the messages come again, the worst one twenty times at most
            _log.error("subscriber_failed", source=self.source_name, exc_info=error)

    def _gather(self, connection: Connection, messages: list[Any], size: int) -> None:
        try:
            if not messages:
                connection.drain_events(timeout=_IDLE_SECONDS)
            end = time.monotonic() + _GATHER_SECONDS
            while len(messages) < size and (left := end - time.monotonic()) > 0:
                connection.drain_events(timeout=left)
        except TimeoutError:
            pass
        if connection.supports_heartbeats:
            connection.heartbeat_check()

    def _deliver(self, channel: Any, messages: Sequence[Any]) -> None:
        """Apply what can be read, then acknowledge it all; _Stopping leaves it to a later run."""
        events = []
        for message in messages:
            try:
                events.append(_decode(message))
            except (ValueError, InvalidInput) as error:
                reason = _undecodable(error)
                self._try_until_done(partial(self._follower.inbox.dead_letter, reason))
                self._publish_dead_letter(channel, message, reason)
        EVENTS_RECEIVED.labels(self.container.service_name, self.source_name).inc(len(events))
        if events:
            self._try_until_done(partial(self._apply, events, time.monotonic()))
        if isinstance(channel, amqp.Channel):
            messages[-1].ack(multiple=True)
        else:  # kombu's virtual channels ignore `multiple`
            for message in messages:
                message.ack()

    def _try_until_done(self, action: Callable[[], object]) -> None:
        """Try again whatever fails, since nothing may be lost; _Stopping if the container stops."""

        def attempt() -> None:
            if self._stopping:
                raise _Stopping
            try:
                action()
            except ContainerBeingKilled:
                raise _Stopping from None

        retry(
            attempt,
            lambda error: isinstance(error, Exception) and not isinstance(error, _Stopping),
            first_pause=0.1,
            longest_pause=_LONGEST_PAUSE,
            before_pause=_log_failure,
            sleep=eventlet.sleep,
        )

    def _apply(self, events: Sequence[Event], began: float) -> None:
        """Apply `events`; in an outage that goes on and on they are left to be fetched.

        So messages behind them have their turn: the outage may not concern these.
        """
        try:
            self._hand_over(events)
        except Outage:
            if time.monotonic() - began < _OUTAGE_SECONDS:
                raise
            self._follower.inbox.leave_behind(events)

    def _hand_over(self, events: Sequence[Event]) -> None:
        """Apply `events` in a worker of the service; raises what that raises."""
        done = Signal()

        def apply(worker: Any, projection: Any, exc_info: Any) -> tuple[Any, Any]:
            """Within the worker, so that its log line and its metric are those of the batch."""
            result: BatchResult | None = None
            if exc_info is None:
                try:
                    with tracer_of(self.container).applying(self.source_name, events):
                        result = self._follower.inbox.process(events, projection)
                        self._log_applied(worker, events)
                except Exception:  # noqa: BLE001 - raised again where the batch was handed over
                    exc_info = sys.exc_info()
            done.send((result, exc_info))
            return result, exc_info

        self.container.spawn_worker(self, (), {}, handle_result=apply)
        result, exc_info = done.wait()
        self._report_outages()
        if exc_info is not None:
            raise exc_info[1]
        if result.behind:
            self._wake()

    def _log_applied(self, worker: Any, events: Sequence[Event]) -> None:
        calls = {str(event.metadata.get("correlation_id", "unknown")) for event in events}
        traces = {cause.trace_id for cause in causes_of(events)}
        _log.info(
            "applied",
            service=self.container.service_name,
            source=self.source_name,
            events=len(events),
            correlation_id=worker.call_id_stack[0],
            caused_by=sorted(calls)[:_CAUSES_LOGGED],
            **({"trace_ids": sorted(traces)[:_CAUSES_LOGGED]} if traces else {}),
        )

    def _report_outages(self) -> None:
        """Show outages in the metrics, and log when they change."""
        outages = self._follower.inbox.outages()
        note_outages(self.container.service_name, self.source_name, outages)
        if outages and outages != self._outages:
            _log.error("outage", source=self.source_name, failures=outages)
        elif self._outages and not outages:
            _log.warning("outage_over", source=self.source_name)
        self._outages = outages

    def _publish_dead_letter(self, channel: Any, message: Any, reason: str) -> None:
        """Put a message that cannot be read into the dead queue, whole."""
        queue = dead_queue(self.shared.settings().service)
        body = message.body
        Producer(channel, auto_declare=False).publish(
            body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body,
            exchange=queue.exchange,
            content_type=message.content_type or "application/octet-stream",
            content_encoding=message.content_encoding or "binary",
            headers={"source": self.source_name, "reason": reason},
            delivery_mode="persistent",
        )
        _log.error("dead_letter", source=self.source_name, reason=reason)

    # Events that no message brought

    def _compare(self) -> None:
        """Compare positions with the source's heads, now and then."""
        self.listener.queue_consumer.start()  # returns when responses can be received
        compared, pause, next_pause = -float("inf"), 0.0, _FIRST_DELAY
        while not self._stopping:
            now = time.monotonic()
            piling_up = now - self._full_at < _PILING_UP_SECONDS
            if is_due(now - compared, pause, piling_up=piling_up):
                if self._try(self._reconcile):
                    pause, next_pause = self.shared.settings().reconcile_seconds, _FIRST_DELAY
                else:
                    pause, next_pause = next_pause, min(2 * next_pause, _LONGEST_PAUSE)
                compared = time.monotonic()
            eventlet.sleep(min(pause, _KEEP_UP_SECONDS))

    def _reconcile(self) -> None:
        if self._follower.inbox.reconcile(self._follower.log):
            self._wake()

    def _keep_up(self) -> None:
        """Fetch what lags behind. It does not wait for a comparison, nor need one that succeeds."""
        self.listener.queue_consumer.start()
        while not self._stopping:
            self._try(self._fetch_all)
            with eventlet.Timeout(_KEEP_UP_SECONDS, False):
                self._nudge.wait()
                eventlet.sleep(_GAP_SECONDS)  # most gaps close by themselves
            self._nudge = Signal()

    def _try(self, action: Callable[[], None]) -> bool:
        """Whether `action` went through; a subscriber never gives up."""
        try:
            action()
        except ContainerBeingKilled:
            self._stopping = True
        except Unavailable as error:
            _log.info("source_unavailable", source=self.source_name, reason=str(error))
        except Exception:  # noqa: BLE001 - the next time may go better
            _log.exception("keep_up_failed", source=self.source_name)
        else:
            return True
        return False

    def _fetch_all(self) -> None:
        while self._fetch():
            eventlet.sleep(0)
        self._report_outages()
        self._report_too_large()

    def _fetch(self) -> bool:
        """Fetch and apply one page of what lags behind; whether to go on at once."""
        if self._stopping:
            return False
        now = time.monotonic()
        self._delayed = {s: d for s, d in self._delayed.items() if d.until + d.pause > now}
        waiting = {stream for stream, delay in self._delayed.items() if delay.until > now}
        behind = self._follower.inbox.behind(STREAMS_A_CALL + len(waiting))
        behind = {s: version for s, version in behind.items() if s not in waiting}
        if not behind:
            return False
        page = self._follower.log.history(dict(islice(behind.items(), STREAMS_A_CALL)))
        if page.events:
            with suppress(Outage):  # its streams are stuck for now
                self._hand_over(page.events)
        versions = self._follower.inbox.versions(page.asked)
        unmoved = {stream for stream in page.asked if versions[stream] == behind[stream]}
        stuck = stuck_streams(unmoved, page)
        for stream in stuck:
            pause = _TOO_LARGE_PAUSE if page.too_large else self._next_pause(stream)
            self._delayed[stream] = _Delay(now + pause, pause, page.too_large)
        for stream in versions.keys() - unmoved:
            self._delayed.pop(stream, None)
        return len(stuck) < len(behind)

    def _next_pause(self, stream: str) -> float:
        last = self._delayed.get(stream)
        return min(2 * (last.pause if last else _FIRST_DELAY), _LONGEST_PAUSE)

    def _report_too_large(self) -> None:
        """Note in how many streams the next event is larger than a message may be."""
        streams = sum(delay.too_large for delay in self._delayed.values())
        if streams == self._too_large:
            return
        self._follower.inbox.note_too_large(streams)
        if streams:
            _log.error("events_too_large", source=self.source_name, streams=streams)
        self._too_large = streams

    def _wake(self) -> None:
        if not self._nudge.ready():
            self._nudge.send()


def _is_survivable(error: BaseException) -> bool:
    """Whether to begin again after it: whatever a message does, the process goes on."""
    return isinstance(error, Exception) and not isinstance(error, (_Stopping, ContainerBeingKilled))


def subscribe(source: str) -> Callable[[Follower], Follower]:
    """Make a method follow every event of the service `source`: it returns its projection."""
    return cast("Callable[[Follower], Follower]", Subscribe.decorator(source))


def is_due(waited: float, pause: float, *, piling_up: bool) -> bool:
    """Whether to compare heads, `waited` seconds after the last time.

    While messages pile up, what the heads have more is mostly on its way: it would be fetched, and
    then arrive as a message too.
    """
    return waited >= pause * (_PILING_UP_FACTOR if piling_up else 1)


def stuck_streams(unmoved: Collection[str], page: HistoryPage) -> set[str]:
    """Those of the `unmoved` streams that a page of their history did not help.

    The source does not have more of them yet, or this release cannot apply it. A stream that a page
    which was cut off has nothing of has its turn in the next one.
    """
    if not page.cut_off:
        return set(unmoved)
    return set(unmoved) & {stream for event in page.events for stream in event.versions}


def _log_failure(error: BaseException, pause: float) -> None:
    name = type(error).__name__
    if isinstance(error, Unavailable):
        _log.warning("batch_failed", error=name, retry_in=pause)
    else:
        _log.error("batch_failed", error=name, retry_in=pause, exc_info=error)


def _undecodable(error: Exception) -> str:
    cause = str(error) if isinstance(error, InvalidInput) else type(error).__name__
    return f"undecodable: {cause}"


def _decode(message: Any) -> Event:
    body = message.body
    if len(body) > _MESSAGE_BYTES:
        raise InvalidInput("event", f"is over {_MESSAGE_BYTES} bytes")
    return Event.from_wire(load_json(body))
