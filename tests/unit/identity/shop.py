"""A shop whose events are resolved one after the other, with the invariants checked after each."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from identifiers import load_types
from services.identity.domain.change import IdentityChange
from services.identity.domain.observation import Observation, Observer
from services.identity.domain.resolution import (
    Resolution,
    ResolutionResult,
    look_up,
    resolve,
    resolve_unchanged,
)
from services.identity.domain.state import IdentityPolicy, IdentityState, Profile, Tenure
from services.identity.domain.support import merge, split

TYPES = load_types()
OBSERVER = Observer(IdentityPolicy(TYPES), b"a key for tests")


def seen(
    time: int,
    identifiers: Mapping[str, str],
    *,
    signed_in: bool = False,
    type: str = "product_viewed",  # noqa: A002 - the field of the event
    event_id: str = "e",
) -> Observation:
    return OBSERVER.observe(event_id, type, time, identifiers, signed_in)


class ResolvedShop:
    """`guest` and `account` resolve an event with these identifiers."""

    def __init__(self, policy: IdentityPolicy | None = None) -> None:
        self.state = IdentityState.of(policy or IdentityPolicy(TYPES))
        self.numbers = itertools.count(1)
        self.changes: list[IdentityChange] = []
        self.labels: dict[str, tuple[int, str]] = {}
        self.past_labels: dict[str, list[tuple[int, str]]] = {}
        self.profile_ids: set[str] = set()

    def guest(self, time: int, **identifiers: str) -> Resolution:
        return self._resolved(seen(time, identifiers))

    def account(self, time: int, **identifiers: str) -> Resolution:
        return self._resolved(seen(time, identifiers, signed_in=True))

    def sign_out(self, time: int, **identifiers: str) -> Resolution:
        signed_in = "user_id" in identifiers
        return self._resolved(seen(time, identifiers, signed_in=signed_in, type="signed_out"))

    def split(self, profile: str, *names: str) -> tuple[str, str]:
        """Split identifiers, given as type, value, type, value, …, from a profile."""
        pairs = zip(names[::2], names[1::2], strict=True)
        return self.split_keys(profile, {OBSERVER.keys({t: v}).pop() for t, v in pairs})

    def split_keys(self, profile: str, keys: set[str]) -> tuple[str, str]:
        past_labels = {
            stream: [label for _, label in sorted(labels, reverse=True)]
            for stream, labels in self.past_labels.items()
        }
        split_id = f"p{next(self.numbers)}"
        both, change = split(self.state, profile, keys, past_labels, split_id, 1_000, "because")
        self._apply(change)
        self._check()
        return both

    def merge(self, one: str, other: str) -> str:
        trial = merge(deepcopy(self.state), one, other, 1_000, "because")  # may be refused
        survivor, change = merge(self.state, one, other, 1_000, "because")
        assert trial == (survivor, change)
        self._apply(change)
        self._check()
        return survivor

    def look(self, *, signed_in: bool = False, **identifiers: str) -> Resolution | None:
        return look_up(self.state, seen(1_000_000, identifiers, signed_in=signed_in))

    def profile_of(self, resolution: Resolution) -> str:
        """The profile that the stream of an earlier answer is in today."""
        return self.state.tenures[resolution.stream].profile

    def together(self, *resolutions: Resolution) -> bool:
        return len({self.profile_of(resolution) for resolution in resolutions}) == 1

    def resolve(self, observation: Observation) -> ResolutionResult:
        """Resolve, and check what must hold whatever was observed."""
        unchanged = resolve_unchanged(self.state, observation)
        answer, change = resolve(self.state, observation, lambda: f"s{next(self.numbers):05}")
        if unchanged is not None:
            assert answer == unchanged
            assert change is None
        if change is not None:
            self._apply(change)
        if isinstance(answer, Resolution):
            self.profile_ids.add(answer.profile)
            assert self.state.tenures[answer.stream].profile == answer.profile
            again = resolve_unchanged(self.state, observation)
            assert isinstance(again, Resolution)
            assert (again.stream, again.profile) == (answer.stream, answer.profile)
        self._check()
        return answer

    def _resolved(self, observation: Observation) -> Resolution:
        answer = self.resolve(observation)
        assert isinstance(answer, Resolution)
        return answer

    def _apply(self, change: IdentityChange) -> None:
        self.changes.append(change)
        for tenure in change.tenures:
            epoch = self.labels.get(tenure.stream, (0, ""))[0]
            assert tenure.epoch == epoch + 1
            self.labels[tenure.stream] = (tenure.epoch, tenure.profile)
            self.past_labels.setdefault(tenure.stream, []).append(self.labels[tenure.stream])

    def _check(self) -> None:
        state = self.state
        assert {t.stream: (t.epoch, t.profile) for t in state.tenures.values()} == self.labels
        assert self.profile_ids <= state.tenures.keys()
        for profile in {tenure.profile for tenure in state.tenures.values()}:
            check_profile(state.profiles[profile], state.members(profile))


def check_profile(profile: Profile, members: list[Tenure]) -> None:
    """A profile is named after a stream of its own, and no account limit is broken."""
    assert profile.id in {member.stream for member in members}
    assert profile.verified == any(member.assurance == "verified" for member in members)
    for kind in ("user_id", "loyalty_id"):
        assert len({m.key for m in members if m.type == kind}) <= 1


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
