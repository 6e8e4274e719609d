"""Formulas: arithmetic that is a number, in which a condition is 1 or 0."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from rules import ELIGIBILITY_VOCABULARY, RuleError, Situation, compile_formula

SITUATION = Situation(
    traits={"visits": 3, "share": 0.25, "name": "Ada"},
    segments=frozenset({"high_value"}),
    context={
        "items": [{"sku": "a", "quantity": 2, "category": "shoes"}],
        "value": 4_000,
        "currency": "USD",
        "device": "mobile",
    },
    identified=True,
    points=150,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("loyalty_points() / 100 + context.item_count * 2", Fraction(11, 2)),
        ('10 * ("high_value" in segments) - 3 * (context.device == "desktop")', 10),
        ("identified + (not identified)", 1),
        ("(context.item_count > 1 and traits.visits >= 3) * loyalty_points()", 150),
        ('basket_value("USD") / 10', 400),
        ('basket_value("USD") + 10', 5_000),
        ("traits.share * 4", 1),
        ("traits.visits", 3),
        ("traits.missing + 1", None),
        ("traits.name * 2", None),
        ("traits.name", None),
        ("loyalty_points() / traits.missing", None),
        ('has_consent("email") * 5', 0),
    ],
)
def test_a_formula_has_an_exact_value(text: str, value: Any) -> None:
    assert compile_formula(text, ELIGIBILITY_VOCABULARY).value(SITUATION, 0) == value


def test_a_formula_says_what_it_reads() -> None:
    text = 'loyalty_points() + traits.a.b + ("x" in segments) * has_consent("email")'
    reads = compile_formula(text, ELIGIBILITY_VOCABULARY).reads
    assert reads.points
    assert reads.trait_paths == {("a", "b")}
    assert reads.segments == {"x"}
    assert reads.consent == {"email"}


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("5", "a number alone is no formula"),
        ("context.device", "context.device is a text: a formula is a number"),
        ("segments", "segments is a list: a formula is a number"),
        ("context.device + 1", "a text plus a number has no meaning"),
        ("visits + 1", "nothing is called visits"),
        ("loyalty_points() ** 2", "calculates with +, -, * and / only"),
        ('basket_value("USD") * basket_value("USD")', "has no meaning"),
        ("", "is empty"),
    ],
)
def test_a_wrong_formula_is_refused_with_the_fix(text: str, error: str) -> None:
    with pytest.raises(RuleError, match=r"line 1, column") as refused:
        compile_formula(text, ELIGIBILITY_VOCABULARY)
    assert error in str(refused.value)
