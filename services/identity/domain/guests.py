"""Guest traffic: an event that nobody has authenticated. It claims, and it comes from a device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from identifiers import Assurance, Identifier
from services.identity.domain.plan import (
    OTHER_ACCOUNT,
    ResolutionPlan,
    TenureOpening,
    exceeds_limit,
)
from services.identity.domain.state import BEGINNING, IdentityState, Tenure, in_force, is_signed_in

CLAIMED = "claimed: it joins an account when an authenticated event of that account carries it"
SEVERAL_ACCOUNTS = "merge_refused: several accounts have used this device; nobody knows whose it is"


def plan_guest(
    state: IdentityState, time: int, identifiers: Sequence[Identifier]
) -> ResolutionPlan:
    """What a guest's event brings together; `identifiers` are sorted from the strongest down."""
    claims = [_Claim.of(state, identifier, time) for identifier in identifiers]
    account = next((claim.tenure for claim in claims if claim.tenure and claim.is_signed_in), None)
    if account is None:
        return _plan_without_account(state, claims)
    stronger = takewhile(lambda claim: claim.tenure is not account, claims)
    if any(
        not claim.leads_to(account.profile)
        and exceeds_limit(state, account.profile, claim.identifier)
        for claim in stronger
    ):
        return _plan_without_account(state, claims)
    return _plan_on_device_of(state, claims, account)


@dataclass(frozen=True, slots=True)
class _Claim:
    """An identifier that nobody has authenticated, its tenures, and for a device the one in force.

    `is_signed_in`: an account was signed in on the device during that tenure.
    """

    identifier: Identifier
    tenures: tuple[Tenure, ...]
    is_device: bool
    tenure: Tenure | None = None
    is_signed_in: bool = False

    @classmethod
    def of(cls, state: IdentityState, identifier: Identifier, time: int) -> _Claim:
        tenures = tuple(state.tenures_of(identifier.key))
        if identifier.type.assurance != "device":
            return cls(identifier, tenures, is_device=False)
        tenure = in_force(tenures, time)[-1] if tenures else None
        signed_in = tenure is not None and is_signed_in(state, tenure)
        return cls(identifier, tenures, is_device=True, tenure=tenure, is_signed_in=signed_in)

    @property
    def is_proven(self) -> bool:
        """Whether an account has proven it, so that nobody else may claim it."""
        return any(tenure.assurance == "verified" for tenure in self.tenures)

    def leads_to(self, profile: str) -> bool:
        """Whether one of the tenures is in the profile."""
        return any(tenure.profile == profile for tenure in self.tenures)


def _plan_on_device_of(
    state: IdentityState, claims: Sequence[_Claim], account: Tenure
) -> ResolutionPlan:
    """Traffic on a device where an account is signed in, or was and nobody has signed out."""
    plan = ResolutionPlan(state, signed_in=False)
    plan.take_all(account.profile)
    for claim in claims:
        tenure, refusal = claim.tenure, None
        if not claim.is_device:
            tenure = next((t for t in reversed(claim.tenures) if plan.includes(t)), None)
            refusal = None if tenure else CLAIMED
        elif tenure is None:
            refusal = plan.open(TenureOpening(claim.identifier.key, "device"))
        elif plan.includes(tenure):
            if not claim.is_signed_in:
                plan.assurances[tenure.stream] = ("device", None)
        elif claim.is_signed_in:
            refusal = OTHER_ACCOUNT
        elif plan.other_account_signed_in(claim.tenures):
            refusal = SEVERAL_ACCOUNTS
        elif state.verified(tenure.profile):
            refusal = plan.open(TenureOpening(claim.identifier.key, "device", tenure.opened_at))
            tenure = None
        else:
            refusal = plan.take(tenure)
        assurance: Assurance = "device" if claim.is_device else "claimed"
        plan.link(claim.identifier, assurance, tenure, refusal)
    return plan


def _plan_without_account(state: IdentityState, claims: Sequence[_Claim]) -> ResolutionPlan:
    """Traffic to which neither an account's device nor an authenticated identifier belongs."""
    plan = ResolutionPlan(state, signed_in=False)
    signed_out = [claim for claim in claims if not claim.is_signed_in]
    usable = [claim for claim in signed_out if not claim.is_proven] or signed_out[:1]
    for claim in claims:
        if claim not in usable:
            plan.ignore(claim.identifier, OTHER_ACCOUNT if claim.is_signed_in else CLAIMED)
            continue
        key, tenure = claim.identifier.key, claim.tenure
        assurance: Assurance = "device" if claim.is_device else "claimed"
        if not claim.is_device:
            guests = [t for t in claim.tenures if not state.verified(t.profile)]
            tenure = guests[-1] if guests else None
        if tenure and not state.verified(tenure.profile):
            refusal = plan.take_all(tenure.profile)
        else:
            opened_at = tenure.opened_at if tenure else BEGINNING
            tenure = None
            refusal = plan.open(
                TenureOpening(key, assurance, opened_at, current=not claim.is_proven)
            )
        plan.link(claim.identifier, assurance, tenure, refusal)
    return plan
