"""The facts that observations are resolved against, as far as they were loaded.

Streams are of two kinds. A *tenure* is an account name, or a period of a device. An *address
stream* is a sighting of an address that an order gave a stream of its own. Everything else here
says what was seen: from it `labels` computes which profile each stream belongs to.
"""

from services.identity.domain.state.device_line import DeviceLine
from services.identity.domain.state.facts import (
    ALONE,
    BEGINNING,
    NOBODY,
    SEVERAL,
    AddressTenure,
    KeptResolution,
    Period,
    ProfileFacts,
    Repair,
    RowKey,
    Sighting,
    SightingPlace,
    Stream,
    Tenure,
)
from services.identity.domain.state.identity_state import IdentityState
from services.identity.domain.state.needs import Incomplete, Moment, Needs, WouldChange
from services.identity.domain.state.policy import IdentityPolicy
from services.identity.domain.state.splits import split_apart, split_sides, would_meet

__all__ = [
    "ALONE",
    "BEGINNING",
    "NOBODY",
    "SEVERAL",
    "AddressTenure",
    "DeviceLine",
    "IdentityPolicy",
    "IdentityState",
    "Incomplete",
    "KeptResolution",
    "Moment",
    "Needs",
    "Period",
    "ProfileFacts",
    "Repair",
    "RowKey",
    "Sighting",
    "SightingPlace",
    "Stream",
    "Tenure",
    "WouldChange",
    "split_apart",
    "split_sides",
    "would_meet",
]
