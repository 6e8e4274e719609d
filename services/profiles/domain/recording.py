"""Recording, pure: checked events and what identity says of them become drafts and receipts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chassis import Draft, Event, InvalidInput, JointDraft, format_instant
from contracts.ingest import MAX_ID, IncomingEvent
from identifiers import Accepted

_PLACE = ("stream", "version")  # what the log adds to the entries of a joint fact
_KEPT = ("causation_id",)  # the rest of a fact's metadata is about its place in identity's log


@dataclass(frozen=True, slots=True)
class ResolvedEvent:
    """Identity's answer for one event: the stream that it goes to, and whose that stream is."""

    stream: str
    profile_id: str
    epoch: int
    assurance: str
    ignored: Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class LogPosition:
    """Where an event is in the log, and whether it had been there before the call."""

    stream: str
    version: int
    duplicate: bool


def places(known: Mapping[str, Event]) -> dict[str, LogPosition]:
    """Where events are that had been in the log before the call."""
    return {event.id: LogPosition(event.stream, event.version, True) for event in known.values()}


def ignored_of(accepted: Accepted) -> list[dict[str, str]]:
    """The identifiers that identity will not use, and why."""
    return [{"type": unused.type, "reason": unused.reason} for unused in accepted.ignored]


def refusals(accepted: Mapping[str, Accepted]) -> dict[str, Mapping[str, Any]]:
    """What identity will answer of the events, by id, none of whose identifiers it can use."""
    message = "has none that can be used; ignored_identifiers says why"
    return {
        event_id: {
            "error": {"field": "identifiers", "message": message},
            "ignored_identifiers": ignored_of(found),
        }
        for event_id, found in accepted.items()
        if not found.keys
    }


def first_by_id(events: Sequence[IncomingEvent | InvalidInput]) -> dict[str, IncomingEvent]:
    """The valid events of a call by id; of those that share an id, the first."""
    first: dict[str, IncomingEvent] = {}
    for event in events:
        if isinstance(event, IncomingEvent):
            first.setdefault(event.id, event)
    return first


def observation(event: IncomingEvent) -> dict[str, Any]:
    """What identity is asked about an event."""
    return {
        "event_id": event.id,
        "type": event.type,
        "time": format_instant(event.time),
        "identifiers": dict(event.identifiers),
        "authenticated": event.authenticated,
    }


def read_resolutions(
    answers: Sequence[Mapping[str, Any]],
) -> tuple[dict[str, ResolvedEvent], dict[str, Mapping[str, Any]]]:
    """Identity's answers by event id: the resolutions, and the answers that refuse an event."""
    resolved: dict[str, ResolvedEvent] = {}
    refused: dict[str, Mapping[str, Any]] = {}
    for answer in answers:
        if answer.get("error"):
            refused[answer["event_id"]] = answer
        else:
            resolved[answer["event_id"]] = ResolvedEvent(
                stream=answer["stream_id"],
                profile_id=answer["profile_id"],
                epoch=answer["epoch"],
                assurance=answer["assurance"],
                ignored=answer["ignored_identifiers"],
            )
    return resolved, refused


def draft(event: IncomingEvent, resolution: ResolvedEvent) -> Draft:
    """The event as it goes into the log; identifier values stay outside."""
    metadata: dict[str, Any] = {
        "profile_id": resolution.profile_id,
        "assurance": resolution.assurance,
        "authenticated": event.authenticated,
    }
    if event.original_time is not None:
        metadata["told_time"] = event.original_time
    data = event.data if event.context is None else {**event.data, "context": event.context}
    return Draft(
        id=event.id,
        stream=resolution.stream,
        type=event.type,
        data=data,
        occurred_at=event.time,
        metadata=metadata,
    )


def fact_draft(fact: Event) -> JointDraft:
    """A fact of identity's log as it goes into ours: the same fact, with versions of its own."""
    data = {name: value for name, value in fact.data.items() if name not in ("fact_id", "streams")}
    return JointDraft(
        id=fact.data["fact_id"],
        type=fact.type,
        entries={
            entry["stream"]: {name: value for name, value in entry.items() if name not in _PLACE}
            for entry in fact.data["streams"]
        },
        data=data,
        occurred_at=fact.occurred_at,
        schema_version=fact.schema_version,
        metadata={n: fact.metadata[n] for n in _KEPT if n in fact.metadata},
    )


