"""The offers of an offers.yaml."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from chassis.config.mistakes import read_all, read_both
from chassis.config.yaml_document import Entry
from chassis.core.errors import InvalidInput
from chassis.core.suggest import suggest
from rules import ELIGIBILITY_VOCABULARY, Rule, RuleError, Situation, compile_rule
from services.offers.configuration.content import read_content
from services.offers.configuration.fields import FieldSpecs, common_fields
from services.offers.configuration.limits import read_limits
from services.offers.configuration.placements import Placements, each_slot
from services.offers.configuration.ranking import read_numbers
from services.offers.configuration.schedules import read_schedule
from services.offers.configuration.shop import ShopSettings
from services.offers.domain.affinity import Affinity
from services.offers.domain.catalogue import REQUIREMENTS, Offer
from services.offers.domain.markets import Market


def read_offers(
    entry: Entry, placements: Placements, shop: ShopSettings
) -> Mapping[str, list[Offer]]:
    """The offers of each slot, by `placement.slot`."""
    places = _Places(placements)
    entries = read_all(partial(_read_entry, item, places, shop) for item in entry.items())
    first = {each.offer.id: each for each in reversed(entries)}
    groups = {each.offer.group for each in entries if each.offer.group is not None}
    read_all(partial(_check_among, each, first[each.offer.id], groups) for each in entries)
    offers: dict[str, list[Offer]] = defaultdict(list)
    for each in entries:
        for place in each.slots:
            offers[place].append(each.offer)
    return offers


def offer_ids(entry: Entry) -> list[str]:
    """The ids of the offers, as far as they can be read."""
    ids = []
    for item in entry.items():
        with suppress(InvalidInput, KeyError):
            ids.append(item.fields()["id"].word())
    return ids


class _OfferEntry(NamedTuple):
    """An offer, its slots as `placement.slot`, and its fields in the file."""

    offer: Offer
    slots: list[str]
    fields: Mapping[str, Entry]


def _read_entry(item: Entry, places: _Places, shop: ShopSettings) -> _OfferEntry:
    fields = item.record(
        required=("id", "version", "priority", "content"),
        optional=(
            "when",
            "requires",
            "sku",
            "slots",
            "collections",
            "markets",
            "schedule",
            "group",
            "stacks_with",
            "goes_with",
            "translations",
            "coupons",
            "caps",
            "budget",
            "cost",
            "hold",
            "numbers",
        ),
    )
    slots = places.of(item, fields)
    specs = common_fields(fields["content"], places.declared(slots))
    return _OfferEntry(_read_offer(fields, shop, specs), slots, fields)


def _check_among(entry: _OfferEntry, first: _OfferEntry, groups: Collection[str]) -> None:
    """Refuse an offer that does not go with the others, of which `first` is the first of its id."""
    offer, fields = entry.offer, entry.fields
    if first is not entry:
        fields["id"].refuse(f"`{offer.id}` appears twice; give each offer its own id")
    for group in fields["stacks_with"].items() if "stacks_with" in fields else []:
        if group.word() not in groups:
            group.refuse(
                f"no offer has the group `{group.word()}`; {suggest(group.word(), groups)}"
            )


class _Places:
    """Where offers may stand: slots, and the collections from which slots take offers."""

    def __init__(self, placements: Placements) -> None:
        entries = dict(each_slot(placements))
        self._slots = list(entries)
        self._fields = {name: entry.fields for name, entry in entries.items() if entry.fields}
        self._takers: dict[str, list[str]] = defaultdict(list)
        for name, entry in entries.items():
            for collection in entry.collections:
                self._takers[collection].append(name)

    def of(self, offer: Entry, fields: Mapping[str, Entry]) -> list[str]:
        """The slots of an offer with these fields, as `placement.slot`, each once."""
        if "slots" not in fields and "collections" not in fields:
            offer.refuse("`slots` is missing; add it, or `collections`")
        slots = fields["slots"].items() if "slots" in fields else []
        collections = fields["collections"].items() if "collections" in fields else []
        if not slots and not collections:
            named = fields.get("slots", fields.get("collections", offer))
            named.refuse(f"must name at least one slot; known: {', '.join(self._slots)}")
        found = [slot.choice(self._slots) for slot in slots]
        for collection in collections:
            name = collection.word()
            if name not in self._takers:
                collection.refuse(
                    f"no slot takes offers from `{name}`; {suggest(name, self._takers)}"
                    if self._takers
                    else f"no slot takes offers from `{name}`: give it `collections: [{name}]`"
                )
            found += self._takers[name]
        return list(dict.fromkeys(found))

    def declared(self, slots: list[str]) -> list[tuple[str, FieldSpecs]]:
        """Those of the slots that declare the fields of their contents, with these."""
        return [(slot, self._fields[slot]) for slot in slots if slot in self._fields]


def _read_offer(fields: Mapping[str, Entry], shop: ShopSettings, specs: FieldSpecs | None) -> Offer:
    content, rule = read_both(
        lambda: read_content(fields["content"], shop.languages, specs, fields.get("translations")),
        lambda: _read_rule(fields["when"]) if "when" in fields else None,
    )
    requires = fields["requires"].choice(REQUIREMENTS) if "requires" in fields else "verified"
    if content.personal and requires != "verified":
        fields["requires"].refuse(
            f"is `{requires}`, but the content shows what only the shopper may see "
            f"(`{{{'}`, `{'.join(content.placeholders)}}}`): write `verified`"
        )
    limits = read_limits(fields, shop.zone)
    return Offer(
        id=fields["id"].word(),
        version=fields["version"].whole(1, 1_000_000),
        rule=rule,
        requires=requires,
        priority=fields["priority"].whole(0, 1_000_000),
        content=content,
        sku=fields["sku"].text(200) if "sku" in fields else None,
        markets=_read_markets(fields["markets"], shop) if "markets" in fields else (),
        schedule=read_schedule(fields["schedule"], shop.zone) if "schedule" in fields else None,
        goes_with=_read_affinity(fields["goes_with"]) if "goes_with" in fields else None,
        group=fields["group"].word() if "group" in fields else None,
        stacks_with=_read_stacks_with(fields),
        coupons=fields["coupons"].word() if "coupons" in fields else None,
        caps=limits.caps,
        budget=limits.budget,
        cost=limits.cost,
        hold=limits.hold,
        numbers=read_numbers(fields["numbers"]) if "numbers" in fields else {},
    )


def _read_markets(entry: Entry, shop: ShopSettings) -> tuple[Market, ...]:
    items = entry.items()
    if not shop.markets or not items:
        entry.refuse("must name at least one market of `markets`, at the top of the file")
    return tuple(shop.markets[item.choice(shop.markets)] for item in items)


def _read_affinity(entry: Entry) -> Affinity:
    fields = entry.record(required=(), optional=("categories", "skus"))
    values = {
        name: frozenset(item.text(200) for item in field.items()) for name, field in fields.items()
    }
    if not any(values.values()):
        entry.refuse("must name at least one of `categories` or `skus` of the basket")
    return Affinity(values.get("categories", frozenset()), values.get("skus", frozenset()))


def _read_stacks_with(fields: Mapping[str, Entry]) -> frozenset[str] | None:
    if "stacks_with" not in fields:
        return None
    if "group" not in fields:
        fields["stacks_with"].refuse("is for offers with a `group`; give this one a group")
    return frozenset(item.word() for item in fields["stacks_with"].items())


def _read_rule(entry: Entry) -> Rule[Situation]:
    try:
        return compile_rule(entry.text(), ELIGIBILITY_VOCABULARY)
    except RuleError as error:
        entry.refuse(f"rule refused: {error}")
