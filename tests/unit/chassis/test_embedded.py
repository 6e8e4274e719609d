from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from kombu import Connection, Exchange, Producer

from chassis.messaging import embedded
from chassis.messaging.exchanges import dead_queue, events_exchange, subscriber_queue

BODY = '{"order": 1}'


@pytest.fixture
def connection() -> Iterator[Connection]:
    with Connection(embedded.install(["profiles", "segments"])) as connection:
        yield connection
    embedded.forget()


def publish(connection: Connection, exchange: Exchange, body: str, key: str = "noted") -> None:
    Producer(connection.channel(), auto_declare=False).publish(
        body,
        exchange=exchange,
        routing_key=key,
        content_type="application/json",
        content_encoding="utf-8",
    )


def test_a_message_carries_its_content_type_where_amqp_does(connection: Connection) -> None:
    queue = subscriber_queue("segments", "profiles")(connection.channel())
    queue.declare()
    publish(connection, events_exchange("profiles"), BODY)
    message = queue.get()
    assert message.properties["content_type"] == "application/json"
    assert message.properties["content_encoding"] == "utf-8"
    assert message.payload == {"order": 1}


def test_a_subscriber_gets_events_of_every_type(connection: Connection) -> None:
    queue = subscriber_queue("segments", "profiles")(connection.channel())
    queue.declare()
    for key in ("order_completed", "noted", "dotted.type"):
        publish(connection, events_exchange("profiles"), BODY, key)
    assert [queue.get() is not None for _ in range(4)] == [True, True, True, False]


def test_a_queue_that_its_process_let_go_keeps_its_messages(connection: Connection) -> None:
    subscriber_queue("segments", "profiles")(connection.channel()).declare()
    publish(connection, events_exchange("profiles"), BODY)
    with Connection(embedded.install()) as other:
        assert subscriber_queue("segments", "profiles")(other.channel()).get() is not None


def test_what_a_service_owns_is_declared_before_anybody_publishes(connection: Connection) -> None:
    queue = dead_queue("profiles")(connection.channel())
    publish(connection, queue.exchange, BODY)
    assert queue.get() is not None


def test_a_forgotten_broker_is_empty(connection: Connection) -> None:
    queue = dead_queue("profiles")(connection.channel())
    publish(connection, queue.exchange, BODY)
    embedded.forget()
    embedded.install(["profiles"])
    with Connection(embedded.install()) as other:
        assert dead_queue("profiles")(other.channel()).get() is None


def test_waiting_for_a_message_ends_in_time_and_at_once_when_one_comes(
    connection: Connection,
) -> None:
    received: list[bytes] = []
    queue = subscriber_queue("segments", "profiles")(connection.channel())
    queue.declare()
    with connection.Consumer([queue], on_message=lambda message: received.append(message.body)):
        with pytest.raises(TimeoutError):
            connection.drain_events(timeout=0.01)
        publish(connection, events_exchange("profiles"), BODY)
        before = time.monotonic()
        connection.drain_events(timeout=60)
    assert received == [BODY.encode()]
    assert time.monotonic() - before < 60
