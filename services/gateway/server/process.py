"""A process of the gateway: builds what it needs, serves until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import structlog
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route as AsgiRoute
from starlette.types import ASGIApp

from chassis.config.sealing import Seal
from chassis.core.clock import corrected
from chassis.core.errors import Unavailable
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from chassis.observability.tracing import Tracer
from services.gateway.commands import SEAL_PURPOSE, OwnCalls
from services.gateway.configuration import GatewaySettings
from services.gateway.domain.routes import Route
from services.gateway.domain.routing import Router
from services.gateway.server.app import EdgeApplication
from services.gateway.server.bounds import RequestBounds
from services.gateway.server.budget import BodyBudget
from services.gateway.server.calls import Services
from services.gateway.server.connections import Connections
from services.gateway.server.door import HttpDoorClient
from services.gateway.server.limits import AtOnceLimit, DailyAllowance, RateLimit
from services.gateway.server.monitoring import Health, health, monitor, wrong_method
from services.gateway.server.own_calls import THREADS, OwnDatabase
from services.gateway.server.protocol import BoundedHttpProtocol
from services.gateway.server.proxies import TrustedProxies
from services.gateway.server.rpc import RpcClient
from services.gateway.server.settling import settle_webhooks

_BACKLOG = 512
_MOST_CONNECTIONS = 2_000
_MOST_OF_OPERATORS = 100
_IDLE_SECONDS = 60
_STOP_SECONDS = 10
_CANCELLATIONS, _CANCEL_SECONDS = 5, 1.0
_PAUSE_SECONDS = 2.0

_log = structlog.get_logger("gateway")


@dataclass(frozen=True, slots=True)
class GatewayParts:
    """What a process of the gateway consists of."""

    rpc: RpcClient
    own: OwnDatabase
    edge: EdgeApplication
    health: Health
    database: Database
    door: HttpDoorClient | None

    async def run(self) -> None:
        """What goes on beside the requests, for ever."""
        settling = partial(settle_webhooks, self.edge.services)
        await asyncio.gather(_keep_up(self.rpc.run), _keep_up(self.own.run), _keep_up(settling))

    async def close(self) -> None:
        """Give back what is open."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_STOP_SECONDS):
                await self.own.flush()
        self.own.close()
        if self.door is not None:
            self.door.close()
        self.database.close()


def build(settings: GatewaySettings, routes: Sequence[Route], tracer: Tracer) -> GatewayParts:
    """The parts of a process; nothing is connected yet. To be called within the event loop."""
    common = settings.common
    database = Database(common.database_uri, pool_size=THREADS)
    clock = corrected(common.clock)
    work = UnitOfWorkRunner(database, common.service, clock)
    calls = OwnCalls(work, Seal(common.identifier_key, SEAL_PURPOSE), settings.node_modules)
    rpc = RpcClient(common.amqp_uri)
    own = OwnDatabase(
        calls, RateLimit("key", settings.key_rate), DailyAllowance(settings.reject_bytes)
    )
    door = HttpDoorClient(settings.offers, settings.offers_key) if settings.offers else None
    edge = EdgeApplication(
        router=Router(routes),
        services=Services(rpc, own, door),
        bounds=RequestBounds(
            RateLimit("address", settings.address_rate),
            AtOnceLimit(settings.address_connections),
            BodyBudget(settings.body_bytes),
        ),
        clock=clock,
        tracer=tracer,
        country_header=settings.country_header,
    )
    return GatewayParts(rpc, own, edge, Health(rpc, own), database, door)


def application(parts: GatewayParts) -> Starlette:
    """The public ASGI application; its lifespan runs what goes on beside the requests."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        background = asyncio.create_task(parts.run())
        background.add_done_callback(_note_end)
        try:
            yield
        finally:
            await end([background])
            await parts.close()

    app = Starlette(
        routes=[
            AsgiRoute("/healthz", health),
            AsgiRoute("/ready", parts.health.ready_for_all),
        ],
        exception_handlers={HTTPException: wrong_method},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.router.default = parts.edge  # for a pattern, a path with a line break would be none
    return app


async def end(tasks: Collection[asyncio.Task[Any]], seconds: float = _CANCEL_SECONDS) -> None:
    """Cancel tasks until they end, but not for ever.

    Once is not enough: before Python 3.12, `wait_for` keeps a cancellation to itself that comes
    together with what it waits for, and libraries use it.
    """
    left = set(tasks)
    for _ in range(_CANCELLATIONS if left else 0):
        for task in left:
            task.cancel()
        _done, left = await asyncio.wait(left, timeout=seconds)
        if not left:
            return
    for task in left:
        _log.warning("task_does_not_end", task=getattr(task.get_coro(), "__qualname__", ""))


def serve_until_stopped(settings: GatewaySettings, routes: Sequence[Route], tracer: Tracer) -> None:
    """Serve HTTP until SIGTERM or SIGINT: requests under way are answered.

    Not by `asyncio.run`: it waits without end for a task that does not heed its cancellation, and
    the broker's client has such ones when its connection is lost in that moment.
    """
    loop = uvloop.new_event_loop()
    try:
        loop.run_until_complete(_serve(settings, routes, tracer))
    finally:
        loop.run_until_complete(end(asyncio.all_tasks(loop)))
        loop.close()


async def _serve(settings: GatewaySettings, routes: Sequence[Route], tracer: Tracer) -> None:
    parts = build(settings, routes, tracer)
    public = TrustedProxies(application(parts), settings.proxies, settings.country_header)
    connections = Connections(_MOST_CONNECTIONS, settings.address_connections, public.trusts)
    servers = {_server(public, connections): _opened(settings.address)}
    if settings.common.http_port:
        address = ("0.0.0.0", settings.common.http_port)  # noqa: S104 - a container's port
        of_operators = Connections(_MOST_OF_OPERATORS, _MOST_OF_OPERATORS)
        servers[_server(monitor(parts.health), of_operators)] = _opened(address)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop_all, list(servers))
    host, port = next(iter(servers.values())).getsockname()[:2]
    _log.info("listening", service="gateway", host=host, port=port)
    await asyncio.gather(*(server.serve([opened]) for server, opened in servers.items()))


def _opened(address: tuple[str, int]) -> socket.socket:
    """A socket that listens at an address; Unavailable if it cannot be opened."""
    host, port = address
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server(address, family=family, backlog=_BACKLOG)
    except OSError as error:
        raise Unavailable("CDP_GATEWAY_HTTP", f"{host}:{port} cannot be opened: {error}") from None


class _Server(uvicorn.Server):
    """uvicorn's, which leaves signals alone: it would end the process by the one it got."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing is captured here."""
        yield


def _stop_all(servers: Sequence[uvicorn.Server]) -> None:
    for server in servers:
        server.should_exit = True


def _server(app: ASGIApp, connections: Connections) -> _Server:
    return _Server(
        uvicorn.Config(
            cast("Any", app),
            http=cast("Any", partial(BoundedHttpProtocol, connections=connections)),
            ws="none",
            loop="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # see TrustedProxies
            backlog=_BACKLOG,
            timeout_keep_alive=_IDLE_SECONDS,
            timeout_graceful_shutdown=_STOP_SECONDS,
        )
    )


async def _keep_up(run: Callable[[], Awaitable[None]]) -> None:
    """Run something for ever, whatever becomes of it: without it the process is of no use."""
    while True:
        try:
            await run()
        except Exception as error:  # noqa: BLE001 - nobody has thought of it
            _log.error("background_failed", exc_info=error)
        await asyncio.sleep(_PAUSE_SECONDS)


def _note_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("background_ended", exc_info=error)
