"""Facts about the cookie of the script, as the gateway sets it anew."""

from __future__ import annotations

import pytest

from services.gateway.domain.device_cookie import renewed_cookie
from services.gateway.domain.exchange import EdgeRequest
from services.gateway.domain.sources import EventSource

PAGES = EventSource("pages", "pages", "browser")
SAME = {"origin": "https://shop.example", "host": "shop.example", "cookie": "a=1; cdp_id=d-81"}


def request(headers: dict[str, str], domain: str = "") -> EdgeRequest:
    return EdgeRequest("POST", "/v1/b", PAGES, 0, headers=headers, query={"domain": domain})


def test_the_cookie_of_a_page_on_the_gateways_host_lives_as_long_as_browsers_allow() -> None:
    assert renewed_cookie(request(SAME)) == {
        "Set-Cookie": "cdp_id=d-81; Path=/; Max-Age=34560000; SameSite=Lax; Secure"
    }


def test_without_tls_it_is_not_secure_as_it_could_not_come_back() -> None:
    headers = SAME | {"origin": "http://shop.example"}
    assert "Secure" not in renewed_cookie(request(headers))["Set-Cookie"]


def test_a_cookie_of_all_subdomains_stays_one() -> None:
    headers = SAME | {"origin": "https://pay.shop.example", "host": "pay.shop.example"}
    assert renewed_cookie(request(headers, "shop.example"))["Set-Cookie"].endswith(
        "; Domain=shop.example"
    )


@pytest.mark.parametrize(
    ("headers", "domain"),
    [
        ({"cookie": ""}, ""),
        ({"cookie": "not_cdp_id=d-81"}, ""),
        ({"cookie": "cdp_id=a b"}, ""),
        ({"origin": "https://other.example"}, ""),
        ({"origin": ""}, ""),
        ({"host": ""}, ""),
        ({}, "other.example"),
        ({}, "example; Secure"),
    ],
)
def test_nothing_is_set_that_the_script_has_not_made_there(
    headers: dict[str, str], domain: str
) -> None:
    assert renewed_cookie(request(SAME | headers, domain)) == {}
