"""What a user has saved for the next checkout."""

from __future__ import annotations

from typing import Any

from chassis.eventlog.unit_of_work import UnitOfWork
from profile_index import current_streams
from services.profiles import store
from services.profiles.domain.saved_details import combined, saved


def read_checkout_profile(unit: UnitOfWork, profile_id: str | None) -> dict[str, Any]:
    """What is saved in the profile that an id stands for today; nothing for nobody's."""
    current = None if profile_id is None else current_streams(unit, profile_id)
    if current is None:
        return saved({})
    return saved(combined(store.load_details(unit, current[1]).values()))
