"""Evaluation states and memberships: their tables and statements."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from chassis.database.bulk import RowStatement, among
from chassis.database.clock import database_now
from chassis.database.engine import upsert
from chassis.database.personal import NOT_PERSONAL, PERSONAL, PSEUDONYMOUS
from chassis.database.prepared import PreparedStatement
from chassis.database.tables import POSITIONS, STREAMS
from chassis.eventlog.unit_of_work import UnitOfWork
from chassis.observability.gauges import GaugeQuery, Sample
from profile_index.tables import LABELS
from services.segments.domain.evaluation import EvaluationState, Membership
from services.segments.store.metadata import METADATA

_LONGEST_PAUSE = 300  # seconds
_MOST_DOUBLINGS = 16

# The evaluation state of each profile, and the lock of its evaluation. The time is not in a table
# of its own, since two rows, locked one after the other, would deadlock. `due` maps each segment
# whose rule may turn to when it does, `members` each segment to [since, version of the definition].
PROFILES = sa.Table(
    "profiles",
    METADATA,
    sa.Column("profile_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("next_at", sa.BigInteger, index=True, info=NOT_PERSONAL),
    sa.Column("generation", sa.Integer, nullable=False, index=True, info=NOT_PERSONAL),
    sa.Column("watermark", sa.BigInteger, nullable=False, server_default="0", info=NOT_PERSONAL),
    sa.Column("due", sa.JSON, info=PERSONAL),
    sa.Column("members", sa.JSON, info=PERSONAL),
    sa.Column(
        "is_settled", sa.Boolean, nullable=False, server_default=sa.false(), info=NOT_PERSONAL
    ),
    postgresql_with={"fillfactor": 70},
)

# Who is in which segment, as segments' own log says.
MEMBERSHIPS = sa.Table(
    "memberships",
    METADATA,
    sa.Column("profile_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("segment", sa.Text, primary_key=True, info=PERSONAL),
    sa.Column("since", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Column("definition_version", sa.Integer, nullable=False, info=NOT_PERSONAL),
    sa.Index("memberships_by_segment", "segment"),
)

# The profiles whose evaluation fails: they stay due, and are left alone until `try_at` (by the
# database's clock), so that they delay nobody else.
FAILING = sa.Table(
    "failing_evaluations",
    METADATA,
    sa.Column("profile_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("failures", sa.Integer, nullable=False, info=NOT_PERSONAL),
    sa.Column("try_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
)


_INSERT = RowStatement(
    """
    INSERT INTO profiles (profile_id, next_at, generation)
    SELECT text[profile_id], NULL, 0 FROM {rows} WHERE true
    ON CONFLICT (profile_id) DO NOTHING
    """
)
_LOCK = PreparedStatement(
    sa.select(PROFILES)
    .where(among(PROFILES.c.profile_id, "profile_ids"))
    .order_by(PROFILES.c.profile_id)
    .with_for_update(key_share=True)
)
_SAVE_STATES = RowStatement(
    """
    UPDATE profiles
    SET next_at = item.next_at, generation = item.generation, watermark = item.watermark,
        due = item.due, members = item.members, is_settled = item.is_settled
    FROM (
        SELECT text[profile_id] AS profile_id, number[next_at] AS next_at,
               number[generation] AS generation, number[watermark] AS watermark,
               json[due] AS due, json[members] AS members, flag[is_settled] AS is_settled
        FROM {rows}
    ) AS item
    WHERE profiles.profile_id = item.profile_id
    """
)
_MARK_UNEVALUATED = RowStatement(
    """
    INSERT INTO profiles (profile_id, next_at, generation)
    SELECT text[profile_id], NULL, 0 FROM {rows} WHERE true
    ON CONFLICT (profile_id) DO UPDATE
    SET next_at = NULL, generation = 0, due = NULL, members = NULL
    """
)
_MARK_SETTLED = PreparedStatement(
    sa.update(PROFILES)
    .where(among(PROFILES.c.profile_id, "profile_ids"))
    .values(is_settled=sa.true())
)
_ENTER = RowStatement(
    """
    INSERT INTO memberships (profile_id, segment, since, definition_version)
    SELECT text[profile_id], text[segment], number[since], number[definition_version] FROM {rows}
    """
)
_EXIT = RowStatement(
    """
    DELETE FROM memberships
    WHERE (profile_id, segment) IN (SELECT text[profile_id], text[segment] FROM {rows})
    """
)
_MEMBERSHIPS = PreparedStatement(
    sa.select(MEMBERSHIPS).where(among(MEMBERSHIPS.c.profile_id, "profile_ids"))
)
_APPLIED = PreparedStatement(
    sa.select(POSITIONS.c.stream_id, POSITIONS.c.version).where(
        POSITIONS.c.source == "profiles", among(POSITIONS.c.stream_id, "streams")
    )
)
_OWN = PreparedStatement(
    sa.select(STREAMS.c.stream_id, STREAMS.c.version).where(
        among(STREAMS.c.stream_id, "profile_ids")
    )
)


def lock_profiles(unit: UnitOfWork, profile_ids: Iterable[str]) -> dict[str, EvaluationState]:
    """Lock the rows of `profile_ids` in sorted order; new ones are inserted first."""
    wanted = sorted(set(profile_ids))
    _INSERT.execute(unit.connection, [{"profile_id": profile_id} for profile_id in wanted])
    # A statement of its own, which sees what others have committed while the first one waited.
    rows = _LOCK.execute(unit.connection, profile_ids=wanted)
    return {row.profile_id: _state(row) for row in rows}


def lock_due(unit: UnitOfWork, generation: int, limit: int) -> dict[str, EvaluationState]:
    """Lock up to `limit` due profiles that no other replica has locked; the longest due first.

    Those whose evaluation has failed are left out until they are to be tried again.
    """
    states: dict[str, EvaluationState] = {}
    for query in _due(unit, generation):
        page = query.limit(limit - len(states)).with_for_update(skip_locked=True)
        states |= _states(unit, page)
        if len(states) >= limit:
            break
    return states


def lock_due_among(
    unit: UnitOfWork, generation: int, profile_ids: Collection[str]
) -> dict[str, EvaluationState]:
    """Lock those of `profile_ids` that are due and that no other replica has locked."""
    query = sa.select(PROFILES).where(
        _is_due(unit, generation), PROFILES.c.profile_id.in_(profile_ids)
    )
    ordered = query.order_by(PROFILES.c.profile_id)
    return _states(unit, ordered.with_for_update(skip_locked=True))


def lock_members(
    unit: UnitOfWork, segments: Collection[str], generation: int, limit: int
) -> dict[str, EvaluationState]:
    """Lock up to `limit` members of `segments` who are not due by an older definition either."""
    of_segments = sa.select(MEMBERSHIPS.c.profile_id).where(MEMBERSHIPS.c.segment.in_(segments))
    query = sa.select(PROFILES).where(
        PROFILES.c.profile_id.in_(of_segments), PROFILES.c.generation >= generation
    )
    page = query.order_by(PROFILES.c.profile_id).limit(limit)
    return _states(unit, page.with_for_update(skip_locked=True))


def due_profiles(unit: UnitOfWork, generation: int, limit: int) -> list[str]:
    """Up to `limit` due profiles, as `lock_due` finds them, without locking them."""
    found: dict[str, EvaluationState] = {}
    for query in _due(unit, generation):
        found |= _states(unit, query.limit(limit))
    return list(found)[:limit]


def latest_due_profiles(unit: UnitOfWork, limit: int) -> list[str]:
    """Up to `limit` profiles that are due by time, the latest first."""
    query = sa.select(PROFILES.c.profile_id).where(PROFILES.c.next_at <= unit.now, _is_tried(unit))
    latest = query.order_by(PROFILES.c.next_at.desc()).limit(limit)
    return list(unit.connection.execute(latest).scalars())


def page_of_due(unit: UnitOfWork, generation: int, after: str, limit: int) -> list[str]:
    """The next `limit` due profiles past `after`, in the order of their ids."""
    due = PROFILES.c.profile_id > after, _is_due(unit, generation), _is_tried(unit)
    query = sa.select(PROFILES.c.profile_id).where(*due).order_by(PROFILES.c.profile_id)
    return list(unit.connection.execute(query.limit(limit)).scalars())


def _due(unit: UnitOfWork, generation: int) -> Iterator[sa.Select[Any]]:
    """The profiles that are due by time, and those that are due by a new definition."""
    tried = _is_tried(unit)
    for due, order in (
        (PROFILES.c.next_at <= unit.now, PROFILES.c.next_at),
        (PROFILES.c.generation < generation, PROFILES.c.generation),
    ):
        yield sa.select(PROFILES).where(due, tried).order_by(order)


def _is_tried(unit: UnitOfWork) -> sa.ColumnElement[bool]:
    """That a profile is not left alone: in SQL, since there may be many that are.

    The clock is asked beforehand: with a volatile function PostgreSQL would not join, but look into
    the table for each profile.
    """
    now = unit.connection.execute(sa.select(database_now())).scalar_one()
    rests = sa.exists().where(FAILING.c.profile_id == PROFILES.c.profile_id, FAILING.c.try_at > now)
    return ~rests


def _is_due(unit: UnitOfWork, generation: int) -> sa.ColumnElement[bool]:
    return sa.or_(PROFILES.c.next_at <= unit.now, PROFILES.c.generation < generation)


def _states(unit: UnitOfWork, query: sa.Select[Any]) -> dict[str, EvaluationState]:
    rows = unit.connection.execute(query)
    return {row.profile_id: _state(row) for row in rows}


def _state(row: Any) -> EvaluationState:
    members = row.members
    if members is not None:
        members = {segment: Membership(*membership) for segment, membership in members.items()}
    return EvaluationState(
        row.next_at, row.generation, row.watermark, row.due, members, bool(row.is_settled)
    )


def postpone(unit: UnitOfWork, profile_id: str) -> int:
    """Leave a profile alone whose evaluation has failed; for how many seconds.

    The pause is twice as long after each failure, up to five minutes. The profile stays due.
    """
    query = sa.select(FAILING.c.failures).where(FAILING.c.profile_id == profile_id)
    failures = (unit.connection.execute(query).scalar() or 0) + 1
    seconds: int = min(2 ** min(failures - 1, _MOST_DOUBLINGS), _LONGEST_PAUSE)
    row = {"failures": failures, "try_at": database_now() + seconds * 1_000_000}
    statement = upsert(unit.connection, FAILING).values(profile_id=profile_id, **row)
    unit.connection.execute(
        statement.on_conflict_do_update(index_elements=[FAILING.c.profile_id], set_=row)
    )
    return seconds


def resume(unit: UnitOfWork, profile_ids: Collection[str]) -> None:
    """Leave none of these profiles alone any more: it was not theirs that evaluations failed."""
    unit.connection.execute(sa.delete(FAILING).where(FAILING.c.profile_id.in_(profile_ids)))


def forget_evaluated(unit: UnitOfWork, generation: int) -> None:
    """Drop the failures of profiles that have been evaluated since."""
    still_due = sa.exists().where(
        PROFILES.c.profile_id == FAILING.c.profile_id, _is_due(unit, generation)
    )
    unit.connection.execute(sa.delete(FAILING).where(~still_due))


def _count_failing(unit: UnitOfWork) -> list[Sample]:
    count = unit.connection.execute(sa.select(sa.func.count()).select_from(FAILING)).scalar_one()
    return [("cdp_evaluations_failing", [], count)]


EVALUATION_GAUGES = GaugeQuery(
    {"cdp_evaluations_failing": "Profiles whose segments cannot be evaluated."}, _count_failing
)


def load_evaluation_state(unit: UnitOfWork, profile_id: str) -> EvaluationState | None:
    """The evaluation state of one profile, without locking it."""
    query = sa.select(PROFILES).where(PROFILES.c.profile_id == profile_id)
    row = unit.connection.execute(query).one_or_none()
    return _state(row) if row else None


def save_evaluation_states(unit: UnitOfWork, states: Mapping[str, EvaluationState]) -> None:
    """Store the evaluation state of each profile; the caller has locked them."""
    rows = [
        {
            "profile_id": profile_id,
            "next_at": state.next_at,
            "generation": state.generation,
            "watermark": state.watermark,
            "due": state.due,
            "members": {
                segment: [membership.since, membership.definition_version]
                for segment, membership in (state.members or {}).items()
            },
            "is_settled": state.is_settled,
        }
        for profile_id, state in sorted(states.items())
    ]
    if rows:
        _SAVE_STATES.execute(unit.connection, rows)


def mark_unevaluated(unit: UnitOfWork, profile_ids: Iterable[str]) -> None:
    """Have profiles evaluated as if they never had been; their rows are inserted where missing."""
    rows = [{"profile_id": profile_id} for profile_id in sorted(set(profile_ids))]
    if rows:
        _MARK_UNEVALUATED.execute(unit.connection, rows)


def mark_settled(unit: UnitOfWork, profile_ids: Iterable[str]) -> None:
    """Note that the memberships of profiles were published as a set."""
    wanted = sorted(set(profile_ids))
    if wanted:
        _MARK_SETTLED.execute(unit.connection, profile_ids=wanted)


def load_memberships(
    unit: UnitOfWork, profile_ids: Iterable[str]
) -> dict[str, dict[str, Membership]]:
    """The stored memberships of each of `profile_ids`, by segment."""
    wanted = sorted(set(profile_ids))
    memberships: dict[str, dict[str, Membership]] = {profile_id: {} for profile_id in wanted}
    for row in _MEMBERSHIPS.execute(unit.connection, profile_ids=wanted):
        memberships[row.profile_id][row.segment] = Membership(row.since, row.definition_version)
    return memberships


def save_entries(unit: UnitOfWork, entries: Mapping[tuple[str, str], Membership]) -> None:
    """Store who entered: (profile, segment) -> membership."""
    if entries:
        rows = [
            {
                "profile_id": profile_id,
                "segment": segment,
                "since": membership.since,
                "definition_version": membership.definition_version,
            }
            for (profile_id, segment), membership in sorted(entries.items())
        ]
        _ENTER.execute(unit.connection, rows)


def delete_exits(unit: UnitOfWork, exits: Iterable[tuple[str, str]]) -> None:
    """Remove who left: (profile, segment)."""
    rows = [{"profile_id": profile_id, "segment": segment} for profile_id, segment in sorted(exits)]
    if rows:
        _EXIT.execute(unit.connection, rows)


def count_members(unit: UnitOfWork) -> dict[str, int]:
    """The number of members by segment."""
    query = sa.select(MEMBERSHIPS.c.segment, sa.func.count().label("members")).group_by(
        MEMBERSHIPS.c.segment
    )
    return {row.segment: row.members for row in unit.connection.execute(query)}


def page_of_members(
    unit: UnitOfWork, segment: str, after: str, limit: int
) -> dict[str, tuple[Membership, EvaluationState]]:
    """The next `limit` members of a segment past `after`, by profile id, as they were evaluated."""
    query = (
        sa.select(MEMBERSHIPS, PROFILES.c.next_at, PROFILES.c.generation)
        .join(PROFILES, PROFILES.c.profile_id == MEMBERSHIPS.c.profile_id)
        .where(MEMBERSHIPS.c.segment == segment, MEMBERSHIPS.c.profile_id > after)
        .order_by(MEMBERSHIPS.c.profile_id)
        .limit(limit)
    )
    return {
        row.profile_id: (
            Membership(row.since, row.definition_version),
            EvaluationState(row.next_at, row.generation),
        )
        for row in unit.connection.execute(query)
    }


def oldest_generation(unit: UnitOfWork) -> int | None:
    """The oldest generation by which a profile was evaluated last; None without profiles."""
    return unit.connection.execute(sa.select(sa.func.min(PROFILES.c.generation))).scalar()


def count_evaluated(unit: UnitOfWork, generation: int) -> tuple[int, int]:
    """How many profiles were evaluated by `generation` or a newer one, and how many there are."""
    total = sa.select(sa.func.count()).select_from(PROFILES)
    older = total.where(PROFILES.c.generation < generation)
    count: int = unit.connection.execute(total).scalar_one()
    return count - unit.connection.execute(older).scalar_one(), count


def count_profiles(unit: UnitOfWork) -> int:
    """How many profiles have streams."""
    query = sa.select(sa.func.count(LABELS.c.profile_id.distinct()))
    return unit.connection.execute(query).scalar() or 0


def page_of_profiles(unit: UnitOfWork, after: str, limit: int) -> Sequence[str]:
    """The next `limit` profile ids past `after`, in their order."""
    query = (
        sa.select(PROFILES.c.profile_id)
        .where(PROFILES.c.profile_id > after)
        .order_by(PROFILES.c.profile_id)
        .limit(limit)
    )
    return list(unit.connection.execute(query).scalars())


def page_of_unevaluated(unit: UnitOfWork, after: str, limit: int) -> Sequence[str]:
    """The next `limit` profile ids past `after` that were never evaluated, in their order."""
    query = (
        sa.select(PROFILES.c.profile_id)
        .where(PROFILES.c.generation == 0, PROFILES.c.profile_id > after)
        .order_by(PROFILES.c.profile_id)
        .limit(limit)
    )
    return list(unit.connection.execute(query).scalars())


def applied_versions(unit: UnitOfWork, streams: Iterable[str]) -> dict[str, int]:
    """The version that was applied of each of `streams` of profiles' log."""
    rows = _APPLIED.execute(unit.connection, streams=sorted(set(streams)))
    return {row.stream_id: row.version for row in rows}


def own_versions(unit: UnitOfWork, profile_ids: Iterable[str]) -> dict[str, int]:
    """The head in segments' own log of each of `profile_ids` that has a stream there."""
    rows = _OWN.execute(unit.connection, profile_ids=sorted(set(profile_ids)))
    return {row.stream_id: row.version for row in rows}
