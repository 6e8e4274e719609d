"""The subscriber: a nameko entry point that follows every event of one source, in batches."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar, cast

import amqp
import eventlet
import structlog
from eventlet.event import Event as Signal
from kombu import Connection, Consumer, Producer
from nameko.exceptions import ContainerBeingKilled
from nameko.extensions import DependencyProvider, Entrypoint

from chassis.core.errors import InvalidInput, Unavailable
from chassis.core.event import Event
from chassis.core.json import load_json
from chassis.messaging.exchanges import dead_queue, declare_own, subscriber_queue
from chassis.observability.metrics import EVENTS_RECEIVED
from chassis.projections.inbox import BatchResult, Inbox, Projection
from chassis.runtime.log_follower import STREAMS_A_CALL, LogFollower
from chassis.runtime.rpc import SafeReplyListener, background_remote
from chassis.runtime.shared import SharedResources

Follower = TypeVar("Follower", bound=Callable[[Any], Projection])

_GATHER_SECONDS = 0.01
_IDLE_SECONDS = 0.25
_HEARTBEAT = 60
_HISTORY_SECONDS = 5.0
_GAP_SECONDS = 0.05
_KEEP_UP_SECONDS = 0.5
_LATEST = 10  # times the seconds between comparisons, if messages never stop to pile up
_LONGEST_PAUSE = 30.0
_CAUSES_SHOWN = 20
_MESSAGE_BYTES = 4_000_000

_log = structlog.get_logger("subscriber")


class FollowedLog(DependencyProvider):
    """Dependency on another service's log: `self.profiles_log.catch_up(at_least, …)`."""

    foundation = SharedResources()
    listener = SafeReplyListener()

    def __init__(self, source: str) -> None:
        self.source_name = source
        self._source: LogFollower | None = None

    def get_dependency(self, worker_ctx: Any) -> LogFollower:
        del worker_ctx
        if self._source is None:
            self._source = _source(self, self.source_name)
        return self._source


