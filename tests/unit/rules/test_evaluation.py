from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chassis import DAY, HOUR, MINUTE
from rules import SEGMENT_VOCABULARY, Rule, Summary, Verdict, compile_rule
from rules.language.conditions import Every
from tests.unit.rules.shoppers import NOW, ShopperEvent, fold, histories

RULES = [
    'count("order_completed", within="60d") > 0',
    'count("order_completed", within="30d") == 1',
    'count("cart_updated", within="2d") in [0, 2]',
    'not count("product_viewed", within="30d") <= 1',
    'orders(within="60d") >= 2',
    'orders() == 1 and count("order_refunded") == 0',
    'revenue("USD", within="60d") >= 500.00',
    'revenue("JPY") > 5000',
    'revenue("EUR", within="400d") < 250.5 or bought("running", within="2d")',
    'bought("music", within="30d")',
    'never("order_completed")',
    'since_last("cart_updated") >= "1h" and since_last("cart_updated") < "2d"',
    '"1h" < since_last("cart_updated") <= "2d"',
    'last("order_completed") < last("cart_updated")',
    'first("order_completed") == last("order_completed")',
    'last("order_completed") == None',
    'traits.loyalty_tier != "gold"',
    'traits.city in ["Riga", 2]',
    "traits.vip",
    "not traits.vip == False and traits.city == traits.vip",
    'has_consent("email") and cart_value("USD") > 10',
    "cart_items() > 1 or loyalty_points() >= 20",
]
rules = st.sampled_from([compile_rule(text, SEGMENT_VOCABULARY) for text in RULES])


def verdict(text: str, events: Sequence[ShopperEvent], now: int = NOW) -> Verdict:
    return compile_rule(text, SEGMENT_VOCABULARY).evaluate(fold(events), now)


def holds(text: str, events: Sequence[ShopperEvent], now: int = NOW) -> bool:
    return verdict(text, events, now).value


def order(
    at: int = NOW, order_id: str = "A", revenue: int = 5_000, currency: str = "USD"
) -> ShopperEvent:
    data = {"order_id": order_id, "revenue": revenue, "currency": currency}
    return ShopperEvent("order_completed", data, at, f"e{order_id}{at}")


def viewed(*instants: int) -> list[ShopperEvent]:
    return [ShopperEvent("product_viewed", {}, at, f"v{n}") for n, at in enumerate(instants)]


def traits(**values: Any) -> list[ShopperEvent]:
    return [ShopperEvent("traits_changed", {"traits": values}, 1, "t1")]


@given(rules, histories(), st.data())
def test_a_verdict_stands_until_the_instant_that_it_names(
    rule: Rule[Summary], events: list[ShopperEvent], data: st.DataObject
) -> None:
    summary = fold(events)
    now = NOW + data.draw(st.sampled_from([0, -1, DAY, -60 * DAY, 90 * DAY]))
    value, changes_at = rule.evaluate(summary, now)
    if changes_at is not None:
        assert changes_at > now
    last = NOW + 1_000 * DAY if changes_at is None else changes_at - 1
    corners = {event.at + extra for event in events for extra in _EXTRAS}
    corners |= {now, last, data.draw(st.integers(now, last))}
    for instant in corners:
        if now <= instant <= last:
            assert rule.evaluate(summary, instant).value is value


_EXTRAS = [
    window + edge
    for window in (0, HOUR, 2 * DAY, 30 * DAY, 60 * DAY, 400 * DAY)
    for edge in (-1, 0, 1)
]


@given(rules, histories())
def test_evaluation_and_explanation_are_total(
    rule: Rule[Summary], events: Sequence[ShopperEvent]
) -> None:
    summary = fold(events)
    value, lines = rule.explain(summary, NOW)
    assert value is rule.evaluate(summary, NOW).value
    assert all(line.startswith(("true: ", "false: ")) for line in lines)
    assert rule.describe()


@given(rules, histories(), histories())
def test_the_instant_that_one_comparison_names_is_a_true_turn(
    rule: Rule[Summary], events: list[ShopperEvent], more: list[ShopperEvent]
) -> None:
    """Needless wake-ups cost."""
    assume(not isinstance(rule.condition, Every))
    both = [event._replace(id=str(n)) for n, event in enumerate(events + more)]
    summary = fold(both)
    value, changes_at = rule.evaluate(summary, NOW)
    if changes_at is not None:
        assert rule.evaluate(summary, changes_at).value is not value


