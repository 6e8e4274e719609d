"""Shoppers: what offers knows of whoever asks."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from typing import Any

from rules import Reads, Situation
from rules.language.vocabulary import reach
from services.offers.domain.experiments import Assignment

FIRST_TIME_VISITOR = "first_time_visitor"
PERSONALIZATION = ("personalization", "personalisation", "preferences")
"""Purposes of consent of which one refusal leaves a decision to the request's context: a shop's own
names, and what banners and SDKs tell."""
PERSONALIZATION_REFUSED = "personalization_refused"


@dataclass(frozen=True, slots=True)
class Shopper:
    """The shopper as rules and content see them; by default somebody unknown.

    `assurance` is verified, device, claimed or none. `streams` has the applied version of each of
    the profile's streams, `segments_version` is that of its stream in segments' log. `ignored` has
    the types of identifiers that were not used, each with the reason. `degraded` has the codes of
    what the data lacks. `unreadable` has the segments whose rules a release cannot read, and since
    when (µs): the shopper is in them, or is not, as before. `capped` has the offers that cannot be
    granted to the shopper any more, by id, and why. `assignments` has the variants of the
    experiments and holdouts in which she takes part. `points_pending` are those of orders whose
    return window is open, where the programme has a ledger.
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
    capped: Mapping[str, str] = field(default_factory=dict)
    assignments: tuple[Assignment, ...] = ()
    points_pending: int = 0

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

    @property
    def refuses_personalization(self) -> bool:
        """Whether nothing that is known of the shopper may decide what she sees."""
        return any(self.consent.get(purpose) is False for purpose in PERSONALIZATION)

    def as_permitted(self) -> Shopper:
        """The shopper as rules and content may see her: one who refuses is a stranger to them."""
        if not self.refuses_personalization:
            return self
        nobody = Shopper()
        return replace(
            self,
            profile_id=None,
            assurance=nobody.assurance,
            segments=nobody.segments,
            traits={},
            consent={},
            points=0,
            points_pending=0,
        )

    def as_seen_by(self, reads: Reads) -> Shopper:
        """The shopper without what rules and content with these `reads` may not or cannot see."""
        seen = self.as_permitted()
        return replace(
            seen,
            segments=seen.segments & reads.segments,
            traits=_parts_of(seen.traits, reads.trait_paths),
            consent={
                name: seen.consent[name] for name in sorted(reads.consent & set(seen.consent))
            },
            points=seen.points if reads.points else 0,
            points_pending=seen.points_pending if reads.points else 0,
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
