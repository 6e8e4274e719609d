"""Reading identity: who identifiers lead to now, what a profile is made of, and the review list."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from typing import Any, Protocol

from chassis import NotFound, Unavailable
from chassis.eventlog.unit_of_work import UnitOfWork
from services.identity import store
from services.identity.domain import responses
from services.identity.domain.observation import Observation
from services.identity.domain.resolution import look_up
from services.identity.domain.review import SHARED
from services.identity.domain.state import IdentityPolicy, Stream


class ProfilePreviews(Protocol):
    """What a dry run asks of profiles."""

    def preview(self, *, stream_sets: list[list[str]]) -> list[dict[str, Any]]:
        """The profile that each set of streams would be."""
        ...


class SegmentPreviews(Protocol):
    """What a dry run asks of segments."""

    def preview_streams(self, *, stream_sets: list[list[str]]) -> list[list[str]]:
        """The segments that a profile of each set of streams would be in."""
        ...


class CapPreviews(Protocol):
    """What a dry run asks of offers."""

    def preview_caps(self, *, stream_sets: list[list[str]]) -> list[dict[str, Any]]:
        """The caps that a profile of each set of streams would have used, by offer."""
        ...


def lookup(unit: UnitOfWork, policy: IdentityPolicy, observation: Observation) -> dict[str, Any]:
    """The response of `lookup`."""
    state = store.load_known(unit, policy, [observation])
    if observation.names and observation.devices:
        store.load_names(unit, state)
    claims = bool(observation.contacts or (observation.names and not observation.authenticated))
    return responses.lookup(look_up(state, observation), claims, observation.ignored)


def list_holders(unit: UnitOfWork, keys: Collection[str]) -> dict[str, Any]:
    """The response of `holders`."""
    holders = store.load_holders(unit, keys)
    return {
        "holders": [
            {"key": key, "stream_id": name.stream, "profile_id": name.profile}
            for key, name in sorted(holders.items())
        ]
    }


def describe(unit: UnitOfWork, requested: str) -> dict[str, Any]:
    """The response of `describe`; NotFound if the id never was a profile's."""
    profile = current_profile(unit, requested)
    tenures, sightings, periods = store.load_profile(unit, profile)
    merged_profiles = store.merged_profiles(unit, profile)
    streams: list[Stream] = [*tenures, *sightings]
    streams.sort(key=lambda stream: (stream.founded_at, stream.stream))
    proven = {(a.key, a.number) for a in store.held_addresses(unit, [t.stream for t in tenures])}
    return responses.describe(profile, requested, streams, proven, periods, merged_profiles)


def explain(unit: UnitOfWork, requested: str) -> dict[str, Any]:
    """The response of `explain`: the facts of all streams of a profile, the oldest first."""
    profile = current_profile(unit, requested)
    tenures, sightings, _ = store.load_profile(unit, profile)
    streams: list[Stream] = [*tenures, *sightings]
    own = {stream.stream for stream in streams}
    events = store.load_facts(unit, own)
    others = {entry["stream"] for event in events for entry in event.data["streams"]} - own
    if others:  # streams that have left again: the response says where they came from
        events += store.load_facts(unit, others)
    return responses.explain(profile, requested, events, streams)


def current_profile(unit: UnitOfWork, profile_id: str, field: str = "profile_id") -> str:
    """The profile that an id, however old, stands for; NotFound of `field` if it never was one."""
    profile = store.find_profile(unit, profile_id)
    if profile is None:
        raise NotFound(field, "is not a profile that we know")
    return profile


def list_reviews(
    unit: UnitOfWork, limit: int = 100, kind: str | None = None, *, include_done: bool = False
) -> list[dict[str, Any]]:
    """The response of `review`: the open entries, or all, the newest first."""
    entries = store.list_reviews(unit, kind, limit, include_done=include_done)
    profile_ids = {entry["subject"] for entry in entries if entry["kind"] != SHARED}
    return responses.review(entries, store.current_profiles(unit, profile_ids))


def add_previews(
    response: dict[str, Any],
    profiles: ProfilePreviews,
    segments: SegmentPreviews,
    offers: CapPreviews,
) -> dict[str, Any]:
    """The response of a dry run, with what each profile shows, its segments and used caps.

    While offers does not answer, nothing is said of caps: they are null.
    """
    parts = [*response["before"], *response["after"]]
    stream_sets = [part["streams"] for part in parts]
    caps: list[dict[str, Any]] | list[None] = [None] * len(parts)
    with suppress(Unavailable, NotFound):
        caps = offers.preview_caps(stream_sets=stream_sets)
    previews = [
        {**part, "profile": profile, "segments": names, "caps": used}
        for part, profile, names, used in zip(
            parts,
            profiles.preview(stream_sets=stream_sets),
            segments.preview_streams(stream_sets=stream_sets),
            caps,
            strict=True,
        )
    ]
    split = len(response["before"])
    return {**response, "before": previews[:split], "after": previews[split:]}
