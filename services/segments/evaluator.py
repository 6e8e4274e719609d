"""Evaluation of locked profiles: the net change goes into the tables and into segments' own log.

Rows are locked in this order, and sorted within each table, so that no deadlock can arise:

    positions                       by the inbox: the streams of a batch
    profiles                        `lock_profiles`; the timer's `lock_due` skips what is locked
        labels, identifiers,        by the projection, under their streams' positions
        summaries, archived_orders,
        archived_days, facts
        memberships, stays          under their profiles
    streams                         by the append, in segments' own log
    field_names                     new rows at the end of a batch of events
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import partial

from prometheus_client import Counter as PromCounter

from chassis import Draft, Event
from chassis.eventlog.unit_of_work import UnitOfWork
from profile_index import streams_of
from rules import Summary
from services.segments import store
from services.segments.domain import events
from services.segments.domain.definitions import ActiveDefinitions
from services.segments.domain.evaluation import EvaluationState, ProfileEvaluation
from services.segments.domain.memberships import Membership
from services.segments.domain.news import ProfileNews, share_watermarks
from services.segments.domain.stays import Stay, ended_stays
from services.segments.domain.value_model import give_values
from services.segments.fact_reading import FactReader
from services.segments.registry import DefinitionRegistry
from services.segments.value_fitting import current_model

SEGMENT_ENTRIES = PromCounter(
    "cdp_segment_entries", "Shoppers who have entered a segment.", ["service", "segment"]
)
SEGMENT_EXITS = PromCounter(
    "cdp_segment_exits", "Shoppers who have left a segment.", ["service", "segment"]
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a transaction has read or changed already: summaries and versions by stream.

    `newest` has the last event of each stream in the batch: what changes follows from it. The
    streams in `starting` begin with the batch, and `moves` are pairs of profiles between which
    streams have moved.
    """

    summaries: Mapping[str, Summary] = field(default_factory=dict)
    versions: Mapping[str, int] = field(default_factory=dict)
    newest: Mapping[str, Event] = field(default_factory=dict)
    starting: Set[str] = frozenset()
    moves: Sequence[tuple[str, str]] = ()


def reevaluate_due(unit: UnitOfWork, registry: DefinitionRegistry, limit: int) -> int:
    """Evaluate up to `limit` profiles that are due by time or by a new definition; how many."""
    generation = registry.current(unit).generation
    states = store.lock_due(unit, generation, limit)
    _reevaluate(unit, registry, states)
    return len(states)


def reevaluate_among(
    unit: UnitOfWork, registry: DefinitionRegistry, profile_ids: Collection[str]
) -> int:
    """Evaluate those of `profile_ids` that are due, unless another replica is at it; how many."""
    generation = registry.current(unit).generation
    states = store.lock_due_among(unit, generation, profile_ids)
    _reevaluate(unit, registry, states)
    return len(states)


def reevaluate_one(unit: UnitOfWork, registry: DefinitionRegistry, profile_id: str) -> None:
    """Evaluate one profile if it is due."""
    generation = registry.current(unit).generation
    state = store.load_evaluation_state(unit, profile_id)
    if state is None or state.is_due(unit.now, generation):
        _reevaluate(unit, registry, store.lock_profiles(unit, [profile_id]))


def end_memberships(unit: UnitOfWork, registry: DefinitionRegistry, limit: int) -> int:
    """Have up to `limit` members of deleted segments leave them; how many profiles did.

    Those that are due by a new definition as well leave when they are evaluated by it: it may be
    the same segment by another name.
    """
    definitions = registry.current(unit)
    if not definitions.ended:
        return 0
    states = store.lock_members(unit, definitions.ended, definitions.generation, limit)
    _reevaluate(unit, registry, states)
    return len(states)


def _reevaluate(
    unit: UnitOfWork, registry: DefinitionRegistry, states: Mapping[str, EvaluationState]
) -> None:
    """Evaluate locked profiles of which nothing new is known, at the unit's time."""
    if states:
        evaluator = Evaluator(unit, registry, states)
        evaluator.evaluate({}, Loaded())


