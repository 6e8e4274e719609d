"""Evaluation of locked profiles: the net change goes into the tables and into segments' own log.

Rows are locked in this order, and sorted within each table, so that no deadlock can arise:

    positions                       by the inbox: the streams of a batch
        labels, identifiers,        by the projection, under their streams' positions
        summaries
    profiles                        `lock_profiles`; the timer's `lock_due` skips what is locked
        memberships                 under their profiles
    streams                         by the append, in segments' own log
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from chassis import Draft, Event, format_instant
from chassis.eventlog.unit_of_work import UnitOfWork
from profile_index import load_summaries, streams_of
from rules import Summary, combine
from services.segments import store
from services.segments.domain.evaluation import (
    EvaluationState,
    Membership,
    MembershipChange,
    end,
    evaluate,
)
from services.segments.registry import DefinitionRegistry

ENTERED = "segment_entered"
EXITED = "segment_exited"

_EVENT_IDS = uuid.UUID("5b1f0d3c-7b0e-5c86-9a4e-0f5f1c6a2d11")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a transaction has read or changed already: summaries and versions by stream.

    `newest` has the last event of each stream in the batch: what changes follows from it.
    """

    summaries: Mapping[str, Summary] = field(default_factory=dict)
    versions: Mapping[str, int] = field(default_factory=dict)
    newest: Mapping[str, Event] = field(default_factory=dict)


def reevaluate_due(unit: UnitOfWork, registry: DefinitionRegistry, limit: int) -> int:
    """Evaluate up to `limit` profiles that are due by time or by a new definition; how many."""
    generation = registry.current(unit).generation
    states = store.lock_due(unit, generation, limit)
    reevaluate(unit, registry, states, {}, Loaded())
    return len(states)


def reevaluate_among(
    unit: UnitOfWork, registry: DefinitionRegistry, profile_ids: Collection[str]
) -> int:
    """Evaluate those of `profile_ids` that are due, unless another replica is at it; how many."""
    generation = registry.current(unit).generation
    states = store.lock_due_among(unit, generation, profile_ids)
    reevaluate(unit, registry, states, {}, Loaded())
    return len(states)


def reevaluate_one(unit: UnitOfWork, registry: DefinitionRegistry, profile_id: str) -> None:
    """Evaluate one profile if it is due."""
    generation = registry.current(unit).generation
    state = store.load_evaluation_state(unit, profile_id)
    if state is None or state.is_due(unit.now, generation):
        reevaluate(unit, registry, store.lock_profiles(unit, [profile_id]), {}, Loaded())


def end_memberships(unit: UnitOfWork, registry: DefinitionRegistry, limit: int) -> int:
    """Have up to `limit` members of deleted segments leave them; how many profiles did.

    Those that are due by a new definition as well leave when they are evaluated by it: it may be
    the same segment by another name.
    """
    definitions = registry.current(unit)
    if not definitions.ended:
        return 0
    states = store.lock_members(unit, definitions.ended, definitions.generation, limit)
    members = store.load_memberships(unit, states)
    changes = {
        profile_id: ("definition", ended)
        for profile_id in states
        if (ended := end(definitions, members[profile_id], unit.now))
    }
    if changes:
        _record(unit, changes, streams_of(unit, changes), Loaded())
    return len(states)


