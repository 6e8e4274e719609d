"""Receipts, pure: what a call of `record` returns for each of its events."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chassis import Event
from chassis.core.field_message import FieldMessage
from contracts.event_schema import MAX_ID
from contracts.incoming import CheckedEvents, IncomingEvent
from identifiers import NONE_USABLE, Accepted, list_ignored
from rules import refunded_amount
from services.profiles.domain.conflicts import EventContent
from services.profiles.domain.recording import ResolvedEvent

ASSUMED_FULL = (
    "is missing, and so are total and products that all have prices: what is left of the order"
    " counts as refunded (assumed_full)"
)
CONFLICT = "stands for another event, which was sent before; send this one under an id of its own"


@dataclass(frozen=True, slots=True)
class LogPosition:
    """Where an event is in the log, and whether it had been there before the call."""

    stream: str
    version: int
    duplicate: bool


@dataclass(frozen=True, slots=True)
class RecordOutcome:
    """What the receipts of a call are made of.

    `positions`, `resolutions` and `refusals` go by event id, `profiles` by stream.
    `fact_versions` has the version of the last identity fact that this call has appended to each
    stream. `deferred` has the events that wait for identity, with the identifiers of each that will
    not be used. `recorded` has the content of those that had been sent before, and `warnings` what
    is odd about the orders of which events tell.
    """

    positions: Mapping[str, LogPosition]
    resolutions: Mapping[str, ResolvedEvent]
    refusals: Mapping[str, Mapping[str, Any]]
    profiles: Mapping[str, str]
    fact_versions: Mapping[str, int]
    deferred: Mapping[str, Sequence[Mapping[str, str]]] = field(default_factory=dict)
    recorded: Mapping[str, EventContent] = field(default_factory=dict)
    warnings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def duplicate_positions(stored: Mapping[str, Event]) -> dict[str, LogPosition]:
    """The positions of events that had been in the log before the call."""
    return {event.id: LogPosition(event.stream, event.version, True) for event in stored.values()}


def expected_refusals(accepted: Mapping[str, Accepted]) -> dict[str, Mapping[str, Any]]:
    """What identity will say of the events, by id, none of whose identifiers it can use."""
    return {
        event_id: {
            "error": NONE_USABLE,
            "ignored_identifiers": list_ignored(identifiers.ignored),
        }
        for event_id, identifiers in accepted.items()
        if not identifiers.keys
    }


def record_response(
    raw: Sequence[Any],
    events: CheckedEvents,
    outcome: RecordOutcome,
    conflicts: Collection[int] = (),
) -> dict[str, Any]:
    """The receipts of a call, one for each event in its order, and the token that covers them.

    `conflicts` has the places of events whose id stands for another one, of which nothing is told.
    """
    receipts = []
    repeated: set[str] = set()
    token: dict[str, int] = {}
    for index, sent in enumerate(raw):
        rejection = events.errors.get(index)
        if rejection is not None:
            receipt = _rejected(_readable_id(sent), rejection.errors)
            receipts.append(receipt | {"warnings": _to_wire(rejection.warnings)})
            continue
        event = events.valid[index]
        if event.id in outcome.refusals:
            receipt = _refused(event.id, index, outcome.refusals[event.id])
        elif index in conflicts:
            receipt = _not_written(
                event.id, "conflict", [FieldMessage(f"events[{index}].id", CONFLICT)]
            )
        elif event.id in outcome.positions:
            receipt = _in_log(event.id, outcome, is_repeated=event.id in repeated)
            repeated.add(event.id)
            for stream, version in receipt["token"].items():
                token[stream] = max(version, token.get(stream, 0))
        else:
            receipt = {
                "event_id": event.id,
                "status": "accepted",
                "ignored_identifiers": list(outcome.deferred[event.id]),
            }
        receipts.append(receipt | {"warnings": _to_wire(_warnings(event, index, outcome))})
    return {"receipts": receipts, "token": token}


def _warnings(event: IncomingEvent, index: int, outcome: RecordOutcome) -> Sequence[FieldMessage]:
    """What is odd about an event and its order, and a refund that is taken for the whole order."""
    if (found := outcome.warnings.get(event.id)) is not None:
        of_order = FieldMessage(f"events[{index}].{found['field']}", found["message"])
        return (*event.warnings, of_order)
    if event.type != "order_refunded" or refunded_amount(event.data) is not None:
        return event.warnings
    return (*event.warnings, FieldMessage(f"events[{index}].data.amount", ASSUMED_FULL))


def _in_log(event_id: str, outcome: RecordOutcome, *, is_repeated: bool) -> dict[str, Any]:
    position = outcome.positions[event_id]
    resolution = outcome.resolutions.get(event_id)
    # What is told of an order that nobody knows of yet is nobody's.
    profile_id = outcome.profiles.get(position.stream)
    token = {
        stream: version
        for stream, version in outcome.fact_versions.items()
        if profile_id is not None and outcome.profiles[stream] == profile_id
    }
    token[position.stream] = max(position.version, token.get(position.stream, 0))
    return {
        "event_id": event_id,
        "status": "duplicate" if position.duplicate or is_repeated else "appended",
        **({} if profile_id is None else {"profile_id": profile_id}),
        "stream_id": position.stream,
        "version": position.version,
        "token": token,
        "ignored_identifiers": list(resolution.ignored) if resolution else [],
    }


def _refused(event_id: str, index: int, refusal: Mapping[str, Any]) -> dict[str, Any]:
    """The receipt of an event that identity refuses."""
    error = FieldMessage(
        f"events[{index}].{refusal['error']['field']}", refusal["error"]["message"]
    )
    receipt = _rejected(event_id, [error])
    return receipt | {"ignored_identifiers": refusal["ignored_identifiers"]}


def _rejected(event_id: str | None, errors: Sequence[FieldMessage]) -> dict[str, Any]:
    return _not_written(event_id, "rejected", errors)


def _not_written(
    event_id: str | None, status: str, errors: Sequence[FieldMessage]
) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "status": status,
        "ignored_identifiers": [],
        "error": errors[0].to_wire(),
        "errors": _to_wire(errors),
    }


def _to_wire(messages: Sequence[FieldMessage]) -> list[dict[str, str]]:
    return [message.to_wire() for message in messages]


def _readable_id(raw: Any) -> str | None:
    """The id of a rejected event, if it has one that may be repeated."""
    event_id = raw.get("id") if isinstance(raw, dict) else None
    if isinstance(event_id, str) and 0 < len(event_id) <= MAX_ID and event_id.isprintable():
        return event_id
    return None
