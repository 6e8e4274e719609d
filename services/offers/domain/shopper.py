"""Shoppers: what offers knows of whoever asks."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from typing import Any

from rules import Reads, Situation
from rules.language.vocabulary import reach

FIRST_TIME_VISITOR = "first_time_visitor"


@dataclass(frozen=True, slots=True)
class Shopper:
    """The shopper as rules and content see them; by default somebody unknown.

    `assurance` is verified, device, claimed or none. `streams` has the applied version of each of
    the profile's streams, `segments_version` is that of its stream in segments' log. `ignored` has
    the types of identifiers that were not used, each with the reason. `degraded` has the codes of
    what the data lacks. `unreadable` has the segments whose rules a release cannot read, and since
    when (µs): the shopper is in them, or is not, as before.
    """

    profile_id: str | None = None
    assurance: str = "none"
    segments: frozenset[str] = frozenset({FIRST_TIME_VISITOR})
    traits: Mapping[str, Any] = field(default_factory=dict)
    consent: Mapping[str, bool] = field(default_factory=dict)
    points: int = 0
    streams: Mapping[str, int] = field(default_factory=dict)
    segments_version: int = 0
    reasons: tuple[str, ...] = ()
    ignored: tuple[tuple[str, str], ...] = ()
    degraded: tuple[str, ...] = ()
    unreadable: Mapping[str, int] = field(default_factory=dict)

    def situation(self, context: Mapping[str, Any]) -> Situation:
        """What rules ask, for a request with this context."""
        return Situation(
            traits=self.traits,
            segments=self.segments,
            context=context,
            identified=self.profile_id is not None,
            assurance=self.assurance,
            consent=self.consent,
            points=self.points,
        )

    def as_seen_by(self, reads: Reads) -> Shopper:
        """The shopper without what rules and content with these `reads` cannot see."""
        return replace(
            self,
            segments=self.segments & reads.segments,
            traits=_parts_of(self.traits, reads.trait_paths),
            consent={
                name: self.consent[name] for name in sorted(reads.consent & set(self.consent))
            },
            points=self.points if reads.points else 0,
        )


def _parts_of(traits: Mapping[str, Any], paths: Set[tuple[str, ...]]) -> dict[str, Any]:
    """What of the traits lies at these paths, each of its parts where it was."""
    found: dict[str, Any] = {}
    for path in sorted(paths):
        value = reach(traits, path)
        is_within_another = any(path[:length] in paths for length in range(1, len(path)))
        if value is None or is_within_another:
            continue
        *above, name = path
        part = found
        for step in above:
            part = part.setdefault(step, {})
        part[name] = value
    return found
