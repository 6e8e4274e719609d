"""Taking facts back that the log has lost in a restore, and that profiles' log still has.

A fact names the identifiers that lead to a stream, not all that identity knew of it. What it does
not say is taken to be what it is for most: the tenure began with the fact, an account was signed in
on its devices, and nothing is known to come from the same device. Where the rules would then say
otherwise, a stream is tied to the profile that the fact says. What no identifier led to when it was
recorded stays unknown: past tenures, and address streams, which begin anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.identity.domain.labels import part_of
from services.identity.domain.state import (
    BEGINNING,
    IdentityState,
    Incomplete,
    Period,
    Sighting,
    Tenure,
)


@dataclass(frozen=True, slots=True)
class LostFact:
    """A fact of which profiles' log has a copy. `entries` says of each stream what it said."""

    id: str
    reason: str
    note: str | None
    occurred_at: int
    causation_id: str | None
    entries: Mapping[str, Mapping[str, Any]]

    @property
    def epochs(self) -> dict[str, int]:
        """The version that it had in each of its streams: in identity's log versions are epochs."""
        return {stream: entry["epoch"] for stream, entry in self.entries.items()}


def in_order(facts: Iterable[LostFact], versions: Mapping[str, int]) -> list[LostFact]:
    """Those of `facts` that follow one another without a gap upon `versions`, in such an order.

    A fact comes when it is next in each of its streams. What then is left cannot be taken back.
    """
    reached = dict(versions)
    waiting: dict[tuple[str, int], LostFact] = {}
    for fact in facts:
        for place in fact.epochs.items():
            waiting[place] = fact
    ordered: list[LostFact] = []
    stack = sorted({stream for stream, _ in waiting}, reverse=True)
    while stack:
        stream = stack.pop()
        following = waiting.get((stream, reached.get(stream, 0) + 1))
        if following is None:
            continue
        if any(reached.get(s, 0) + 1 != epoch for s, epoch in following.epochs.items()):
            continue
        ordered.append(following)
        reached |= following.epochs
        stack.extend(sorted(following.entries, reverse=True))
    return ordered


def take_back(state: IdentityState, facts: Sequence[LostFact]) -> None:
    """Change `state`, which has all streams and identifiers of `facts`, as these say."""
    touched: dict[str, None] = {}
    for fact in facts:
        for stream, entry in sorted(fact.entries.items()):
            if _take_back(state, fact, stream, entry):
                touched[stream] = None
    labels = dict.fromkeys(state.stream(stream).profile for stream in touched)
    members = [member for label in labels for member in state.members(label)]
    for member in sorted(members, key=lambda member: member.assurance != "verified"):
        _tie(state, member.stream)


def _take_back(state: IdentityState, fact: LostFact, stream: str, entry: Mapping[str, Any]) -> bool:
    """Take back what a fact says of one stream; whether the stream is known then."""
    label, epoch = entry["profile_id"], entry["epoch"]
    identifier = next(iter(entry["identifiers"]), None)
    known = state.find(stream)
    if known is None:
        if identifier is None:
            return False
        known = state.add(_tenure(fact, stream, label, identifier))
    if isinstance(known, Sighting):
        state.change_sighting(known, epoch=epoch)
    if known.profile != label:
        state.move(stream, label)
    if isinstance(known, Sighting):
        return True
    if identifier is None:
        state.change(stream, epoch=epoch, current=False)
        return True
    for other in state.tenures_of(identifier["key"]):
        if other.stream != stream and other.current:
            state.change(other.stream, current=False)
    state.change(stream, epoch=epoch, number=identifier["tenure"], current=True)
    if state.policy.is_device(state.tenure(stream)):
        opened_at = BEGINNING if identifier["tenure"] == 1 else fact.occurred_at
        state.set_period(Period(identifier["key"], opened_at, stream))
        state.change(stream, opened_at=opened_at)
    return True


def _tie(state: IdentityState, stream: str) -> None:
    """Let a stream stay where the facts say that it is."""
    entry = state.stream(stream)
    name = next((n for n in _names(state) if n.profile == entry.profile), None)
    state.set_account(entry.profile, account=name is not None)
    if isinstance(entry, Sighting):
        if entry.profile != entry.stream:
            state.change_sighting(entry, pin=entry.profile)
        return
    if entry.assurance == "verified":
        group = name.group if name else entry.group
        state.change(stream, group=group, home=entry.profile)
    elif name is not None and entry.owner is None:
        owned_at = entry.founded_at
        state.change(stream, owner=name.stream, owned_at=owned_at, signed_in=entry.number > 1)
    if name is None and entry.profile != stream and not _is_in_place(state, stream):
        state.change(stream, fused=entry.profile)


def _is_in_place(state: IdentityState, stream: str) -> bool:
    try:
        entry = state.stream(stream)
        return part_of(state, entry) == part_of(state, state.stream(entry.profile))
    except Incomplete:
        return False


def _names(state: IdentityState) -> list[Tenure]:
    tenures = sorted(state.tenures.values(), key=lambda t: (t.founded_at, t.stream))
    return [tenure for tenure in tenures if tenure.assurance == "verified"]


def _tenure(
    fact: LostFact,
    stream: str,
    label: str,
    identifier: Mapping[str, Any],
) -> Tenure:
    number = identifier["tenure"]
    return Tenure(
        stream=stream,
        key=identifier["key"],
        number=number,
        opened_at=BEGINNING if number == 1 else fact.occurred_at,
        founded_at=fact.occurred_at,
        profile=label,
        epoch=0,
        assurance=identifier["assurance"],
        group=stream,
        home=label,
    )
