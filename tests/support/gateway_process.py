"""The gateway as a process beside the services, over real HTTP and with a database of its own.

with GatewayProcess(suite) as gateway:
    key = gateway.add(EventSource("web", "Web", "server"))
    gateway.post("/v1/record", {"events": [...]}, key)
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
from typing import Any, Protocol, Self

from chassis.config.sealing import Seal
from chassis.core.clock import SystemClock
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from deploy.services import upgrade
from services.gateway import store
from services.gateway.commands import SEAL_PURPOSE, create_key
from services.gateway.domain.sources import EventSource, KeyKind
from tests.support.ending import end_process
from tests.support.ports import free_port
from tests.support.servers import Databases, VirtualHost
from tests.support.system import _MORTAL, ROOT, NotReady, plain_environment

IDENTIFIER_KEY = "only-for-tests"
_PATIENCE = 60.0


class Surroundings(Protocol):
    """What a gateway needs of the services that it stands in front of."""

    databases: Databases
    virtual_host: VirtualHost
    directory: Path


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


class GatewayProcess:
    """A process of the gateway; within `with` it is up, and at the end all of it is gone."""

    def __init__(
        self, surroundings: Surroundings, environment: Mapping[str, str] | None = None
    ) -> None:
        self.port = free_port()
        self._surroundings = surroundings
        self._more = dict(environment or {})
        self._seal = Seal(IDENTIFIER_KEY.encode(), SEAL_PURPOSE)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        databases = self._surroundings.databases
        self._owner, self._user = databases.create("gateway", partial(upgrade, "gateway"))
        try:
            self.start()
            self.wait_until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self.kill()
        self._surroundings.databases.drop(self._owner)

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens: host and port."""
        return "127.0.0.1", self.port

    @property
    def url(self) -> str:
        """Where it takes requests."""
        return f"http://127.0.0.1:{self.port}"

    # Its database

    def run(self, function: Any) -> Any:
        """Run a unit of work on its database."""
        with closing(Database(self._owner, pool_size=1)) as database:
            return UnitOfWorkRunner(database, "gateway", SystemClock()).run(function)

    def add(self, source: EventSource) -> str:
        """A key of a new source, of the source's kind."""
        self.run(partial(store.put_source, source=source))
        return self.add_key(source.source_id, source.key_kind)

    def add_key(self, source_id: str, kind: KeyKind) -> str:
        """One more key of a source."""
        key: str = self.run(lambda unit: create_key(unit, source_id, kind).key)
        return key

    def sign_with(self, source_id: str, secret: str, purpose: str = "webhooks") -> None:
        """Let webhooks of a source, or its user tokens (`users`), be signed with a secret too."""

        def put(unit: UnitOfWork) -> None:
            store.put_secret(
                unit, seal=self._seal, source_id=source_id, purpose=purpose, secret=secret
            )

        self.run(put)

    def deliveries(self, source_id: str) -> list[dict[str, Any]]:
        """The webhooks of a source, the newest first, without what is in them."""
        found: list[dict[str, Any]] = self.run(partial(store.list_deliveries, source_id=source_id))
        return found

    def rejects(self, source_id: str) -> list[dict[str, Any]]:
        """What was not recorded of a source, the newest first, with what was sent."""
        listed = partial(store.list_rejects, seal=self._seal, source_id=source_id, reveal=True)
        found: list[dict[str, Any]] = self.run(listed)
        return found

    # The process

    @property
    def pid(self) -> int:
        """The id of the process that runs."""
        assert self._process is not None, "it does not run"
        return self._process.pid

    def start(self) -> None:
        """Start it, on the port that it had."""
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                [*_MORTAL, sys.executable, "-W", "ignore", "-m", "cdp", "run", "gateway"],
                cwd=ROOT,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self) -> None:
        """End it at once, if it runs."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> int:
        """Ask it to end; its exit status."""
        process, self._process = self._process, None
        assert process is not None, "it does not run"
        return end_process(process, _PATIENCE, self.log)

    def freeze(self) -> None:
        """Halt it where it stands, until `thaw`."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def log(self) -> str:
        """What it has printed, however often it was started."""
        return self._log.read_text(errors="replace")

    def memory(self) -> ResidentMemory:
        """What it has in memory."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        fields = dict(line.split(":", 1) for line in lines)
        now, peak = (int(fields[each].split()[0]) * 1024 for each in ("VmRSS", "VmHWM"))
        return ResidentMemory(now, peak)

    def wait_until_ready(self) -> None:
        """Wait until it is ready."""
        deadline = time.monotonic() + _PATIENCE
        while not self._is_ready():
            has_ended = self._process is None or self._process.poll() is not None
            if has_ended or time.monotonic() > deadline:
                raise NotReady(f"The gateway did not get ready\n{self.log()[-4_000:]}")
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
        with closing(http.client.HTTPConnection(*self.address, timeout=30)) as connection:
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

    def _is_ready(self) -> bool:
        try:
            return self.request("GET", "/ready").status == 200
        except OSError:
            return False

    def _signal(self, number: int) -> None:
        assert self._process is not None, "it does not run"
        self._process.send_signal(number)

    @property
    def _log(self) -> Path:
        return self._surroundings.directory / f"gateway-{self.port}.log"

    def _environment(self) -> dict[str, str]:
        return (
            plain_environment()
            | {
                "CDP_LOG": "json",
                "CDP_IDENTIFIER_KEY": IDENTIFIER_KEY,
                "CDP_GATEWAY_DATABASE_URI": self._user,
                "CDP_GATEWAY_AMQP_URI": self._surroundings.virtual_host.uri("gateway"),
                "CDP_GATEWAY_HTTP": f"127.0.0.1:{self.port}",
                "PYTHONUNBUFFERED": "1",
            }
            | self._more
        )
