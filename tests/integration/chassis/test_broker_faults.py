"""What is deleted on the broker is declared again by the processes that need it, within seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import eventlet
import pytest
from kombu import Connection

from chassis import ServiceError, new_id
from chassis.messaging.exchanges import subscriber_queue
from chassis.runtime.client import Client
from tests.support.servers import Databases, VirtualHost
from tests.support.toy import create_tables
from tests.support.toy_services import SERVICES, Wire, wait_until

HEALED_WITHIN = 15.0  # seconds, on a busy machine; a reconciliation comes much later
NEVER = 3_600.0


@pytest.fixture
def uris(databases: Databases) -> Iterator[dict[str, str]]:
    made = {service: databases.create("toy", create_tables)[1] for service in SERVICES}
    yield made
    for uri in made.values():
        databases.drop(uri)


@pytest.fixture
def wire(virtual_host: VirtualHost, uris: dict[str, str]) -> Iterator[Wire]:
    """Both services of the toy, which compare heads once, at their start, and never again."""
    made = Wire(virtual_host.uri, uris, reconcile_seconds=NEVER)
    made.start()
    made.call("profiles", "put", streams=["first"])
    wait_until(lambda: made.versions(["first"]) == {"first": 1})
    yield made
    made.stop()


@pytest.fixture
def operator(virtual_host: VirtualHost) -> Iterator[Any]:
    """A channel of somebody who may delete everything."""
    with Connection(virtual_host.operator_uri()) as connection:
        yield connection.channel()


def is_answered(wire: Wire, service: str) -> bool:
    try:
        with Client(wire.uri_of("client"), timeout=1.0) as client:
            return bool(client.call(service, "ping"))
    except ServiceError:
        return False


def reaches_another(wire: Wire) -> bool:
    try:
        return bool(wire.call("segments", "call_profiles", method="echo", arguments={"value": 1}))
    except ServiceError:
        return False


def wait_until_followed(wire: Wire) -> None:
    """Wait until an event of a new stream arrives by message, since nothing else brings it."""

    def is_followed() -> bool:
        stream = new_id()
        try:
            wire.call("profiles", "put", streams=[stream])
        except ServiceError:
            return False
        eventlet.sleep(0.3)
        return wire.versions([stream]) == {stream: 1}

    wait_until(is_followed, HEALED_WITHIN)


def delete_rpc_exchange(channel: Any) -> None:
    channel.exchange_delete("nameko-rpc")


def delete_rpc_queue(channel: Any) -> None:
    channel.queue_delete("rpc-profiles")


def unbind_rpc_queue(channel: Any) -> None:
    channel.queue_unbind("rpc-profiles", "nameko-rpc", "profiles.*")


def delete_events_exchange(channel: Any) -> None:
    channel.exchange_delete("profiles.events")


def delete_subscriber_queue(channel: Any) -> None:
    channel.queue_delete("segments.profiles")


def unbind_subscriber_queue(channel: Any) -> None:
    channel.queue_unbind("segments.profiles", "profiles.events", "#")


@pytest.mark.parametrize(
    "delete",
    [
        delete_rpc_exchange,
        delete_rpc_queue,
        unbind_rpc_queue,
        delete_events_exchange,
        delete_subscriber_queue,
        unbind_subscriber_queue,
    ],
)
def test_what_is_deleted_is_there_again_within_seconds(
    wire: Wire, operator: Any, delete: Callable[[Any], None]
) -> None:
    delete(operator)
    wait_until(lambda: is_answered(wire, "profiles"), HEALED_WITHIN)
    wait_until(lambda: reaches_another(wire), HEALED_WITHIN)
    wait_until_followed(wire)


def test_the_dead_letter_queue_comes_back(wire: Wire, operator: Any) -> None:
    operator.queue_delete("segments.dead")
    operator.exchange_delete("segments.dead")

    def is_back() -> bool:
        wire.publish("profiles", "profiles.events", "spoilt", "{")
        return bool(wire.take("segments", "segments.dead"))

    wait_until(lambda: _succeeds(is_back), HEALED_WITHIN)


def test_a_client_whose_reply_binding_was_deleted_gets_the_next_response(
    wire: Wire, operator: Any
) -> None:
    with Client(wire.uri_of("client"), timeout=1.0) as client:
        assert client.call("profiles", "echo", value=1) == [1, None]
        delete_rpc_exchange(operator)

        def answered() -> bool:
            try:
                return bool(client.call("profiles", "echo", value=1) == [1, None])
            except ServiceError:
                return False

        wait_until(answered, HEALED_WITHIN)


def test_a_queue_with_other_arguments_is_taken_as_it_is(
    virtual_host: VirtualHost, uris: dict[str, str], operator: Any
) -> None:
    """An operator, or another release, has declared the queues in its own way."""
    operator.exchange_declare("profiles.events", "topic", durable=True, auto_delete=False)
    for queue in ("segments.profiles", "rpc-profiles", "segments.dead"):
        operator.queue_declare(
            queue, durable=True, auto_delete=False, arguments={"x-max-length": 100_000}
        )
    wire = Wire(virtual_host.uri, uris, reconcile_seconds=NEVER)
    wire.start()
    wait_until(lambda: is_answered(wire, "profiles"))
    wait_until(lambda: is_answered(wire, "segments"))
    wait_until_followed(wire)
    wire.stop()


def test_an_older_release_declares_the_queues_of_this_one(wire: Wire, operator: Any) -> None:
    """It does so actively, and would loop over a difference; so the arguments are its own."""
    queue = subscriber_queue("segments", "profiles")(operator)
    assert queue.queue_arguments == {
        "x-queue-type": "quorum",
        "x-dead-letter-exchange": "segments.dead",
        "x-delivery-limit": 20,
    }
    queue.declare()
    operator.queue_declare("rpc-profiles", durable=True, auto_delete=False)
    assert is_answered(wire, "profiles")


def test_a_service_is_connected_once_its_own_message_has_come_back(wire: Wire) -> None:
    states = wire.runner.broker_states()
    wait_until(lambda: all(state.is_connected() for state in states.values()))
    assert [state.problem() for state in states.values()] == [None, None]


def _succeeds(condition: Callable[[], bool]) -> bool:
    try:
        return condition()
    except Exception:  # noqa: BLE001 - the broker refuses in several ways until all is back
        return False
