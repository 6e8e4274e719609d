"""Summaries of profiles, with the single events that rules read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chassis.eventlog.unit_of_work import UnitOfWork
from rules import ListedFacts, Summary, combine
from services.segments.store.archived_orders import load_stream_summaries
from services.segments.store.facts import load_facts

_EVER = -(1 << 62)  # before everything


def load_profile_summaries(
    unit: UnitOfWork,
    streams: Mapping[str, Sequence[str]],
    facts: Mapping[str, int | None],
    now: int,
    known: Mapping[str, Summary] | None = None,
) -> dict[str, Summary]:
    """The summary of each profile of which `streams` are given; of a profile without any, none.

    It has the events of the types in `facts`, as far back from `now` as these say. Summaries of
    streams in `known` are not read again.
    """
    known = known or {}
    missing = {stream for part in streams.values() for stream in part} - known.keys()
    stored = load_stream_summaries(unit, missing)
    of_streams = {**stored, **known}
    summaries = {}
    for profile_id, part in streams.items():
        if (
            len(part) == 1 and part[0] in stored
        ):  # most profiles have one stream: it is nobody else's
            summaries[profile_id] = of_streams[part[0]]
        elif part:
            summaries[profile_id] = combine(of_streams[s] for s in part if s in of_streams)
    _fill_facts(unit, summaries, streams, facts, now)
    return summaries


def _fill_facts(
    unit: UnitOfWork,
    summaries: Mapping[str, Summary],
    streams: Mapping[str, Sequence[str]],
    facts: Mapping[str, int | None],
    now: int,
) -> None:
    """Let summaries of profiles have their events of some types, as far back as `facts` says."""
    if not facts or not summaries:
        return
    profiles = {stream: profile for profile in summaries for stream in streams[profile]}
    found = load_facts(unit, profiles, facts_since(facts, now))
    for profile_id, summary in summaries.items():
        summary.facts = ListedFacts(found.get(profile_id, {}))


def facts_since(facts: Mapping[str, int | None], now: int) -> dict[str, int]:
    """The instant after which the events of each type count for what is asked from `now` on."""
    return {kind: _EVER if window is None else now - window for kind, window in facts.items()}
