"""Account traffic: an event that the shop has authenticated. It proves, binds and merges."""

from __future__ import annotations

from collections.abc import Sequence

from identifiers import Assurance, Identifier
from services.identity.domain.change import resumption
from services.identity.domain.plan import SPLIT_BY_SUPPORT, ResolutionPlan, TenureOpening
from services.identity.domain.state import IdentityState, Tenure, in_force, is_signed_in


def plan_account(
    state: IdentityState, time: int, evidence: Sequence[tuple[Identifier, Assurance]]
) -> ResolutionPlan:
    """What an account's event brings together; `evidence` is from the strongest down."""
    plan = ResolutionPlan(state, signed_in=True)
    for identifier, assurance in evidence:
        if assurance == "verified":
            _prove(plan, identifier)
        else:
            _bind(plan, identifier, time)
    return plan


def _prove(plan: ResolutionPlan, identifier: Identifier) -> None:
    """An identifier that the shop has authenticated leads to its account, or becomes part of it."""
    state = plan.state
    held = state.held(identifier.key)
    proven = next((t for t in held if t.assurance == "verified"), None)
    if proven:
        plan.reach(identifier, "verified", proven, plan.take_all(proven.profile))
        return
    claim = next((t for t in held if plan.holds(t)), None)
    refusal = None
    if claim is None:
        claim = next((t for t in reversed(held) if not state.verified(t.profile)), None)
        opening = TenureOpening(identifier.key, "verified")
        refusal = plan.take(claim) if claim else plan.open(opening)
    if claim and not refusal:
        plan.ties[claim.stream] = ("verified", None)
    plan.reach(identifier, "verified", claim, refusal)


def _bind(plan: ResolutionPlan, identifier: Identifier, time: int) -> None:
    """A device on which an account is seen signed in."""
    state = plan.state
    held = state.held(identifier.key)
    latest = in_force(held, time)
    own = next((t for t in latest if t.assurance == "device" and plan.holds(t)), None)
    tenure = own or (latest[-1] if latest else None)
    if tenure is None:
        opening = TenureOpening(identifier.key, "device", bound_at=time)
        plan.reach(identifier, "device", None, plan.open(opening))
    elif plan.holds(tenure) or not (state.verified(tenure.profile) or plan.strangers(held)):
        refusal = None if plan.holds(tenure) else plan.take(tenure)
        if (
            refusal == SPLIT_BY_SUPPORT
        ):  # what was seen there is another's; from now on it is the account's
            _hand_over(plan, identifier, tenure, time)
            return
        if not refusal and not is_signed_in(state, tenure):
            plan.ties[tenure.stream] = ("device", time)
        plan.reach(identifier, "device", tenure, refusal)
    elif tenure.assurance == "claimed":  # the account that it is in was never signed in here
        opening = TenureOpening(identifier.key, "device", tenure.opened_at, bound_at=time)
        plan.reach(identifier, "device", None, plan.open(opening))
    else:
        _hand_over(plan, identifier, tenure, time)


def _hand_over(plan: ResolutionPlan, identifier: Identifier, tenure: Tenure, time: int) -> None:
    """An account signs in where another one was, or others have been: its own tenure begins."""
    held = plan.state.held(identifier.key)
    seen_later = tenure.bound_at is not None and tenure.bound_at > time
    following = min((t for t in held if t.opened_at > time), key=_begin, default=None)
    if following and not seen_later and plan.holds(following):  # it began earlier than was known
        plan.earlier[following.stream] = time
        plan.reach(identifier, "device", following)
        return
    refusal = plan.open(TenureOpening(identifier.key, "device", time, bound_at=time))
    if not refusal or is_signed_in(plan.state, tenure):
        if refusal:  # all the same, the device is the last account's no more
            plan.openings.append(TenureOpening(identifier.key, "device", time, apart=True))
        plan.openings += resumption(tenure, time)
    plan.reach(identifier, "device", None, refusal)


def _begin(tenure: Tenure) -> tuple[int, int]:
    return tenure.opened_at, tenure.number
