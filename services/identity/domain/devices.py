"""Devices: the line of their tenures, pure. Sign-ins and sign-outs open them.

A device is an account's from its sign-in to the next sign-out, or to the sign-in of another; else
it is a guest's. An account that comes back where nobody else has signed in goes on in its last
stream.
"""

from __future__ import annotations

from collections.abc import Callable

from services.identity.domain.labels import account_of, is_same_account, relabel
from services.identity.domain.state import (
    BEGINNING,
    SEVERAL,
    IdentityState,
    Period,
    Tenure,
    split_apart,
)

FULL = "merge_refused: the profile has as many guests' streams as a profile may have"


def tenure_at(state: IdentityState, key: str, time: int, ids: Callable[[], str]) -> Tenure:
    """The tenure of a device in which something was seen at a time; a guest's is made by that."""
    period = state.in_force(key, time)
    if period is None or period.stream is None:
        return _fill_period(state, period or Period(key, BEGINNING, None), time, ids)
    tenure = state.tenure(period.stream)
    if tenure.empty:
        state.change(tenure.stream, empty=False)
        return _join_next(state, tenure.stream, period)
    return tenure


def find_tenure(state: IdentityState, key: str, time: int) -> Tenure | None:
    """The tenure of a device in force at a time, if it has a stream."""
    period = state.in_force(key, time)
    return state.tenure(period.stream) if period and period.stream else None


def tenure_before(state: IdentityState, key: str, time: int) -> Tenure | None:
    """The tenure that a sign-out at a time ends, or has ended."""
    tenure = find_tenure(state, key, time)
    if tenure is None or tenure.signed_in or tenure.opened_at != time:
        return tenure
    earlier = [p for p in state.periods_of(key) if p.opened_at < time]
    if earlier and (stream := earlier[-1].stream):
        return state.tenure(stream)
    return tenure


def is_signed_in(state: IdentityState, tenure: Tenure, name: str) -> bool:
    """Whether a tenure is that of a device on which the account of a name is signed in."""
    owner = tenure.owner if tenure.signed_in else None
    return owner is not None and is_same_account(state, owner, name)


def sign_in(
    state: IdentityState, name: Tenure, key: str, time: int, ids: Callable[[], str]
) -> tuple[str | None, str | None]:
    """An account signs in on a device.

    Returns the profile of a guest there who becomes the account's, and why one does not if it is
    full.
    """
    tenure = find_tenure(state, key, time)
    if tenure is not None and is_signed_in(state, tenure, name.stream):
        return None, None
    guest = None
    refusal = None
    if tenure is not None and _may_own(state, tenure, name):
        if state.profile(name.profile).tied >= state.policy.most_tied:
            refusal = FULL
        else:
            guest = None if state.profile(tenure.profile).account else tenure.profile
            state.change(tenure.stream, owner=name.stream, owned_at=time)
            relabel(state, [tenure.stream])
    own = _own_tenure(state, name, key, time)
    if own is None:
        own = _new_tenure(state, key, time, time, ids(), state.tenure(name.stream))
    _open(state, own, time)
    return guest, refusal


def sign_out(state: IdentityState, key: str, time: int, ids: Callable[[], str]) -> None:
    """A device is handed on: a guest's tenure begins, in a stream in which nobody was seen."""
    spare = next((t for t in state.tenures_of(key) if t.empty and not t.signed_in), None)
    if spare is None:
        spare = _new_tenure(state, key, time, time, ids(), None, empty=True)
    else:
        for period in state.periods_of(key):
            if period.stream == spare.stream:
                state.set_period(Period(key, period.opened_at, None))
        state.change(spare.stream, prior=_prior(state, key, time))
    _open(state, spare, time)


def _fill_period(state: IdentityState, period: Period, time: int, ids: Callable[[], str]) -> Tenure:
    """A stream for a guest's tenure that had none."""
    later = [p for p in state.periods_of(period.key) if p.opened_at > period.opened_at]
    tenure = _new_tenure(state, period.key, period.opened_at, time, ids(), None)
    state.set_period(Period(period.key, period.opened_at, tenure.stream))
    return _join_next(state, tenure.stream, period) if later else _lead(state, tenure)


