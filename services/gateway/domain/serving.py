"""A request from its route to its response: key, body, handler, errors, caches, other origins.

All of it is steps without I/O, as a handler's are: what carries them out is the same for a test,
for the ASGI process and for the embedded suite.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from chassis.core.addresses import split_address
from chassis.core.errors import NotFound, Refused, ServiceError
from services.gateway.domain.documents import read_document
from services.gateway.domain.exchange import EdgeRequest, EdgeResponse, ServiceCall, Steps
from services.gateway.domain.keys import MAX_KEY_CHARS, SERVER_PREFIX, key_digest
from services.gateway.domain.problems import TooLarge, Unauthorized, problem_response
from services.gateway.domain.routes import KeyPlace, Route
from services.gateway.domain.routing import MatchedRoute
from services.gateway.domain.sources import NOBODY, EventSource
from services.gateway.domain.user_tokens import USER_TOKEN_HEADER, verified_user

_MAX_AGE = "7200"  # seconds: browsers keep a preflight no longer
_HEADER_NAMES = re.compile(r"[\w ,-]{1,1000}", re.ASCII)
MAX_PUBLIC_BYTES = 512 * 1024
_LONGEST_SOURCE = 200
_LOGGED_PLACES: tuple[KeyPlace, ...] = ("query", "path")
_PRIVATE = "private, no-store"
_MISSING = "is missing; send a write key by Basic, Bearer or `writeKey`"
_SECRET_MISSING = "is missing; send it as `Authorization: Bearer KEY`, or by Basic"  # noqa: S105 - a message
_UNKNOWN = "opens nothing; `cdp keys list` shows the keys in force"
_TOO_LARGE = (
    f"is larger than {MAX_PUBLIC_BYTES:,} bytes; send less in a request, or with a secret key in"
    " its Authorization header"
)
_LOGGED = (
    "is a secret one, and addresses get into logs: send it as Bearer or Basic, and make another by"
    " `cdp keys rotate`"
)
_NEEDS_SECRET = "must be a secret key of a server; this one is public"  # noqa: S105 - a message


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """An HTTP request as it came, its body inflated; the names of `headers` are in lower case."""

    method: str
    path: str
    received_at: int
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    country: str | None = None


def serve(matched: MatchedRoute, received: ReceivedRequest) -> Steps:
    """The steps of a request up to its response, whatever is wrong with it."""
    source: EventSource | None = None
    document: Any = None
    route = matched.route
    try:
        key = _key(matched, received)
        in_body = not key and "body" in route.places and route.key in ("browser", "server")
        if in_body:
            _check_size(received)
            document = _document(route, received)
            key = _key_in(document)
        source = yield from _source(matched, key)
        _check_origin(source, received.headers)
        if not in_body:  # nothing is parsed for whom nobody knows
            if source.key_kind == "browser":
                _check_size(received)
            document = _document(route, received)
        request = _edge_request(matched, received, source, document)
        response = yield from route.handler(request)
    except ServiceError as error:
        response = problem_response(error)
    try:
        allowed = yield from _allowed_origin(source, received.headers.get("origin"))
    except ServiceError:  # a cache would go on to give pages what they may not read
        allowed, response = None, _uncached(response)
    return finished(response, received.headers, allowed)


def preflight(headers: Mapping[str, str], method: str) -> Steps:
    """The steps of a browser's question whether a page of another origin may ask."""
    try:
        allowed = yield from _allowed_origin(None, headers.get("origin"))
    except ServiceError as error:
        return finished(problem_response(error), headers, None)
    if allowed is None:
        refused = Refused("origin", "is in no source's list; `cdp keys source --origin` sets it")
        return finished(problem_response(refused), headers, None)
    permitted = {
        "Access-Control-Allow-Methods": method,
        "Access-Control-Max-Age": _MAX_AGE,
    }
    asked = headers.get("access-control-request-headers", "")
    if _HEADER_NAMES.fullmatch(asked):
        permitted["Access-Control-Allow-Headers"] = asked  # `*` does not cover Authorization
    return finished(EdgeResponse(204, None, permitted), headers, allowed)


def refusal(error: ServiceError, headers: Mapping[str, str]) -> Steps:
    """The steps of a request that is refused before it is read."""
    try:
        allowed = yield from _allowed_origin(None, headers.get("origin"))
    except ServiceError:
        allowed = None
    return finished(problem_response(error), headers, allowed)


def finished(
    response: EdgeResponse, headers: Mapping[str, str], allowed: str | None
) -> EdgeResponse:
    """A response with what caches and browsers have to know; 304 for whoever has it."""
    given = {"Cache-Control": _PRIVATE, **response.headers}
    if allowed is not None:
        given["Access-Control-Allow-Origin"] = allowed
        given["Access-Control-Allow-Credentials"] = "true"
        given["Access-Control-Expose-Headers"] = "Retry-After"
    if "origin" in headers or given["Cache-Control"] != _PRIVATE:
        given["Vary"] = "Origin"  # also for a cache that was asked by no page first
    etag = given.get("ETag")
    if etag is not None and _is_among(etag, headers.get("if-none-match", "")):
        return EdgeResponse(304, None, given)
    return EdgeResponse(response.status, response.body, given)


def _uncached(response: EdgeResponse) -> EdgeResponse:
    headers = {
        name: value
        for name, value in response.headers.items()
        if name not in ("Cache-Control", "ETag")
    }
    return EdgeResponse(response.status, response.body, headers)


