"""From which queue a service takes its calls, when a substitute for it is there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import amqp
import pytest
from kombu import Connection

from chassis.messaging.exchanges import (
    calls_queue,
    ensure_calls_queue,
    ensure_queue,
    keep_substitute,
    substitute_queue,
)
from tests.support.servers import VirtualHost
from tests.support.toy_services import wait_until

DURABLE, SUBSTITUTE = "rpc-profiles", "profiles.calls"


class Calls:
    """Calls to profiles, and the queues that they come to."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.channel = connection.default_channel

    def choose(self) -> str:
        return str(ensure_calls_queue(self.connection, "profiles").name)

    def declare(self, queue: Any) -> None:
        ensure_queue(self.connection, queue)

    def send(self, body: str) -> None:
        self.channel.basic_publish(amqp.Message(body), "nameko-rpc", "profiles.echo")

    def take(self, queue: str) -> list[str]:
        """The calls that wait in a queue."""
        taken = []
        while message := self.channel.basic_get(queue, no_ack=True):
            taken.append(message.body)
        return taken

    def consume(self, queue: str) -> str:
        return str(self.channel.basic_consume(queue))

    def is_there(self, queue: str) -> bool:
        try:
            with self.connection.channel() as channel:
                channel.queue_declare(queue, passive=True)
        except amqp.exceptions.NotFound:
            return False
        return True


@pytest.fixture
def calls(virtual_host: VirtualHost) -> Iterator[Calls]:
    with Connection(virtual_host.operator_uri()) as connection:
        made = Calls(connection)
        made.declare(calls_queue("profiles"))
        yield made


def test_without_a_substitute_calls_come_from_the_queue(calls: Calls) -> None:
    calls.send("live")
    assert calls.choose() == DURABLE
    assert calls.take(DURABLE) == ["live"]


def test_a_substitute_that_nobody_uses_is_deleted(calls: Calls) -> None:
    calls.declare(substitute_queue("profiles"))
    assert calls.choose() == DURABLE
    assert not calls.is_there(SUBSTITUTE)


def test_whoever_starts_beside_a_substitute_in_use_takes_each_call_once(calls: Calls) -> None:
    """The node of the durable queue is back, and bound; other processes use the substitute."""
    calls.declare(substitute_queue("profiles"))
    consumer = calls.consume(SUBSTITUTE)
    assert calls.choose() == SUBSTITUTE
    calls.channel.basic_cancel(consumer)
    calls.send("live")
    wait_until(lambda: calls.take(SUBSTITUTE) == ["live"])
    assert calls.take(DURABLE) == []


def test_live_calls_in_a_substitute_are_handled_before_it_is_deleted(calls: Calls) -> None:
    calls.declare(substitute_queue("profiles"))
    calls.send("live")
    assert calls.choose() == SUBSTITUTE
    assert calls.take(SUBSTITUTE) == ["live"]
    assert calls.choose() == DURABLE
    calls.send("later")
    wait_until(lambda: calls.take(DURABLE)[-1:] == ["later"])


def test_nothing_that_waits_in_the_durable_queue_is_deleted(calls: Calls) -> None:
    calls.send("before")
    calls.declare(substitute_queue("profiles"))
    calls.consume(SUBSTITUTE)
    assert calls.choose() == SUBSTITUTE
    assert calls.take(DURABLE) == ["before"]


def test_a_process_on_the_substitute_keeps_it_bound_alone(calls: Calls) -> None:
    calls.declare(substitute_queue("profiles"))
    calls.channel.queue_unbind(SUBSTITUTE, "nameko-rpc", "profiles.*")
    assert keep_substitute(calls.connection, "profiles")
    calls.send("live")
    wait_until(lambda: calls.take(SUBSTITUTE) == ["live"])
    assert calls.take(DURABLE) == []


def test_a_substitute_that_is_gone_is_not_kept(calls: Calls) -> None:
    assert not keep_substitute(calls.connection, "profiles")