def _join_next(state: IdentityState, stream: str, period: Period) -> Tenure:
    """A guest's tenure in which somebody was seen late is the account's that signed in next."""
    later = [p for p in state.periods_of(period.key) if p.opened_at > period.opened_at]
    tenure = state.tenure(stream)
    following = state.tenure(later[0].stream) if later and later[0].stream else None
    if following is None or not following.signed_in or following.owner is None:
        return tenure
    name = state.tenure(following.owner)
    has_room = state.profile(name.profile).tied < state.policy.most_tied
    if has_room and _may_own(state, tenure, name):
        state.change(stream, owner=name.stream, owned_at=later[0].opened_at)
        relabel(state, [stream])
    return state.tenure(stream)


def _may_own(state: IdentityState, tenure: Tenure, name: Tenure) -> bool:
    """Whether a guest's tenure becomes that of the account which signs in next on the device."""
    if tenure.signed_in or tenure.empty or tenure.owner or tenure.prior == SEVERAL:
        return False
    if tenure.prior and not is_same_account(state, tenure.prior, name.stream):
        return False
    return not split_apart(state, tenure, state.tenure(name.stream))


def _own_tenure(state: IdentityState, name: Tenure, key: str, time: int) -> Tenure | None:
    """The tenure that an account goes on in: its last one, or its next one if that comes first."""
    periods = state.periods_of(key)
    earlier = [p for p in reversed(periods) if p.opened_at <= time]
    later = [p for p in periods if p.opened_at > time]
    for line in (earlier, later):
        for period in line:
            tenure = state.tenure(period.stream) if period.stream else None
            if tenure is not None and tenure.signed_in:
                if is_signed_in(state, tenure, name.stream):
                    return tenure
                break
    same_instant = [
        t
        for t in state.tenures_of(key)
        if t.opened_at == time and is_signed_in(state, t, name.stream)
    ]
    return same_instant[0] if same_instant else None


def _new_tenure(
    state: IdentityState,
    key: str,
    opened_at: int,
    time: int,
    stream: str,
    name: Tenure | None,
    *,
    empty: bool = False,
) -> Tenure:
    profile = name.profile if name else stream
    return state.add(
        Tenure(
            stream=stream,
            key=key,
            number=_next_number(state, key),
            opened_at=opened_at,
            founded_at=time,
            profile=profile,
            epoch=1,
            assurance="device",
            group=stream,
            home=profile,
            current=all(p.opened_at <= opened_at for p in state.periods_of(key)),
            signed_in=name is not None,
            owner=name.stream if name else None,
            owned_at=time if name else 0,
            prior="" if name else _prior(state, key, opened_at),
            empty=empty,
        )
    )


def _open(state: IdentityState, tenure: Tenure, time: int) -> None:
    """Open a period of a tenure; its key leads there if it is the latest."""
    latest = all(period.opened_at <= time for period in state.periods_of(tenure.key))
    state.set_period(Period(tenure.key, time, tenure.stream))
    if latest:
        tenure = state.change(tenure.stream, opened_at=time)
        _lead(state, tenure)


def _lead(state: IdentityState, tenure: Tenure) -> Tenure:
    """From here on the key leads to this tenure."""
    for other in state.tenures_of(tenure.key):
        if other.stream != tenure.stream and other.current:
            state.change(other.stream, current=False)
    tenures = state.tenures_of(tenure.key)
    number = (
        tenure.number if tenures[-1].stream == tenure.stream else _next_number(state, tenure.key)
    )
    return state.change(tenure.stream, current=True, number=number)


def _next_number(state: IdentityState, key: str) -> int:
    tenures = state.tenures_of(key)
    return tenures[-1].number + 1 if tenures else 1


def _prior(state: IdentityState, key: str, time: int) -> str:
    """The account that was signed in on a device before a time; SEVERAL, or empty for none.

    Who was signed in at that instant alone came before, too: the period has been overwritten.
    """
    before = [
        state.tenure(period.stream)
        for period in state.periods_of(key)
        if period.opened_at < time and period.stream
    ]
    before += (tenure for tenure in state.tenures_of(key) if tenure.opened_at == time)
    names = {tenure.owner for tenure in before if tenure.signed_in and tenure.owner}
    parts = {account_of(state, name) for name in names}
    return SEVERAL if len(parts) > 1 else min(names, default="")
