"""A node of a RabbitMQ cluster dies: the queues of calls that lived on it are replaced."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import eventlet
import kombu
import pytest

from chassis import ServiceError, new_id
from chassis.messaging.exchanges import CALL_SECONDS
from chassis.runtime.client import Client
from tests.support.own_servers import OwnRabbit
from tests.support.servers import Databases, VirtualHosts
from tests.support.toy import create_tables
from tests.support.toy_services import SERVICES, Wire, wait_until

pytestmark = pytest.mark.long

PERIOD_SECONDS = 2.0
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
    put: list[str] = []

    def answered() -> bool:
        return is_answered(wire, put)

    def all_are_answered() -> bool:
        return all(answered() for _ in range(50))

    wait_until(answered)
    other.stop_at_once()
    wait_until(answered, seconds=6.0 * CALL_SECONDS)
    other.start()
    wait_until(all_are_answered, seconds=6.0 * CALL_SECONDS)
    with wire.channel("profiles") as channel:  # each call came to one queue alone
        assert channel.queue_declare("profiles.calls", passive=True).consumer_count == 1
        assert channel.queue_declare("rpc-profiles", passive=True).consumer_count == 0
    wait_until(lambda: sum(v > 0 for v in wire.versions(put).values()) == len(put))
    assert set(wire.versions(put).values()) == {1}  # and was handled once
    wire.stop()


def test_on_a_sound_suite_the_broker_logs_no_error(databases: Databases) -> None:
    uris = {service: databases.create("toy", create_tables)[1] for service in SERVICES}
    with OwnRabbit() as node:
        virtual_host = VirtualHosts(databases, node.broker).create()
        first, second = (Wire(virtual_host.uri, uris) for _ in range(2))
        first.start()  # it makes what is asked for
        wait_until(lambda: is_answered(first, []))
        first.stop()
        before = errors_of(node, virtual_host.operator_uri(), "nothing-1")
        second.start()
        wait_until(lambda: is_answered(second, []))
        eventlet.sleep(3 * PERIOD_SECONDS)
        after = errors_of(node, virtual_host.operator_uri(), "nothing-2")
        second.stop()
    assert [line for line in after[len(before) :] if "nothing-" not in line] == []


def is_answered(wire: Wire, put: list[str]) -> bool:
    """Whether calls of a client and of a service are answered; adds the stream of a note to `put`
    if the answer to its call came."""
    try:
        with Client(wire.uri_of("client"), timeout=1.0) as client:
            stream = new_id()
            client.call("profiles", "put", streams=[stream])
            put.append(stream)
            return bool(
                client.call("segments", "call_profiles", method="echo", arguments={"value": 1})
            )
    except ServiceError:
        return False


def errors_of(node: OwnRabbit, uri: str, missing: str) -> list[str]:
    """What channels were closed for, by the log of a node; the last was asked for a queue that is
    `missing`, to see that all before it is in the log."""
    with kombu.Connection(uri) as connection, contextlib.suppress(kombu.exceptions.ChannelError):
        connection.default_channel.queue_declare(missing, passive=True)

    def lines() -> list[str]:
        return [
            line
            for path in (node.directory / "log").glob("*.log")
            for line in path.read_text(errors="replace").splitlines()
            if "channel exception" in line
        ]

    wait_until(lambda: any(missing in line for line in lines()))
    return lines()
