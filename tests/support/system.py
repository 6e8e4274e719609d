"""The suite as a shop would run it: processes on RabbitMQ and PostgreSQL, which may be killed.

with ProcessSuite(databases, virtual_hosts, replicas=2) as suite:
    suite.call("profiles", "record", events=[…])
    suite.kill("profiles", 0)
    suite.start("profiles")
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Self

import amqp
import kombu
from nameko.standalone.rpc import ClusterRpcProxy

from contracts.topology import FOLLOWS, SERVICE_NAMES
from deploy.access import CLIENT
from deploy.services import upgrade
from tests.support import forge
from tests.support.ending import end_process
from tests.support.servers import Databases, VirtualHost, VirtualHosts

ROOT = Path(__file__).parents[2]
_PATIENCE = 60.0
# A killed test run takes its processes with it, where the system can see to that.
_MORTAL = ("setpriv", "--pdeathsig", "KILL", "--") if shutil.which("setpriv") else ()


def plain_environment() -> dict[str, str]:
    """The environment of this process without any setting of ours."""
    return {name: text for name, text in os.environ.items() if not name.startswith("CDP_")}


def rows_loaded(folder: Path) -> int:
    """How many rows the load whose folder this is has behind it."""
    state = folder / "state.json"
    return int(json.loads(state.read_text())["counts"]["rows"]) if state.exists() else 0


class NotReady(AssertionError):
    """The suite did not come to the state that was waited for; the message ends with its logs."""


@dataclass(slots=True)
class Process:
    """One process of a service, and the file that its output goes to."""

    service: str
    number: int
    role: str
    log: Path
    popen: forge.ChildProcess = field(repr=False)

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.popen.poll() is None


class ProcessSuite:
    """The four services, `replicas` processes of each, on databases and a virtual host of its own.

    Every process runs as its service's own, least-privileged users. `environment` is added to
    theirs: for instance {"CDP_CLOCK": "1998-06-30T12:00:00Z"}. Within `with` everything is up;
    at its end all of it is gone, except for the logs, in `directory`. `others` are other teams'
    services, which get a user of the broker. `program` is the module that every process runs.
    """

    def __init__(
        self,
        databases: Databases,
        virtual_hosts: VirtualHosts,
        *,
        replicas: int = 1,
        services: Sequence[str] = SERVICE_NAMES,
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
        others: Sequence[str] = (),
        program: str = "cdp",
    ) -> None:
        self.directory = directory or Path(tempfile.mkdtemp(prefix="cdp-suite-"))
        self.replicas = replicas
        self.services = tuple(services)
        self.processes: list[Process] = []
        self.virtual_host: VirtualHost
        self.owner_uris: dict[str, str] = {}
        self.user_uris: dict[str, str] = {}
        self.databases = databases
        self._virtual_hosts = virtual_hosts
        self._environment = dict(environment or {})
        self._others = others
        self._program = program

    def __enter__(self) -> Self:
        self.virtual_host = self._virtual_hosts.create(*self._others)
        try:
            for service in self.services:
                uris = self.databases.create(service, partial(upgrade, service))
                self.owner_uris[service], self.user_uris[service] = uris
            for service in self.services:
                for _ in range(self.replicas):
                    self.start(service, wait=False)
            self.wait_until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        for process in self.processes:
            if process.alive:
                process.popen.kill()
        for process in self.processes:
            process.popen.wait()
        for uri in self.owner_uris.values():
            self.databases.drop(uri)
        self._virtual_hosts.delete(self.virtual_host)

    # Processes

    def start(
        self,
        service: str,
        *,
        role: str = "all",
        environment: Mapping[str, str] | None = None,
        wait: bool = True,
        program: str = "",
    ) -> Process:
        """Start one more process of `service`; with `wait`, return when it is ready.

        `program` is the module that runs, if not the suite's: one that spoils something before it
        runs `cdp`, perhaps.
        """
        number = sum(process.service == service for process in self.processes)
        log = self.directory / f"{service}-{number}.log"
        popen = forge.start(
            program or self._program,
            "run",
            service,
            "--role",
            role,
            environment=self._environment_of(service) | dict(environment or {}),
            output=log,
        )
        process = Process(service, number, role, log, popen)
        self.processes.append(process)
        if wait:
            self.wait_until_ready()
        return process

    def alive(self, service: str) -> list[Process]:
        """The processes of `service` that run now."""
        return [each for each in self.processes if each.service == service and each.alive]

    def pids(self, *services: str) -> list[int]:
        """The ids of the processes of these services that run now."""
        return [each.popen.pid for service in services for each in self.alive(service)]

    def kill(self, process: Process) -> None:
        """End a process at once, as a power cut would (SIGKILL)."""
        process.popen.kill()
        process.popen.wait()

    def stop(self, process: Process, patience: float = _PATIENCE) -> int:
        """Ask a process to end (SIGTERM); its exit status."""
        process.popen.terminate()
        return end_process(process.popen, patience, lambda: "\n".join(_tail(process.log, 30)))

    def freeze(self, process: Process) -> None:
        """Halt a process where it stands, until `thaw`."""
        process.popen.send_signal(signal.SIGSTOP)

    def thaw(self, process: Process) -> None:
        """Let a frozen process go on."""
        process.popen.send_signal(signal.SIGCONT)

    def cut_connections(self) -> None:
        """Close every connection to the broker, the tests' own among them."""
        self.virtual_host.cut_connections()

    # What it says

    @contextmanager
    def proxy(self, timeout: float = 30.0) -> Iterator[Any]:
        """A standalone nameko proxy of a shop's back end: `proxy.offers.decide(request={…})`."""
        with ClusterRpcProxy({"AMQP_URI": self.client_uri}, timeout=timeout) as proxy:
            yield proxy

    def call(self, service: str, method: str, /, *, timeout: float = 30.0, **arguments: Any) -> Any:
        """One call with a proxy of its own; for many calls keep a `proxy`."""
        with self.proxy(timeout) as proxy:
            return getattr(proxy[service], method)(**arguments)

    @property
    def client_uri(self) -> str:
        """The broker, as a shop's back end reaches it."""
        return self.virtual_host.uri(CLIENT)

    def administrator(self, service: str) -> Any:
        """A psycopg2 connection of the administrator to the database of `service`."""
        return self.databases.administrator(self.owner_uris[service])

    def logs(self, lines: int = 15) -> str:
        """The last lines of every process's log."""
        return "\n".join(
            "\n".join([f"--- {process} {process.popen.poll()}", *_tail(process.log, lines)])
            for process in self.processes
        )

    # Waiting

    def wait_until_ready(self, patience: float = _PATIENCE) -> None:
        """Wait until every process alive consumes all its queues; an ended one is an error."""
        born = [process for process in self.processes if process.alive]

        def ready() -> bool:
            if dead := [process for process in born if not process.alive]:
                raise NotReady(f"{dead[0]} ended while it started\n{self.logs()}")
            return self.ready()

        self.wait_for(ready, "all processes consume their queues", patience)

    def ready(self) -> bool:
        """Whether all that are alive consume all their queues."""
        with kombu.Connection(self.client_uri) as connection:
            return all(_consumers(connection, q) == n for q, n in self._expected().items())

    def wait_for(self, condition: Any, event: str, patience: float = _PATIENCE) -> None:
        """Wait until `condition()` is true; NotReady names the `event` and shows the logs."""
        deadline = time.monotonic() + patience
        while not condition():
            if time.monotonic() > deadline:
                raise NotReady(f"Waited {patience:g} s in vain: {event}\n{self.logs()}")
            time.sleep(0.05)

    def _expected(self) -> dict[str, int]:
        """How many consumers each queue has when all that live are ready."""
        expected: dict[str, int] = {}
        for service in self.services:
            alive = self.alive(service)
            expected[f"rpc-{service}"] = sum(each.role in ("rpc", "all") for each in alive)
            for source in set(FOLLOWS[service]) & set(self.services):
                queue = f"{service}.{source}"
                expected[queue] = sum(each.role in ("events", "all") for each in alive)
        return expected

    def _environment_of(self, service: str) -> dict[str, str]:
        return (
            plain_environment()
            | {
                "CDP_LOG": "json",
                "CDP_IDENTIFIER_KEY": "only-for-tests",
                f"CDP_{service.upper()}_DATABASE_URI": self.user_uris[service],
                f"CDP_{service.upper()}_AMQP_URI": self.virtual_host.uri(service),
                "CDP_OFFERS_SPOOL": str(self.directory / "spool"),
                "PYTHONUNBUFFERED": "1",
            }
            | self._environment
        )


def _consumers(connection: kombu.Connection, queue: str) -> int:
    """How many consumers a queue has now; -1 if it is not there yet."""
    with connection.channel() as channel:
        try:
            found = channel.queue_declare(queue, passive=True)
        except amqp.NotFound:
            return -1
        return int(found.consumer_count)


def _tail(path: Path, lines: int) -> list[str]:
    return path.read_text(errors="replace").splitlines()[-lines:]
