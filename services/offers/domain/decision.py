"""Decisions: for each slot of a placement the best block that this shopper may see."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from chassis.core.instants import format_instant
from services.offers.domain.catalogue import Catalogue, Slot
from services.offers.domain.eligibility import EligibilityCheck
from services.offers.domain.request import DecisionRequest
from services.offers.domain.shopper import Shopper

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
class Block:
    """What a slot shows; a fallback block has no offer."""

    offer_id: str | None
    offer_version: int | None
    variant: str
    content: Mapping[str, Any]

    def to_wire(self) -> dict[str, Any]:
        return {**self.to_log(), "content": self.content}

    def to_log(self) -> dict[str, Any]:
        """Which block it is: its content follows from that and from the inputs."""
        return {
            "offer_id": self.offer_id,
            "offer_version": self.offer_version,
            "variant": self.variant,
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

    def to_wire(self) -> dict[str, Any]:
        """Plain JSON as `contracts.offers.DecideResponse`."""
        slots = {name: [block.to_wire() for block in blocks] for name, blocks in self.slots.items()}
        return {"decision_id": self.decision_id, "slots": slots, **self._rest()}

    def to_log(self) -> dict[str, Any]:
        """The same without contents and without its id, which is that of its event."""
        slots = {name: [block.to_log() for block in blocks] for name, blocks in self.slots.items()}
        return {"slots": slots, **self._rest()}

    def _rest(self) -> dict[str, Any]:
        return {
            "placement": self.placement,
            "profile_id": self.profile_id,
            "assurance": self.assurance,
            "reasons": list(self.reasons),
            "degraded": list(self.degraded),
            "stale": self.stale,
            "inputs": self.inputs,
            "decided_at": format_instant(self.decided_at),
        }


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
    offered = catalogue.slots(request.placement).values()
    slots = choose(offered, EligibilityCheck(request.context, shopper, catalogue.programme, now))
    reasons = [*shopper.reasons, *request.notes]
    if shopper.unreadable:
        reasons += _unreadable(shopper.unreadable, offered)
    reasons += [f"fallback:{name}" for name, (block,) in slots.items() if block.offer_id is None]
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
    )


def choose(slots: Iterable[Slot], check: EligibilityCheck) -> dict[str, tuple[Block, ...]]:
    """The blocks of each slot."""
    return {slot.name: (_best(slot, check),) for slot in slots}


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
    )


def _best(slot: Slot, check: EligibilityCheck) -> Block:
    for offer in slot.offers:
        if check.passes(offer):
            content = offer.content.render(check.values)
            return Block(offer.id, offer.version, "default", content)
    return _fallback(slot)


def _fallback(slot: Slot) -> Block:
    return Block(None, None, "fallback", slot.fallback.render({}))


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
    asked = {segment for slot in slots for segment in slot.reads.segments}
    return [
        f"segment_unreadable:{segment}: since {format_instant(since)}"
        for segment, since in sorted(segments.items())
        if segment in asked
    ]