def _is_among(etag: str, asked: str) -> bool:
    """Whether a list of `If-None-Match` has a tag; for that, a weak one is as good."""
    tags = (each.strip().removeprefix("W/") for each in asked.split(","))
    return any(tag in ("*", etag) for tag in tags)


def _check_size(received: ReceivedRequest) -> None:
    """Bound what may come with a public key, or before anybody knows whose it is."""
    if len(received.body) > MAX_PUBLIC_BYTES:
        raise TooLarge("body", _TOO_LARGE)


def _document(route: Route, received: ReceivedRequest) -> Any:
    reads = route.reads_json and route.method == "POST"
    return read_document(received.body) if reads else None


def _source(
    matched: MatchedRoute, key: str
) -> Generator[ServiceCall | list[ServiceCall], Any, EventSource]:
    """Who sends a request; Unauthorized if its key opens nothing."""
    route = matched.route
    if route.key == "none":
        return NOBODY
    if route.key == "source":
        source_id = matched.parameters.get("source", "")
        named: EventSource | None = None
        if len(source_id) <= _LONGEST_SOURCE and source_id.isprintable():
            named = yield ServiceCall("gateway", "load_source", {"source_id": source_id})
        if named is None:
            raise NotFound("source", "is no source; `cdp keys sources` lists them")
        return named
    if not key:
        raise Unauthorized("key", _MISSING if "body" in route.places else _SECRET_MISSING)
    if len(key) > MAX_KEY_CHARS:
        raise Unauthorized("key", _UNKNOWN)
    found = yield ServiceCall("gateway", "find_key", {"digest": key_digest(key)})
    if found is None:
        raise Unauthorized("key", _UNKNOWN)
    source: EventSource = found.source
    if route.key == "server" and source.key_kind != "server":
        raise Refused("key", _NEEDS_SECRET)
    return source


def _key(matched: MatchedRoute, received: ReceivedRequest) -> str:
    """The first key outside of the body where the route looks for one; empty if there is none."""
    for place in matched.route.places:
        if key := _key_at(place, matched, received):
            if place in _LOGGED_PLACES:
                _check_logged(key)
            return key
    if matched.route.key in ("browser", "server"):
        _check_logged(_key_at("query", matched, received))
    return ""


def _check_logged(key: str) -> None:
    """Refused for a secret key in an address, also where no key is looked for there."""
    if key.startswith(SERVER_PREFIX):
        raise Refused("key", _LOGGED)


def _key_in(document: Any) -> str:
    key = document.get("writeKey") if isinstance(document, dict) else None
    return key if isinstance(key, str) else ""


def _key_at(place: KeyPlace, matched: MatchedRoute, received: ReceivedRequest) -> str:
    authorization = received.headers.get("authorization", "")
    scheme, _, credentials = authorization.partition(" ")
    match place:
        case "basic":
            return _basic_user(credentials) if scheme.lower() == "basic" else ""
        case "bearer":
            return credentials.strip() if scheme.lower() == "bearer" else ""
        case "header":
            # Jitsu's SDKs take no key but `key:secret`; what is behind the colon says nothing.
            return received.headers.get("x-write-key", "").partition(":")[0].strip()
        case "query":
            return received.query.get("writeKey", "")
        case "path":
            return matched.parameters.get("key", "")
        case _:
            return ""  # the body: see `_key_in`


def _basic_user(credentials: str) -> str:
    """The user name of Basic credentials, with or without a colon after it."""
    try:
        decoded = base64.b64decode(credentials.strip(), validate=False)
    except (ValueError, binascii.Error):
        return ""
    return decoded.decode("utf-8", "replace").partition(":")[0]


def _check_origin(source: EventSource, headers: Mapping[str, str]) -> None:
    """Refuse a page of an origin that is not one of the source's, if it has a list of them."""
    origin = headers.get("origin")
    if origin is None or not source.allowed_origins or origin in source.allowed_origins:
        return
    if source.key_kind == "browser" and not _is_own_host(origin, headers.get("host")):
        raise Refused(
            "origin", "is not one of the source's; `cdp keys source --origin` sets their list"
        )


def _is_own_host(origin: str, host: str | None) -> bool:
    return split_address(origin).netloc == (host or None)


def _allowed_origin(
    source: EventSource | None, origin: str | None
) -> Generator[ServiceCall | list[ServiceCall], Any, str | None]:
    """The origin of a page that may read the response; of errors, any that some source lists."""
    if origin is None:
        return None
    if source is not None and source is not NOBODY:
        if source.key_kind == "server":
            return None  # a page that has a secret key has been given it by mistake
        return origin if origin in source.allowed_origins else None
    origins = yield ServiceCall("gateway", "all_origins", {})
    return origin if origin in origins else None


def _edge_request(
    matched: MatchedRoute, received: ReceivedRequest, source: EventSource, document: Any
) -> EdgeRequest:
    token = received.headers.get(USER_TOKEN_HEADER)
    if token is None and isinstance(document, dict):
        token = document.get("userToken")
    return EdgeRequest(
        method=received.method,
        path=received.path,
        source=source,
        received_at=received.received_at,
        body=received.body,
        query=received.query,
        headers=received.headers,
        parameters=matched.parameters,
        document=document,
        user_id=verified_user(source, token, received.received_at) if token else None,
        country=received.country,
    )
