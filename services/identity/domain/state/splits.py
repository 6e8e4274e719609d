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
    """Whether a support desk has parted the profile of a tenure from that of another one."""
    if one.profile == other.profile or not any(t.split_marks for t in state.group(one.group)):
        return False
    sides, others = (
        split_sides(m for m in state.members(profile) if isinstance(m, Tenure))
        for profile in (one.profile, other.profile)
    )
    return any(len(sides[split] | others[split]) > 1 for split in sides.keys() & others.keys())
