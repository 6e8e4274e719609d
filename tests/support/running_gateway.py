"""The gateway over real HTTP: its process, and the services in another one, on real servers.

with RunningGateway(databases, virtual_hosts, tmp_path) as gateway:
    gateway.post("/v1/record", {"events": [...]}, gateway.server_key)
"""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

from chassis import SystemClock
from chassis.config.sealing import Seal
from chassis.core.errors import Unavailable
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from chassis.runtime.client import Client
from contracts.topology import EDGE_NAMES, SERVICE_NAMES
from deploy.access import CLIENT
from deploy.services import upgrade
from services.gateway import store
from services.gateway.commands import SEAL_PURPOSE, add_secret, create_key
from services.gateway.domain.sources import EventSource
from tests.support.ports import free_port
from tests.support.servers import Databases, VirtualHosts
from tests.support.system import _MORTAL, ROOT, plain_environment

ORIGIN = "https://shop.example"
TOKEN_SECRET = "only-for-tests-of-user-tokens-32"
_IDENTIFIER_KEY = "only-for-tests"
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What a request was answered: the names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def body(self) -> Any:
        """The body as JSON."""
        return json.loads(self.content)


@dataclass(frozen=True, slots=True)
class ResidentMemory:
    """What a process has in memory, in bytes: now, and when it had most."""

    now: int
    peak: int


class RunningGateway:
    """A gateway with one source, `web`, which has a browser key, a server key and a secret."""

    def __init__(
        self,
        databases: Databases,
        virtual_hosts: VirtualHosts,
        directory: Path,
        environment: Mapping[str, str] | None = None,
        services: tuple[str, ...] = SERVICE_NAMES,
    ) -> None:
        self._databases = databases
        self._virtual_hosts = virtual_hosts
        self._directory = directory
        self._services = services
        self._more = dict(environment or {})
        self._uris: dict[str, str] = {}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.browser_key = self.server_key = ""
        self.port = 0

    def __enter__(self) -> Self:
        self.virtual_host = self._virtual_hosts.create()
        for name in (*self._services, *EDGE_NAMES):
            self._uris[name] = self._databases.create(name, partial(upgrade, name))[1]
        web = EventSource("web", "Web", "server", store="shop", allowed_origins=(ORIGIN,))
        self.browser_key, self.server_key = self.add_source(web)
        self.port = free_port()
        try:
            self.start_services()
            self.start_gateway()
            self.wait_until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        for process in self._processes.values():
            process.kill()
        for process in self._processes.values():
            process.wait()
        for uri in self._uris.values():
            self._databases.drop(uri)
        self._virtual_hosts.delete(self.virtual_host)

    @property
    def url(self) -> str:
        """Where the gateway takes requests."""
        return f"http://127.0.0.1:{self.port}"

    def add_source(self, source: EventSource) -> tuple[str, str]:
        """Add a source; its keys, for browsers and for servers."""
        seal = Seal(_IDENTIFIER_KEY.encode(), SEAL_PURPOSE)

        def add(unit: UnitOfWork) -> tuple[str, str]:
            store.put_source(unit, source)
            add_secret(unit, seal, source.source_id, "users", TOKEN_SECRET, 0)
            browser = create_key(unit, source.source_id, "browser")
            return browser.key, create_key(unit, source.source_id, "server").key

        keys: tuple[str, str] = self.run(add)
        return keys

    def run(self, function: Any) -> Any:
        """Run a unit of work on the gateway's own database."""
        with closing(Database(self._uris["gateway"], pool_size=1)) as database:
            return UnitOfWorkRunner(database, "gateway", SystemClock()).run(function)

    # Processes

    def start_services(self) -> None:
        """Start the services, in one process."""
        self._start("services", ["-m", "cdp", "run", *self._services])

    def start_gateway(self) -> None:
        """Start the gateway, on the port that it had."""
        self._start("gateway", ["-m", "cdp", "run", "gateway"])

    def kill(self, name: str) -> None:
        """End a process, `gateway` or `services`, at once."""
        process = self._processes.pop(name)
        process.kill()
        process.wait()

    def stop(self, name: str) -> int:
        """Ask a process to end; its exit status."""
        process = self._processes.pop(name)
        process.terminate()
        return process.wait(_PATIENCE)

    def freeze(self, name: str) -> None:
        """Halt a process where it stands, until `thaw`."""
        self._processes[name].send_signal(signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """Let a frozen process go on."""
        self._processes[name].send_signal(signal.SIGCONT)

    def log(self, name: str) -> str:
        """What a process has printed."""
        return (self._directory / f"{name}.log").read_text(errors="replace")

    def memory(self, name: str) -> ResidentMemory:
        """What a process has in memory."""
        lines = Path(f"/proc/{self._processes[name].pid}/status").read_text().splitlines()
        fields = dict(line.split(":", 1) for line in lines)
        now, peak = (int(fields[each].split()[0]) * 1024 for each in ("VmRSS", "VmHWM"))
        return ResidentMemory(now, peak)

    def wait_until_ready(self) -> None:
        """Wait until the gateway is ready and every service answers."""
        deadline = time.monotonic() + _PATIENCE
        while not (self._is_ready() and all(map(self._answers, self._services))):
            ended = [n for n, process in self._processes.items() if process.poll() is not None]
            logs = "\n".join(self.log(name)[-2_000:] for name in self._processes)
            assert not ended, f"{ended} ended\n{logs}"
            assert time.monotonic() < deadline, logs
            time.sleep(0.05)

    # Requests

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> HttpAnswer:
        """One request over a connection of its own."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            named = {name.lower(): value for name, value in response.getheaders()}
            return HttpAnswer(response.status, named, response.read())

    def post(
        self, path: str, document: Any, key: str, headers: Mapping[str, str] | None = None
    ) -> HttpAnswer:
        """Post JSON with a key."""
        named = {"Authorization": f"Bearer {key}", **(headers or {})}
        return self.request("POST", path, json.dumps(document).encode(), named)

    def get(self, path: str, key: str, headers: Mapping[str, str] | None = None) -> HttpAnswer:
        """Ask with a key."""
        sent = {"Authorization": f"Bearer {key}", **(headers or {})}
        return self.request("GET", path, None, sent)

    def call(self, service: str, method: str, /, **arguments: Any) -> Any:
        """Call a service as a shop's back end does."""
        with Client(self.virtual_host.uri(CLIENT), timeout=30) as client:
            return client.call(service, method, **arguments)

    def _is_ready(self) -> bool:
        try:
            return self.request("GET", "/ready").status == 200
        except OSError:
            return False

    def _answers(self, service: str) -> bool:
        try:
            self.call(service, "ping")
        except Unavailable:
            return False
        return True

    def _start(self, name: str, command: list[str]) -> None:
        with (self._directory / f"{name}.log").open("ab") as output:
            self._processes[name] = subprocess.Popen(
                [*_MORTAL, sys.executable, "-W", "ignore", *command],
                cwd=ROOT,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _environment(self) -> dict[str, str]:
        environment = plain_environment() | {
            "CDP_LOG": "json",
            "CDP_IDENTIFIER_KEY": _IDENTIFIER_KEY,
            "CDP_GATEWAY_HTTP": f"127.0.0.1:{self.port}",
            "PYTHONUNBUFFERED": "1",
        }
        for name in self._uris:
            environment[f"CDP_{name.upper()}_DATABASE_URI"] = self._uris[name]
            environment[f"CDP_{name.upper()}_AMQP_URI"] = self.virtual_host.uri(name)
        return environment | self._more
