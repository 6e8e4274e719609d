"""Which orders are of the last cart: by time, by its id, and by its articles."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import DAY, HOUR, MINUTE
from chassis.core.instants import format_instant
from rules import SEGMENT_VOCABULARY, Fact, Facts, ListedFacts, Summary, compile_rule
from rules.summary.occasion import Occasion

NOW = 20_000 * DAY
RULE = compile_rule('cart_ordered(within="1h", during="30d")', SEGMENT_VOCABULARY)
A, B = {"sku": "a"}, {"sku": "b"}
Events = list[tuple[str, int, Any]]


def cart(at: int, *lines: Any, **data: Any) -> tuple[str, int, Any]:
    return "cart_updated", at, {"products": list(lines or [A]), **data}


def order(at: int, *lines: Any, order_id: str = "o", **data: Any) -> tuple[str, int, Any]:
    products = {"products": list(lines)} if lines else {}
    return "order_completed", at, {"order_id": order_id, **products, **data}


def summary(*events: tuple[str, int, Any]) -> Summary:
    found = Summary()
    for number, (kind, at, data) in enumerate(events):
        fields = data if isinstance(data, dict) else {}
        found.add(kind, fields, at, f"{number:03}", Occasion(at, f"{number:03}", recorded_at=0))
    found.facts = ListedFacts.of(
        (kind, Fact(at, f"{number:03}", data)) for number, (kind, at, data) in enumerate(events)
    )
    return found


class ReadFacts:
    """Facts of which no more is there than is asked for."""

    def __init__(self, whole: Facts) -> None:
        self.whole = whole
        self.read: list[Fact] = []

    def events(self, event_type: str, after: int | None = None) -> list[Fact]:
        facts = self.whole.events(event_type)
        found = [fact for fact in facts if after is None or fact.at > after]
        self.read += found
        return found


def is_ordered(*events: tuple[str, int, Any], now: int = NOW) -> bool:
    return RULE.evaluate(summary(*events), now).value


def test_a_cart_without_an_order_is_not_ordered() -> None:
    assert not is_ordered(cart(NOW - DAY))
    assert not is_ordered()


def test_what_is_told_of_the_same_articles_within_the_hour_was_ordered() -> None:
    thanks = NOW - DAY
    assert is_ordered(order(thanks, A, B), cart(thanks + MINUTE, A, B))
    assert is_ordered(order(thanks, A, B), cart(thanks + HOUR - 1, B))
    assert not is_ordered(order(thanks, A, B), cart(thanks + HOUR, A, B))


@pytest.mark.parametrize(
    ("ordered", "left", "same"),
    [
        ([A], [B], False),
        ([A], [A, B], False),
        ([A, B], [A], True),
        ([A], [{"sku": "a", "quantity": 5}], True),
        ([A], [A, {"sku": "b", "quantity": 0}], True),
        ([{"product_id": "p"}], [{"product_id": "p"}], True),
        ([{"product_id": "p"}], [{"product_id": "q"}], False),
        ([{"product_id": "a"}], [A], True),
        ([{"product_id": "p"}], [A], False),
        ([{"product_id": "p", "sku": "a"}], [{"product_id": "p"}], True),
        ([{"product_id": "p", "sku": "a"}], [{"product_id": "p", "sku": "b"}], False),
        ([{"product_id": "p", "sku": "a"}], [A], True),
        ([], [A], True),
        ([A], [{"name": "no article"}], False),
        ([{"name": "no article"}], [{"name": "no article"}], False),
    ],
)
def test_articles_are_compared_by_sku_or_else_by_product(
    ordered: list[Any], left: list[Any], same: bool
) -> None:
    events = order(NOW - DAY, *ordered), cart(NOW - DAY + MINUTE, *left)
    assert is_ordered(*events) is same


def test_the_articles_of_one_order_have_to_cover_the_cart() -> None:
    both = order(NOW - DAY, A), order(NOW - DAY, B, order_id="other")
    assert not is_ordered(*both, cart(NOW - DAY + MINUTE, A, B))


def test_an_order_of_the_carts_id_is_of_it_whenever_it_came() -> None:
    early = NOW - 20 * DAY
    assert is_ordered(order(early, B, cart_id="c"), cart(NOW - DAY, A, cart_id="c"))
    assert not is_ordered(order(early, B, cart_id="c"), cart(NOW - DAY, A, cart_id="d"))
    assert not is_ordered(order(early, B), cart(NOW - DAY, A))
    checkout = "checkout_completed", early, {"cart_id": "c"}
    assert is_ordered(checkout, cart(NOW - DAY, A, cart_id="c"))


def test_whatever_is_ordered_after_the_cart_ends_it() -> None:
    assert is_ordered(cart(NOW - DAY, A), order(NOW - DAY, B))
    assert is_ordered(cart(NOW - DAY, A), ("checkout_completed", NOW - DAY + HOUR, {}))
    assert not is_ordered(("checkout_completed", NOW - DAY - 1, {}), cart(NOW - DAY, A))
    assert not is_ordered(cart(NOW - DAY, A), order(NOW + 1, A)), "it is dated ahead"


def test_an_order_is_dated_by_when_it_was_placed_or_told_first() -> None:
    placed = format_instant(NOW - 2 * DAY)
    assert not is_ordered(cart(NOW - DAY, A), order(NOW, A, placed_at=placed))
    again = order(NOW - 3 * DAY, A), cart(NOW - DAY, B), order(NOW, A)
    assert not is_ordered(*again)
    assert is_ordered(*again, order(NOW, A, order_id="next"))


def test_a_cart_of_thirty_days_ago_is_not_looked_at() -> None:
    events = cart(NOW, A), order(NOW, A)
    assert RULE.evaluate(summary(*events), NOW) == (True, NOW + 30 * DAY)
    assert RULE.evaluate(summary(*events), NOW + 30 * DAY) == (False, None)


def test_a_cart_whose_data_is_missing_was_ordered_by_whatever_came_near_it() -> None:
    """Before the rebuild that an upgrade makes due: nobody who has bought is taken for who left."""

    def upgraded(*events: tuple[str, int, Any]) -> bool:
        lacking = Summary()
        for kind, at, data in events:
            lacking.add(kind, data, at, f"{kind}{at}")
        value, changes_at = RULE.evaluate(lacking, NOW)
        if value:
            assert changes_at is not None
            assert not RULE.evaluate(lacking, changes_at).value
        return value

    assert upgraded(cart(NOW - DAY), order(NOW - DAY + HOUR, B))
    assert upgraded(order(NOW - DAY - HOUR + 1, B), cart(NOW - DAY))
    assert not upgraded(order(NOW - DAY - HOUR, B), cart(NOW - DAY))
    assert upgraded(cart(NOW - DAY), ("checkout_completed", NOW - DAY, {}))
    assert not upgraded(cart(NOW - 30 * DAY), order(NOW, B))
    assert not upgraded(order(NOW, B))


def test_odd_data_is_no_order_of_anything() -> None:
    odd: Events = [("order_completed", NOW - DAY, None), ("cart_updated", NOW - HOUR, [1])]
    assert not is_ordered(*odd)
    assert not is_ordered(("checkout_completed", NOW - DAY, 5), cart(NOW, A, cart_id=7))


def test_no_events_are_read_of_who_has_left_no_cart() -> None:
    carts: list[Events] = [[], [cart(NOW - 30 * DAY)]]
    for events in carts:
        facts = summary(*events, order(NOW - 31 * DAY), order(NOW))
        facts.facts = read = ReadFacts(facts.facts)
        assert RULE.evaluate(facts, NOW) == (False, None)
        assert read.read == []


def test_of_many_orders_after_the_cart_the_newest_is_read_alone() -> None:
    orders = [order(NOW - number * HOUR, order_id=str(number)) for number in range(100)]
    facts = summary(cart(NOW - 5 * DAY, A), *orders)
    facts.facts = read = ReadFacts(facts.facts)
    assert RULE.evaluate(facts, NOW) == (True, NOW + 25 * DAY)
    assert {fact.at for fact in read.read} == {NOW - 5 * DAY, NOW}


def of_two_streams(*events: tuple[str, str, int, Any]) -> Summary:
    """Of events with their streams, where `second` keeps its orders apart from others."""
    found = Summary()
    facts = []
    for version, (stream, kind, at, data) in enumerate(events, 1):
        fact = Fact(at, f"{stream}/{version}", data)
        apart = stream if stream == "second" else ""
        found.add(kind, data, at, fact.id, Occasion(at, fact.id, recorded_at=0, apart=apart))
        facts.append((kind, fact))
    found.facts = ListedFacts.of(facts)
    return found


def test_an_order_whose_id_was_another_orders_before_is_of_its_own_time_and_articles() -> None:
    left = NOW - DAY
    earlier = ("first", *order(left - 2 * DAY, B))
    cases = {
        "after the cart": (("second", *order(left + HOUR, A)), True),
        "of its articles": (("second", *order(left - MINUTE, A)), True),
        "of other articles": (("second", *order(left - MINUTE, B)), False),
    }
    for name, (later, expected) in cases.items():
        found = of_two_streams(earlier, ("first", *cart(left, A)), later)
        assert RULE.evaluate(found, NOW).value is expected, name


def test_what_the_first_order_of_an_id_has_is_not_in_the_second() -> None:
    left = NOW - DAY
    first = ("first", *order(left - MINUTE, A))
    second = ("second", *order(left - 2 * MINUTE, B))
    assert RULE.evaluate(of_two_streams(first, second, ("first", *cart(left, A))), NOW).value
    assert RULE.evaluate(of_two_streams(first, second, ("first", *cart(left, B))), NOW).value


articles = st.lists(st.sampled_from([A, B, {"product_id": "a"}]), max_size=2)
named = st.sampled_from([{}, {"cart_id": "c"}, {"cart_id": "d"}])
times = st.builds(
    lambda hours, edge: NOW + hours * HOUR // 2 + edge, st.integers(-6, 3), st.integers(-1, 1)
)
happenings = st.one_of(
    st.builds(lambda at, lines, data: cart(at, *lines, **data), times, articles, named),
    st.builds(
        lambda at, lines, data, name: order(at, *lines, order_id=name, **data),
        times,
        articles,
        named,
        st.sampled_from("op"),
    ),
    st.builds(lambda at, data: ("checkout_completed", at, data), times, named),
)


@given(st.lists(happenings, max_size=6), times)
def test_it_turns_no_earlier_than_it_says(events: Events, now: int) -> None:
    facts = summary(*events)
    value, changes_at = RULE.evaluate(facts, now)
    turns = {at + plus for _, at, _ in events for plus in (0, HOUR, 30 * DAY)}
    ahead = {turn + edge for turn in turns for edge in (-1, 0, 1) if turn + edge > now}
    for at in ahead:
        if changes_at is None or at < changes_at:
            assert RULE.evaluate(facts, at).value is value
    if changes_at is not None:
        assert RULE.evaluate(facts, changes_at).value is not value


dated = st.builds(
    lambda at, placed, name: order(at, A, order_id=name, **placed),
    times,
    st.one_of(st.just({}), st.builds(lambda at: {"placed_at": format_instant(at)}, times)),
    st.sampled_from("op"),
)


@given(st.lists(st.one_of(happenings, dated), max_size=6), times)
def test_what_the_newest_events_decide_is_what_all_of_them_say(events: Events, now: int) -> None:
    whole, facts = summary(*events), summary(*events)
    whole.state.orders.clear()  # so that all have to be looked at
    facts.facts = ReadFacts(facts.facts)
    assert RULE.evaluate(facts, now) == RULE.evaluate(whole, now)


@given(st.lists(happenings, max_size=6), times)
def test_events_older_than_the_rule_reads_change_nothing(events: Events, now: int) -> None:
    short = compile_rule('cart_ordered(within="30m", during="1h")', SEGMENT_VOCABULARY)
    recent = [
        (kind, at, data) for kind, at, data in events if at > now - (short.reads.facts[kind] or 0)
    ]
    whole = [each for each in events if each[1] <= now]
    assert (
        short.evaluate(summary(*whole), now).value
        == short.evaluate(summary(*[each for each in whole if each in recent]), now).value
    )
