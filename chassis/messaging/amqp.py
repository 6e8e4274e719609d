"""AMQP closer to the wire than kombu: many messages in one write to the socket.

py-amqp writes, and looks for news from the broker, once for each message; on a busy machine that is
most of what a message costs, on both sides.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import amqp

JSON = {"content_type": "application/json", "content_encoding": "utf-8"}


def publish(channel: amqp.Channel, message: amqp.Message, exchange: str, routing_key: str) -> None:
    """Publish without a look at what the broker has sent meanwhile."""
    arguments = (0, exchange, routing_key, False, False)
    channel.send_method(amqp.spec.Basic.Publish, "Bssbb", arguments, message)


@contextmanager
def in_one_write(channel: amqp.Channel) -> Iterator[None]:
    """Gather what is sent on the channel's connection meanwhile, and write it all at the end."""
    parts: list[bytes] = []
    transport = channel.connection.transport
    write = transport._write  # noqa: SLF001 - there is no public place for it
    transport._write = lambda part: parts.append(bytes(part))  # noqa: SLF001
    try:
        yield
    finally:
        transport._write = write  # noqa: SLF001
    transport.write(b"".join(parts))
