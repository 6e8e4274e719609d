"""A shop whose events are resolved one after the other, with the invariants checked after each."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any

from identifiers import load_types
from services.identity.domain.change import IdentityChange
from services.identity.domain.labels import label_of, part_of
from services.identity.domain.observation import Observation, Observer
from services.identity.domain.resolution import (
    Resolution,
    ResolutionResult,
    look_up,
    resolve,
    resolve_unchanged,
)
from services.identity.domain.state import IdentityPolicy, IdentityState, Needs, Sighting, Stream
from services.identity.domain.support import merge, split

TYPES = load_types()
OBSERVER = Observer(IdentityPolicy(TYPES), b"a key for tests")


class Everything(frozenset[Any]):
    """A set that everything is in."""

    def __contains__(self, value: object) -> bool:
        return True


def whole_state(policy: IdentityPolicy | None = None) -> IdentityState:
    """A state from which nothing is missing: what is not there does not exist."""
    everything = Everything()
    state = IdentityState(policy or IdentityPolicy(TYPES))
    state.loaded = Needs(*[everything] * 7)
    state.whole_keys = state.whole_tenures = state.whole_addresses = everything  # type: ignore[assignment]
    return state


def seen(
    time: int,
    identifiers: Mapping[str, str],
    *,
    signed_in: bool = False,
    type: str = "product_viewed",  # noqa: A002 - the field of the event
    event_id: str = "e",
    origin: str = "server",
    proven: Sequence[str] | None = None,
) -> Observation:
    return OBSERVER.observe(event_id, type, time, identifiers, signed_in, origin, proven)


class ResolvedShop:
    """`guest`, `account` and `order` resolve an event with these identifiers."""

    def __init__(self, policy: IdentityPolicy | None = None) -> None:
        self.state = whole_state(policy)
        self.numbers = itertools.count(1)
        self.changes: list[IdentityChange] = []
        self.labels: dict[str, tuple[int, str]] = {}
        self.profile_ids: set[str] = set()

    def guest(self, time: int, type: str = "product_viewed", **identifiers: str) -> Resolution:  # noqa: A002
        return self.resolved(seen(time, identifiers, type=type))

    def account(self, time: int, type: str = "signed_in", **identifiers: str) -> Resolution:  # noqa: A002
        return self.resolved(seen(time, identifiers, signed_in=True, type=type))

    def order(self, time: int, *, signed_in: bool = False, **identifiers: str) -> Resolution:
        return self.resolved(seen(time, identifiers, signed_in=signed_in, type="order_completed"))

    def sign_out(self, time: int, **identifiers: str) -> Resolution:
        signed_in = "user_id" in identifiers
        return self.resolved(seen(time, identifiers, signed_in=signed_in, type="signed_out"))

    def release(self, time: int, **identifiers: str) -> Resolution:
        return self.resolved(seen(time, identifiers, signed_in=True, type="contact_released"))

    def split(self, profile: str, *names: str) -> tuple[str, str]:
        """Split identifiers, given as type, value, type, value, …, from a profile."""
        pairs = zip(names[::2], names[1::2], strict=True)
        return self.split_keys(profile, {OBSERVER.keys({t: v}).pop() for t, v in pairs})

    def split_keys(self, profile: str, keys: set[str]) -> tuple[str, str]:
        split_id = f"p{next(self.numbers):05}"
        both, change = split(self.state, profile, keys, split_id, 1_000, "because")
        self._apply(change)
        self._check()
        return both

    def merge(self, one: str, other: str) -> str:
        merge_id = f"p{next(self.numbers):05}"
        trial = merge(
            deepcopy(self.state), one, other, merge_id, 1_000, "because"
        )  # may be refused
        survivor, change = merge(self.state, one, other, merge_id, 1_000, "because")
        assert trial == (survivor, change)
        self._apply(change)
        self._check()
        return survivor

    def look(self, *, signed_in: bool = False, **identifiers: str) -> Resolution | None:
        return look_up(self.state, seen(1_000_000, identifiers, signed_in=signed_in))

    def looked_up(self, observation: Observation) -> str | None:
        """The profile that the identifiers of an observation lead to."""
        found = look_up(self.state, observation)
        return found.profile if found else None

    def profile_of(self, resolution: Resolution) -> str:
        """The profile that the stream of an earlier answer is in today."""
        return self.state.stream(resolution.stream).profile

    def together(self, *resolutions: Resolution) -> bool:
        return len({self.profile_of(resolution) for resolution in resolutions}) == 1

    def partition(self) -> set[frozenset[str]]:
        """Which streams are in one profile."""
        members: dict[str, set[str]] = {}
        for stream in self.state.streams():
            members.setdefault(stream.profile, set()).add(stream.stream)
        return {frozenset(streams) for streams in members.values()}

    def resolve(self, observation: Observation) -> ResolutionResult:
        """Resolve, and check what must hold whatever was observed."""
        unchanged = resolve_unchanged(self._frozen(), observation)
        answer, changes = resolve(self.state, observation, lambda: f"s{next(self.numbers):05}")
        if unchanged is not None:
            assert answer == unchanged
            assert changes == []
        for change in changes:
            self._apply(change)
        if isinstance(answer, Resolution):
            self.profile_ids.add(answer.profile)
            assert self.state.stream(answer.stream).profile == answer.profile
        self._check()
        return answer

    def resolved(self, observation: Observation) -> Resolution:
        answer = self.resolve(observation)
        assert isinstance(answer, Resolution)
        return answer

    def _frozen(self) -> IdentityState:
        return replace(self.state, frozen=True)

    def _apply(self, change: IdentityChange) -> None:
        self.changes.append(change)
        for stream in change.streams:
            epoch = self.labels.get(stream.stream, (0, ""))[0]
            assert stream.epoch == epoch + 1
            self.labels[stream.stream] = (stream.epoch, stream.profile)

    def _check(self) -> None:
        state = self.state
        streams = state.streams()
        assert {s.stream: (s.epoch, s.profile) for s in streams} == self.labels
        assert self.profile_ids <= {s.stream for s in streams}
        assert {s.stream: s.profile for s in streams} == recomputed_labels(state)
        for profile in {s.profile for s in streams}:
            check_profile(state, profile)


def recomputed_labels(state: IdentityState) -> dict[str, str]:
    """The labels of all streams, by the facts alone."""
    parts = {stream.stream: part_of(state, stream) for stream in state.streams()}
    labels = {part: label_of(state, part, parts) for part in set(parts.values())}
    return {stream: labels[part] for stream, part in parts.items()}


def has_cause(state: IdentityState, stream: Stream, names: Collection[str]) -> bool:
    """Whether a stream is an account's by its name, by a proven address or by a sign-in.

    `names` are the streams of the names of the account.
    """
    if isinstance(stream, Sighting):
        device = state.tenures.get(stream.on)
        is_on_device = device is not None and device.profile == stream.profile
        return is_on_device or state.address_tenure(stream.address, stream.number).held_by in names
    if stream.assurance != "device":
        return True
    claims = {claim for t in state.group(stream.group) for claim in (t.owner, t.beside)}
    return not claims.isdisjoint(names)


def check_profile(state: IdentityState, profile: str) -> None:
    """A profile is named after a stream of its own, no account limit is broken, and what is counted
    is there."""
    members = state.members(profile)
    assert profile in {member.stream for member in members}
    names = [member for member in members if member.assurance == "verified"]
    assert state.profile(profile).account == bool(names)
    for kind in ("user_id", "loyalty_id"):
        assert len({m.key for m in names if m.type == kind}) <= 1
    tied = [
        m
        for m in members
        if isinstance(m, Sighting) or (m.assurance == "device" and not m.signed_in)
    ]
    assert state.profile(profile).tied == len(tied)


def observation(**changes: Any) -> dict[str, Any]:
    """An observation as `identity.resolve` takes it."""
    return {
        "event_id": "e-1",
        "type": "product_viewed",
        "time": "2026-11-21T19:00:00Z",
        "identifiers": {"anonymous_id": "a-1"},
        "authenticated": False,
        **changes,
    }
