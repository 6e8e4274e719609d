"""The heartbeat of a process: its row in `replicas`, renewed while it runs."""

from __future__ import annotations

from functools import partial
from typing import Any

import eventlet
import structlog
from nameko.extensions import DependencyProvider

from chassis.config.files import fingerprints
from chassis.config.release import release
from chassis.core.deadline import DeadlineExceeded, run_within
from chassis.core.event import new_id
from chassis.eventlog.unit_of_work import UnitOfWork
from chassis.observability.replicas import Replica, measure_skew, remove, remove_old, renew
from chassis.runtime.shared import SharedResources

HEARTBEAT_SECONDS = 5.0
_BEATS_A_CLEANING = 60
_PATIENCE = 4.0  # seconds for one beat: a database that hangs must not leave many waiting
_LAST_PATIENCE = 1.0

_log = structlog.get_logger("replica")


class ReplicaProvider(DependencyProvider):
    """Dependency on what this process says of itself, which a greenlet keeps in the database.

    A database that does not answer disturbs nothing: the row is renewed when it is back.
    """

    shared = SharedResources()

    def __init__(self) -> None:
        self._replica: Replica | None = None
        self._thread: Any = None

    def get_dependency(self, worker_ctx: Any) -> Replica:
        del worker_ctx
        return self._describe()

    def start(self) -> None:
        self._describe()
        self._thread = self.container.spawn_managed_thread(self._beat, identifier="heartbeat")

    def stop(self) -> None:
        if self._thread is not None:
            self._thread.kill()
            self._try(partial(remove, replica=self._describe()), _LAST_PATIENCE)

    def _describe(self) -> Replica:
        """What does not change: made at the start, when the service reads its files."""
        if self._replica is None:
            settings = self.shared.settings()
            files = fingerprints(self.container.service_cls.configuration, settings.config_dir)
            self._replica = Replica(new_id(), settings.role, release(), files)
        return self._replica

    def _beat(self) -> None:
        beats = 0
        while True:
            self._try(self._renew, _PATIENCE)
            if beats % _BEATS_A_CLEANING == 0:
                self._try(remove_old, _PATIENCE)
            beats += 1
            eventlet.sleep(HEARTBEAT_SECONDS)

    def _renew(self, unit: UnitOfWork) -> None:
        connected = self.shared.broker_state().is_connected()
        renew(unit, self._describe(), measure_skew(unit), broker_connected=connected)

    def _try(self, function: Any, seconds: float) -> None:
        """Run a unit of work, or leave it for the next time."""
        runner = self.shared.unit_of_work_runner()
        try:
            run_within(seconds, lambda: runner.autocommit(function))
        except DeadlineExceeded:
            _log.debug("heartbeat_too_slow")
        except Exception as error:  # noqa: BLE001 - whatever is wrong, the service is to go on
            _log.debug("heartbeat_failed", error=type(error).__name__)