class Subscribe(Entrypoint):
    """Applies every batch of events by the projection that the method returns.

    Messages are acknowledged after the projection's commit. When it raises, the same batch is tried
    again after a pause: poison does not come this way, as the inbox has set it aside.
    """

    foundation = SharedResources()
    listener = SafeReplyListener()

    def __init__(self, source: str, **kwargs: Any) -> None:
        kwargs.setdefault("expected_exceptions", (Unavailable,))
        super().__init__(**kwargs)
        self.source_name = source
        self._stopping = False
        self._piling_up = False
        self._nudge = Signal()
        self._threads: list[Any] = []
        self._delayed: dict[str, tuple[float, float]] = {}

    def start(self) -> None:
        if not self.foundation.settings().follows_events:
            return
        self._source = _source(self, self.source_name)
        self._threads = [
            self.container.spawn_managed_thread(
                run, identifier=f"{run.__name__}-{self.source_name}"
            )
            for run in (self._consume, self._keep_up)
        ]

    def stop(self) -> None:
        self._stopping = True
        self._wake()
        with eventlet.Timeout(10, False):
            for thread in self._threads:
                thread.wait()

    # Messages, as they come

    def _consume(self) -> None:
        settings = self.foundation.settings()
        pause = 0.2
        while not self._stopping:
            connection = Connection(settings.amqp_uri, heartbeat=_HEARTBEAT)
            errors = (*connection.connection_errors, *connection.channel_errors, OSError)
            try:
                with connection:
                    self._follow_queue(connection)
                pause = 0.2
            except errors as error:
                _log.warning("queue_lost", source=self.source_name, error=type(error).__name__)
                eventlet.sleep(pause)
                pause = min(pause * 2, 5.0)

    def _follow_queue(self, connection: Connection) -> None:
        settings = self.foundation.settings()
        channel = connection.channel()
        declare_own(channel, settings.service)
        queue = subscriber_queue(settings.service, self.source_name)(channel)
        queue.declare()
        messages: list[Any] = []
        consumer = Consumer(
            channel,
            [queue],
            on_message=messages.append,
            # What kombu cannot unpack comes as it is, to be set aside in its turn.
            on_decode_error=lambda message, _error: messages.append(message),
            auto_declare=False,
            prefetch_count=2 * settings.batch_size,
        )
        with consumer:
            while not self._stopping:
                self._gather(connection, messages, settings.batch_size)
                self._piling_up = len(messages) >= settings.batch_size
                batch, messages[:] = (
                    messages[: settings.batch_size],
                    messages[settings.batch_size :],
                )
                if batch and not self._deliver(channel, batch):
                    return
                eventlet.sleep(0)

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

    def _deliver(self, channel: Any, messages: Sequence[Any]) -> bool:
        """Hand over what can be read, then acknowledge; False if the container is stopping."""
        events = []
        for message in messages:
            try:
                events.append(_decode(message))
            except (ValueError, InvalidInput) as error:
                reason = _unread(error)
                if not self._insist(partial(self._source.inbox.dead_letter, reason)):
                    return False
                self._keep(channel, message, reason)
        EVENTS_RECEIVED.labels(self.container.service_name, self.source_name).inc(len(events))
        if events and not self._insist(partial(self._hand_over, events)):
            return False
        if isinstance(channel, amqp.Channel):
            messages[-1].ack(multiple=True)
        else:  # kombu's virtual channels ignore `multiple`
            for message in messages:
                message.ack()
        return True

    def _insist(self, action: Callable[[], object]) -> bool:
        """Try until it succeeds; False if the container stops before."""
        pause = 0.1
        while not self._stopping:
            try:
                action()
            except ContainerBeingKilled:
                return False
            except Exception as error:  # noqa: BLE001 - whatever it is, nothing may be lost
                unexpected = not isinstance(error, Unavailable)
                _log.warning(
                    "batch_failed",
                    error=type(error).__name__,
                    retry_in=pause,
                    exc_info=error if unexpected else None,
                )
                eventlet.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                return True
        return False

    def _hand_over(self, events: Sequence[Event]) -> None:
        done = Signal()

        def apply(_worker: Any, projection: Any, exc_info: Any) -> tuple[Any, Any]:
            """Within the worker, so that its log line and its metric are those of the batch."""
            outcome: BatchResult | None = None
            if exc_info is None:
                try:
                    outcome = self._source.inbox.process(events, projection)
                except Exception:  # noqa: BLE001 - raised again where the batch was handed over
                    exc_info = sys.exc_info()
            done.send((outcome, exc_info))
            return outcome, exc_info

        worker = self.container.spawn_worker(self, (), {}, handle_result=apply)
        outcome, exc_info = done.wait()
        if exc_info is not None:
            raise exc_info[1]
        causes = {str(event.metadata.get("correlation_id", "unknown")) for event in events}
        _log.info(
            "applied",
            service=self.container.service_name,
            source=self.source_name,
            events=len(events),
            correlation_id=worker.call_id_stack[0],
            caused_by=sorted(causes)[:_CAUSES_SHOWN],
        )
        if outcome.behind:
            self._wake()

    def _keep(self, channel: Any, message: Any, reason: str) -> None:
        """Put a message that cannot be read into the dead queue, whole."""
        queue = dead_queue(self.foundation.settings().service)
        Producer(channel, auto_declare=False).publish(
            message.body,
            exchange=queue.exchange,
            content_type=message.content_type or "application/octet-stream",
            content_encoding=message.content_encoding or "binary",
            headers={"source": self.source_name, "reason": reason},
            delivery_mode="persistent",
        )
        _log.error("dead_letter", source=self.source_name, reason=reason)

    # What did not come as a message

    def _keep_up(self) -> None:
        self.listener.queue_consumer.start()  # returns when answers can be received
        pause = self.foundation.settings().reconcile_seconds
        reconciled = -float("inf")
        while not self._stopping:
            try:
                if is_due(time.monotonic() - reconciled, pause, piling_up=self._piling_up):
                    self._source.inbox.reconcile(self._source.log.heads)
                    reconciled = time.monotonic()
                while self._fetch():
                    eventlet.sleep(0)
            except ContainerBeingKilled:
                return
            except Unavailable as error:
                _log.info("source_unavailable", source=self.source_name, subject=error.subject)
            except Exception:  # noqa: BLE001 - a subscriber never gives up
                _log.exception("keep_up_failed", source=self.source_name)
            with eventlet.Timeout(_KEEP_UP_SECONDS, False):
                self._nudge.wait()
                eventlet.sleep(_GAP_SECONDS)  # most gaps close by themselves
            self._nudge = Signal()

    def _fetch(self) -> bool:
        """Fetch and apply one round of what is behind; whether to go on at once."""
        if self._stopping:
            return False
        now = time.monotonic()
        self._delayed = {s: d for s, d in self._delayed.items() if d[0] + d[1] > now}
        waiting = {stream for stream, (until, _pause) in self._delayed.items() if until > now}
        behind = self._source.inbox.behind(STREAMS_A_CALL + len(waiting))
        behind = {s: version for s, version in behind.items() if s not in waiting}
        if not behind:
            return False
        if events := self._source.log.history(behind):
            self._hand_over(events)
        versions = self._source.inbox.versions(behind)
        stuck = [stream for stream, version in behind.items() if versions[stream] == version]
        for stream in stuck:  # its source does not have it yet, or this release cannot read it
            pause = min(2 * self._delayed.get(stream, (0.0, 0.1))[1], _LONGEST_PAUSE)
            self._delayed[stream] = (now + pause, pause)
        return len(stuck) < len(behind)

    def _wake(self) -> None:
        if not self._nudge.ready():
            self._nudge.send()


def subscribe(source: str) -> Callable[[Follower], Follower]:
    """Make a method follow every event of the service `source`: it returns its projection."""
    return cast("Callable[[Follower], Follower]", Subscribe.decorator(source))


def is_due(waited: float, pause: float, *, piling_up: bool) -> bool:
    """Whether heads are to be compared, `waited` seconds after the last time.

    While messages pile up, what the heads have more is mostly under way: it would be fetched, and
    come once more.
    """
    return waited >= pause * (_LATEST if piling_up else 1)


def _source(extension: FollowedLog | Subscribe, name: str) -> LogFollower:
    """The service `name` as the extension's service follows it."""
    container = extension.container
    inbox = Inbox(extension.foundation.unit_of_work_runner(), name, container.service_cls.upcasters)
    return LogFollower(
        inbox, background_remote(container, name, extension.listener, _HISTORY_SECONDS)
    )


def _unread(error: Exception) -> str:
    told = str(error) if isinstance(error, InvalidInput) else type(error).__name__
    return f"undecodable: {told}"


def _decode(message: Any) -> Event:
    body = message.body
    if len(body) > _MESSAGE_BYTES:
        raise InvalidInput("event", f"is over {_MESSAGE_BYTES} bytes")
    return Event.from_wire(load_json(body))
