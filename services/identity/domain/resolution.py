"""Resolution: who an observation shows. The cases, with their reasons, are in the README.

Pure: `decide` plans on what the state holds, `resolve` has the plan carried out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from identifiers import Assurance, Ignored
from services.identity.domain.accounts import plan_account
from services.identity.domain.change import IdentityChange, carry_out, departures
from services.identity.domain.guests import plan_guest
from services.identity.domain.observation import Observation
from services.identity.domain.plan import ResolutionPlan
from services.identity.domain.state import IdentityState, IncompleteState, Tenure

_ORDER: tuple[Assurance, ...] = ("verified", "device", "claimed")


@dataclass(frozen=True, slots=True)
class Resolution:
    """Where an event goes and whose it is; `assurance` says how surely the profile was reached."""

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


def settled(state: IdentityState, observation: Observation) -> ResolutionResult | None:
    """Whose an observation is if it changes nothing; None if it does, or if that is not known."""
    if not observation.identifiers:
        return Unresolvable(observation.event_id, observation.ignored)
    try:
        plan = decide(state, observation)
    except IncompleteState:
        return None
    if not plan.changes_nothing:
        return None
    first = plan.reached[0][2]
    if first is None or departures(state, observation, first.profile):
        return None
    return _resolution(plan, observation, first)


def resolve(
    state: IdentityState, observation: Observation, ids: Callable[[], str]
) -> tuple[ResolutionResult, IdentityChange | None]:
    """Whose an observation is, and what it changed in `state`; `ids` names new streams and facts.

    The state holds all streams of all profiles that the observation's keys lead to.
    """
    if not observation.identifiers:
        return Unresolvable(observation.event_id, observation.ignored), None
    plan = decide(state, observation)
    stream, change = carry_out(plan, observation, ids)
    return _resolution(plan, observation, state.tenures[stream]), change


def look_up(state: IdentityState, observation: Observation) -> Resolution | None:
    """Whose an observation would be if nothing were to change; None if nobody is known by it."""
    if not observation.identifiers:
        return None
    plan = decide(state, observation)
    known = [(assurance, t) for _, assurance, t in plan.reached if t is not None]
    if not known:
        return None
    tenure = known[0][1]
    return Resolution(
        event_id=observation.event_id,
        stream=tenure.stream,
        profile=tenure.profile,
        epoch=tenure.epoch,
        assurance=_surest(a for a, t in known if t.profile == tenure.profile),
        ignored=(*observation.ignored, *plan.ignored),
    )


def _resolution(plan: ResolutionPlan, observation: Observation, tenure: Tenure) -> Resolution:
    known = [assurance for _, assurance, t in plan.reached if t is not None]
    return Resolution(
        event_id=observation.event_id,
        stream=tenure.stream,
        profile=tenure.profile,
        epoch=tenure.epoch,
        assurance="verified"
        if plan.signed_in
        else _surest(known or [assurance for _, assurance, _ in plan.reached]),
        ignored=(*observation.ignored, *plan.ignored),
    )


def _surest(assurances: Iterable[Assurance]) -> Assurance:
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