@pytest.mark.parametrize(
    ("at", "counts"),
    [
        (NOW - 60 * DAY, False),
        (NOW - 60 * DAY + 1, True),
        (NOW, True),
        (NOW + 1, False),
    ],
)
def test_a_window_is_open_at_its_far_end_and_closed_at_now(at: int, counts: bool) -> None:
    assert holds('count("product_viewed", within="60d") == 1', viewed(at)) is counts
    assert holds('orders(within="60d") == 1', [order(at)]) is counts


def test_a_count_tells_when_it_will_fall_below_its_number() -> None:
    events = viewed(NOW - 3 * DAY, NOW - 2 * DAY, NOW - DAY)
    text = 'count("product_viewed", within="10d") > 1'
    assert verdict(text, events) == Verdict(True, NOW + 8 * DAY)
    assert verdict(text, events, NOW + 8 * DAY - 1).value
    assert not verdict(text, events, NOW + 8 * DAY).value


def test_a_windowed_count_is_exact_beside_its_largest_number() -> None:
    events = viewed(*(NOW - n * MINUTE for n in range(1_200)))
    text = 'count("product_viewed", within="10d") > 1000'
    value, changes_at = verdict(text, events)
    assert value
    assert changes_at == NOW - 1_000 * MINUTE + 10 * DAY
    assert not holds('count("product_viewed", within="10d") == 1000', events)
    assert holds('count("product_viewed", within="10d") == 1000', events, changes_at)


def test_the_time_since_turns_exactly_at_its_bound() -> None:
    cart = [ShopperEvent("cart_updated", {"products": []}, NOW, "c1")]
    text = 'since_last("cart_updated") >= "1h"'
    assert verdict(text, cart) == Verdict(False, NOW + HOUR)
    assert holds(text, cart, NOW + HOUR)
    assert verdict('since_last("cart_updated") > "1h"', cart).changes_at == NOW + HOUR + 1


def test_an_and_sleeps_as_long_as_any_of_its_false_parts() -> None:
    cart = [ShopperEvent("cart_updated", {"products": []}, NOW, "c1")]
    text = 'since_last("cart_updated") >= "1h" and cart_items() > 0'
    assert verdict(text, cart) == Verdict(False, None)


def test_revenue_is_compared_exactly_in_the_units_of_its_currency() -> None:
    cents = [order(revenue=49_999)]
    assert holds('revenue("USD") >= 499.99', cents)
    assert not holds('revenue("USD") >= 500', cents)
    assert holds('revenue("JPY") == 500', [order(revenue=500, currency="JPY")])
    assert holds('revenue("KWD") == 0.5', [order(revenue=500, currency="KWD")])


def test_currencies_are_never_mixed() -> None:
    both = [order(), order(order_id="B", currency="EUR")]
    assert holds('revenue("USD") == 50 and revenue("EUR") == 50', both)


def test_a_comparison_by_size_with_something_missing_is_false_either_way() -> None:
    for text in ("traits.age > 5", "traits.age <= 5", 'since_last("x") < "1d"'):
        assert not holds(text, [])


def test_equality_with_something_missing_is_false_and_so_its_opposite_is_true() -> None:
    assert not holds('traits.loyalty_tier == "gold"', [])
    assert holds('traits.loyalty_tier != "gold"', [])
    assert holds('traits.loyalty_tier not in ["gold", "silver"]', [])


def test_missing_is_asked_for_with_none() -> None:
    assert holds("traits.city == None and traits.city is None", [])
    assert holds("traits.city != None", traits(city="Riga"))
    assert holds('last("order_completed") == None', [])


def test_a_trait_of_another_kind_equals_nothing() -> None:
    assert not holds('traits.age == "5"', traits(age=5))
    assert not holds("traits.age == 1", traits(age=True))
    assert not holds("traits.age > 1", traits(age="5"))
    assert holds("traits.age == 5", traits(age=5.0))


