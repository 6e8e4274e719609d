"""Calls that are hard to resolve: what they cost, and when they end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from chassis import FixedClock, Unavailable, parse_instant
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from services.identity import store
from services.identity.commands import RepairHandler, ResolveHandler
from services.identity.commands import resolutions as resolving
from services.identity.domain import repeats, resolution
from services.identity.domain.observation import Observation
from services.identity.domain.resolution import Resolution
from services.identity.domain.state import Incomplete, Needs
from tests.unit.identity.shop import OBSERVER, seen

NOW = parse_instant("2026-11-21T19:30:00Z")
STEP = 0.25  # seconds that an attempt takes in these tests
MOST_ATTEMPTS = 4.5 / STEP


@pytest.fixture
def work(service_database: Callable[[str], Database]) -> UnitOfWorkRunner:
    return UnitOfWorkRunner(service_database("identity"), "identity", FixedClock(NOW))


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """What the clock of the process shows."""
    reading = [1_000.0]
    with monkeypatch.context() as patched:
        patched.setattr("chassis.eventlog.unit_of_work.time.monotonic", lambda: reading[0])
        yield reading


def never_enough(seconds: list[float], calls: list[int]) -> Callable[..., Any]:
    """Finds that something more has to be known, each time."""

    def fail(*_: Any) -> Any:
        calls.append(len(calls))
        seconds[0] += STEP
        raise Incomplete(Needs(streams=frozenset([f"s-{len(calls)}"])))

    return fail


def never_still(seconds: list[float], calls: list[int]) -> Callable[..., Any]:
    """Finds that streams have moved, each time."""

    def fail(*_: Any) -> Any:
        calls.append(len(calls))
        seconds[0] += STEP
        raise store.ConcurrentMove

    return fail


@pytest.mark.parametrize(
    ("place", "name", "fails"),
    [(resolving, "resolve_all", never_enough), (store, "load_locked", never_still)],
)
def test_a_call_that_cannot_be_resolved_in_time_is_answered_so_and_can_be_made_again(
    work: UnitOfWorkRunner,
    seconds: list[float],
    monkeypatch: pytest.MonkeyPatch,
    place: Any,
    name: str,
    fails: Callable[[list[float], list[int]], Callable[..., Any]],
) -> None:
    calls: list[int] = []
    observation = seen(1, {"anonymous_id": "d"})
    resolver = ResolveHandler(OBSERVER.policy)
    with monkeypatch.context() as patched:
        patched.setattr(place, name, fails(seconds, calls))
        with pytest.raises(Unavailable, match="too many changes of these profiles; try again"):
            resolver.resolve([observation], work)
    assert 1 < len(calls) <= MOST_ATTEMPTS
    (answer,), _ = resolver.resolve([observation], work)
    assert isinstance(answer, Resolution)


@pytest.mark.parametrize("fails", [never_enough, never_still])
def test_a_repair_that_cannot_be_made_in_time_is_answered_so(
    work: UnitOfWorkRunner,
    seconds: list[float],
    monkeypatch: pytest.MonkeyPatch,
    fails: Callable[[list[float], list[int]], Callable[..., Any]],
) -> None:
    (one, other), _ = ResolveHandler(OBSERVER.policy).resolve(
        [seen(1, {"anonymous_id": "d"}), seen(2, {"anonymous_id": "e"})], work
    )
    assert isinstance(one, Resolution)
    assert isinstance(other, Resolution)
    calls: list[int] = []
    monkeypatch.setattr(store, "load_whole", fails(seconds, calls))
    with pytest.raises(Unavailable, match="try again"):
        RepairHandler(OBSERVER.policy).merge(
            one.profile, other.profile, "one person", work, dry_run=False
        )
    assert 1 < len(calls) <= MOST_ATTEMPTS


def sign_ins_backwards(number: int) -> list[Observation]:
    """As many accounts sign in on a till, each before the one that is told before it."""
    events = [
        seen(
            10 * (number - place),
            {"device_id": "till", "anonymous_id": f"a-{place}", "user_id": f"u-{place % 3}"},
            signed_in=True,
        )
        if place % 2
        else seen(10 * (number - place), {"device_id": "till"})
        for place in range(number)
    ]
    return [replace(event, event_id=f"e-{place}") for place, event in enumerate(events)]


def test_what_a_call_costs_grows_with_its_events_and_not_with_their_square(
    work: UnitOfWorkRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolving, "_INNER_BATCH", 5)
    checks: list[str] = []
    kept: list[str] = []
    resolve_unchanged, keep = resolution.resolve_unchanged, store.keep_resolutions

    def counted(state: Any, observation: Observation) -> Any:
        checks.append(observation.event_id)
        return resolve_unchanged(state, observation)

    def noted(unit: Any, each: Any) -> None:
        unit.after_commit(lambda: kept.extend(one.event_id for one in each))
        keep(unit, each)

    monkeypatch.setattr(repeats, "resolve_unchanged", counted)
    monkeypatch.setattr(store, "keep_resolutions", noted)
    call = sign_ins_backwards(40)
    resolver = ResolveHandler(OBSERVER.policy)
    answers, _ = resolver.resolve(call, work)
    assert len(checks) <= 2 * len(call)  # in its own batch, and once after it
    assert len(kept) == len(set(kept)) <= len(call)
    again, facts = resolver.resolve(call, work)
    assert [_place(answer) for answer in again] == [_place(answer) for answer in answers]
    assert facts == []


def _place(answer: Any) -> tuple[str, str | None]:
    return answer.stream, answer.came_from and answer.came_from.stream
