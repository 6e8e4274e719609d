"""Segments at a standstill: a process cannot read their rules, so nobody enters or leaves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chassis.core.instants import format_instant
from chassis.eventlog.unit_of_work import UnitOfWork
from contracts.segments import EXPLAIN_RESPONSE, STANDSTILLS_RESPONSE
from services.segments import store
from services.segments.domain.definitions import ActiveDefinitions, UnreadableVersion

THIS_RELEASE, ANOTHER_RELEASE = "this release", "another release"


def standstills(unit: UnitOfWork, definitions: ActiveDefinitions) -> dict[str, dict[str, Any]]:
    """By segment since when it stands still, which release cannot read its rule, and why.

    `since` is None if no process that follows events has noted it yet.
    """
    found: dict[str, dict[str, Any]] = {}
    for segment, note in store.list_unreadable(unit).items():
        version = definitions.versions.get(segment) or definitions.unreadable.get(segment)
        if version is not None and version.number == note.version:
            by = THIS_RELEASE if segment in definitions.unreadable else ANOTHER_RELEASE
            found[segment] = {"since": note.since, "by": by, "message": note.message}
    for segment, unreadable in definitions.unreadable.items():
        standstill = {"since": None, "by": THIS_RELEASE, "message": unreadable.message}
        found.setdefault(segment, standstill)
    return found


def list_standstills(unit: UnitOfWork, definitions: ActiveDefinitions) -> dict[str, Any]:
    """All of them, sorted by segment."""
    still = sorted(standstills(unit, definitions).items())
    response: dict[str, Any] = STANDSTILLS_RESPONSE.dump(
        {"segments": [{"segment": segment, **standstill} for segment, standstill in still]}
    )
    return response


def standstill_sentence(standstill: Mapping[str, Any]) -> str:
    """What a standstill means, for people."""
    since = standstill["since"]
    begin = "" if since is None else f" since {format_instant(since)}"
    return (
        f"unreadable{begin}, by {standstill['by']}: {standstill['message']}."
        " Nobody enters or leaves until it can be read"
    )


def as_written(version: UnreadableVersion) -> dict[str, Any]:
    """An unreadable definition, as far as it can be described."""
    return {
        "rule": version.rule,
        "description": version.description,
        "meaning": version.rule,
        "version": version.number,
    }


def explain_standstill(
    unit: UnitOfWork, definitions: ActiveDefinitions, profile_id: str, segment: str
) -> dict[str, Any]:
    """Why a profile is in a segment whose rule is unreadable, or is not: it was so before."""
    membership = store.load_memberships(unit, [profile_id])[profile_id].get(segment)
    standstill = standstills(unit, definitions)[segment]
    response: dict[str, Any] = EXPLAIN_RESPONSE.dump(
        {
            "profile_id": profile_id,
            "segment": segment,
            **as_written(definitions.unreadable[segment]),
            "member": membership is not None,
            "since": membership.since if membership else None,
            "why": [standstill_sentence(standstill)],
            "conditions": [],
            "changes_at": None,
            "as_of": unit.now,
            "unreadable": standstill,
        }
    )
    return response


def standstill_of(unit: UnitOfWork, definitions: ActiveDefinitions, segment: str) -> dict[str, Any]:
    """What a response says of one segment besides: nothing if it does not stand still."""
    standstill = standstills(unit, definitions).get(segment)
    return {} if standstill is None else {"unreadable": standstill}
