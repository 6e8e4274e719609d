"""The reference of every call: a plain nameko service that answers with what it was asked."""

from __future__ import annotations

# First of all: this process is green before anything else is imported, as services are.
import chassis.runtime.green  # noqa: F401  # isort: skip

import sys
from typing import Any

import eventlet
from nameko.containers import ServiceContainer
from nameko.rpc import rpc


class EchoService:
    """Nothing of ours."""

    name = "echo"

    @rpc
    def echo(self, value: Any) -> Any:
        """`value`."""
        return value


if __name__ == "__main__":
    container = ServiceContainer(EchoService, {"AMQP_URI": sys.argv[1]})
    container.start()
    print("ready", flush=True)
    while True:
        eventlet.sleep(60)
