"""Account traffic: an event that the shop has authenticated. It proves identifiers and merges."""

from __future__ import annotations

from collections.abc import Sequence

from identifiers import Assurance, Identifier
from services.identity.domain.change import resumption
from services.identity.domain.plan import SPLIT_BY_SUPPORT, ResolutionPlan, TenureOpening
from services.identity.domain.state import IdentityState, Tenure, in_force, is_signed_in


def plan_account(
    state: IdentityState, time: int, evidence: Sequence[tuple[Identifier, Assurance]]
) -> ResolutionPlan:
    """What an account's event brings together; `evidence` is sorted from the strongest down."""
    plan = ResolutionPlan(state, signed_in=True)
    for identifier, assurance in evidence:
        if assurance == "verified":
            _prove(plan, identifier)
        else:
            _sign_in(plan, identifier, time)
    return plan


def _prove(plan: ResolutionPlan, identifier: Identifier) -> None:
    """An identifier that the shop has authenticated leads to its account, or becomes part of it."""
    state = plan.state
    tenures = state.tenures_of(identifier.key)
    proof = next((t for t in tenures if t.assurance == "verified"), None)
    if proof:
        plan.link(identifier, "verified", proof, plan.take_all(proof.profile))
        return
    claim = next((t for t in tenures if plan.includes(t)), None)
    refusal = None
    if claim is None:
        claim = next((t for t in reversed(tenures) if not state.verified(t.profile)), None)
        opening = TenureOpening(identifier.key, "verified")
        refusal = plan.take(claim) if claim else plan.open(opening)
    if claim and not refusal:
        plan.assurances[claim.stream] = ("verified", None)
    plan.link(identifier, "verified", claim, refusal)


def _sign_in(plan: ResolutionPlan, identifier: Identifier, time: int) -> None:
    """A device on which an account is seen signed in."""
    state = plan.state
    tenures = state.tenures_of(identifier.key)
    latest = in_force(tenures, time)
    own = next((t for t in latest if t.assurance == "device" and plan.includes(t)), None)
    tenure = own or (latest[-1] if latest else None)
    if tenure is None:
        opening = TenureOpening(identifier.key, "device", signed_in_at=time)
        plan.link(identifier, "device", None, plan.open(opening))
    elif plan.includes(tenure) or not (
        state.verified(tenure.profile) or plan.other_account_signed_in(tenures)
    ):
        refusal = None if plan.includes(tenure) else plan.take(tenure)
        if refusal == SPLIT_BY_SUPPORT:
            # Earlier traffic there is somebody else's; from now on the device is the account's.
            _hand_over(plan, identifier, tenure, time)
            return
        if not refusal and not is_signed_in(state, tenure):
            plan.assurances[tenure.stream] = ("device", time)
        plan.link(identifier, "device", tenure, refusal)
    elif tenure.assurance == "claimed":  # the account that it is in was never signed in here
        opening = TenureOpening(identifier.key, "device", tenure.opened_at, signed_in_at=time)
        plan.link(identifier, "device", None, plan.open(opening))
    else:
        _hand_over(plan, identifier, tenure, time)


def _hand_over(plan: ResolutionPlan, identifier: Identifier, tenure: Tenure, time: int) -> None:
    """An account signs in where another one was, or others have been: its own tenure begins."""
    tenures = plan.state.tenures_of(identifier.key)
    seen_later = tenure.signed_in_at is not None and tenure.signed_in_at > time
    following = min((t for t in tenures if t.opened_at > time), key=_opening_order, default=None)
    if following and not seen_later and plan.includes(following):
        plan.earlier[following.stream] = time
        plan.link(identifier, "device", following)
        return
    refusal = plan.open(TenureOpening(identifier.key, "device", time, signed_in_at=time))
    if not refusal or is_signed_in(plan.state, tenure):
        if refusal:  # even so, the device is no longer the previous account's
            plan.openings.append(TenureOpening(identifier.key, "device", time, founds_profile=True))
        plan.openings += resumption(tenure, time)
    plan.link(identifier, "device", None, refusal)


def _opening_order(tenure: Tenure) -> tuple[int, int]:
    return tenure.opened_at, tenure.number
