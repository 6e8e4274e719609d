"""Resolving observations.

Most events show nothing new. They are resolved from one query, without a lock; what changes
something is resolved again, in order, under the locks of its keys and of their profiles.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
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
_ENTANGLED = 10  # of those, so many are resolved at once, unless more are sure to be
_STEPS = 100  # in which what observations depend on is looked up, one thing leading to the next


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
        batch = list(observations)
        failed = itertools.count(1)
        attempts = Attempts(work)

        def change(unit: UnitOfWork, needs: Needs) -> _Changed:
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
            kept = call.outdated(state, list(zip(batch, results, strict=True)))
            store.keep_resolutions(unit, kept)
            return _Changed(state, results, kept, append(unit, changes))

        def explore(unit: UnitOfWork, needs: Needs) -> Needs:
            if len(batch) > _ENTANGLED:
                return needs
            return self._explore(unit, batch, needs, attempts)

        changed = attempts.run(change, explore)
        call.go_on(changed.state, list(zip(batch, changed.results, strict=True)), changed.kept)
        return changed.results, changed.facts

    def _explore(
        self,
        unit: UnitOfWork,
        observations: Sequence[Observation],
        needs: Needs,
        attempts: Attempts,
    ) -> Needs:
        """All that observations depend on besides `needs`, as things stand.

        One thing leads to the next. Whoever learned them one by one under locks would queue for the
        locks each time, and find that others had moved some of them.
        """
        for _ in range(_STEPS):
            if attempts.are_over:
                break
            state = store.load(unit, self._policy, observations, needs)
            try:
                resolve_all(state, observations, new_id)
            except Incomplete as incomplete:
                needs |= incomplete.needs
            else:
                break
        return needs


class _Changed(NamedTuple):
    """What a batch has changed: its results, what is kept for its call, and the facts."""

    state: IdentityState
    results: list[ResolutionResult]
    kept: list[KeptResolution]
    facts: list[Event]
