"""Carrying out a plan: streams change profiles, and the change becomes one fact."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from services.identity.domain.observation import SIGNED_OUT, Observation
from services.identity.domain.plan import ResolutionPlan, TenureOpening
from services.identity.domain.state import (
    BEGINNING,
    IdentityState,
    Profile,
    Tenure,
    in_force,
    is_signed_in,
)

Reason = Literal["created", "linked", "merged", "separated", "tenure_opened", "verified", "split"]


@dataclass(frozen=True, slots=True)
class IdentityChange:
    """A fact to be recorded: the streams that have moved, as they are now, sorted by stream.

    `event_id` is that of the event that led to it; None for a decision of a support desk, which
    gives its reason in `note`.
    """

    event_id: str | None
    occurred_at: int
    reason: Reason
    tenures: tuple[Tenure, ...]
    note: str | None = None


class MoveTracker:
    """Changes streams of a state, and keeps track of which of them have moved."""

    def __init__(self, state: IdentityState) -> None:
        self._state = state
        self._before: dict[str, Tenure | None] = {}
        self._touched: set[str] = set()

    def add(self, tenure: Tenure) -> None:
        """Add a new stream."""
        self._before[tenure.stream] = None
        self._state.add(tenure)

    def change(self, stream: str, **fields: object) -> None:
        """Change fields of a stream, its profile included."""
        self._before.setdefault(stream, self._state.tenures[stream])
        self._state.change(stream, **fields)

    def touch(self, stream: str) -> None:
        """Count a stream as moved even if it stays where it is."""
        self._before.setdefault(stream, self._state.tenures[stream])
        self._touched.add(stream)

    def finish(self) -> tuple[Tenure, ...]:
        """Give each stream that has moved its next epoch; returns these streams, sorted."""
        tenures = []
        for stream, before in sorted(self._before.items()):
            after = self._state.tenures[stream]
            if before is not None:
                is_same = (before.profile, before.assurance) == (after.profile, after.assurance)
                if is_same and stream not in self._touched:
                    continue
                self._state.change(stream, epoch=before.epoch + 1)
            tenures.append(self._state.tenures[stream])
        return tuple(tenures)


def survivor_of(state: IdentityState, profiles: Iterable[Profile]) -> Profile:
    """The profile whose label survives a merge: an account, else the older one."""
    return min(profiles, key=lambda p: (not p.verified, state.tenures[p.id].founded_at, p.id))


def sign_out_openings(
    state: IdentityState, observation: Observation, profile: str
) -> list[TenureOpening]:
    """The tenures that a sign-out of `profile` opens: one on each of the event's devices.

    They begin a microsecond later, so that the sign-out itself still belongs to the account.
    """
    if observation.type != SIGNED_OUT:
        return []
    after = observation.time + 1
    openings: list[TenureOpening] = []
    for identifier in observation.identifiers:
        tenures = in_force(state.tenures_of(identifier.key), after)
        if tenures and tenures[-1].profile == profile and _ends(state, tenures[-1], after):
            openings.append(TenureOpening(identifier.key, "device", after, founds_profile=True))
            openings += resumption(tenures[-1], after)
    return openings


def _ends(state: IdentityState, tenure: Tenure, after: int) -> bool:
    """Whether the tenure is an account's on a device, which a sign-out just before `after` ends."""
    return is_signed_in(state, tenure) and tenure.opened_at < after


def resumption(tenure: Tenure, time: int) -> list[TenureOpening]:
    """The tenure that continues one which is interrupted at `time`, before its account signed in.

    That happens when events come late: the account was seen on the device later than `time`.
    """
    if tenure.signed_in_at is None or tenure.signed_in_at <= time:
        return []
    at = tenure.signed_in_at
    return [TenureOpening(tenure.key, "device", at, signed_in_at=at, profile=tenure.profile)]


def carry_out(
    plan: ResolutionPlan, observation: Observation, ids: Callable[[], str]
) -> tuple[str, IdentityChange | None]:
    """Change the plan's state; returns the stream that the event goes to, and what has changed."""
    return _Execution(plan, observation, ids).run()


