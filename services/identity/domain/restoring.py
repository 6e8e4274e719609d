"""Taking facts back that the log has lost in a restore, and that profiles' log still has.

A fact names the identifiers that lead to a stream, not all that identity knew of it. What it does
not say is taken to be what it is for most: the tenure began with the fact, and nothing is known to
come from the same device. A tenure that no identifier led to when it was recorded stays unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from services.identity.domain.state import BEGINNING, IdentityState, Profile, Tenure


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
    for fact in facts:
        for stream, entry in sorted(fact.entries.items()):
            _take_back(state, fact, stream, entry)
        if fact.reason == "merged":
            profile = state.profiles[next(iter(fact.entries.values()))["profile_id"]]
            state.put(replace(profile, merges=profile.merges + 1))


def _take_back(state: IdentityState, fact: LostFact, stream: str, entry: Mapping[str, Any]) -> None:
    label, epoch = entry["profile_id"], entry["epoch"]
    identifier = next(iter(entry["identifiers"]), None)
    if label not in state.profiles:
        state.put(Profile(label))
    if identifier is None:
        if stream in state.tenures:
            state.change(stream, profile=label, epoch=epoch, current=False)
        return
    verified = state.profiles[label].verified or identifier["assurance"] == "verified"
    if verified != state.profiles[label].verified:
        state.put(replace(state.profiles[label], verified=verified))
    for other in state.tenures_of(identifier["key"]):
        if other.stream != stream and other.current:
            state.change(other.stream, current=False)
    if stream not in state.tenures:
        state.add(_tenure(fact, stream, label, identifier))
    state.change(
        stream, profile=label, epoch=epoch, assurance=identifier["assurance"], current=True
    )
    tenure = state.tenures[stream]
    signed_in = verified and tenure.assurance == "device" and state.policy.is_device(tenure)
    if signed_in and tenure.signed_in_at is None:
        state.change(stream, signed_in_at=fact.occurred_at)


def _tenure(fact: LostFact, stream: str, label: str, identifier: Mapping[str, Any]) -> Tenure:
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
        same_device=stream,
    )
