"""What has to be loaded, and that it was not. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Needs:
    """What has to be loaded: profiles, streams and groups whole, addresses with the streams that a
    proof moves, and the sightings of pairs of an address and a stream."""

    profiles: frozenset[str] = frozenset()
    streams: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()
    pairs: frozenset[tuple[str, str]] = frozenset()

    def __or__(self, other: Needs) -> Needs:
        return Needs(
            self.profiles | other.profiles,
            self.streams | other.streams,
            self.groups | other.groups,
            self.addresses | other.addresses,
            self.pairs | other.pairs,
        )

    def __sub__(self, other: Needs) -> Needs:
        return Needs(
            self.profiles - other.profiles,
            self.streams - other.streams,
            self.groups - other.groups,
            self.addresses - other.addresses,
            self.pairs - other.pairs,
        )

    def __bool__(self) -> bool:
        return any((self.profiles, self.streams, self.groups, self.addresses, self.pairs))


class Incomplete(Exception):
    """The result depends on what was not loaded."""

    def __init__(self, needs: Needs) -> None:
        super().__init__(needs)
        self.needs = needs


class WouldChange(Exception):
    """A state that is only read would have to change."""
