"""What the extensions of one container share: settings, units of work and the publisher."""

from __future__ import annotations

from nameko.extensions import SharedExtension

from chassis.config.settings import Settings
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from chassis.messaging.publisher import BrokerPublisher

SETTINGS_KEY = "CDP_SETTINGS"


class SharedResources(SharedExtension):
    """Built on first use, since nameko sets extensions up in no order.

    Methods, not properties: nameko reads every attribute of an extension when it binds it.
    """

    def __init__(self) -> None:
        self._runner: UnitOfWorkRunner | None = None
        self._publisher: BrokerPublisher | None = None

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
                database, settings.service, settings.clock, upcasters=service.upcasters
            )
            self._publisher = BrokerPublisher(settings.amqp_uri, runner, service.publish_pause)
            runner.publisher = self._publisher
            self._runner = runner
        return self._runner

    def start(self) -> None:
        self.unit_of_work_runner()
        if self._publisher is not None:
            self.container.spawn_managed_thread(self._publisher.run, identifier="publisher")
            self.container.spawn_managed_thread(self._publisher.sweep, identifier="sweeper")

    def stop(self) -> None:
        if self._publisher is not None:
            self._publisher.flush(5.0)
            self._publisher.close()
        self.unit_of_work_runner().database.close()
