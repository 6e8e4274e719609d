"""Calls of offers over HTTP, by one connection that is kept."""

from __future__ import annotations

import http.client
import json
from typing import Any

from tests.support.system import ProcessSuite

KEY = "only-for-the-bench"
ENVIRONMENT = {"CDP_OFFERS_HTTP": "127.0.0.1:0", "CDP_OFFERS_KEYS": KEY}
"""What opens a door in each process of offers, at a port that its log names."""


def door_port(suite: ProcessSuite) -> int:
    """The port at which the one process of offers of a suite takes HTTP."""
    (process,) = suite.alive("offers")
    with process.log.open() as log:
        lines = [json.loads(line) for line in log if '"listening"' in line]
    (port,) = [line["port"] for line in lines if line["event"] == "listening"]
    return int(port)


class DoorCaller:
    """A shop's server that asks the one process of offers of a suite over HTTP."""

    def __init__(self, suite: ProcessSuite) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", door_port(suite), timeout=30)
        self._headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def decide(self, request: dict[str, Any]) -> Any:
        """The decision on a request."""
        try:
            response = self._post(json.dumps(request))
        except (http.client.RemoteDisconnected, ConnectionError):
            self._connection.close()  # it was idle for a minute, on a slow machine
            response = self._post(json.dumps(request))
        body = response.read()
        if response.status != http.HTTPStatus.OK:
            raise RuntimeError(f"{response.status}: {body!r}")
        return json.loads(body)

    def _post(self, body: str) -> http.client.HTTPResponse:
        self._connection.request("POST", "/v1/decide", body, self._headers)
        return self._connection.getresponse()
