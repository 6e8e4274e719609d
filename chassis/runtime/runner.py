"""Runs services in this process, each in a nameko container of its own."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from types import FrameType

import eventlet
from eventlet.event import Event as Signal

from chassis.config.settings import Settings
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from chassis.messaging import embedded
from chassis.observability.broker_state import BrokerState
from chassis.observability.gauges import MeasuredService
from chassis.observability.monitoring import Monitor
from chassis.observability.tracing import open_tracing
from chassis.runtime.http_door import HttpDoor
from chassis.runtime.rpc import Container
from chassis.runtime.service import Service
from chassis.runtime.shared import SETTINGS_KEY, TRACER_KEY, SharedResources
from chassis.runtime.subscriber import Subscribe

# Seconds: after two or three of them the broker gives the calls of a frozen process to others.
_HEARTBEAT = 10
_TURN_SECONDS = 0.5


class Runner:
    """Containers of several services. `chassis.runtime.green` must have been imported before."""

    def __init__(self, services: Sequence[tuple[type[Service], Settings]]) -> None:
        self._http_port = max((settings.http_port for _service, settings in services), default=0)
        embedded.install([settings.service for _service, settings in services])
        self._tracing = open_tracing()
        self.containers = [
            Container(
                service,
                {
                    "AMQP_URI": settings.amqp_uri,
                    "max_workers": settings.workers,
                    "HEARTBEAT": _HEARTBEAT,
                    SETTINGS_KEY: settings,
                    TRACER_KEY: self._tracing.tracer(settings.service),
                },
            )
            for service, settings in services
        ]

    def start(self) -> None:
        """Start all; raises what keeps one from starting.

        A container waits here for its broker; what is asked over HTTP is answered meanwhile.
        """
        if self._http_port:
            Monitor(self.measured_services(), self.broker_states()).listen(self._http_port)
        try:
            for container in self.containers:
                container.start()
        except BaseException:
            for door in self.doors():
                door.close()
            raise

    def unit_of_work_runners(self) -> dict[str, UnitOfWorkRunner]:
        """What runs units of work on each service's database, to inspect it from outside."""
        return {name: each.unit_of_work_runner() for name, each in self._resources()}

    def broker_states(self) -> dict[str, BrokerState]:
        """Whether the broker passes on the messages of each service's container."""
        return {name: each.broker_state() for name, each in self._resources()}

    def _resources(self) -> Iterator[tuple[str, SharedResources]]:
        for container in self.containers:
            for extension in container.extensions:
                if isinstance(extension, SharedResources):
                    yield container.service_name, extension

    def doors(self) -> list[HttpDoor]:
        """The HTTP doors of all containers, also those that are none in this process."""
        extensions = [each for container in self.containers for each in container.extensions]
        return [each for each in extensions if isinstance(each, HttpDoor)]

    def measured_services(self) -> list[MeasuredService]:
        """What the gauges of each service are read from."""
        runners = self.unit_of_work_runners()
        return [
            MeasuredService(
                runners[container.service_name],
                [each.source_name for each in container.extensions if isinstance(each, Subscribe)],
                container.service_cls.gauges,
                container.service_cls.readiness_notes,
            )
            for container in self.containers
        ]

    def stop(self) -> None:
        """Stop all: work that has begun ends, what is committed is published, spans are sent."""
        pool = eventlet.GreenPool()
        for container in self.containers:
            pool.spawn(container.stop)
        pool.waitall()
        self._tracing.stop()

    def run_until_stopped(self) -> None:
        """Wait for SIGTERM or SIGINT, then stop; raises what killed a container before that.

        Call `exit_on_signals` before `start`, or a signal that comes before this is lost.
        """
        stopped = Signal()

        def request_stop(_number: int, _frame: FrameType | None) -> None:
            if not stopped.ready():
                eventlet.spawn_n(stopped.send)

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, request_stop)
        for container in self.containers:
            eventlet.spawn(container.wait).link(lambda thread: _raise_in_runner(thread, stopped))
        try:
            stopped.wait()
        finally:
            self.stop()


def exit_on_signals() -> None:
    """From now on SIGTERM and SIGINT end the program, wherever its main greenlet waits.

    A handler that raises would do so in the greenlet that happens to run, which may be one whose
    errors nobody sees.
    """
    main = eventlet.getcurrent()

    def end(_number: int, _frame: FrameType | None) -> None:
        eventlet.hubs.get_hub().schedule_call_global(0, main.throw, SystemExit(0))

    def turn() -> None:
        while True:  # a hub that waits for a socket alone would not look at what the handler did
            eventlet.sleep(_TURN_SECONDS)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    eventlet.spawn(turn)


def _raise_in_runner(thread: eventlet.greenthread.GreenThread, stopped: Signal) -> None:
    if stopped.ready():
        return
    try:
        thread.wait()
    except Exception as error:  # noqa: BLE001 - raised where the runner waits
        stopped.send_exception(error)