def fact_drafts(facts: Iterable[Event]) -> list[JointDraft]:
    """The drafts of identity's facts, one of each, in the order in which they are given."""
    return list({fact.data["fact_id"]: fact_draft(fact) for fact in facts}.values())


def unexplained(
    resolutions: Iterable[ResolvedEvent], epochs: Mapping[str, int], facts: Iterable[JointDraft]
) -> dict[str, int]:
    """The streams that identity has moved further than our log and `facts` know, and their epochs.

    `epochs` is the last epoch in our log by stream. An event must not be recorded before the facts
    that it was resolved under: they are fetched from identity's history, whose versions are epochs.
    """
    known = dict(epochs)
    for fact in facts:
        for stream, entry in fact.entries.items():
            known[stream] = max(known.get(stream, 0), entry["epoch"])
    return {
        resolution.stream: known.get(resolution.stream, 0)
        for resolution in resolutions
        if resolution.epoch > known.get(resolution.stream, 0)
    }


@dataclass(frozen=True, slots=True)
class RecordOutcome:
    """All that receipts are made of.

    `places` and `refused` go by event id, `profiles` by stream; `moved` has the version of the
    last identity fact of this call in each stream that one moved. `waiting` has the events that
    wait for identity, and the identifiers of each that will not be used.
    """

    places: Mapping[str, LogPosition]
    resolutions: Mapping[str, ResolvedEvent]
    refused: Mapping[str, Mapping[str, Any]]
    profiles: Mapping[str, str]
    moved: Mapping[str, int]
    waiting: Mapping[str, Sequence[Mapping[str, str]]] = field(default_factory=dict)


def answer(
    raw: Sequence[Any], events: Sequence[IncomingEvent | InvalidInput], outcome: RecordOutcome
) -> dict[str, Any]:
    """The receipts of a call, one an event in its order, and the token that covers them all."""
    receipts = []
    told: set[str] = set()
    token: dict[str, int] = {}
    for index, event in enumerate(events):
        if isinstance(event, InvalidInput):
            receipts.append(_rejected(_readable_id(raw[index]), event.subject, event.message))
        elif event.id in outcome.places:
            receipt = _placed(event.id, outcome, repeated=event.id in told)
            told.add(event.id)
            for stream, version in receipt["token"].items():
                token[stream] = max(version, token.get(stream, 0))
            receipts.append(receipt)
        elif event.id in outcome.waiting:
            receipts.append(
                {
                    "event_id": event.id,
                    "status": "accepted",
                    "ignored_identifiers": list(outcome.waiting[event.id]),
                }
            )
        else:
            refusal = outcome.refused[event.id]
            field = f"events[{index}].{refusal['error']['field']}"
            rejected = _rejected(event.id, field, refusal["error"]["message"])
            receipts.append({**rejected, "ignored_identifiers": refusal["ignored_identifiers"]})
    return {"receipts": receipts, "token": token}


def _placed(event_id: str, outcome: RecordOutcome, *, repeated: bool) -> dict[str, Any]:
    place = outcome.places[event_id]
    resolution = outcome.resolutions.get(event_id)
    profile_id = outcome.profiles[place.stream]
    token = {
        stream: version
        for stream, version in outcome.moved.items()
        if outcome.profiles[stream] == profile_id
    }
    token[place.stream] = max(place.version, token.get(place.stream, 0))
    return {
        "event_id": event_id,
        "status": "duplicate" if place.duplicate or repeated else "appended",
        "profile_id": profile_id,
        "stream_id": place.stream,
        "version": place.version,
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
    """The id of an event that was refused, if it has one that may be repeated."""
    event_id = raw.get("id") if isinstance(raw, dict) else None
    if isinstance(event_id, str) and len(event_id) <= MAX_ID and event_id.isprintable():
        return event_id
    return None
