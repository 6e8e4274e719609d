"""Numbers, money and plurals by language."""

from __future__ import annotations

from decimal import Decimal

import pytest

from chassis.core.languages import (
    every_plural_category,
    format_money,
    format_number,
    is_language,
    plural_categories,
    plural_category,
)


def test_numbers_and_money_have_the_signs_of_the_language() -> None:
    assert format_number("en", 1_325) == "1,325"
    assert format_number("de", 1_325.5) == "1.325,5"
    assert format_money("en", Decimal("48.00"), "USD") == "$48.00"
    assert format_money("de", Decimal("1234.5"), "EUR") == "1.234,50\N{NO-BREAK SPACE}€"
    assert format_money("ja", Decimal(4_800), "JPY") == "￥4,800"


def test_money_is_never_rounded() -> None:
    for amount, currency, expected in (
        ("4990.00", "HUF", "HUF 4,990"), ("4990.50", "HUF", "HUF 4,990.50"),
        ("0.40", "COP", "COP 0.40"), ("1.505", "IQD", "IQD 1.505"), ("2.000", "IQD", "IQD 2"),
        ("1.505", "KWD", "KWD 1.505"), ("3", "BEF", "BEF 3.00"), ("0.0005", "CLF", "CLF 0.0005"),
    ):  # fmt: skip
        found = format_money("en", Decimal(amount), currency).replace("\N{NO-BREAK SPACE}", " ")
        assert found in (expected, expected.replace(" ", "")), expected


def test_plurals_go_by_the_categories_of_the_language() -> None:
    assert [plural_category("pl", number) for number in (1, 2, 5, 22)] == [
        "one", "few", "many", "few",
    ]  # fmt: skip
    assert plural_categories("de") == {"one", "other"}
    assert plural_categories("fr") == {"one", "other"}
    assert len(plural_categories("ar")) == 6


def test_a_language_may_have_categories_that_no_number_up_to_a_thousand_has() -> None:
    assert every_plural_category("fr") == {"one", "many", "other"}
    assert every_plural_category("en") == {"one", "other"}
    assert every_plural_category("cs") == {"one", "few", "many", "other"}
    assert every_plural_category("ja") == {"other"}


@pytest.mark.parametrize(
    ("tag", "known"),
    [("de", True), ("de-AT", True), ("pt-BR", True), ("no", True), ("xx", False), ("", False),
     ("de_AT", False), ("en-u-nu-latn", False), ("Deutsch", False)],
)  # fmt: skip
def test_a_language_is_one_of_which_there_is_data(tag: str, known: bool) -> None:
    assert is_language(tag) is known
