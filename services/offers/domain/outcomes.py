"""Outcomes: what became of the blocks of a decision, and how they are joined with it. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from chassis import DAY, MINUTE, Draft, Event
from chassis.core.field_message import FieldMessage
from contracts.outcomes import OUTCOME_TYPES

_IDS = uuid.UUID("0f0c1d4e-6a6e-4a55-9a3b-7e6f2a1c9d20")
_AHEAD = "is more than a day ahead of our clock; send when it happened, in UTC"
CONFLICT = "stands for another outcome, which was sent before; send this one under an id of its own"

_SENT = ("outcome_id", "decision_id", "slot", "offer_id", "value", "currency", "order_id", "store")


class Misfit(Exception):
    """An outcome does not fit its decision: the field, and what to send instead."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(field, message)
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True)
class OfferOutcome:
    """What became of a block at `at` (µs); `value` is in minor units of `currency`.

    `kind` is shown, clicked or converted. `offer_version`, `variant` and `placement` are of the
    decision, None until the outcome is joined with it, and of a fallback block the first two.
    """

    outcome_id: str
    decision_id: str
    slot: str
    kind: str
    at: int
    offer_id: str | None = None
    value: int | None = None
    currency: str | None = None
    order_id: str | None = None
    store: str | None = None
    offer_version: int | None = None
    variant: str | None = None
    placement: str | None = None

    @property
    def event_id(self) -> str:
        """The id of its event."""
        return event_id_of(self.outcome_id)

    def data(self) -> dict[str, Any]:
        """The data of its event: see `contracts.outcomes`."""
        names = (*_SENT, "placement", "offer_version", "variant")
        values = {name: getattr(self, name) for name in names}
        return {name: value for name, value in values.items() if value is not None}

    def draft(self, profile_id: str | None) -> Draft:
        """Its event, in the stream of the outcomes of the decision."""
        return Draft(
            id=self.event_id,
            stream=outcome_stream(self.decision_id),
            type=OUTCOME_TYPES[self.kind],
            data=self.data(),
            occurred_at=self.at,
            metadata={"profile_id": profile_id} if profile_id else {},
        )


@dataclass(frozen=True, slots=True)
class JoinedOutcome:
    """An outcome with the data of its decision, as `offer_decided` has it."""

    outcome: OfferOutcome
    decision: Mapping[str, Any]


def outcome_stream(decision_id: str) -> str:
    """The stream of the outcomes of a decision."""
    return f"outcomes:{decision_id}"


def outcome_of(report: Mapping[str, Any], now: int) -> OfferOutcome:
    """The outcome of a checked report; Misfit if it is dated more than a day after `now` (µs)."""
    at = report.get("at")
    if at is not None and at > now + DAY:
        raise Misfit("at", _AHEAD)
    sent = {name: report[name] for name in _SENT if report.get(name) is not None}
    outcome_id = sent.pop("outcome_id", None) or _own_id(report)
    return OfferOutcome(
        outcome_id=outcome_id, kind=report["kind"], at=now if at is None else min(at, now), **sent
    )


def kept_outcome(plain: Mapping[str, Any]) -> OfferOutcome:
    """An outcome that waited for its decision; what a later release has added is passed over."""
    names = [each.name for each in fields(OfferOutcome)]
    return OfferOutcome(**{name: plain[name] for name in names if name in plain})


def joinable_since(turn: int, now: int, last_at: int) -> int:
    """Since when (µs) the outcomes were recorded that are joined in a turn; in turn 0 all are.

    What has come since the last turn, at `last_at`, has this one. Outcomes of the last minute have
    every turn, those of the last two every other one, and so on: of decisions that never come any
    number may wait.
    """
    return min(now - MINUTE * (turn & -turn), last_at - MINUTE) if turn else 0


def twin_id(outcome: OfferOutcome, decision: Mapping[str, Any]) -> str | None:
    """The id under which the same may have been reported with its offer, or else without it.

    A slot that shows one block needs no offer: the page may leave it out and the server name it.
    None if the id is the sender's own, or the slot shows several blocks or none of an offer.
    """
    blocks = decision["slots"].get(outcome.slot, ())
    offer_id = blocks[0]["offer_id"] if len(blocks) == 1 else None
    if offer_id is None:
        return None
    report = {**asdict(outcome), "offer_id": offer_id}
    ids = [_own_id(report), _own_id({**report, "offer_id": None})]
    if outcome.outcome_id not in ids:
        return None
    return ids[1 - ids.index(outcome.outcome_id)]


def event_id_of(outcome_id: str) -> str:
    """The id of the event of an outcome: reports of any words cannot meet that of another event."""
    return str(uuid.uuid5(_IDS, outcome_id))


def _own_id(report: Mapping[str, Any]) -> str:
    """What counts once without an id: a kind, in a slot of a decision, of an offer and an order."""
    names = ("decision_id", "slot", "kind", "offer_id", "store", "order_id")
    return "/".join(str(report[name]) for name in names if report.get(name) is not None)


def joined(outcome: OfferOutcome, decision: Mapping[str, Any]) -> JoinedOutcome:
    """The outcome with what its decision says of the block; Misfit if that showed no such block."""
    slots = decision["slots"]
    blocks = slots.get(outcome.slot)
    if not blocks:
        raise Misfit("slot", f"is not one of this decision; it has {', '.join(sorted(slots))}")
    block = _block(outcome, blocks)
    whole = replace(
        outcome,
        placement=decision["placement"],
        offer_id=block["offer_id"],
        offer_version=block["offer_version"],
        variant=block["variant"],
    )
    return JoinedOutcome(whole, decision)


def _block(outcome: OfferOutcome, blocks: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    names = [block["offer_id"] or "a fallback block" for block in blocks]
    if outcome.offer_id is None:
        if len(blocks) > 1:
            raise Misfit("offer_id", f"is missing: this slot shows {', '.join(names)}; say which")
        return blocks[0]
    for block in blocks:
        if block["offer_id"] == outcome.offer_id:
            return block
    raise Misfit("offer_id", f"was not chosen for this slot, which shows {', '.join(names)}")


def is_same(outcome: OfferOutcome, before: Draft | Event) -> bool:
    """Whether an event, found by its id, tells of this outcome: when it happened may differ."""
    if before.type != OUTCOME_TYPES[outcome.kind]:
        return False
    names = [name for name in _SENT if name != "outcome_id"]
    sent = {name: getattr(outcome, name) for name in names}
    logged = {name: before.data.get(name) for name in names}
    if sent["offer_id"] is None or logged["offer_id"] is None:
        sent["offer_id"] = logged["offer_id"] = None
    return sent == logged


def messages(error: Misfit, path: str) -> list[FieldMessage]:
    """What a receipt says of a misfit."""
    return [FieldMessage(f"{path}.{error.field}", error.message)]
