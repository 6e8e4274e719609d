"""Caps and budgets: what counts against them, what fits, and how offers.yaml says them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import DAY, MINUTE, InvalidInput
from services.offers.configuration import read_catalogue
from services.offers.domain.caps import (
    EVERYBODY,
    GRACE,
    Budget,
    Cap,
    Cost,
    Grant,
    Holder,
    Limits,
    Lock,
    Pacing,
    Usage,
    Wanted,
    budget_obstacle,
    exceeded,
    grant_id,
    lock_of,
    locks_of,
    locks_of_names,
    obstacle,
    usage,
)

NOW = 1_795_289_400_000_000
ONCE = Cap("shopper", 1)
WEEKLY = Cap("shopper", 2, within=7 * DAY)
MONEY = Cap("shopper", 5000, currency="EUR")

EURO = Cost(100, "EUR")


def grant(state: str, *keys: str, ago: int = 0, cost: Cost = EURO) -> Grant:
    at = NOW - ago
    every = frozenset({*keys, EVERYBODY})
    return Grant("g", "coupon", every, *cost, state, at, at + 30 * MINUTE)


@pytest.mark.parametrize(
    ("state", "ago", "counts"),
    [
        ("reserved", 0, True),
        ("reserved", 30 * MINUTE + GRACE - 1, True),
        ("reserved", 30 * MINUTE + GRACE, False),
        ("confirmed", 99 * DAY, True),
        ("released", 0, False),
        ("expired", 0, False),
        ("returned", 0, False),
    ],
)
def test_what_is_reserved_and_not_over_or_confirmed_counts(
    state: str, ago: int, counts: bool
) -> None:
    counted = usage(ONCE, [grant(state, "s-1", ago=ago)], ["s-1"], [], NOW)
    assert counted.grants == int(counts)


def test_of_those_who_carry_the_same_contact_only_what_is_confirmed_counts() -> None:
    grants = [grant("reserved", "s-2"), grant("confirmed", "s-3"), grant("confirmed", "other")]
    assert usage(MONEY, grants, ["s-1"], ["s-2", "s-3"], NOW) == Usage(1, 100)


def test_amounts_of_another_currency_than_the_caps_are_not_added_up() -> None:
    yen, euros = Cost(100_000, "JPY"), Cost(900, "EUR")
    grants = [grant("confirmed", "s-1", cost=cost) for cost in (yen, euros, euros)]
    assert usage(MONEY, grants, ["s-1"], [], NOW) == Usage(3, 1_800)
    assert usage(WEEKLY, grants, ["s-1"], [], NOW) == Usage(3, 0)
    assert exceeded(Limits(caps=(MONEY,)), [(NOW, *cost) for cost in (yen, euros)], NOW) == []


def test_a_grant_under_several_keys_counts_once() -> None:
    assert usage(ONCE, [grant("confirmed", "s-1", "mail")], ["s-1"], ["mail"], NOW).grants == 1


def test_a_window_ends_a_moment_after_it() -> None:
    inside, outside = (grant("confirmed", "s-1", ago=7 * DAY - step) for step in (1, 0))
    assert usage(WEEKLY, [inside, outside], ["s-1"], [], NOW).grants == 1


def test_a_cap_by_offer_counts_everybody() -> None:
    grants = [grant("reserved", "a"), grant("confirmed", "b")]
    assert usage(Cap("offer", 9), grants, [], [], NOW).grants == 2


def test_a_cap_in_money_has_room_for_what_just_fits() -> None:
    assert obstacle(MONEY, Usage(3, 4500), 500) is None
    assert obstacle(MONEY, Usage(3, 4500), 501) == "cap: 4500 of 5000 EUR ever by this shopper"
    assert obstacle(WEEKLY, Usage(2, 0), 0) == "cap: 2 of 2 within 7 days by this shopper"


def test_what_is_over_a_cap_after_a_merge_is_named() -> None:
    limits = Limits(caps=(ONCE, Cap("offer", 1), MONEY))
    assert exceeded(limits, [(NOW, 2000, "EUR")], NOW) == []
    assert len(exceeded(limits, [(NOW, 2000, "EUR"), (NOW, 4000, "EUR")], NOW)) == 2


def test_a_budget_is_used_up_evenly_where_it_is_paced() -> None:
    budget = Budget(100, "EUR", Pacing(NOW, NOW + 10 * DAY))
    limits = [budget.limit(NOW + days * DAY) for days in range(-1, 12)]
    assert (limits[0], limits[1], limits[6], limits[-1]) == (0, 1, 51, 100)
    assert "60 of 51 EUR used by now, 100 EUR in all" in str(
        budget_obstacle(budget, 60, 1, NOW + 5 * DAY)
    )
    assert budget_obstacle(Budget(100), 99, 1, NOW) is None


@given(
    most=st.integers(1, 10**9), whole=st.integers(1, 10**14), steps=st.lists(st.integers(0, 10**14))
)
def test_a_paced_budget_never_shrinks_and_never_exceeds_itself(
    most: int, whole: int, steps: list[int]
) -> None:
    budget = Budget(most, None, Pacing(NOW, NOW + whole))
    limits = [budget.limit(NOW + step) for step in sorted(steps)]
    assert all(before <= after for before, after in pairwise(limits))
    assert all(0 <= limit <= most for limit in limits)
    assert budget.limit(NOW + whole) == most


@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=20))
def test_everybody_takes_the_locks_of_the_same_keys_in_one_order(
    pairs: list[tuple[str, str]],
) -> None:
    keys: dict[str, set[str]] = {}
    for cap_id, key in pairs:
        keys.setdefault(cap_id, set()).add(key)
    turned = dict(reversed([(cap_id, sorted(each)) for cap_id, each in keys.items()]))
    locks = locks_of(keys)
    assert locks == locks_of(turned) == sorted(set(locks))
    assert all(-(2**63) <= lock.number < 2**63 for lock in locks)


def test_thousands_of_names_share_a_few_hundred_locks_in_one_order() -> None:
    locks = locks_of_names(f"device_id:{number}" for number in range(5_000))
    assert len(locks) == 256
    assert locks == sorted(locks)
    assert locks_of_names(["device_id:7"]) == locks_of_names(["device_id:7"])


def test_very_many_keys_have_the_lock_of_their_cap_which_the_others_share() -> None:
    (whole,) = locks_of({"coupon": {f"s-{number}" for number in range(20_000)}})
    few = locks_of({"coupon": {"s-1", "s-2"}})
    assert [lock for lock in few if lock.number == whole.number] == [Lock(whole.number, True)]
    assert whole not in locks_of({"other": {"s-1"}})
    assert len(few) == 3
    assert locks_of({"coupon": ()}) == []


def test_a_lock_is_of_a_cap_and_a_key() -> None:
    assert lock_of("a", "bc") != lock_of("ab", "c")
    assert grant_id("k") == grant_id("k") != grant_id("l")


FILE = """
zone: Europe/Berlin
placements:
  checkout:
    slots:
      extras: {fallback: {title: Free returns}}
