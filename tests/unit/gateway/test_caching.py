"""What caches may keep: of all routes what is the same for everybody, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks import Webhook

from chassis.core.errors import Unavailable
from chassis.core.instants import SECOND
from services.gateway.domain.exchange import EdgeResponse, ServiceCall
from services.gateway.domain.routing import Router
from services.gateway.domain.serving import ReceivedRequest, preflight, serve
from services.gateway.domain.sources import EventSource
from services.gateway.handlers import ROUTES
from services.gateway.store import SourceKey
from tests.support.gateway_steps import run_steps
from tests.support.shop_webhooks import RECEIVED_AT, SECRET, signed, stripe_signed

ROUTER = Router(ROUTES)
PATHS = sorted({route.path for route in ROUTES})
PRIVATE = "private, no-store"
SECONDS = RECEIVED_AT // SECOND
STANDARD_SECRET = "whsec_bWFkZSB1cCBmb3IgdGVzdHM="
SOURCE = EventSource(
    "web",
    "Web",
    "server",
    webhook_secrets=(SECRET, STANDARD_SECRET),
    settings={"public_url": "https://shop.example/cdp"},
)
BLOCK = {"offer_id": None, "offer_version": None, "variant": "fallback", "content": {"title": "A"}}
FALLBACKS = {"placements": {"checkout": {"loyalty": [BLOCK]}, "cart": {"upsell": [BLOCK]}}}
ITEM = b'{"event": "Seen", "anonymousId": "d-1", "batch": [], "type": "track"}'


@dataclass(frozen=True, slots=True)
class Example:
    """A request that a route answers well."""

    body: bytes = ITEM
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


EVERYBODYS = {
    "/analytics.js/v1/{key}/analytics.min.js": Example(),
    "/cdp.js": Example(),
    "/openapi.json": Example(),
    "/sourceConfig": Example(query={"writeKey": "pub"}),
    "/sourceConfig/": Example(query={"writeKey": "pub"}),
    "/v1/fallbacks": Example(query={"placement": "checkout"}),
    "/v1/projects/{key}/settings": Example(),
}
"""All that is public; whoever adds to it has thought of who asks."""

ONES_OWN = {
    "/v1/record": Example(b'{"events": []}'),
    "/v1/decide": Example(b'{"placement": "checkout"}'),
    "/v1/outcomes": Example(b'{"outcomes": []}'),
    "/v1/profile": Example(query={"user_id": "ann"}),
    "/v1/segments": Example(query={"user_id": "ann"}),
    "/api/recommendations": Example(query={"user_id": "ann"}),
    "/v1/checkout-profile": Example(query={"user_id": "ann"}),
    "/webhooks/{source}/shopify": Example(
        b"{}", headers={"x-shopify-topic": "orders/paid", "x-shopify-hmac-sha256": signed(b"{}")}
    ),
    "/webhooks/{source}/woocommerce": Example(
        b"{}", headers={"x-wc-webhook-topic": "a.b", "x-wc-webhook-signature": signed(b"{}")}
    ),
    "/webhooks/{source}/stripe": Example(
        b"{}", headers={"stripe-signature": stripe_signed(b"{}", SECONDS)}
    ),
    "/webhooks/{source}/standard": Example(b"{}", headers={"webhook-id": "m"}),
}


def answer(call: ServiceCall) -> Any:
    """What the services and the gateway's database return."""
    match call.service, call.method:
        case "gateway", "find_key":
            return SourceKey("k", SOURCE, None)
        case "gateway", "load_source":
            return SOURCE
        case "gateway", "all_origins":
            return {"https://shop.example"}
        case "gateway", "read_package":
            return b"script"
        case "offers", "fallbacks":
            return FALLBACKS
        case "offers", "decide":
            return {"slots": {"upsell": []}}
        case "profiles", "record":
            events = call.arguments["events"]
            return {"receipts": [{"status": "appended"} for _ in events], "token": {}}
        case _:
            return {"receipts": []}


def away(call: ServiceCall) -> Any:
    raise Unavailable(call.service, "is away")


def send(path: str, example: Example, answering: Any = answer, **headers: str) -> EdgeResponse:
    """The response of a route."""
    (method,) = {route.method for route in ROUTES if route.path == path}
    place = path.replace("{key}", "pub").replace("{source}", "web").replace("{type}", "track")
    given = {"authorization": "Bearer sec", **example.headers, **headers}
    if path.endswith("/standard"):
        given |= standard_headers(example.body)
    received = ReceivedRequest(
        method, place, RECEIVED_AT, query=example.query, headers=given, body=example.body
    )
    response: EdgeResponse = run_steps(serve(ROUTER.find(method, place), received), answering)
    return response


