"""What becomes of a request, whatever its key, body and origin."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest

from chassis.core.errors import Unavailable
from services.gateway import store
from services.gateway.domain.caching import static_handler
from services.gateway.domain.documents import MAX_DEPTH
from services.gateway.domain.exchange import EdgeRequest, EdgeResponse, ServiceCall, Steps
from services.gateway.domain.keys import key_digest, key_prefix, new_key
from services.gateway.domain.problems import (
    TooLarge,
    TooManyRequests,
    WrongMethod,
    problem_response,
)
from services.gateway.domain.routes import WRITE_KEY_PLACES, Route
from services.gateway.domain.routing import Router
from services.gateway.domain.serving import (
    MAX_PUBLIC_BYTES,
    ReceivedRequest,
    preflight,
    refusal,
    serve,
)
from services.gateway.domain.sources import EventSource
from services.gateway.domain.user_tokens import sign_user
from tests.support.gateway_steps import run_steps

NOW = 1_795_000_000_000_000
SHOP = "https://shop.example"
SECRET = "a secret of the shop's back end"
BROWSER = EventSource(
    "web", "Web", "browser", allowed_origins=(SHOP,), token_secrets=("another one", SECRET)
)
SERVER = EventSource("web", "Web", "server", allowed_origins=(SHOP,))
KEYS = {"pub": BROWSER, "sec": SERVER}


def echo(request: EdgeRequest) -> Steps:
    """What a handler sees of a request."""
    yield from ()
    return EdgeResponse(
        body={
            "source": request.source.key_kind,
            "document": request.document,
            "user": request.user_id,
            "parameters": dict(request.parameters),
        }
    )


ROUTES = (
    Route("POST", "/v1/echo", echo, "browser", WRITE_KEY_PLACES),
    Route("POST", "/v1/secret", echo, "server"),
    Route("GET", "/v1/of/{key}/settings", echo, "browser", ("path",)),
    Route("POST", "/hooks/{source}", echo, "source", reads_json=False),
    Route("GET", "/cdp.js", static_handler(b"js", "text/javascript"), "none"),
)


def answer(call: ServiceCall) -> Any:
    """The gateway's own database, as far as these requests ask it."""
    match call.method:
        case "find_key":
            found = {key_digest(key): source for key, source in KEYS.items()}
            source = found.get(call.arguments["digest"])
            return None if source is None else store.SourceKey("k", source, None)
        case "load_source":
            return SERVER if call.arguments["source_id"] == "web" else None
        case _:
            return {SHOP}


def ask(
    method: str = "POST",
    path: str = "/v1/echo",
    body: Any = None,
    answering: Any = answer,
    **headers: str,
) -> EdgeResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return asked(body, {}, named, method, path, answering)


def asked(
    body: Any,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    method: str = "POST",
    path: str = "/v1/echo",
    answering: Any = answer,
) -> EdgeResponse:
    matched = Router(ROUTES).find(method, path)
    content = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
    received = ReceivedRequest(method, path, NOW, query, headers, content)
    return run_steps(serve(matched, received), answering)


def basic(user: str) -> str:
    return "Basic " + base64.b64encode(user.encode()).decode()


@pytest.mark.parametrize(
    ("headers", "query", "body"),
    [
        ({"authorization": basic("pub:")}, {}, {}),
        ({"authorization": basic("pub")}, {}, {}),
        ({"authorization": "bearer pub"}, {}, {}),
        ({"x-write-key": "pub"}, {}, {}),
        ({}, {"writeKey": "pub"}, {}),
        ({}, {}, {"writeKey": "pub"}),
    ],
)
def test_a_key_opens_from_every_place_where_sdks_put_it(
    headers: dict[str, str], query: dict[str, str], body: dict[str, str]
) -> None:
    assert asked(body, query, headers).body["source"] == "browser"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, {}),
        ({"authorization": basic("nobody:")}, {}),
        ({"authorization": "Basic %%%"}, {}),
        ({"authorization": "Bearer " + "x" * 10_000}, {}),
        ({}, {"writeKey": ["pub"]}),
    ],
)
def test_without_a_key_that_opens_there_is_nothing(
    headers: dict[str, str], body: dict[str, Any]
) -> None:
    response = asked(body, {}, headers)
    assert (response.status, response.body["code"]) == (401, "unauthorized")
    assert response.body["message"]


def test_nothing_is_parsed_for_a_key_that_opens_nothing() -> None:
    assert ask(body=b"[" * 5_000, authorization="Bearer nobody").status == 401
    assert asked(b"{", {"writeKey": "nobody"}, {}).status == 401


def test_what_comes_with_a_public_key_or_none_is_bounded() -> None:
    large = b'{"writeKey": "sec", "a": "' + b"x" * MAX_PUBLIC_BYTES + b'"}'
    assert ask(body=large).status == 413
    assert ask(body=large, authorization="Bearer pub").status == 413
    assert ask(body=large, authorization="Bearer sec").status == 200


