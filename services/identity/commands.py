"""The resolver: a batch of observations, against what the database holds.

Most events show nothing new. They are answered from one query, without a lock; what changes
something is resolved again, in order, under the locks of its keys and of their profiles.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from chassis import Event, Unavailable, new_id
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from services.identity import store
from services.identity.domain.change import IdentityChange
from services.identity.domain.events import tell
from services.identity.domain.observation import Observation
from services.identity.domain.resolution import ResolutionResult, resolve, settled
from services.identity.domain.state import IdentityPolicy, IdentityState

_ATTEMPTS = 50  # each of them fails only because another call has moved a profile meanwhile


class ResolveHandler:
    """Resolves observations on one database."""

    def __init__(self, work: UnitOfWorkRunner, rules: IdentityPolicy) -> None:
        self._work = work
        self._rules = rules

    def resolve(
        self, observations: Sequence[Observation]
    ) -> tuple[list[ResolutionResult], list[Event]]:
        """An answer for each observation, in order, and one copy of each fact that they made."""
        answers: dict[int, ResolutionResult] = {}
        waiting = dict(enumerate(observations))
        for load in (store.load, store.load_profiles):
            keys = _keys(waiting.values())
            state = self._work.read(partial(_load, load, self._rules, keys))
            answers |= answer_settled(state, waiting)
            waiting = {i: o for i, o in waiting.items() if i not in answers}
            if not waiting:
                break
        facts: list[Event] = []
        if waiting:
            resolved, facts = self._change(list(waiting.values()))
            answers |= dict(zip(waiting, resolved, strict=True))
        return [answers[index] for index in range(len(observations))], facts

    def _change(
        self, observations: Sequence[Observation]
    ) -> tuple[list[ResolutionResult], list[Event]]:
        for _ in range(_ATTEMPTS):
            try:
                return self._work.run(partial(_change, rules=self._rules, observed=observations))
            except store.ConcurrentMove:
                continue
        raise Unavailable("identity", "has too many changes of these profiles; try again")


def answer_settled(
    state: IdentityState, observations: Mapping[int, Observation]
) -> dict[int, ResolutionResult]:
    """The answers that need no change, and that no change before them in the batch can touch."""
    answers: dict[int, ResolutionResult] = {}
    keys: set[str] = set()
    profiles: set[str] = set()
    for index, observation in observations.items():
        own_keys = {identifier.key for identifier in observation.identifiers}
        own_profiles = {tenure.profile for key in own_keys for tenure in state.held(key)}
        answer = None
        if keys.isdisjoint(own_keys) and profiles.isdisjoint(own_profiles):
            answer = settled(state, observation)
        if answer is None:
            keys |= own_keys
            profiles |= own_profiles
        else:
            answers[index] = answer
    return answers


def _keys(observations: Iterable[Observation]) -> list[str]:
    return sorted({i.key for observation in observations for i in observation.identifiers})


def _load(load: Any, rules: IdentityPolicy, keys: Sequence[str], unit: UnitOfWork) -> IdentityState:
    state: IdentityState = load(unit.connection, rules, keys)
    return state


def _change(
    unit: UnitOfWork, rules: IdentityPolicy, observed: Sequence[Observation]
) -> tuple[list[ResolutionResult], list[Event]]:
    state = store.load_locked(unit.connection, rules, _keys(observed))
    answers: list[ResolutionResult] = []
    changes: list[IdentityChange] = []
    for observation in observed:
        answer, change = resolve(state, observation, new_id)
        answers.append(answer)
        if change:
            changes.append(change)
    store.save(unit.connection, state)
    return answers, tell(unit, changes)
