"""What changes identity: resolving observations, splitting and merging profiles, the review list.

Most events show nothing new. They are resolved from one query, without a lock; what changes
something is resolved again, in order, under the locks of its keys and of their profiles.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Collection, Mapping, Sequence
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
from services.identity.domain.change import IdentityChange, divide
from services.identity.domain.events import identity_changed, lost_fact
from services.identity.domain.observation import Observation, Observer
from services.identity.domain.resolution import (
    ResolutionResult,
    outdated,
    resolve_all,
    resolve_all_unchanged,
)
from services.identity.domain.responses import RedrawResult, RepairResult
from services.identity.domain.restoring import LostFact
from services.identity.domain.state import IdentityPolicy, IdentityState, Incomplete, Needs

T = TypeVar("T")
_ATTEMPTS = 50  # each fails because another call has moved a profile, or more has to be known
_INNER_BATCH = 100  # observations that are resolved under the same locks
_FAILURES = 2  # after so many failed attempts, observations are taken for entangled
_ENTANGLED = 10  # of those, so many are resolved at once, unless more are sure to be
_STEPS = 100  # in which what observations depend on is looked up, one thing leading to the next
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
        """A result for each observation, in order, and one copy of each fact that they led to.

        What changes something is resolved some observations at a time, each time in a transaction
        of its own, so that a large call keeps its locks for a moment only.
        """
        known = work.read(
            partial(store.load_resolved, policy=self._policy, observations=observations)
        )
        results = resolve_all_unchanged(known, dict(enumerate(observations)))
        rest = [index for index in range(len(observations)) if index not in results]
        facts: list[Event] = []
        while rest:
            batch = [observations[index] for index in rest[:_INNER_BATCH]]
            earlier = [(observations[index], result) for index, result in sorted(results.items())]
            changed, appended = self._change(batch, earlier, work)
            results |= dict(zip(rest, changed, strict=False))
            rest = rest[len(changed) :]
            facts += appended
        return [results[index] for index in range(len(observations))], facts

    def _change(
        self,
        observations: Sequence[Observation],
        earlier: Sequence[tuple[Observation, ResolutionResult]],
        work: UnitOfWorkRunner,
    ) -> tuple[list[ResolutionResult], list[Event]]:
        """The results of the first observations, at least one: as many as can be had at once.

        `earlier` are those of the call that have been resolved before.
        """
        batch = list(observations)
        failed = itertools.count(1)

        def change(unit: UnitOfWork, needs: Needs) -> tuple[list[ResolutionResult], list[Event]]:
            try:
                state = store.load_locked(unit, self._policy, batch, needs)
                results, changes = resolve_all(state, batch, new_id)
            except (Incomplete, store.ConcurrentMove) as failure:
                sure = failure.resolved if isinstance(failure, Incomplete) else 0
                if next(failed) >= _FAILURES:
                    del batch[max(sure, _ENTANGLED) :]
                raise
            store.save(unit, state)
            state.frozen = True
            resolved = list(zip(batch, results, strict=True))
            store.keep_resolutions(unit, outdated(state, earlier, resolved))
            return results, _append(unit, changes)

        def explore(needs: Needs) -> Needs:
            if len(batch) > _ENTANGLED:
                return needs
            return work.read(lambda unit: self._explore(unit, batch, needs))

        return _run(work.run, change, explore)

    def _explore(
        self, unit: UnitOfWork, observations: Sequence[Observation], needs: Needs
    ) -> Needs:
        """All that observations depend on besides `needs`, as things stand.

        One thing leads to the next. Whoever learned them one by one under locks would queue for the
        locks each time, and find that others had moved some of them.
        """
        for _ in range(_STEPS):
            state = store.load(unit, self._policy, observations, needs)
            try:
                resolve_all(state, observations, new_id)
            except Incomplete as incomplete:
                needs |= incomplete.needs
            else:
                break
        return needs


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
            return support.split(state, profile, keys, new_id(), unit.now, note)

        return self._repair({"profile_id": profile_id}, decide, work, dry_run)

    def merge(
        self, one: str, other: str, note: str, work: UnitOfWorkRunner, *, dry_run: bool
    ) -> RepairResult:
        """Make one profile of two, within the limits of a profile."""

        def decide(unit: UnitOfWork, state: IdentityState, profiles: Sequence[str]) -> Decision:
            one, *_, other = profiles
            survivor, change = support.merge(state, one, other, new_id(), unit.now, note)
            return (survivor,), change

        return self._repair({"a": one, "b": other}, decide, work, dry_run)

    def redraw(
        self, after: str, limit: int, work: UnitOfWorkRunner, *, dry_run: bool
    ) -> RedrawResult:
        """Part what claims alone had joined, in the next profiles past `after` in their order."""
        profiles = work.read(partial(store.load_fused, after=after, limit=limit))
        changed = [
            result
            for profile in profiles
            if (result := self._redraw_one(profile, work, dry_run)) is not None
        ]
        last = profiles[-1] if len(profiles) == limit else None
        return RedrawResult(len(profiles), changed, last)

    def _redraw_one(
        self, profile: str, work: UnitOfWorkRunner, dry_run: bool
    ) -> RepairResult | None:
        def part(unit: UnitOfWork, needs: Needs) -> RepairResult | None:
            current = store.current_profiles(unit, [profile]).get(profile)
            if current is None:
                return None
            state = store.load_whole(unit, self._policy, [current], needs)
            before = {current: _streams(state, current)}
            change = support.unfuse(state, current, unit.now)
            fact = None
            if not dry_run:
                store.save(unit, state)
                fact = next(iter(_append(unit, divide(change) if change else [])), None)
            return _repaired(state, before, change, fact) if change else None

        return _run(work.read if dry_run else work.run, part)

    def _repair(
        self, profile_ids: Mapping[str, str], decide: Decide, work: UnitOfWorkRunner, dry_run: bool
    ) -> RepairResult:
        def repair(unit: UnitOfWork, needs: Needs) -> RepairResult:
            profiles = [
                queries.current_profile(unit, id_, field) for field, id_ in profile_ids.items()
            ]
            state = store.load_whole(unit, self._policy, set(profiles), needs)
            store.load_repairs(unit, state, profiles)
            before = {profile: _streams(state, profile) for profile in profiles}
            results, change = decide(unit, state, profiles)
            fact = None
            if not dry_run:
                store.save(unit, state)
                fact, *_ = _append(unit, divide(change))
            after = {profile: _streams(state, profile) for profile in results}
            return RepairResult(before, after, _keys(state), fact)

        return _run(work.read if dry_run else work.run, repair)


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


def _run(
    run: Callable[[Callable[[UnitOfWork], T]], T],
    function: Callable[[UnitOfWork, Needs], T],
    explore: Callable[[Needs], Needs] = lambda needs: needs,
) -> T:
    """Run a unit of work again as long as streams move under it, or more has to be known.

    `explore` says what more than that will have to be.
    """
    end = time.monotonic() + _PATIENCE
    needs = Needs()
    for _ in range(_ATTEMPTS):
        try:
            return run(_with_needs(function, needs))
        except Incomplete as incomplete:
            needs = explore(needs | incomplete.needs)
        except store.ConcurrentMove:
            if time.monotonic() > end:
                break
    raise Unavailable("identity", "has too many changes of these profiles; try again")


def _with_needs(
    function: Callable[[UnitOfWork, Needs], T], needs: Needs
) -> Callable[[UnitOfWork], T]:
    return lambda unit: function(unit, needs)


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
    accounts = store.accounts_on(unit, devices, review.MANY_ACCOUNTS) if devices else {}
    entries = {**refusals, **review.shared_devices(devices, accounts)}
    if not entries:
        return
    # What many events show at once is written once a second.
    fresh = store.fresh_reviews(unit, entries, unit.now - _FRESH)
    if seen := {subject: event for subject, event in entries.items() if subject not in fresh}:
        store.save_reviews(unit, seen)


def _keys(state: IdentityState) -> dict[str, str]:
    return {entry.stream: entry.key for entry in state.streams()}


def _streams(state: IdentityState, profile: str) -> list[str]:
    return [entry.stream for entry in state.streams() if entry.profile == profile]


def _repaired(
    state: IdentityState,
    before: Mapping[str, Sequence[str]],
    change: IdentityChange,
    fact: Event | None,
) -> RepairResult:
    """What a redraw has made of a profile."""
    profiles = sorted({entry.profile for entry in change.streams} | before.keys())
    after = {profile: _streams(state, profile) for profile in profiles}
    return RepairResult(before, after, _keys(state), fact)