def test_a_secret_key_in_an_address_is_refused() -> None:
    secret = new_key("server")
    for response in (asked({}, {"writeKey": secret}, {}), ask("GET", f"/v1/of/{secret}/settings")):
        assert response.status == 403
        assert secret not in str(response.body)


@pytest.mark.parametrize("path", ["/v1/echo", "/v1/secret"])
def test_a_secret_key_in_a_query_is_refused_where_no_key_is_looked_for_there(path: str) -> None:
    response = asked({}, {"writeKey": new_key("server")}, {}, path=path)
    assert response.status == 403
    assert "addresses get into logs" in response.body["message"]


def test_who_sends_no_key_is_told_where_this_path_takes_one() -> None:
    assert "writeKey" in ask(path="/v1/echo").body["message"]
    message = asked({}, {"writeKey": "pub"}, {}, path="/v1/secret").body["message"]
    assert "Authorization: Bearer KEY" in message
    assert "writeKey" not in message


def test_no_page_reads_what_a_secret_key_opens() -> None:
    response = ask(authorization="Bearer sec", origin=SHOP)
    assert "Access-Control-Allow-Origin" not in response.headers


@pytest.mark.parametrize("source", ["\0", "x" * 201])
def test_no_database_is_asked_for_a_source_that_cannot_be(source: str) -> None:
    def asked_for(_call: ServiceCall) -> Any:
        raise AssertionError

    assert ask(path=f"/hooks/{source}", body=b"{}", answering=asked_for).status == 404


def test_a_public_key_opens_nothing_that_needs_a_secret_one() -> None:
    assert ask(path="/v1/secret", authorization="Bearer pub").status == 403
    assert ask(path="/v1/secret", authorization="Bearer sec").status == 200


def test_a_key_and_a_source_in_the_path_are_found_there() -> None:
    response = ask("GET", "/v1/of/pub/settings")
    assert (response.body["source"], response.body["parameters"]) == ("browser", {"key": "pub"})
    assert ask(path="/hooks/web", body=b"as it is").body["source"] == "server"
    assert ask(path="/hooks/other", body=b"as it is").status == 404


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe{}",
        b"[" * 5_000 + b"]" * 5_000,
        b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1),
    ],
)
def test_what_is_no_json_or_nested_too_deeply_is_refused(body: bytes) -> None:
    response = ask(body=body, authorization="Bearer pub")
    assert (response.status, response.body.get("field")) == (400, "body")


def test_a_document_may_have_as_many_levels_as_it_may() -> None:
    deep = b'{"a":' * MAX_DEPTH + b"1" + b"}" * MAX_DEPTH
    assert ask(body=deep, authorization="Bearer pub").status == 200


def test_a_mark_of_utf_8_before_the_json_is_tolerated() -> None:
    assert ask(body=b"\xef\xbb\xbf{}", authorization="Bearer pub").status == 200


def test_a_user_token_proves_its_user_from_the_header_or_the_body_and_no_other() -> None:
    token = sign_user(SECRET, "ann", NOW)
    assert ask(authorization="Bearer pub", x_cdp_user_token=token).body["user"] == "ann"
    assert ask(body={"userToken": token}, authorization="Bearer pub").body["user"] == "ann"
    forged = sign_user("not the secret of the shop", "ann", NOW)
    assert ask(authorization="Bearer pub", x_cdp_user_token=forged).body["user"] is None


def test_pages_of_listed_origins_may_read_and_others_may_not_even_ask() -> None:
    allowed = ask(authorization="Bearer pub", origin=SHOP)
    assert allowed.headers["Access-Control-Allow-Origin"] == SHOP
    assert allowed.headers["Vary"] == "Origin"
    refused = ask(authorization="Bearer pub", origin="https://evil.example")
    assert refused.status == 403
    assert "Access-Control-Allow-Origin" not in refused.headers
    own = ask(authorization="Bearer pub", origin="https://cdp.example", host="cdp.example")
    assert own.status == 200


def test_errors_can_be_read_by_the_pages_of_any_source() -> None:
    assert ask(origin=SHOP).headers["Access-Control-Allow-Origin"] == SHOP


def test_a_preflight_echoes_the_names_of_headers_for_listed_origins_alone() -> None:
    headers = {"origin": SHOP, "access-control-request-headers": "authorization,x-retry-count"}
    response = run_steps(preflight(headers, "POST"), answer)
    assert response.status == 204
    assert response.headers["Access-Control-Allow-Headers"] == "authorization,x-retry-count"
    assert response.headers["Access-Control-Max-Age"] == "7200"
    odd = {"origin": SHOP, "access-control-request-headers": "x\r\nSet-Cookie: a=b"}
    assert "Access-Control-Allow-Headers" not in run_steps(preflight(odd, "POST"), answer).headers
    assert run_steps(preflight({"origin": "https://evil.example"}, "POST"), answer).status == 403


