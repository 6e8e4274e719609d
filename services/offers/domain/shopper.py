"""Shoppers: what offers knows of whoever asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rules import Reads, Situation

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
            traits={name: self.traits[name] for name in sorted(reads.traits & set(self.traits))},
            consent={
                name: self.consent[name] for name in sorted(reads.consent & set(self.consent))
            },
            points=self.points if reads.points else 0,
        )
