"""Facts: the single events of a profile, for rules that read their data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Fact:
    """One event: when it happened (µs), its id, and its data in plain JSON."""

    at: int
    id: str
    data: Any

    @property
    def stream(self) -> str:
        """The stream that it is in, if its id is that and a version, as services have them."""
        return self.id.partition("/")[0]


class Facts(Protocol):
    """The events of a profile by type, of all its streams."""

    def events(self, event_type: str, after: int | None = None) -> Sequence[Fact]:
        """Those of a type, ascending by (at, stream, version); later than now ones among them.

        All of the longest window that a rule reads (`Reads.facts`) have to be there, or of these
        those later than `after`; older ones may be.
        """
        ...


class ListedFacts:
    """Facts in memory: `listed` has the events of each type in their order."""

    __slots__ = ("_listed",)

    def __init__(self, listed: Mapping[str, Sequence[Fact]]) -> None:
        self._listed = listed

    @classmethod
    def of(cls, events: Iterable[tuple[str, Fact]]) -> ListedFacts:
        """The facts of (type, event) pairs in any order; of one instant by their ids."""
        listed: dict[str, list[Fact]] = {}
        for event_type, fact in events:
            listed.setdefault(event_type, []).append(fact)
        for facts in listed.values():
            facts.sort(key=lambda fact: (fact.at, fact.id))
        return cls(listed)

    def events(self, event_type: str, after: int | None = None) -> Sequence[Fact]:  # noqa: ARG002
        """Those of a type, whatever their age; none of a type that is not listed."""
        return self._listed.get(event_type, ())


EMPTY_FACTS: Facts = ListedFacts({})
