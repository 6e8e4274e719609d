"""Guest traffic: an event that nobody has authenticated. It claims, and it comes from a device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from identifiers import Assurance, Identifier
from services.identity.domain.plan import OTHER_ACCOUNT, ResolutionPlan, TenureOpening
from services.identity.domain.state import BEGINNING, IdentityState, Tenure, in_force, is_signed_in

CLAIMED = "claimed: it joins an account when an authenticated event of that account carries it"
SEVERAL_ACCOUNTS = "merge_refused: several accounts have used this device; nobody knows whose it is"


def plan_guest(
    state: IdentityState, time: int, identifiers: Sequence[Identifier]
) -> ResolutionPlan:
    """What a guest's event brings together; `identifiers` are from the strongest down."""
    seats = [_Seat.of(state, identifier, time) for identifier in identifiers]
    account = next((seat.tenure for seat in seats if seat.tenure and seat.bound), None)
    if account is None:
        return _guest(state, seats)
    plan = ResolutionPlan(state, signed_in=False)
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
    def of(cls, state: IdentityState, identifier: Identifier, time: int) -> _Seat:
        held = tuple(state.held(identifier.key))
        if identifier.type.assurance != "device":
            return cls(identifier, held, is_device=False)
        tenure = in_force(held, time)[-1] if held else None
        bound = tenure is not None and is_signed_in(state, tenure)
        return cls(identifier, held, is_device=True, tenure=tenure, bound=bound)

    @property
    def is_proven(self) -> bool:
        """Whether an account has proven it, which then nobody else may claim."""
        return any(tenure.assurance == "verified" for tenure in self.held)

    def leads_into(self, profile: str) -> bool:
        """Whether one of the tenures is in the profile."""
        return any(tenure.profile == profile for tenure in self.held)


def _on_a_device_of(
    state: IdentityState, seats: Sequence[_Seat], account: Tenure
) -> ResolutionPlan:
    """Traffic on a device on which an account is signed in, or was and nobody signed out."""
    plan = ResolutionPlan(state, signed_in=False)
    plan.take_all(account.profile)
    for seat in seats:
        tenure, refusal = seat.tenure, None
        if not seat.is_device:
            tenure = next((t for t in reversed(seat.held) if plan.holds(t)), None)
            refusal = None if tenure else CLAIMED
        elif tenure is None:
            refusal = plan.open(TenureOpening(seat.identifier.key, "device"))
        elif plan.holds(tenure):
            if not seat.bound:
                plan.ties[tenure.stream] = ("device", None)
        elif seat.bound:
            refusal = OTHER_ACCOUNT
        elif plan.strangers(seat.held):
            refusal = SEVERAL_ACCOUNTS
        elif state.verified(tenure.profile):
            refusal = plan.open(TenureOpening(seat.identifier.key, "device", tenure.opened_at))
            tenure = None
        else:
            refusal = plan.take(tenure)
        assurance: Assurance = "device" if seat.is_device else "claimed"
        plan.reach(seat.identifier, assurance, tenure, refusal)
    return plan


def _guest(state: IdentityState, seats: Sequence[_Seat]) -> ResolutionPlan:
    """Traffic that no account's device and no authenticated identifier has a part in."""
    plan = ResolutionPlan(state, signed_in=False)
    open_seats = [seat for seat in seats if not seat.bound]
    usable = [seat for seat in open_seats if not seat.is_proven] or open_seats[:1]
    for seat in seats:
        if seat not in usable:
            plan.ignore(seat.identifier, OTHER_ACCOUNT if seat.bound else CLAIMED)
            continue
        key, tenure = seat.identifier.key, seat.tenure
        assurance: Assurance = "device" if seat.is_device else "claimed"
        if not seat.is_device:
            guests = [t for t in seat.held if not state.verified(t.profile)]
            tenure = guests[-1] if guests else None
        if tenure and not state.verified(tenure.profile):
            refusal = plan.take_all(tenure.profile)
        else:
            opened_at = tenure.opened_at if tenure else BEGINNING
            tenure = None
            refusal = plan.open(TenureOpening(key, assurance, opened_at, shadow=seat.is_proven))
        plan.reach(seat.identifier, assurance, tenure, refusal)
    return plan
