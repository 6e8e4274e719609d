"""Receipts, pure: what a call of `record` returns for each of its events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chassis import Event
from contracts.ingest import MAX_ID, CheckedEvents
from identifiers import NONE_USABLE, Accepted, list_ignored
from services.profiles.domain.recording import ResolvedEvent


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
    not be used.
    """

    positions: Mapping[str, LogPosition]
    resolutions: Mapping[str, ResolvedEvent]
    refusals: Mapping[str, Mapping[str, Any]]
    profiles: Mapping[str, str]
    fact_versions: Mapping[str, int]
    deferred: Mapping[str, Sequence[Mapping[str, str]]] = field(default_factory=dict)


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
    raw: Sequence[Any], events: CheckedEvents, outcome: RecordOutcome
) -> dict[str, Any]:
    """The receipts of a call, one for each event in its order, and the token that covers them."""
    receipts = []
    repeated: set[str] = set()
    token: dict[str, int] = {}
    for index, sent in enumerate(raw):
        if (error := events.errors.get(index)) is not None:
            receipts.append(_rejected(_readable_id(sent), error.subject, error.message))
            continue
        event = events.valid[index]
        if event.id in outcome.positions:
            receipt = _in_log(event.id, outcome, is_repeated=event.id in repeated)
            repeated.add(event.id)
            for stream, version in receipt["token"].items():
                token[stream] = max(version, token.get(stream, 0))
            receipts.append(receipt)
        elif event.id in outcome.deferred:
            receipts.append(
                {
                    "event_id": event.id,
                    "status": "accepted",
                    "ignored_identifiers": list(outcome.deferred[event.id]),
                }
            )
        else:
            refusal = outcome.refusals[event.id]
            field = f"events[{index}].{refusal['error']['field']}"
            rejected = _rejected(event.id, field, refusal["error"]["message"])
            receipts.append({**rejected, "ignored_identifiers": refusal["ignored_identifiers"]})
    return {"receipts": receipts, "token": token}


def _in_log(event_id: str, outcome: RecordOutcome, *, is_repeated: bool) -> dict[str, Any]:
    position = outcome.positions[event_id]
    resolution = outcome.resolutions.get(event_id)
    profile_id = outcome.profiles[position.stream]
    token = {
        stream: version
        for stream, version in outcome.fact_versions.items()
        if outcome.profiles[stream] == profile_id
    }
    token[position.stream] = max(position.version, token.get(position.stream, 0))
    return {
        "event_id": event_id,
        "status": "duplicate" if position.duplicate or is_repeated else "appended",
        "profile_id": profile_id,
        "stream_id": position.stream,
        "version": position.version,
        "token": token,
        "ignored_identifiers": list(resolution.ignored) if resolution else [],
    }


def _rejected(event_id: str | None, field: str, message: str) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "status": "rejected",
        "ignored_identifiers": [],
        "error": {"field": field, "message": message},
    }


def _readable_id(raw: Any) -> str | None:
    """The id of a rejected event, if it has one that may be repeated."""
    event_id = raw.get("id") if isinstance(raw, dict) else None
    if isinstance(event_id, str) and len(event_id) <= MAX_ID and event_id.isprintable():
        return event_id
    return None
