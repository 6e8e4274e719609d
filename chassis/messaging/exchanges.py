"""The exchanges and queues of a service, declared before anything is published to them.

"segments" follows "profiles"; its replicas share one queue for each source:

    profiles                                        segments
        |                                               ^
        | event, routed by its type                     | batches
        v                                               |
    [profiles.events] --- "#" ---> (segments.profiles) -+
     topic exchange                 quorum queue        |
                                        |               | cannot be read
                                        | delivered     v
                                        | 20 times   [segments.dead] ---> (segments.dead)
                                        +----------->  fanout exchange     quorum queue

Each exchange is declared by the service whose name it has; whoever binds to it only reads. Calls
use nameko's own exchange and queues.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kombu import Connection, Exchange, Queue

# A message that was delivered so often and never acknowledged goes to the dead-letter exchange; a
# quorum queue without one drops it. Only crashes and lost connections count as such deliveries.
_DELIVERY_LIMIT = 20


def events_exchange(service: str) -> Exchange:
    """Where a service publishes its events: a topic exchange, routed by event type."""
    return Exchange(f"{service}.events", type="topic", durable=True)


def dead_queue(service: str) -> Queue:
    """Where messages go that a service cannot read, or that have killed it again and again."""
    name = f"{service}.dead"
    exchange = Exchange(name, type="fanout", durable=True)
    return Queue(name, exchange, durable=True, queue_arguments={"x-queue-type": "quorum"})


def subscriber_queue(service: str, source: str) -> Queue:
    """The queue, shared by all replicas of `service`, of every event of `source`."""
    return Queue(
        f"{service}.{source}",
        # The exchange is its owner's to declare; binding to it needs the right to read alone.
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
    """Declare on the broker at `uri` a service's queues; the exchanges of `sources` exist."""
    with Connection(uri) as connection:
        for source in sources:
            subscriber_queue(service, source)(connection.channel()).declare()