def test_a_trait_alone_is_true_only_when_it_is_true() -> None:
    assert holds("traits.vip", traits(vip=True))
    for value in (1, "yes", [1], None, False):
        assert not holds("traits.vip", traits(vip=value))


def test_traits_are_reached_by_path_and_by_names_that_are_no_words() -> None:
    values = traits(address={"city": "Riga"}, **{"shoe size": 42})
    assert holds('traits.address.city == "Riga" and traits["shoe size"] > 41', values)
    assert not holds('traits.address.city.street == "x"', values)


def test_a_text_is_sought_in_a_list_as_a_member_and_in_a_text_as_a_part() -> None:
    assert holds('"b" in traits.tags', traits(tags=["a", "b"]))
    assert not holds('"b" in traits.tags', traits(tags=["ab"]))
    assert holds('"b" in traits.tags', traits(tags="abc"))


def test_a_chain_holds_when_each_of_its_links_does() -> None:
    assert holds("1 <= orders() < 3", [order()])
    assert not holds("1 <= orders() < 3", [])


def test_instants_compare_with_each_other_and_with_a_written_one() -> None:
    events = [order(at=0)]
    assert holds('first("order_completed") < "1970-01-01T00:00:00.000001Z"', events)
    assert holds('first("order_completed") == last("order_completed")', events)


FACTORS = " * ".join(["traits.x"] * 17)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("traits.x / traits.y > 1", "about 2.000e+631"),
        ("traits.x * (0 - traits.x) > 1", "about -1.000e+616"),
        (f"{FACTORS} > 1", "about 1.000e+5236"),
        (f'revenue("USD") * {FACTORS} > 1', "about 5.000e+5237 USD"),
        (f'since_last("order_completed") * {FACTORS} > "1d"', "about 2.083e+5234 days"),
        ('last("order_completed") + "1d" * traits.x > last("order_completed")', "after the year"),
        ('last("order_completed") - "1d" * traits.x > last("order_completed")', "before the year"),
    ],
)
def test_what_comes_of_an_absurd_number_is_still_explained(text: str, words: str) -> None:
    events = [*traits(x=1e308, y=5e-324), order(at=NOW - HOUR // 2)]
    (line,) = compile_rule(text, SEGMENT_VOCABULARY).explain(fold(events), NOW).lines
    assert words in line


def test_a_constant_rule_never_changes() -> None:
    assert verdict("True", []) == Verdict(True, None)


def test_a_constant_rule_explains_and_describes_itself() -> None:
    rule = compile_rule("not True or False", SEGMENT_VOCABULARY)
    assert rule.explain(fold([]), NOW) == (False, ["true: True", "false: False"])
    assert rule.describe() == "not (always) or never"


def test_an_and_of_two_false_parts_sleeps_until_the_later_of_them_may_turn() -> None:
    events = [*viewed(NOW), order()]
    text = 'since_last("product_viewed") >= "1h" and since_last("order_completed") >= "2h"'
    assert verdict(text, events) == Verdict(False, NOW + 2 * HOUR)


def test_an_and_of_true_parts_wakes_up_when_the_first_of_them_may_turn() -> None:
    events = [*viewed(NOW), order()]
    text = 'since_last("product_viewed") < "3h" and since_last("order_completed") < "2h"'
    assert verdict(text, events) == Verdict(True, NOW + 2 * HOUR)


def test_two_instants_turn_with_an_event_of_the_future_only_if_it_changes_their_order() -> None:
    events = [order(at=NOW - 2), *viewed(NOW - 1, NOW + HOUR)]
    rule = compile_rule('last("order_completed") < last("product_viewed")', SEGMENT_VOCABULARY)
    assert rule.evaluate(fold(events), NOW) == Verdict(True, None)
    later = fold([*events, order(NOW + 2 * HOUR, "B")])
    assert rule.evaluate(later, NOW) == Verdict(True, NOW + 2 * HOUR)
    assert rule.explain(fold(events), 0).lines == [
        'false: last("order_completed") < last("product_viewed") (nothing, nothing)'
    ]
    assert rule.describe() == "the last order_completed is before the last product_viewed"


def test_orders_that_leave_a_window_wake_up_a_rule_only_when_they_matter() -> None:
    two = [order(NOW - 3 * DAY), order(NOW - DAY, "B")]
    text = 'orders(within="10d") {}'
    assert verdict(text.format(">= 2"), two).changes_at == NOW + 7 * DAY
    assert verdict(text.format(">= 1"), two).changes_at == NOW + 9 * DAY
    assert verdict(text.format(">= 0"), two).changes_at is None


def test_a_category_is_bought_until_its_newest_order_leaves_the_window() -> None:
    content = {"order_id": "A", "products": [{"category": "music"}]}
    music = [ShopperEvent("order_completed", content, NOW - DAY, "e1")]
    text = 'bought("{}", within="10d")'
    assert verdict(text.format("music"), music) == Verdict(True, NOW + 9 * DAY)
    assert verdict(text.format("music"), music, NOW + 9 * DAY) == Verdict(False, None)
    assert verdict(text.format("garden"), music) == Verdict(False, None)


def test_a_count_wakes_up_its_rule_when_the_first_event_leaves_the_window() -> None:
    events = viewed(NOW - 3 * DAY, NOW - DAY)
    text = 'count("product_viewed", within="10d") in [1, 3]'
    assert verdict(text, events) == Verdict(False, NOW + 7 * DAY)


def test_consent_may_be_compared_as_a_yes_or_no() -> None:
    granted = [ShopperEvent("consent_changed", {"purpose": "email", "granted": True}, 1, "c1")]
    assert holds('has_consent("email") == True', granted)
    assert holds('has_consent("email") == False', [])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('first("order_completed") != None', "1970-01-01T00:00:00.000001Z"),
        ('since_last("order_completed") > "1d"', "0d"),
        ("traits.address == 5", "an object"),
        ("traits.name == 5", f'"{"x" * 80}…"'),
        ("traits.tags == 5", '"a", 5, yes'),
        ("traits.none == 5", "empty"),
        ("traits.many == 5", ", ".join(["1"] * 20) + " …"),
        ("traits.size == 5", "5.5"),
    ],
)
def test_an_explanation_shows_each_kind_of_value_as_people_read_it(text: str, words: str) -> None:
    values = traits(
        address={"city": "Riga"},
        name="x" * 90,
        tags=["a", 5, True],
        none=[],
        many=[1] * 21,
        size=5.5,
    )
    at = NOW - 10 if "since" in text else 1
    rule = compile_rule(text, SEGMENT_VOCABULARY)
    (line,) = rule.explain(fold([*values, order(at)]), NOW).lines
    assert line.endswith(f" ({words})") or words == "0d"


