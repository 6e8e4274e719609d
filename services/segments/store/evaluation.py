"""Evaluation states: when each profile is due, and by which definitions it was evaluated."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from chassis.database.bulk import RowStatement, among
from chassis.database.clock import database_now
from chassis.database.deletion import delete_in_order
from chassis.database.prepared import PreparedStatement
from chassis.database.tables import POSITIONS, STREAMS
from chassis.eventlog.unit_of_work import UnitOfWork
from profile_index.tables import LABELS
from services.segments.domain.evaluation import EvaluationState
from services.segments.domain.memberships import Membership
from services.segments.store.tables import FAILING, MEMBERSHIPS, PROFILES

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
_MARK_DUE = RowStatement(
    """
    UPDATE profiles SET next_at = item.next_at, due = item.due
    FROM (
        SELECT text[profile_id] AS profile_id, number[next_at] AS next_at, json[due] AS due
        FROM {rows}
    ) AS item
    WHERE profiles.profile_id = item.profile_id
    """
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


def forget_evaluated(unit: UnitOfWork, generation: int) -> None:
    """Drop the failures of profiles that have been evaluated since."""
    still_due = sa.exists().where(
        PROFILES.c.profile_id == FAILING.c.profile_id, _is_due(unit, generation)
    )
    delete_in_order(unit.connection, FAILING, ~still_due)


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


def mark_due(unit: UnitOfWork, profile_ids: Iterable[str], segments: Iterable[str]) -> None:
    """Have the rules of `segments` evaluated as of now; what was due before stays so.

    Where it is not known when each rule turns, all of a profile's are evaluated. The profiles are
    locked in their order.
    """
    at_once = dict.fromkeys(segments, unit.now)
    rows = []
    for profile_id, state in lock_profiles(unit, profile_ids).items():
        due = state.due
        if due is not None:
            overdue = {segment: at for segment, at in due.items() if at < unit.now}
            due = {**due, **at_once, **overdue}
        next_at = unit.now if state.next_at is None else min(state.next_at, unit.now)
        rows.append({"profile_id": profile_id, "next_at": next_at, "due": due})
    if rows:
        _MARK_DUE.execute(unit.connection, rows)


def mark_settled(unit: UnitOfWork, profile_ids: Iterable[str]) -> None:
    """Note that the memberships of profiles were published as a set."""
    wanted = sorted(set(profile_ids))
    if wanted:
        _MARK_SETTLED.execute(unit.connection, profile_ids=wanted)


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


def oldest_generation(unit: UnitOfWork, *, with_failing: bool = False) -> int | None:
    """The oldest generation by which a profile was evaluated last; None without profiles.

    One whose evaluation fails counts `with_failing` alone: it may be evaluated never, and is not to
    hold up what waits for all others.
    """
    query = sa.select(PROFILES.c.generation).order_by(PROFILES.c.generation).limit(1)
    if not with_failing:
        is_failing = sa.exists().where(FAILING.c.profile_id == PROFILES.c.profile_id)
        query = query.where(~is_failing)
    return unit.connection.execute(query).scalar()


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
