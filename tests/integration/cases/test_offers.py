"""Offers as shops write and use them, over the whole suite."""

from __future__ import annotations

from services.offers.configuration import SHIPPED
from tests.support.case_shop import CaseShop


def test_a_file_that_asks_for_a_segment_which_nobody_has_defined_is_warned_of(
    shop: CaseShop,
) -> None:
    file = SHIPPED.read_text().replace('"frequent_buyer" in', '"freqent_buyer" in', 1)
    checked = shop.client.call("offers", "check", file=file)
    warnings = [warning for each in checked["offers"] for warning in each["warnings"]]
    assert any(
        '"freqent_buyer" is no segment' in warning and "did you mean `frequent_buyer`?" in warning
        for warning in warnings
    )
    shipped = shop.client.call("offers", "check")
    assert [each for each in shipped["offers"] if each["warnings"]] == []
