"""The engine against plain meanings: rules of the whole language, whatever happens to shoppers."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis import DAY, HOUR, new_id
from chassis.database.engine import Database
from tests.conftest import FULL_SIZE
from tests.support.replicas import Replicas, two_replicas
from tests.support.segments_service import ProfilesLog, SegmentsWithoutNameko
from tests.unit.rules import oracle, shop_meanings, value_meanings
from tests.unit.rules.oracle import START, ZONES, Meaning

pytestmark = pytest.mark.timeout(3_600)

_STREAMS = 3

_shoppers = oracle.tests | shop_meanings.tests
rules = oracle.rules_of(_shoppers | value_meanings.tests)
# Of the segment that others ask for: its band would have a part in what they say.
rules_of_nobody_else = oracle.rules_of(_shoppers | value_meanings.tests_without_band).filter(
    lambda meaning: "segments" not in meaning.text
)


def _stored(event: tuple[str, Any]) -> tuple[str, Any]:
    """Data as it is stored; SQLite adds up those fractions only that are binary."""
    event_type, data = event
    return event_type, json.loads(json.dumps(data).replace("0.1", "0.5"))


events = (oracle.events | shop_meanings.events).filter(lambda each: isinstance(each[1], dict))
streams = st.integers(0, _STREAMS - 1)
numbers = st.integers(0, 1)


def _appended(
    events: st.SearchStrategy[tuple[str, Any]], to: st.SearchStrategy[int] = streams
) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.tuples(st.just("append"), to, events.map(_stored), oracle.instants)


def _steps(
    events: st.SearchStrategy[tuple[str, Any]],
    rules: st.SearchStrategy[Meaning],
    rules_of_nobody_else: st.SearchStrategy[Meaning],
    spans: list[int],
) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.one_of(
        *4 * [_appended(events)],
        *2 * [st.tuples(st.just("deliver"), numbers, st.integers(1, 6))],
        st.tuples(st.just("again"), numbers, st.randoms(use_true_random=False)),
        st.tuples(st.just("merge"), streams, streams),
        st.tuples(st.just("split"), streams),
        st.tuples(st.just("prove"), streams),
        *2 * [st.tuples(st.just("pass_time"), st.sampled_from(spans))],
        st.tuples(
            st.just("set_apart"),
            st.integers(0, 2),
            st.sampled_from([0, 1, 3 * HOUR, -DAY, 2 * DAY]),
        ),
        st.tuples(st.just("tick"), numbers),
        *2 * [st.tuples(st.just("ask"), numbers)],
        st.tuples(st.just("define"), st.sampled_from(["one", "other", "third"]), rules),
        st.tuples(st.just("define"), st.just("vip"), rules_of_nobody_else),
        st.tuples(st.just("fit"), numbers, value_meanings.models),
        st.just(("catch_up",)),
    )


steps = _steps(events, rules, rules_of_nobody_else, [1, HOUR // 2, HOUR, 5 * HOUR, DAY, 2 * DAY])

# Rules of values alone, of shoppers who order, for as long as values take to fall.
_is_vip = Meaning('"vip" in segments', lambda history, now: history.is_in("vip", now))
value_rules = oracle.rules_of(value_meanings.tests | value_meanings.tests | st.just(_is_vip))
value_rules_of_nobody_else = oracle.rules_of(value_meanings.tests_without_band)
orders_of_one = _appended(shop_meanings.orders, st.just(0))
value_steps = _steps(
    shop_meanings.orders, value_rules, value_rules_of_nobody_else, [1, HOUR, DAY, 9 * DAY, 90 * DAY]
)


class Course:
    """Takes steps, one after the other."""

    def __init__(self, log: ProfilesLog, replicas: Replicas) -> None:
        self.replicas = replicas
        self._log = log
        self._delivered = 0
        self._streams = [new_id() for _ in range(_STREAMS)]
        self._profiles = dict.fromkeys(self._streams, "")
        for stream in self._streams:
            self._move("created", stream, stream)

    def _move(self, reason: str, stream: str, profile: str) -> None:
        self._profiles[stream] = profile
        self._log.move(reason, **{stream: profile})

    def take(self, name: str, *arguments: Any) -> None:
        getattr(self, name)(*arguments)

    def append(self, stream: int, event: tuple[str, Any], at: int) -> None:
        self._log.append(self._streams[stream], *event, at)

    def merge(self, stream: int, other: int) -> None:
        self._move("merged", self._streams[stream], self._profiles[self._streams[other]])

    def split(self, stream: int) -> None:
        self._move("split", self._streams[stream], self._streams[stream])

    def prove(self, stream: int) -> None:
        """Somebody signs in to an account."""
        self._log.prove(self._streams[stream], self._profiles[self._streams[stream]])

    def deliver(self, number: int, count: int) -> None:
        """What comes next."""
        batch = self._log.events[self._delivered :][:count]
        self._delivered += len(batch)
        if batch:
            self.replicas.follow(number, batch)

    def again(self, number: int, random: Any) -> None:
        """Some events too early or once more, in any order."""
        known = self._log.events
        self.replicas.follow(number, random.sample(known, min(len(known), 4)))

    def ask(self, number: int) -> None:
        for stream in self._streams:
            self.replicas.ask(number, stream)

    def catch_up(self) -> None:
        self.replicas.catch_up()
        self._delivered = len(self._log.events)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.replicas, name)


@pytest.fixture
def replicas(service_database: Callable[[str], Database]) -> list[SegmentsWithoutNameko]:
    return two_replicas(service_database("segments"))


@settings(
    max_examples=1_000 if FULL_SIZE else 8,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.sampled_from(ZONES),
    st.integers(-2, 1),
    rules_of_nobody_else,
    rules,
    rules,
    rules,
    st.none() | value_meanings.models,
    st.lists(steps, min_size=4, max_size=20),
)
def test_replicas_with_clocks_apart_say_what_plain_meanings_say_at_every_instant(
    log: ProfilesLog,
    replicas: list[SegmentsWithoutNameko],
    zone: Any,
    day: int,
    vip: Meaning,
    one: Meaning,
    other: Meaning,
    third: Meaning,
    model: value_meanings.ModelParameters | None,
    steps: list[tuple[Any, ...]],
) -> None:
    """Where a value is too near to its bound for two ways to compute it to agree, the history is
    given up; at a crossing that is so by nature, and a second before and after it is compared."""
    with value_meanings.histories_that_decide():
        _live(log, replicas, zone, day, (vip, one, other, third), model, steps)


@settings(
    max_examples=1_000 if FULL_SIZE else 8,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.sampled_from(ZONES),
    value_rules_of_nobody_else,
    st.tuples(value_rules, value_rules, value_rules),
    value_meanings.models,
    st.lists(orders_of_one, min_size=2, max_size=5),
    st.lists(value_steps, min_size=2, max_size=15),
)
def test_values_cross_their_bounds_when_the_printed_formulas_do(
    log: ProfilesLog,
    replicas: list[SegmentsWithoutNameko],
    zone: Any,
    vip: Meaning,
    others: tuple[Meaning, Meaning, Meaning],
    model: value_meanings.ModelParameters,
    first: list[tuple[Any, ...]],
    steps: list[tuple[Any, ...]],
) -> None:
    with value_meanings.histories_that_decide():
        steps = [*first, ("deliver", 0, 9), *steps, ("pass_time", 9 * DAY)]
        _live(log, replicas, zone, 0, (vip, *others), model, steps)


def _live(
    log: ProfilesLog,
    replicas: list[SegmentsWithoutNameko],
    zone: Any,
    day: int,
    meanings: Sequence[Meaning],
    model: value_meanings.ModelParameters | None,
    steps: list[tuple[Any, ...]],
) -> None:
    course = Course(log, Replicas(log, replicas, zone, START + day * DAY))
    for segment, meaning in zip(("vip", "one", "other", "third"), meanings, strict=True):
        course.replicas.define(segment, meaning)
    if model is not None:
        course.replicas.fit(0, model)
    for step in steps:
        course.take(*step)
    course.catch_up()
    course.pass_time(DAY)
    course.catch_up()
