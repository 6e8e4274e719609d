"""Resolving observations.

Most events show nothing new. They are resolved from one query, without a lock; what changes
something is resolved again, in order, under the locks of its keys and of their profiles.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from chassis import Event, new_id
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from services.identity import store
from services.identity.commands.attempts import Attempts
from services.identity.commands.facts import append
from services.identity.domain.observation import Observation
from services.identity.domain.repeats import ResolvedCall
from services.identity.domain.resolution import (
    ResolutionResult,
    resolve_all,
    resolve_all_unchanged,
)
from services.identity.domain.state import (
    IdentityPolicy,
    IdentityState,
    Incomplete,
    KeptResolution,
    Needs,
)

_INNER_BATCH = 100  # observations that are resolved under the same locks
_FAILURES = 2  # after so many failed attempts, observations are taken for entangled
_ENTANGLED = 20  # of those, so many are resolved at once, unless more are sure to be
_STORM = 10.0  # seconds after which observations are taken not to be entangled any more
_TURN = 0.15  # seconds after which whoever has it is content with what can be resolved by then
_LONGEST_TURN = 3.0  # seconds after which even one observation is tried, whatever may be missing
_AFTER_TURN = 0.5  # seconds of a unit's patience that are left to whoever gets the turn last
_STEPS = 100  # in which what observations depend on is looked up, one thing leading to the next


class ResolveHandler:
    """Resolves observations."""

    def __init__(self, policy: IdentityPolicy) -> None:
        self._policy = policy
        self._calm_at = 0.0
        """When the process takes it that observations are entangled no more."""

    def resolve(
        self, observations: Sequence[Observation], work: UnitOfWorkRunner
    ) -> tuple[list[ResolutionResult], list[Event]]:
        """A result for each observation, in order, and one copy of each fact that they led to.

        What changes something is resolved some observations at a time, each time in a transaction
        of its own, so that a large call keeps its locks for a moment only.
        """
        now = work.clock.now()
        observations = [observation.seen_at(now) for observation in observations]
        known = work.read(
            partial(store.load_resolved, policy=self._policy, observations=observations)
        )
        results = resolve_all_unchanged(known, dict(enumerate(observations)))
        rest = [index for index in range(len(observations)) if index not in results]
        call = ResolvedCall((observations[index], result) for index, result in results.items())
        facts: list[Event] = []
        done = 0
        while done < len(rest):
            indexes = rest[done : done + _INNER_BATCH]
            changed, appended = self._change([observations[i] for i in indexes], call, work)
            results |= dict(zip(indexes, changed, strict=False))
            done += len(changed)
            facts += appended
        return [results[index] for index in range(len(observations))], facts

    def _change(
        self, observations: Sequence[Observation], call: ResolvedCall, work: UnitOfWorkRunner
    ) -> tuple[list[ResolutionResult], list[Event]]:
        """The results of the first observations, at least one: as many as can be had at once.

        `call` has those of the call that have been resolved before; they are added to it.
        """
        batch = _Batch(list(observations), time.monotonic() < self._calm_at)
        attempts = Attempts(work)

        def change(unit: UnitOfWork, needs: Needs) -> _Changed:
            if batch.is_entangled:
                store.take_turn(unit, attempts.seconds_left - _AFTER_TURN)
                batch.needs = self._explore(unit, batch, needs | batch.needs)
            try:
                state = store.load_locked(
                    unit, self._policy, batch.observations, needs | batch.needs
                )
                results, changes = resolve_all(state, batch.observations, new_id)
            except (Incomplete, store.ConcurrentMove) as failure:
                batch.note_failure(failure.resolved if isinstance(failure, Incomplete) else 0)
                raise
            store.save(unit, state)
            state.frozen = True
            kept = call.outdated(state, batch.resolved(results))
            store.keep_resolutions(unit, kept)
            return _Changed(state, results, kept, append(unit, changes))

        try:
            changed = attempts.run(change)
        finally:
            if [batch.failures > 0, batch.is_entangled, attempts.are_over].count(True) > 1:
                self._calm_at = time.monotonic() + _STORM
        call.go_on(changed.state, batch.resolved(changed.results), changed.kept)
        return changed.results, changed.facts

    def _explore(self, unit: UnitOfWork, batch: _Batch, needs: Needs) -> Needs:
        """All that a batch depends on besides `needs`, as things stand.

        One thing leads to the next. Whoever learned them one by one under locks would queue for the
        locks each time, and find that others had moved some of them. Each observation is looked at
        alone first, since little surrounds it, and each step looks at all of that again. As others
        wait for the turn, the batch becomes shorter if that takes long, down to one observation,
        which has more time: if it were given up, nobody would ever get on.
        """
        began = time.monotonic()
        for index, observation in enumerate(batch.observations):
            if index and time.monotonic() - began > _TURN:
                del batch.observations[index:]
                break
            needs |= self._needs_of(unit, [observation], Needs(), began)
        return self._needs_of(unit, batch.observations, needs, began)

    def _needs_of(
        self, unit: UnitOfWork, observations: list[Observation], needs: Needs, began: float
    ) -> Needs:
        """What observations depend on besides `needs`; late, the last of several are given up."""
        state = store.load(unit, self._policy, observations, needs)
        for _ in range(_STEPS):
            try:
                resolve_all(state.copy(), observations, new_id)
            except Incomplete as incomplete:
                seconds = time.monotonic() - began
                if incomplete.resolved and seconds > _TURN:
                    del observations[incomplete.resolved :]
                    # What was loaded for those that are given up is not there the next time.
                    state = store.load(unit, self._policy, observations, needs)
                    continue
                needs |= incomplete.needs
                if seconds > _LONGEST_TURN:
                    break
                store.load_more(unit, state, observations, incomplete.needs)
            else:
                break
        return needs


@dataclass(slots=True)
class _Batch:
    """Observations that are resolved under the same locks, fewer of them once they are entangled.

    Entangled are those whose profiles others change all the time. Whoever resolves some takes
    turns with all who do: they would else queue for the same locks, only to find that what they
    had learned is out of date, and nobody would get anything done.
    """

    observations: list[Observation]
    is_entangled: bool
    failures: int = 0
    needs: Needs = field(default_factory=Needs)
    """What they depend on, as far as it was looked up before an attempt that failed."""

    def __post_init__(self) -> None:
        if self.is_entangled:
            self.observations = self.observations[:_ENTANGLED]

    def note_failure(self, resolved: int) -> None:
        """Note a failed attempt, which had come so far."""
        self.failures += 1
        if self.failures >= _FAILURES:
            self.is_entangled = True
            del self.observations[max(resolved, _ENTANGLED) :]

    def resolved(
        self, results: Sequence[ResolutionResult]
    ) -> list[tuple[Observation, ResolutionResult]]:
        """The observations with their results."""
        return list(zip(self.observations, results, strict=True))


class _Changed(NamedTuple):
    """What a batch has changed: its results, what is kept for its call, and the facts."""

    state: IdentityState
    results: list[ResolutionResult]
    kept: list[KeptResolution]
    facts: list[Event]
