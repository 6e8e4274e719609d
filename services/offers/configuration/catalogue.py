"""The catalogue in the text of an offers.yaml."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from functools import partial

from chassis.config.mistakes import read_all, read_both
from chassis.config.yaml_document import Entry, read_document
from identifiers import IdentifierTypes
from services.offers.configuration.experiments import TRIAL_FIELDS, read_trials
from services.offers.configuration.offers import offer_ids, read_offers
from services.offers.configuration.placements import SlotEntry, each_slot, read_placements
from services.offers.configuration.programme import read_programme
from services.offers.configuration.ranking import with_ranking
from services.offers.configuration.shop import SHOP_FIELDS, ShopSettings, read_shop
from services.offers.domain.catalogue import Catalogue, Slot
from services.offers.domain.experiments import Trials
from services.offers.domain.loyalty import Programme

FILE = "offers.yaml"


def read_catalogue(text: str, name: str = FILE, types: IdentifierTypes | None = None) -> Catalogue:
    """The catalogue in `text`; InvalidInput gives the path, position and fix of each mistake that
    can be told without mending others.

    With `types` the identifiers that it names are checked: not of a file that was in force, for
    identity.yaml may have changed since.
    """
    root = read_document(text, name).record(
        required=("placements", "offers"), optional=("loyalty", *SHOP_FIELDS, *TRIAL_FIELDS)
    )
    hashable = None if types is None else _hashable(types)
    programme, (placements, trials, shop) = read_both(
        lambda: read_programme(root["loyalty"]) if "loyalty" in root else Programme(),
        lambda: _read_pages(root, hashable),
    )
    return Catalogue(placements, programme, fingerprint(text), shop.free_delivery, trials)


def _read_pages(
    root: Mapping[str, Entry], hashable: Collection[str] | None
) -> tuple[Mapping[str, Mapping[str, Slot]], Trials, ShopSettings]:
    """The placements with their offers, the experiments and holdouts, and the shop's settings."""
    shop = read_shop(root)
    placements = read_placements(root["placements"], shop)
    offers, trials = read_both(
        lambda: read_offers(root["offers"], placements, shop),
        lambda: read_trials(root, placements, offer_ids(root["offers"]), hashable),
    )

    def with_offers(place: str, entry: SlotEntry) -> Slot:
        return with_ranking(entry.slot.with_offers(offers.get(place, ())), entry.ranking)

    places = list(each_slot(placements))
    slots = iter(read_all(partial(with_offers, *each) for each in places))
    filled = {
        placement: {name: next(slots) for name in placements[placement]} for placement in placements
    }
    return filled, trials, shop


def _hashable(types: IdentifierTypes) -> list[str]:
    """The identifiers by which shoppers may be split; anybody can type anybody's address."""
    return sorted(each.name for each in types.by_name.values() if each.assurance != "claimed")


def fingerprint(text: str) -> str:
    """The fingerprint of an offers.yaml: the first 64 bits of its SHA-256, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
