"""The ASGI application: reads a request within its limits, has it served, sends the response."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import structlog
from starlette.types import Receive, Scope, Send

from chassis.core.clock import Clock
from chassis.core.errors import Failure, InvalidInput, ServiceError
from chassis.core.event import new_id
from chassis.core.json import dump_json
from chassis.observability.tracing import TRACEPARENT, Tracer, current, parse_traceparent
from services.gateway.domain.exchange import EdgeResponse, Steps
from services.gateway.domain.problems import problem_response
from services.gateway.domain.routing import Router
from services.gateway.domain.serving import ReceivedRequest, finished, preflight, refusal, serve
from services.gateway.server.bodies import ClientGone, read_body
from services.gateway.server.bounds import RequestBounds
from services.gateway.server.budget import BodyAccount
from services.gateway.server.calls import CallOrigin, Services
from services.gateway.server.metrics import REQUESTS

_MOST_FIELDS = 100
_REQUEST_ID = re.compile(r"[\w.:-]{1,100}", re.ASCII)
_COUNTRY = re.compile(r"[A-Za-z]{2}")
_JSON = "application/json"

_log = structlog.get_logger("gateway")


@dataclass(frozen=True, slots=True)
class EdgeApplication:
    """Answers every request: an ASGI application without a state of its own."""

    router: Router
    services: Services
    bounds: RequestBounds
    clock: Clock
    tracer: Tracer
    country_header: str | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        began = time.perf_counter()
        headers = _headers(scope)
        request_id = _request_id(headers)
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        path = self.router.template(_asked_method(method, headers), scope["path"])
        trace = parse_traceparent(headers.get(TRACEPARENT))
        with (
            structlog.contextvars.bound_contextvars(request_id=request_id),
            self.tracer.serving(f"{method} {path}", trace) as span,
        ):
            try:
                response = await self._respond(scope, headers, receive, request_id)
            except ClientGone:
                return
            except Exception as error:  # noqa: BLE001 - a fault of ours, and the client is to know
                span.fail(error)
                _log.error("request_failed", path=path, exc_info=error)
                failure = Failure("server", f"failed; its log has it under {request_id}")
                response = finished(problem_response(failure), headers, None)
            _timer(path, response.status).observe(time.perf_counter() - began)
            await _send(send, response, request_id)

    async def _respond(
        self, scope: Scope, headers: Mapping[str, str], receive: Receive, request_id: str
    ) -> EdgeResponse:
        trace = current()
        origin = CallOrigin(f"gateway.http.{request_id}", trace.traceparent if trace else None)
        client = scope.get("client")
        try:
            with self.bounds.admit(client[0] if client else "") as account:
                steps = await self._steps(scope, headers, receive, account)
                response = await self.services.carry_out(steps, origin, account.size)
                account.is_in_vain = 400 <= response.status < 500
                return response
        except ServiceError as error:
            return await self.services.carry_out(refusal(error, headers), origin)

    async def _steps(
        self, scope: Scope, headers: Mapping[str, str], receive: Receive, account: BodyAccount
    ) -> Steps:
        """The steps of a request, once its body is read; a ServiceError if that cannot be."""
        method = scope["method"]
        asked = headers.get("access-control-request-method")
        if method == "OPTIONS" and asked is not None:
            self.router.find(asked, scope["path"])
            return preflight(headers, asked)
        matched = self.router.find(method, scope["path"])
        body = b""
        if matched.route.method == "POST":
            body = await read_body(receive, headers, matched.route.max_bytes, account)
        received = ReceivedRequest(
            method=matched.route.method,
            path=scope["path"],
            received_at=self.clock.now(),
            query=_query(scope),
            headers=headers,
            body=body,
            country=self._country(headers),
        )
        return serve(matched, received)

    def _country(self, headers: Mapping[str, str]) -> str | None:
        """The country that a trusted proxy has told; XX and T1 are what proxies call none."""
        code = headers.get(self.country_header or "", "").strip()
        known = _COUNTRY.fullmatch(code) and code.upper() not in ("XX", "T1")
        return code.upper() if known else None


@lru_cache(maxsize=1_000)
def _timer(path: str, status: int) -> Any:
    """The part of the histogram that is of a path and a status: to look it up takes its time."""
    return REQUESTS.labels(path, str(status))


def _headers(scope: Scope) -> dict[str, str]:
    """The headers by name; of one that came twice the values together, as HTTP has it."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _asked_method(method: str, headers: Mapping[str, str]) -> str:
    return headers.get("access-control-request-method", method) if method == "OPTIONS" else method


def _query(scope: Scope) -> dict[str, str]:
    """The fields of the query; of one that came twice the last."""
    try:
        text = scope["query_string"].decode("ascii")
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise InvalidInput("query", f"must be at most {_MOST_FIELDS} fields, encoded") from None


def _request_id(headers: Mapping[str, str]) -> str:
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else new_id()


async def _send(send: Send, response: EdgeResponse, request_id: str) -> None:
    body = response.body
    media_type = _JSON
    if body is None:
        content = b""
    elif isinstance(body, bytes):
        content = body
    elif isinstance(body, str):
        content, media_type = body.encode(), "text/plain; charset=utf-8"
    else:
        content = dump_json(body).encode()
    headers: MutableMapping[str, str] = {"X-Request-Id": request_id, **response.headers}
    if content:
        headers.setdefault("Content-Type", media_type)
        headers.setdefault("X-Content-Type-Options", "nosniff")
    if response.status not in (204, 304):
        headers["Content-Length"] = str(len(content))
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    start: dict[str, Any] = {
        "type": "http.response.start",
        "status": response.status,
        "headers": raw,
    }
    await send(start)
    await send({"type": "http.response.body", "body": content})
