"""Who is in which segment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from chassis.database.bulk import RowStatement, among
from chassis.database.prepared import PreparedStatement
from chassis.eventlog.unit_of_work import UnitOfWork
from services.segments.domain.memberships import Membership
from services.segments.store.tables import MEMBERSHIPS

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
