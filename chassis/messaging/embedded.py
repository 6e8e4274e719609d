"""The embedded broker: kombu's in-memory transport, adapted to what nameko expects.

It lives in one process and loses its messages at the end; reconciliation makes up for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import kombu.transport
from kombu import Connection
from kombu.transport import memory

from chassis.messaging.exchanges import declare_own

SCHEME = "embedded"


class Channel(memory.Channel):
    """A channel whose messages have their content type where AMQP's have it, as nameko expects."""

    def prepare_message(self, body: Any, *args: Any, **kwargs: Any) -> Any:
        message = super().prepare_message(body, *args, **kwargs)
        message["properties"]["content_type"] = message["content-type"]
        message["properties"]["content_encoding"] = message["content-encoding"]
        return message


class Transport(memory.Transport):
    """The in-memory transport, polled every millisecond instead of every second."""

    Channel = Channel
    polling_interval = 0.001


def install(services: Sequence[str] = ()) -> str:
    """Register the embedded broker with kombu, and declare what `services` own; returns its URI."""
    kombu.transport.TRANSPORT_ALIASES[SCHEME] = f"{__name__}:Transport"
    with Connection(f"{SCHEME}://localhost") as connection:
        for service in services:
            declare_own(connection, service)
    return f"{SCHEME}://localhost"


def forget() -> None:
    """Empty the broker, for the next suite in the same process."""
    memory.Channel.queues.clear()
    Transport.global_state.clear()