class _Execution:
    def __init__(
        self, plan: ResolutionPlan, observation: Observation, ids: Callable[[], str]
    ) -> None:
        self.plan = plan
        self.state = plan.state
        self.observation = observation
        self.ids = ids
        self.moves = MoveTracker(plan.state)
        self.reasons: set[Reason] = set()

    def run(self) -> tuple[str, IdentityChange | None]:
        first = self.plan.links[0].tenure
        streams = [self.ids() for _ in self.plan.openings]
        labels = [self._split_off(label, part) for label, part in self.plan.parts.items()]
        survivor = self._merge(labels) if labels else self._found(streams[0])
        for opening, stream in zip(self.plan.openings, streams, strict=True):
            self._open(opening, stream, survivor)
        for stream, (assurance, time) in self.plan.assurances.items():
            self.reasons.add("verified")
            sign_in = {} if time is None else {"signed_in_at": time}
            self.moves.change(stream, assurance=assurance, **sign_in)
        for stream, time in self.plan.earlier.items():
            self.state.change(stream, opened_at=time, signed_in_at=time)
        self._join_devices(survivor)
        for opening in sign_out_openings(self.state, self.observation, survivor):
            self._open(opening, self.ids(), survivor)
        return first.stream if first else streams[0], self._change()

    def _split_off(self, label: str, part: set[str] | None) -> str:
        """Separate the streams taken from a profile from the others; returns their profile."""
        if part is None:
            return label
        self.reasons.add("separated")
        rest = {m.stream for m in self.state.members(label)} - part
        leaving = rest if label in part else part
        founder = min(leaving)
        self.state.put(replace(self.state.profiles[label], id=founder))
        for stream in leaving:
            self.moves.change(stream, profile=founder)
        return label if label in part else founder

    def _found(self, label: str) -> str:
        """A new profile, named after its first stream."""
        self.reasons.add("created")
        self.state.put(Profile(label, verified=self.plan.signed_in))
        return label

    def _merge(self, labels: list[str]) -> str:
        """Make one profile of several: an account's label survives, else that of the older one."""
        state = self.state
        profiles = [state.profiles[label] for label in labels]
        survivor = survivor_of(state, profiles)
        verified = self.plan.signed_in or survivor.verified
        if len(profiles) > 1:
            self.reasons.add("merged")
        for profile in profiles:
            if verified and not profile.verified:
                self._demote(profile.id)
            if profile.id != survivor.id:
                for member in state.members(profile.id):
                    self.moves.change(member.stream, profile=survivor.id)
                state.put(Profile(profile.id))
        merges = sum(profile.merges for profile in profiles) + len(profiles) - 1
        state.put(replace(survivor, verified=verified, merges=merges))
        return survivor.id

    def _demote(self, guest: str) -> None:
        """A guest's devices on which the account has not been seen come to it by a claim alone."""
        seen = {t.same_device for _, assurance, t in self.plan.links if t and assurance == "device"}
        for member in self.state.members(guest):
            if self.state.policy.is_device(member) and member.same_device not in seen:
                self.moves.change(member.stream, assurance="claimed")

    def _open(self, opening: TenureOpening, stream: str, survivor: str) -> None:
        state = self.state
        tenures = state.tenures_of(opening.key)
        profile = stream if opening.founds_profile else opening.profile or survivor
        if opening.founds_profile:
            state.put(Profile(stream))
        number = tenures[-1].number + 1 if tenures else 1
        self.reasons.add("tenure_opened" if number > 1 else "linked")
        self.moves.add(
            Tenure(
                stream=stream,
                key=opening.key,
                number=number,
                opened_at=opening.opened_at,
                founded_at=self.observation.time,
                profile=profile,
                epoch=1,
                assurance=opening.assurance,
                same_device=stream,
                signed_in_at=opening.signed_in_at,
                current=opening.current
                and all(tenure.opened_at <= opening.opened_at for tenure in tenures),
            )
        )

    def _join_devices(self, profile: str) -> None:
        """What a guest's event shows together is one device, claims aside."""
        if self.state.verified(profile):
            return
        keys = {i.key for i, assurance, _ in self.plan.links if assurance == "device"}
        members = self.state.members(profile)
        devices = {m.same_device for m in members if m.key in keys and m.opened_at == BEGINNING}
        if len(devices) > 1:
            for member in members:
                if member.same_device in devices:
                    self.state.change(member.stream, same_device=min(devices))

    def _change(self) -> IdentityChange | None:
        tenures = self.moves.finish()
        if not tenures:
            return None
        reason = next(r for r in _REASONS if r in self.reasons)
        return IdentityChange(self.observation.event_id, self.observation.time, reason, tenures)


_REASONS: tuple[Reason, ...] = (
    "merged", "separated", "created", "tenure_opened", "linked", "verified",
)  # fmt: skip