def test_what_is_a_persons_is_in_no_cache_and_what_is_everybodys_is_asked_for_again() -> None:
    assert ask(authorization="Bearer pub").headers["Cache-Control"] == "private, no-store"
    script = ask("GET", "/cdp.js")
    assert script.headers["Cache-Control"].startswith("public, max-age=300, stale-while")
    again = ask("GET", "/cdp.js", if_none_match=script.headers["ETag"])
    assert (again.status, again.body) == (304, None)
    assert again.headers["ETag"] == script.headers["ETag"]


def test_a_cache_keeps_what_is_everybodys_by_origin_even_if_no_page_asked_first() -> None:
    assert ask("GET", "/cdp.js").headers["Vary"] == "Origin"


@pytest.mark.parametrize(
    ("asked_for", "status"),
    [("W/{0}", 304), ('"a", {0}', 304), ("*", 304), ('"x{1}"', 200), ('"a"', 200), ("", 200)],
)
def test_a_tag_is_compared_as_a_whole(asked_for: str, status: int) -> None:
    tag = ask("GET", "/cdp.js").headers["ETag"]
    wanted = asked_for.format(tag, tag)
    assert ask("GET", "/cdp.js", if_none_match=wanted).status == status


def test_failures_say_whether_and_when_to_come_again() -> None:
    def away(_call: ServiceCall) -> Any:
        raise Unavailable("database", "did not answer; try again")

    response = ask(answering=away, authorization="Bearer pub")
    assert (response.status, response.headers["Retry-After"]) == (503, "1")

    def limited(_call: ServiceCall) -> Any:
        raise TooManyRequests("key", "has sent too much", 7)

    response = ask(answering=limited, authorization="Bearer pub")
    assert (response.status, response.headers["Retry-After"]) == (429, "7")


def test_what_is_refused_before_it_is_read_closes_the_connection_and_can_be_read_by_pages() -> None:
    response = run_steps(refusal(TooLarge("body", "is too large"), {"origin": SHOP}), answer)
    assert (response.status, response.headers["Connection"]) == (413, "close")
    assert response.headers["Access-Control-Allow-Origin"] == SHOP

    def away(_call: ServiceCall) -> Any:
        raise Unavailable("database", "did not answer; try again")

    silent = run_steps(refusal(TooLarge("body", "is too large"), {"origin": SHOP}), away)
    assert "Access-Control-Allow-Origin" not in silent.headers


def test_no_cache_keeps_what_a_page_may_not_read_only_because_the_database_is_away() -> None:
    def away(_call: ServiceCall) -> Any:
        raise Unavailable("database", "did not answer; try again")

    known = ask("GET", "/cdp.js", origin=SHOP)
    assert known.headers["Access-Control-Allow-Origin"] == SHOP
    assert known.headers["Cache-Control"].startswith("public")
    unknown = ask("GET", "/cdp.js", answering=away, origin=SHOP)
    assert (unknown.status, unknown.body) == (200, b"js")
    assert unknown.headers["Cache-Control"] == "private, no-store"
    assert "ETag" not in unknown.headers
    assert "Access-Control-Allow-Origin" not in unknown.headers
    assert ask("GET", "/cdp.js", answering=away).headers["Cache-Control"].startswith("public")
    assert run_steps(preflight({"origin": SHOP}, "POST"), away).status == 503


def test_an_origin_that_is_none_is_refused_and_so_is_basic_that_is_no_base64() -> None:
    odd = ask(authorization="Bearer pub", origin="http://[::", host="cdp.example")
    assert odd.status == 403
    assert ask(authorization="Basic a").status == 401
    assert ask(authorization="Basic \u00e4").status == 401


def test_a_path_is_found_by_its_method_and_named_by_its_pattern() -> None:
    router = Router(ROUTES)
    assert router.template("HEAD", "/cdp.js") == "/cdp.js"
    assert router.template("GET", "/v1/of/a-key/settings") == "/v1/of/{key}/settings"
    assert router.template("GET", "/v1/of/a/b/settings") == "other"
    for method, path, allowed in (
        ("DELETE", "/v1/echo", "POST"),
        ("POST", "/v1/of/a-key/settings", "GET"),
    ):
        with pytest.raises(WrongMethod) as refused:
            router.find(method, path)
        assert problem_response(refused.value).headers["Allow"] == allowed


def test_keys_say_their_kind_and_are_never_alike() -> None:
    assert new_key("browser").startswith("cdp_pub_")
    assert new_key("server").startswith("cdp_sec_")
    assert len({new_key("server") for _ in range(100)}) == 100
    assert key_prefix("cdp_pub_0123456789").startswith("cdp_pub_0")
