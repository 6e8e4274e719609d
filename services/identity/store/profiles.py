"""Profiles as a whole: their rows, which are their locks, and what they are made of."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import sqlalchemy as sa

from chassis import Event
from chassis.database.bulk import RowStatement, among
from chassis.database.prepared import PreparedStatement
from chassis.eventlog.unit_of_work import UnitOfWork
from services.identity.domain.state import AddressTenure, Period, Sighting, Tenure
from services.identity.store.addresses import (
    CURRENT_ADDRESSES,
    SIGHTINGS_OF_PROFILES,
    SIGHTINGS_OF_STREAMS,
    sightings_of_rows,
)
from services.identity.store.tables import PROFILES, SIGHTINGS, TENURES
from services.identity.store.tenures import (
    PERIODS_OF_KEYS,
    TENURES_OF_PROFILES,
    TENURES_OF_STREAMS,
    tenures_of_rows,
)

_ALL_FACTS = 1_000_000
_SELECT_FACTS = sa.select(PROFILES.c.profile_id, PROFILES.c.account, PROFILES.c.tied).where(
    among(PROFILES.c.profile_id, "profile_ids")
)
FACTS_OF_PROFILES = PreparedStatement(_SELECT_FACTS)
LOCK_PROFILES = PreparedStatement(_SELECT_FACTS.order_by(PROFILES.c.profile_id).with_for_update())
SAVE_PROFILES = RowStatement(
    """
    INSERT INTO profiles (profile_id, account, tied)
    SELECT text[profile_id], flag[account], number[tied] FROM {rows} WHERE true
    ON CONFLICT (profile_id) DO UPDATE SET account = excluded.account, tied = excluded.tied
    """
)


def find_profile(unit: UnitOfWork, profile_id: str) -> str | None:
    """The profile that an id, however old, stands for today; None if it never was one."""
    if not unit.connection.execute(
        sa.select(PROFILES.c.profile_id).where(PROFILES.c.profile_id == profile_id)
    ).scalar():
        return None
    return current_profiles(unit, [profile_id]).get(profile_id)


def load_holders(unit: UnitOfWork, keys: Collection[str]) -> dict[str, Tenure]:
    """The names of the accounts that hold addresses today, by the keys of these."""
    rows = CURRENT_ADDRESSES.execute(unit.connection, keys=sorted(keys))
    holders = {a.key: a.held_by for row in rows if (a := AddressTenure(*row)).held_by}
    streams = sorted({stream for stream in holders.values() if stream})
    found = tenures_of_rows(TENURES_OF_STREAMS.execute(unit.connection, streams=streams))
    names = {name.stream: name for name in found}
    return {key: names[stream] for key, stream in holders.items() if stream in names}


def current_profiles(unit: UnitOfWork, profile_ids: Collection[str]) -> dict[str, str]:
    """The profile that each id stands for today."""
    streams = sorted(profile_ids)
    return {
        row.stream_id: row.profile_id
        for statement in (TENURES_OF_STREAMS, SIGHTINGS_OF_STREAMS)
        for row in statement.execute(unit.connection, streams=streams)
    }


def load_profile(
    unit: UnitOfWork, profile_id: str
) -> tuple[list[Tenure], list[Sighting], list[Period]]:
    """The tenures and the address streams of a profile, and all periods of its devices."""
    connection = unit.connection
    tenures = tenures_of_rows(TENURES_OF_PROFILES.execute(connection, profiles=[profile_id]))
    sightings = sightings_of_rows(SIGHTINGS_OF_PROFILES.execute(connection, profiles=[profile_id]))
    keys = sorted({tenure.key for tenure in tenures})
    by_stream = {tenure.stream: tenure for tenure in tenures}
    periods = [Period(*row) for row in PERIODS_OF_KEYS.execute(connection, keys=keys)]
    return tenures, sightings, [period.as_of(by_stream) for period in periods]


def merged_profiles(unit: UnitOfWork, profile_id: str) -> list[str]:
    """The ids of what was merged into a profile."""
    query = (
        sa.select(PROFILES.c.profile_id)
        .where(
            sa.or_(
                PROFILES.c.profile_id.in_(
                    sa.select(TENURES.c.stream_id).where(TENURES.c.profile_id == profile_id)
                ),
                PROFILES.c.profile_id.in_(
                    sa.select(SIGHTINGS.c.stream_id).where(SIGHTINGS.c.profile_id == profile_id)
                ),
            ),
            PROFILES.c.profile_id != profile_id,
        )
        .order_by(PROFILES.c.profile_id)
    )
    return list(unit.connection.execute(query).scalars())


def load_fused(unit: UnitOfWork, after: str, limit: int) -> list[str]:
    """Profiles whose streams claims have joined, in order, past `after`."""
    fused = sa.union(
        sa.select(TENURES.c.profile_id).where(TENURES.c.fused.is_not(None)),
        sa.select(SIGHTINGS.c.profile_id).where(SIGHTINGS.c.fused.is_not(None)),
    ).subquery()
    query = sa.select(fused.c.profile_id).where(fused.c.profile_id > after)
    return list(unit.connection.execute(query.order_by(fused.c.profile_id).limit(limit)).scalars())


def load_facts(unit: UnitOfWork, streams: Iterable[str]) -> list[Event]:
    """All facts of the log in `streams`, a copy for each stream."""
    return unit.history(dict.fromkeys(streams, 0), _ALL_FACTS)
