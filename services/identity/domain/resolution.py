"""Resolution: who an observation shows. The cases, with their reasons, are in the README.

Pure: `decide` makes a plan from the state, `resolve` has the plan carried out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from identifiers import Assurance, Ignored
from services.identity.domain.accounts import plan_account
from services.identity.domain.change import IdentityChange, carry_out, sign_out_openings
from services.identity.domain.guests import plan_guest
from services.identity.domain.observation import Observation
from services.identity.domain.plan import ResolutionPlan
from services.identity.domain.state import IdentityState, IncompleteState, Tenure

_ORDER: tuple[Assurance, ...] = ("verified", "device", "claimed")


@dataclass(frozen=True, slots=True)
class Resolution:
    """The stream and the profile of an event; `assurance` says how certain the profile is."""

    event_id: str
    stream: str
    profile: str
    epoch: int
    assurance: Assurance
    ignored: tuple[Ignored, ...]


@dataclass(frozen=True, slots=True)
class Unresolvable:
    """An event none of whose identifiers can be used."""

    event_id: str
    ignored: tuple[Ignored, ...]


ResolutionResult = Resolution | Unresolvable


def resolve_unchanged(state: IdentityState, observation: Observation) -> ResolutionResult | None:
    """Whose an observation is if it changes nothing; None if it does, or may do so."""
    if not observation.identifiers:
        return Unresolvable(observation.event_id, observation.ignored)
    try:
        plan = decide(state, observation)
    except IncompleteState:
        return None
    if not plan.changes_nothing:
        return None
    first = plan.links[0].tenure
    if first is None or sign_out_openings(state, observation, first.profile):
        return None
    return _resolution(plan, observation, first)


def resolve_all_unchanged(
    state: IdentityState, observations: Mapping[int, Observation]
) -> dict[int, ResolutionResult]:
    """The results that need no change, and that no change before them in the batch can affect."""
    results: dict[int, ResolutionResult] = {}
    keys: set[str] = set()
    profiles: set[str] = set()
    for index, observation in observations.items():
        own_keys = {identifier.key for identifier in observation.identifiers}
        own_profiles = {tenure.profile for key in own_keys for tenure in state.tenures_of(key)}
        result = None
        if keys.isdisjoint(own_keys) and profiles.isdisjoint(own_profiles):
            result = resolve_unchanged(state, observation)
        if result is None:
            keys |= own_keys
            profiles |= own_profiles
        else:
            results[index] = result
    return results


def resolve(
    state: IdentityState, observation: Observation, ids: Callable[[], str]
) -> tuple[ResolutionResult, IdentityChange | None]:
    """Whose an observation is, and what it changed in `state`; `ids` names new streams.

    The state has all streams of all profiles that the observation's keys lead to.
    """
    if not observation.identifiers:
        return Unresolvable(observation.event_id, observation.ignored), None
    plan = decide(state, observation)
    stream, change = carry_out(plan, observation, ids)
    return _resolution(plan, observation, state.tenures[stream]), change


def look_up(state: IdentityState, observation: Observation) -> Resolution | None:
    """Whose an observation would be, without a change; None if it leads to no profile."""
    if not observation.identifiers:
        return None
    plan = decide(state, observation)
    links = [(assurance, t) for _, assurance, t in plan.links if t is not None]
    if not links:
        return None
    tenure = links[0][1]
    return Resolution(
        event_id=observation.event_id,
        stream=tenure.stream,
        profile=tenure.profile,
        epoch=tenure.epoch,
        assurance=_strongest(a for a, t in links if t.profile == tenure.profile),
        ignored=(*observation.ignored, *plan.ignored),
    )


def _resolution(plan: ResolutionPlan, observation: Observation, tenure: Tenure) -> Resolution:
    assurances = [assurance for _, assurance, t in plan.links if t is not None]
    return Resolution(
        event_id=observation.event_id,
        stream=tenure.stream,
        profile=tenure.profile,
        epoch=tenure.epoch,
        assurance="verified"
        if plan.signed_in
        else _strongest(assurances or [assurance for _, assurance, _ in plan.links]),
        ignored=(*observation.ignored, *plan.ignored),
    )


def _strongest(assurances: Iterable[Assurance]) -> Assurance:
    return min(assurances, key=_ORDER.index)


def decide(state: IdentityState, observation: Observation) -> ResolutionPlan:
    """What the observation brings together."""
    evidence = sorted(
        ((i, i.assured(observation.authenticated)) for i in observation.identifiers),
        key=lambda pair: (pair[1] != "verified", pair[0].priority),
    )
    if evidence[0][1] == "verified":
        return plan_account(state, observation.time, evidence)
    return plan_guest(state, observation.time, [identifier for identifier, _ in evidence])
