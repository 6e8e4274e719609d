"""Recording, pure: checked events, resolved by identity, become drafts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chassis import Draft, Event, JointDraft, format_instant
from contracts.event_types import EVENT_VERSIONS
from contracts.incoming import IncomingEvent
from identifiers import NONE_USABLE, Accepted
from rules import purpose_name
from services.profiles.domain.conflicts import DIGEST, SeenIdentifiers

_POSITION = ("stream", "version")  # what a log adds to the entries of a joint fact
SERVER = "server"
# Loyalty, consent, and the traits of the loyalty programme.
_NEEDS_PROOF = frozenset(
    {
        "consent_changed",
        "loyalty_enrolled",
        "loyalty_points_changed",
        "loyalty_tier_changed",
        "traits_changed",
    }
)
# Of a channel of an address, in compounds (`smsMarketing`, `emailing`), plurals and some languages.
_CHANNEL = re.compile(
    r"mail|courriel|correo|newsletter|infolettre|rundbrief|[sm]ms|(?<!micro)phone|telefon|teléfon"
    r"|whats_?app|messag|marketing|promo|(?<![^\W_])(text|call)(s|ing)?(?![^\W_])"
)
_COPIED = ("causation_id",)  # the rest of a fact's metadata is about its place in identity's log


# What identity would say of an event without identifiers.
NOBODY: Mapping[str, Any] = {"error": NONE_USABLE, "ignored_identifiers": []}


class MissingFacts(Exception):
    """Identity has moved streams past the `epochs` that our log and the facts at hand have."""

    def __init__(self, epochs: Mapping[str, int]) -> None:
        super().__init__(epochs)
        self.epochs = epochs


@dataclass(frozen=True, slots=True)
class ResolvedEvent:
    """Identity's response for one event: the stream that it goes to, and whose that stream is."""

    stream: str
    profile_id: str
    epoch: int
    assurance: str
    ignored: Sequence[Mapping[str, str]]
    tenure_stream: str | None = None
    """That of the device, where the event goes to the stream of an address; with its epoch"""
    tenure_epoch: int = 0

    @property
    def epochs(self) -> Iterable[tuple[str, int]]:
        """The streams that it names, with their epochs."""
        yield self.stream, self.epoch
        if self.tenure_stream is not None:
            yield self.tenure_stream, self.tenure_epoch


@dataclass(frozen=True, slots=True)
class ResolvedBatch:
    """Identity's response for several events, by event id, and the facts that it led to.

    An event is in `resolutions`, or in `refusals` with the response that refuses it.
    """

    resolutions: Mapping[str, ResolvedEvent]
    refusals: Mapping[str, Mapping[str, Any]]
    facts: Sequence[Event]


def first_by_id(events: Iterable[IncomingEvent]) -> dict[str, IncomingEvent]:
    """The events by id; of those that share an id, the first."""
    first: dict[str, IncomingEvent] = {}
    for event in events:
        first.setdefault(event.id, event)
    return first


def observation(event: IncomingEvent) -> dict[str, Any]:
    """The observation of an event, as identity takes it."""
    seen: dict[str, Any] = {
        "event_id": event.id,
        "type": event.type,
        "time": format_instant(event.time),
        "identifiers": dict(event.identifiers),
        "authenticated": event.authenticated,
    }
    if event.origin != SERVER:
        seen["origin"] = event.origin
    if event.proven is not None:
        seen["proven"] = list(event.proven)
    return seen


def channels_refused(event: IncomingEvent) -> list[str]:
    """The channels of an address (e-mail, text messages, marketing) that an event refuses."""
    if event.type != "consent_changed":
        return []
    purposes = purposes_of(event.data)
    return sorted(name for name, granted in purposes.items() if not granted and is_channel(name))


def purposes_of(data: Mapping[str, Any]) -> Mapping[str, bool]:
    """The purposes that the data of `consent_changed` names, and whether they are granted.

    Of two spellings of one purpose the refusal counts.
    """
    sent: Mapping[str, Any] = data.get("purposes") or {data.get("purpose"): data.get("granted")}
    purposes: dict[str, bool] = {}
    for purpose, granted in sent.items():
        name = purpose_name(purpose)
        purposes[name] = bool(granted) and purposes.get(name, True)
    return purposes


def is_channel(purpose: str) -> bool:
    """Whether a purpose is a channel of an address, and not of a device or an account."""
    return _CHANNEL.search(purpose_name(purpose)) is not None


