"""The placements of an offers.yaml: pages with their slots, and what these show by default."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from chassis.config.mistakes import read_all
from chassis.config.yaml_document import Entry
from services.offers.configuration.content import read_content
from services.offers.configuration.fields import FieldSpecs, read_fields
from services.offers.configuration.shop import ShopSettings
from services.offers.domain.catalogue import Slot
from services.offers.domain.content import Content

_MOST_BLOCKS = 20
_FALLBACK = ("fallback", "translations")


@dataclass(frozen=True, slots=True)
class SlotEntry:
    """A slot, the collections from which it takes offers, the fields that it declares, and how it
    ranks: that is read once its offers are known.
    """

    slot: Slot
    collections: tuple[str, ...] = ()
    fields: FieldSpecs | None = None
    ranking: Entry | None = None


Placements = Mapping[str, Mapping[str, SlotEntry]]


def read_placements(entry: Entry, shop: ShopSettings) -> Placements:
    """The slots of each placement, by their names."""
    placements = entry.named()
    if not placements:
        entry.refuse("must have at least one placement, such as `checkout`")
    slots = read_all(partial(_read_placement, item, shop) for item in placements.values())
    return dict(zip(placements, slots, strict=True))


def each_slot(placements: Placements) -> Iterator[tuple[str, SlotEntry]]:
    """Every slot, and its name as `placement.slot`."""
    for placement, slots in placements.items():
        for name, entry in slots.items():
            yield f"{placement}.{name}", entry


def _read_placement(item: Entry, shop: ShopSettings) -> Mapping[str, SlotEntry]:
    fields = item.record(required=("slots",), optional=_FALLBACK)
    slots = fields["slots"].named()
    if not slots:
        item.refuse("has no slot; add one with its fallback")
    read = read_all(partial(_read_slot, name, slots[name], fields, shop) for name in slots)
    return dict(zip(slots, read, strict=True))


def _read_slot(
    name: str, entry: Entry, placement: Mapping[str, Entry], shop: ShopSettings
) -> SlotEntry:
    """A slot; without a fallback of its own it has that of the placement with these fields."""
    required = () if "fallback" in placement else ("fallback",)
    fields = entry.record(
        required, optional=(*_FALLBACK, "blocks", "collections", "fields", "ranking")
    )
    specs = read_fields(fields["fields"]) if "fields" in fields else None
    fallback = _read_fallback(fields if "fallback" in fields else placement, specs, shop)
    blocks = fields["blocks"].whole(1, _MOST_BLOCKS) if "blocks" in fields else 1
    collections = fields["collections"].items() if "collections" in fields else []
    names = tuple(dict.fromkeys(item.word() for item in collections))
    return SlotEntry(Slot(name, fallback, blocks), names, specs, fields.get("ranking"))


def _read_fallback(
    fields: Mapping[str, Entry], specs: FieldSpecs | None, shop: ShopSettings
) -> Content:
    entry = fields["fallback"]
    content = read_content(entry, shop.languages, specs, fields.get("translations"))
    if content.placeholders:
        entry.refuse(
            f"uses `{{{content.placeholders[0]}}}`; a fallback block must suit "
            "everybody, so write it without placeholders"
        )
    return content
