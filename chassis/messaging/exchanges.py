"""The exchanges and queues of a service, declared before anything is published to them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kombu import Connection, Exchange, Queue

# A quorum queue drops a message that was delivered this often and never acknowledged, unless it
# has a dead-letter exchange. Only crashes and lost connections count here.
_DELIVERY_LIMIT = 20


def events_exchange(service: str) -> Exchange:
    """Where a service publishes its events: a topic exchange, routed by event type."""
    return Exchange(f"{service}.events", type="topic", durable=True)


def dead_queue(service: str) -> Queue:
    """Where messages end that a service could not read, or that killed it again and again."""
    name = f"{service}.dead"
    exchange = Exchange(name, type="fanout", durable=True)
    return Queue(name, exchange, durable=True, queue_arguments={"x-queue-type": "quorum"})


def subscriber_queue(service: str, source: str) -> Queue:
    """The queue, shared by all replicas of `service`, of every event of `source`."""
    return Queue(
        f"{service}.{source}",
        # The exchange is its owner's to declare; to bind to it, reading is enough.
        Exchange(f"{source}.events", type="topic", durable=True, passive=True),
        routing_key="#",
        durable=True,
        queue_arguments={
            "x-queue-type": "quorum",
            "x-dead-letter-exchange": f"{service}.dead",
            "x-delivery-limit": _DELIVERY_LIMIT,
        },
    )


def declare_own(channel: Any, service: str) -> None:
    """Declare what a service owns: its events exchange and its dead-letter queue."""
    events_exchange(service)(channel).declare()
    dead_queue(service)(channel).declare()


def declare_at(uri: str, service: str) -> None:
    """Declare on the broker at `uri` what a service owns."""
    with Connection(uri) as connection:
        declare_own(connection.channel(), service)


def subscribe_at(uri: str, service: str, sources: Iterable[str]) -> None:
    """Declare on the broker at `uri` a service's queues; the exchanges of `sources` are there."""
    with Connection(uri) as connection:
        for source in sources:
            subscriber_queue(service, source)(connection.channel()).declare()
