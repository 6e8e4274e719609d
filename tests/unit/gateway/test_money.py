"""Facts about money in major units."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.language.units import decimals_of
from services.gateway.domain.money import currency_code, minor_units

AMOUNTS = [
    (19.99, "USD", 1999),
    (0.1 + 0.2, "USD", 30),
    (59.97000000000001, "EUR", 5997),
    (1.005, "USD", 100),
    (20, "USD", 2000),
    (5000, "JPY", 5000),
    (5000.0, "JPY", 5000),
    (1.25, "KWD", 1250),
    (0, "USD", 0),
    (-4.5, "USD", -450),
    (8.125, "USD", 812),
    (8.135, "USD", 814),
    ("19.99", "USD", 1999),
    (" 19,99 ", "EUR", 1999),
    ("1,234.50", "USD", 123450),
    ("1.234,50", "EUR", 123450),
    ("1,234,567", "USD", 123456700),
    ("1.234.567", "EUR", 123456700),
    ("$19.99", "USD", 1999),
    ("19,99 €", "EUR", 1999),
    ("CHF 12.50", "CHF", 1250),
    ("19.99 usd", "USD", 1999),
    ("12.500", "EUR", 1250),
    ("0.500 €", "EUR", 50),
    ("1.250 KWD", "KWD", 1250),
    ("5000.0000", "JPY", 5000),
]
NO_AMOUNTS = [
    ("1,234", "USD"),
    ("19.99 €", "USD"),
    ("$19.99", "EUR"),
    ("", "USD"),
    ("free", "USD"),
    ("10%", "USD"),
    ("1e5", "USD"),
    ("1-2", "USD"),
    ("9" * 50, "USD"),
    (float("nan"), "USD"),
    (float("inf"), "USD"),
    (1e300, "USD"),
    (10**14, "USD"),
    (True, "USD"),
    (None, "USD"),
    ("12.990", "CLP"),
    ("$ 12.990", "CLP"),
    ("150.000 ₫", "VND"),
    ("Rp 150.000", "IDR"),
    ("1.250 €", "EUR"),
    ([1], "USD"),
    ({"amount": 1}, "USD"),
]


@pytest.mark.parametrize(("value", "currency", "minor"), AMOUNTS)
def test_an_amount_in_major_units_becomes_minor_units_of_its_currency(
    value: Any, currency: str, minor: int
) -> None:
    assert minor_units(value, currency) == minor


@pytest.mark.parametrize(("value", "currency"), NO_AMOUNTS)
def test_what_is_no_amount_or_could_be_two_is_none(value: Any, currency: str) -> None:
    assert minor_units(value, currency) is None


@given(st.integers(-(10**12), 10**12), st.sampled_from(["USD", "JPY", "KWD", "CLF"]))
def test_every_amount_survives_the_way_over_a_binary_fraction(minor: int, currency: str) -> None:
    major = Decimal(minor).scaleb(-decimals_of(currency))
    assert minor_units(float(major), currency) == minor
    assert minor_units(f"{major:f}", currency) == minor


@pytest.mark.parametrize(
    ("value", "code"),
    [("USD", "USD"), (" eur ", "EUR"), ("€", "EUR"), ("$", None), ("kr", None), ("XX", None)],
)
def test_a_currency_is_a_code_or_a_sign_of_one_alone(value: str, code: str | None) -> None:
    assert currency_code(value) == code


@pytest.mark.parametrize("value", [None, 1, True, ["USD"], ""])
def test_what_is_no_text_names_no_currency(value: Any) -> None:
    assert currency_code(value) is None
