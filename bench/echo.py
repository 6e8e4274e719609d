"""The reference for calls: a plain nameko service that returns its argument."""

from __future__ import annotations

# First of all: like a service, this process is green before anything else is imported.
import chassis.runtime.green  # noqa: F401  # isort: skip

import sys
from typing import Any

import eventlet
from nameko.containers import ServiceContainer
from nameko.rpc import rpc


class EchoService:
    """Plain nameko, with nothing of ours."""

    name = "echo"

    @rpc  # type: ignore[untyped-decorator]
    def echo(self, value: Any) -> Any:
        """`value`."""
        return value


if __name__ == "__main__":
    container = ServiceContainer(EchoService, {"AMQP_URI": sys.argv[1]})
    container.start()
    print("ready", flush=True)
    while True:
        eventlet.sleep(60)
