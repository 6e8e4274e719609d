"""A way to a gateway that loses what networks lose, and programs that go by it."""

from __future__ import annotations

import http.client
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Literal, Self

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
