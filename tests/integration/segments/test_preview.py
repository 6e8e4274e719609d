"""A preview in SQL selects those whom the evaluator selects, on both databases."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import cast

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, assume, given, settings

from chassis import DAY, Event, InvalidInput, Unavailable
from chassis.eventlog.unit_of_work import UnitOfWork
from profile_index import save_summaries
from profile_index.tables import INDEX_FORMS, LABELS, SUMMARIES
from rules import SEGMENT_VOCABULARY, Rule, ShopContext, Summary, Verdict, compile_rule
from rules.sql import SQLITE, NotInSql, translate
from services.segments import queries, store
from services.segments.queries.backtest import by_evaluator, by_sql
from services.segments.queries.preview import (
    PREVIEW_SECONDS,
    Selection,
    select_by_sql,
    select_one_by_one,
)
from services.segments.store import rule_queries
from tests.support.segments_service import NOW, ProfilesLog, SegmentsWithoutNameko
from tests.unit.rules import oracle
from tests.unit.rules.oracle import History, Meaning
from tests.unit.rules.shoppers import fold

# What a binary fraction holds exactly: SQLite adds those only.
plain_histories = oracle.histories().map(
    lambda history: history._replace(
        events=[
            event._replace(data=json.loads(json.dumps(event.data or {}).replace("0.1", "0.5")))
            for event in history.events
        ]
    )
)


def fill(unit: UnitOfWork, history: History) -> None:
    """Let there be two profiles: one of two streams between which a history is split, and one."""
    for table in (store.FACTS, LABELS, SUMMARIES, store.PROFILES):
        unit.connection.execute(sa.delete(table))
    streams = {"a": ("p", history.events[::2]), "b": ("p", history.events[1::2]), "q": ("q", [])}
    for stream, (profile_id, events) in streams.items():
        row = {"stream_id": stream, "profile_id": profile_id, "last_epoch": 1}
        unit.connection.execute(sa.insert(LABELS), row)
        save_summaries(unit, {stream: (len(events), fold(events).dump())})
        store.save_facts(
            unit,
            [
                Event(f"{stream}{n}", "profiles", e.type, stream, n, e.data, e.at, e.at)
                for n, e in enumerate(events, start=1)
            ],
        )
    store.lock_profiles(unit, ["p", "q", "gone"])


def is_in_sql(rule: Rule[Summary]) -> bool:
    try:
        translate(rule, SQLITE, NOW)
    except NotInSql:
        return False
    return True


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(oracle.rules, plain_histories, oracle.instants)
def test_sql_finds_those_whom_the_evaluator_finds(
    segments: SegmentsWithoutNameko, meaning: Meaning, history: History, now: int
) -> None:
    rule = compile_rule(meaning.text, SEGMENT_VOCABULARY, ShopContext(history.zone))
    assume(is_in_sql(rule))
    segments.clock.at = now
    segments.work.run(partial(fill, history=history))
    found = select_by_sql(segments.work, rule, now)
    expected = select_one_by_one(segments.work, rule, now, time.monotonic)
    assert found == expected
    assert (found.profiles, found.complete) == (2, True)


def members(segments: SegmentsWithoutNameko, text: str) -> Sequence[str]:
    rule = compile_rule(text, SEGMENT_VOCABULARY)
    return select_by_sql(segments.work, rule, segments.clock.now()).sample


def test_a_merged_profile_has_the_facts_of_all_its_streams(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    log.move(p="p", q="q")
    log.cart("p")
    log.cart("q")
    segments.follow(*log.events)
    assert members(segments, 'count("cart_updated") == 1') == ["p", "q"]
    log.move("merged", q="p")
    segments.follow(log.events[-1])
    assert members(segments, 'count("cart_updated") == 2') == ["p"]
    assert members(segments, "True") == ["p"]


def test_before_a_rebuild_that_is_due_facts_are_not_asked(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    log.move(p="p")
    log.cart("p")
    segments.follow(*log.events)

    def forget(unit: UnitOfWork) -> None:
        unit.connection.execute(sa.delete(INDEX_FORMS))
        unit.connection.execute(sa.delete(store.FACTS))

    segments.work.run(forget)
    with pytest.raises(store.FactsMissing):
        members(segments, 'exists("cart_updated")')
    assert queries.preview(segments.work, 'exists("cart_updated")')["sample"] == ["p"]


def test_a_query_ends_when_its_time_is_over_and_leaves_the_session_as_it_was(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    for profile in "pqrst":
        log.move(**{profile: profile})
        for seconds in range(50):
            log.cart(profile, NOW - seconds * 1_000_000)
    segments.follow(*log.events)
    steps = ", ".join(['"cart_updated"'] * 5)
    slow = compile_rule(f'then({steps}, within="1d")', SEGMENT_VOCABULARY)

    def select(unit: UnitOfWork) -> object:
        return store.select_members(unit, slow, NOW, seconds=0.05)

    with pytest.raises(store.QueryTimeout):
        segments.work.run(select)
    assert len(members(segments, 'count("cart_updated") == 50')) == 5
    if segments.work.database.dialect == "postgresql":
        assert [setting(segments, name) for name in ("statement_timeout", "enable_seqscan")] == [
            "30s",
            "off",
        ]


def setting(segments: SegmentsWithoutNameko, name: str) -> str:
    """A setting of PostgreSQL in the session that is used next."""
    query = sa.select(sa.func.current_setting(name))
    return str(segments.work.read(lambda unit: unit.connection.execute(query).scalar_one()))


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(oracle.rules, plain_histories, oracle.instants)
def test_a_back_test_in_sql_is_that_of_the_evaluator(
    segments: SegmentsWithoutNameko, meaning: Meaning, history: History, now: int
) -> None:
    rule = compile_rule(meaning.text, SEGMENT_VOCABULARY, ShopContext(history.zone))
    assume(is_in_sql(rule))
    segments.work.run(partial(fill, history=history))
    instants = [now - 3 * DAY + number * DAY for number in range(4)]
    for at in instants:
        found = segments.work.run(partial(store.select_members, rule=rule, at=at, seconds=60.0))
        assert len(found) == select_by_sql(segments.work, rule, at).members
    assert by_sql(segments.work, rule, instants, 0, time.monotonic) == by_evaluator(
        segments.work, rule, instants, time.monotonic
    )


def back_test(segments: SegmentsWithoutNameko, **request: object) -> list[tuple[int, int, int]]:
    response = queries.backtest(segments.work, segments.registry, request)
    assert response["next"] is None
    return [(step["members"], step["entries"], step["exits"]) for step in response["steps"]]


@pytest.mark.parametrize(
    "rule", ['exists("order_completed", within="1d")', 'orders(within="1d") == 1']
)
def test_a_back_test_counts_who_came_and_who_went_in_each_step(
    log: ProfilesLog, segments: SegmentsWithoutNameko, rule: str
) -> None:
    log.move(p="p", q="q")
    log.order("p", at=NOW - 3 * DAY - 1)
    log.order("q", at=NOW - 2 * DAY - 1)
    segments.follow(*log.events)
    expected = [(1, 1, 0), (1, 1, 1), (0, 0, 1), (0, 0, 0)]
    assert back_test(segments, rule=rule, since="4d") == expected


def test_what_has_no_past_is_not_tested(segments: SegmentsWithoutNameko) -> None:
    with pytest.raises(InvalidInput, match="other segments"):
        back_test(segments, rule='"high_value" in segments')
    with pytest.raises(InvalidInput, match="step"):
        back_test(segments, rule="True", since="30d", step="1m")


@pytest.mark.parametrize(
    "request_",
    [{"until": -62_135_510_400_000_000}, {"until": NOW + 400 * DAY}, {"since": "36500d"}],
)
def test_a_back_test_is_of_a_time_that_there_was(
    segments: SegmentsWithoutNameko, request_: dict[str, object]
) -> None:
    with pytest.raises(InvalidInput, match="in the past, and after 1970"):
        back_test(segments, rule="orders() == 0", step="365d", **request_)


def test_a_back_test_goes_on_where_its_time_was_over(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    log.move(p="p")
    log.cart("p", NOW - DAY)
    segments.follow(*log.events)
    rule = compile_rule('exists("cart_updated", within="1d")', SEGMENT_VOCABULARY)
    instants = [NOW - number * DAY for number in (3, 2, 1, 0)]
    steps: list[Sequence[tuple[int, int, int]]] = []
    first: int | None = 0
    while first is not None:
        ticks = iter([0.0, 100.0])
        page = by_sql(segments.work, rule, instants, first, partial(next, ticks))
        steps.append(page.steps)
        first = page.next
    assert steps == [[(0, 0, 0)], [(1, 1, 0)], [(0, 0, 1)]]


class SlowRule:
    """A rule each of whose evaluations takes a second of a timer."""

    def __init__(self, text: str) -> None:
        self._rule = compile_rule(text, SEGMENT_VOCABULARY)
        self.reads = self._rule.reads
        self.seconds = 0.0

    def timer(self) -> float:
        return self.seconds

    def evaluate(self, summary: Summary, now: int) -> Verdict:
        self.seconds += 1
        return self._rule.evaluate(summary, now)


def slow_rule(text: str) -> tuple[Rule[Summary], Callable[[], float]]:
    rule = SlowRule(text)
    return cast("Rule[Summary]", rule), rule.timer


def test_a_preview_ends_after_the_profile_with_which_its_time_is_over(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    log.move(**{profile: profile for profile in "pqrst"})
    segments.follow(*log.events)
    rule, timer = slow_rule("orders() == 0")
    found = select_one_by_one(segments.work, rule, NOW, timer)
    assert found == Selection(3, ["p", "q", "r"], 3, 5)
    assert not found.complete


def test_a_preview_ends_in_the_query_with_which_its_time_is_over(
    log: ProfilesLog, segments: SegmentsWithoutNameko, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.move(p="p")
    segments.follow(*log.events)

    @contextmanager
    def limited(unit: UnitOfWork, seconds: float) -> Iterator[None]:
        assert seconds == PREVIEW_SECONDS
        yield
        raise store.QueryTimeout

    monkeypatch.setattr(store, "limited_by_key", limited)
    rule = compile_rule("orders() == 0", SEGMENT_VOCABULARY)
    found = select_one_by_one(segments.work, rule, NOW, lambda: 0.0)
    assert found == Selection(0, [], 0, 1)


def test_a_query_by_key_ends_when_its_time_is_over(segments: SegmentsWithoutNameko) -> None:
    count = (
        "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers"
        " WHERE n < 100000000) SELECT count(*) FROM numbers"
    )

    def query(unit: UnitOfWork) -> None:
        with store.limited_by_key(unit, 0.05):
            unit.connection.execute(sa.text(count))

    with pytest.raises(store.QueryTimeout):
        segments.work.run(query)


def test_a_preview_counts_more_members_than_it_names(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    names = [f"p{number:02}" for number in range(25)]
    log.move(**{name: name for name in names})
    for name in names:
        log.cart(name)
    segments.follow(*log.events)
    for rule in ('exists("cart_updated")', "orders() == 0"):
        response = queries.preview(segments.work, rule)
        assert (response["members"], response["sample"]) == (25, names[:10])
        assert (response["evaluated"], response["complete"]) == (25, True)


def test_a_back_test_ends_after_the_profile_with_which_its_time_is_over(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    log.move(p="p", q="q", r="r")
    segments.follow(*log.events)
    rule, timer = slow_rule("orders() == 0")
    page = by_evaluator(segments.work, rule, [NOW - DAY, NOW], timer)
    assert (page.evaluated, page.profiles, page.steps) == (1, 3, [(1, 0, 0)])


def test_a_back_test_ends_within_a_profile_that_takes_too_long(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    log.move(p="p")
    segments.follow(*log.events)
    rule, timer = slow_rule("orders() == 0")
    with pytest.raises(Unavailable, match="ask for fewer steps"):
        by_evaluator(segments.work, rule, [NOW - number * DAY for number in range(9)], timer)
    assert timer() == 3


def test_a_back_test_waits_for_no_sample_that_takes_too_long(
    segments: SegmentsWithoutNameko, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[float] = []

    @contextmanager
    def limited(unit: UnitOfWork, seconds: float) -> Iterator[None]:
        limits.append(seconds)
        if len(limits) == len(["counted", "sampled"]):
            raise store.QueryTimeout
        yield

    monkeypatch.setattr(rule_queries, "limited", limited)
    with pytest.raises(Unavailable, match="more than 6 s to draw a sample of the shoppers"):
        back_test(segments, rule="orders() == 1")
    assert limits == [6.0, 6.0]


def test_a_preview_warns_of_a_type_of_which_no_event_was_recorded(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    rule = 'exists("wish_made")'
    assert queries.preview(segments.work, rule)["warnings"] == []
    log.move(p="p")
    log.append("p", "wish_mode", {})
    segments.follow(*log.events)
    (warning,) = queries.preview(segments.work, rule)["warnings"]
    assert 'no event "wish_made" has been recorded yet' in warning
    assert warning.endswith("did you mean wish_mode?")


def test_a_back_test_says_that_it_counts_the_accounts_of_today(
    segments: SegmentsWithoutNameko,
) -> None:
    def warned(rule: str) -> list[str]:
        request = {"rule": rule, "since": "1d"}
        warnings: list[str] = queries.backtest(segments.work, segments.registry, request)[
            "warnings"
        ]
        return warnings

    (warning,) = warned("not has_account()")
    assert warning.startswith("who has an account now counts as having had one all the time")
    assert warned("orders() == 1") == []


ANYBODY = [
    "orders() == 1",
    "orders() == 0",
    'revenue("USD") >= 60',
    "orders() == 40",
    "has_account()",
    "loyalty_points() > 0",
    'has_consent("email")',
]


@pytest.mark.parametrize("rule", ANYBODY)
def test_a_back_test_ends_with_the_members_of_today(
    log: ProfilesLog, segments: SegmentsWithoutNameko, rule: str
) -> None:
    """What a browser told gives way, and what is another profile's or unproven counts for none."""
    log.move(both="both", browser="browser", lost="lost", account="account", forty="forty")

    def order(stream: str, order_id: str, cents: int, **metadata: object) -> None:
        data = {"order_id": order_id, "revenue": cents, "currency": "USD", "products": []}
        at = NOW - (2 * DAY if metadata else DAY)
        log.append(stream, "order_completed", data, at, **metadata)

    order("both", "1", 9_000, origin="browser")
    order("both", "1", 5_000)
    order("browser", "2", 9_000, origin="browser")
    for number in range(40):  # of which the summary has the newest alone
        order("forty", f"f{number}", 1)
    order("lost", "3", 9_000, origin="browser", order_home="elsewhere")
    proof = [{"type": "user_id", "key": "k", "assurance": "verified", "tenure": 1}]
    entries = {"account": {"profile_id": "account", "epoch": 2, "identifiers": proof}}
    log.append_joint("identity_changed", entries, {"reason": "signed_in"})
    log.append("account", "loyalty_points_changed", {"points": 5}, NOW - DAY, unproven=True)
    log.append("browser", "loyalty_points_changed", {"points": 5}, NOW - DAY, unproven=True)
    for stream in ("both", "browser"):
        data = {"purpose": "email", "granted": True}
        log.append(stream, "consent_changed", data, NOW - 3 * DAY)
    refused = {"purpose": "email", "event_id": "x"}
    log.append_joint("consent_refused", {"both": {}}, refused, NOW - DAY)
    segments.follow(*log.events)
    compiled = compile_rule(rule, SEGMENT_VOCABULARY)
    instants = [NOW - 4 * DAY, NOW]
    page = by_evaluator(segments.work, compiled, instants, time.monotonic)
    today = select_one_by_one(segments.work, compiled, NOW, time.monotonic)
    assert page.steps[-1].members == today.members
    assert 0 < today.members < 5


def test_until_a_rebuild_that_is_due_nothing_is_back_tested(
    segments: SegmentsWithoutNameko,
) -> None:
    segments.work.run(lambda unit: unit.connection.execute(sa.delete(INDEX_FORMS)))
    with pytest.raises(Unavailable, match="until `cdp rebuild segments` has run"):
        back_test(segments, rule="orders() > 0")