def test_an_explanation_has_a_line_for_each_comparison_with_its_value() -> None:
    rule = compile_rule(
        'revenue("USD") >= 49.99 and traits.city != "Riga" or never("signed_in")',
        SEGMENT_VOCABULARY,
    )
    value, lines = rule.explain(fold([order(), *traits(city="Riga")]), NOW)
    assert value
    assert lines == [
        'true: revenue("USD") >= 49.99 (50.00 USD)',
        'false: traits.city != "Riga" ("Riga")',
        'true: never("signed_in") (yes)',
    ]


def test_a_description_reads_as_english() -> None:
    rule = compile_rule(
        'count("order_completed", within="60d") > 5 and traits.loyalty_tier != "gold"',
        SEGMENT_VOCABULARY,
    )
    assert rule.describe() == (
        "the number of order_completed events in the last 60 days is more than 5"
        ' and the trait loyalty_tier is not "gold"'
    )


def test_nobody_is_a_shopper_too() -> None:
    assert holds("orders() == 0", [])
    assert compile_rule("orders() == 0", SEGMENT_VOCABULARY).evaluate(Summary(), NOW).value


def test_each_comparison_says_whether_it_holds_and_when_that_changes_by_itself() -> None:
    rule = compile_rule(
        'orders(within="10d") == 1 and not (traits.city == "Riga" or False)', SEGMENT_VOCABULARY
    )
    assert rule.reasons(fold([order(NOW - DAY)]), NOW) == [
        ('orders(within="10d") == 1 (1)', True, NOW + 9 * DAY),
        ('traits.city == "Riga" (nothing)', False, None),
        ("False", False, None),
    ]
