"""Reading profiles: nothing here writes. A module for each noun."""

from services.profiles.queries.addresses import check_address, read_address
from services.profiles.queries.checkout_profile import read_checkout_profile
from services.profiles.queries.finding import (
    addresses_meant,
    find_by_identifiers,
    find_by_word,
    find_profile,
)
from services.profiles.queries.lists import (
    DEFERRED_GAUGES,
    list_conflicts,
    list_order_reviews,
    list_unrecordable,
)
from services.profiles.queries.profiles import preview_profiles, read_profile, with_proofs
from services.profiles.queries.reading import Reading, ask_holders
from services.profiles.queries.timelines import read_timeline

__all__ = [
    "DEFERRED_GAUGES",
    "Reading",
    "addresses_meant",
    "ask_holders",
    "check_address",
    "find_by_identifiers",
    "find_by_word",
    "find_profile",
    "list_conflicts",
    "list_order_reviews",
    "list_unrecordable",
    "preview_profiles",
    "read_address",
    "read_checkout_profile",
    "read_profile",
    "read_timeline",
    "with_proofs",
]
