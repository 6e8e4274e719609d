"""The tables and queries of identity.

Everything that changes something locks rows in one order, so that no two wait for each other:

    1. keys      the keys of the call, sorted
    2. profiles  the profiles of all streams that the call may move, sorted
    -. resolutions  by event, sorted, where they are kept
    3. streams   of the log, sorted, when the facts are appended

A stream moves only under the lock of its profile, so the streams of a locked profile stay in it. If
there are streams of another profile by the time that the locks are there, or if it turns out that
more has to be known, the transaction starts again (`ConcurrentMove`, `Incomplete`): a further lock
would break the order. Whoever has failed so before takes turns with the others who have, by an
advisory lock before 1. A split, a merge or a redraw begins with 2.
"""

from __future__ import annotations

from services.identity.store.addresses import SELECT_ADDRESSES, SELECT_SIGHTINGS, held_addresses
from services.identity.store.loading import (
    ConcurrentMove,
    load,
    load_for_facts,
    load_known,
    load_locked,
    load_more,
    load_names,
    load_resolved,
    load_whole,
)
from services.identity.store.profiles import (
    current_profiles,
    find_profile,
    load_facts,
    load_fused,
    load_holders,
    load_profile,
    merged_profiles,
)
from services.identity.store.repairs import load_repairs
from services.identity.store.resolutions import forget_resolutions, keep_resolutions
from services.identity.store.reviews import close_review, fresh_reviews, list_reviews, save_reviews
from services.identity.store.saving import save
from services.identity.store.tables import (
    ADDRESSES,
    KEYS,
    METADATA,
    PERIODS,
    PROFILES,
    REPAIRS,
    RESOLUTIONS,
    REVIEWS,
    SIGHTINGS,
    TENURES,
)
from services.identity.store.tenures import SELECT_TENURES, accounts_on
from services.identity.store.turns import take_turn

__all__ = [
    "ADDRESSES",
    "KEYS",
    "METADATA",
    "PERIODS",
    "PROFILES",
    "REPAIRS",
    "RESOLUTIONS",
    "REVIEWS",
    "SELECT_ADDRESSES",
    "SELECT_SIGHTINGS",
    "SELECT_TENURES",
    "SIGHTINGS",
    "TENURES",
    "ConcurrentMove",
    "accounts_on",
    "close_review",
    "current_profiles",
    "find_profile",
    "forget_resolutions",
    "fresh_reviews",
    "held_addresses",
    "keep_resolutions",
    "list_reviews",
    "load",
    "load_facts",
    "load_for_facts",
    "load_fused",
    "load_holders",
    "load_known",
    "load_locked",
    "load_more",
    "load_names",
    "load_profile",
    "load_repairs",
    "load_resolved",
    "load_whole",
    "merged_profiles",
    "save",
    "save_reviews",
    "take_turn",
]
