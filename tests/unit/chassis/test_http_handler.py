from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from chassis import InvalidInput, Unavailable
from chassis.config.door import key_digest
from chassis.core.errors import Conflict, Failure, NotFound, Refused
from chassis.runtime.http_handler import (
    MAX_BODY_BYTES,
    BodyTimeout,
    HttpEndpoint,
    HttpHandler,
    HttpRequest,
    HttpResponse,
)

KEYS = ("the key of the shop's server", "the one that follows it")


def raising(error: Exception) -> Any:
    def call(_argument: Any, _headers: Mapping[str, str]) -> Any:
        raise error

    return call


ENDPOINTS = {
    "/echo": HttpEndpoint(lambda argument, headers: {"argument": argument, "trace": dict(headers)}),
    "/list": HttpEndpoint(lambda argument, _headers: {"argument": argument}, member="items"),
    "/wrong": HttpEndpoint(raising(InvalidInput("placement", "is missing: name one"))),
    "/unknown": HttpEndpoint(raising(NotFound("decision", "is not in the log"))),
    "/refused": HttpEndpoint(raising(Refused("cap", "is used up"))),
    "/conflict": HttpEndpoint(raising(Conflict("id", "is another's"))),
    "/broken": HttpEndpoint(raising(Failure("offers", "failed; its log has it"))),
    "/away": HttpEndpoint(raising(Unavailable("database", "takes too long"))),
}


def handler(problem: str | None = None) -> HttpHandler:
    return HttpHandler(ENDPOINTS, [key_digest(key) for key in KEYS], lambda: problem)


def send(
    path: str,
    body: bytes = b"{}",
    method: str = "POST",
    key: str | None = KEYS[0],
    **headers: str,
) -> HttpResponse:
    known = {"content-length": str(len(body)), **headers}
    if key is not None:
        known["authorization"] = f"Bearer {key}"
    return handler().handle(HttpRequest(method, path, known, lambda most: body[:most]))


def unread(_most: int) -> bytes:
    raise AssertionError("the body was read")


def test_a_call_gets_the_body_and_its_result_is_the_response() -> None:
    response = send("/echo", b'{"placement": "checkout", "caf\xc3\xa9": [1.5, null]}')
    assert response.status_line == "200 OK"
    assert response.value["argument"] == {"placement": "checkout", "café": [1.5, None]}
    assert not response.closes


def test_a_call_with_a_member_gets_that_alone() -> None:
    assert send("/list", b'{"items": [1]}').value == {"argument": [1]}
    for body in (b"[1]", b"{}", b'{"items": [1], "more": 2}', b'{"item": [1]}'):
        response = send("/list", body)
        assert (response.status, response.value["field"]) == (400, "items")
        assert '{"items": …}' in response.value["message"]


def test_every_response_is_json_and_nobody_else_may_keep_it() -> None:
    for response in (send("/echo"), send("/nowhere"), send("/echo", key="wrong"), send("/away")):
        headers = dict(response.all_headers())
        assert headers["Content-Type"] == "application/json"
        assert headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("key", KEYS)
def test_each_of_the_keys_is_one(key: str) -> None:
    assert send("/echo", key=key).status == 200
    assert send("/echo", key=None, authorization=f"bearer  {key} ").status == 200


@pytest.mark.parametrize(
    "sent",
    ["", "Bearer", "Bearer ", "Basic dXNlcg==", KEYS[0], f"Bearer {KEYS[0]}x", "Bearer \udcff"],
)
def test_without_a_key_nothing_is_read_and_the_key_is_not_repeated(sent: str) -> None:
    request = HttpRequest("POST", "/echo", {"authorization": sent}, unread)
    response = handler().handle(request)
    assert (response.status, response.value["field"]) == (401, "Authorization")
    assert ("WWW-Authenticate", "Bearer") in response.headers
    assert KEYS[0] not in response.value["message"]


def test_a_handler_shows_no_keys() -> None:
    assert str(key_digest(KEYS[0])) not in repr(handler())


def test_an_unknown_path_says_which_there_are() -> None:
    response = send("/v1/decide")
    assert response.status == 404
    assert "/echo" in response.value["message"]
    assert "/ready" in response.value["message"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "BREW"])
def test_a_call_is_a_post(method: str) -> None:
    response = send("/echo", method=method)
    assert (response.status, response.headers) == (405, (("Allow", "POST"),))


def test_a_body_too_large_is_not_read() -> None:
    headers = {"authorization": f"Bearer {KEYS[0]}", "content-length": str(MAX_BODY_BYTES + 1)}
    response = handler().handle(HttpRequest("POST", "/echo", headers, unread))
    assert (response.status, response.closes) == (413, True)
    assert "65,536" in response.value["message"]


def test_a_body_that_does_not_say_how_large_it_is_ends_at_the_limit() -> None:
    def read(most: int) -> bytes:
        assert most == MAX_BODY_BYTES + 1
        return b" " * most

    headers = {"authorization": f"Bearer {KEYS[0]}"}
    assert handler().handle(HttpRequest("POST", "/echo", headers, read)).status == 413


def test_the_largest_body_is_taken() -> None:
    assert send("/echo", b'"' + b"x" * (MAX_BODY_BYTES - 2) + b'"').status == 200


def test_a_body_that_does_not_come_is_a_timeout() -> None:
    def read(_most: int) -> bytes:
        raise BodyTimeout

    headers = {"authorization": f"Bearer {KEYS[0]}"}
    response = handler().handle(HttpRequest("POST", "/echo", headers, read))
    assert (response.status, response.closes) == (408, True)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff", b'{"a": NaN}', b"[1e999]", b"[" * 60_000, b"placement=checkout"],
)
def test_what_is_not_json_is_said_to_be_none(body: bytes) -> None:
    response = send("/echo", body)
    assert (response.status, response.value["field"]) == (400, "body")
    assert "is not JSON" in response.value["message"]


@pytest.mark.parametrize(
    ("path", "status", "kind", "field"),
    [
        ("/wrong", 400, "InvalidInput", "placement"),
        ("/refused", 403, "Refused", "cap"),
        ("/unknown", 404, "NotFound", "decision"),
        ("/conflict", 409, "Conflict", "id"),
        ("/broken", 500, "Failure", "offers"),
        ("/away", 503, "Unavailable", "database"),
    ],
)
def test_what_a_call_raises_is_told_in_its_words(
    path: str, status: int, kind: str, field: str
) -> None:
    response = send(path)
    assert (response.status, response.value["error"], response.value["field"]) == (
        status,
        kind,
        field,
    )
    assert response.value["message"]


def test_only_what_can_succeed_when_it_is_sent_again_says_so() -> None:
    assert send("/away").headers == (("Retry-After", "1"),)
    assert send("/broken").headers == ()


def ready(problem: str | None, method: str = "GET") -> HttpResponse:
    return handler(problem).handle(HttpRequest(method, "/ready", {}, unread))


def test_whoever_asks_for_readiness_needs_no_key() -> None:
    assert (ready(None).status, ready(None).value) == (200, {"status": "ready"})
    assert ready(None, "HEAD").status == 200
    assert ready("is stopping").status == 503
    assert ready("is stopping").value["message"] == "is stopping"
    assert ready(None, "POST").status == 405
