"""What nameko gives the methods of a service: its units of work, settings, logger and resources.

Timers are here as well, and what a service does once, when it starts.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar, cast

import eventlet
import structlog
from nameko.extensions import DependencyProvider
from nameko.timer import Timer

from chassis.config.settings import Settings
from chassis.core.errors import Unavailable
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from chassis.observability.metrics import WORKER_SECONDS
from chassis.observability.tracing import current
from chassis.runtime.broker_watch import BrokerWatch
from chassis.runtime.http_door import Http
from chassis.runtime.remote import made_in_background
from chassis.runtime.rpc import Rpc
from chassis.runtime.shared import SharedResources

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])
_START_SECONDS = 1.0
_STOP_SECONDS = 3.0


class UnitOfWorkProvider(DependencyProvider):
    """The service's units of work; their events carry the call's correlation id and trace."""

    shared = SharedResources()
    broker_watch = BrokerWatch()

    def get_dependency(self, worker_ctx: Any) -> UnitOfWorkRunner:
        trace = current()
        return self.shared.unit_of_work_runner().with_correlation(
            worker_ctx.call_id_stack[0], trace.traceparent if trace else None
        )


class SettingsProvider(DependencyProvider):
    """The service's settings."""

    shared = SharedResources()

    def get_dependency(self, worker_ctx: Any) -> Settings:
        del worker_ctx
        return self.shared.settings()


class LogProvider(DependencyProvider):
    """A logger bound to the service, the entry point and the correlation id of the call."""

    shared = SharedResources()

    def __init__(self) -> None:
        self._started: dict[Any, float] = {}

    def get_dependency(self, worker_ctx: Any) -> Any:
        return structlog.get_logger(
            service=worker_ctx.service_name,
            entry_point=worker_ctx.entrypoint.method_name,
            correlation_id=worker_ctx.call_id_stack[0],
        )

    def worker_setup(self, worker_ctx: Any) -> None:
        self._started[worker_ctx] = time.monotonic()

    def worker_result(self, worker_ctx: Any, result: Any = None, exc_info: Any = None) -> None:
        del result
        seconds = time.monotonic() - self._started.pop(worker_ctx, time.monotonic())
        error = type(exc_info[1]).__name__ if exc_info else None
        method = worker_ctx.entrypoint.method_name
        WORKER_SECONDS.labels(worker_ctx.service_name, method, error or "ok").observe(seconds)
        log = self.get_dependency(worker_ctx)
        if error:
            # What else is refused may quote what a caller sent.
            why = {"reason": str(exc_info[1])} if isinstance(exc_info[1], Unavailable) else {}
            log.info("refused", error=error, **why, ms=round(1_000 * seconds, 2))
        elif isinstance(worker_ctx.entrypoint, Rpc | Http) and not made_in_background(worker_ctx):
            log.info("answered", ms=round(1_000 * seconds, 2))
        else:
            log.debug("done", ms=round(1_000 * seconds, 2))


class Resource(DependencyProvider, Generic[T]):
    """Something built once, when the service starts, from its settings.

    If `factory` raises a ServiceError, the service does not start, and the message is shown.
    """

    shared = SharedResources()

    def __init__(self, factory: Callable[[Settings], T]) -> None:
        self._factory = factory

    def setup(self) -> None:
        self._resource = self._factory(self.shared.settings())

    def get_dependency(self, worker_ctx: Any) -> T:
        del worker_ctx
        return self._resource


class BackgroundWorker(Protocol):
    """What works in a greenlet of its own while a service runs."""

    def run(self) -> None:
        """Work for ever; an error kills the service."""
        ...

    def stop(self, seconds: float) -> None:
        """Finish what has begun, within so many seconds."""
        ...


class Background(DependencyProvider):
    """A worker in the background, built once when the service starts: `factory(settings, runner)`.

    It is stopped once the last call has been answered, while the database is still open. If
    `factory` raises a ServiceError, the service does not start, and the message is shown.
    """

    shared = SharedResources()

    def __init__(self, factory: Callable[[Settings, UnitOfWorkRunner], BackgroundWorker]) -> None:
        self._factory = factory

    def setup(self) -> None:
        self._worker = self._factory(self.shared.settings(), self.shared.unit_of_work_runner())

    def start(self) -> None:
        self.container.spawn_managed_thread(self._worker.run, identifier="background")

    def stop(self) -> None:
        self._worker.stop(_STOP_SECONDS)

    def get_dependency(self, worker_ctx: Any) -> BackgroundWorker:
        del worker_ctx
        return self._worker


class AtStart(DependencyProvider):
    """What a service does in its own database once, when it starts: `function(settings, runner)`.

    It is done before the first call and event, or as soon as the database answers and fits the
    release. If `function` raises another ServiceError, the service does not start.
    """

    shared = SharedResources()

    def __init__(self, function: Callable[[Settings, UnitOfWorkRunner], None]) -> None:
        self._function = function
        self._is_done = False

    def setup(self) -> None:
        self._try()

    def start(self) -> None:
        if not self._is_done:
            self.container.spawn_managed_thread(self._try_until_done, identifier="at_start")

    def _try_until_done(self) -> None:
        while not self._is_done:
            eventlet.sleep(_START_SECONDS)
            self._try()

    def _try(self) -> None:
        try:
            self._function(self.shared.settings(), self.shared.unit_of_work_runner())
        except Unavailable as error:
            name = self.container.service_cls.name
            structlog.get_logger(name).warning("start_waits", service=name, reason=str(error))
            return
        self._is_done = True


class RepeatingTimer(Timer):
    """A timer that runs in processes that follow events: `@every(0.5)`."""

    shared = SharedResources()

    def start(self) -> None:
        if self.shared.settings().follows_events:
            super().start()

    def stop(self) -> None:
        if self.shared.settings().follows_events:
            super().stop()

    def kill(self) -> None:
        if self.shared.settings().follows_events:
            super().kill()


def every(seconds: float) -> Callable[[F], F]:
    """Make a method run every `seconds`, on every replica that follows events."""
    return cast("Callable[[F], F]", RepeatingTimer.decorator(interval=seconds))


def everywhere(seconds: float) -> Callable[[F], F]:
    """Make a method run every `seconds`, on every replica, those that only answer calls too."""
    return cast("Callable[[F], F]", Timer.decorator(interval=seconds))
