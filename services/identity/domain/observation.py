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

    `time` is when it happened, in microseconds. `origin` is the entry that the event came in by,
    `proven` the types of contacts that it proves (None: as configured), and `refuses` the purposes
    to which it refuses consent.
    """

    event_id: str
    type: str
    time: int
    authenticated: bool
    identifiers: tuple[Identifier, ...]
    ignored: tuple[Ignored, ...] = ()
    origin: str = "server"
    proven: frozenset[str] | None = None
    refuses: tuple[str, ...] = ()


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
        origin: str = "server",
        proven: Sequence[str] | None = None,
        refuses: Sequence[str] = (),
    ) -> Observation:
        """The observation of an event with these plain `identifiers`."""
        accepted = accept(identifiers, self.policy.types, self.key)
        return Observation(
            event_id,
            type,
            time,
            authenticated,
            accepted.keys,
            accepted.ignored,
            origin,
            None if proven is None else frozenset(proven),
            tuple(refuses),
        )

    def keys(self, identifiers: Mapping[str, str] | Sequence[str]) -> set[str]:
        """The keys of plain identifiers {type: value}; keys as they are."""
        if isinstance(identifiers, Mapping):
            accepted = accept(identifiers, self.policy.types, self.key)
            return {identifier.key for identifier in accepted.keys}
        return set(identifiers)
