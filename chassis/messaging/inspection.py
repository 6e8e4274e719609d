"""What any client can see of a broker without changing anything: exchanges, queues, their depth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from amqp.exceptions import NotFound
from kombu import Connection

_CONNECT_SECONDS = 3


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """How many messages wait in a queue for a consumer, and how many consumers there are."""

    messages: int
    consumers: int


@dataclass(frozen=True, slots=True)
class Inspection:
    """The exchanges that are there, and the queues by name: None for one that is not there."""

    exchanges: frozenset[str]
    queues: Mapping[str, QueueDepth | None]


def inspect_broker(uri: str, exchanges: Iterable[str], queues: Iterable[str]) -> Inspection:
    """Look for these exchanges and queues; raises one of BROKER_ERRORS."""
    with Connection(uri, connect_timeout=_CONNECT_SECONDS) as connection:
        connection.connect()
        found = frozenset(name for name in exchanges if _has_exchange(connection, name))
        return Inspection(found, {name: _queue_depth(connection, name) for name in queues})


def _has_exchange(connection: Any, name: str) -> bool:
    channel = connection.channel()
    try:
        channel.exchange_declare(name, type="topic", passive=True)
    except NotFound:  # the broker has closed the channel
        return False
    channel.close()
    return True


def _queue_depth(connection: Any, name: str) -> QueueDepth | None:
    channel = connection.channel()
    try:
        declared = channel.queue_declare(name, passive=True)
    except NotFound:
        return None
    channel.close()
    return QueueDepth(int(declared.message_count), int(declared.consumer_count))
