"""Changes of the catalogue: what another offers.yaml would change, and its likely slips."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from chassis.core.suggest import suggest
from services.offers.domain.catalogue import Catalogue, Offer, Slot


@dataclass(frozen=True, slots=True)
class OfferChange:
    """What becomes of an offer: `added`, `changed`, `unchanged` or `removed`; and likely slips."""

    offer_id: str
    change: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SlotChange:
    """What becomes of a slot, named `placement.slot`: `added`, `changed` or `removed`.

    It is changed if its fallback block, its number of blocks or its ranking is.
    """

    slot: str
    change: str


@dataclass(frozen=True, slots=True)
class _Placed:
    """An offer and the slots that it competes for, named `placement.slot`."""

    offer: Offer
    slots: tuple[str, ...]

    @property
    def form(self) -> tuple[Any, ...]:
        """All that the file says of it."""
        offer = self.offer
        rule = offer.rule.text if offer.rule else None
        terms = (offer.markets, offer.schedule, offer.goes_with, offer.group, offer.stacks_with)
        more = (offer.limits, offer.numbers, offer.coupons)
        place = (offer.priority, offer.sku, *more, sorted(self.slots))
        return (offer.version, rule, offer.requires, offer.content, *terms, *place)


def offer_changes(
    before: Catalogue,
    after: Catalogue,
    segments: Collection[str] | None = None,
    slips: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> list[OfferChange]:
    """What becomes of each offer of both, by id; warnings are of those that are in `after`.

    `segments` are those that are defined, if that is known; `slips` are further warnings by offer.
    """
    old, new = _placed(before), _placed(after)
    hidden = dict(_hidden(after))
    changes = []
    for offer_id in sorted(old.keys() | new.keys()):
        was, will = old.get(offer_id), new.get(offer_id)
        if will is None:
            changes.append(OfferChange(offer_id, "removed"))
            continue
        change = "added" if was is None else "unchanged" if will.form == was.form else "changed"
        warnings = [hidden[offer_id]] if offer_id in hidden else []
        warnings += [*_slips_of_rule(will.offer, segments), *slips.get(offer_id, ())]
        if (
            was
            and was.offer.content != will.offer.content
            and was.offer.version == will.offer.version
        ):
            warnings.append(
                f"{offer_id} has another content and is still of version {will.offer.version}: "
                "raise its version, as decisions are logged with it"
            )
        changes.append(OfferChange(offer_id, change, tuple(warnings)))
    return changes


def _slips_of_rule(offer: Offer, segments: Collection[str] | None) -> list[str]:
    if offer.rule is None:
        return []
    slips = list(offer.rule.warnings)
    if segments is not None:
        slips += [
            f'"{name}" is no segment, and nobody is in it; {suggest(name, sorted(segments))}'
            for name in sorted(offer.rule.reads.segments - frozenset(segments))
        ]
    return [f"{offer.id}: rule: {slip}" for slip in slips]


def slot_changes(before: Catalogue, after: Catalogue) -> list[SlotChange]:
    """The slots that are added or removed, or have another fallback, `blocks` or ranking."""
    old, new = _slots(before), _slots(after)
    changes = [SlotChange(name, "removed") for name in old.keys() - new.keys()]
    changes += [SlotChange(name, "added") for name in new.keys() - old.keys()]
    changes += [
        SlotChange(name, "changed")
        for name in old.keys() & new.keys()
        if _form(old[name]) != _form(new[name])
    ]
    return sorted(changes, key=lambda change: change.slot)


def _form(slot: Slot) -> tuple[Any, ...]:
    """All that the file says of a slot."""
    return (slot.fallback, slot.blocks, slot.ranking)


def _slots(catalogue: Catalogue) -> dict[str, Slot]:
    return {
        f"{placement}.{name}": slot
        for placement, slots in catalogue.placements.items()
        for name, slot in slots.items()
    }


def _placed(catalogue: Catalogue) -> dict[str, _Placed]:
    places: dict[str, tuple[Offer, list[str]]] = {}
    for name, slot in _slots(catalogue).items():
        for offer in slot.offers:
            places.setdefault(offer.id, (offer, []))[1].append(name)
    return {offer_id: _Placed(offer, tuple(slots)) for offer_id, (offer, slots) in places.items()}


def _hidden(catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    """The offers that no slot can ever show, as one before them is for everybody; and a warning."""
    blockers: dict[str, str | None] = {}
    split = frozenset().union(*(each.offers for each in catalogue.trials.experiments))
    for slot in _slots(catalogue).values():
        blocker: str | None = None
        room = slot.blocks if slot.ranking is None else len(slot.offers)
        for offer in slot.offers:
            blockers[offer.id] = None if blocker is None else blockers.get(offer.id, blocker)
            if blocker is None and offer.id not in split and _is_for_everybody(offer):
                room -= 1
                blocker = None if room else offer.id
    for offer_id, blocker in blockers.items():
        if blocker is not None:
            yield (
                offer_id,
                f"{offer_id} is never shown: {blocker} is for everybody, and goes before it",
            )


def _is_for_everybody(offer: Offer) -> bool:
    limits = (offer.rule, offer.sku, offer.schedule, offer.goes_with, offer.group)
    nothing_asked = not any(limits) and not offer.markets and not offer.content.placeholders
    return nothing_asked and offer.requires == "any" and offer.limits is None
