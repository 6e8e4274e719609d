"""Processes that stood still: nobody's call is worked off, and live calls are answered."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import amqp
import kombu

from chassis import ServiceError
from chassis.messaging.exchanges import CALL_SECONDS
from chassis.runtime.client import Client
from chassis.runtime.expiry import expiry_headers
from tests.support.system import ProcessSuite

REQUEST = {"placement": "checkout", "identifiers": {"device_id": "d-1"}, "deadline_ms": 2_000}
JSON = {"content_type": "application/json", "content_encoding": "utf-8"}
REPLY_TO = "0b9a2b0c-5f2e-4d53-9d3e-3f0f5d1c7a10"
PREFETCHED = 20  # by both processes


def abandon_calls(suite: ProcessSuite, number: int, seconds: float | None) -> None:
    """Send calls of `decide` for whose responses nobody waits after `seconds`; None: who knows."""
    body = json.dumps({"args": [], "kwargs": {"request": REQUEST}})
    with kombu.Connection(suite.client_uri) as connection:
        channel = connection.default_channel
        for _ in range(number):
            message = amqp.Message(body, reply_to=REPLY_TO, correlation_id="1", **JSON)
            if seconds is not None:
                message.properties["application_headers"] = expiry_headers(seconds)
                message.properties["expiration"] = str(int(1_000 * seconds))
            channel.basic_publish(message, "nameko-rpc", "offers.decide")


def decisions(suite: ProcessSuite) -> int:
    """How many decisions offers has logged."""
    connection = suite.administrator("offers")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM events WHERE type = 'offer_decided'")
        number = cursor.fetchone()[0]
    connection.close()
    return int(number)


def answered(client: Client) -> bool:
    try:
        return bool(client.call("offers", "decide", request=REQUEST)["decision_id"])
    except ServiceError:
        return False


def test_what_nobody_waits_for_after_a_freeze_is_not_worked_off(
    suite: Callable[..., ProcessSuite], size: Callable[[int, int], int]
) -> None:
    frozen_for = size(3, 30)
    started = suite(services=("offers",), replicas=2)
    with Client(started.client_uri, timeout=30.0) as client:
        assert answered(client)
        for process in started.alive("offers"):
            started.freeze(process)
        abandon_calls(started, 400, seconds=1.0)
        if frozen_for > CALL_SECONDS:
            abandon_calls(started, 1_600, seconds=None)
        time.sleep(frozen_for)
        for process in started.alive("offers"):
            started.thaw(process)
        thawed = time.monotonic()
        assert answered(client)
        print(f"a live call was answered {time.monotonic() - thawed:.2f} s after the thaw")
        assert answered(client)
    started.wait_for(lambda: waiting(started) == 0, "no call waits any more")
    started.wait_for(lambda: decisions(started) >= 3, "what was answered is logged")
    assert decisions(started) == 3, "and nothing else"


def test_calls_that_come_back_in_time_are_answered(suite: Callable[..., ProcessSuite]) -> None:
    """A process that stood still gives back what it had received, and it is still wanted."""
    started = suite(services=("offers",), replicas=1)
    (process,) = started.alive("offers")
    responses: list[Any] = []
    with kombu.Connection(started.client_uri) as connection:
        exchange = kombu.Exchange("nameko-rpc", "topic", durable=True)
        name = "rpc.reply-standalone_rpc_proxy-frozen"
        queue = kombu.Queue(name, exchange, REPLY_TO, durable=False, auto_delete=True)
        with kombu.Consumer(
            connection, [queue], no_ack=True, on_message=lambda m: responses.append(m.payload)
        ):
            started.freeze(process)
            abandon_calls(started, PREFETCHED, seconds=None)
            time.sleep(2.0)
            started.thaw(process)
            while len(responses) < PREFETCHED:
                connection.drain_events(timeout=30)
    assert [response["error"] for response in responses] == [None] * PREFETCHED


def waiting(suite: ProcessSuite) -> Any:
    """How many calls are in the queue of offers."""
    with kombu.Connection(suite.client_uri) as connection:
        return connection.default_channel.queue_declare("rpc-offers", passive=True).message_count