offers:
  - id: coupon
    version: 1
    slots: [checkout.extras]
    priority: 60
    requires: any
    content: {title: Ten off}
    %s
"""


def test_an_offer_says_its_caps_its_budget_and_its_cost() -> None:
    text = """caps:
      - {by: shopper, most: 1, within: 30d}
      - {by: offer, amount: 90000, currency: EUR}
    budget: {amount: 100000, currency: EUR, pacing: {from: 2026-12-01, until: 2026-12-24}}
    cost: {amount: 500, currency: EUR}
    hold: 10m"""
    (offer,) = read_catalogue(FILE % text).limited["checkout"]
    limits = offer.limits
    assert limits is not None
    assert limits.caps == (Cap("shopper", 1, 30 * DAY), Cap("offer", 90000, None, "EUR"))
    assert (limits.cost, limits.hold) == (Cost(500, "EUR"), 10 * MINUTE)
    assert limits.budget is not None
    assert limits.budget.pacing is not None
    assert limits.budget.pacing.ends_at - limits.budget.pacing.begins_at == 24 * DAY


def test_what_a_decision_reserves_waits_for_its_shopper_whatever_the_caps() -> None:
    holder = Holder("p-1", "s-1", frozenset({"s-1", "s-2"}), frozenset({"device"}))
    own = {"s-1", "s-2", "device"}
    by_offer = (Cap("offer", 9),)
    cases: tuple[tuple[tuple[Cap, ...], str | None, set[str]], ...] = (
        ((), None, set()),
        ((), "d-1", own),
        (by_offer, None, {EVERYBODY}),
        (by_offer, "d-1", own | {EVERYBODY}),
        ((ONCE,), None, own),
    )
    for caps, decision_id, keys in cases:
        wanted = Wanted("g", "coupon", Limits(caps), None, None, NOW, NOW, decision_id)
        assert wanted.keys(holder, ()) == keys


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cost: {amount: 5, currency: EUR}", "is for offers with `caps` or a `budget`"),
        ("caps: []", "must list at least one cap"),
        ("caps: [{by: shopper}]", "must have either `most`"),
        ("caps: [{by: shopper, most: 1, amount: 5, currency: EUR}]", "must have either `most`"),
        ("caps: [{by: shopper, amount: 5}]", "add its `currency`"),
        ("caps: [{by: shopper, most: 1, currency: EUR}]", "is for an `amount`"),
        ("caps: [{by: house, most: 1}]", "`house` is not known here"),
        ("caps: [{by: shopper, most: 1, within: month}]", 'write "30d"'),
        ("caps: [{by: shopper, most: 0}]", "must be between 1"),
        ("budget: {count: 5, pacing: {from: 2026-12-02, until: 2026-12-01}}", "after `from`"),
        ("budget: {amount: 5, currency: EURO}", "ISO 4217"),
        (
            "caps: [{by: offer, amount: 5, currency: USD}]\n    budget: {amount: 5, currency: EUR}",
            "give them in one currency",
        ),
        (
            "budget: {amount: 5, currency: EUR}\n    cost: {amount: 1, currency: USD}",
            "the caps and the budget are in EUR",
        ),
    ],
)
def test_a_mistake_in_limits_is_refused_with_its_fix(text: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        read_catalogue(FILE % text)
