"""What a process counts and times, and the gauges of the backlog in a service's database."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import suppress

import sqlalchemy as sa
from prometheus_client import Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from chassis.core.errors import Unavailable
from chassis.database.tables import DEAD_LETTERS, OUTBOX, POSITIONS
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner

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


_GAUGES = {
    "cdp_events_behind": "Events seen and not applied, by source.",
    "cdp_streams_parked": "Streams that wait for an earlier event.",
    "cdp_streams_halted": "Streams halted by an event that could not be applied.",
    "cdp_dead_letters": "Dead letters that were not redriven.",
    "cdp_outbox_rows": "Units of work not confirmed by the broker.",
    "cdp_outbox_age_seconds": "How long ago the oldest of them was claimed.",
}
_BY_SOURCE = ("cdp_events_behind", "cdp_streams_parked", "cdp_streams_halted")
_BEHIND = (
    sa.select(
        POSITIONS.c.source,
        sa.func.sum(POSITIONS.c.seen - POSITIONS.c.version),
        sa.func.sum(sa.case((POSITIONS.c.halted, 0), else_=1)),
        sa.func.sum(sa.case((POSITIONS.c.halted, 1), else_=0)),
    )
    .where(POSITIONS.c.seen > POSITIONS.c.version)
    .group_by(POSITIONS.c.source)
)
_LETTERS = sa.select(sa.func.count()).where(DEAD_LETTERS.c.redriven_at.is_(None))
_OUTBOX = sa.select(sa.func.count(), sa.func.min(OUTBOX.c.claimed_at))


class LagCollector(Collector):
    """Gauges that are read from the services' databases at every scrape."""

    def __init__(self, runners: Iterable[UnitOfWorkRunner]) -> None:
        self._runners = list(runners)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The gauges; those of a database that does not answer are left out."""
        families = {
            name: GaugeMetricFamily(
                name, text, labels=["service", "source"] if name in _BY_SOURCE else ["service"]
            )
            for name, text in _GAUGES.items()
        }
        for runner in self._runners:
            with suppress(Unavailable):
                for name, labels, value in runner.read(_measure):
                    families[name].add_metric([runner.source, *labels], value)
        yield from families.values()


def _measure(unit: UnitOfWork) -> list[tuple[str, list[str], float]]:
    """Name, further labels and value of every gauge."""
    gauges: list[tuple[str, list[str], float]] = []
    for source, *values in unit.connection.execute(_BEHIND):
        gauges += [(name, [source], v) for name, v in zip(_BY_SOURCE, values, strict=True)]
    gauges.append(("cdp_dead_letters", [], unit.connection.execute(_LETTERS).scalar_one()))
    rows, oldest = unit.connection.execute(_OUTBOX).one()
    age = time.time() - oldest / 1_000_000 if oldest else 0.0
    return [*gauges, ("cdp_outbox_rows", [], rows), ("cdp_outbox_age_seconds", [], age)]
