"""`/health`, `/ready` and `/metrics` for operators, on a port of their own."""

from __future__ import annotations

import asyncio
from math import nan

from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route as AsgiRoute

from services.gateway.domain.problems import WrongMethod, problem_response
from services.gateway.server.caches import ShortCache
from services.gateway.server.metrics import READY, WEBHOOKS_WAITING
from services.gateway.server.own_calls import OwnDatabase
from services.gateway.server.rpc import RpcClient

_SCRAPE_SECONDS = 1.5
_SECONDS = 1.0  # anybody may ask, and as often as they like
_ANSWER_SECONDS = 10.0  # longer than the database may take: what was true before is no answer


class Health:
    """Whether the process can do its work, and what it measures."""

    def __init__(self, rpc: RpcClient, own: OwnDatabase) -> None:
        self._rpc = rpc
        self._database: ShortCache[str | None] = ShortCache(
            lambda _name: own.problem(), most=1, seconds=_SECONDS, patience=_ANSWER_SECONDS
        )
        self._waiting: ShortCache[float] = ShortCache(
            lambda _name: own.waiting_age(), most=1, seconds=_SECONDS, patience=_ANSWER_SECONDS
        )

    async def problem(self) -> str | None:
        """In words why no request should be sent here; None if all is well."""
        problems = [await self._database.get(""), self._rpc.problem]
        return "; ".join(filter(None, problems)) or None

    async def ready(self, _request: Request) -> Response:
        """200 if work can be sent, else 503 and why not: for operators."""
        problem = await self.problem()
        status = 200 if problem is None else 503
        return JSONResponse({"gateway": problem or "ready"}, status)

    async def ready_for_all(self, _request: Request) -> Response:
        """The same without the reason: for load balancers, on the public port."""
        is_ready = await self.problem() is None
        body = {"status": "ready" if is_ready else "unavailable"}
        return JSONResponse(body, 200 if is_ready else 503, {"Cache-Control": "no-store"})

    async def metrics(self, _request: Request) -> Response:
        """Prometheus' text format, within two seconds even if the database hangs."""
        try:
            async with asyncio.timeout(_SCRAPE_SECONDS):
                problem, age = await asyncio.gather(self.problem(), self._waiting.get(""))
        except TimeoutError:
            problem, age = "database: takes too long", nan
        READY.set(problem is None)
        WEBHOOKS_WAITING.set(age)
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def health(_request: Request) -> Response:
    """The loop turns, or there is no response at all."""
    return PlainTextResponse("ok\n", headers={"Cache-Control": "no-store"})


async def wrong_method(request: Request, _error: Exception) -> Response:
    """What is said of any other way to ask, as the rest of the gateway says it."""
    error = WrongMethod("GET", f"is how {request.url.path} is asked")
    problem = problem_response(error)
    headers = {**problem.headers, "Cache-Control": "no-store"}
    return JSONResponse(problem.body, problem.status, headers)


def monitor(state: Health) -> Starlette:
    """The application of the operators' port."""
    return Starlette(
        routes=[
            AsgiRoute("/health", health),
            AsgiRoute("/ready", state.ready),
            AsgiRoute("/metrics", state.metrics),
        ]
    )
