"""Carrying out a plan: streams change profiles, and the change is told as one fact."""

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
    """A fact: the streams that were moved, each as it is since, sorted by stream.

    `event_id` is that of the event that showed it; None where a support desk decided, which says
    why in `note`.
    """

    event_id: str | None
    occurred_at: int
    reason: Reason
    moved: tuple[Tenure, ...]
    note: str | None = None


class MoveTracker:
    """Changes streams of a state, and tells in the end which of them have moved."""

    def __init__(self, state: IdentityState) -> None:
        self._state = state
        self._before: dict[str, Tenure | None] = {}
        self._touched: set[str] = set()

    def add(self, tenure: Tenure) -> None:
        """A new stream."""
        self._before[tenure.stream] = None
        self._state.add(tenure)

    def change(self, stream: str, **fields: object) -> None:
        """Change a stream's profile, or what ties it there."""
        self._before.setdefault(stream, self._state.tenures[stream])
        self._state.change(stream, **fields)

    def touch(self, stream: str) -> None:
        """Tell of a stream, too, that stays where it is."""
        self._before.setdefault(stream, self._state.tenures[stream])
        self._touched.add(stream)

    def told(self) -> tuple[Tenure, ...]:
        """The streams that moved, each with its next epoch, sorted."""
        moved = []
        for stream, before in sorted(self._before.items()):
            after = self._state.tenures[stream]
            if before is not None:
                is_same = (before.profile, before.assurance) == (after.profile, after.assurance)
                if is_same and stream not in self._touched:
                    continue
                self._state.change(stream, epoch=before.epoch + 1)
            moved.append(self._state.tenures[stream])
        return tuple(moved)


def survivor(state: IdentityState, profiles: Iterable[Profile]) -> Profile:
    """The profile whose label survives a merge: an account, else the older one."""
    return min(profiles, key=lambda p: (not p.verified, state.tenures[p.id].founded_at, p.id))


def departures(state: IdentityState, observation: Observation, profile: str) -> list[TenureOpening]:
    """The tenures that a sign-out of `profile` opens: one on each of the event's devices.

    It begins with the next microsecond, so that the sign-out itself is still the account's.
    """
    if observation.type != SIGNED_OUT:
        return []
    after = observation.time + 1
    openings: list[TenureOpening] = []
    for identifier in observation.identifiers:
        held = in_force(state.held(identifier.key), after)
        if held and held[-1].profile == profile and _ends(state, held[-1], after):
            openings.append(TenureOpening(identifier.key, "device", after, apart=True))
            openings += resumption(held[-1], after)
    return openings


def _ends(state: IdentityState, tenure: Tenure, after: int) -> bool:
    """Whether the tenure is an account's on a device, which a sign-out just before `after` ends."""
    return is_signed_in(state, tenure) and tenure.opened_at < after


def resumption(tenure: Tenure, time: int) -> list[TenureOpening]:
    """What goes on with a tenure that is interrupted at `time`, before its account was seen there.

    That happens when events come late: the account was seen on the device later than `time`.
    """
    if tenure.bound_at is None or tenure.bound_at <= time:
        return []
    at = tenure.bound_at
    return [TenureOpening(tenure.key, "device", at, bound_at=at, profile=tenure.profile)]


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
        first = self.plan.reached[0][2]
        streams = [self.ids() for _ in self.plan.openings]
        labels = [self._carve(label, part) for label, part in self.plan.parts.items()]
        home = self._unite(labels) if labels else streams[0]
        if not labels:
            self.reasons.add("created")
            self.state.put(Profile(home, verified=self.plan.signed_in))
        for opening, stream in zip(self.plan.openings, streams, strict=True):
            self._open(opening, stream, home)
        for stream, (assurance, bound_at) in self.plan.ties.items():
            self.reasons.add("verified")
            bound = {} if bound_at is None else {"bound_at": bound_at}
            self.moves.change(stream, assurance=assurance, **bound)
        for stream, time in self.plan.earlier.items():
            self.state.change(stream, opened_at=time, bound_at=time)
        self._bond(home)
        for opening in departures(self.state, self.observation, home):
            self._open(opening, self.ids(), home)
        return first.stream if first else streams[0], self._told()

    def _carve(self, label: str, part: set[str] | None) -> str:
        """Part the streams that are taken from a profile from the rest; returns their profile."""
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

    def _unite(self, labels: list[str]) -> str:
        """Make one profile of several: an account's label stays, else that of the older one."""
        state = self.state
        profiles = [state.profiles[label] for label in labels]
        home = survivor(state, profiles)
        verified = self.plan.signed_in or home.verified
        if len(profiles) > 1:
            self.reasons.add("merged")
        for profile in profiles:
            if verified and not profile.verified:
                self._loosen(profile.id)
            if profile.id != home.id:
                for member in state.members(profile.id):
                    self.moves.change(member.stream, profile=home.id)
                state.put(Profile(profile.id))
        merges = sum(profile.merges for profile in profiles) + len(profiles) - 1
        state.put(replace(home, verified=verified, merges=merges))
        return home.id

    def _loosen(self, guest: str) -> None:
        """A guest's devices that come to an account without having been seen under it: by claim."""
        bonds = {t.bond for _, assurance, t in self.plan.reached if t and assurance == "device"}
        for member in self.state.members(guest):
            if self.state.rules.is_device(member) and member.bond not in bonds:
                self.moves.change(member.stream, assurance="claimed")

    def _open(self, opening: TenureOpening, stream: str, home: str) -> None:
        state = self.state
        held = state.held(opening.key)
        profile = stream if opening.apart else opening.profile or home
        if opening.apart:
            state.put(Profile(stream))
        number = held[-1].number + 1 if held else 1
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
                bond=stream,
                bound_at=opening.bound_at,
                current=not opening.shadow
                and all(tenure.opened_at <= opening.opened_at for tenure in held),
            )
        )

    def _bond(self, home: str) -> None:
        """Devices that a guest's event shows together are one, claims aside."""
        if self.state.verified(home):
            return
        keys = {i.key for i, assurance, _ in self.plan.reached if assurance == "device"}
        together = [
            member
            for member in self.state.members(home)
            if member.key in keys and member.opened_at == BEGINNING
        ]
        bonds = {tenure.bond for tenure in together}
        if len(bonds) > 1:
            for member in self.state.members(home):
                if member.bond in bonds:
                    self.state.change(member.stream, bond=min(bonds))

    def _told(self) -> IdentityChange | None:
        moved = self.moves.told()
        if not moved:
            return None
        reason = next(r for r in _REASONS if r in self.reasons)
        return IdentityChange(self.observation.event_id, self.observation.time, reason, moved)


_REASONS: tuple[Reason, ...] = (
    "merged", "separated", "created", "tenure_opened", "linked", "verified",
)  # fmt: skip
