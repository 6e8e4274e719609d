"""offers.yaml: the catalogue as an operator writes it.

Every mistake is refused with its path, its line and column, and the fix.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from chassis.config.files import own_or_shipped, read_text
from chassis.config.yaml_document import Entry, read_document
from chassis.core.applied_files import AppliedFile
from chassis.core.suggest import suggest
from rules import ELIGIBILITY_VOCABULARY, Rule, RuleError, Situation, compile_rule
from services.offers.domain.catalogue import REQUIREMENTS, Catalogue, Offer, Slot
from services.offers.domain.content import PLACEHOLDER, PLACEHOLDERS, Content
from services.offers.domain.loyalty import Earning, Programme, Tier

FILE = "offers.yaml"
SHIPPED = Path(__file__).parent / FILE

_BRACE = re.compile(r"[{}]")
_MOST_POINTS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class CatalogueFile:
    """An offers.yaml that a process can put in force; `is_shipped`: it came with the release."""

    text: str
    is_shipped: bool
    catalogue: Catalogue

    @property
    def applied(self) -> AppliedFile:
        """The file without what is in it."""
        return AppliedFile(self.catalogue.fingerprint, self.is_shipped)


def load_file(directory: Path | None = None) -> CatalogueFile:
    """`directory`/offers.yaml if that file exists, else the shipped one; InvalidInput as below."""
    path = own_or_shipped(SHIPPED, directory)
    return read_file(read_text(path), is_shipped=path == SHIPPED)


def read_file(text: str, *, is_shipped: bool) -> CatalogueFile:
    """The file with this text; InvalidInput gives the path, position and fix of a mistake."""
    return CatalogueFile(text, is_shipped, read_catalogue(text))


def load_catalogue(directory: Path | None = None) -> Catalogue:
    """The catalogue of `load_file`."""
    return load_file(directory).catalogue


def read_catalogue(text: str, name: str = FILE) -> Catalogue:
    """The catalogue in `text`; InvalidInput gives the path, position and fix of a mistake."""
    root = read_document(text, name).record(
        required=("placements", "offers"), optional=("loyalty",)
    )
    programme = read_programme(root["loyalty"]) if "loyalty" in root else Programme()
    placements = _read_placements(root["placements"])
    offers = _read_offers(root["offers"], placements)
    with_offers = {
        placement: {
            name: slot.with_offers(offers.get(f"{placement}.{name}", ()))
            for name, slot in slots.items()
        }
        for placement, slots in placements.items()
    }
    return Catalogue(with_offers, programme, fingerprint(text))


def fingerprint(text: str) -> str:
    """The fingerprint of an offers.yaml: the first 64 bits of its SHA-256, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _read_placements(entry: Entry) -> dict[str, dict[str, Slot]]:
    placements: dict[str, dict[str, Slot]] = {}
    for placement, slots in entry.named().items():
        placements[placement] = {}
        for name, item in slots.record(required=("slots",))["slots"].named().items():
            fallback = item.record(required=("fallback",))["fallback"]
            placements[placement][name] = Slot(name, _read_fallback(fallback))
        if not placements[placement]:
            slots.refuse("has no slot; add one with its fallback")
    if not placements:
        entry.refuse("must have at least one placement, such as `checkout`")
    return placements


def _read_fallback(entry: Entry) -> Content:
    content = read_content(entry)
    if content.placeholders:
        entry.refuse(
            f"uses `{{{content.placeholders[0]}}}`; a fallback block must suit "
            "everybody, so write it without placeholders"
        )
    return content


def _read_offers(
    entry: Entry, placements: Mapping[str, Mapping[str, Slot]]
) -> Mapping[str, list[Offer]]:
    """The offers of each slot, by `placement.slot`."""
    slots = [f"{placement}.{slot}" for placement, named in placements.items() for slot in named]
    offers: dict[str, list[Offer]] = defaultdict(list)
    offer_ids: set[str] = set()
    for item in entry.items():
        fields = item.record(
            required=("id", "version", "slots", "priority", "content"),
            optional=("when", "requires", "sku"),
        )
        offer = _read_offer(fields)
        if offer.id in offer_ids:
            fields["id"].refuse(f"`{offer.id}` appears twice; give each offer its own id")
        offer_ids.add(offer.id)
        places = [place.choice(slots) for place in fields["slots"].items()]
        if not places:
            fields["slots"].refuse(f"must name at least one slot; known: {', '.join(slots)}")
        for place in dict.fromkeys(places):
            offers[place].append(offer)
    return offers


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


def read_content(entry: Entry) -> Content:
    """The content in `entry`, a mapping; an unknown placeholder is refused."""
    names: set[str] = set()
    entry.fields()
    body = entry.plain()
    if not body:
        entry.refuse("must not be empty; write what the block shows, such as `title: …`")
    for leaf in entry.leaves():
        text = leaf.plain()
        if not isinstance(text, str):
            continue
        for name in PLACEHOLDER.findall(text):
            if name not in PLACEHOLDERS:
                leaf.refuse(f"placeholder `{{{name}}}` is not known; {suggest(name, PLACEHOLDERS)}")
            names.add(name)
        if _BRACE.search(PLACEHOLDER.sub("", text)):
            leaf.refuse("has a brace outside a placeholder; write `{points}` or remove it")
    return Content(body, tuple(sorted(names)))


def read_programme(entry: Entry) -> Programme:
    """The loyalty programme in `entry`."""
    fields = entry.record(required=("tiers", "earn"))
    tiers: list[Tier] = []
    for item in fields["tiers"].items():
        tier = item.record(required=("name", "threshold"))
        name, threshold = tier["name"].word(), tier["threshold"].whole(0, _MOST_POINTS)
        if any(other.name == name for other in tiers):
            tier["name"].refuse(f"tier `{name}` appears twice; rename one")
        if tiers and threshold <= tiers[-1].threshold:
            tier["threshold"].refuse(
                f"must be above the tier before it, {tiers[-1].threshold}: list tiers lowest first"
            )
        tiers.append(Tier(name, threshold))
    if not tiers:
        fields["tiers"].refuse("must list at least one tier; else remove `loyalty`")
    return Programme(tuple(tiers), _read_earnings(fields["earn"]))


def _read_earnings(entry: Entry) -> dict[str, Earning]:
    earnings: dict[str, Earning] = {}
    for currency, item in entry.fields().items():
        if len(currency) != 3 or not currency.isascii() or not currency.isupper():
            item.refuse(f"`{currency}` must be an ISO 4217 currency code such as EUR")
        earning = item.record(required=("points", "per"))
        earnings[currency] = Earning(
            earning["points"].whole(1, _MOST_POINTS), earning["per"].whole(1, _MOST_POINTS)
        )
    return earnings
