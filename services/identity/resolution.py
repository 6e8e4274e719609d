"""Resolution: who an observation shows. The cases, with their reasons, are in the README.

Pure: `decide` plans on what the state holds, `resolve` has the plan carried out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from identifiers import Assurance, Identifier, Ignored
from services.identity.change import Change, carry_out, departures, resumption
from services.identity.observation import Observation
from services.identity.plan import OTHER_ACCOUNT, Opening, Plan
from services.identity.state import BEGINNING, State, Tenure, Unsettled, in_force, is_bound

CLAIMED = "claimed: it joins an account when an authenticated event of that account carries it"
SEVERAL_ACCOUNTS = "merge_refused: several accounts have used this device; nobody knows whose it is"

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


Answer = Resolution | Unresolvable


def settled(state: State, observation: Observation) -> Answer | None:
    """Whose an observation is if it changes nothing; None if it does, or if that is not known."""
    if not observation.identifiers:
        return Unresolvable(observation.event_id, observation.ignored)
    try:
        plan = decide(state, observation)
    except Unsettled:
        return None
    if not plan.changes_nothing:
        return None
    first = plan.reached[0][2]
    if first is None or departures(state, observation, first.profile):
        return None
    return _resolution(plan, observation, first)


def resolve(
    state: State, observation: Observation, ids: Callable[[], str]
) -> tuple[Answer, Change | None]:
    """Whose an observation is, and what it changed in `state`; `ids` names new streams and facts.

    The state holds all streams of all profiles that the observation's keys lead to.
    """
    if not observation.identifiers:
        return Unresolvable(observation.event_id, observation.ignored), None
    plan = decide(state, observation)
    stream, change = carry_out(plan, observation, ids)
    return _resolution(plan, observation, state.tenures[stream]), change


def look_up(state: State, observation: Observation) -> Resolution | None:
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


def _resolution(plan: Plan, observation: Observation, tenure: Tenure) -> Resolution:
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


def decide(state: State, observation: Observation) -> Plan:
    """What the observation brings together."""
    evidence = sorted(
        ((i, i.assured(observation.authenticated)) for i in observation.identifiers),
        key=lambda pair: (pair[1] != "verified", pair[0].priority),
    )
    if evidence[0][1] == "verified":
        return _signed_in(state, observation.time, evidence)
    seats = [_Seat.of(state, identifier, observation.time) for identifier, _ in evidence]
    account = next((seat.tenure for seat in seats if seat.tenure and seat.bound), None)
    if account is None:
        return _guest(state, seats)
    plan = Plan(state, signed_in=False)
    for seat in seats:  # those that are stronger than the device on which the account was
        if seat.tenure is account:
            return _on_a_device_of(state, seats, account)
        if not seat.leads_into(account.profile) and plan.clashes(account.profile, seat.identifier):
            return _guest(state, seats)
    raise AssertionError("the account was found among the seats")


@dataclass(frozen=True, slots=True)
class _Seat:
    """An identifier that nobody has authenticated, its tenures, and for a device the one in force.

    `bound`: the account that the tenure is in was signed in there.
    """

    identifier: Identifier
    held: tuple[Tenure, ...]
    is_device: bool
    tenure: Tenure | None = None
    bound: bool = False

    @classmethod
    def of(cls, state: State, identifier: Identifier, time: int) -> _Seat:
        held = tuple(state.held(identifier.key))
        if identifier.type.assurance != "device":
            return cls(identifier, held, is_device=False)
        tenure = in_force(held, time)[-1] if held else None
        bound = tenure is not None and is_bound(state, tenure)
        return cls(identifier, held, is_device=True, tenure=tenure, bound=bound)

    @property
    def is_proven(self) -> bool:
        """Whether an account has proven it, which then nobody else may claim."""
        return any(tenure.assurance == "verified" for tenure in self.held)

    def leads_into(self, profile: str) -> bool:
        """Whether one of the tenures is in the profile."""
        return any(tenure.profile == profile for tenure in self.held)


def _signed_in(state: State, time: int, evidence: Sequence[tuple[Identifier, Assurance]]) -> Plan:
    plan = Plan(state, signed_in=True)
    for identifier, assurance in evidence:
        if assurance == "verified":
            _prove(plan, identifier)
        else:
            _bind(plan, identifier, time)
    return plan


def _prove(plan: Plan, identifier: Identifier) -> None:
    """An identifier that the shop has authenticated leads to its account, or becomes part of it."""
    state = plan.state
    held = state.held(identifier.key)
    proven = next((t for t in held if t.assurance == "verified"), None)
    if proven:
        _reach(plan, identifier, "verified", proven, plan.take_all(proven.profile))
        return
    claim = next((t for t in held if plan.holds(t)), None)
    refusal = None
    if claim is None:
        claim = next((t for t in reversed(held) if not state.verified(t.profile)), None)
        opening = Opening(identifier.key, "verified")
        refusal = plan.take(claim) if claim else plan.open(opening)
    if claim and not refusal:
        plan.ties[claim.stream] = ("verified", None)
    _reach(plan, identifier, "verified", claim, refusal)


def _bind(plan: Plan, identifier: Identifier, time: int) -> None:
    """A device on which an account is seen signed in."""
    state = plan.state
    held = state.held(identifier.key)
    latest = in_force(held, time)
    own = next((t for t in latest if t.assurance == "device" and plan.holds(t)), None)
    tenure = own or (latest[-1] if latest else None)
    if tenure is None:
        opening = Opening(identifier.key, "device", bound_at=time)
        _reach(plan, identifier, "device", None, plan.open(opening))
    elif plan.holds(tenure) or not (state.verified(tenure.profile) or _others(plan, held)):
        refusal = None if plan.holds(tenure) else plan.take(tenure)
        if not refusal and not is_bound(state, tenure):
            plan.ties[tenure.stream] = ("device", time)
        _reach(plan, identifier, "device", tenure, refusal)
    elif tenure.assurance == "claimed":  # the account that it is in was never signed in here
        opening = Opening(identifier.key, "device", tenure.opened_at, bound_at=time)
        _reach(plan, identifier, "device", None, plan.open(opening))
    else:
        _hand_over(plan, identifier, tenure, time)


def _hand_over(plan: Plan, identifier: Identifier, tenure: Tenure, time: int) -> None:
    """An account signs in where another one was, or others have been: its own tenure begins."""
    held = plan.state.held(identifier.key)
    seen_later = tenure.bound_at is not None and tenure.bound_at > time
    following = min((t for t in held if t.opened_at > time), key=_begin, default=None)
    if following and not seen_later and plan.holds(following):  # it began earlier than was known
        plan.earlier[following.stream] = time
        _reach(plan, identifier, "device", following)
        return
    refusal = plan.open(Opening(identifier.key, "device", time, bound_at=time))
    if not refusal or is_bound(plan.state, tenure):
        if refusal:  # all the same, the device is the last account's no more
            plan.openings.append(Opening(identifier.key, "device", time, apart=True))
        plan.openings += resumption(tenure, time)
    _reach(plan, identifier, "device", None, refusal)


def _begin(tenure: Tenure) -> tuple[int, int]:
    return tenure.opened_at, tenure.number


def _reach(
    plan: Plan,
    identifier: Identifier,
    assurance: Assurance,
    tenure: Tenure | None,
    refusal: str | None = None,
) -> None:
    if refusal:
        plan.ignore(identifier, refusal)
    else:
        plan.reached.append((identifier, assurance, tenure))


def _others(plan: Plan, held: Sequence[Tenure]) -> bool:
    """Whether an account that is not part of the plan has ever been signed in on a device."""
    return any(is_bound(plan.state, t) and t.profile not in plan.parts for t in held)


def _on_a_device_of(state: State, seats: Sequence[_Seat], account: Tenure) -> Plan:
    """Traffic on a device on which an account is signed in, or was and nobody signed out."""
    plan = Plan(state, signed_in=False)
    plan.take_all(account.profile)
    for seat in seats:
        tenure, refusal = seat.tenure, None
        if not seat.is_device:
            tenure = next((t for t in reversed(seat.held) if plan.holds(t)), None)
            refusal = None if tenure else CLAIMED
        elif tenure is None:
            refusal = plan.open(Opening(seat.identifier.key, "device"))
        elif plan.holds(tenure):
            if not seat.bound:
                plan.ties[tenure.stream] = ("device", None)
        elif seat.bound:
            refusal = OTHER_ACCOUNT
        elif _others(plan, seat.held):
            refusal = SEVERAL_ACCOUNTS
        elif state.verified(tenure.profile):
            refusal = plan.open(Opening(seat.identifier.key, "device", tenure.opened_at))
            tenure = None
        else:
            refusal = plan.take(tenure)
        assurance: Assurance = "device" if seat.is_device else "claimed"
        _reach(plan, seat.identifier, assurance, tenure, refusal)
    return plan


def _guest(state: State, seats: Sequence[_Seat]) -> Plan:
    """Traffic that no account's device and no authenticated identifier has a part in."""
    plan = Plan(state, signed_in=False)
    open_seats = [seat for seat in seats if not seat.bound]
    usable = [seat for seat in open_seats if not seat.is_proven] or open_seats[:1]
    for seat in seats:
        if seat not in usable:
            plan.ignore(seat.identifier, OTHER_ACCOUNT if seat.bound else CLAIMED)
            continue
        key, tenure = seat.identifier.key, seat.tenure
        if not seat.is_device:
            guests = [t for t in seat.held if not state.verified(t.profile)]
            tenure = guests[-1] if guests else None
        if tenure and not state.verified(tenure.profile):
            refusal = plan.take_all(tenure.profile)
        else:
            opened_at = tenure.opened_at if tenure else BEGINNING
            assurance: Assurance = "device" if seat.is_device else "claimed"
            tenure = None
            refusal = plan.open(Opening(key, assurance, opened_at, shadow=seat.is_proven))
        _reach(plan, seat.identifier, "device" if seat.is_device else "claimed", tenure, refusal)
    return plan
