"""What whoever has the turn among entangled observations looks up, and how long others wait."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError

from chassis import FixedClock, new_id
from chassis.database.engine import Database, is_contention
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from services.identity import store
from services.identity.commands import ResolveHandler
from services.identity.domain.observation import Observation
from services.identity.domain.resolution import Resolution, resolve_all
from services.identity.domain.state import (
    IdentityPolicy,
    IdentityState,
    Incomplete,
    KeptResolution,
    Needs,
)
from tests.unit.identity.observed import SEQUENCES
from tests.unit.identity.shop import TYPES, seen

_POLICIES = [
    IdentityPolicy(TYPES),
    IdentityPolicy(TYPES, near=1),
    IdentityPolicy(TYPES, most_tied=3, most_proven=1),
]
_LAPTOP = {"device_id": "laptop"}
# On a device that was a guest's, another address is told late: what is on it is judged again.
_SIGNED_IN_LATER = [
    seen(1, {**_LAPTOP, "email": "ann@shop.example"}, type="order_completed"),
    seen(3, {**_LAPTOP, "user_id": "ann"}, signed_in=True, type="signed_in"),
]
_LATE = seen(2, {**_LAPTOP, "email": "lea@shop.example"}, type="order_completed")


@pytest.fixture
def work(service_database: Callable[[str], Database]) -> UnitOfWorkRunner:
    return UnitOfWorkRunner(service_database("identity"), "identity", FixedClock(0))


def _forget(work: UnitOfWorkRunner) -> None:
    """Empty identity's own tables."""
    with work.database.transaction() as connection:
        for table in store.METADATA.sorted_tables:
            connection.execute(sa.delete(table))


def _numbered(sequence: Sequence[Observation]) -> list[Observation]:
    return [replace(each, event_id=f"e-{n}") for n, each in enumerate(sequence)]


def _missing(state: IdentityState, observations: Sequence[Observation]) -> Needs:
    """What resolving needs besides what was loaded; nothing is changed by it."""
    before = state.copy()
    try:
        resolve_all(state.copy(), observations, new_id)
    except Incomplete as incomplete:
        return incomplete.needs
    finally:
        assert state == before
    return Needs()


def _look_around(
    unit: UnitOfWork, policy: IdentityPolicy, observations: Sequence[Observation]
) -> Needs:
    """What observations need, looked up step by step; each step knows what one at once knows."""
    needs = Needs()
    state = store.load(unit, policy, observations, needs)
    while missing := _missing(state, observations):
        assert missing - needs
        needs |= missing
        store.load_more(unit, state, observations, missing)
        _check_holds(state, store.load(unit, policy, observations, needs))
    return needs


def _check_holds(state: IdentityState, at_once: IdentityState) -> None:
    """That a state has whatever another has."""
    assert at_once.tenures.items() <= state.tenures.items()
    assert at_once.sightings.items() <= state.sightings.items()
    assert at_once.profiles.items() <= state.profiles.items()
    assert {each.key: each for each in at_once.address_tenures()}.items() <= {
        each.key: each for each in state.address_tenures()
    }.items()
    assert not at_once.loaded - state.loaded
    assert at_once.whole_tenures <= state.whole_tenures
    assert at_once.whole_addresses <= state.whole_addresses
    for key in {tenure.key for tenure in at_once.tenures.values()}:
        assert set(at_once.tenures_of(key)) <= set(state.tenures_of(key))
    for profile in at_once.loaded.profiles:
        assert at_once.members(profile) == state.members(profile)
    for group in at_once.loaded.groups:
        assert at_once.group(group) == state.group(group)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SEQUENCES, st.sampled_from(_POLICIES), st.integers(1, 5))
def test_what_is_looked_up_step_by_step_is_all_that_observations_depend_on(
    work: UnitOfWorkRunner, sequence: list[Observation], policy: IdentityPolicy, size: int
) -> None:
    _forget(work)
    sequence = _numbered(sequence)
    ResolveHandler(policy).resolve(sequence[:-size], work)
    observations = sequence[-size:]

    def resolve(unit: UnitOfWork) -> None:
        needs = _look_around(unit, policy, observations)
        resolve_all(store.load_locked(unit, policy, observations, needs), observations, new_id)

    work.run(resolve)


def test_whose_account_a_profile_is_is_known_before_there_are_locks(work: UnitOfWorkRunner) -> None:
    history, policy = _numbered(_SIGNED_IN_LATER), _POLICIES[0]
    ResolveHandler(policy).resolve(history, work)

    def resolve(unit: UnitOfWork) -> None:
        needs = _look_around(unit, policy, [_LATE])
        state = store.load_locked(unit, policy, [_LATE], needs)
        assert store.load(unit, policy, [_LATE], needs).profiles == state.profiles
        resolve_all(state, [_LATE], new_id)

    work.run(resolve)


def test_where_events_went_before_is_known_before_there_are_locks(work: UnitOfWorkRunner) -> None:
    policy = _POLICIES[0]
    (went, *_), _ = ResolveHandler(policy).resolve(_SIGNED_IN_LATER[:1], work)
    assert isinstance(went, Resolution)
    kept = KeptResolution(_LATE.event_id, _LATE.digest, went.stream, None, ())
    work.run(lambda unit: store.keep_resolutions(unit, [kept]))
    look = partial(store.load, policy=policy, observations=[_LATE], needs=Needs())
    assert work.read(look).kept == {_LATE.event_id: kept}


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_the_locks_after_the_turn_are_waited_for_as_long_as_any(work: UnitOfWorkRunner) -> None:
    def limits(unit: UnitOfWork) -> set[str]:
        show = sa.text("SHOW lock_timeout")
        before = unit.connection.execute(show).scalar_one()
        store.take_turn(unit, 4.0)
        return {before, unit.connection.execute(show).scalar_one()}

    assert len(work.run(limits)) == 1


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
@pytest.mark.parametrize("seconds", [0.01, 0.0, -1.0])
def test_a_turn_is_one_units_and_waited_for_no_longer_than_its_patience(
    work: UnitOfWorkRunner, seconds: float
) -> None:
    def take(unit: UnitOfWork) -> None:
        store.take_turn(unit, 4.0)
        with pytest.raises(DBAPIError) as error, work.database.transaction() as connection:
            store.take_turn(UnitOfWork(connection, work, 1), seconds)
        assert is_contention(error.value)

    work.run(take)
