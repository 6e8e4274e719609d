"""Decisions: for each slot of a placement the best block that this shopper may see, and why."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chassis.core.instants import format_instant
from rules import Situation
from services.offers.domain.catalogue import REQUIREMENTS, Catalogue, Offer, Slot
from services.offers.domain.loyalty import Programme

# An assurance meets every requirement of its strength or less. A claim is worth nothing: anybody
# can type anybody's e-mail.
_STRENGTH = {"none": 0, "claimed": 0, **{name: rank for rank, name in enumerate(REQUIREMENTS)}}
FIRST_TIME_VISITOR = "first_time_visitor"

# Why decisions are degraded, the gravest first: those that show fallback blocks, one that nobody
# can explain later, and those that were made from older data.
_BY_GRAVITY = (
    "failed",
    "database_unavailable",
    "overloaded",
    "deadline_exceeded",
    "decision_not_logged",
    "events_halted",
    "events_lagging",
)
_GRAVITY = {code: rank for rank, code in enumerate(_BY_GRAVITY)}


@dataclass(frozen=True, slots=True)
class DecisionRequest:
    """A checked request of the checkout: see `contracts.offers`.

    `notes` say what of it was left out or mended.
    """

    placement: str
    identifiers: Mapping[str, str] = field(default_factory=dict, repr=False)
    authenticated: bool = False
    context: Mapping[str, Any] = field(default_factory=dict)
    at_least: Mapping[str, int] = field(default_factory=dict)
    sent_at: int | None = None
    deadline_ms: int | None = None
    explain: bool = False
    dry_run: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shopper:
    """The shopper as rules and content see them; by default somebody unknown.

    `assurance` is verified, device, claimed or none. `streams` has the applied version of each of
    the profile's streams, `segments_version` is that of its stream in segments' log. `ignored` has
    the types of identifiers that were not used, each with the reason. `degraded` has the codes of
    what the data lacks. `unreadable` has the segments whose rules a release cannot read, and since
    when (µs): the shopper is in them, or is not, as before.
    """

    profile_id: str | None = None
    assurance: str = "none"
    segments: frozenset[str] = frozenset({FIRST_TIME_VISITOR})
    traits: Mapping[str, Any] = field(default_factory=dict)
    consent: Mapping[str, bool] = field(default_factory=dict)
    points: int = 0
    streams: Mapping[str, int] = field(default_factory=dict)
    segments_version: int = 0
    reasons: tuple[str, ...] = ()
    ignored: tuple[tuple[str, str], ...] = ()
    degraded: tuple[str, ...] = ()
    unreadable: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Block:
    """What a slot shows; a fallback block has no offer."""

    offer_id: str | None
    offer_version: int | None
    variant: str
    content: Mapping[str, Any]

    def to_wire(self) -> dict[str, Any]:
        return {
            "offer_id": self.offer_id,
            "offer_version": self.offer_version,
            "variant": self.variant,
            "content": self.content,
        }


@dataclass(frozen=True, slots=True)
class ConsideredOffer:
    """An offer that competed for a slot, and why it was eligible or not."""

    offer_id: str
    offer_version: int
    eligible: bool
    chosen: bool
    why: tuple[str, ...]

    def to_wire(self) -> dict[str, Any]:
        return {
            "offer_id": self.offer_id,
            "offer_version": self.offer_version,
            "eligible": self.eligible,
            "chosen": self.chosen,
            "why": list(self.why),
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """The blocks of each slot, the codes that explain them, and the inputs of the choice."""

    decision_id: str
    placement: str
    profile_id: str | None
    assurance: str
    slots: Mapping[str, tuple[Block, ...]]
    reasons: tuple[str, ...]
    degraded: tuple[str, ...]
    stale: bool
    inputs: Mapping[str, Any]
    decided_at: int
    trace: Mapping[str, tuple[ConsideredOffer, ...]]

    def to_wire(self, explain: bool) -> dict[str, Any]:
        """Plain JSON as `contracts.offers.DecideResponse`; with the trace only to `explain`."""
        wire = {
            "decision_id": self.decision_id,
            "placement": self.placement,
            "profile_id": self.profile_id,
            "assurance": self.assurance,
            "slots": {name: [b.to_wire() for b in blocks] for name, blocks in self.slots.items()},
            "reasons": list(self.reasons),
            "degraded": list(self.degraded),
            "stale": self.stale,
            "inputs": self.inputs,
            "decided_at": format_instant(self.decided_at),
        }
        if explain:
            wire["trace"] = {
                name: [offer.to_wire() for offer in offers] for name, offers in self.trace.items()
            }
        return wire


def outcome(degraded: Collection[str]) -> str:
    """How a decision with these codes counts: `ok` without any, else the gravest."""
    return min(degraded, key=lambda code: _GRAVITY.get(code, 0), default="ok")


def decide(
    request: DecisionRequest, shopper: Shopper, catalogue: Catalogue, now: int, decision_id: str
) -> Decision:
    """The decision for one request: in each slot the eligible offer of the highest priority.

    Ties go to the id that sorts first; a slot without an eligible offer shows its fallback block.
    InvalidInput if the placement is not known.
    """
    situation = Situation(
        traits=shopper.traits,
        segments=shopper.segments,
        context=request.context,
        identified=shopper.profile_id is not None,
        assurance=shopper.assurance,
        consent=shopper.consent,
        points=shopper.points,
    )
    values = _values(request.context, shopper, catalogue.programme)
    slots: dict[str, tuple[Block, ...]] = {}
    trace: dict[str, tuple[ConsideredOffer, ...]] = {}
    reasons = [*shopper.reasons, *request.notes]
    if shopper.unreadable:
        reasons += _unreadable(shopper.unreadable, catalogue.slots(request.placement).values())
    for slot in catalogue.slots(request.placement).values():
        winner, trace[slot.name] = _consider(slot, situation, values, now)
        if winner is None:
            reasons.append(f"fallback:{slot.name}")
            slots[slot.name] = (_fallback(slot),)
        else:
            content = winner.content.render(values)
            slots[slot.name] = (Block(winner.id, winner.version, "default", content),)
    return Decision(
        decision_id=decision_id,
        placement=request.placement,
        profile_id=shopper.profile_id,
        assurance=shopper.assurance,
        slots=slots,
        reasons=tuple(reasons),
        degraded=shopper.degraded,
        stale=False,
        inputs=_inputs(shopper, catalogue),
        decided_at=now,
        trace=trace,
    )


def fall_back(
    request: DecisionRequest, catalogue: Catalogue, now: int, decision_id: str, degraded: str
) -> Decision:
    """The decision without any data: the fallback block in every slot."""
    slots = catalogue.slots(request.placement)
    return Decision(
        decision_id=decision_id,
        placement=request.placement,
        profile_id=None,
        assurance="none",
        slots={name: (_fallback(slot),) for name, slot in slots.items()},
        reasons=(*request.notes, *(f"fallback:{name}" for name in slots)),
        degraded=(degraded,),
        stale=False,
        inputs=_inputs(Shopper(), catalogue),
        decided_at=now,
        trace=dict.fromkeys(slots, ()),
    )


def _inputs(shopper: Shopper, catalogue: Catalogue) -> dict[str, Any]:
    segments = {shopper.profile_id: shopper.segments_version} if shopper.profile_id else {}
    return {
        "catalogue": catalogue.fingerprint,
        "streams": dict(shopper.streams),
        "segments": segments,
        "ignored_identifiers": [{"type": t, "reason": reason} for t, reason in shopper.ignored],
    }


def _unreadable(segments: Mapping[str, int], slots: Iterable[Slot]) -> list[str]:
    """The unreadable segments that offers of these slots ask for, a reason each."""
    rules = [offer.rule for slot in slots for offer in slot.offers if offer.rule is not None]
    asked = {segment for rule in rules for segment in rule.reads.segments}
    return [
        f"segment_unreadable:{segment}: since {format_instant(since)}"
        for segment, since in sorted(segments.items())
        if segment in asked
    ]


def _fallback(slot: Slot) -> Block:
    return Block(None, None, "fallback", slot.fallback.render({}))


def _consider(
    slot: Slot, situation: Situation, values: Mapping[str, Any], now: int
) -> tuple[Offer | None, tuple[ConsideredOffer, ...]]:
    winner: Offer | None = None
    considered: list[ConsideredOffer] = []
    for offer in slot.offers:
        eligible, why = _is_eligible(offer, situation, values, now)
        chosen = eligible and winner is None
        if chosen:
            winner = offer
        elif eligible and winner is not None:
            why = (*why, f"outranked by {winner.id}, of priority {winner.priority}")
        considered.append(ConsideredOffer(offer.id, offer.version, eligible, chosen, why))
    return winner, tuple(considered)


def _is_eligible(
    offer: Offer, situation: Situation, values: Mapping[str, Any], now: int
) -> tuple[bool, tuple[str, ...]]:
    """Whether an offer is eligible, and why; the first obstacle ends the check."""
    if _STRENGTH[situation.assurance] < _STRENGTH[offer.requires]:
        return False, (
            f"requires {offer.requires}, the shopper's assurance is {situation.assurance}",
        )
    stock = situation.context.get("stock") or {}
    if offer.sku is not None and stock.get(offer.sku) == 0:
        return False, (f"{offer.sku} is out of stock",)
    whom = "everybody" if offer.requires == "any" else f"everybody recognised as {offer.requires}"
    lines: tuple[str, ...] = (f"no rule: {whom}",)
    if offer.rule is not None:
        holds, comparisons = offer.rule.explain(situation, now)
        lines = tuple(comparisons)
        if not holds:
            return False, lines
    missing = offer.content.missing(values)
    if missing:
        names = ", ".join(f"{{{name}}}" for name in missing)
        return False, (*lines, f"the content needs {names}, which is not known here")
    return True, lines


def _values(
    context: Mapping[str, Any], shopper: Shopper, programme: Programme
) -> dict[str, int | str | None]:
    """The value of each placeholder; None where it has none."""
    named = shopper.traits.get("loyalty_tier")
    enrolled = shopper.traits.get("loyalty_enrolled") is True or isinstance(named, str)
    tier = above = None
    if enrolled:
        tier = programme.tier_of(named if isinstance(named, str) else None, shopper.points)
        above = programme.tier_above(tier)
    return {
        "points": shopper.points if enrolled else None,
        "tier": tier.name if tier else None,
        "next_tier": above.name if above else None,
        "points_to_next_tier": max(above.threshold - shopper.points, 0) if above else None,
        "points_to_earn": programme.points_for(context.get("value"), context.get("currency")),
        "referrer": context.get("referrer"),
    }
