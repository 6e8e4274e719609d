"""The gateway as a process beside a suite, and a way to it that loses what networks lose."""

from __future__ import annotations

import http.client
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Literal, Self

from chassis.config.sealing import Seal
from chassis.core.clock import SystemClock
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from deploy.services import upgrade
from services.gateway import store
from services.gateway.commands import SEAL_PURPOSE
from services.gateway.domain.keys import key_digest, key_prefix, new_key
from services.gateway.domain.sources import EventSource
from tests.support.ports import free_port
from tests.support.servers import Databases
from tests.support.system import ROOT, NotReady, ProcessSuite, plain_environment

_PATIENCE = 60.0


class GatewayProcess:
    """A process of the gateway beside a suite, with a database of its own; gone at the end."""

    def __init__(
        self,
        suite: ProcessSuite,
        databases: Databases,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.address = ("127.0.0.1", free_port())
        self._suite = suite
        self._databases = databases
        self._environment = dict(environment or {})

    def __enter__(self) -> Self:
        self._owner, user = self._databases.create("gateway", partial(upgrade, "gateway"))
        self._database = Database(self._owner)
        self._work = UnitOfWorkRunner(self._database, "gateway", SystemClock())
        self._seal = Seal(b"only-for-tests", SEAL_PURPOSE)
        host, port = self.address
        environment = {
            "CDP_LOG": "json",
            "CDP_IDENTIFIER_KEY": "only-for-tests",
            "CDP_GATEWAY_DATABASE_URI": user,
            "CDP_GATEWAY_AMQP_URI": self._suite.virtual_host.uri("gateway"),
            "CDP_GATEWAY_HTTP": f"{host}:{port}",
            "PYTHONUNBUFFERED": "1",
        }
        self._log = self._suite.directory / f"gateway-{port}.log"
        with self._log.open("wb") as output:
            self.popen = subprocess.Popen(
                [sys.executable, "-m", "cdp", "run", "gateway"],
                cwd=ROOT,
                env=plain_environment() | environment | self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self.popen.kill()
        self.popen.wait()
        self._database.close()
        self._databases.drop(self._owner)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self.address[0]}:{self.address[1]}"

    def add(self, source: EventSource) -> str:
        """A key of a new source, of the source's kind."""
        key = new_key(source.key_kind)

        def put(unit: Any) -> None:
            store.put_source(unit, source)
            store.put_key(unit, source.source_id, source.key_kind, key_digest(key), key_prefix(key))

        self._work.run(put)
        return key

    def sign_with(self, source_id: str, secret: str, purpose: str = "webhooks") -> None:
        """Let webhooks of a source, or its user tokens (`users`), be signed with a secret too."""
        put = partial(
            store.put_secret,
            seal=self._seal,
            source_id=source_id,
            purpose=purpose,
            secret=secret,
        )
        self._work.run(put)

    def deliveries(self, source_id: str) -> list[dict[str, Any]]:
        """The webhooks of a source, the newest first, without what is in them."""
        return self._work.run(partial(store.list_deliveries, source_id=source_id))

    def rejects(self, source_id: str) -> list[dict[str, Any]]:
        """What was not recorded of a source, the newest first, with what was sent."""
        return self._work.run(
            partial(store.list_rejects, seal=self._seal, source_id=source_id, reveal=True)
        )

    def log(self, lines: int = 30) -> str:
        """The end of its log."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-lines:])

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not self._is_ready():
            if self.popen.poll() is not None or time.monotonic() > deadline:
                raise NotReady(f"The gateway did not get ready\n{self.log()}")
            time.sleep(0.05)

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection(*self.address, timeout=5)
        try:
            connection.request("GET", "/ready")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


Loss = Literal["request", "response"]


class LossyProxy:
    """Forwards requests to a gateway; `losses` of them are answered 503, in this order.

    Of a lost request the gateway learns nothing; of a lost response the client does not.
    `answers` has the path and status of each request, as the client has seen them.
    """

    def __init__(self, address: tuple[str, int], losses: list[Loss]) -> None:
        self.answers: list[tuple[str, int]] = []
        proxy = self

        class Forwarder(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._forward(b"")

            def do_OPTIONS(self) -> None:
                self._forward(b"")

            def do_POST(self) -> None:
                self._forward(self.rfile.read(int(self.headers["Content-Length"])))

            def log_message(self, *_message: object) -> None:
                pass

            def _forward(self, body: bytes) -> None:
                loss = losses.pop(0) if body and losses else None
                status, headers, content = 503, {}, b"the network lost it"
                if loss != "request":
                    connection = http.client.HTTPConnection(*address, timeout=30)
                    connection.request(self.command, self.path, body, dict(self.headers.items()))
                    response = connection.getresponse()
                    headers = dict(response.getheaders())
                    answer = response.read()
                    connection.close()
                    if loss is None:
                        status, content = response.status, answer
                if body:
                    proxy.answers.append((self.path, status))
                self._answer(status, headers, content)

            def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
                self.send_response_only(status)
                for name, value in headers.items():
                    if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Forwarder)
        self._thread = Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Where it listens."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"


@dataclass(frozen=True, slots=True)
class Program:
    """A program that runs beside this process, whose threads go on meanwhile."""

    popen: subprocess.Popen[bytes]

    @classmethod
    def start(cls, command: Sequence[str], environment: Mapping[str, str]) -> Self:
        """Start it."""
        popen = subprocess.Popen(
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        return cls(popen)

    def wait(self, patience: float) -> None:
        """Wait until it has ended well."""
        deadline = time.monotonic() + patience
        while self.popen.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        status = self.popen.poll()
        if status is None:
            self.popen.kill()
        output = self.popen.communicate()[0].decode(errors="replace")
        assert status == 0, f"{self.popen.args!r}: {status}\n{output}"
