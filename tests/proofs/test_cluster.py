"""A node of a RabbitMQ cluster dies: the queues of calls that lived on it are replaced."""

from __future__ import annotations

from collections.abc import Iterator

import kombu
import pytest

from chassis import ServiceError
from chassis.messaging.exchanges import CALL_SECONDS
from chassis.runtime.client import Client
from tests.support.own_servers import OwnRabbit
from tests.support.servers import Databases, VirtualHosts
from tests.support.toy import create_tables
from tests.support.toy_services import SERVICES, Wire, wait_until

ON_THE_OTHER = ("rpc-profiles", "rpc-segments")
ON_THE_SAME = ("profiles.dead", "segments.dead", "segments.profiles")


@pytest.fixture
def nodes() -> Iterator[tuple[OwnRabbit, OwnRabbit]]:
    """Two nodes of one cluster."""
    first = OwnRabbit()
    second = OwnRabbit(cookie=first.cookie)
    with first, second:
        second.join(first)
        yield first, second


def test_calls_are_answered_while_the_node_of_their_queue_is_down_and_after_it_is_back(
    nodes: tuple[OwnRabbit, OwnRabbit], databases: Databases
) -> None:
    other, node = nodes
    uris = {service: databases.create("toy", create_tables)[1] for service in SERVICES}
    virtual_host = VirtualHosts(databases, node.broker).create()
    for each, queues in ((other, ON_THE_OTHER), (node, ON_THE_SAME)):
        uri = virtual_host.operator_uri().replace(str(node.port), str(each.port))
        with kombu.Connection(uri) as connection:
            for queue in queues:  # of one copy each, unlike those that services declare
                connection.default_channel.queue_declare(queue, durable=True, auto_delete=False)
    wire = Wire(virtual_host.uri, uris)
    wire.start()

    def answered() -> bool:
        try:
            with Client(wire.uri_of("client"), timeout=1.0) as client:
                return bool(
                    client.call("segments", "call_profiles", method="echo", arguments={"value": 1})
                )
        except ServiceError:
            return False

    wait_until(answered)
    other.stop_at_once()
    wait_until(answered, seconds=6.0 * CALL_SECONDS)
    other.start()
    wait_until(lambda: not has_substitute(wire), seconds=6.0 * CALL_SECONDS)
    wait_until(answered, seconds=6.0 * CALL_SECONDS)
    wire.stop()


def has_substitute(wire: Wire) -> bool:
    """Whether calls to profiles still come from a substitute."""
    with wire.channel("profiles") as channel:
        try:
            channel.queue_declare("profiles.calls", passive=True)
        except kombu.exceptions.ChannelError:
            return False
    return True