def read_resolutions(
    responses: Sequence[Mapping[str, Any]],
) -> tuple[dict[str, ResolvedEvent], dict[str, Mapping[str, Any]]]:
    """Identity's responses by event id: the resolutions, and those that refuse an event."""
    resolutions: dict[str, ResolvedEvent] = {}
    refusals: dict[str, Mapping[str, Any]] = {}
    for response in responses:
        if response.get("error"):
            refusals[response["event_id"]] = response
        else:
            tenure = response.get("came_from") or {}
            resolutions[response["event_id"]] = ResolvedEvent(
                stream=response["stream_id"],
                profile_id=response["profile_id"],
                epoch=response["epoch"],
                assurance=response["assurance"],
                ignored=response["ignored_identifiers"],
                tenure_stream=tenure.get("stream_id"),
                tenure_epoch=tenure.get("epoch", 0),
            )
    return resolutions, refusals


def draft(
    event: IncomingEvent, resolution: ResolvedEvent, seen: SeenIdentifiers | None = None
) -> Draft:
    """The event as it goes into the log; identifier values stay outside."""
    metadata: dict[str, Any] = {
        "profile_id": resolution.profile_id,
        "assurance": resolution.assurance,
        "authenticated": event.authenticated,
    }
    if event.origin != SERVER:
        metadata["origin"] = event.origin
    if event.proven is not None:
        metadata["proven"] = list(event.proven)
    if event.arrival is not None:
        metadata["arrival"] = list(event.arrival)
    if seen is not None:
        metadata[DIGEST] = seen.digest
        if seen.address is not None:
            metadata["address"] = seen.address
        if seen.contacts:
            metadata["contacts"] = " ".join(seen.contacts)
    if event.original_time is not None:
        metadata["told_time"] = event.original_time
    data = event.data if event.context is None else {**event.data, "context": event.context}
    return Draft(
        id=event.id,
        stream=resolution.stream,
        type=event.type,
        data=data,
        occurred_at=event.time,
        schema_version=EVENT_VERSIONS.get(event.type, 1),
        metadata=metadata,
    )


def with_proof(draft: Draft, event: IncomingEvent, accepted: Accepted) -> Draft:
    """The draft; what is told without proof says so, where an account is not to have it.

    What a shop tells of an address alone belongs to whoever proves that address.
    """
    if event.authenticated or event.type not in _NEEDS_PROOF:
        return draft
    contacts = [each for each in accepted.keys if each.type.assurance == "claimed"]
    if event.origin == SERVER and len(contacts) == len(accepted.keys):
        return draft
    if _proves_address(event, [contact.type.name for contact in contacts]):
        return draft
    return replace(draft, metadata={**draft.metadata, "unproven": True})


def _proves_address(event: IncomingEvent, contacts: Sequence[str]) -> bool:
    """Whether a shop vouches for the address of a consent: its opt-in link was opened."""
    is_shops = event.origin == SERVER and event.type == "consent_changed"
    return is_shops and contacts[:1] != [] and contacts[0] in (event.proven or ())


def fact_draft(fact: Event) -> JointDraft:
    """The draft of a fact of identity's log for our own: the same fact, with our own versions."""
    data = {name: value for name, value in fact.data.items() if name not in ("fact_id", "streams")}
    return JointDraft(
        id=fact.data["fact_id"],
        type=fact.type,
        entries={
            entry["stream"]: {name: value for name, value in entry.items() if name not in _POSITION}
            for entry in fact.data["streams"]
        },
        data=data,
        occurred_at=fact.occurred_at,
        schema_version=fact.schema_version,
        metadata={name: fact.metadata[name] for name in _COPIED if name in fact.metadata},
    )


def fact_drafts(facts: Iterable[Event]) -> list[JointDraft]:
    """The drafts of identity's facts in their order, one for all copies of each."""
    return list({fact.data["fact_id"]: fact_draft(fact) for fact in facts}.values())


def missing_epochs(
    resolutions: Iterable[ResolvedEvent], epochs: Mapping[str, int], facts: Iterable[JointDraft]
) -> dict[str, int]:
    """The streams of which identity has later facts than our log and `facts`, with the last epoch.

    `epochs` has the last epoch in our log by stream. An event must not be recorded before the facts
    that it was resolved under: they are fetched from identity's log, where versions are epochs.
    """
    last = dict(epochs)
    for fact in facts:
        for stream, entry in fact.entries.items():
            last[stream] = max(last.get(stream, 0), entry["epoch"])
    return {
        stream: last.get(stream, 0)
        for resolution in resolutions
        for stream, epoch in resolution.epochs
        if epoch > last.get(stream, 0)
    }
