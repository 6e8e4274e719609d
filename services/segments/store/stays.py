"""The stays that have ended, and what is counted of them and of those that last."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from chassis import DAY, HOUR, MINUTE
from chassis.database.bulk import RowStatement
from chassis.database.deletion import delete_oldest
from chassis.database.personal import NOT_PERSONAL, PERSONAL, PSEUDONYMOUS
from chassis.eventlog.unit_of_work import UnitOfWork
from contracts.stability import MAX_WEEKS
from services.segments.domain.stays import Stay, StayLengths
from services.segments.store.metadata import METADATA
from services.segments.store.tables import MEMBERSHIPS

# Who has been in which segment and is no more, as segments' own log says; the stays that last are
# the memberships. `version` is that of the exit in the stream of the profile. No row changes; what
# ended before the weeks that can be asked for is forgotten.
STAYS = sa.Table(
    "stays",
    METADATA,
    sa.Column("profile_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False, info=NOT_PERSONAL),
    sa.Column("segment", sa.Text, nullable=False, info=PERSONAL),
    sa.Column("since", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Column("until", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Index("stays_by_end", "until"),
)
_END = RowStatement(
    """
    INSERT INTO stays (profile_id, version, segment, since, until)
    SELECT text[profile_id], number[version], text[segment], number[since], number[until]
    FROM {rows}
    """
)


_KEPT_WEEKS = MAX_WEEKS + 1  # one more for clocks that are behind

# Groups are hashed, until the transaction ends: to sort millions of names takes twice as long.
_HASHED = sa.text("SELECT set_config('enable_sort', 'off', true)")


@dataclass(slots=True)
class Flow:
    """Who came to a segment and left it between two instants, and how long those who came stay."""

    entries: int = 0
    exits: int = 0
    lengths: list[StayLengths] = field(default_factory=list)


def save_stays(unit: UnitOfWork, stays: Iterable[Stay]) -> None:
    """Store stays that have ended."""
    rows = [
        {
            "profile_id": stay.profile_id,
            "version": stay.version,
            "segment": stay.segment,
            "since": stay.since,
            "until": stay.until,
        }
        for stay in stays
    ]
    if rows:
        _END.execute(unit.connection, rows)


def count_flows(
    unit: UnitOfWork, begins: Sequence[int], end: int, segments: Collection[str]
) -> Mapping[str, Mapping[int, Flow]]:
    """Of each of `segments`, by the place of a period in `begins`, who came and left until `end`.

    A period begins where the one before ends, and all are instants (µs). A length is given to the
    minute, from a day on to the hour, both rounded down, so that there are not too many of them.
    The unit is one of `run`.
    """
    flows: dict[str, dict[int, Flow]] = {}
    if unit.connection.dialect.name == "postgresql":
        unit.connection.execute(_HASHED)

    def flow(row: Any) -> Flow:
        return flows.setdefault(row.segment, {}).setdefault(row.period, Flow())

    within = STAYS.c.until.between(begins[0], end - 1)
    for table, until, has_ended in (
        (STAYS, STAYS.c.until, True),
        (MEMBERSHIPS, sa.literal(end), False),
    ):
        since = table.c.since
        length = _rounded(until - since)
        query = _by_period(table, since, begins, length.label("length")).where(
            since.between(begins[0], end - 1),
            within if has_ended else sa.true(),
            table.c.segment.in_(segments),
        )
        for row in unit.connection.execute(query.group_by(sa.literal_column("length"))):
            of_period = flow(row)
            of_period.entries += row.stays
            of_period.lengths.append(StayLengths(int(row.length), has_ended, row.stays))
    exits = _by_period(STAYS, STAYS.c.until, begins).where(within, STAYS.c.segment.in_(segments))
    for row in unit.connection.execute(exits):
        flow(row).exits = row.stays
    return flows


def forget_stays(unit: UnitOfWork) -> int:
    """Delete some of the stays that ended before all weeks that can be asked for; how many."""
    before = unit.now - _KEPT_WEEKS * 7 * DAY
    return delete_oldest(unit.connection, STAYS, STAYS.c.until < before, STAYS.c.until)


def _by_period(
    table: sa.Table, at: sa.Column[Any], begins: Sequence[int], *columns: Any
) -> sa.Select[Any]:
    periods = [(at >= begin, place) for place, begin in reversed(list(enumerate(begins)))]
    period = sa.case(*periods).label("period")
    counted = sa.func.count().label("stays")
    query = sa.select(table.c.segment, period, counted, *columns)
    return query.group_by(table.c.segment, sa.literal_column("period"))


def _rounded(length: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    unit = sa.case((length < DAY, MINUTE), else_=HOUR)
    return length - length % unit
