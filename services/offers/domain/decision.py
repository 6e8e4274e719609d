"""Decisions: for every slot of a placement the best block that this shopper may see, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rules import Situation
from services.offers.domain.answer import Block, ConsideredOffer, Decision
from services.offers.domain.catalogue import REQUIREMENTS, Catalogue, Offer, Slot
from services.offers.domain.loyalty import Programme

# Requirements and assurances, by what is enough for what. A claim is worth no more than nothing:
# anybody can type anybody's e-mail.
_STRENGTH = {"none": 0, "claimed": 0, **{name: rank for rank, name in enumerate(REQUIREMENTS)}}
FIRST_TIME_VISITOR = "first_time_visitor"


@dataclass(frozen=True, slots=True)
class DecisionRequest:
    """What the checkout asks, once checked: see `contracts.offers`."""

    placement: str
    identifiers: Mapping[str, str] = field(default_factory=dict, repr=False)
    authenticated: bool = False
    context: Mapping[str, Any] = field(default_factory=dict)
    at_least: Mapping[str, int] = field(default_factory=dict)
    sent_at: int | None = None
    deadline_ms: int | None = None
    explain: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Shopper:
    """What is known of who is asking; by default somebody whom nobody knows.

    `assurance` says how surely: verified, device, claimed, none. `streams` are the versions held of
    the profile's streams, `segments_version` that of its stream in segments' log. `ignored` has the
    types of identifiers that were not used, each with the reason.
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
    reasons = list(shopper.reasons)
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
        degraded=(),
        stale=False,
        inputs=_inputs(shopper, catalogue),
        decided_at=now,
        trace=trace,
    )


def fall_back(
    request: DecisionRequest, catalogue: Catalogue, now: int, decision_id: str, degraded: str
) -> Decision:
    """The decision when nothing can be asked in time: every slot's fallback block."""
    slots = catalogue.slots(request.placement)
    return Decision(
        decision_id=decision_id,
        placement=request.placement,
        profile_id=None,
        assurance="none",
        slots={name: (_fallback(slot),) for name, slot in slots.items()},
        reasons=tuple(f"fallback:{name}" for name in slots),
        degraded=(degraded,),
        stale=False,
        inputs=_inputs(Shopper(), catalogue),
        decided_at=now,
        trace=dict.fromkeys(slots, ()),
    )


def _inputs(shopper: Shopper, catalogue: Catalogue) -> dict[str, Any]:
    held = {shopper.profile_id: shopper.segments_version} if shopper.profile_id else {}
    return {
        "catalogue": catalogue.fingerprint,
        "streams": dict(shopper.streams),
        "segments": held,
        "ignored_identifiers": [{"type": t, "reason": reason} for t, reason in shopper.ignored],
    }


def _fallback(slot: Slot) -> Block:
    return Block(None, None, "fallback", slot.fallback.render({}))


def _consider(
    slot: Slot, situation: Situation, values: Mapping[str, Any], now: int
) -> tuple[Offer | None, tuple[ConsideredOffer, ...]]:
    winner: Offer | None = None
    considered: list[ConsideredOffer] = []
    for offer in slot.offers:
        eligible, why = _judge(offer, situation, values, now)
        chosen = eligible and winner is None
        if chosen:
            winner = offer
        elif eligible and winner is not None:
            why = (*why, f"outranked by {winner.id}, of priority {winner.priority}")
        considered.append(ConsideredOffer(offer.id, offer.version, eligible, chosen, why))
    return winner, tuple(considered)


def _judge(
    offer: Offer, situation: Situation, values: Mapping[str, Any], now: int
) -> tuple[bool, tuple[str, ...]]:
    """Whether an offer is eligible, and why; the first thing that forbids it is enough."""
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
        holds, told = offer.rule.explain(situation, now)
        lines = tuple(told)
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
    """What placeholders stand for; None where there is nothing to say."""
    told = shopper.traits.get("loyalty_tier")
    enrolled = shopper.traits.get("loyalty_enrolled") is True or isinstance(told, str)
    tier = above = None
    if enrolled:
        tier = programme.tier_of(told if isinstance(told, str) else None, shopper.points)
        above = programme.tier_above(tier)
    return {
        "points": shopper.points if enrolled else None,
        "tier": tier.name if tier else None,
        "next_tier": above.name if above else None,
        "points_to_next_tier": max(above.threshold - shopper.points, 0) if above else None,
        "points_to_earn": programme.points_for(context.get("value"), context.get("currency")),
        "referrer": context.get("referrer"),
    }
