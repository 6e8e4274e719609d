"""The tables of offers, and their statements."""

from services.offers.store.catalogues import applied_catalogues, catalogue_text, put_catalogue
from services.offers.store.memberships import load_memberships, save_memberships
from services.offers.store.recognition import Matches, load_matches
from services.offers.store.standstills import (
    load_halted_in_segments,
    load_unreadable_segments,
    save_halted_in_segments,
    save_unreadable_segments,
)
from services.offers.store.tables import (
    CATALOGUES,
    HALTED_IN_SEGMENTS,
    MEMBERSHIPS,
    METADATA,
    UNREADABLE_SEGMENTS,
)

__all__ = [
    "CATALOGUES",
    "HALTED_IN_SEGMENTS",
    "MEMBERSHIPS",
    "METADATA",
    "UNREADABLE_SEGMENTS",
    "Matches",
    "applied_catalogues",
    "catalogue_text",
    "load_halted_in_segments",
    "load_matches",
    "load_memberships",
    "load_unreadable_segments",
    "put_catalogue",
    "save_halted_in_segments",
    "save_memberships",
    "save_unreadable_segments",
]
