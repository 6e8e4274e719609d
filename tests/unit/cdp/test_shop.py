"""Facts about the demo shop's pages and journal; tests/e2e/test_shop.py sees it in a browser."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, cast

import pytest
from werkzeug.test import Client

from cdp.shop.catalogue import ARTICLES, search
from cdp.shop.edge import ShopGateway, ShopKeys
from cdp.shop.experiment import EXPERIMENT, shop_offers
from cdp.shop.journal import Journal
from cdp.shop.panel import Panel
from cdp.shop.shoppers import SHOPPERS, stories
from cdp.shop.site import Site
from cdp.shop.visits import Visit
from chassis import FixedClock
from chassis.core.instants import parse_instant
from chassis.runtime.local_http import HangUp
from services.gateway.domain.exchange import EdgeResponse
from services.gateway.domain.serving import ReceivedRequest
from services.offers.configuration import read_file

NOW = parse_instant("2026-11-27T12:00:00Z")


class GatewayStandIn:
    """Keeps what the shop's server tells, and answers the name of what was asked."""

    def __init__(self) -> None:
        self.is_up = True
        self.events: list[Mapping[str, Any]] = []

    def answer(self, received: ReceivedRequest) -> EdgeResponse:
        """The path and the query."""
        return EdgeResponse(body={"path": received.path, "query": dict(received.query)})

    def tell(self, event: Mapping[str, Any], key: str, at: int) -> EdgeResponse:
        """Keep an event."""
        assert (key, at) == ("secret", NOW)
        self.events.append(event)
        return EdgeResponse()


@pytest.fixture
def gateway() -> GatewayStandIn:
    return GatewayStandIn()


@pytest.fixture
def visitor(gateway: GatewayStandIn) -> Client:
    keys = ShopKeys("public", "secret", "token secret")
    edge = cast("ShopGateway", gateway)
    return Client(Site(edge, cast("Panel", None), Journal(), keys, FixedClock(NOW)))


@pytest.mark.parametrize(
    "path", ["/", "/?q=lamp", "/articles/kettle-2l", "/cart", "/sign-in", "/privacy"]
)
def test_pages_forbid_scripts_that_are_not_the_shops_own(visitor: Client, path: str) -> None:
    response = visitor.get(path)
    assert response.status_code == 200
    assert "script-src 'self'" in response.headers["Content-Security-Policy"]
    assert not re.search(r"\{\w+\}", response.text)  # every value stands in its place


def test_what_a_visitor_writes_is_text(visitor: Client) -> None:
    text = visitor.get("/?q=<img src=x onerror=alert(1)></script>").text
    assert "<img src=x" not in text
    assert "\\u003c/script>" in text


def test_an_order_is_told_by_the_shops_server_with_what_it_knows(
    visitor: Client, gateway: GatewayStandIn
) -> None:
    visitor.post("/be", data={"who": "omar"})
    assert visitor.get("/checkout").status_code == 200
    page = visitor.post("/checkout", data={"email": "omar@example.com"}, follow_redirects=True)
    assert page.status_code == 200
    event = gateway.events[0]
    assert event["identifiers"] == {
        "anonymous_id": "omar-laptop",
        "user_id": "omar",
        "email": "omar@example.com",
    }
    assert event["authenticated"]
    assert event["data"]["revenue"] == 2 * ARTICLES["shade-linen"].price
    assert visitor.get("/checkout").status_code == 303  # the cart is empty


def test_who_starts_over_keeps_nothing(visitor: Client) -> None:
    visitor.post("/be", data={"who": "grace"})
    assert 'data-user="grace"' in visitor.get("/").text
    visitor.post("/be", data={"who": "new"})
    assert visitor.get_cookie("cdp_id") is None
    assert 'data-user=""' in visitor.get("/").text


def test_accounts_sign_in_and_out_on_this_browser(visitor: Client) -> None:
    visitor.post("/sign-in", data={"who": "lena"})
    assert "data-user-token=" in visitor.get("/").text
    visitor.post("/sign-out")
    assert "data-user-token=" not in visitor.get("/").text


def test_the_gateway_is_below_a_path_and_nobody_answers_while_it_is_down(visitor: Client) -> None:
    assert visitor.get("/cdp/v1/b?writeKey=k").json == {"path": "/v1/b", "query": {"writeKey": "k"}}
    visitor.post("/gateway", data={"is_up": "no"})
    with pytest.raises(HangUp):
        visitor.get("/cdp/v1/b")


@pytest.mark.parametrize(
    "path", ["/static/../site.py", "/static/.x.css", "/static/", "/static/none.css"]
)
def test_no_other_file_is_served(visitor: Client, path: str) -> None:
    assert visitor.get(path).status_code == 404


def test_what_is_not_there_and_what_cannot_be_posted_is_said(visitor: Client) -> None:
    assert visitor.get("/articles/none").status_code == 404
    assert visitor.post("/privacy").status_code == 405
    assert visitor.get("/static/shop.css").status_code == 200


def test_the_cart_has_no_more_than_there_is_and_never_less_than_nothing() -> None:
    visit = Visit("v")
    visit.add("kettle-2l", 9)
    assert visit.cart == {"kettle-2l": 3}
    visit.add("kettle-2l", -9)
    visit.add("unknown", 1)
    assert visit.cart == {}


def test_every_word_of_a_search_counts() -> None:
    assert [article.sku for article in search("RUNNING watch")] == ["watch-run-5"]
    assert len(search("")) == len(ARTICLES)


def test_the_stories_end_just_now_and_everybody_in_them_can_be_chosen() -> None:
    moved = stories(NOW)
    latest = max(parse_instant(event["time"]) for event in moved)
    assert NOW - 3_600_000_000 < latest < NOW
    named = {value for event in moved for value in event["identifiers"].values()}
    for shopper in SHOPPERS.values():
        assert named & {shopper.device, shopper.user_id}


def test_the_shops_offers_can_be_read_and_have_the_experiment() -> None:
    assert EXPERIMENT in str(read_file(shop_offers(), is_shipped=False))


def test_an_event_that_comes_again_is_no_news() -> None:
    journal = Journal()
    event = {"id": "e", "type": "page_viewed", "identifiers": {"anonymous_id": "d"}}
    for status in ("appended", "duplicate"):
        receipts = [{"event_id": "e", "status": status, "version": 1}]
        journal.note_call(
            "profiles", "record", {"events": [event], "origin": "browser"}, {"receipts": receipts}
        )
    (entry,) = journal.after(0)
    assert (entry.title, entry.status) == ("page_viewed", "appended")
    assert json.dumps(entry.lines[0]) == '"from the browser, by anonymous_id, not authenticated"'
    assert journal.after(1) == []
