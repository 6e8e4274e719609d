"""What was measured of each segment, week by week, and who measures it next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from chassis.database.engine import upsert
from chassis.database.personal import NOT_PERSONAL
from chassis.eventlog.unit_of_work import UnitOfWork
from chassis.observability.gauges import GaugeQuery, Sample
from services.segments.domain.definitions import StandingDefinition
from services.segments.domain.stability import Measurement
from services.segments.store.definitions import DEFINITIONS, StoredDefinition
from services.segments.store.metadata import METADATA
from services.segments.store.tables import MEMBERSHIPS

# The last measurement of each week; that of the present one is replaced by the next. No rebuild
# touches it: how many profiles there were is in no log of ours. `psi` is the index against the
# week before that was measured, and `drifted_at` says when the week's drift was published.
SEGMENT_WEEKS = sa.Table(
    "segment_weeks",
    METADATA,
    sa.Column("segment", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("week", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("measured_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Column("population", sa.Integer, nullable=False, info=NOT_PERSONAL),
    sa.Column("members", sa.Integer, nullable=False, info=NOT_PERSONAL),
    sa.Column("definition_version", sa.Integer, nullable=False, info=NOT_PERSONAL),
    sa.Column("psi", sa.Float, info=NOT_PERSONAL),
    sa.Column("drifted_at", sa.BigInteger, info=NOT_PERSONAL),
)

# One row: when segments are to be measured next. Whoever moves `next_at` on measures them, and
# whoever stores a measurement locks it.
MEASUREMENT_SCHEDULE = sa.Table(
    "measurement_schedule",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False, info=NOT_PERSONAL),
    sa.Column("next_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
)
_ONLY = 1


@dataclass(frozen=True, slots=True)
class MeasuredWeek:
    """A segment's last measurement of a week, and its index against the week before."""

    week: str
    measured: Measurement
    psi: float | None
    drifted_at: int | None = None


def claim_measurement(unit: UnitOfWork, every: int) -> bool:
    """Whether segments are to be measured now, by the caller alone; again `every` (µs) later."""
    connection = unit.connection
    row = {"id": _ONLY, "next_at": unit.now}
    table = MEASUREMENT_SCHEDULE
    connection.execute(upsert(connection, table).values(row).on_conflict_do_nothing())
    due = sa.update(table).where(table.c.next_at <= unit.now).values(next_at=unit.now + every)
    return connection.execute(due).rowcount == 1


def lock_measurements(unit: UnitOfWork) -> None:
    """Lock the measurements: of two replicas the later one finds what the earlier one stored.

    Whoever has the lock of the definitions may take this one after it.
    """
    row = {"id": _ONLY, "next_at": unit.now}
    insert = upsert(unit.connection, MEASUREMENT_SCHEDULE).values(row)
    unit.connection.execute(insert.on_conflict_do_nothing())
    unit.connection.execute(sa.select(MEASUREMENT_SCHEDULE).with_for_update()).all()


def save_weeks(unit: UnitOfWork, weeks: Mapping[str, MeasuredWeek]) -> None:
    """Store a measurement of each segment; the caller has the lock."""
    for segment, week in sorted(weeks.items()):
        row = {
            "measured_at": week.measured.at,
            "population": week.measured.population,
            "members": week.measured.members,
            "definition_version": week.measured.version,
            "psi": week.psi,
            "drifted_at": week.drifted_at,
        }
        statement = upsert(unit.connection, SEGMENT_WEEKS).values(
            segment=segment, week=week.week, **row
        )
        unit.connection.execute(
            statement.on_conflict_do_update(
                index_elements=[SEGMENT_WEEKS.c.segment, SEGMENT_WEEKS.c.week], set_=row
            )
        )


def rename_weeks(unit: UnitOfWork, before: StandingDefinition, renamed: StoredDefinition) -> None:
    """Give what was measured of a segment to another name, in place of what that has.

    The caller has the lock.
    """
    table, name = SEGMENT_WEEKS, renamed.segment
    version = sa.case(
        (table.c.definition_version == before.version, renamed.version),
        else_=table.c.definition_version,
    )
    unit.connection.execute(sa.delete(table).where(table.c.segment == name))
    unit.connection.execute(
        sa.update(table)
        .where(table.c.segment == before.segment)
        .values(segment=name, definition_version=version)
    )


