"""Decisions: for each slot of a placement the best block that this shopper may see."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chassis.core.instants import format_instant
from services.offers.domain.catalogue import Catalogue, Slot
from services.offers.domain.composition import Composition
from services.offers.domain.draws import Draws, by_priority
from services.offers.domain.eligibility import EligibilityCheck
from services.offers.domain.experiments import Assignment, Gate
from services.offers.domain.request import DecisionRequest
from services.offers.domain.selection import winners
from services.offers.domain.shopper import PERSONALIZATION_REFUSED, Shopper

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
class Reservation:
    """What a decision has reserved of an offer: its key, and until when it stands (µs)."""

    key: str
    expires_at: int

    def to_wire(self) -> dict[str, Any]:
        return {"key": self.key, "expires_at": format_instant(self.expires_at)}


@dataclass(frozen=True, slots=True)
class Decision:
    """The blocks of each slot, the codes that explain them, and the inputs of the choice.

    `capped` has the offers that caps or budgets have kept out, and why; `reservations` what was
    reserved of the others, both by offer.
    """

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
    capped: Mapping[str, str] = field(default_factory=dict)
    reservations: Mapping[str, Reservation] = field(default_factory=dict)
    experiments: tuple[tuple[Assignment, tuple[str, ...]], ...] | None = None
    rankings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def offers(self) -> frozenset[str]:
        """The ids of the offers that it shows."""
        return frozenset(
            block.offer_id for blocks in self.slots.values() for block in blocks if block.offer_id
        )

    def to_wire(self) -> dict[str, Any]:
        """Plain JSON as `contracts.offers.DecideResponse`."""
        slots = {name: [block.to_wire() for block in blocks] for name, blocks in self.slots.items()}
        return {
            "decision_id": self.decision_id,
            "slots": slots,
            **self._rest(),
            **self._experiments(Assignment.to_wire),
        }

    def to_log(self) -> dict[str, Any]:
        """The same without contents and without its id, which is that of its event."""
        slots = {name: [block.to_log() for block in blocks] for name, blocks in self.slots.items()}
        rankings = {"rankings": dict(self.rankings)} if self.rankings else {}
        return {
            "slots": slots,
            **self._rest(),
            **self._experiments(Assignment.to_log),
            **rankings,
        }

    def _experiments(self, plain: Callable[[Assignment], dict[str, Any]]) -> dict[str, Any]:
        if self.experiments is None:
            return {}
        parts = [{**plain(each), "slots": list(slots)} for each, slots in self.experiments]
        return {"experiments": parts}

    def _rest(self) -> dict[str, Any]:
        limits: dict[str, Any] = {"capped": dict(self.capped)} if self.capped else {}
        if self.reservations:
            limits["reservations"] = {
                offer_id: reservation.to_wire()
                for offer_id, reservation in sorted(self.reservations.items())
            }
        return {
            "placement": self.placement,
            "profile_id": self.profile_id,
            "assurance": self.assurance,
            "reasons": list(self.reasons),
            "degraded": list(self.degraded),
            "stale": self.stale,
            "inputs": self.inputs,
            "decided_at": format_instant(self.decided_at),
            **limits,
        }


def outcome(degraded: Collection[str]) -> str:
    """How a decision with these codes counts: `ok` without any, else the gravest."""
    return min(degraded, key=lambda code: _GRAVITY.get(code, 0), default="ok")


def decide(
    request: DecisionRequest,
    shopper: Shopper,
    catalogue: Catalogue,
    now: int,
    decision_id: str,
    draws: Draws | None = None,
) -> Decision:
    """The decision for one request: in each slot those eligible offers that its ranking puts first.

    Ties go to the id that sorts first; a slot without an eligible offer shows its fallback block.
    `draws` are those of bandits, without which they go by priority. InvalidInput if the placement
    is not known.
    """
    offered = catalogue.slots(request.placement).values()
    draws = draws or by_priority()
    check = EligibilityCheck(request.context, shopper, catalogue, now)
    slots = choose(offered, check, draws)
    reasons = [*shopper.reasons, *request.notes]
    if shopper.refuses_personalization:
        reasons.append(PERSONALIZATION_REFUSED)
    if shopper.unreadable:
        reasons += _unreadable(shopper.unreadable, offered)
    if check.gate and check.gate.holdout:
        reasons.append(f"holdout:{check.gate.holdout}")
    reasons += [f"fallback:{name}" for name, blocks in slots.items() if blocks[0].offer_id is None]
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
        capped=shopper.capped,
        experiments=_taken_part(shopper, check.gate, slots) if check.gate else None,
        rankings=draws.to_log(),
    )


def choose(
    slots: Iterable[Slot], check: EligibilityCheck, draws: Draws
) -> dict[str, tuple[Block, ...]]:
    """The blocks of each slot. The slots are filled in their order: the first has first choice."""
    composition = Composition()
    return {slot.name: _best(slot, check, composition, draws) for slot in slots}


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
        slots={name: (_fallback(slot, request.context),) for name, slot in slots.items()},
        reasons=(*request.notes, *(f"fallback:{name}" for name in slots)),
        degraded=(degraded,),
        stale=False,
        inputs=_inputs(Shopper(), catalogue),
        decided_at=now,
    )


def fallback_blocks(catalogue: Catalogue, language: str | None) -> dict[str, dict[str, Block]]:
    """By placement and slot, what is shown if no offer comes: the same for everybody."""
    context = {"language": language}
    return {
        placement: {name: _fallback(slot, context) for name, slot in slots.items()}
        for placement, slots in catalogue.placements.items()
    }


def _best(
    slot: Slot, check: EligibilityCheck, composition: Composition, draws: Draws
) -> tuple[Block, ...]:
    blocks = tuple(
        Block(offer.id, offer.version, "default", check.render(offer))
        for offer in winners(slot, check, composition, draws)
    )
    return blocks or (_fallback(slot, check.context),)


def _taken_part(
    shopper: Shopper, gate: Gate, slots: Iterable[str]
) -> tuple[tuple[Assignment, tuple[str, ...]], ...]:
    """The assignments of the shopper, each with the slots that depended on it.

    All of them depend on a holdout; without such a slot nobody is exposed to an experiment.
    """
    return tuple(
        (each, tuple(gate.slots_of(each.experiment, slots))) for each in shopper.assignments
    )


def _fallback(slot: Slot, context: Mapping[str, Any]) -> Block:
    return Block(None, None, "fallback", slot.fallback.render({}, context.get("language")))


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
