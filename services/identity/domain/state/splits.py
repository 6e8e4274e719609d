"""The marks that a support desk's splits have left. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from services.identity.domain.state.facts import Tenure
from services.identity.domain.state.identity_state import IdentityState


def split_sides(tenures: Iterable[Tenure]) -> dict[str, set[str]]:
    """The splits that `tenures` were in, and on which sides."""
    sides: dict[str, set[str]] = {}
    for tenure in tenures:
        for mark in tenure.split_marks.split():
            split, _, side = mark.partition("/")
            sides.setdefault(split, set()).add(side)
    return sides


def split_apart(state: IdentityState, one: Tenure, other: Tenure) -> bool:
    """Whether a support desk has parted the profile of a tenure from that of another one.

    What would move with `one` is its group, or if it is a name all of its profile.
    """
    if one.profile == other.profile:
        return False
    moving = _tenures(state, one.profile) if _is_name(one) else state.group(one.group)
    if not any(tenure.split_marks for tenure in moving):
        return False
    sides, others = (split_sides(_tenures(state, t.profile)) for t in (one, other))
    return any(len(sides[split] | others[split]) > 1 for split in sides.keys() & others.keys())


def would_meet(state: IdentityState, group: Iterable[Tenure]) -> bool:
    """Whether two sides of a split by a support desk would be in one profile, if these tenures were
    one group: its guests are together then, and with the account that was the first to be seen."""
    group = list(group)
    if not any(tenure.split_marks for tenure in group):
        return False
    claims = [
        (at, name)
        for tenure in group
        for at, name in ((tenure.owned_at, tenure.owner), (tenure.beside_at, tenure.beside))
        if name is not None
    ]
    guests = [tenure for tenure in group if tenure.owner is None]
    profiles = {tenure.profile for tenure in guests}
    profiles |= {state.tenure(name).profile for _, name in sorted(claims)[:1]}
    together = [tenure for profile in sorted(profiles) for tenure in _tenures(state, profile)]
    return any(len(sides) > 1 for sides in split_sides([*guests, *together]).values())


def _is_name(tenure: Tenure) -> bool:
    return tenure.assurance == "verified"


def _tenures(state: IdentityState, profile: str) -> list[Tenure]:
    return [member for member in state.members(profile) if isinstance(member, Tenure)]
