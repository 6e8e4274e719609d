"""Repair: what a support desk decides is tried, or done and told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from chassis import Event, NotFound, Unavailable, new_id
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from services.identity import store
from services.identity.domain import support
from services.identity.domain.change import IdentityChange
from services.identity.domain.events import tell
from services.identity.domain.state import IdentityPolicy, IdentityState

_ATTEMPTS = 50
_MOST_FACTS = 1_000_000


class ProfilePreviews(Protocol):
    """What a dry run asks of profiles."""

    def preview(self, *, stream_sets: list[list[str]]) -> list[dict[str, Any]]:
        """The profile that each set of streams would be."""
        ...


class SegmentPreviews(Protocol):
    """What a dry run asks of segments."""

    def preview_streams(self, *, stream_sets: list[list[str]]) -> list[list[str]]:
        """The segments that a profile of each set of streams would be in."""
        ...


Decision = Callable[
    [UnitOfWork, IdentityState, Sequence[str]], tuple[Sequence[str], IdentityChange]
]


@dataclass(frozen=True, slots=True)
class RepairResult:
    """The profiles that were touched, as they were and as they are or would be, by stream."""

    before: Mapping[str, Collection[str]]
    after: Mapping[str, Collection[str]]
    keys: Mapping[str, str]
    fact: Event | None


class RepairHandler:
    """Splits and merges profiles on one database."""

    def __init__(self, work: UnitOfWorkRunner, rules: IdentityPolicy) -> None:
        self._work = work
        self._rules = rules

    def split(
        self, profile_id: str, keys: Collection[str], note: str, *, dry_run: bool
    ) -> RepairResult:
        """Part the streams of identifiers from the rest of their profile."""

        def decide(unit: UnitOfWork, state: IdentityState, found: Sequence[str]) -> Any:
            (profile,) = found
            former = _former(unit, [member.stream for member in state.members(profile)])
            parting = new_id()
            return support.split(state, profile, keys, former, parting, unit.now, note)

        return self._decide({"profile_id": profile_id}, decide, dry_run)

    def merge(self, one: str, other: str, note: str, *, dry_run: bool) -> RepairResult:
        """Make one profile of two, within the limits of a profile."""

        def decide(unit: UnitOfWork, state: IdentityState, found: Sequence[str]) -> Any:
            home, change = support.merge(state, found[0], found[-1], unit.now, note)
            return (home,), change

        return self._decide({"a": one, "b": other}, decide, dry_run)

    def _decide(self, asked: Mapping[str, str], decide: Decision, dry_run: bool) -> RepairResult:
        run = self._work.read if dry_run else self._work.run
        for _ in range(_ATTEMPTS):
            try:
                return run(partial(self._once, asked=asked, decide=decide, dry_run=dry_run))
            except store.ConcurrentMove:
                continue
        raise Unavailable("identity", "has too many changes of these profiles; try again")

    def _once(
        self, unit: UnitOfWork, asked: Mapping[str, str], decide: Decision, dry_run: bool
    ) -> RepairResult:
        found = [_current(unit, field, asked[field]) for field in asked]
        state = store.load_whole(unit.connection, self._rules, set(found), lock=not dry_run)
        before = {profile: _streams(state, profile) for profile in found}
        labels, change = decide(unit, state, found)
        fact = None
        if not dry_run:
            store.save(unit.connection, state)
            (fact,) = tell(unit, [change])
        after = {profile: _streams(state, profile) for profile in labels}
        keys = {stream: tenure.key for stream, tenure in state.tenures.items()}
        return RepairResult(before, after, keys, fact)


def repaired(
    outcome: RepairResult, previews: tuple[ProfilePreviews, SegmentPreviews] | None = None
) -> dict[str, Any]:
    """The answer of `split` and `merge`; with `previews`, each profile as it is or would be."""
    sides = {"before": outcome.before, "after": outcome.after}
    parts: dict[str, list[dict[str, Any]]] = {
        side: [
            {
                "profile_id": profile,
                "streams": sorted(streams),
                "identifiers": [
                    {"type": key.partition(":")[0], "key": key}
                    for key in sorted({outcome.keys[stream] for stream in streams})
                ],
            }
            for profile, streams in profiles.items()
        ]
        for side, profiles in sides.items()
    }
    if previews:
        _add_previews([part for side in parts.values() for part in side], *previews)
    return {"dry_run": outcome.fact is None, "fact_id": _fact_id(outcome.fact), **parts}


def _add_previews(
    parts: list[dict[str, Any]], profiles: ProfilePreviews, segments: SegmentPreviews
) -> None:
    stream_sets = [part["streams"] for part in parts]
    seen = profiles.preview(stream_sets=stream_sets)
    groups = segments.preview_streams(stream_sets=stream_sets)
    for part, profile, names in zip(parts, seen, groups, strict=True):
        part.update(profile=profile, segments=names, caps=None)


def _fact_id(fact: Event | None) -> str | None:
    return str(fact.data["fact_id"]) if fact else None


def _current(unit: UnitOfWork, field: str, profile_id: str) -> str:
    found = store.find_profile(unit.connection, profile_id)
    if found is None:
        raise NotFound(field, "is no profile that we know")
    return found


def _streams(state: IdentityState, profile: str) -> Collection[str]:
    return [member.stream for member in state.members(profile)]


def _former(unit: UnitOfWork, streams: Sequence[str]) -> dict[str, list[str]]:
    """The labels that each stream ever had, the newest first."""
    former: dict[str, list[str]] = {stream: [] for stream in streams}
    for event in unit.history(dict.fromkeys(streams, 0), _MOST_FACTS):
        for entry in event.data["streams"]:
            if entry["stream"] == event.stream:
                former[event.stream].insert(0, entry["profile_id"])
    return former
