"""The profiles that have got streams with grants or exposures, until somebody looks at them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from chassis.database.bulk import RowStatement
from chassis.eventlog.unit_of_work import UnitOfWork
from profile_index.tables import LABELS
from services.offers.domain.caps import CONFIRMED, GRACE, RESERVED
from services.offers.store.tables import GRANT_KEYS, GRANTS, MOVED_HOLDERS

_NOTE = RowStatement(
    """
    INSERT INTO moved_holders (profile_id)
    SELECT DISTINCT text[profile_id] FROM {rows}
    WHERE EXISTS (SELECT 1 FROM grant_keys WHERE grant_keys.key = text[stream])
       OR EXISTS (SELECT 1 FROM identifiers JOIN exposures ON exposures.key = identifiers.key
                  WHERE identifiers.stream_id = text[stream])
    ON CONFLICT (profile_id) DO NOTHING
    """
)


def note_moved_holders(unit: UnitOfWork, moves: Iterable[tuple[str, str]]) -> None:
    """Note profiles that have got streams (both by their ids) with grants or exposures."""
    rows = [{"profile_id": profile, "stream": stream} for profile, stream in sorted(set(moves))]
    if rows:
        _NOTE.execute(unit.connection, rows)


def take_moved_holders(unit: UnitOfWork, limit: int) -> list[str]:
    """Up to `limit` of these profiles, which are taken out."""
    query = (
        sa.select(MOVED_HOLDERS.c.profile_id)
        .order_by(MOVED_HOLDERS.c.profile_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = list(unit.connection.execute(query).scalars())
    if found:
        gone = sa.delete(MOVED_HOLDERS).where(MOVED_HOLDERS.c.profile_id.in_(found))
        unit.connection.execute(gone)
    return found


def live_grants_of(unit: UnitOfWork, profile_id: str) -> Sequence[Any]:
    """The rows of the grants of a profile's streams that count, each once."""
    query = (
        sa.select(GRANTS)
        .join(GRANT_KEYS, GRANT_KEYS.c.grant_id == GRANTS.c.grant_id)
        .join(LABELS, LABELS.c.stream_id == GRANT_KEYS.c.key)
        .where(
            LABELS.c.profile_id == profile_id,
            sa.or_(
                GRANTS.c.state == CONFIRMED,
                sa.and_(GRANTS.c.state == RESERVED, GRANTS.c.expires_at > unit.now - GRACE),
            ),
        )
        .distinct()
        .order_by(GRANTS.c.decided_at)
    )
    return unit.connection.execute(query).all()
