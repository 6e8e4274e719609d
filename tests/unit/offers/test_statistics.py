"""Cells and statistics: the kinds of requests, and what outcomes say of offers' rates in them."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.offers.domain.cells import Cells, coarser
from services.offers.domain.ranking import BanditRanking
from services.offers.domain.statistics import (
    MOST_CATEGORIES,
    CellCount,
    OutcomeCount,
    Statistics,
)

CELLS = Cells(baskets={"USD": (5_000, 10_000)}, referrers=frozenset({"running-club.example"}))


@pytest.mark.parametrize(
    ("context", "cell"),
    [
        ({}, "category=none|basket=none|device=none|referral=none"),
        (
            {
                "items": [
                    {"sku": "a", "category": "shoes", "quantity": 1, "price": 4_000},
                    {"sku": "b", "category": "watches", "quantity": 2, "price": 3_000},
                    {"sku": "c", "quantity": 1, "price": 90_000},
                ],
                "value": 10_000,
                "currency": "USD",
                "device": "mobile",
                "referrer": "running-club.example",
            },
            "category=watches|basket=USD>=10000|device=mobile|referral=running-club.example",
        ),
        (
            {"value": 4_999, "currency": "USD", "device": "fridge", "referrer": "a.example"},
            "category=none|basket=USD>=0|device=other|referral=other",
        ),
        ({"value": 9, "currency": "EUR"}, "category=none|basket=other|device=none|referral=none"),
        (
            {"items": [{"sku": "a", "category": "a|b", "quantity": 1}]},
            "category=a/b|basket=none|device=none|referral=none",
        ),
    ],
)
def test_a_request_falls_into_a_cell(context: dict[str, Any], cell: str) -> None:
    assert CELLS.of(context) == cell


def test_a_shop_may_choose_what_its_cells_are_about() -> None:
    assert Cells(("device",)).of({"device": "tablet"}) == "device=tablet"
    assert Cells(()).of({"device": "tablet"}) == ""


def test_pages_that_name_ever_more_categories_fill_no_more_than_so_many_cells() -> None:
    statistics = Statistics()
    cells = Cells(("device", "category"))
    seen = OutcomeCount(views=1)

    def cell(category: str, slot: str = "checkout.banner") -> str:
        context = {"items": [{"sku": "a", "category": category, "quantity": 1}]}
        return cells.of(context, partial(statistics.keeps, slot))

    for number in range(MOST_CATEGORIES + 100):
        count = CellCount("checkout.banner", "offer", cell(f"c{number}"), seen)
        statistics.put([count])
    assert cell("c0") == "device=none|category=c0"
    assert cell(f"c{MOST_CATEGORIES - 1}") == f"device=none|category=c{MOST_CATEGORIES - 1}"
    assert cell(f"c{MOST_CATEGORIES}") == cell("shoes") == "device=none|category=other"
    assert cells.of({}, partial(statistics.keeps, "checkout.banner")) == "device=none|category=none"
    assert cell("shoes", "cart.banner") == "device=none|category=shoes"


def test_a_cell_lies_in_coarser_ones() -> None:
    assert coarser("a=1|b=2|c=3") == ["", "a=1", "a=1|b=2", "a=1|b=2|c=3"]
    assert coarser("") == [""]


def test_an_outcome_counts_in_every_cell_in_which_it_lies() -> None:
    statistics = Statistics()
    statistics.put([CellCount("s", "lamp", "a=1|b=2", OutcomeCount(10, 3, 1))])
    statistics.put([CellCount("s", "lamp", "a=1|b=3", OutcomeCount(5, 0, 0))])
    assert statistics.tally("s", "lamp") == OutcomeCount(15, 3, 1)
    assert statistics.tally("s", "lamp", "a=1") == OutcomeCount(15, 3, 1)
    assert statistics.tally("s", "lamp", "a=1|b=2") == OutcomeCount(10, 3, 1)
    assert statistics.tally("s", "lamp", "a=2") == OutcomeCount()


def test_a_count_replaces_the_one_before() -> None:
    statistics = Statistics()
    statistics.put([CellCount("s", "lamp", "a=1", OutcomeCount(10, 3, 1))] * 2)
    statistics.put([CellCount("s", "lamp", "a=1", OutcomeCount(12, 4, 1))])
    assert statistics.tally("s", "lamp") == OutcomeCount(12, 4, 1)


def test_without_outcomes_a_rate_is_guessed() -> None:
    assert Statistics().rate("s", "lamp", "a=1", "converted", 40).mean == pytest.approx(0.05)


def test_a_new_offer_begins_with_the_rate_of_the_others() -> None:
    statistics = Statistics()
    statistics.put([CellCount("s", "lamp", "a=1", OutcomeCount(10_000, 900, 200))])
    assert statistics.rate("s", "new", "a=1", "converted", 40).mean == pytest.approx(0.02, abs=1e-3)
    assert statistics.rate("s", "new", "a=1", "clicked", 40).mean == pytest.approx(0.09, abs=1e-3)


def test_a_cell_with_few_outcomes_leans_on_coarser_ones_and_one_with_many_does_not() -> None:
    statistics = Statistics()
    statistics.put(
        [
            CellCount("s", "lamp", "a=1|b=1", OutcomeCount(10_000, 0, 1_000)),
            CellCount("s", "lamp", "a=1|b=2", OutcomeCount(10, 0, 0)),
            CellCount("s", "lamp", "a=1|b=3", OutcomeCount(10_000, 0, 3_000)),
        ]
    )
    few = statistics.rate("s", "lamp", "a=1|b=2", "converted", 40)
    assert few.mean == pytest.approx(0.2 * 40 / 50, abs=0.01)
    assert sum(few) == pytest.approx(50)
    many = statistics.rate("s", "lamp", "a=1|b=3", "converted", 40)
    assert many.mean == pytest.approx(0.3, abs=0.01)
    assert sum(many) == pytest.approx(10_040)


def test_what_converted_without_being_reported_as_shown_was_shown() -> None:
    statistics = Statistics()
    statistics.put([CellCount("s", "lamp", "a=1", OutcomeCount(0, 0, 3))])
    assert statistics.rate("s", "lamp", "a=1", "converted", 40).failures == pytest.approx(38, 0.1)


@pytest.mark.parametrize(("views", "conversions"), [(100_000, 0), (0, 100_000)])
@pytest.mark.parametrize("weight", [1, 40])
def test_offers_of_which_nothing_or_everything_converts_are_still_drawn(
    views: int, conversions: int, weight: float
) -> None:
    statistics, cell = Statistics(), "a=1|b=1|c=1|d=1"
    counts = OutcomeCount(views, 0, conversions)
    others = ("a=1|b=1|c=1|d=2", "a=1|b=1|c=2", "a=1|b=2", "a=2")
    statistics.put(CellCount("s", o, c, counts) for o in ("lamp", "tent") for c in (cell, *others))
    rates = [statistics.rate("s", offer, cell, "converted", weight) for offer in ("lamp", "tent")]
    for method in ("thompson", "igw"):
        chances = BanditRanking(method, weight=weight).probabilities(rates, [])
        assert chances[0] + chances[1] == pytest.approx(1)
    never_seen = statistics.rate("s", "lamp", "a=1|b=1|c=1|d=3", "converted", weight)
    assert min(never_seen) >= weight * 0.00009


COUNTS = st.lists(
    st.builds(
        CellCount,
        st.just("s"),
        st.sampled_from(["lamp", "tent"]),
        st.sampled_from(["a=1|b=1", "a=1|b=2", "a=2|b=1"]),
        st.builds(OutcomeCount, st.integers(0, 50), st.integers(0, 50), st.integers(0, 50)),
    ),
    max_size=12,
)


@given(COUNTS, st.integers(0, 12))
def test_counts_may_come_in_any_portions(counts: list[CellCount], middle: int) -> None:
    at_once, in_two = Statistics(), Statistics()
    at_once.put(counts)
    in_two.put(counts[:middle])
    in_two.put(counts[middle:])
    for offer, cell in (("lamp", "a=1|b=1"), ("tent", "a=2|b=1"), ("lamp", "a=3")):
        rates = [each.rate("s", offer, cell, "converted", 40) for each in (at_once, in_two)]
        assert rates[0] == pytest.approx(rates[1])
        assert min(rates[0]) > 0
