"""The segments of each profile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from chassis.database.bulk import RowStatement, among
from chassis.database.prepared import PreparedStatement
from chassis.eventlog.unit_of_work import UnitOfWork
from services.offers.domain.recognition import ProfileSegments
from services.offers.store.tables import MEMBERSHIPS

_MEMBERSHIPS = PreparedStatement(
    sa.select(MEMBERSHIPS).where(among(MEMBERSHIPS.c.profile_id, "profile_ids"))
)
_SAVE = RowStatement(
    """
    INSERT INTO memberships (profile_id, version, segments, as_of)
    SELECT text[profile_id], number[version], json[segments], json[as_of] FROM {rows} WHERE true
    ON CONFLICT (profile_id) DO UPDATE
    SET version = excluded.version, segments = excluded.segments, as_of = excluded.as_of
    """
)


def load_memberships(unit: UnitOfWork, profile_ids: Iterable[str]) -> dict[str, ProfileSegments]:
    """The segments of each of `profile_ids`; empty for a new profile."""
    wanted = sorted(set(profile_ids))
    stored = {
        row.profile_id: ProfileSegments(row.version, row.segments, row.as_of)
        for row in _MEMBERSHIPS.execute(unit.connection, profile_ids=wanted)
    }
    return {profile_id: stored.get(profile_id) or ProfileSegments() for profile_id in wanted}


def save_memberships(unit: UnitOfWork, memberships: Mapping[str, ProfileSegments]) -> None:
    """Store the segments of profiles; the caller has locked their positions."""
    rows = [
        {
            "profile_id": profile_id,
            "version": membership.version,
            "segments": membership.segments,
            "as_of": membership.as_of,
        }
        for profile_id, membership in sorted(memberships.items())
    ]
    _SAVE.execute(unit.connection, rows)
