"""The gauges that are read from a service's database at every scrape."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import eventlet
import sqlalchemy as sa
import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from chassis.core.deadline import DeadlineExceeded, run_within
from chassis.database.clock import database_now
from chassis.database.tables import (
    DEAD_LETTERS,
    EVENTS,
    GAPS,
    LOG_INCARNATIONS,
    OUTBOX,
    POSITIONS,
    RECONCILED,
    REPLICAS,
    STREAMS,
)
from chassis.database.writable import write_problem
from chassis.eventlog.incarnation import FIRST
from chassis.eventlog.log import read_horizon
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner

# A scrape answers within two seconds, whether databases answer or not; and what takes long keeps no
# other gauge from being read.
_SCRAPE_SECONDS = 1.5
_QUERY_SECONDS = 0.5
# A process that has given no sign of life for this long is not there.
_LIVING_SECONDS = 30

_log = structlog.get_logger("gauges")

Sample = tuple[str, Sequence[str], float]
"""Name of a gauge, values of its labels beside `service`, and its own value."""


@dataclass(frozen=True, slots=True)
class GaugeQuery:
    """Gauges that are read together from a service's database at every scrape.

    `texts` explains each by its name, and `labels` names their labels beside `service`. `measure`
    must be cheap with millions of streams: an index, or a table that stays small. `default` is the
    value for a source that is followed and of which nothing was found.
    """

    texts: Mapping[str, str]
    measure: Callable[[UnitOfWork], Iterable[Sample]]
    labels: Sequence[str] = ()
    default: float | None = None


@dataclass(frozen=True, slots=True)
class MeasuredService:
    """A service of this process: its database, whom it follows, and gauges of its own.

    `notes` are what it has to say while it is ready, or None.
    """

    runner: UnitOfWorkRunner
    sources: Sequence[str] = ()
    queries: Sequence[GaugeQuery] = ()
    notes: Sequence[Callable[[UnitOfWork], str | None]] = ()


@dataclass(slots=True)
class _Reading:
    """What one service's database answered."""

    reachable: bool = False
    samples: list[Sample] = field(default_factory=list)


class DatabaseCollector(Collector):
    """Gauges that are read from the services' databases at every scrape.

    A gauge that could not be read is left out: an old value would look like a good one.
    """

    def __init__(self, services: Iterable[MeasuredService]) -> None:
        self._services = list(services)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The gauges, within two seconds; all databases are asked at the same time."""
        queries = [*_QUERIES, *(query for service in self._services for query in service.queries)]
        families = {
            name: GaugeMetricFamily(name, text, labels=["service", *query.labels])
            for query in queries
            for name, text in query.texts.items()
        }
        reachable = GaugeMetricFamily(
            "cdp_database_reachable",
            "Whether the database answered the scrape.",
            labels=["service"],
        )
        readings = eventlet.GreenPool().imap(_read, self._services)
        for service, reading in zip(self._services, readings, strict=True):
            source = service.runner.source
            reachable.add_metric([source], float(reading.reachable))
            for name, labels, value in reading.samples:
                families[name].add_metric([source, *labels], value)
        yield reachable
        yield from families.values()


def _read(service: MeasuredService) -> _Reading:
    until = time.monotonic() + _SCRAPE_SECONDS
    reading = _Reading()
    for query in (_PING, *_QUERIES, *service.queries):
        measure = partial(service.runner.read, partial(_samples, query, service.sources))
        try:
            limit = _SCRAPE_SECONDS if query is _PING else _QUERY_SECONDS
            left = until - time.monotonic()
            reading.samples += run_within(min(limit, left), measure)
        except DeadlineExceeded:
            if query is _PING or time.monotonic() >= until:
                break
            _log.warning("gauge_late", gauges=sorted(query.texts))
        except Exception as error:  # noqa: BLE001 - the other gauges are as good as ever
            if query is _PING:
                break
            _log.error("gauge_failed", gauges=sorted(query.texts), error=type(error).__name__)
        reading.reachable = True
    return reading


def measure_all(
    unit: UnitOfWork, sources: Sequence[str], queries: Sequence[GaugeQuery]
) -> Iterator[tuple[GaugeQuery, Sample]]:
    """Every gauge of a service that follows `sources` and has `queries` of its own."""
    for query in (*_QUERIES, *queries):
        for sample in _samples(query, sources, unit):
            yield query, sample


def _samples(query: GaugeQuery, sources: Sequence[str], unit: UnitOfWork) -> list[Sample]:
    """The samples of a query, with its default for the sources that it has not found."""
    samples = list(query.measure(unit))
    if query.default is not None:
        found = {source for _name, (source,), _value in samples}
        missing = [source for source in sources if source not in found]
        samples += [(name, [source], query.default) for source in missing for name in query.texts]
    return samples


def _ping(unit: UnitOfWork) -> list[Sample]:
    unit.connection.execute(sa.select(sa.literal(1)))
    return []


# Streams that lag have a table of their own. One that is halted does not lag: it stands.
_IS_OF_GAP = sa.and_(GAPS.c.source == POSITIONS.c.source, GAPS.c.stream_id == POSITIONS.c.stream_id)
_BEHIND = (
    sa.select(
        POSITIONS.c.source,
        sa.func.sum(POSITIONS.c.seen - POSITIONS.c.version).label("events"),
        sa.func.count().label("parked"),
    )
    .select_from(GAPS.join(POSITIONS, _IS_OF_GAP))
    .where(POSITIONS.c.seen > POSITIONS.c.version, ~POSITIONS.c.halted)
    .group_by(POSITIONS.c.source)
)


def _measure_behind(unit: UnitOfWork) -> Iterator[Sample]:
    for row in unit.connection.execute(_BEHIND):
        yield "cdp_events_behind", [row.source], row.events
        yield "cdp_streams_parked", [row.source], row.parked


# A halted stream lags, or a dead letter that was not redriven names it.
_HALTED = """
    SELECT source, count(*) AS streams FROM (
        SELECT positions.source, positions.stream_id
        FROM position_gaps JOIN positions
            ON positions.source = position_gaps.source
            AND positions.stream_id = position_gaps.stream_id
        WHERE positions.halted AND positions.seen > positions.version
        UNION
        SELECT positions.source, positions.stream_id
        FROM dead_letters
        CROSS JOIN {names}
        JOIN positions
            ON positions.source = dead_letters.source AND positions.stream_id = named.value
        WHERE dead_letters.redriven_at IS NULL AND positions.halted
    ) AS halted
    GROUP BY source
