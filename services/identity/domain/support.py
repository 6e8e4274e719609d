"""What a support desk may do, pure: split a profile, and merge two of them.

A split is remembered in the streams that it parted, so that nothing observed later joins them: a
merge by the desk alone does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from chassis import Conflict, InvalidInput, Refused
from services.identity.domain.change import IdentityChange, MoveTracker, survivor
from services.identity.domain.plan import ResolutionPlan
from services.identity.domain.state import IdentityState, Profile, Tenure, split_sides


def split(
    state: IdentityState,
    profile: str,
    keys: Collection[str],
    former: Mapping[str, Sequence[str]],
    parting: str,
    time: int,
    note: str,
) -> tuple[tuple[str, str], IdentityChange]:
    """Part the streams of the identifiers `keys` from the rest of a profile.

    Returns the two profiles, the one that keeps its id first. `former` has the labels that each
    stream ever had, the newest first: a profile that was merged in gets its own id back. `parting`
    is a new name for this split.
    """
    members = state.members(profile)
    named = {member.stream for member in members if member.key in keys}
    rest = {member.stream for member in members} - named
    if not named:
        message = "name nothing in this profile; `cdp identity show` lists its keys"
        raise InvalidInput("identifiers", message)
    if not rest:
        raise Refused("identifiers", "are all that the profile has; leave out what is to stay")
    leaving = rest if profile in named else named
    founder = _founder(state, leaving, former)
    moves = MoveTracker(state)
    merges = state.profiles[profile].merges
    once = {label for member in members for label in former[member.stream]} | {founder, profile}
    for label, streams in ((profile, (named | rest) - leaving), (founder, leaving)):
        verified = any(state.tenures[stream].assurance == "verified" for stream in streams)
        of_its_own = max(0, len(once & streams) - 1)
        state.put(Profile(label, verified, min(merges, of_its_own)))
        for stream in streams:
            member = state.tenures[stream]
            side = "a" if stream in named else "b"
            moves.change(
                stream,
                profile=label,
                parted=f"{member.parted} {parting}/{side}".strip(),
                **({} if verified else _unbound(state, member)),
            )
    moves.touch(profile)  # so that the history of both profiles tells of it
    return (profile, founder), IdentityChange(None, time, "split", moves.told(), note)


def merge(
    state: IdentityState, one: str, other: str, time: int, note: str
) -> tuple[str, IdentityChange]:
    """Make one profile of two, and forget what parted them; returns the one that stays.

    Raises Refused if that would break a limit of a profile.
    """
    if one == other:
        raise Conflict("b", "is the same profile as a already")
    moves = MoveTracker(state)
    sides = split_sides(state.members(one))
    for member in state.members(other):
        kept = [p for p in member.parted.split() if not _is_against(p, sides)]
        moves.change(member.stream, parted=" ".join(kept))
    plan = ResolutionPlan(state, signed_in=False)
    plan.take_all(one)
    if refusal := plan.take_all(other):
        raise Refused("merge", refusal.removeprefix("merge_refused: "))
    profiles = [state.profiles[one], state.profiles[other]]
    home = survivor(state, profiles)
    away = one if home.id == other else other
    for member in state.members(away):
        moves.change(member.stream, profile=home.id)
    state.put(Profile(away))
    merges = sum(profile.merges for profile in profiles) + 1
    verified = any(profile.verified for profile in profiles)
    state.put(replace(home, verified=verified, merges=merges))
    return home.id, IdentityChange(None, time, "merged", moves.told(), note)


def _founder(
    state: IdentityState, leaving: Collection[str], former: Mapping[str, Sequence[str]]
) -> str:
    """The label of the streams that leave: that of the profile that most of them last were."""
    labels = Counter(
        next((label for label in former[stream] if label in leaving), stream) for stream in leaving
    )
    return min(labels, key=lambda s: (-labels[s], state.tenures[s].founded_at, s))


def _unbound(state: IdentityState, member: Tenure) -> dict[str, object]:
    """A guest's devices are its own: no account was signed in on them."""
    return {"assurance": "device", "bound_at": None} if state.rules.is_device(member) else {}


def _is_against(parting: str, sides: Mapping[str, Collection[str]]) -> bool:
    name, _, side = parting.partition("/")
    return bool(set(sides.get(name, ())) - {side})
