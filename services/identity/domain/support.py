"""What a support desk may do, pure: split a profile, and merge two of them.

A split leaves marks in the streams of both sides, so that nothing observed later joins them again:
only a merge by the support desk does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from chassis import Conflict, InvalidInput, Refused
from services.identity.domain.change import IdentityChange, MoveTracker, survivor_of
from services.identity.domain.plan import ResolutionPlan
from services.identity.domain.state import IdentityState, Profile, Tenure, split_sides


def split(
    state: IdentityState,
    profile: str,
    keys: Collection[str],
    past_labels: Mapping[str, Sequence[str]],
    split_id: str,
    time: int,
    note: str,
) -> tuple[tuple[str, str], IdentityChange]:
    """Part the streams of the identifiers `keys` from the rest of a profile.

    Returns the two profiles, the one that keeps its id first. `past_labels` has the labels that
    each stream ever had, the newest first: a profile that was merged in gets its own id back.
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
    founder = _founder(state, leaving, past_labels)
    moves = MoveTracker(state)
    merges = state.profiles[profile].merges
    labels = {label for m in members for label in past_labels[m.stream]} | {founder, profile}
    for label, streams in ((profile, (named | rest) - leaving), (founder, leaving)):
        verified = any(state.tenures[stream].assurance == "verified" for stream in streams)
        of_its_own = max(0, len(labels & streams) - 1)
        state.put(Profile(label, verified, min(merges, of_its_own)))
        for stream in streams:
            member = state.tenures[stream]
            side = "a" if stream in named else "b"
            moves.change(
                stream,
                profile=label,
                split_marks=f"{member.split_marks} {split_id}/{side}".strip(),
                **({} if verified else _as_guests(state, member)),
            )
    moves.touch(profile)  # so that the split is part of the history of both profiles
    return (profile, founder), IdentityChange(None, time, "split", moves.finish(), note)


def merge(
    state: IdentityState, one: str, other: str, time: int, note: str
) -> tuple[str, IdentityChange]:
    """Make one profile of two, and remove the marks of splits between them; returns the survivor.

    Raises Refused if that would break a limit of a profile.
    """
    if one == other:
        raise Conflict("b", "is the same profile as a already")
    moves = MoveTracker(state)
    sides = split_sides(state.members(one))
    for member in state.members(other):
        marks = [mark for mark in member.split_marks.split() if not _is_against(mark, sides)]
        moves.change(member.stream, split_marks=" ".join(marks))
    plan = ResolutionPlan(state, signed_in=False)
    plan.take_all(one)
    if refusal := plan.take_all(other):
        raise Refused("merge", refusal.removeprefix("merge_refused: "))
    profiles = [state.profiles[one], state.profiles[other]]
    survivor = survivor_of(state, profiles)
    away = one if survivor.id == other else other
    for member in state.members(away):
        moves.change(member.stream, profile=survivor.id)
    state.put(Profile(away))
    merges = sum(profile.merges for profile in profiles) + 1
    verified = any(profile.verified for profile in profiles)
    state.put(replace(survivor, verified=verified, merges=merges))
    return survivor.id, IdentityChange(None, time, "merged", moves.finish(), note)


def _founder(
    state: IdentityState, leaving: Collection[str], past_labels: Mapping[str, Sequence[str]]
) -> str:
    """The label of the streams that leave: the one that most of them had last."""
    labels = Counter(
        next((label for label in past_labels[stream] if label in leaving), stream)
        for stream in leaving
    )
    return min(labels, key=lambda s: (-labels[s], state.tenures[s].founded_at, s))


def _as_guests(state: IdentityState, member: Tenure) -> dict[str, object]:
    """The fields of a device that is a guest's: no account was signed in on it."""
    return {"assurance": "device", "signed_in_at": None} if state.policy.is_device(member) else {}


def _is_against(mark: str, sides: Mapping[str, Collection[str]]) -> bool:
    split_id, _, side = mark.partition("/")
    return bool(set(sides.get(split_id, ())) - {side})
