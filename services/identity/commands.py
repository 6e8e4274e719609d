"""What changes identity: resolving observations, splitting and merging profiles, the review list.

Most events show nothing new. They are resolved from one query, without a lock; what changes
something is resolved again, in order, under the locks of its keys and of their profiles.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from chassis import Event, NotFound, Unavailable, new_id
from chassis.config.settings import Settings
from chassis.core.instants import SECOND
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from identifiers import load_types
from services.identity import queries, store
from services.identity.domain import restoring, review, support
from services.identity.domain.change import IdentityChange
from services.identity.domain.events import identity_changed, lost_fact
from services.identity.domain.observation import Observation, Observer
from services.identity.domain.resolution import ResolutionResult, resolve, resolve_all_unchanged
from services.identity.domain.responses import RepairResult
from services.identity.domain.restoring import LostFact
from services.identity.domain.state import IdentityPolicy, IdentityState

T = TypeVar("T")
_ATTEMPTS = 50  # each of them fails only because another call has moved a profile meanwhile
_PATIENCE = 5.0  # seconds in all: each attempt may wait for locks
_FRESH = SECOND

Decision = tuple[Sequence[str], IdentityChange]  # the profiles that result, and what has changed
Decide = Callable[[UnitOfWork, IdentityState, Sequence[str]], Decision]


class ResolveHandler:
    """Resolves observations."""

    def __init__(self, policy: IdentityPolicy) -> None:
        self._policy = policy

    def resolve(
        self, observations: Sequence[Observation], work: UnitOfWorkRunner
    ) -> tuple[list[ResolutionResult], list[Event]]:
        """A result for each observation, in order, and one copy of each fact that they led to."""
        results: dict[int, ResolutionResult] = {}
        rest = dict(enumerate(observations))
        for load in (store.load, store.load_profiles):
            keys = _keys(rest.values())
            state = work.read(partial(load, policy=self._policy, keys=keys))
            results |= resolve_all_unchanged(state, rest)
            rest = {index: one for index, one in rest.items() if index not in results}
            if not rest:
                break
        facts: list[Event] = []
        if rest:
            change = partial(_change, policy=self._policy, observations=list(rest.values()))
            changed, facts = _retry_moves(lambda: work.run(change))
            results |= dict(zip(rest, changed, strict=True))
        return [results[index] for index in range(len(observations))], facts


class RepairHandler:
    """Splits and merges profiles, or says what would happen."""

    def __init__(self, policy: IdentityPolicy) -> None:
        self._policy = policy

    def split(
        self,
        profile_id: str,
        keys: Collection[str],
        note: str,
        work: UnitOfWorkRunner,
        *,
        dry_run: bool,
    ) -> RepairResult:
        """Part the streams of identifiers from the rest of their profile."""

        def decide(unit: UnitOfWork, state: IdentityState, profiles: Sequence[str]) -> Decision:
            (profile,) = profiles
            past_labels = _past_labels(unit, [member.stream for member in state.members(profile)])
            return support.split(state, profile, keys, past_labels, new_id(), unit.now, note)

        return self._repair({"profile_id": profile_id}, decide, work, dry_run)

    def merge(
        self, one: str, other: str, note: str, work: UnitOfWorkRunner, *, dry_run: bool
    ) -> RepairResult:
        """Make one profile of two, within the limits of a profile."""

        def decide(unit: UnitOfWork, state: IdentityState, profiles: Sequence[str]) -> Decision:
            survivor, change = support.merge(state, profiles[0], profiles[-1], unit.now, note)
            return (survivor,), change

        return self._repair({"a": one, "b": other}, decide, work, dry_run)

    def _repair(
        self, profile_ids: Mapping[str, str], decide: Decide, work: UnitOfWorkRunner, dry_run: bool
    ) -> RepairResult:
        once = partial(self._once, profile_ids=profile_ids, decide=decide, dry_run=dry_run)
        run = work.read if dry_run else work.run
        return _retry_moves(lambda: run(once))

    def _once(
        self, unit: UnitOfWork, profile_ids: Mapping[str, str], decide: Decide, dry_run: bool
    ) -> RepairResult:
        profiles = [queries.current_profile(unit, id_, field) for field, id_ in profile_ids.items()]
        load = store.load_whole if dry_run else store.load_whole_locked
        state = load(unit, self._policy, set(profiles))
        before = {profile: _streams(state, profile) for profile in profiles}
        results, change = decide(unit, state, profiles)
        fact = None
        if not dry_run:
            store.save(unit, state)
            (fact,) = _append(unit, [change])
        after = {profile: _streams(state, profile) for profile in results}
        keys = {stream: tenure.key for stream, tenure in state.tenures.items()}
        return RepairResult(before, after, keys, fact)


class ReviewHandler:
    """Puts on the review list what only a person can decide.

    It does so after the batch. If a crash prevents it, the next such event makes the entry.
    """

    def note(
        self,
        observations: Sequence[Observation],
        results: Sequence[ResolutionResult],
        facts: Sequence[Event],
        work: UnitOfWorkRunner,
    ) -> None:
        """Note refused merges, profiles at a limit and devices that accounts share.

        An entry that was taken off the list is on it again.
        """
        refusals = review.refusals(observations, results)
        devices = review.handed_over(facts)
        if refusals or devices:
            work.run(partial(_note, refusals=refusals, devices=devices))


@dataclass(frozen=True, slots=True)
class IdentityHandlers:
    """What the calls of one process share."""

    observer: Observer
    resolver: ResolveHandler
    repairs: RepairHandler
    reviews: ReviewHandler


def open_handlers(settings: Settings) -> IdentityHandlers:
    """The handlers of one process; InvalidInput if the identifier types are configured wrongly."""
    policy = IdentityPolicy(load_types(settings.config_dir))
    return IdentityHandlers(
        observer=Observer(policy, settings.identifier_key),
        resolver=ResolveHandler(policy),
        repairs=RepairHandler(policy),
        reviews=ReviewHandler(),
    )


def take_back(unit: UnitOfWork, policy: IdentityPolicy, facts: Sequence[LostFact]) -> None:
    """Append facts again that the log has lost in a restore, in their order, and fold them."""
    state = store.load_for_facts(unit, policy, facts)
    restoring.take_back(state, facts)
    store.save(unit, state)
    appended = [result.event for result in unit.append([lost_fact(fact) for fact in facts])]
    _check_epochs(appended)


def close_review(unit: UnitOfWork, review_id: str, by: str | None = None) -> None:
    """Take an entry off the review list; NotFound if it is not on it."""
    if not store.close_review(unit, review_id, by):
        raise NotFound("done", "is not an entry of the review list")


def _retry_moves(function: Callable[[], T]) -> T:
    end = time.monotonic() + _PATIENCE
    for _ in range(_ATTEMPTS):
        try:
            return function()
        except store.ConcurrentMove:
            if time.monotonic() > end:
                break
    raise Unavailable("identity", "has too many changes of these profiles; try again")


def _change(
    unit: UnitOfWork, policy: IdentityPolicy, observations: Sequence[Observation]
) -> tuple[list[ResolutionResult], list[Event]]:
    state = store.load_locked(unit, policy, _keys(observations))
    results: list[ResolutionResult] = []
    changes: list[IdentityChange] = []
    for observation in observations:
        result, change = resolve(state, observation, new_id)
        results.append(result)
        if change:
            changes.append(change)
    store.save(unit, state)
    return results, _append(unit, changes)


def _append(unit: UnitOfWork, changes: Sequence[IdentityChange]) -> list[Event]:
    """Append a fact for each change; returns one copy of each, in order."""
    drafts = [identity_changed(change, new_id()) for change in changes]
    facts = [appended.event for appended in unit.append(drafts)]
    _check_epochs(facts)
    return facts


def _check_epochs(facts: Sequence[Event]) -> None:
    for fact in facts:
        if any(entry["version"] != entry["epoch"] for entry in fact.data["streams"]):
            raise AssertionError("a stream's version in identity's log is its epoch")


def _note(
    unit: UnitOfWork, refusals: Mapping[review.ReviewSubject, str], devices: Mapping[str, str]
) -> None:
    accounts = store.accounts_on(unit, devices) if devices else {}
    entries = {**refusals, **review.shared_devices(devices, accounts)}
    if not entries:
        return
    # What many events show at once is written once a second.
    fresh = store.fresh_reviews(unit, entries, unit.now - _FRESH)
    if seen := {subject: event for subject, event in entries.items() if subject not in fresh}:
        store.save_reviews(unit, seen)


def _keys(observations: Iterable[Observation]) -> list[str]:
    return sorted({i.key for observation in observations for i in observation.identifiers})


def _streams(state: IdentityState, profile: str) -> list[str]:
    return [member.stream for member in state.members(profile)]


def _past_labels(unit: UnitOfWork, streams: Sequence[str]) -> dict[str, list[str]]:
    """The labels that each stream ever had, the newest first."""
    labels: dict[str, list[str]] = {stream: [] for stream in streams}
    for event in store.load_facts(unit, streams):
        for entry in event.data["streams"]:
            if entry["stream"] == event.stream:
                labels[event.stream].insert(0, entry["profile_id"])
    return labels
