"""Storing what observations have changed."""

from __future__ import annotations

from chassis.eventlog.unit_of_work import UnitOfWork
from services.identity.domain.state import IdentityState
from services.identity.store.addresses import (
    LEAVE_BEYOND,
    SAVE_ADDRESSES,
    SAVE_SIGHTINGS,
    sighting_row,
)
from services.identity.store.profiles import SAVE_PROFILES
from services.identity.store.repairs import save_repair
from services.identity.store.tenures import SAVE_PERIODS, SAVE_TENURES, tenure_row


def save(unit: UnitOfWork, state: IdentityState) -> None:
    """Store what has changed in the state."""
    connection = unit.connection
    if state.changed_profiles:
        rows = [
            {"profile_id": profile, "account": facts.account, "tied": facts.tied}
            for profile in sorted(state.changed_profiles)
            for facts in (state.profile(profile),)
        ]
        SAVE_PROFILES.execute(connection, rows)
    if state.changed:
        rows = [tenure_row(state.tenures[stream]) for stream in sorted(state.changed)]
        SAVE_TENURES.execute(connection, rows)
    if state.changed_sightings:
        rows = [sighting_row(state.sightings[p]) for p in sorted(state.changed_sightings)]
        SAVE_SIGHTINGS.execute(connection, rows)
    if state.left_beyond:
        rows = [
            {"key": key, "number": number, "until": first.seen_at, "stream": first.stream}
            for (key, number), first in sorted(state.left_beyond.items())
        ]
        LEAVE_BEYOND.execute(connection, rows)
    for repair in state.new_repairs:
        save_repair(unit, repair)
    periods, addresses = state.changed_rows()
    if periods:
        rows = [{"key": p.key, "opened_at": p.opened_at, "stream_id": p.stream} for p in periods]
        SAVE_PERIODS.execute(connection, rows)
    if addresses:
        SAVE_ADDRESSES.execute(
            connection,
            [
                {
                    "key": a.key,
                    "number": a.number,
                    "opened_at": a.opened_at,
                    "holder": a.holder,
                    "withdrawn": a.withdrawn,
                    "current": a.current,
                }
                for a in addresses
            ],
        )