class Evaluator:
    """Evaluates locked profiles in one transaction, and stores and appends the net changes.

    Before a batch of events is applied, `pass_time` finds what time had changed by then; after it
    `evaluate` does the rest.
    """

    def __init__(
        self,
        unit: UnitOfWork,
        registry: DefinitionRegistry,
        states: Mapping[str, EvaluationState],
    ) -> None:
        self._unit = unit
        # Only with the profiles locked: else a profile evaluated by newer definitions might be
        # evaluated by older ones after that.
        self._definitions: ActiveDefinitions = registry.current(unit)
        self._model = current_model(unit) if self._definitions.index.read_values else None
        self._states = states
        self._evaluations = self._begin()
        # How many changes there were before the events, and the streams at that time.
        self._settled: dict[str, tuple[int, Sequence[str]]] = {}

    def first_turn(self, spans: Mapping[str, tuple[int, int]]) -> int | None:
        """The first instant at which a rule may turn within a profile's span.

        That is from the first of its new events on, and before the last one.
        """
        return min(
            (
                turn
                for profile_id, (first, last) in spans.items()
                if first < last
                and (turn := self._evaluations[profile_id].first_due_in(first, last)) is not None
            ),
            default=None,
        )

    def pass_time(self, times: Mapping[str, int]) -> None:
        """Follow the rules that were due before the first of new events was recorded, by profile.

        What turns at that very instant is what the event makes of it.
        """
        due = {
            profile_id: first - 1
            for profile_id, first in times.items()
            if self._evaluations[profile_id].is_due(first - 1)
        }
        if not due:
            return
        streams = streams_of(self._unit, due)
        summaries = store.load_profile_summaries(self._unit, streams, {}, self._unit.now)
        give_values(self._model, summaries.values())
        reader = FactReader(self._unit, self._definitions.index)
        for profile_id, summary in summaries.items():
            evaluation = self._evaluations[profile_id]
            asked = evaluation.due_by(due[profile_id])
            reader.add(evaluation, summary, streams[profile_id], asked, evaluation.first_due)
        reader.read_ahead()
        for profile_id, summary in summaries.items():
            evaluation = self._evaluations[profile_id]
            evaluation.pass_time(summary, due[profile_id])
            self._settled[profile_id] = len(evaluation.changes), streams[profile_id]

    def evaluate(
        self,
        news: Mapping[str, ProfileNews],
        loaded: Loaded,
        until: Mapping[str, int] | None = None,
    ) -> None:
        """Evaluate all profiles at the unit's time, and store and append what has changed.

        Those in `until` have more events, the first of which was recorded then: they are evaluated
        as of the instant before. A profile without news changes by a rebuild if it was never
        evaluated, else as time passes, and by new definitions.
        """
        times = {profile_id: self._time(profile_id, until or {}) for profile_id in self._states}
        streams = streams_of(self._unit, self._states)
        new = {
            profile_id
            for profile_id, state in self._states.items()
            if state.generation == 0 and loaded.starting >= set(streams[profile_id])
        }
        summaries = store.load_profile_summaries(
            self._unit, streams, {}, self._unit.now, loaded.summaries
        )
        give_values(self._model, summaries.values())
        self._raise_watermarks(summaries, loaded.moves)
        if self._definitions.index.read_facts:
            self._read_facts(summaries, streams, news, new, times)
        evaluated: dict[str, EvaluationState] = {}
        settled: set[str] = set()
        for profile_id, state in self._states.items():
            evaluation, summary = self._evaluations[profile_id], summaries.get(profile_id)
            now = max(times[profile_id], evaluation.watermark)
            of_profile = news.get(profile_id)
            if summary is None:
                evaluation.end(now)
                evaluation.leave_all(now, of_profile.reason if of_profile else "event")
            else:
                evaluation.evaluate(summary, of_profile, now, is_new=profile_id in new)
                if evaluation.has_asked and now > self._unit.now:
                    evaluation.keep_watermark(now)  # this clock is behind: nobody asks before that
                if not state.is_settled or (of_profile is not None and of_profile.moved):
                    settled.add(profile_id)
            after = evaluation.state(now, is_settled=state.is_settled or profile_id in settled)
            if after is not state:
                evaluated[profile_id] = after
        store.save_evaluation_states(self._unit, evaluated)
        changed = {p: e for p, e in self._evaluations.items() if e.changes or p in settled}
        if changed:
            _record(self._unit, changed, settled, self._settled, streams, loaded)

    def _time(self, profile_id: str, until: Mapping[str, int]) -> int:
        return min(self._unit.now, until.get(profile_id, self._unit.now + 1) - 1)

    def _read_facts(
        self,
        summaries: Mapping[str, Summary],
        streams: Mapping[str, Sequence[str]],
        news: Mapping[str, ProfileNews],
        new: Set[str],
        times: Mapping[str, int],
    ) -> None:
        """Let those profiles have their single events whose rules read the data of any."""
        reader = FactReader(self._unit, self._definitions.index)
        for profile_id, summary in summaries.items():
            of_profile = news.get(profile_id)
            evaluation = self._evaluations[profile_id]
            now = max(times[profile_id], evaluation.watermark)
            first = min(times[profile_id], evaluation.first_due)
            if of_profile is not None:
                first = min(first, of_profile.first_at)
            asked = evaluation.asked_first(of_profile, now, is_new=profile_id in new)
            reader.add(evaluation, summary, streams[profile_id], asked, first)
        reader.read_ahead()

    def _raise_watermarks(
        self, summaries: Mapping[str, Summary], moves: Sequence[tuple[str, str]]
    ) -> None:
        """Evaluate no profile at an instant before its newest event.

        Profiles between which streams have moved get the greatest of all these, and keep it.
        """
        for profile_id, summary in summaries.items():
            evaluation = self._evaluations[profile_id]
            evaluation.watermark = max(evaluation.watermark, summary.state.watermark)
        own = {profile_id: each.watermark for profile_id, each in self._evaluations.items()}
        for profile_id, watermark in share_watermarks(moves, own).items():
            self._evaluations[profile_id].keep_watermark(watermark)

    def _begin(self) -> dict[str, ProfileEvaluation]:
        unread = [profile_id for profile_id, each in self._states.items() if each.members is None]
        read = store.load_memberships(self._unit, unread) if unread else {}
        return {
            profile_id: ProfileEvaluation(
                self._definitions,
                state,
                read[profile_id] if state.members is None else state.members,
            )
            for profile_id, state in self._states.items()
        }


