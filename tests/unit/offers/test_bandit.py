"""Bandits: the probabilities of arms, and arms drawn by them."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from services.offers.domain.bandit import Beta, best_probabilities, draw, inverse_gap_probabilities

RATES = st.builds(Beta, st.floats(0.3, 5_000), st.floats(1.0, 50_000))


def probability_of_the_best(arms: tuple[Beta, ...], place: int) -> float:
    """By scipy's quadrature, over the rates themselves."""

    def integrand(rate: float) -> float:
        value: float = stats.beta.pdf(rate, *arms[place])
        for other, arm in enumerate(arms):
            if other != place:
                value *= stats.beta.cdf(rate, *arm)
        return value

    points = sorted(arm.mean for arm in arms)
    result: float = integrate.quad(integrand, 0, 1, points=points, limit=200)[0]
    return result


@pytest.mark.parametrize(
    "arms",
    [
        (Beta(2, 38), Beta(4, 38)),
        (Beta(1, 19), Beta(1, 19), Beta(1, 19)),
        (Beta(50, 950), Beta(1, 19), Beta(600, 9_400)),
        (Beta(2_000, 38_000), Beta(2_050, 38_000), Beta(3, 40), Beta(30, 700)),
    ],
)
def test_an_arm_is_shown_as_probably_as_it_is_the_best(arms: tuple[Beta, ...]) -> None:
    exact = [probability_of_the_best(arms, place) for place in range(len(arms))]
    assert best_probabilities(arms) == pytest.approx(exact, abs=0.01)


def test_of_two_the_probability_is_that_of_a_closed_form() -> None:
    """P(B > A) for B ~ Beta(a whole number, …): Miller's sum of Beta functions."""
    wins = sum(
        stats.betabinom.pmf(successes, 5 + 40 - 1, 3, 30) for successes in range(5)
    )  # as many of B's order statistics lie below A
    assert best_probabilities((Beta(3, 30), Beta(5, 40)))[0] == pytest.approx(1 - wins, abs=0.01)


@settings(max_examples=40, deadline=None)
@given(st.lists(RATES, min_size=1, max_size=6), st.none() | st.floats(0.001, 0.5))
def test_the_probabilities_of_all_arms_sum_to_one(arms: list[Beta], floor: float | None) -> None:
    chances = best_probabilities(tuple(arms), floor)
    assert len(chances) == len(arms) + (floor is not None)
    assert sum(chances) == pytest.approx(1)
    assert min(chances) >= 0


def test_nothing_is_shown_as_probably_as_no_rate_reaches_the_floor() -> None:
    arms = (Beta(2, 38), Beta(4, 76), Beta(20, 600))
    *_, nothing = best_probabilities(arms, floor=0.05)
    below = 1.0
    for arm in arms:
        below *= stats.beta.cdf(0.05, *arm)
    assert nothing == pytest.approx(below, abs=0.01)


def test_arms_drawn_one_after_the_other_stand_in_the_order_of_one_sample_of_all_rates() -> None:
    arms = (Beta(3, 20), Beta(10, 50), Beta(2, 30), Beta(40, 300))
    dice = random.Random(1)
    orders: Counter[tuple[int, ...]] = Counter()
    for _ in range(5_000):
        sample = [dice.betavariate(*arm) for arm in arms]
        orders[tuple(sorted(range(4), key=sample.__getitem__, reverse=True)[:3])] += 1
    for order, count in orders.items():
        probability = 1.0
        for place in range(3):
            left = [arm for arm in range(4) if arm not in order[:place]]
            chances = best_probabilities(
                tuple(arms[arm] for arm in left), above=tuple(arms[arm] for arm in order[:place])
            )
            probability *= chances[left.index(order[place])]
        assert probability == pytest.approx(count / 5_000, abs=0.03)


def test_those_above_may_be_so_unlikely_that_nothing_is_known_of_those_below() -> None:
    lost, winners = Beta(10, 100_000), (Beta(50_000, 50_000), Beta(60_000, 40_000))
    assert best_probabilities(winners, above=(lost,)) == pytest.approx((0.5, 0.5))


@pytest.mark.parametrize("sure", [Beta(1e-9, 5_000), Beta(5_000, 1e-9)])
def test_what_is_known_may_be_as_sure_as_it_likes(sure: Beta) -> None:
    assert best_probabilities((sure, sure)) == pytest.approx((0.5, 0.5))
    low, high = sorted((sure, Beta(20, 20)), key=lambda arm: arm.mean)
    assert best_probabilities((low, high))[1] > 0.9


def test_very_many_arms_share_a_grid_of_limited_size() -> None:
    chances = best_probabilities(tuple(Beta(2 + place % 5, 38 + place) for place in range(60)))
    assert sum(chances) == pytest.approx(1)


def test_by_inverse_gaps_the_best_has_what_the_others_leave() -> None:
    arms = [Beta(5, 95), Beta(10, 90), Beta(1, 99)]
    chances = inverse_gap_probabilities(arms, 1.0)
    gamma = (3 * 300 / (0.1 * 0.9)) ** 0.5
    assert chances[0] == pytest.approx(1 / (3 + gamma * 0.05))
    assert chances[2] == pytest.approx(1 / (3 + gamma * 0.09))
    assert sum(chances) == pytest.approx(1)


def test_by_inverse_gaps_all_are_alike_without_exploitation() -> None:
    assert inverse_gap_probabilities([Beta(5, 95), Beta(9, 11)], 0.0) == pytest.approx((0.5, 0.5))


def test_by_inverse_gaps_nothing_is_an_arm_of_its_floor() -> None:
    chances = inverse_gap_probabilities([Beta(1, 999), Beta(2, 998)], 50.0, floor=0.5)
    assert chances[2] > 0.9


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6).filter(lambda each: sum(each) > 0.1))
def test_each_arm_is_drawn_with_its_probability(weights: list[float]) -> None:
    probabilities = [weight / sum(weights) for weight in weights]
    edges = [sum(probabilities[:place]) for place in range(len(weights) + 1)]
    for place, (low, high) in enumerate(pairwise(edges)):
        if high - low > 1e-6:
            assert draw(probabilities, (low + high) / 2) == place
    assert probabilities[draw(probabilities, 1 - 1e-16)] > 0


def test_what_is_impossible_is_never_drawn() -> None:
    assert [draw((0.0, 0.5, 0.0, 0.5), chance) for chance in (0.0, 0.6, 1.0)] == [1, 3, 3]
