"""Observations: the identifiers that were seen together in one event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from identifiers import Identifier, Ignored, accept
from services.identity.domain.state import IdentityPolicy

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


@dataclass(frozen=True, slots=True)
class Observer:
    """Makes observations, with the identifier types and the key under which values are hashed."""

    policy: IdentityPolicy
    key: bytes = field(repr=False)

    def observe(
        self,
        event_id: str,
        type: str,  # noqa: A002 - the field of the event
        time: int,
        identifiers: Mapping[str, str],
        authenticated: bool,
    ) -> Observation:
        """The observation of an event with these plain `identifiers`."""
        accepted = accept(identifiers, self.policy.types, self.key)
        return Observation(event_id, type, time, authenticated, accepted.keys, accepted.ignored)

    def keys(self, identifiers: Mapping[str, str] | Sequence[str]) -> set[str]:
        """The keys of plain identifiers {type: value}; keys as they are."""
        if isinstance(identifiers, Mapping):
            accepted = accept(identifiers, self.policy.types, self.key)
            return {identifier.key for identifier in accepted.keys}
        return set(identifiers)
