"""Conflicts, pure: the id of an event that was sent before, with other content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from chassis import Event
from contracts.incoming import IncomingEvent
from contracts.ingest import read_data
from identifiers import Accepted

DIGEST = "identifiers_digest"
"""The metadata that holds the digest of an event's identifiers."""

_CLAIMED = "claimed"
_DIGEST_BYTES = 12
_MOST_FIELDS = 20
_LONGEST_FIELD = 100


@dataclass(frozen=True, slots=True)
class SeenIdentifiers:
    """What is kept of an event's identifiers beside it.

    `digest` tells whether two events had the same ones; it is made of their keys. `address` is the
    key of the first contact, by priority. `contacts` are the keys by which all contacts count for
    caps, where these are others than that one.
    """

    digest: str
    address: str | None
    contacts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EventContent:
    """What an event says; `identifiers` is None where an earlier release has kept no digest."""

    type: str
    data: Mapping[str, Any]
    identifiers: str | None


def seen_identifiers(accepted: Accepted) -> SeenIdentifiers:
    """What is kept of the identifiers of an event; contacts are what somebody may have typed."""
    keys = sorted(identifier.key for identifier in accepted.keys)
    digest = hashlib.blake2b("\n".join(keys).encode(), digest_size=_DIGEST_BYTES).hexdigest()
    addresses = [each for each in accepted.keys if each.type.assurance == _CLAIMED]
    if not addresses:
        return SeenIdentifiers(digest, None)
    first = addresses[0].key
    contacts = tuple(each.contact for each in addresses)
    return SeenIdentifiers(digest, first, () if contacts == (first,) else contacts)


def content_of(event: IncomingEvent, seen: SeenIdentifiers) -> EventContent:
    """The content of an event that has come in."""
    return EventContent(event.type, event.data, seen.digest)


def recorded_content(event: Event) -> EventContent:
    """The content of an event of the log."""
    data = {name: value for name, value in event.data.items() if name != "context"}
    return EventContent(event.type, data, event.metadata.get(DIGEST))


def differing_fields(before: EventContent, after: EventContent) -> tuple[str, ...]:
    """The names of the fields in which two contents differ, as paths; empty if they agree.

    What another release has recorded is read as this one would read it.
    """
    if before == after:
        return ()
    return tuple(islice(_differing(before, after), _MOST_FIELDS))


def find_conflicts(
    events: Mapping[int, IncomingEvent],
    contents: Mapping[int, EventContent],
    recorded: Mapping[str, EventContent],
) -> dict[int, tuple[str, ...]]:
    """The places of events whose id stands for other content, and the fields that differ.

    `recorded` has by id what was recorded, or deferred, before. Of events in one call that share an
    id, the first one counts.
    """
    known = dict(recorded)
    conflicts: dict[int, tuple[str, ...]] = {}
    for place, event in events.items():
        before = known.setdefault(event.id, contents[place])
        if fields := differing_fields(before, contents[place]):
            conflicts[place] = fields
    return conflicts


def _differing(before: EventContent, after: EventContent) -> Iterator[str]:
    if before.type != after.type:
        yield "type"
    if None not in (before.identifiers, after.identifiers) and (
        before.identifiers != after.identifiers
    ):
        yield "identifiers"
    if before.type != after.type:
        return
    ours, theirs = before.data, after.data
    if ours != theirs:
        ours = read_data(before.type, ours)
    for name in sorted(ours.keys() | theirs.keys()):
        if name not in ours or name not in theirs or ours[name] != theirs[name]:
            yield f"data.{name}"[:_LONGEST_FIELD]
