"""The settings of a source are checked as they are written."""

from __future__ import annotations

import pytest

from chassis.core.errors import InvalidInput
from services.gateway.domain.source_settings import check_setting


@pytest.mark.parametrize(
    "value", ["https://shop.example/cdp", "http://127.0.0.1:8070", "https://[::1]/cdp", None]
)
def test_an_address_that_browsers_reach_is_taken(value: object) -> None:
    check_setting("public_url", value)


@pytest.mark.parametrize(
    "value", [7, "", "shop.example", "ftp://shop.example", "https://[::1", "https://a.example/?b=c"]
)
def test_what_is_no_address_is_refused_with_an_example(value: object) -> None:
    with pytest.raises(InvalidInput, match=r"public_url must be an address .* such as https://"):
        check_setting("public_url", value)


@pytest.mark.parametrize("value", ["EUR", "JPY"])
def test_a_currency_is_a_code_in_capitals(value: str) -> None:
    check_setting("currency", value)
    with pytest.raises(InvalidInput, match="in capitals, such as EUR"):
        check_setting("currency", value.lower())
