"""Projections: what offers keeps of the events of profiles and of segments."""

from __future__ import annotations

from collections.abc import Sequence

from chassis import Event, parse_instant
from chassis.eventlog.unit_of_work import UnitOfWork
from profile_index import apply_identity, update_summaries
from services.offers import store
from services.offers.domain.recognition import ProfileSegments

# What rules and contents of offers read; the rest of a shopper's history is for segments.
SUMMARISED = frozenset(
    {
        "identity_changed",
        "traits_changed",
        "consent_changed",
        "consent_refused",
        "loyalty_enrolled",
        "loyalty_points_changed",
        "loyalty_tier_changed",
    }
)


# What segments publishes about a profile; other events of it are about segments as a whole.
_OF_A_PROFILE = frozenset({"memberships_settled", "segment_entered", "segment_exited"})


class ShopperProjection:
    """Keeps the profile index, with summaries of traits, consent and loyalty only."""

    def apply(self, unit: UnitOfWork, events: Sequence[Event]) -> None:
        apply_identity(unit, events)
        summarised = [event for event in events if event.type in SUMMARISED]
        update_summaries(unit, summarised)


class SegmentProjection:
    """Keeps the segments of each profile, as segments publishes them."""

    def apply(self, unit: UnitOfWork, events: Sequence[Event]) -> None:
        events = [event for event in events if event.type in _OF_A_PROFILE]
        memberships = store.load_memberships(unit, {event.stream for event in events})
        for event in events:
            memberships[event.stream] = _after(event, memberships[event.stream])
        store.save_memberships(unit, memberships)


def _after(event: Event, before: ProfileSegments) -> ProfileSegments:
    segments = dict(before.segments)
    if event.type == "memberships_settled":
        segments = {
            each["segment"]: parse_instant(each["since"]) for each in event.data["segments"]
        }
    elif event.type == "segment_entered":
        segments[event.data["segment"]] = event.occurred_at
    elif event.type == "segment_exited":
        segments.pop(event.data["segment"], None)
    return ProfileSegments(event.version, segments, dict(event.data.get("as_of") or before.as_of))
