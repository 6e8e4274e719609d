"""Settling: locked profiles are evaluated, and the net change is told in segments' own log."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from chassis import Draft, Event
from chassis.eventlog.unit_of_work import UnitOfWork
from profile_index import apply_identity, load_summaries, profiles_of, save_summaries, streams_of
from rules import Summary, combine
from services.segments import store
from services.segments.domain.evaluation import Membership, MembershipChange, evaluate
from services.segments.registry import DefinitionRegistry
from services.segments.store import EvaluationState

ENTERED = "segment_entered"
EXITED = "segment_exited"

_EVENT_IDS = uuid.UUID("5b1f0d3c-7b0e-5c86-9a4e-0f5f1c6a2d11")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a transaction has read or changed already: summaries and versions by stream."""

    summaries: Mapping[str, Summary] = field(default_factory=dict)
    versions: Mapping[str, int] = field(default_factory=dict)


class MembershipProjection:
    """Keeps summaries and labels, and settles every profile that the events touch."""

    def __init__(self, shelf: DefinitionRegistry) -> None:
        self._shelf = shelf

    def apply(self, unit: UnitOfWork, events: Sequence[Event]) -> None:
        reasons, held = follow(unit, events)
        standings = store.lock_profiles(unit.connection, reasons)
        reevaluate(unit, self._shelf, standings, reasons, held)


def follow(unit: UnitOfWork, events: Sequence[Event]) -> tuple[dict[str, str], Loaded]:
    """Keep labels and summaries; the profiles that the events touch, with the reason, and more."""
    moves = apply_identity(unit.connection, events)
    held = _sum_up(unit, events)
    touched = set(profiles_of(unit.connection, held.versions).values())
    reasons = dict.fromkeys(touched, "event")
    for move in moves:
        if move.before is not None:
            reasons |= dict.fromkeys((move.before, move.after), "merge")
    return reasons, held


def reevaluate_due(unit: UnitOfWork, shelf: DefinitionRegistry, limit: int) -> int:
    """Settle up to `limit` profiles that time or a new definition may have changed; how many."""
    generation = shelf.current(unit).generation
    standings = store.lock_due(unit.connection, unit.now, generation, limit)
    reevaluate(unit, shelf, standings, {}, Loaded())
    return len(standings)


def reevaluate_one(unit: UnitOfWork, shelf: DefinitionRegistry, profile_id: str) -> None:
    """Settle one profile if it is due."""
    generation = shelf.current(unit).generation
    standing = store.load_standing(unit.connection, profile_id)
    if standing is None or standing.is_due(unit.now, generation):
        reevaluate(unit, shelf, store.lock_profiles(unit.connection, [profile_id]), {}, Loaded())


def reevaluate(
    unit: UnitOfWork,
    shelf: DefinitionRegistry,
    standings: Mapping[str, EvaluationState],
    reasons: Mapping[str, str],
    held: Loaded,
) -> None:
    """Evaluate locked profiles at the unit's time, and tell and store the net change.

    A profile without a reason changes by a rebuild if it was never evaluated, by a new definition
    if it was evaluated by older ones, else by time, and then each change is dated to the instant at
    which its rule turned.
    """
    if not standings:
        return
    connection = unit.connection
    definitions = shelf.current(unit)  # not before the lock: older ones may not follow newer ones
    streams = streams_of(connection, standings)
    summaries = _summaries(unit, streams.values(), held)
    members = store.load_memberships(connection, standings)
    changes: dict[str, tuple[str, Sequence[MembershipChange]]] = {}
    after: dict[str, EvaluationState] = {}
    for profile_id, standing in standings.items():
        reason = reasons.get(profile_id) or standing.reason(definitions.generation)
        parts = [summaries[stream] for stream in streams[profile_id] if stream in summaries]
        evaluation = evaluate(
            combine(parts) if streams[profile_id] else None,
            definitions,
            members[profile_id],
            unit.now,
            standing.next_at if reason == "time" else None,
        )
        after[profile_id] = EvaluationState(evaluation.next_at, definitions.generation)
        if evaluation.changes:
            changes[profile_id] = reason, evaluation.changes
    store.save_standings(connection, after)
    if changes:
        _tell(unit, changes, streams, held)


def _sum_up(unit: UnitOfWork, events: Sequence[Event]) -> Loaded:
    """Add the events to their streams' summaries."""
    versions: dict[str, int] = {}
    for event in events:
        versions.update(event.versions)
    telling = [event for event in events if event.type != "identity_changed"]
    stored = load_summaries(unit.connection, {event.stream for event in telling})
    summaries = {stream: Summary.load(state) for stream, (_, state) in stored.items()}
    for event in telling:
        summary = summaries.setdefault(event.stream, Summary())
        summary.add(event.type, event.data, event.occurred_at, event.id)
    save_summaries(
        unit.connection,
        {stream: (versions[stream], summary.dump()) for stream, summary in summaries.items()},
    )
    return Loaded(summaries, versions)


def _summaries(
    unit: UnitOfWork, streams: Iterable[Sequence[str]], held: Loaded
) -> Mapping[str, Summary]:
    missing = {stream for part in streams for stream in part} - held.summaries.keys()
    stored = load_summaries(unit.connection, missing) if missing else {}
    loaded = {stream: Summary.load(state) for stream, (_, state) in stored.items()}
    return {**loaded, **held.summaries}


def _tell(
    unit: UnitOfWork,
    changes: Mapping[str, tuple[str, Sequence[MembershipChange]]],
    streams: Mapping[str, Sequence[str]],
    held: Loaded,
) -> None:
    """Append the entries and exits to the log, and store them."""
    of_changed = {stream for profile_id in changes for stream in streams[profile_id]}
    versions = {**store.versions_of(unit.connection, of_changed), **held.versions}
    told = store.told_versions(unit.connection, changes)
    drafts: list[Draft] = []
    entries: dict[tuple[str, str], Membership] = {}
    exits: list[tuple[str, str]] = []
    for profile_id, (reason, changed) in changes.items():
        as_of = {stream: versions.get(stream, 0) for stream in streams[profile_id]}
        first = told.get(profile_id, 0) + 1
        for version, change in enumerate(changed, start=first):
            place = profile_id, change.segment
            if change.entered:
                entries[place] = Membership(change.at, change.definition_version)
            else:
                exits.append(place)
            drafts.append(_draft(profile_id, version, change, reason, as_of))
    store.delete_exits(unit.connection, exits)
    store.save_entries(unit.connection, entries)
    unit.append(drafts)


def _draft(
    profile_id: str, version: int, change: MembershipChange, reason: str, as_of: Mapping[str, int]
) -> Draft:
    """The event of a change; its id is that of its place in the log, so it is never told twice."""
    return Draft(
        id=str(uuid.uuid5(_EVENT_IDS, f"{profile_id}/{version}")),
        stream=profile_id,
        type=ENTERED if change.entered else EXITED,
        data={
            "segment": change.segment,
            "profile_id": profile_id,
            "definition_version": change.definition_version,
            "reason": reason,
            "as_of": dict(as_of),
        },
        occurred_at=change.at,
        metadata={"profile_id": profile_id},
    )
