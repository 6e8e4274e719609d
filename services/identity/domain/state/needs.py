"""What has to be loaded, and that it was not. Pure."""

from __future__ import annotations

from dataclasses import dataclass

Moment = tuple[str, int, int]  # the key of a device, a time, and how many periods around it


@dataclass(frozen=True, slots=True)
class Needs:
    """What has to be loaded: profiles, streams and groups whole, addresses with the streams that a
    proof moves, the sightings of pairs of an address and a stream, what a desk has pinned to
    streams (`anchors`), and the periods of devices around some `moments`."""

    profiles: frozenset[str] = frozenset()
    streams: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()
    pairs: frozenset[tuple[str, str]] = frozenset()
    anchors: frozenset[str] = frozenset()
    moments: frozenset[Moment] = frozenset()

    def __or__(self, other: Needs) -> Needs:
        return Needs(
            self.profiles | other.profiles,
            self.streams | other.streams,
            self.groups | other.groups,
            self.addresses | other.addresses,
            self.pairs | other.pairs,
            self.anchors | other.anchors,
            self.moments | other.moments,
        )

    def __sub__(self, other: Needs) -> Needs:
        return Needs(
            self.profiles - other.profiles,
            self.streams - other.streams,
            self.groups - other.groups,
            self.addresses - other.addresses,
            self.pairs - other.pairs,
            self.anchors - other.anchors,
            self.moments - other.moments,
        )

    def __bool__(self) -> bool:
        return any(
            (
                self.profiles,
                self.streams,
                self.groups,
                self.addresses,
                self.pairs,
                self.anchors,
                self.moments,
            )
        )


class Incomplete(Exception):
    """The result depends on what was not loaded.

    Of several observations, the first `resolved` depend on nothing that is missing.
    """

    def __init__(self, needs: Needs, resolved: int = 0) -> None:
        super().__init__(needs)
        self.needs = needs
        self.resolved = resolved


class WouldChange(Exception):
    """A state that is only read would have to change."""
