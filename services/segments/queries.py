"""Queries: who is in which segment and why, and who would be."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from chassis import NotFound
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from chassis.validation import load
from contracts.segments import (
    EXPLAIN_RESPONSE,
    MEMBERSHIPS_RESPONSE,
    PREVIEW_REQUEST,
    PREVIEW_RESPONSE,
    SEGMENT,
)
from profile_index import load_summaries, streams_of
from rules import Summary, combine
from services.segments import store
from services.segments.domain.definitions import ActiveDefinitions, DefinitionVersion, read_rule

_PAGE = 500
_SAMPLE = 10
PREVIEW_SECONDS = 3.0


def memberships(unit: UnitOfWork, profile_id: str, stale: bool) -> dict[str, Any]:
    """The segments of a profile that has just been evaluated."""
    streams = streams_of(unit, [profile_id])[profile_id]
    versions = store.applied_versions(unit, streams)
    members = store.load_memberships(unit, [profile_id])[profile_id]
    response: dict[str, Any] = MEMBERSHIPS_RESPONSE.dump(
        {
            "profile_id": profile_id,
            "segments": [
                {"segment": segment, "since": membership.since}
                for segment, membership in sorted(members.items())
            ],
            "versions": versions,
            "stale": stale,
            "as_of": unit.now,
        }
    )
    return response


def list_segments(unit: UnitOfWork, definitions: ActiveDefinitions) -> list[dict[str, Any]]:
    """Every segment in force, by name."""
    return _list(unit, definitions.versions)


def show_segment(unit: UnitOfWork, definitions: ActiveDefinitions, segment: str) -> dict[str, Any]:
    """One segment in force, as it is listed."""
    return _list(unit, {segment: definitions.versions[segment]})[0]


def explain(
    unit: UnitOfWork, definitions: ActiveDefinitions, profile_id: str, segment: str
) -> dict[str, Any]:
    """Why a profile is in a segment, or is not: each comparison with its present values."""
    version = definitions.versions.get(segment)
    if version is None:
        names = ", ".join(sorted(definitions.versions))
        raise NotFound("segment", f"is not defined; there are {names}")
    rule = version.definition.rule
    summary = _summary(unit, profile_id)
    membership = store.load_memberships(unit, [profile_id])[profile_id].get(segment)
    response: dict[str, Any] = EXPLAIN_RESPONSE.dump(
        {
            "profile_id": profile_id,
            "segment": segment,
            **_described(version),
            "member": membership is not None,
            "since": membership.since if membership else None,
            "why": rule.explain(summary, unit.now).lines,
            "changes_at": rule.evaluate(summary, unit.now).changes_at,
            "as_of": unit.now,
        }
    )
    return response


def preview(
    work: UnitOfWorkRunner, rule: object, timer: Callable[[], float] = time.monotonic
) -> dict[str, Any]:
    """Who would be in a segment of that rule: all members, or those found in PREVIEW_SECONDS.

    Each page is a read of its own, so that others can go on meanwhile.
    """
    compiled = read_rule(load(PREVIEW_REQUEST, {"rule": rule})["rule"])
    now = work.clock.now()
    end = timer() + PREVIEW_SECONDS
    evaluated, after, complete = 0, "", False
    members: list[str] = []
    while not complete and timer() < end:
        page = work.read(partial(_page, after=after))
        for profile_id, summary in page.items():
            after = profile_id
            if summary is None:
                continue
            evaluated += 1
            if compiled.evaluate(summary, now).value:
                members.append(profile_id)
        complete = len(page) < _PAGE
        time.sleep(0)
    response: dict[str, Any] = PREVIEW_RESPONSE.dump(
        {
            "meaning": compiled.describe(),
            "members": len(members),
            "evaluated": evaluated,
            "profiles": evaluated if complete else work.read(_count),
            "complete": complete,
            "sample": members[:_SAMPLE],
            "warnings": list(compiled.warnings),
            "as_of": now,
        }
    )
    return response


def preview_streams(
    unit: UnitOfWork, definitions: ActiveDefinitions, stream_sets: Sequence[Sequence[str]]
) -> list[list[str]]:
    """The segments that a profile of each set of streams would be in now."""
    stored = load_summaries(unit, {s for streams in stream_sets for s in streams})
    groups = []
    for streams in stream_sets:
        summary = combine(Summary.load(stored[s][1]) for s in set(streams) if s in stored)
        groups.append(
            [
                segment
                for segment, version in sorted(definitions.versions.items())
                if streams and version.definition.rule.evaluate(summary, unit.now).value
            ]
        )
    return groups


def _list(unit: UnitOfWork, versions: Mapping[str, DefinitionVersion]) -> list[dict[str, Any]]:
    members = store.count_members(unit)
    oldest = store.oldest_generation(unit)
    return [
        SEGMENT.dump(
            {
                "segment": segment,
                **_described(version),
                "members": members.get(segment, 0),
                "status": "live"
                if oldest is None or oldest >= version.generation
                else "backfilling",
                "warnings": list(version.definition.rule.warnings),
            }
        )
        for segment, version in sorted(versions.items())
    ]


def _described(version: DefinitionVersion) -> dict[str, Any]:
    definition = version.definition
    return {
        "rule": definition.rule.text,
        "description": definition.description,
        "meaning": definition.rule.describe(),
        "version": version.number,
    }


def _summary(unit: UnitOfWork, profile_id: str) -> Summary:
    streams = streams_of(unit, [profile_id])[profile_id]
    stored = load_summaries(unit, streams)
    return combine(Summary.load(state) for _, state in stored.values())


def _page(unit: UnitOfWork, after: str) -> dict[str, Summary | None]:
    """The next profiles in order; None for one that has no streams any more."""
    profile_ids = store.page_of_profiles(unit, after, _PAGE)
    streams = streams_of(unit, profile_ids)
    every = [stream for part in streams.values() for stream in part]
    stored = load_summaries(unit, every)
    return {
        profile_id: combine(Summary.load(stored[s][1]) for s in streams[profile_id] if s in stored)
        if streams[profile_id]
        else None
        for profile_id in profile_ids
    }


def _count(unit: UnitOfWork) -> int:
    return store.count_profiles(unit)
