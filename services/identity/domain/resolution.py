"""Resolution: who an observation shows. The rules, with their reasons, are in the README."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from identifiers import Assurance, Ignored
from services.identity.domain.accounts import resolve_account
from services.identity.domain.change import IdentityChange, changes_of
from services.identity.domain.devices import is_signed_in
from services.identity.domain.guests import resolve_guest
from services.identity.domain.observation import Observation
from services.identity.domain.state import (
    IdentityState,
    Incomplete,
    KeptResolution,
    Needs,
    Stream,
    Tenure,
    WouldChange,
)


@dataclass(frozen=True, slots=True)
class Resolution:
    """The stream and the profile of an event; `assurance` says how certain the profile is.

    `came_from` is the tenure of the device from which an order came that has an address stream.
    """

    event_id: str
    stream: str
    profile: str
    epoch: int
    assurance: Assurance
    ignored: tuple[Ignored, ...]
    came_from: Tenure | None = None


@dataclass(frozen=True, slots=True)
class Unresolvable:
    """An event none of whose identifiers can be used."""

    event_id: str
    ignored: tuple[Ignored, ...]


ResolutionResult = Resolution | Unresolvable


def resolve(
    state: IdentityState, observation: Observation, ids: Callable[[], str]
) -> tuple[ResolutionResult, list[IdentityChange]]:
    """Whose an observation is, and what it changed in `state`; `ids` names new streams.

    Raises Incomplete if it depends on what was not loaded; the state is of no use then.
    """
    if not observation.identifiers:
        return Unresolvable(observation.event_id, observation.ignored), []
    kept = state.kept.get(observation.event_id)
    if kept is not None and kept.digest == observation.digest:
        return _as_kept(state, observation, kept), []
    state.begin()
    stream, came_from, ignored = _resolve(state, observation, ids)
    changes = changes_of(state, observation.event_id, observation.time)
    if state.has_changed:
        state.changed_by.add(observation.event_id)
    stream = state.stream(stream.stream)
    if came_from is not None:
        came_from = state.tenure(came_from.stream)
    result = Resolution(
        event_id=observation.event_id,
        stream=stream.stream,
        profile=stream.profile,
        epoch=stream.epoch,
        assurance=_assurance(stream, came_from),
        ignored=(*observation.ignored, *ignored),
        came_from=came_from,
    )
    return result, changes


def resolve_all(
    state: IdentityState, observations: Sequence[Observation], ids: Callable[[], str]
) -> tuple[list[ResolutionResult], list[IdentityChange]]:
    """Whose observations are, in their order, and what they changed in `state`.

    Raises Incomplete with all that is known to be missing, that of later observations included: a
    batch is not loaded again for each of them. The state is of no use then.
    """
    results: list[ResolutionResult] = []
    changes: list[IdentityChange] = []
    for index, observation in enumerate(observations):
        try:
            result, changed = resolve(state, observation, ids)
        except Incomplete as incomplete:
            later = _needs_of_others(state, observation, observations[index + 1 :], ids)
            raise Incomplete(incomplete.needs | later, resolved=index) from None
        results.append(result)
        changes += changed
    return results, changes


def _needs_of_others(
    state: IdentityState,
    failed: Observation,
    observations: Iterable[Observation],
    ids: Callable[[], str],
) -> Needs:
    """What observations need that have no key and no profile in common with one that has failed."""
    needs = Needs()
    keys, profiles = _touched(state, failed)
    for observation in observations:
        if _is_apart(state, observation, keys, profiles):
            try:
                resolve(state, observation, ids)
            except Incomplete as incomplete:
                needs |= incomplete.needs
                own_keys, own_profiles = _touched(state, observation)
                keys |= own_keys
                profiles |= own_profiles
    return needs


def _touched(state: IdentityState, observation: Observation) -> tuple[set[str], set[str]]:
    """The keys of an observation, and the profiles that they lead to."""
    keys = {identifier.key for identifier in observation.identifiers}
    return keys, {tenure.profile for key in keys for tenure in state.tenures_of(key)}


def resolve_unchanged(state: IdentityState, observation: Observation) -> ResolutionResult | None:
    """Whose an observation is if that changes nothing; None if it does, or may do so.

    The state is frozen.
    """
    try:
        return resolve(state, observation, _no_ids)[0]
    except (WouldChange, Incomplete):
        return None


def resolve_all_unchanged(
    state: IdentityState, observations: Mapping[int, Observation]
) -> dict[int, ResolutionResult]:
    """The results that need no change, and that no change before them in the batch can affect."""
    results: dict[int, ResolutionResult] = {}
    keys: set[str] = set()
    profiles: set[str] = set()
    for index, observation in observations.items():
        result = None
        if not keys or _is_apart(state, observation, keys, profiles):
            result = resolve_unchanged(state, observation)
        if result is None:
            own_keys, own_profiles = _touched(state, observation)
            keys |= own_keys
            profiles |= own_profiles
        else:
            results[index] = result
    return results


def _is_apart(
    state: IdentityState, observation: Observation, keys: set[str], profiles: set[str]
) -> bool:
    """Whether an observation has none of these keys, and leads to none of these profiles."""
    own_keys, own_profiles = _touched(state, observation)
    return keys.isdisjoint(own_keys) and profiles.isdisjoint(own_profiles)


def may_have_gone_elsewhere(state: IdentityState, observation: Observation) -> bool:
    """Whether an event that changes nothing may have gone elsewhere when it was resolved before.

    `state` has what keys lead to now. An account's event goes to its name, whenever it comes, and
    what a device is seen in alone to its first tenure as long as that is the only one.
    """
    if observation.is_accounts:
        return False
    if not observation.devices or observation.proves_address:
        return True
    tenures = [state.current(device.key) for device in observation.devices]
    if None in tenures:
        return False  # it makes a tenure
    has_others = bool(observation.names or observation.contacts)
    return has_others or any(tenure and tenure.number > 1 for tenure in tenures)


def _as_kept(state: IdentityState, observation: Observation, kept: KeptResolution) -> Resolution:
    """The resolution of an event that has been resolved before, by the labels of now."""
    stream = state.stream(kept.stream)
    came_from = None if kept.came_from is None else state.tenure(kept.came_from)
    return Resolution(
        event_id=observation.event_id,
        stream=stream.stream,
        profile=stream.profile,
        epoch=stream.epoch,
        assurance=_assurance(stream, came_from),
        ignored=(*observation.ignored, *(Ignored(*each) for each in kept.ignored)),
        came_from=came_from,
    )


def look_up(state: IdentityState, observation: Observation) -> Resolution | None:
    """Whose an observation would be, by what it proves and by its devices; None for nobody.

    An address leads to nobody, and neither does the name of an account that is merely claimed.
    """
    claimed: list[str | None] = []
    for identifier in observation.names:
        name = state.current(identifier.key)
        if observation.is_accounts and name is not None:
            return _found(observation, name, "verified")
        claimed.append(name.stream if name else None)
    for device in observation.devices:
        tenure = state.current(device.key)
        if tenure is not None and not _names_another(state, tenure, claimed):
            return _found(observation, tenure, "device")
    return None


def _resolve(
    state: IdentityState, observation: Observation, ids: Callable[[], str]
) -> tuple[Stream, Tenure | None, list[Ignored]]:
    if observation.is_accounts:
        name, ignored = resolve_account(state, observation, ids)
        return name, None, ignored
    return resolve_guest(state, observation, ids)


def _names_another(state: IdentityState, tenure: Tenure, names: Iterable[str | None]) -> bool:
    """Whether a request names another account than the one that is signed in on its device."""
    return tenure.signed_in and any(
        name is None or not is_signed_in(state, tenure, name) for name in names
    )


def _found(observation: Observation, tenure: Tenure, assurance: Assurance) -> Resolution:
    return Resolution(
        event_id=observation.event_id,
        stream=tenure.stream,
        profile=tenure.profile,
        epoch=tenure.epoch,
        assurance=assurance,
        ignored=observation.ignored,
    )


def _assurance(stream: Stream, came_from: Tenure | None) -> Assurance:
    """How certain the profile is: an address stream is its device's, or was merely typed."""
    if came_from is not None and came_from.profile == stream.profile:
        return came_from.assurance
    return stream.assurance


def _no_ids() -> str:
    raise WouldChange