def standard_headers(body: bytes) -> dict[str, str]:
    moment = datetime.fromtimestamp(SECONDS, UTC)
    signature = Webhook(STANDARD_SECRET).sign("m", moment, body.decode())
    return {"webhook-timestamp": str(SECONDS), "webhook-signature": signature}


@pytest.mark.parametrize("path", EVERYBODYS)
def test_what_is_the_same_for_everybody_is_kept_asked_for_again_and_shown_meanwhile(
    path: str,
) -> None:
    response = send(path, EVERYBODYS[path])
    assert response.status == 200
    kept = response.headers["Cache-Control"]
    assert kept.startswith("public, max-age=")
    assert "stale-while-revalidate=" in kept
    assert "stale-if-error=" in kept
    assert not {name.lower() for name in response.headers} & {"set-cookie"}
    again = send(path, EVERYBODYS[path], **{"if-none-match": response.headers["ETag"]})
    assert (again.status, again.body) == (304, None)
    assert again.headers["Cache-Control"] == kept


@pytest.mark.parametrize("path", EVERYBODYS)
def test_what_is_the_same_for_everybody_is_so_whoever_asks(path: str) -> None:
    example = EVERYBODYS[path]
    ones = {
        "authorization": "Basic cHViOg==",
        "cookie": "cdp_id=d-1",
        "x-cdp-user-token": "t",
        "host": "another.example",
        "accept-language": "de",
    }
    bodies = {send(path, example, **more).body for more in ({}, ones)}
    assert len(bodies) == 1


@pytest.mark.parametrize("path", [path for path in PATHS if path not in EVERYBODYS])
def test_every_other_route_answers_for_its_asker_alone(path: str) -> None:
    response = send(path, ONES_OWN.get(path, Example()))
    assert response.status == 200
    assert response.headers["Cache-Control"] == PRIVATE
    assert "ETag" not in response.headers


@pytest.mark.parametrize("path", PATHS)
def test_no_error_is_kept_by_a_cache(path: str) -> None:
    example = EVERYBODYS.get(path) or ONES_OWN.get(path, Example())
    bare = replace(example, headers={}, query={})
    for response in (send(path, example, away), send(path, bare)):
        if response.status >= 400:
            assert response.headers["Cache-Control"] == PRIVATE
    refused = run_steps(preflight({"origin": "https://evil.example"}, "GET"), answer)
    assert refused.headers["Cache-Control"] == PRIVATE


def test_settings_that_depend_on_how_they_were_asked_for_are_kept_by_nobody() -> None:
    def without_address(call: ServiceCall) -> Any:
        if call.method == "find_key":
            return SourceKey("k", replace(SOURCE, settings={}), None)
        return answer(call)

    for path, example in (("/v1/projects/{key}/settings", Example()), ("/sourceConfig", Example())):
        response = send(path, example, without_address)
        assert (response.status, response.headers["Cache-Control"]) == (200, PRIVATE)


def test_a_source_is_told_by_the_key_of_the_address_not_by_that_of_a_header() -> None:
    asked: list[str] = []

    def note(call: ServiceCall) -> Any:
        if call.method == "find_key":
            asked.append(call.arguments["digest"])
        return answer(call)

    for header in ("Basic cHViMjo=", "Bearer pub3"):
        send("/sourceConfig", Example(query={"writeKey": "pub"}), note, authorization=header)
    assert len(set(asked)) == 1


def test_fallbacks_are_those_of_the_placement_or_of_all_in_the_language_that_is_asked_for() -> None:
    calls: list[ServiceCall] = []

    def note(call: ServiceCall) -> Any:
        calls.append(call)
        return answer(call)

    def ask(**query: str) -> EdgeResponse:
        return send("/v1/fallbacks", Example(query=query), note)

    assert b"upsell" in ask().body
    of_checkout = ask(placement="checkout", language="de-AT")
    assert b"upsell" not in of_checkout.body
    assert [dict(call.arguments) for call in calls] == [{}, {"language": "de-AT"}]
    wrong = ask(placement="chekout")
    assert (wrong.status, wrong.body["code"]) == (404, "not_found")
    assert "checkout" in wrong.body["message"]