"""
_NAMES = {
    "postgresql": "json_array_elements_text(dead_letters.streams) AS named(value)",
    "sqlite": "json_each(dead_letters.streams) AS named",
}


def _measure_halted(unit: UnitOfWork) -> Iterator[Sample]:
    statement = sa.text(_HALTED.format(names=_NAMES[unit.connection.dialect.name]))
    for row in unit.connection.execute(statement):
        yield "cdp_streams_halted", [row.source], row.streams


# So do streams that are ahead.
_AHEAD = (
    sa.select(POSITIONS.c.source, sa.func.count().label("streams"))
    .where(POSITIONS.c.restored_to.is_not(None))
    .group_by(POSITIONS.c.source)
)


def _measure_ahead(unit: UnitOfWork) -> Iterator[Sample]:
    for row in unit.connection.execute(_AHEAD):
        yield "cdp_streams_ahead", [row.source], row.streams


_TOO_LARGE = sa.select(RECONCILED.c.source, RECONCILED.c.too_large)


def _measure_too_large(unit: UnitOfWork) -> Iterator[Sample]:
    for row in unit.connection.execute(_TOO_LARGE):
        yield "cdp_streams_too_large", [row.source], row.too_large


_COMPARISONS = sa.select(
    RECONCILED.c.source, (database_now() - RECONCILED.c.compared_at).label("age")
).where(RECONCILED.c.compared_at.is_not(None))


def _measure_comparisons(unit: UnitOfWork) -> Iterator[Sample]:
    for row in unit.connection.execute(_COMPARISONS):
        yield "cdp_comparison_age_seconds", [row.source], max(0.0, row.age / 1_000_000)


_LETTERS = sa.select(sa.func.count()).where(DEAD_LETTERS.c.redriven_at.is_(None))


def _measure_letters(unit: UnitOfWork) -> Iterator[Sample]:
    yield "cdp_dead_letters", [], unit.connection.execute(_LETTERS).scalar_one()


# Ids of rows are UUIDv7: the first is the oldest. Its claim may have been renewed a moment ago.
_OUTBOX = sa.select(
    sa.func.count().label("rows"),
    sa.func.min(OUTBOX.c.id).label("oldest"),
    database_now().label("now"),
)


def _measure_outbox(unit: UnitOfWork) -> Iterator[Sample]:
    row = unit.connection.execute(_OUTBOX).one()
    age = max(0.0, row.now / 1_000_000 - _made_at(row.oldest)) if row.oldest else 0.0
    yield "cdp_outbox_rows", [], row.rows
    yield "cdp_outbox_age_seconds", [], age


def _made_at(uuid7: str) -> float:
    """When a UUIDv7 was made, in seconds since the epoch."""
    return (uuid.UUID(uuid7).int >> 80) / 1_000


_LAST_HEAD = (
    sa.select(STREAMS.c.stream_id, STREAMS.c.version)
    .order_by(STREAMS.c.incarnation.desc(), STREAMS.c.changed_in.desc(), STREAMS.c.stream_id.desc())
    .limit(1)
    .subquery()
)
_NEWEST_RECORDED = sa.select(EVENTS.c.recorded_at).join(
    _LAST_HEAD,
    (EVENTS.c.stream_id == _LAST_HEAD.c.stream_id) & (EVENTS.c.version == _LAST_HEAD.c.version),
)


def _measure_newest(unit: UnitOfWork) -> Iterator[Sample]:
    if newest := unit.connection.execute(_NEWEST_RECORDED).scalar():
        yield "cdp_newest_event_recorded_timestamp_seconds", [], newest / 1_000_000


# What has changed since a transaction began that is still open is compared again and again. The
# first of it, in order, has not changed since shortly after that.
_INCARNATION = sa.select(sa.func.coalesce(sa.func.max(LOG_INCARNATIONS.c.incarnation), FIRST))
_FIRST_WAITING = (
    sa.select(STREAMS.c.changed_at)
    .where(STREAMS.c.incarnation == _INCARNATION.scalar_subquery())
    .where(STREAMS.c.changed_in >= sa.bindparam("horizon"))
    .order_by(STREAMS.c.changed_in, STREAMS.c.stream_id)
    .limit(1)
)


def _measure_horizon(unit: UnitOfWork) -> Iterator[Sample]:
    parameters = {"horizon": read_horizon(unit.connection)}
    waiting = unit.connection.execute(_FIRST_WAITING, parameters).scalar()
    now = unit.connection.execute(sa.select(database_now())).scalar_one()
    yield "cdp_horizon_age_seconds", [], max(0.0, (now - waiting) / 1_000_000) if waiting else 0.0


# Signs of life are dated by the database's clock.
_LIVING = REPLICAS.c.seen_at.between(
    database_now() - _LIVING_SECONDS * 1_000_000, database_now() + _LIVING_SECONDS * 1_000_000
)


def _measure_replicas(unit: UnitOfWork) -> Iterator[Sample]:
    roles = unit.connection.execute(sa.select(REPLICAS.c.role).where(_LIVING)).scalars()
    counts = Counter(roles)
    for role in ("all", "events", "rpc"):
        yield "cdp_replicas", [role], counts[role]


def _measure_configurations(unit: UnitOfWork) -> Iterator[Sample]:
    rows = unit.connection.execute(sa.select(REPLICAS.c.configuration).where(_LIVING))
    counts = Counter(file for row in rows for file in row.configuration.items())
    for (name, sha256), count in sorted(counts.items()):
        yield "cdp_configuration_replicas", [name, sha256[:12]], count


def _measure_writable(unit: UnitOfWork) -> Iterator[Sample]:
    yield "cdp_database_writable", [], float(write_problem(unit.connection) is None)


_PING = GaugeQuery({}, _ping)
_QUERIES = (
    GaugeQuery(
        {"cdp_database_writable": "Whether the service may write what it has to."},
        _measure_writable,
    ),
    GaugeQuery(
        {
            "cdp_events_behind": "Events seen and not applied, but of halted streams, by source.",
            "cdp_streams_parked": "Streams that wait for an earlier event, by source.",
        },
        _measure_behind,
        ("source",),
        default=0,
    ),
    GaugeQuery(
        {"cdp_streams_halted": "Streams halted by an event that could not be applied, by source."},
        _measure_halted,
        ("source",),
        default=0,
    ),
    GaugeQuery(
        {"cdp_streams_ahead": "Streams in which we are ahead of a restored source, by source."},
        _measure_ahead,
        ("source",),
        default=0,
    ),
    GaugeQuery(
        {"cdp_streams_too_large": "Streams whose next event no message can carry, by source."},
        _measure_too_large,
        ("source",),
        default=0,
    ),
    GaugeQuery(
        {"cdp_comparison_age_seconds": "Since positions were compared with a source's heads."},
        _measure_comparisons,
        ("source",),
    ),
    GaugeQuery({"cdp_dead_letters": "Dead letters that were not redriven."}, _measure_letters),
    GaugeQuery(
        {
            "cdp_outbox_rows": "Units of work not confirmed by the broker.",
            "cdp_outbox_age_seconds": "How long ago the oldest of them was committed.",
        },
        _measure_outbox,
    ),
    GaugeQuery(
        {
            "cdp_newest_event_recorded_timestamp_seconds": (
                "When the newest event of the service's own log was recorded."
            )
        },
        _measure_newest,
    ),
    GaugeQuery(
        {"cdp_horizon_age_seconds": "Since when an open transaction keeps heads to be compared."},
        _measure_horizon,
    ),
    GaugeQuery(
        {"cdp_replicas": "Processes of the service that give signs of life, by role."},
        _measure_replicas,
        ("role",),
    ),
    GaugeQuery(
        {"cdp_configuration_replicas": "Processes that have read a file of these contents."},
        _measure_configurations,
        ("file", "sha256"),
    ),
)
