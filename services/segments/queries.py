"""Asking: who is in which segment and why, and who would be."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from chassis import InvalidInput, NotFound
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from chassis.validation import load
from contracts.segments import (
    EXPLAIN_REQUEST,
    EXPLAIN_RESPONSE,
    MEMBERSHIPS_RESPONSE,
    PREVIEW_REQUEST,
    PREVIEW_RESPONSE,
    SEGMENT,
)
from identifiers import Accepted
from profile_index import current_profile, find, load_summaries, streams_of
from rules import SEGMENT_VOCABULARY, Rule, RuleError, Summary, combine, compile_rule
from services.segments import store
from services.segments.domain.definitions import DefinitionVersion
from services.segments.evaluator import reevaluate_one
from services.segments.registry import DefinitionRegistry

_PAGE = 500
_SAMPLE = 10
PREVIEW_SECONDS = 3.0


def memberships(
    unit: UnitOfWork, shelf: DefinitionRegistry, whose: str | Accepted, stale: bool
) -> dict[str, Any]:
    """The segments that a shopper is in now; NotFound if nobody is known by that."""
    profile_id = _settled(unit, shelf, whose)
    streams = streams_of(unit.connection, [profile_id])[profile_id]
    versions = store.versions_of(unit.connection, streams)
    members = store.load_memberships(unit.connection, [profile_id])[profile_id]
    answer: dict[str, Any] = MEMBERSHIPS_RESPONSE.dump(
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
    return answer


def list_segments(unit: UnitOfWork, shelf: DefinitionRegistry) -> list[dict[str, Any]]:
    """Every segment in force, by name."""
    versions = shelf.current(unit).versions
    return _listed(unit, versions)


def define(unit: UnitOfWork, shelf: DefinitionRegistry, definition: Any) -> dict[str, Any]:
    """Put a checked definition in force, and show it as it is listed."""
    versions = shelf.define(unit, definition).versions
    segment = definition.segment
    return _listed(unit, {segment: versions[segment]})[0]


def explain(
    unit: UnitOfWork, shelf: DefinitionRegistry, profile_id: object, segment: object
) -> dict[str, Any]:
    """Why a shopper is in a segment, or is not: each comparison with its present values."""
    asked = load(EXPLAIN_REQUEST, {"profile_id": profile_id, "segment": segment})
    current = _settled(unit, shelf, asked["profile_id"])
    versions = shelf.current(unit).versions
    version = versions.get(asked["segment"])
    if version is None:
        raise NotFound("segment", f"is not defined; there are {', '.join(sorted(versions))}")
    summary = _summary(unit, current)
    verdict = version.definition.rule.evaluate(summary, unit.now)
    membership = store.load_memberships(unit.connection, [current])[current].get(asked["segment"])
    answer: dict[str, Any] = EXPLAIN_RESPONSE.dump(
        {
            "profile_id": current,
            "segment": asked["segment"],
            **_described(version),
            "member": membership is not None,
            "since": membership.since if membership else None,
            "why": version.definition.rule.explain(summary, unit.now).lines,
            "changes_at": verdict.changes_at,
            "as_of": unit.now,
        }
    )
    return answer


def preview(
    work: UnitOfWorkRunner, rule: object, timer: Callable[[], float] = time.monotonic
) -> dict[str, Any]:
    """Who would be in a segment of that rule; within PREVIEW_SECONDS, else a part is looked at.

    Pages are read one by one, each in a transaction of its own, so that others can go on.
    """
    compiled = _compiled(load(PREVIEW_REQUEST, {"rule": rule})["rule"])
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
    answer: dict[str, Any] = PREVIEW_RESPONSE.dump(
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
    return answer


def preview_streams(
    unit: UnitOfWork, shelf: DefinitionRegistry, stream_sets: Sequence[Sequence[str]]
) -> list[list[str]]:
    """The segments that a profile of each set of streams would be in now."""
    stored = load_summaries(unit.connection, {s for streams in stream_sets for s in streams})
    versions = shelf.current(unit).versions
    groups = []
    for streams in stream_sets:
        known = [Summary.load(stored[s][1]) for s in set(streams) if s in stored]
        summary = combine(known)
        groups.append(
            [
                segment
                for segment, version in sorted(versions.items())
                if streams and version.definition.rule.evaluate(summary, unit.now).value
            ]
        )
    return groups


def _settled(unit: UnitOfWork, shelf: DefinitionRegistry, whose: str | Accepted) -> str:
    """The current profile, up to date and locked; the next one if it was merged meanwhile."""
    profile_id = _profile(unit, whose)
    reevaluate_one(unit, shelf, profile_id)
    if _profile(unit, whose) != profile_id:
        return _settled(unit, shelf, whose)
    return profile_id


def _profile(unit: UnitOfWork, whose: str | Accepted) -> str:
    """The current profile of an id, however old, or of the strongest known identifier."""
    if isinstance(whose, str):
        current = current_profile(unit.connection, whose)
        if current is None:
            raise NotFound("profile_id", "is no profile that segments knows")
        return current
    known = find(unit.connection, [identifier.key for identifier in whose.keys])
    for identifier in whose.keys:
        if identifier.key in known:
            return known[identifier.key].profile_id
    raise NotFound("identifiers", "lead to no profile that segments knows")


def _listed(unit: UnitOfWork, versions: Mapping[str, DefinitionVersion]) -> list[dict[str, Any]]:
    members = store.count_members(unit.connection)
    oldest = store.oldest_generation(unit.connection)
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


def _compiled(text: str) -> Rule[Summary]:
    try:
        return compile_rule(text, SEGMENT_VOCABULARY)
    except RuleError as error:
        raise InvalidInput("rule", str(error)) from None


def _summary(unit: UnitOfWork, profile_id: str) -> Summary:
    streams = streams_of(unit.connection, [profile_id])[profile_id]
    stored = load_summaries(unit.connection, streams)
    return combine(Summary.load(state) for _, state in stored.values())


def _page(unit: UnitOfWork, after: str) -> dict[str, Summary | None]:
    """The next profiles in order; None for one that has no streams any more."""
    profile_ids = store.page_of_profiles(unit.connection, after, _PAGE)
    streams = streams_of(unit.connection, profile_ids)
    every = [stream for part in streams.values() for stream in part]
    stored = load_summaries(unit.connection, every)
    return {
        profile_id: combine(Summary.load(stored[s][1]) for s in streams[profile_id] if s in stored)
        if streams[profile_id]
        else None
        for profile_id in profile_ids
    }


def _count(unit: UnitOfWork) -> int:
    return store.count_profiles(unit.connection)
