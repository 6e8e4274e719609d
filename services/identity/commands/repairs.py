"""Splitting and merging profiles, parting what claims had joined, and facts that a restore lost."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial

from chassis import Event, new_id
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from services.identity import queries, store
from services.identity.commands.attempts import Attempts
from services.identity.commands.facts import append, check_epochs
from services.identity.domain import restoring, support
from services.identity.domain.change import IdentityChange, divide
from services.identity.domain.events import lost_fact
from services.identity.domain.responses import RedrawResult, RepairResult
from services.identity.domain.restoring import LostFact
from services.identity.domain.state import IdentityPolicy, IdentityState, Needs

Decision = tuple[Sequence[str], IdentityChange]  # the profiles that result, and what has changed
Decide = Callable[[UnitOfWork, IdentityState, Sequence[str]], Decision]


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
                fact = next(iter(append(unit, divide(change) if change else [])), None)
            return _repaired(state, before, change, fact) if change else None

        return Attempts(work, dry_run=dry_run).run(part)

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
                fact, *_ = append(unit, divide(change))
            after = {profile: _streams(state, profile) for profile in results}
            return RepairResult(before, after, _keys(state), fact)

        return Attempts(work, dry_run=dry_run).run(repair)


def take_back(unit: UnitOfWork, policy: IdentityPolicy, facts: Sequence[LostFact]) -> None:
    """Append facts again that the log has lost in a restore, in their order, and fold them."""
    state = store.load_for_facts(unit, policy, facts)
    restoring.take_back(state, facts)
    store.save(unit, state)
    appended = [result.event for result in unit.append([lost_fact(fact) for fact in facts])]
    check_epochs(appended)


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
