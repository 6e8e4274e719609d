"""AMQP closer to the wire than kombu: many messages in one write to the socket.

py-amqp writes, and reads what the broker has sent, once for each message; on a busy machine that is
most of what a message costs, on both sides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import amqp
from amqp.exceptions import AMQPError, PreconditionFailed
from kombu import Connection
from kombu.exceptions import OperationalError

# What is raised when the broker is lost or refuses something.
BROKER_ERRORS = (OSError, AMQPError, OperationalError)
JSON = {"content_type": "application/json", "content_encoding": "utf-8"}
NOT_FOUND = 404
CONNECT_SECONDS = 3.0


def connect(uri: str, *, heartbeat: float = 0, patience: float) -> Connection:
    """A connection to the broker on which nothing waits for more than `patience` seconds.

    py-amqp waits for ever for the broker's response to a declaration, and for a peer that reads
    nothing; a broker that is frozen would freeze its clients. Raises one of BROKER_ERRORS.
    """
    connection = Connection(uri, heartbeat=heartbeat, connect_timeout=CONNECT_SECONDS)
    connection.connect()
    bound_waits(connection, patience)
    return connection


def bound_waits(connection: Connection, seconds: float) -> None:
    """Let no read or write on a connection that is open wait for more than `seconds`."""
    if isinstance(connection.connection, amqp.Connection):
        connection.connection.transport.sock.settimeout(seconds)


def largest_message(error: BaseException) -> int | None:
    """How many bytes the broker takes in a message, as its refusal says; None if it does not."""
    match = re.search(r"max size (\d+)", str(error)) if is_too_large(error) else None
    return int(match[1]) if match else None


def is_too_large(error: BaseException) -> bool:
    """Whether the broker closed the channel because a message was over its `max_message_size`."""
    return isinstance(error, PreconditionFailed) and "larger than" in str(error)


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
