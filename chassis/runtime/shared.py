"""What the extensions of one container share: settings, units of work and the publisher."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import eventlet
import structlog
from kombu import Connection
from nameko.extensions import SharedExtension

from chassis.config.settings import Settings
from chassis.core.clock import CorrectedClock, corrected
from chassis.core.deadline import DeadlineExceeded, run_within
from chassis.core.errors import Unavailable
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from chassis.messaging.publisher import BrokerPublisher
from chassis.observability.broker_state import BrokerState, EmbeddedBrokerState
from chassis.observability.metrics import CLOCK_SKEW
from chassis.observability.replicas import skews_of_others
from chassis.observability.tracing import Tracer

SETTINGS_KEY = "CDP_SETTINGS"
TRACER_KEY = "CDP_TRACER"
_MEASURE_SECONDS = 10.0
_MEASURING_SECONDS = 2.0  # a database that takes longer says nothing of a clock

_log = structlog.get_logger("clock")


def tracer_of(container: Any) -> Tracer:
    """The tracer of a container's service; one that records nothing if it was given none."""
    tracer: Tracer = container.config.get(TRACER_KEY) or Tracer()
    return tracer


class SharedResources(SharedExtension):
    """Built on first use, since nameko sets extensions up in no order.

    Methods, not properties: nameko reads every attribute of an extension when it binds it.
    """

    def __init__(self) -> None:
        self._runner: UnitOfWorkRunner | None = None
        self._publisher: BrokerPublisher | None = None
        self._broker_state: BrokerState | None = None
        # What each extension needs on the broker; all of it can be declared again at any time.
        self.declarations: list[Callable[[Connection], object]] = []

    def settings(self) -> Settings:
        """The settings of the container's service."""
        settings: Settings = self.container.config[SETTINGS_KEY]
        return settings

    def unit_of_work_runner(self) -> UnitOfWorkRunner:
        """Runs units of work on the service's own database."""
        if self._runner is None:
            settings = self.settings()
            database = Database(settings.database_uri, pool_size=settings.workers + 4)
            service = self.container.service_cls
            runner = UnitOfWorkRunner(
                database, settings.service, corrected(settings.clock), upcasters=service.upcasters
            )
            runner.log.incarnation.confirmed_by_operator = service.restores_are_confirmed
            self._publisher = BrokerPublisher(settings.amqp_uri, runner, service.publish_pause)
            runner.publisher = self._publisher
            self._runner = runner
        return self._runner

    def broker_state(self) -> BrokerState:
        """Whether the broker passes on this process's messages."""
        if self._broker_state is None:
            embedded = self.settings().embedded
            self._broker_state = EmbeddedBrokerState() if embedded else BrokerState()
        return self._broker_state

    def start(self) -> None:
        runner = self.unit_of_work_runner()
        CLOCK_SKEW.labels(runner.source).set(0)  # a clock that stands still is never wrong
        if isinstance(runner.clock, CorrectedClock):
            watch = _ClockWatch(runner, runner.clock)
            watch.measure()  # before the first call
            self.container.spawn_managed_thread(watch.run, identifier="clock")
        if self._publisher is not None:
            self.container.spawn_managed_thread(self._publisher.run, identifier="publisher")
            self.container.spawn_managed_thread(self._publisher.sweep, identifier="sweeper")

    def stop(self) -> None:
        if self._publisher is not None:
            self._publisher.flush(5.0)
            self._publisher.close()
        self.unit_of_work_runner().database.close()


class _ClockWatch:
    """Measures a service's clock against its database's, and tells when it goes wrong or right."""

    def __init__(self, runner: UnitOfWorkRunner, clock: CorrectedClock) -> None:
        self._runner = runner
        self._clock = clock
        self._state = "clock_right_again"
        skew = CLOCK_SKEW.labels(runner.source)
        skew.set_function(lambda: clock.skew() / 1_000_000)

    def run(self) -> None:
        """Measure for ever."""
        while True:
            eventlet.sleep(_MEASURE_SECONDS)
            self.measure()

    def measure(self) -> None:
        """Measure once; a database that does not answer leaves the clock as it is."""
        try:
            run_within(_MEASURING_SECONDS, self._ask)
        except (Unavailable, DeadlineExceeded):
            return
        except Exception as error:  # noqa: BLE001 - whatever is wrong, the service is to go on
            _log.warning("clock_not_measured", error=type(error).__name__)
            return
        state = self._judge()
        if state != self._state:
            self._state = state
            seconds = round(self._clock.skew() / 1_000_000, 3)
            _log.warning(state, service=self._runner.source, skew_seconds=seconds)

    def _ask(self) -> None:
        self._runner.measure_clock(self._runner.read(skews_of_others))

    def _judge(self) -> str:
        if self._clock.is_corrected():
            return "clock_corrected"
        return "database_clock_disbelieved" if self._clock.is_disputed() else "clock_right_again"