def _record(
    unit: UnitOfWork,
    evaluations: Mapping[str, ProfileEvaluation],
    settled: Collection[str],
    earlier: Mapping[str, tuple[int, Sequence[str]]],
    streams: Mapping[str, Sequence[str]],
    loaded: Loaded,
) -> None:
    """Store the entries and exits, and append them to the log."""
    # Those of the batch are known, except where something turned before its events.
    unknown = {s for each in evaluations for s in streams[each]} - loaded.versions.keys()
    unknown |= {stream for _count, part in earlier.values() for stream in part}
    applied = store.applied_versions(unit, unknown) if unknown else {}
    versions = {**applied, **loaded.versions}
    heads = store.own_versions(unit, evaluations)
    drafts: list[Draft] = []
    stays: list[Stay] = []
    for profile_id, evaluation in sorted(evaluations.items()):
        of_profile = streams[profile_id]
        metadata = {"profile_id": profile_id, **_origin(of_profile, loaded)}
        count, before = earlier.get(profile_id, (0, ()))
        as_of = {stream: versions.get(stream, 0) for stream in of_profile}
        as_of_before = {stream: applied.get(stream, 0) for stream in before}
        changes = [
            events.change(profile_id, *each, as_of_before if number < count else as_of)
            for number, each in enumerate(evaluation.changes)
        ]
        first = heads.get(profile_id, 0) + 1
        numbered = enumerate((changed for _reason, changed in evaluation.changes), first)
        stays += ended_stays(profile_id, evaluation.before, numbered)
        if profile_id in settled:
            changes.append(events.settled(profile_id, evaluation.members, as_of, unit.now))
        drafts += events.drafts(profile_id, first, changes, metadata)
    _store_changes(unit, evaluations)
    store.save_stays(unit, stays)
    unit.append(drafts)
    changed = [draft for draft in drafts if draft.type != events.SETTLED]
    unit.after_commit(partial(_count_changes, changed))


def _count_changes(changed: Iterable[Draft]) -> None:
    """Count entries and exits in the metrics."""
    counts = Counter((draft.type, draft.data["segment"]) for draft in changed)
    for (kind, segment), count in counts.items():
        counter = SEGMENT_ENTRIES if kind == events.ENTERED else SEGMENT_EXITS
        counter.labels("segments", segment).inc(count)


def _store_changes(unit: UnitOfWork, evaluations: Mapping[str, ProfileEvaluation]) -> None:
    """Store in the memberships how each profile's differ from those before."""
    entries: dict[tuple[str, str], Membership] = {}
    exits: list[tuple[str, str]] = []
    for profile_id, evaluation in evaluations.items():
        before, after = evaluation.before, evaluation.members
        exits += [(profile_id, s) for s in before if after.get(s) != before[s]]
        entries |= {(profile_id, s): each for s, each in after.items() if before.get(s) != each}
    store.delete_exits(unit, exits)
    store.save_entries(unit, entries)


def _origin(streams: Sequence[str], loaded: Loaded) -> dict[str, str]:
    """The call that led to the newest of a profile's events in the batch, if any did."""
    events = [loaded.newest[stream] for stream in streams if stream in loaded.newest]
    return max(events, key=lambda event: event.recorded_at).origin if events else {}