def load_weeks(unit: UnitOfWork, first: str, last: str) -> Mapping[str, Sequence[MeasuredWeek]]:
    """What was measured in the weeks from `first` to `last`, by segment, in their order."""
    within = SEGMENT_WEEKS.c.week.between(first, last)
    return _by_segment(unit, sa.select(SEGMENT_WEEKS).where(within))


def newest_before(unit: UnitOfWork, week: str) -> Mapping[str, MeasuredWeek]:
    """The last week before one in which each segment was measured."""
    return _newest(unit, SEGMENT_WEEKS.c.week < week)


def newest_until(unit: UnitOfWork, at: int) -> Mapping[str, MeasuredWeek]:
    """The last week of each segment that was measured at an instant (µs) or before."""
    return _newest(unit, SEGMENT_WEEKS.c.measured_at <= at)


def count_in_both(
    unit: UnitOfWork, pairs: Iterable[tuple[str, str]]
) -> Mapping[tuple[str, str], int]:
    """How many are in both segments of each pair, which is sorted."""
    wanted = set(pairs)
    names = {name for pair in wanted for name in pair}
    if not names:
        return {}
    one, other = MEMBERSHIPS.alias("one"), MEMBERSHIPS.alias("other")
    query = (
        sa.select(one.c.segment, other.c.segment.label("other"), sa.func.count().label("members"))
        .join(other, other.c.profile_id == one.c.profile_id)
        .where(one.c.segment.in_(names), other.c.segment.in_(names))
        .where(one.c.segment < other.c.segment)
        .group_by(one.c.segment, other.c.segment)
    )
    counted = {(row.segment, row.other): row.members for row in unit.connection.execute(query)}
    return {pair: counted.get(pair, 0) for pair in wanted}


def _newest(unit: UnitOfWork, condition: sa.ColumnElement[bool]) -> Mapping[str, MeasuredWeek]:
    newest = (
        sa.select(SEGMENT_WEEKS.c.segment, sa.func.max(SEGMENT_WEEKS.c.week).label("week"))
        .where(condition)
        .group_by(SEGMENT_WEEKS.c.segment)
        .subquery()
    )
    query = sa.select(SEGMENT_WEEKS).join(
        newest,
        (SEGMENT_WEEKS.c.segment == newest.c.segment) & (SEGMENT_WEEKS.c.week == newest.c.week),
    )
    return {segment: weeks[-1] for segment, weeks in _by_segment(unit, query).items()}


def _by_segment(unit: UnitOfWork, query: sa.Select[Any]) -> dict[str, list[MeasuredWeek]]:
    found: dict[str, list[MeasuredWeek]] = {}
    for row in unit.connection.execute(query.order_by(SEGMENT_WEEKS.c.week)):
        measured = Measurement(row.measured_at, row.population, row.members, row.definition_version)
        week = MeasuredWeek(row.week, measured, row.psi, row.drifted_at)
        found.setdefault(row.segment, []).append(week)
    return found


def _measure(unit: UnitOfWork) -> list[Sample]:
    newest = sa.select(sa.func.max(SEGMENT_WEEKS.c.week)).scalar_subquery()
    has_ended = sa.exists().where(
        DEFINITIONS.c.segment == SEGMENT_WEEKS.c.segment,
        DEFINITIONS.c.version > SEGMENT_WEEKS.c.definition_version,
        DEFINITIONS.c.is_end,
    )
    query = sa.select(SEGMENT_WEEKS).where(SEGMENT_WEEKS.c.week == newest, ~has_ended)
    samples: list[Sample] = []
    for row in unit.connection.execute(query):
        samples += [
            ("cdp_segment_members", [row.segment], row.members),
            ("cdp_segment_share", [row.segment], row.members / max(row.population, 1)),
            ("cdp_segment_drifted", [row.segment], row.drifted_at is not None),
        ]
        if row.psi is not None:
            samples.append(("cdp_segment_psi", [row.segment], row.psi))
    return samples


WATCH_GAUGE = GaugeQuery(
    {
        "cdp_segment_members": "Members of a segment, as they were measured last.",
        "cdp_segment_share": "The same as a share of all profiles.",
        "cdp_segment_psi": "Population stability index of a segment against the week before.",
        "cdp_segment_drifted": "1 if that has been over the threshold this week.",
    },
    _measure,
    labels=["segment"],
)
