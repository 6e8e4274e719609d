"""Rules that read the data of events: what they count, and when it changes by itself."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from typing import Any

import pytest

from chassis import DAY, HOUR
from rules import (
    SEGMENT_VOCABULARY,
    Fact,
    ListedFacts,
    ShopContext,
    Summary,
    Verdict,
    compile_rule,
)
from tests.unit.rules.shoppers import NOW


def shopper(*events: tuple[str, int, Any]) -> Summary:
    """A shopper with these events: type, how long ago, and data."""
    summary = Summary()
    for number, (event_type, ago, data) in enumerate(events):
        summary.add(event_type, data, NOW - ago, f"e{number}")
    summary.facts = ListedFacts.of(
        (event_type, Fact(NOW - ago, f"e{number}", data))
        for number, (event_type, ago, data) in enumerate(events)
    )
    return summary


def verdict(text: str, summary: Summary, now: int = NOW) -> Verdict:
    return compile_rule(text, SEGMENT_VOCABULARY).evaluate(summary, now)


def order(ago: int, revenue: int, currency: str = "USD", *lines: Any) -> tuple[str, int, Any]:
    data: dict[str, Any] = {"order_id": f"{ago}", "revenue": revenue, "currency": currency}
    data["products"] = list(lines)
    return "order_completed", ago, data


def viewed(ago: int, **data: Any) -> tuple[str, int, Any]:
    return "product_viewed", ago, data


def test_three_views_of_a_category_count_until_the_first_is_a_week_old() -> None:
    running = {"products": [{"category": "music"}, {"category": "running"}]}
    views = [viewed(DAY * days, **running) for days in (1, 2, 5)]
    text = 'count("product_viewed", where=any(products, category == "running"), within="7d") >= 3'
    assert verdict(text, shopper(*views)) == Verdict(True, NOW + 2 * DAY)
    assert verdict(text, shopper(*views), NOW + 2 * DAY) == Verdict(False, None)
    assert verdict(text, shopper(*views[1:], viewed(1, category="running"))).value is False


def test_money_is_summed_in_one_currency_and_exactly() -> None:
    orders = shopper(order(1, 49_999), order(2, 1), order(3, 99_999, "EUR"))
    assert verdict('sum("order_completed", amount(revenue, "USD")) == 500', orders).value
    assert verdict('average("order_completed", amount(revenue, "USD")) == 250', orders).value
    assert verdict('max("order_completed", amount(revenue, "EUR")) >= 999.99', orders).value
    assert verdict('last("order_completed", amount(revenue, "USD")) == 499.99', orders).value
    assert verdict('first("order_completed", amount(revenue, "USD")) == None', orders).value


def test_an_average_may_have_a_fraction_of_a_cent() -> None:
    orders = shopper(order(1, 100), order(2, 101))
    text = 'average("order_completed", amount(revenue, "USD")) {} 1.005'
    assert [verdict(text.format(sign), orders).value for sign in ("==", "<", ">")] == [
        True,
        False,
        False,
    ]
    (line,) = compile_rule(text.format(">"), SEGMENT_VOCABULARY).explain(orders, NOW).lines
    assert line.endswith("(1.00 USD)")


def test_a_line_has_the_currency_of_its_order_unless_it_names_its_own() -> None:
    orders = shopper(
        order(1, 0, "EUR", {"price": 500}, {"price": 900, "currency": "USD"}, ["no line"], 7)
    )
    for text in (
        'exists("order_completed", where=any(products, amount(price, "EUR") == 5))',
        'exists("order_completed", where=any(products, amount(price, "USD") == 9))',
        'sum("order_completed", amount(products.price, "EUR")) == 5',
        'sum("order_completed", amount(products.price, "USD")) == 9',
        'never("order_completed", where=all(products, amount(price, "EUR") == 5))',
    ):
        assert verdict(text, orders).value, text


def test_the_largest_value_goes_with_the_event_that_had_it() -> None:
    views = shopper(*(viewed(DAY * days, size=size) for days, size in ((3, 9), (2, 4), (1, 7))))
    text = 'max("product_viewed", size, within="4d") {}'
    assert verdict(text.format(">= 8"), views) == Verdict(True, NOW + DAY)
    assert verdict(text.format(">= 5"), views) == Verdict(True, NOW + 3 * DAY)
    least = 'min("product_viewed", size, within="4d") > 4'
    assert verdict(least, views) == Verdict(False, NOW + 2 * DAY)


def test_different_values_are_counted_once_each_and_by_kind() -> None:
    values: list[Any] = ["1", 1, 1.0, True, None, {"a": 1}, "1", [True, 2]]
    views = shopper(*(viewed(n + 1, size=value) for n, value in enumerate(values)))
    assert verdict('distinct("product_viewed", size) == 4', views).value
    recent = shopper(viewed(DAY, size="a"), viewed(2 * DAY, size="a"), viewed(3 * DAY, size="b"))
    text = 'distinct("product_viewed", size, within="4d") {}'
    assert verdict(text.format(">= 2"), recent) == Verdict(True, NOW + DAY)
    assert verdict(text.format(">= 1"), recent) == Verdict(True, NOW + 3 * DAY)


def test_what_is_dated_ahead_counts_from_its_instant_on() -> None:
    views = shopper(viewed(-HOUR, size=5), viewed(-2 * HOUR, size=5), viewed(HOUR, size=1))
    text = 'sum("product_viewed", size, within="1d") >= 10'
    assert verdict(text, views) == Verdict(False, NOW + 2 * HOUR)
    assert verdict(text, views, NOW + 2 * HOUR) == Verdict(True, NOW + HOUR + DAY)


def test_an_event_since_a_date_never_ceases_to_count() -> None:
    views = shopper(viewed(DAY), viewed(400 * DAY))
    assert verdict('count("product_viewed", since="1972-09-26") == 1', views) == Verdict(True, None)
    between = (
        'count("product_viewed", between=("1972-09-26T00:00:00Z", "1972-09-27T00:00:00Z")) == 1'
    )
    assert verdict(between, views) == Verdict(True, None)


def test_the_period_before_this_one_is_between_two_times_ago() -> None:
    text = 'exists("product_viewed", between=("60d", "30d"))'
    views = shopper(viewed(29 * DAY))
    assert verdict(text, views) == Verdict(False, NOW + DAY)
    assert verdict(text, views, NOW + DAY) == Verdict(True, NOW + 31 * DAY)
    assert verdict(text, views, NOW + 31 * DAY) == Verdict(False, None)


def test_a_cart_that_is_not_followed_by_an_order_is_abandoned_exactly_a_day_later() -> None:
    text = 'then_not("cart_updated", "order_completed", within="24h")'
    cart: tuple[str, int, Any] = ("cart_updated", HOUR, {})
    assert verdict(text, shopper(cart)) == Verdict(False, NOW + 23 * HOUR)
    assert verdict(text, shopper(cart), NOW + 23 * HOUR) == Verdict(True, None)
    assert verdict(text, shopper(cart, order(0, 5)), NOW + DAY) == Verdict(False, None)
    late = order(-23 * HOUR, 5)
    assert verdict(text, shopper(cart, late), NOW + 23 * HOUR) == Verdict(True, None)


def test_a_sequence_holds_once_its_last_step_has_come_in_time() -> None:
    shopper_ = shopper(viewed(3 * HOUR), ("cart_updated", 2 * HOUR, {}), order(-HOUR, 5))
    text = 'then("product_viewed", "cart_updated", "order_completed", within="{}")'
    assert verdict(text.format("5h"), shopper_) == Verdict(False, NOW + HOUR)
    assert verdict(text.format("4h"), shopper_) == Verdict(False, None)
    during = 'then("product_viewed", "cart_updated", within="1d", during="1d")'
    assert verdict(during, shopper_) == Verdict(True, NOW + 22 * HOUR)


def test_two_events_of_one_type_follow_each_other_only_at_different_instants() -> None:
    text = 'then("product_viewed", "product_viewed", within="1d")'
    assert not verdict(text, shopper(viewed(5), viewed(5))).value
    assert verdict(text, shopper(viewed(5), viewed(6))).value


def test_a_quantity_in_an_odd_place_or_of_an_odd_kind_is_left_out() -> None:
    odd = [viewed(1, size=True), viewed(2, size="9"), viewed(3, size=[[5], 2.5]), viewed(4)]
    assert verdict('sum("product_viewed", size) == 2.5', shopper(*odd)).value


def test_a_field_may_have_any_name() -> None:
    views = shopper(viewed(1, **{"shoe size": 42, "date": "2026-11-21", "count": 3}))
    for text in (
        'exists("product_viewed", where=data["shoe size"] == 42)',
        'exists("product_viewed", where=date == "2026-11-21" and date(data.date) > "2026-11-20")',
        'exists("product_viewed", where=count == 3)',
    ):
        assert verdict(text, views).value, text


def test_calculations_are_exact_and_missing_where_a_part_is() -> None:
    views = shopper(viewed(1, size=0.1), viewed(2, size=0.2))
    assert verdict('sum("product_viewed", size) * 10 == 3', views).value
    assert verdict('sum("product_viewed", size) / 3 == 0.1', views).value
    assert verdict('1 / count("order_completed") == None', views).value
    assert not verdict("traits.age + 1 < 5", views).value
    summary = Summary()
    summary.add("traits_changed", {"traits": {"age": True, "size": 5.0}}, NOW, "t")
    assert not verdict("traits.age + 1 == 2", summary).value
    assert verdict("traits.size + 1 == 6", summary).value


def test_the_mean_time_between_orders_is_a_length_of_time() -> None:
    orders = shopper(order(9 * DAY, 1), order(6 * DAY, 1), order(0, 1))
    text = '(last("order_completed") - first("order_completed")) / 2 {} "4d"'
    assert verdict(text.format(">"), orders).value
    rule = compile_rule(text.format("<"), SEGMENT_VOCABULARY)
    assert rule.explain(orders, NOW).lines[0].endswith("(4d 12h 0m 0s)")


def test_times_since_two_events_are_compared_while_both_grow() -> None:
    events = shopper(viewed(3 * DAY), ("cart_updated", DAY, {}))
    text = 'since_last("product_viewed") {} since_last("cart_updated") * 2'
    assert verdict(text.format(">"), events) == Verdict(True, NOW + DAY)
    assert verdict(text.format("<"), events) == Verdict(False, NOW + DAY + 1)


def test_an_average_order_is_compared_with_the_cart() -> None:
    events = shopper(order(1, 1_000), order(2, 2_000))
    cart: dict[str, Any] = {"products": [{}], "value": 1_501, "currency": "USD"}
    events.add("cart_updated", cart, NOW, "c")
    assert verdict(
        'cart_value("USD") > average("order_completed", amount(revenue, "USD"))', events
    ).value
    assert verdict('cart_value("USD") - 0.01 == revenue("USD") / 2', events).value


@pytest.mark.parametrize("text", ['"vip" in segments', 'not "vip" in segments'])
def test_membership_in_another_segment_changes_when_that_does(text: str) -> None:
    summary = Summary()
    summary.memberships = {"vip": (True, NOW + 5), "new": (True, NOW + 1), "old": (False, None)}
    assert verdict(text, summary) == Verdict(text.startswith('"'), NOW + 5)
    rule = compile_rule('"old" in segments or "gone" in segments', SEGMENT_VOCABULARY)
    assert rule.evaluate(summary, NOW) == Verdict(False, None)
    assert rule.explain(summary, NOW).lines[0] == 'false: "old" in segments (no)'


def test_a_rule_that_steps_without_an_end_names_an_instant_to_ask_again() -> None:
    views = shopper(*(viewed(n * HOUR) for n in range(1_500)))
    text = 'count("product_viewed", where=x == None, within="100d") + 1 > 0'
    value, changes_at = verdict(text, views)
    assert value
    assert changes_at is not None
    assert verdict(text, views, changes_at) == Verdict(True, None)


def test_what_the_last_event_says_is_asked_as_long_as_it_is_in_the_window() -> None:
    views = shopper(viewed(DAY, category="running"), viewed(2 * DAY, category="music"), viewed(5))
    text = 'first("product_viewed", category, within="3d") == "music"'
    assert verdict(text, views) == Verdict(True, NOW + DAY)
    assert verdict('last("product_viewed", category) == None', views) == Verdict(True, None)
    assert verdict(
        'last("product_viewed", where=category == "music") < "2000-01-01T00:00Z"', views
    ).value


def test_a_fraction_is_shown_with_four_decimals() -> None:
    views = shopper(viewed(1, size=1), viewed(2, size=1), viewed(3, size=0))
    rule = compile_rule('average("product_viewed", size) > 1', SEGMENT_VOCABULARY)
    assert rule.explain(views, NOW).lines == ['false: average("product_viewed", size) > 1 (0.6667)']


def test_a_number_too_large_for_a_decimal_is_still_compared() -> None:
    summary = Summary()
    summary.add("traits_changed", {"traits": {"big": 1e308, "small": 0.5}}, NOW, "t")
    assert verdict("traits.big * traits.big + 0.5 > traits.small", summary).value
    assert verdict("traits.small < traits.big * traits.big + 0.5", summary).value
    assert verdict("traits.small * 3 / 3 == traits.small", summary).value
    assert verdict("traits.small / 5 == 0.1 and traits.small == traits.small * 1", summary).value


class CountedFacts:
    """Facts that count how often they were asked for."""

    def __init__(self, facts: list[Fact]) -> None:
        self.facts = facts
        self.asked = 0

    def events(self, event_type: str, after: int | None = None) -> list[Fact]:
        self.asked += 1
        return self.facts if event_type == "a" else []


@pytest.mark.parametrize(
    "term",
    [
        'count("a", where=any(products, any(products, x == 1 or not y)), within="9d")',
        'distinct("a", products.x, within="9d")',
        'max("a", products.x, within="9d") + min("a", products.x, within="9d")',
        'engagement("a", where=x == 1, half_life="1h")',
    ],
)
def test_the_events_are_gone_through_once_for_a_term_however_often_it_steps(term: str) -> None:
    lines = [{"x": n, "products": [{"x": n}]} for n in range(20)]
    summary = Summary()
    summary.facts = facts = CountedFacts(
        [
            Fact(NOW - n * HOUR, f"e{n:04}", {"x": 1, "products": lines})
            for n in range(500, -500, -1)
        ]
    )
    compile_rule(f"{term} > 10000", SEGMENT_VOCABULARY).evaluate(summary, NOW)
    assert facts.asked <= 2


class CountedZone(tzinfo):
    """A zone that counts how often it was asked for its offset."""

    asked = 0

    def utcoffset(self, moment: datetime | None) -> timedelta:
        self.asked += 1
        return timedelta(0)

    def dst(self, moment: datetime | None) -> timedelta:
        return timedelta(0)

    def tzname(self, moment: datetime | None) -> str:
        return "counted"


def test_a_rule_over_the_clock_that_never_turns_is_given_up() -> None:
    zone = CountedZone()
    rule = compile_rule("hour + month + day > 99", SEGMENT_VOCABULARY, ShopContext(zone))
    value, changes_at = rule.evaluate(Summary(), NOW)
    assert not value
    assert changes_at == NOW + 1_000 * HOUR
    assert zone.asked < 50_000
