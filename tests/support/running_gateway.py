"""A gateway with the services behind it, all of them in one process, on real servers.

with RunningGateway(databases, virtual_hosts, tmp_path) as gateway:
    gateway.post("/v1/record", {"events": [...]}, gateway.server_key)
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Self

from chassis.core.errors import Unavailable
from chassis.runtime.client import Client
from contracts.topology import SERVICE_NAMES
from deploy.access import CLIENT
from deploy.services import upgrade
from services.gateway import store
from services.gateway.domain.sources import EventSource
from tests.support import forge
from tests.support.gateway_process import IDENTIFIER_KEY, GatewayProcess
from tests.support.servers import Databases, VirtualHosts
from tests.support.system import NotReady, plain_environment

ORIGIN = "https://shop.example"
TOKEN_SECRET = "only-for-tests-of-user-tokens-32"
_PATIENCE = 60.0


class ServicesProcess:
    """Services in one process, on databases and a virtual host of their own."""

    def __init__(
        self,
        databases: Databases,
        virtual_hosts: VirtualHosts,
        directory: Path,
        environment: Mapping[str, str] | None = None,
        services: tuple[str, ...] = SERVICE_NAMES,
    ) -> None:
        self.databases = databases
        self.directory = directory
        self._virtual_hosts = virtual_hosts
        self._services = services
        self._more = dict(environment or {})
        self._uris: dict[str, str] = {}
        self._process: forge.ChildProcess | None = None

    def __enter__(self) -> Self:
        self.virtual_host = self._virtual_hosts.create()
        try:
            for name in self._services:
                self._uris[name] = self.databases.create(name, partial(upgrade, name))[1]
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        for uri in self._uris.values():
            self.databases.drop(uri)
        self._virtual_hosts.delete(self.virtual_host)

    def call(self, service: str, method: str, /, **arguments: Any) -> Any:
        """Call a service as a shop's back end does."""
        with Client(self.virtual_host.uri(CLIENT), timeout=30) as client:
            return client.call(service, method, **arguments)

    def log(self) -> str:
        """What they have printed."""
        return self._log.read_text(errors="replace")

    def wait_until_ready(self) -> None:
        """Wait until each of them answers."""
        deadline = time.monotonic() + _PATIENCE
        while not all(map(self._answers, self._services)):
            has_ended = self._process is None or self._process.poll() is not None
            if has_ended or time.monotonic() > deadline:
                raise NotReady(f"The services did not get ready\n{self.log()[-4_000:]}")
            time.sleep(0.05)

    def _answers(self, service: str) -> bool:
        try:
            self.call(service, "ping")
        except Unavailable:
            return False
        return True

    def _start(self) -> None:
        self._process = forge.start(
            "cdp", "run", *self._services, environment=self._environment(), output=self._log
        )

    @property
    def _log(self) -> Path:
        return self.directory / "services.log"

    def _environment(self) -> dict[str, str]:
        environment = plain_environment() | {
            "CDP_LOG": "json",
            "CDP_IDENTIFIER_KEY": IDENTIFIER_KEY,
            "PYTHONUNBUFFERED": "1",
        }
        for name, uri in self._uris.items():
            environment[f"CDP_{name.upper()}_DATABASE_URI"] = uri
            environment[f"CDP_{name.upper()}_AMQP_URI"] = self.virtual_host.uri(name)
        return environment | self._more


class RunningGateway(GatewayProcess):
    """A gateway with one source, `web`, which has a browser key, a server key and a secret."""

    def __init__(
        self,
        databases: Databases,
        virtual_hosts: VirtualHosts,
        directory: Path,
        environment: Mapping[str, str] | None = None,
        services: tuple[str, ...] = SERVICE_NAMES,
    ) -> None:
        self.services = ServicesProcess(databases, virtual_hosts, directory, environment, services)
        super().__init__(self.services, environment)
        self.browser_key = self.server_key = ""

    def __enter__(self) -> Self:
        self.services.__enter__()
        try:
            super().__enter__()
        except BaseException:
            self.services.__exit__()
            raise
        try:
            web = EventSource("web", "Web", "server", store="shop", allowed_origins=(ORIGIN,))
            self.browser_key, self.server_key = self.add_source(web)
            self.services.wait_until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        try:
            super().__exit__()
        finally:
            self.services.__exit__()

    def add_source(self, source: EventSource) -> tuple[str, str]:
        """Add a source; its keys, for browsers and for servers."""
        self.run(partial(store.put_source, source=source))
        self.sign_with(source.source_id, TOKEN_SECRET, "users")
        return self.add_key(source.source_id, "browser"), self.add_key(source.source_id, "server")

    def call(self, service: str, method: str, /, **arguments: Any) -> Any:
        """Call a service as a shop's back end does."""
        return self.services.call(service, method, **arguments)
