"""What a process counts and times."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Sequence
from functools import partial

from prometheus_client import Counter, Gauge, Histogram

from chassis.core.event import Event

WORKER_SECONDS = Histogram(
    "cdp_worker_seconds",
    "How long calls and batches of events took, by outcome: ok, or the name of the error.",
    ["service", "method", "outcome"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
EVENTS_RECEIVED = Counter(
    "cdp_events_received", "Events received from a source.", ["service", "source"]
)
EVENTS_PUBLISHED = Counter(
    "cdp_events_published", "Events that the broker has confirmed.", ["service"]
)
CLOCK_SKEW = Gauge(
    "cdp_clock_skew_seconds",
    "How far this process's clock is ahead of the database's; which is wrong, most witnesses say.",
    ["service"],
)
EVENTS_TOO_LARGE = Counter(
    "cdp_events_too_large",
    "Events left to comparisons: the broker does not take them.",
    ["service"],
)
EVENTS_REFUSED = Counter(
    "cdp_events_refused",
    "Events that the broker refused, for a queue that is full; they are tried again.",
    ["service"],
)
NEWEST_APPLIED = Gauge(
    "cdp_newest_event_applied_timestamp_seconds",
    "When the newest event that this process has applied was recorded by its source.",
    ["service", "source"],
)
BROKER_CONNECTED = Gauge(
    "cdp_broker_connected",
    "Whether a message of this process to itself has come back within the last seconds.",
    ["service"],
)
CALLS_EXPIRED = Counter(
    "cdp_calls_expired", "Calls dropped before any work: nobody waited any more.", ["service"]
)
CALLS_RETURNED = Counter(
    "cdp_calls_returned", "Calls given back to the broker after a standstill.", ["service"]
)
OUTAGES = Gauge(
    "cdp_outages",
    "Kinds of failure for which events of a source are set aside, and nothing is halted.",
    ["service", "source"],
)

_RECENTLY = 60.0

_newest_applied: dict[tuple[str, str], int] = {}
_outages: dict[tuple[str, str], list[str]] = {}
_expired_at: dict[str, deque[float]] = defaultdict(partial(deque, maxlen=1_000))


def note_applied(service: str, source: str, events: Sequence[Event]) -> None:
    """Raise the gauge of the newest event applied to the newest of `events`."""
    newest = max((event.recorded_at for event in events), default=0)
    if newest > _newest_applied.get((service, source), 0):
        _newest_applied[service, source] = newest
        NEWEST_APPLIED.labels(service, source).set(newest / 1_000_000)


def note_outages(service: str, source: str, failures: Sequence[str]) -> None:
    """Keep the kinds of failure that are outages of a source now, and set their gauge."""
    _outages[service, source] = list(failures)
    OUTAGES.labels(service, source).set(len(failures))


def list_outages(service: str) -> list[dict[str, str]]:
    """The outages of a service, as this process sees them."""
    return [
        {"source": source, "failure": failure}
        for (name, source), failures in sorted(_outages.items())
        if name == service
        for failure in failures
    ]


def note_expired(service: str) -> None:
    """Count a call that was dropped because nobody waited any more."""
    CALLS_EXPIRED.labels(service).inc()
    _expired_at[service].append(time.monotonic())


def count_recently_expired(service: str) -> int:
    """How many calls this process has dropped within the last minute; 1,000 stands for more."""
    since = time.monotonic() - _RECENTLY
    return sum(at > since for at in _expired_at[service])
