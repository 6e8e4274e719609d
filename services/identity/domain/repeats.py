"""Calls that are made again: which of their events would go elsewhere by then, and are kept. Pure.

An event of a call goes elsewhere, if the call is made again, when a later event has changed
something of an identifier that both show: a sign-in that is dated before it, a proof, a release.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Sequence

from services.identity.domain.observation import SIGNED_OUT, Observation
from services.identity.domain.resolution import Resolution, ResolutionResult, resolve_unchanged
from services.identity.domain.state import IdentityState, KeptResolution

Resolved = tuple[Observation, ResolutionResult]


class ResolvedCall:
    """The events of a call that have been resolved and not been kept, by their identifiers.

    An event is resolved again once after its own batch. When a later batch has changed something of
    its identifiers for the second time it is kept as it is: what a call costs grows with its
    events, and not with their square.
    """

    def __init__(self, resolved: Iterable[Resolved] = ()) -> None:
        self._events: dict[int, tuple[Observation, Resolution]] = {}
        self._by_key: dict[str, set[int]] = {}
        self._checked: set[int] = set()
        self._places = itertools.count()
        self._add(resolved)

    def outdated(self, state: IdentityState, batch: Sequence[Resolved]) -> list[KeptResolution]:
        """What of the call would be resolved otherwise if the call were made again.

        `batch` has been resolved in `state`, which is frozen by now. Where an event shows
        identifiers besides those of the batch, nothing is sure.
        """
        kept: list[KeptResolution] = []
        later: set[str] = set()
        for observation, result in reversed(batch):
            keys = _keys(observation)
            may_differ = observation.type == SIGNED_OUT or not later.isdisjoint(keys)
            if may_differ and isinstance(result, Resolution):
                kept += _kept_if_elsewhere(state, observation, result)
            if observation.event_id in state.changed_by:
                later |= keys
        loaded = {key for observation, _ in batch for key in _keys(observation)}
        for place in self._showing(later):
            observation, result = self._events[place]
            if place in self._checked or not _keys(observation) <= loaded:
                kept.append(_kept(observation, result))
            else:
                kept += _kept_if_elsewhere(state, observation, result)
        return kept

    def go_on(
        self, state: IdentityState, batch: Sequence[Resolved], kept: Iterable[KeptResolution]
    ) -> None:
        """Take in a batch that is stored, with what `outdated` said of it."""
        ids = {each.event_id for each in kept}
        changed = {key for o, _ in batch if o.event_id in state.changed_by for key in _keys(o)}
        for place in self._showing(changed):
            if self._events[place][0].event_id in ids:
                self._remove(place)
            else:
                self._checked.add(place)
        self._add((o, result) for o, result in batch if o.event_id not in ids)

    def _showing(self, keys: Iterable[str]) -> set[int]:
        return {place for key in keys for place in self._by_key.get(key, ())}

    def _add(self, resolved: Iterable[Resolved]) -> None:
        for observation, result in resolved:
            if isinstance(result, Resolution):
                place = next(self._places)
                self._events[place] = observation, result
                for key in _keys(observation):
                    self._by_key.setdefault(key, set()).add(place)

    def _remove(self, place: int) -> None:
        observation, _ = self._events.pop(place)
        for key in _keys(observation):
            self._by_key[key].discard(place)


def _kept_if_elsewhere(
    state: IdentityState, observation: Observation, result: Resolution
) -> Collection[KeptResolution]:
    again = resolve_unchanged(state, observation)
    if isinstance(again, Resolution) and _goes_alike(again, result):
        return ()
    return (_kept(observation, result),)


def _kept(observation: Observation, result: Resolution) -> KeptResolution:
    own = result.ignored[len(observation.ignored) :]
    return KeptResolution(
        observation.event_id,
        observation.digest,
        result.stream,
        result.came_from.stream if result.came_from else None,
        tuple((each.type, each.reason) for each in own),
    )


def _goes_alike(one: Resolution, other: Resolution) -> bool:
    """Whether two resolutions of an event are to one stream, from one tenure."""
    tenures = (each.came_from.stream if each.came_from else None for each in (one, other))
    return one.stream == other.stream and len(set(tenures)) == 1


def _keys(observation: Observation) -> set[str]:
    return {identifier.key for identifier in observation.identifiers}
