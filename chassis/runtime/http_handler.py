"""Calls over HTTP, free of any server: a request in, a response out.

Every response is JSON and private. An error names the field and the fix: 400 the input is wrong,
401 the key is, 404 and 405 there is nothing there, 409 and 403 a rule forbids it, 413 the body is
too large, 500 a fault of ours, 503 the same request can succeed if it is sent again.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chassis.config.door import key_digest
from chassis.core.errors import (
    InvalidInput,
    ServiceError,
    Unavailable,
)
from chassis.core.http_statuses import HTTP_STATUSES
from chassis.core.json import dump_json, load_json

MAX_BODY_BYTES = 64 * 1024
READY_PATH = "/ready"

_BEARER = "bearer "
_PHRASES = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    409: "Conflict",
    413: "Content Too Large",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
_EVERY_RESPONSE = (("Content-Type", "application/json"), ("Cache-Control", "private, no-store"))


class BodyTimeout(Exception):
    """The body of a request did not come in time."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request: its headers have lower-case names, and its body is read only if it is wanted.

    `read_body(most)` gives the body, or `most` bytes of a longer one; it raises BodyTimeout.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    read_body: Callable[[int], bytes]

    @property
    def content_length(self) -> int | None:
        """Bytes of the body, if the client has said how many."""
        text = self.headers.get("content-length", "")
        return int(text) if text.isdecimal() and text.isascii() else None


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A response; `closes` if the connection cannot be used again, as there is a body on it."""

    status: int
    value: Mapping[str, Any]
    headers: Sequence[tuple[str, str]] = ()
    closes: bool = False

    @property
    def status_line(self) -> str:
        """The status as it is sent: `200 OK`."""
        return f"{self.status} {_PHRASES[self.status]}"

    def all_headers(self) -> list[tuple[str, str]]:
        """The headers as they are sent."""
        return [*_EVERY_RESPONSE, *self.headers]

    def body(self) -> bytes:
        """The value as JSON."""
        return dump_json(self.value).encode()


@dataclass(frozen=True, slots=True)
class HttpEndpoint:
    """A call that can be made at a path: `call(argument, headers)`.

    With a `member` the body is an object with that one member, which is the argument; otherwise the
    body itself is.
    """

    call: Callable[[Any, Mapping[str, str]], Any]
    member: str | None = None

    def argument(self, body: Any) -> Any:
        """What the call is made with; InvalidInput if the body does not have it."""
        if self.member is None:
            return body
        if not isinstance(body, dict) or body.keys() != {self.member}:
            raise InvalidInput(self.member, f'must be all of the body: {{"{self.member}": …}}')
        return body[self.member]


@dataclass(frozen=True, slots=True)
class HttpHandler:
    """Answers requests to `endpoints`, by path, whose senders have one of the keys.

    `keys` are SHA-256 digests; `problem()` is in words why no work should be sent, or None.
    """

    endpoints: Mapping[str, HttpEndpoint]
    keys: Sequence[bytes] = field(repr=False)
    problem: Callable[[], str | None]

    def handle(self, request: HttpRequest) -> HttpResponse:
        """The response to a request, whatever is wrong with it."""
        if request.path == READY_PATH:
            return self._ready(request)
        endpoint = self.endpoints.get(request.path)
        if endpoint is None:
            paths = ", ".join([*self.endpoints, READY_PATH])
            return error_response(404, "NotFound", "path", f"is not one of {paths}")
        if request.method != "POST":
            return _wrong_method(request.path, "POST")
        if not self._knows(request.headers.get("authorization", "")):
            return error_response(
                401,
                "Unauthorized",
                "Authorization",
                "must be `Bearer` and a key of this service",
                (("WWW-Authenticate", "Bearer"),),
            )
        return self._answer(endpoint, request)

    def _ready(self, request: HttpRequest) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            return _wrong_method(READY_PATH, "GET")
        problem = self.problem()
        if problem is not None:
            return error_response(503, "Unavailable", "service", problem)
        return HttpResponse(200, {"status": "ready"})

    def _knows(self, authorization: str) -> bool:
        """Whether a key was sent, in a time that does not depend on how much of it is right."""
        is_bearer = authorization[: len(_BEARER)].lower() == _BEARER
        digest = key_digest(authorization[len(_BEARER) :].strip() if is_bearer else "")
        matches = [hmac.compare_digest(digest, key) for key in self.keys]
        return is_bearer and any(matches)

    def _answer(self, endpoint: HttpEndpoint, request: HttpRequest) -> HttpResponse:
        if (request.content_length or 0) > MAX_BODY_BYTES:
            return _TOO_LARGE
        try:
            body = request.read_body(MAX_BODY_BYTES + 1)
        except BodyTimeout:
            return error_response(408, "Timeout", "body", "did not come in time", closes=True)
        if len(body) > MAX_BODY_BYTES:
            return _TOO_LARGE
        try:
            argument = endpoint.argument(_parse(body))
            return HttpResponse(200, endpoint.call(argument, request.headers))
        except ServiceError as error:
            status = next(s for kind, s in HTTP_STATUSES.items() if isinstance(error, kind))
            headers = (("Retry-After", "1"),) if isinstance(error, Unavailable) else ()
            kind = type(error).__name__
            return error_response(status, kind, error.subject, error.message, headers)


def error_response(
    status: int,
    kind: str,
    field_: str,
    message: str,
    headers: Sequence[tuple[str, str]] = (),
    *,
    closes: bool = False,
) -> HttpResponse:
    """What is wrong, in the words of a service's errors: the field, and what to send instead."""
    value = {"error": kind, "field": field_, "message": message}
    return HttpResponse(status, value, headers, closes)


_TOO_LARGE = error_response(
    413, "TooLarge", "body", f"is larger than {MAX_BODY_BYTES:,} bytes; send less", closes=True
)


def _wrong_method(path: str, allowed: str) -> HttpResponse:
    headers = (("Allow", allowed),)
    return error_response(405, "WrongMethod", "method", f"must be {allowed} for {path}", headers)


def _parse(body: bytes) -> Any:
    try:
        return load_json(body)
    except ValueError as error:
        raise InvalidInput("body", f"is not JSON in UTF-8 ({error})") from None