def reevaluate(
    unit: UnitOfWork,
    registry: DefinitionRegistry,
    states: Mapping[str, EvaluationState],
    reasons: Mapping[str, str],
    loaded: Loaded,
) -> None:
    """Evaluate locked profiles at the unit's time, and store and append the net change.

    A profile without a reason changes by a rebuild if it was never evaluated, by a new definition
    if it was evaluated by older ones, else by time. Then each change is dated to the instant at
    which its rule turned.
    """
    if not states:
        return
    # Only with the profiles locked: else a profile evaluated by newer definitions might be
    # evaluated by older ones after that.
    definitions = registry.current(unit)
    streams = streams_of(unit, states)
    summaries = _summaries(unit, streams.values(), loaded)
    members = store.load_memberships(unit, states)
    changes: dict[str, tuple[str, Sequence[MembershipChange]]] = {}
    evaluated: dict[str, EvaluationState] = {}
    for profile_id, state in states.items():
        reason = reasons.get(profile_id) or state.reason(definitions.generation)
        parts = [summaries[stream] for stream in streams[profile_id] if stream in summaries]
        changed_only = reason == "definition"
        evaluation = evaluate(
            combine(parts) if streams[profile_id] else None,
            definitions.since(state.generation) if changed_only else definitions,
            members[profile_id],
            unit.now,
            state.next_at if reason == "time" else None,
        )
        # What the other definitions wait for stays as it was.
        waits_for = (evaluation.next_at, state.next_at if changed_only else None)
        next_at = min((at for at in waits_for if at is not None), default=None)
        evaluated[profile_id] = EvaluationState(next_at, definitions.generation)
        if evaluation.changes:
            changes[profile_id] = reason, evaluation.changes
    store.save_evaluation_states(unit, evaluated)
    if changes:
        _record(unit, changes, streams, loaded)


def _summaries(
    unit: UnitOfWork, streams: Iterable[Sequence[str]], loaded: Loaded
) -> Mapping[str, Summary]:
    missing = {stream for part in streams for stream in part} - loaded.summaries.keys()
    stored = load_summaries(unit, missing) if missing else {}
    read = {stream: Summary.load(state) for stream, (_, state) in stored.items()}
    return {**read, **loaded.summaries}


def _record(
    unit: UnitOfWork,
    changes: Mapping[str, tuple[str, Sequence[MembershipChange]]],
    streams: Mapping[str, Sequence[str]],
    loaded: Loaded,
) -> None:
    """Store the entries and exits, and append them to the log."""
    of_changed = {stream for profile_id in changes for stream in streams[profile_id]}
    versions = {**store.applied_versions(unit, of_changed), **loaded.versions}
    heads = store.own_versions(unit, changes)
    drafts: list[Draft] = []
    entries: dict[tuple[str, str], Membership] = {}
    exits: list[tuple[str, str]] = []
    for profile_id, (reason, changed) in changes.items():
        as_of = {stream: versions.get(stream, 0) for stream in streams[profile_id]}
        first = heads.get(profile_id, 0) + 1
        metadata = {"profile_id": profile_id, **_origin(streams[profile_id], loaded)}
        for version, change in enumerate(changed, start=first):
            row = profile_id, change.segment
            if change.entered:
                since = change.at if change.since is None else change.since
                entries[row] = Membership(since, change.definition_version)
            else:
                exits.append(row)
            drafts.append(_draft(profile_id, version, change, reason, as_of, metadata))
    store.delete_exits(unit, exits)
    store.save_entries(unit, entries)
    unit.append(drafts)


def _origin(streams: Sequence[str], loaded: Loaded) -> dict[str, str]:
    """The call that led to the newest of a profile's events in the batch, if any did."""
    events = [loaded.newest[stream] for stream in streams if stream in loaded.newest]
    return max(events, key=lambda event: event.recorded_at).origin if events else {}


def _draft(
    profile_id: str,
    version: int,
    change: MembershipChange,
    reason: str,
    as_of: Mapping[str, int],
    metadata: Mapping[str, str],
) -> Draft:
    """The event of a change; its id follows from its version, so it is never appended twice."""
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
            **_renaming(change),
        },
        occurred_at=change.at,
        metadata=metadata,
    )


def _renaming(change: MembershipChange) -> dict[str, str]:
    """What an event says of a change that only another name of its segment has made."""
    if change.since is not None and change.other_name is not None:
        return {"renamed_from": change.other_name, "member_since": format_instant(change.since)}
    return {"renamed_to": change.other_name} if change.other_name is not None else {}
