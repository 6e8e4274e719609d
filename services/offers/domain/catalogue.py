"""What can be shown: placements, their slots, the offers that compete for them, the programme."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from chassis.config.files import read_text
from chassis.config.yaml_document import Entry, read_document, suggest
from chassis.core.errors import InvalidInput
from rules import ELIGIBILITY_VOCABULARY, Rule, RuleError, Situation, compile_rule
from services.offers.domain.content import Content, read_content
from services.offers.domain.loyalty import Programme, read_programme

REQUIREMENTS = ("any", "device", "verified")
SHIPPED = Path(__file__).parents[1] / "offers.yaml"


@dataclass(frozen=True, slots=True)
class Offer:
    """A block that competes for slots.

    `requires` is the least assurance with which the shopper must have been recognised: "any"
    for what may be shown to the wrong person without harm, "device", or "verified". An offer of
    the article `sku` is not made when the request says that none is left.
    """

    id: str
    version: int
    rule: Rule[Situation] | None
    requires: str
    priority: int
    content: Content
    sku: str | None = None


@dataclass(frozen=True, slots=True)
class Slot:
    """A place on a page: its offers, best first, and the block that shows when none is eligible."""

    name: str
    fallback: Content
    offers: tuple[Offer, ...] = ()


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All that offers.yaml says; `fingerprint` changes whenever the file does."""

    placements: Mapping[str, Mapping[str, Slot]]
    programme: Programme
    fingerprint: str

    def slots(self, placement: str) -> Mapping[str, Slot]:
        """The slots of a placement by name; InvalidInput names the placements that exist."""
        slots = self.placements.get(placement)
        if slots is None:
            raise InvalidInput("placement", f"is not known; {suggest(placement, self.placements)}")
        return slots


def load_catalogue(directory: Path | None = None) -> Catalogue:
    """The catalogue of `directory`/offers.yaml if that is there, else the one that is shipped."""
    path = directory / SHIPPED.name if directory else SHIPPED
    if not path.exists():
        path = SHIPPED
    return read_catalogue(read_text(path), path.name)


def read_catalogue(text: str, name: str = SHIPPED.name) -> Catalogue:
    """The catalogue written in `text`; InvalidInput gives path, position and fix of a mistake."""
    root = read_document(text, name).record(
        required=("placements", "offers"), optional=("loyalty",)
    )
    programme = read_programme(root["loyalty"]) if "loyalty" in root else Programme()
    placements = _read_placements(root["placements"])
    _read_offers(root["offers"], placements)
    return Catalogue(placements, programme, hashlib.sha256(text.encode()).hexdigest()[:16])


def _read_placements(entry: Entry) -> dict[str, dict[str, Slot]]:
    placements: dict[str, dict[str, Slot]] = {}
    for placement, slots in entry.named().items():
        placements[placement] = {}
        for name, item in slots.record(required=("slots",))["slots"].named().items():
            item_fields = item.record(required=("fallback",))
            fallback = read_content(item_fields["fallback"])
            if fallback.placeholders:
                item_fields["fallback"].refuse(
                    f"uses `{{{fallback.placeholders[0]}}}`; a fallback block must hold for "
                    "everybody, so write it without placeholders"
                )
            placements[placement][name] = Slot(name, fallback)
        if not placements[placement]:
            slots.refuse("has no slot; add one with its fallback")
    if not placements:
        entry.refuse("must name a placement at least, such as `checkout`")
    return placements


def _read_offers(entry: Entry, placements: dict[str, dict[str, Slot]]) -> None:
    known = [f"{placement}.{slot}" for placement, slots in placements.items() for slot in slots]
    seen: set[str] = set()
    for item in entry.items():
        fields = item.record(
            required=("id", "version", "slots", "priority", "content"),
            optional=("when", "requires", "sku"),
        )
        offer = _read_offer(fields)
        if offer.id in seen:
            fields["id"].refuse(f"`{offer.id}` stands here twice; give each offer its own id")
        seen.add(offer.id)
        places = [place.choice(known) for place in fields["slots"].items()]
        if not places:
            fields["slots"].refuse(f"must name a slot at least; known: {', '.join(known)}")
        for place in dict.fromkeys(places):
            placement, slot = place.split(".")
            placements[placement][slot] = _with_offer(placements[placement][slot], offer)


def _read_offer(fields: Mapping[str, Entry]) -> Offer:
    content = read_content(fields["content"])
    requires = fields["requires"].choice(REQUIREMENTS) if "requires" in fields else "verified"
    if content.personal and requires != "verified":
        fields["requires"].refuse(
            f"is `{requires}`, but the content shows what only the shopper may see "
            f"(`{{{'}`, `{'.join(content.placeholders)}}}`): write `verified`"
        )
    return Offer(
        id=fields["id"].word(),
        version=fields["version"].whole(1, 1_000_000),
        rule=_read_rule(fields["when"]) if "when" in fields else None,
        requires=requires,
        priority=fields["priority"].whole(0, 1_000_000),
        content=content,
        sku=fields["sku"].text(200) if "sku" in fields else None,
    )


def _read_rule(entry: Entry) -> Rule[Situation]:
    try:
        return compile_rule(entry.text(), ELIGIBILITY_VOCABULARY)
    except RuleError as error:
        entry.refuse(f"rule refused: {error}")


def _with_offer(slot: Slot, offer: Offer) -> Slot:
    best_first = sorted((*slot.offers, offer), key=lambda other: (-other.priority, other.id))
    return replace(slot, offers=tuple(best_first))
