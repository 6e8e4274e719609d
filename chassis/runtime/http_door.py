"""The HTTP door of a service: some of its calls over HTTP, from within its own process.

It needs neither the broker nor its exchange: what is called is the same method as over RPC, with
the same dependencies, in a greenlet of the connection. Calls take turns, as many at once as there
are workers for RPC: else those that come would hold up those under way. A method may have an
overflow, which answers at once what finds no turn. Methods that may wait long take no turn, and
have a limit of their own to how many are called at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

import structlog
from eventlet.semaphore import Semaphore
from nameko.containers import WorkerContext
from nameko.extensions import Entrypoint, SharedExtension

from chassis.core.errors import Failure, ServiceError, Unavailable
from chassis.observability.monitoring import database_problem
from chassis.observability.tracing import TRACEPARENT, parse_traceparent
from chassis.runtime.http_handler import HttpEndpoint, HttpHandler
from chassis.runtime.http_server import HttpServer
from chassis.runtime.overflow import Overflow, answer_at_once, find_overflow
from chassis.runtime.shared import SharedResources, tracer_of

F = TypeVar("F", bound=Callable[..., Any])

_STOP_SECONDS = 12.0
_KNOWN_SECONDS = 1.0

_log = structlog.get_logger("http")


class HttpDoor(SharedExtension):
    """The server of a container, if its settings have an address for one and it answers calls."""

    shared = SharedResources()

    def __init__(self) -> None:
        super().__init__()
        self.turns: Any = None
        self._endpoints: dict[str, HttpEndpoint] = {}
        self._server: HttpServer | None = None
        self._is_stopping = False
        self._problem: str | None = None
        self._known_at = float("-inf")

    def add(self, path: str, endpoint: HttpEndpoint) -> None:
        """Answer calls at `path`; to be called before the container starts."""
        self._endpoints[path] = endpoint

    def setup(self) -> None:
        settings = self.shared.settings()
        self.turns = Semaphore(settings.workers)
        if settings.door_address is None or not settings.serves_rpc:
            return
        handler = HttpHandler(self._endpoints, settings.door_keys, self._why_not_ready)
        host, port = settings.door_address
        try:
            self._server = HttpServer((host, port), handler.handle)
        except OSError as error:
            variable = f"CDP_{settings.service.upper()}_HTTP"
            raise Unavailable(variable, f"{host}:{port} cannot be opened: {error}") from None

    def start(self) -> None:
        if self._server is not None:
            self._server.start()
            host, port = self._server.address
            _log.info("listening", service=self.shared.settings().service, host=host, port=port)

    def address(self) -> tuple[str, int] | None:
        """Where the door is open; None if there is none."""
        return self._server.address if self._server else None

    def close(self) -> None:
        """Take no more requests, and wait until those under way are answered."""
        self._is_stopping = True
        if self._server is not None:
            self._server.stop(_STOP_SECONDS)

    def _why_not_ready(self) -> str | None:
        if self._is_stopping:
            return "is stopping; try another address"
        if time.monotonic() - self._known_at > _KNOWN_SECONDS:
            self._known_at = time.monotonic()  # one asks, the others take what was known before
            problem = database_problem(self.shared.unit_of_work_runner())
            self._problem = problem and "cannot use its database: decisions are fallback blocks"
            self._known_at = time.monotonic()
        return self._problem


class Http(Entrypoint):
    """An entry point over HTTP: `POST path` calls the method with the body.

    With `member` its argument is that member of the body. With `most_at_once` calls above that are
    told to try again: for methods that wait for the database as long as it takes. `overflow` is the
    name of the service's resource that answers calls above the capacity.
    """

    door = HttpDoor()
    shared = SharedResources()

    def __init__(
        self,
        path: str,
        member: str | None = None,
        most_at_once: int | None = None,
        overflow: str | None = None,
    ) -> None:
        super().__init__(expected_exceptions=(ServiceError,))
        self._path = path
        self._member = member
        self._most_at_once = most_at_once
        self._overflow_name = overflow
        self._overflow: Overflow | None = None
        self._busy = 0

    def setup(self) -> None:
        call = self._call_in_turn if self._most_at_once is None else self._call_bounded
        self.door.add(self._path, HttpEndpoint(call, self._member))

    def start(self) -> None:
        self._overflow = find_overflow(self.container, self._overflow_name)

    def stop(self) -> None:
        self.door.close()

    def _call_in_turn(self, argument: Any, headers: Mapping[str, str]) -> Any:
        overflow = self._overflow
        if overflow and (self.door.turns.locked() or not overflow.has_room()):
            return answer_at_once(overflow, argument, self.shared, self.container.service_name)
        with self.door.turns:
            return self._call(argument, headers)

    def _call_bounded(self, argument: Any, headers: Mapping[str, str]) -> Any:
        if self._busy >= (self._most_at_once or 1):
            raise Unavailable(self._path, "has as many calls under way as it takes; try again")
        self._busy += 1
        try:
            return self._call(argument, headers)
        finally:
            self._busy -= 1

    def _call(self, argument: Any, headers: Mapping[str, str]) -> Any:
        container = self.container
        context = WorkerContext(container, container.service_cls(), self, (argument,))
        outcome: list[Any] = []

        def take(_context: Any, result: Any, exc_info: Any) -> Any:
            if exc_info is not None:
                span.fail(exc_info[1])
            outcome[:] = result, exc_info
            return result, exc_info

        caller = parse_traceparent(headers.get(TRACEPARENT))
        with tracer_of(container).serving(self.method_name, caller) as span:
            container._run_worker(context, take)  # noqa: SLF001 - in this greenlet, not in the pool
        result, exc_info = outcome
        if exc_info is None:
            return result
        error = exc_info[1]
        if isinstance(error, ServiceError):
            raise error
        raise Failure(container.service_name, f"failed; its log has it under {context.call_id}")


def http(
    path: str,
    *,
    member: str | None = None,
    most_at_once: int | None = None,
    overflow: str | None = None,
) -> Callable[[F], F]:
    """Make a method of a service callable by `POST path`, see `Http`."""
    decorator = Http.decorator(path, member=member, most_at_once=most_at_once, overflow=overflow)
    return cast("Callable[[F], F]", decorator)
