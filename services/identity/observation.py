"""Observations: the identifiers that were seen together in one event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from identifiers import Identifier, IdentifierTypes, Ignored, accept

SIGNED_OUT = "signed_out"


@dataclass(frozen=True, slots=True)
class Observation:
    """What one event shows: accepted identifiers, and whether the shop had authenticated them.

    `time` is when it happened, in microseconds.
    """

    event_id: str
    type: str
    time: int
    authenticated: bool
    identifiers: tuple[Identifier, ...]
    ignored: tuple[Ignored, ...] = ()


def observe(
    event_id: str,
    type: str,  # noqa: A002 - the event's field
    time: int,
    identifiers: Mapping[str, str],
    authenticated: bool,
    types: IdentifierTypes,
    secret: bytes,
) -> Observation:
    """The observation of an event with these plain `identifiers`, hashed under `secret`."""
    accepted = accept(identifiers, types, secret)
    return Observation(event_id, type, time, authenticated, accepted.keys, accepted.ignored)
