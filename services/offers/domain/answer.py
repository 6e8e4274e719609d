"""Answers: what each slot shows, why, and what it was decided from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chassis.core.instants import format_instant


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
    """An offer that was looked at for a slot, and why it was eligible or not."""

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
    """The answer: blocks by slot, the codes of what was particular, and what it was made from."""

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
        """Plain JSON as `contracts.offers.DecisionAnswer`; the trace only to `explain`."""
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
