"""Engagement that decays, and the values of a model with their percentiles."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import DAY, HOUR
from rules import SEGMENT_VOCABULARY, Fact, ListedFacts, Rule, Summary, Verdict, compile_rule
from rules.values import NO_VALUES
from tests.unit.rules.shoppers import NOW


def rule(text: str) -> Rule[Summary]:
    return compile_rule(text, SEGMENT_VOCABULARY)


def shopper(*events: tuple[str, int, Any]) -> Summary:
    summary = Summary()
    summary.facts = ListedFacts.of(
        (event_type, Fact(NOW - ago, f"e{number}", data))
        for number, (event_type, ago, data) in enumerate(events)
    )
    return summary


def test_an_event_counts_half_after_its_half_life() -> None:
    views = shopper(("product_viewed", DAY, {}), ("product_viewed", 0, {}))
    text = 'engagement("product_viewed", half_life="1d") {}'
    assert rule(text.format(">= 1.5")).evaluate(views, NOW) == Verdict(True, NOW + 1)
    assert rule(text.format("> 0.75")).evaluate(views, NOW) == Verdict(True, NOW + DAY)
    assert rule(text.format(">= 0.75")).evaluate(views, NOW) == Verdict(True, NOW + DAY + 1)
    assert rule(text.format("> 2")).evaluate(views, NOW) == Verdict(False, None)
    assert rule(text.format("> 0")).evaluate(shopper(), NOW) == Verdict(False, None)


def test_engagement_may_be_asked_of_some_events_and_added_to() -> None:
    views = shopper(("product_viewed", 0, {"x": 1}), ("product_viewed", 0, {}))
    text = '1 + engagement("product_viewed", where=x == 1, half_life="1d") > 1.5'
    assert rule(text).evaluate(views, NOW) == Verdict(True, NOW + DAY)
    twice = 'engagement("product_viewed", where=x == 1, half_life="1d") * 2 >= traits.least'
    views.add("traits_changed", {"traits": {"least": 1}}, NOW, "t")
    assert rule(twice).evaluate(views, NOW) == Verdict(True, NOW + DAY + 1)


@given(
    st.lists(st.integers(-5 * DAY, 60 * DAY), max_size=6),
    st.sampled_from(["0.1", "0.5", "1", "1.5", "3"]),
    st.sampled_from([">", ">=", "<", "<="]),
    st.sampled_from(["1h", "1d", "3650d"]),
)
def test_engagement_crosses_its_bound_at_the_microsecond_that_is_named(
    ago: list[int], bound: str, sign: str, half_life: str
) -> None:
    views = shopper(*(("product_viewed", each, {}) for each in ago))
    asked = rule(f'engagement("product_viewed", half_life="{half_life}") {sign} {bound}')
    value, changes_at = asked.evaluate(views, NOW)
    length = {"1h": HOUR, "1d": DAY, "3650d": 3_650 * DAY}[half_life]

    def score(now: int) -> float:
        return sum(
            (pow(2.0, (NOW - each - now) / length) for each in ago if NOW - each <= now), 0.0
        )

    plain = {">": float.__gt__, ">=": float.__ge__, "<": float.__lt__, "<=": float.__le__}[sign]
    if abs(score(NOW) - float(bound)) > 1e-9:
        assert plain(float(score(NOW)), float(bound)) is value
    if changes_at is not None:
        assert asked.evaluate(views, changes_at - 1).value is value
        assert asked.evaluate(views, changes_at).value is not value
        stepped = any(NOW - each == changes_at for each in ago)
        assert stepped or abs(score(changes_at) - float(bound)) < 1e-9
    for later in (NOW + HOUR, NOW + 3 * DAY, NOW + 400 * DAY):
        if later < (changes_at or later + 1):
            assert asked.evaluate(views, later).value is value


def test_affinity_is_the_part_of_engagement_with_a_category() -> None:
    events = shopper(
        ("product_viewed", 0, {"category": "music", "brand": "Acme"}),
        ("order_completed", 0, {"products": [{"category": "running"}, {"category": "music"}]}),
        ("cart_updated", 30 * DAY, {"products": [{"category": "running"}, {"category": 5}]}),
        ("product_viewed", -DAY, {"category": "music"}),
        ("product_viewed", 0, None),
    )
    # An order counts 5 and a view 1; the cart, a half-life ago, counts 3 / 2: 7.5 together.
    for text in (
        'affinity(category="running") > 0.8666',
        'affinity(category="running") < 0.8667',
        'affinity(category="music", half_life="30d") == 0.8',
        'affinity(brand="Acme") == 1',
        'affinity(category="garden") == 0',
    ):
        assert rule(text).evaluate(events, NOW).value, text
    turning = rule('affinity(category="music") > 0.8')
    assert turning.evaluate(events, NOW) == Verdict(False, NOW + DAY)
    assert turning.evaluate(events, NOW + DAY) == Verdict(True, None)


def test_who_has_done_nothing_has_no_affinity() -> None:
    text = 'affinity(category="music") == None and not affinity(category="music") < 1'
    assert rule(text).evaluate(shopper(), NOW) == Verdict(True, None)


class Falling:
    """Values that fall by one each hour from 10 at NOW, and cut-offs of a tenth of the percent."""

    decimals = 2

    def value(self, name: str, within: int | None, now: int) -> float | None:
        return 10 - (now - NOW) / HOUR + (1 if within else 0) if name != "alive" else None

    def crossing(self, name: str, within: int | None, now: int, bound: float) -> int | None:
        if name == "alive":
            return None
        at = NOW + int((10 + (1 if within else 0) - bound) * HOUR)
        return next((turn for turn in (at, at + 1) if turn > now), None)

    def cutoff(self, name: str, percent: float) -> float | None:
        return None if name == "alive" else percent / 10


class Valueless(Falling):
    """The values of a profile without orders, where a model is fitted."""

    def value(self, name: str, within: int | None, now: int) -> None:
        return None


@pytest.fixture
def valued() -> Summary:
    summary = Summary()
    summary.values = Falling()
    return summary


def test_a_value_of_a_model_changes_a_rule_where_it_crosses_the_bound(valued: Summary) -> None:
    for text, verdict in (
        ("clv() >= 7.5", Verdict(True, NOW + 5 * HOUR // 2 + 1)),
        ("clv() > 7.5", Verdict(True, NOW + 5 * HOUR // 2)),
        ("clv() > 11", Verdict(False, None)),
        ("clv() in [8, 9]", Verdict(False, NOW + HOUR)),
        ('expected_orders(within="90d") > 10', Verdict(True, NOW + HOUR)),
        ("alive() == None", Verdict(True, None)),
        ("alive() < 0.5", Verdict(False, None)),
    ):
        assert rule(text).evaluate(valued, NOW) == verdict, text
    assert rule("clv() > 2").explain(valued, NOW).lines == ["true: clv() > 2 (10.00)"]


def test_nothing_is_fitted_at_first() -> None:
    summary = Summary()
    assert summary.values is NO_VALUES
    for text in ("clv() > 0", 'percentile("clv") >= 0', 'expected_orders(within="1d") >= 0'):
        assert rule(text).evaluate(summary, NOW) == Verdict(False, None)


@pytest.mark.parametrize(
    ("text", "member", "hours"),
    [
        ('percentile("clv") >= 75', False, 2.5),
        ('percentile("clv") >= 75', True, 3),
        ('percentile("clv", band=20) > 75', True, 4.5),
        ('percentile("clv", band=0) >= 75', True, 2.5),
        ('not percentile("clv") < 75', True, 3),
        ('not percentile("clv") < 75', False, 2.5),
        ('percentile("clv", band=50) >= 20', True, 10),
    ],
)
def test_a_member_leaves_only_beyond_the_band(
    valued: Summary, text: str, member: bool, hours: float
) -> None:
    value, changes_at = rule(text).evaluate(valued, NOW, member)
    assert value
    assert changes_at is not None
    assert changes_at - NOW - hours * HOUR in (0, 1)
    assert rule(text).evaluate(valued, changes_at, member).value is False
    assert rule(text).explain(valued, NOW, member).value


def test_a_member_of_the_lowest_leaves_only_above_the_band(valued: Summary) -> None:
    text = 'percentile("clv") < 25'
    at = NOW + int(7.2 * HOUR)
    assert not rule(text).evaluate(valued, at).value
    assert rule(text).evaluate(valued, at, member=True).value
    assert rule(text).describe() == "the percentile of clv is less than 25"
    assert rule(text).condition is not rule(text).stay
    plain = rule("orders() > 1")
    assert plain.condition is plain.stay


def test_a_percentile_is_explained_by_the_value_and_its_cut_off(valued: Summary) -> None:
    at_75 = rule('percentile("clv") >= 75')
    assert at_75.explain(valued, NOW + 3 * HOUR).lines == [
        'false: percentile("clv") >= 75 (clv is 7.00, and 7.50 at 75 percent)'
    ]
    assert at_75.explain(valued, NOW + 3 * HOUR, member=True).lines == [
        'true: percentile("clv") >= 75 (clv is 7.00, and 7.00 at 70 percent)'
    ]
    assert at_75.explain(Summary(), NOW).lines == [
        'false: percentile("clv") >= 75 (no model is fitted yet)'
    ]


def test_who_has_no_value_is_told_the_cut_off(valued: Summary) -> None:
    valued.values = Valueless()
    assert rule('percentile("clv") >= 75').explain(valued, NOW).lines == [
        'false: percentile("clv") >= 75 (clv is nothing, and 7.50 at 75 percent)'
    ]


class Touching(Falling):
    """A value that touches the bound again and again."""

    def crossing(self, name: str, within: int | None, now: int, bound: float) -> int | None:
        return now + 1


def test_a_value_that_only_touches_its_bound_is_asked_again_later() -> None:
    summary = Summary()
    summary.values = Touching()
    assert rule("clv() > 5").evaluate(summary, NOW) == Verdict(True, NOW + 8)


class Alike(Falling):
    """All shoppers have the same values."""

    decimals = 0

    def value(self, name: str, within: int | None, now: int) -> float | None:
        return 2 / 3

    def cutoff(self, name: str, percent: float) -> float | None:
        return 2 / 3


def test_those_who_have_the_same_value_are_in_a_percentile_or_out_of_it_together() -> None:
    summary = Summary()
    summary.values = Alike()
    holds = {
        sign: rule(f'percentile("clv", band=0) {sign} 75').evaluate(summary, NOW).value
        for sign in (">=", ">", "<=", "<")
    }
    assert holds == {">=": True, ">": False, "<=": True, "<": False}


def test_values_are_shown_with_the_decimals_that_mean_something() -> None:
    summary = Summary()
    summary.values = Alike()
    assert rule("alive() > 0.5").explain(summary, NOW).lines == ["true: alive() > 0.5 (0.667)"]
    assert rule("clv() > 5").explain(summary, NOW).lines == ["false: clv() > 5 (1)"]
    summary.values = Falling()
    assert rule("clv() > 5").explain(summary, NOW).lines == ["true: clv() > 5 (10.00)"]


def test_of_the_segments_of_a_shopper_only_the_one_that_is_asked_for_is_shown() -> None:
    summary = Summary()
    summary.memberships = {"high_value": (True, None), "anonymous": (True, None)}
    asked = rule('"high_value" in segments and "new" not in segments')
    assert asked.explain(summary, NOW).lines == [
        'true: "high_value" in segments (yes)',
        'false: "new" in segments (no)',
    ]
