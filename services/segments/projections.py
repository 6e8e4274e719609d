"""Projections: the events of profiles, and for a rebuild those of segments itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, tzinfo
from itertools import chain

from chassis import Event
from chassis.eventlog.unit_of_work import UnitOfWork
from profile_index import LabelChange, apply_identity, moves_of, profiles_of, update_summaries
from rules import SeenFields
from services.segments import store
from services.segments.domain.events import ENTERED, EXITED, SETTLED, read_change
from services.segments.domain.memberships import Membership, MembershipChange
from services.segments.domain.news import news_of, spans_of, split_events, starting_streams
from services.segments.domain.stays import ended_stays
from services.segments.evaluator import Evaluator, Loaded
from services.segments.registry import DefinitionRegistry


class MembershipProjection:
    """Keeps summaries and labels, and evaluates every profile that the events touch.

    What time had changed by then is found on the summaries as they were. Where a rule turns between
    two events of a profile, those until then are applied first, as if they had come before.
    """

    def __init__(self, registry: DefinitionRegistry) -> None:
        self.registry = registry
        self._seen = SeenFields()

    def apply(self, unit: UnitOfWork, events: Sequence[Event]) -> None:
        rest = events
        while rest:
            rest = self._apply_some(unit, rest)
        store.note_fields(unit, self._seen, events)

    def _apply_some(self, unit: UnitOfWork, events: Sequence[Event]) -> Sequence[Event]:
        """Apply events up to the first turn that the others come after; the others."""
        before = profiles_of(unit, {stream for event in events for stream in event.versions})
        targets = _targets(events)
        states = store.lock_profiles(unit, {*before.values(), *targets.values()})
        evaluator = Evaluator(unit, self.registry, states)
        turn = evaluator.first_turn(spans_of(events, before, targets))
        part, rest = (events, ()) if turn is None else split_events(events, turn)
        if rest:
            targets = _targets(part)
            touched = {before[s] for event in part for s in event.versions if s in before}
            touched.update(targets.values())
            evaluator = Evaluator(unit, self.registry, {p: states[p] for p in sorted(touched)})
        evaluator.pass_time(_first_times(part, before, targets))
        moves = apply_identity(unit, part)
        placed = before | {move.stream: move.after for move in moves}
        news = news_of(part, placed)
        for profile_id in _moved(moves):
            if profile_id not in news:
                news[profile_id] = news_of(part, dict.fromkeys(before, profile_id))[profile_id]
            news[profile_id].moved = True
        until = _first_times(rest, placed, _targets(rest))
        evaluator.evaluate(news, _sum_up(unit, part, moves, self.registry.zone), until)
        return rest


class UnevaluatedProjection:
    """For a rebuild: keeps labels and summaries, and leaves the evaluation for later."""

    def __init__(self, zone: tzinfo = UTC) -> None:
        self._seen = SeenFields()
        self._zone = zone

    def apply(self, unit: UnitOfWork, events: Sequence[Event]) -> None:
        moves = apply_identity(unit, events)
        loaded = _sum_up(unit, events, moves, self._zone)
        touched = set(profiles_of(unit, loaded.versions).values())
        store.mark_unevaluated(unit, touched | _moved(moves))
        store.note_fields(unit, self._seen, events)


class MembershipReplay:
    """For a rebuild: keeps the memberships of segments' own log."""

    def apply(self, unit: UnitOfWork, events: Sequence[Event]) -> None:
        memberships: dict[tuple[str, str], Membership | None] = {}
        changes: dict[str, list[tuple[int, MembershipChange]]] = {}
        profiles = {event.stream for event in events if event.type in (ENTERED, EXITED, SETTLED)}
        for event in events:
            if event.type not in (ENTERED, EXITED):
                continue
            change = read_change(event)
            since = change.at if change.since is None else change.since  # of a renamed segment
            entered = Membership(since, change.definition_version)
            memberships[event.stream, change.segment] = entered if change.entered else None
            changes.setdefault(event.stream, []).append((event.version, change))
        before = store.load_memberships(unit, changes)
        stays = (ended_stays(each, before[each], changes[each]) for each in changes)
        store.save_stays(unit, chain.from_iterable(stays))
        store.delete_exits(unit, memberships)
        store.save_entries(unit, {row: entered for row, entered in memberships.items() if entered})
        store.mark_unevaluated(unit, profiles)
        store.mark_settled(unit, {event.stream for event in events if event.type == SETTLED})


def _targets(events: Iterable[Event]) -> dict[str, str]:
    """The profiles that streams come to."""
    return {entry["stream"]: entry["profile_id"] for e in events for entry in moves_of(e)}


def _first_times(
    events: Sequence[Event], before: Mapping[str, str], targets: Mapping[str, str]
) -> dict[str, int]:
    """When the first event of each profile was recorded, as its streams were and will be."""
    times: dict[str, int] = {}
    for event in events:
        for stream in event.versions:
            for profiles in (before, targets):
                if stream in profiles:
                    first = times.setdefault(profiles[stream], event.recorded_at)
                    times[profiles[stream]] = min(first, event.recorded_at)
    return times


def _moved(moves: Iterable[LabelChange]) -> set[str]:
    """The profiles between which streams have moved."""
    return {profile for m in moves if m.before is not None for profile in (m.before, m.after)}


def _sum_up(
    unit: UnitOfWork, events: Sequence[Event], moves: Sequence[LabelChange], zone: tzinfo
) -> Loaded:
    """Add the events to their streams' summaries; `zone` is that of the shop's days."""
    versions: dict[str, int] = {}
    newest: dict[str, Event] = {}
    for event in events:
        versions.update(event.versions)
        newest.update(dict.fromkeys(event.versions, event))
    pairs = [(move.before, move.after) for move in moves if move.before is not None]
    summaries = update_summaries(unit, events, store.OrderArchives(unit, zone))
    store.save_facts(unit, events)
    return Loaded(summaries, versions, newest, starting_streams(events), pairs)
