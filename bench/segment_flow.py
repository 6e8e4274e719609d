"""Segments as a process, through RabbitMQ: events a second, and how late entries and exits come."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import eventlet
import kombu

from bench.flow import FRESH_SIZE, PipelineDatabases, record_first_orders, spawn_senders
from bench.orders import order
from bench.profiles_log import ProfilesLogWriter, profiles_log, wait_until_applied
from bench.statistics import milliseconds
from chassis import SECOND, Draft, Event, new_id
from chassis.core.json import load_json
from tests.support.system import ProcessSuite

SHOPPERS = 5_000
EVENTS = 20_000
ENTRY_SECONDS = 20
TIMERS = 5_000
LATE_TIMERS, LATE_RATE = 1_500, 100
_WINDOW = 40  # seconds: all events of the bench are applied before the first window ends
_PAUSE = 10.0  # seconds from the many to the others
_SETTLE_SECONDS = 60.0
_CLOSING = {
    "segment": "closing",
    "rule": f'exists("product_viewed", within="{_WINDOW}s")',
    "description": "For the bench.",
}


def events_per_second(suite: ProcessSuite) -> dict[str, float]:
    """Orders a second that one process applies, of shoppers who have two orders already.

    All are published before the clock starts: nothing else is at work then.
    """
    with ExitStack() as stack:
        log = stack.enter_context(profiles_log(suite))
        databases = PipelineDatabases(suite, stack)
        streams = _shoppers(log, SHOPPERS)
        log.append([_order(stream) for stream in streams * 2])
        wait_until_applied(databases)
        log.append([_order(random.choice(streams)) for _ in range(EVENTS)])
        start, before = time.monotonic(), databases.applied("segments", "profiles")
        applied = wait_until_applied(databases) - before
        return {"segments_events_per_s": round(applied / (time.monotonic() - start))}


def entries(suite: ProcessSuite) -> dict[str, float]:
    """At 300 orders a second: from `record` until a subscriber has who entered a segment by it."""
    record_first_orders(suite, SHOPPERS)
    starts: dict[tuple[str, int], float] = {}

    def send(proxy: Any) -> None:
        start = time.time()
        orders = [order(number) for number in random.sample(range(SHOPPERS), FRESH_SIZE)]
        for receipt in proxy.profiles.record(orders)["receipts"]:
            starts[receipt["stream_id"], receipt["version"]] = start

    with subscriber(suite) as received:
        for thread in spawn_senders(suite, ENTRY_SECONDS, send):
            thread.wait()
        eventlet.sleep(2)  # until what is under way has come
    durations = []
    for event, at in received():
        if event.type == "segment_entered":
            # A shopper of the bench has one stream.
            ((stream, version),) = event.data["as_of"].items()
            if (stream, version) in starts:
                durations.append(at - starts[stream, version])
    return {
        "segment_entry_p50_ms": milliseconds(durations, 50),
        "segment_entry_p99_ms": milliseconds(durations, 99),
    }


def timers(suite: ProcessSuite) -> dict[str, float]:
    """Windows that end: many at one instant, and then some each second.

    Of the many, how many exits a second come, without the first tenth: the timer's pause is before
    it. Of the others, how late exits come at p99. An exit has come when a subscriber has it.
    """
    suite.call("segments", "define", definition=_CLOSING)
    with ExitStack() as stack:
        log = stack.enter_context(profiles_log(suite))
        databases = PipelineDatabases(suite, stack)
        received = stack.enter_context(subscriber(suite))
        streams = _shoppers(log, TIMERS + LATE_TIMERS)
        together = time.time() + _WINDOW
        steadily = together + _PAUSE
        ends = [together] * TIMERS + [steadily + n / LATE_RATE for n in range(LATE_TIMERS)]
        log.append([_view(*each) for each in zip(streams, ends, strict=True)])
        wait_until_applied(databases)
        if time.time() > together:
            raise RuntimeError("the first windows ended before all of their events were applied")
        _wait_for(lambda: len(_exits(received())) >= len(ends), ends[-1] + _SETTLE_SECONDS)
        exits = _exits(received())
    due = dict(zip(streams, ends, strict=True))
    late = sorted(at - due[stream] for stream, at in exits.items() if due[stream] > together)
    many = sorted(at for stream, at in exits.items() if due[stream] == together)
    rest = many[TIMERS // 10 :]
    return {
        "timers_per_s": round(len(rest) / (rest[-1] - rest[0])),
        "timer_late_p50_ms": milliseconds(late, 50),
        "timer_late_p99_ms": milliseconds(late, 99),
        "timers_at_once_late_p99_ms": milliseconds([at - together for at in many], 99),
    }


@contextmanager
def subscriber(suite: ProcessSuite) -> Iterator[Callable[[], Sequence[tuple[Event, float]]]]:
    """Receives segments' events; yields a function for those so far, and when each came (s)."""
    messages: list[tuple[bytes, float]] = []
    exchange = kombu.Exchange("segments.events", type="topic", durable=True, passive=True)

    def drain(connection: kombu.Connection) -> None:
        while True:
            with suppress(TimeoutError):
                connection.drain_events(timeout=1)

    with kombu.Connection(suite.virtual_host.operator_uri()) as connection:
        queue = kombu.Queue("", exchange, routing_key="#", exclusive=True)
        consumer = kombu.Consumer(
            connection,
            [queue],
            no_ack=True,
            on_message=lambda message: messages.append((message.body, time.time())),
        )
        with consumer:
            draining = eventlet.spawn(drain, connection)
            try:
                # Read only when asked for: it would keep the next message waiting.
                yield lambda: [(Event.from_wire(load_json(body)), at) for body, at in messages]
            finally:
                draining.kill()


def _exits(received: Sequence[tuple[Event, float]]) -> dict[str, float]:
    """When each profile was seen to leave the segment of the bench."""
    return {
        event.stream: at
        for event, at in received
        if event.type == "segment_exited" and event.data["segment"] == _CLOSING["segment"]
    }


def _wait_for(condition: Callable[[], bool], deadline: float) -> None:
    while not condition():
        if time.time() > deadline:
            raise RuntimeError("the exits of the bench do not come")
        eventlet.sleep(1)


def _shoppers(log: ProfilesLogWriter, count: int) -> list[str]:
    """The streams of new shoppers, each a profile of its own."""
    streams = [new_id() for _ in range(count)]
    log.know(streams)
    return streams


def _order(stream: str) -> Draft:
    data = order(0)["data"]
    return Draft(data["order_id"], stream, "order_completed", data, time.time_ns() // 1_000)


def _view(stream: str, window_ends: float) -> Draft:
    at = int(window_ends * SECOND) - _WINDOW * SECOND
    return Draft(new_id(), stream, "product_viewed", {"product_id": "p", "category": "music"}, at)
