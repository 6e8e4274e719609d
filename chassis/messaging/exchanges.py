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

What a policy can say about a queue is said by `policies`, which a later release can change. The
arguments of a queue cannot be changed: those below are the first release's, and stay. A queue that
is there is taken as it is, whatever its arguments.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from amqp.exceptions import ChannelError, NotFound, PreconditionFailed
from kombu import Connection, Exchange, Queue

from chassis.config.broker import RPC_EXCHANGE
from chassis.messaging.amqp import NOT_FOUND

# A message that was delivered so often and never acknowledged goes to the dead-letter exchange; a
# quorum queue without one drops it. Only crashes and lost connections count as such deliveries.
_DELIVERY_LIMIT = 20
# Nobody waits longer for the response to a call; see `chassis.runtime.expiry`.
CALL_SECONDS = 10


def rpc_exchange() -> Exchange:
    """nameko's exchange of calls and responses."""
    return Exchange(RPC_EXCHANGE, type="topic", durable=True)


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


def policies(follows: Mapping[str, Iterable[str]]) -> Iterator[dict[str, Any]]:
    """The policies of the queues of services: name, pattern and definition, as RabbitMQ has them.

    `follows` says whose events each service follows. A queue has one policy, so no two of the
    patterns match the same queue.
    """
    yield {
        "name": "calls",
        "pattern": rf"^rpc-|^({'|'.join(map(re.escape, follows))})\.calls$",
        "definition": {"message-ttl": 1_000 * CALL_SECONDS},
    }
    for service, sources in follows.items():
        if sources:
            yield {
                "name": f"events-{service}",
                "pattern": rf"^{re.escape(service)}\.({'|'.join(map(re.escape, sources))})$",
                "definition": {
                    "dead-letter-exchange": f"{service}.dead",
                    "delivery-limit": _DELIVERY_LIMIT,
                },
            }


def ensure_queue(connection: Connection, queue: Queue) -> None:
    """Declare a queue, unless it is there with whatever arguments, and bind it to its exchange.

    The exchange is declared too, or must be there if it is passive.
    """
    _declare(connection, queue)
    bind_again(connection, queue)


def ensure_reply_queue(connection: Connection, queue: Queue) -> None:
    """Declare a queue of this process alone, and bind it.

    It is not asked for first: it is seldom there, which the broker would log as an error.
    """
    with connection.channel() as channel:
        queue(channel).queue_declare()
        _bind(channel, queue)


def _declare(connection: Connection, queue: Queue) -> None:
    """Declare a queue, unless it is there with whatever arguments."""
    with connection.channel() as channel:
        if _is_there(channel, queue):
            return
    # Another release may declare it just now, with other arguments.
    with suppress(PreconditionFailed), connection.channel() as channel:
        queue(channel).queue_declare()


def _is_there(channel: Any, queue: Queue) -> bool:
    """Whether a queue exists; if not, the broker has closed the channel."""
    try:
        queue(channel).queue_declare(passive=True)
    except ChannelError as error:
        if int(error.reply_code) != NOT_FOUND:
            raise
        return False
    return True


def _bind(channel: Any, queue: Queue) -> None:
    bound = queue(channel)
    bound.exchange.declare()
    bound.queue_bind()


def calls_queue(service: str) -> Queue:
    """nameko's queue of the calls to a service, which lives on one node of a cluster."""
    return Queue(f"rpc-{service}", rpc_exchange(), f"{service}.*", durable=True)


def substitute_queue(service: str) -> Queue:
    """What holds the calls to a service since the node of its queue went down.

    It is transient, so that it is gone when its own node goes down, and another can be declared.
    """
    return Queue(f"{service}.calls", rpc_exchange(), f"{service}.*", durable=False)


def is_node_down(error: BaseException) -> bool:
    """Whether a durable queue cannot be used, declared or deleted until its node is back."""
    return isinstance(error, NotFound) and "home node" in str(error)


def ensure_calls_queue(connection: Connection, service: str) -> Queue:
    """The queue from which a service is to take its calls, declared and bound.

        node of rpc-<service>   <service>.calls      calls come from
        up                      nobody uses it   ->  rpc-<service>; the substitute is deleted
        down                    nobody uses it   ->  <service>.calls, declared now
        up or down              is used          ->  <service>.calls; rpc-<service> is not bound

    Nobody moves back while the substitute is used: a node that comes back binds its queue to the
    exchange again, and each call would come twice. The copies that it got until somebody saw that
    expire there.
    """
    queue, substitute = calls_queue(service), substitute_queue(service)
    is_up = _declare_if_up(connection, queue)
    if _is_used(connection, substitute):
        keep_substitute(connection, service)
        return substitute
    if not is_up:
        _declare(connection, substitute)
        # Its node may have come back meanwhile, and somebody else may have chosen it.
        is_up = _declare_if_up(connection, queue)
    if is_up:
        bind_again(connection, queue)
        return queue
    bind_again(connection, substitute)
    return substitute


def keep_substitute(connection: Connection, service: str) -> bool:
    """Bind the substitute instead of the queue of calls; False if there is no substitute."""
    with connection.channel() as channel:
        if not _is_there(channel, substitute_queue(service)):
            return False
        _bind(channel, substitute_queue(service))
    with suppress(NotFound), connection.channel() as channel:  # its node may be down
        calls_queue(service)(channel).queue_unbind()
    return True


def _is_used(connection: Connection, substitute: Queue) -> bool:
    """Whether somebody takes calls from a substitute, or calls are in it; if not, it is deleted.

    To ask for it would have the broker log an error for each time that it is not there.
    """
    try:
        with connection.channel() as channel:
            substitute(channel).delete(if_unused=True, if_empty=True)
    except PreconditionFailed:
        return True
    return False


def _declare_if_up(connection: Connection, queue: Queue) -> bool:
    """Declare a durable queue; False if its node is down."""
    try:
        _declare(connection, queue)
    except NotFound as error:
        if not is_node_down(error):
            raise
        return False
    return True


def bind_again(connection: Connection, queue: Queue) -> None:
    """Declare the exchange of a queue that is there, and bind it."""
    with connection.channel() as channel:
        _bind(channel, queue)


def declare_own(connection: Connection, service: str) -> None:
    """Declare what a service owns: its events exchange and its dead-letter queue."""
    with connection.channel() as channel:
        events_exchange(service)(channel).declare()
    ensure_queue(connection, dead_queue(service))


def declare_at(uri: str, service: str) -> None:
    """Declare on the broker at `uri` what a service owns."""
    with Connection(uri) as connection:
        declare_own(connection, service)


def subscribe_at(uri: str, service: str, sources: Iterable[str]) -> None:
    """Declare on the broker at `uri` a service's queues; the exchanges of `sources` exist."""
    with Connection(uri) as connection:
        for source in sources:
            ensure_queue(connection, subscriber_queue(service, source))
