"""Devices: the line of their tenures, pure. Sign-ins and sign-outs open them.

A device is an account's from its sign-in to the next sign-out, or to the sign-in of another; else
it is a guest's. An account that comes back where nobody else has signed in goes on in its last
stream.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

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
    period = state.in_force(key, time)
    tenure = state.tenure(period.stream) if period and period.stream else None
    if period is None or (tenure and tenure.signed_in) or period.opened_at != time:
        return tenure
    earlier = next(state.line(key).until(time - 1), None)
    if earlier is not None and earlier.stream:
        return state.tenure(earlier.stream)
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
    """A device is handed on: a guest's tenure begins, in a stream in which nobody was seen.

    One that has ended already gets a stream once somebody is seen in it.
    """
    if not _is_latest(state, key, time):
        state.set_period(Period(key, time, None))
        return
    spare = state.spare(key)
    if spare is None:
        spare = _new_tenure(state, key, time, time, ids(), None, empty=True)
    else:
        state.change(spare.stream, prior=_prior(state, key, time))
    _open(state, spare, time)


def _fill_period(state: IdentityState, period: Period, time: int, ids: Callable[[], str]) -> Tenure:
    """A stream for a guest's tenure that had none."""
    is_latest = _is_latest(state, period.key, period.opened_at)
    tenure = _new_tenure(state, period.key, period.opened_at, time, ids(), None)
    state.set_period(Period(period.key, period.opened_at, tenure.stream))
    return _lead(state, tenure) if is_latest else _join_next(state, tenure.stream, period)


def _join_next(state: IdentityState, stream: str, period: Period) -> Tenure:
    """A guest's tenure in which somebody was seen late is the account's that signed in next."""
    later = next(state.line(period.key).after(period.opened_at), None)
    tenure = state.tenure(stream)
    following = state.tenure(later.stream) if later and later.stream else None
    if later is None or following is None or not following.signed_in or following.owner is None:
        return tenure
    name = state.tenure(following.owner)
    has_room = state.profile(name.profile).tied < state.policy.most_tied
    if has_room and _may_own(state, tenure, name):
        state.change(stream, owner=name.stream, owned_at=later.opened_at)
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
    for line in (state.line(key).until(time), state.line(key).after(time)):
        for period in line:
            tenure = state.tenure(period.stream) if period.stream else None
            if tenure is not None and tenure.signed_in:
                if is_signed_in(state, tenure, name.stream):
                    return tenure
                break
    same_instant = state.accounts_from(key, time)
    return next((t for t in same_instant if is_signed_in(state, t, name.stream)), None)


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
            current=_is_latest(state, key, opened_at),
            signed_in=name is not None,
            owner=name.stream if name else None,
            owned_at=time if name else 0,
            prior="" if name else _prior(state, key, opened_at),
            empty=empty,
        )
    )


def _open(state: IdentityState, tenure: Tenure, time: int) -> None:
    """Open a period of a tenure; its key leads there if it is the latest."""
    latest = _is_latest(state, tenure.key, time)
    if latest:
        _vacate(state, tenure.key)
    state.set_period(Period(tenure.key, time, tenure.stream))
    if latest:
        tenure = state.change(tenure.stream, opened_at=time)
        _lead(state, tenure)


def _vacate(state: IdentityState, key: str) -> None:
    """In the guest's tenure that ends nobody was seen: its stream is free for a later one."""
    spare = state.spare(key)
    period = state.line(key).opening(spare.opened_at) if spare else None
    if spare is not None and period is not None and period.stream == spare.stream:
        state.set_period(Period(key, period.opened_at, None))


def _is_latest(state: IdentityState, key: str, time: int) -> bool:
    """Whether no period of a device opens later than at a time."""
    return state.line(key).is_latest(time)


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
    line = state.line(key)
    if not line:
        return ""  # it is new
    same_instant = [t.owner for t in state.accounts_from(key, time) if t.owner]
    known = (state.tenures.get(p.stream) for p in line.loaded_before(time) if p.stream)
    if _are_several(state, [*same_instant, *(_owner_in(tenure) for tenure in known)]):
        return SEVERAL
    is_ones = line.has_all_accounts and not _are_several(state, _owners_on(state, key))
    last = None
    for period in state.line(key).until(time - 1):
        tenure = state.tenure(period.stream) if period.stream else None
        last = last or _owner_in(tenure)
        if last and is_ones:
            break  # there is no other account, however long the line
    return last or min(same_instant, default="")


def _owner_in(tenure: Tenure | None) -> str | None:
    """The name stream of the account that is signed in in a tenure."""
    return tenure.owner if tenure and tenure.signed_in else None


def _owners_on(state: IdentityState, key: str) -> list[str | None]:
    return [_owner_in(tenure) for tenure in state.tenures_of(key)]


def _are_several(state: IdentityState, names: Iterable[str | None]) -> bool:
    """Whether name streams are of more than one account."""
    return len({account_of(state, name) for name in names if name}) > 1
