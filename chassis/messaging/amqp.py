"""AMQP closer to the wire than kombu: many messages in one write to the socket.

py-amqp writes, and reads what the broker has sent, once for each message; on a busy machine that is
most of what a message costs, on both sides.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import amqp
from amqp.exceptions import AMQPError
from kombu.exceptions import OperationalError

# What is raised when the broker is lost or refuses something.
BROKER_ERRORS = (OSError, AMQPError, OperationalError)
JSON = {"content_type": "application/json", "content_encoding": "utf-8"}


def publish(channel: amqp.Channel, message: amqp.Message, exchange: str, routing_key: str) -> None:
    """Publish without reading what the broker has sent meanwhile."""
    arguments = (0, exchange, routing_key, False, False)
    channel.send_method(amqp.spec.Basic.Publish, "Bssbb", arguments, message)


@contextmanager
def in_one_write(channel: amqp.Channel) -> Iterator[None]:
    """Collect what is sent on the channel's connection meanwhile, and write it all at the end."""
    parts: list[bytes] = []
    transport = channel.connection.transport
    write = transport._write  # noqa: SLF001 - there is no public way
    transport._write = lambda part: parts.append(bytes(part))  # noqa: SLF001
    try:
        yield
    finally:
        transport._write = write  # noqa: SLF001
    transport.write(b"".join(parts))
