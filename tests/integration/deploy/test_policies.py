"""The policies of the broker's queues: what a later release can change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import amqp
import kombu
import pytest

from chassis.messaging.exchanges import CALL_SECONDS, policies
from contracts.topology import FOLLOWS, SERVICE_NAMES
from tests.support.servers import VirtualHost
from tests.support.toy_services import wait_until

QUEUES = [
    *(f"rpc-{name}" for name in SERVICE_NAMES),
    *(f"{name}.calls" for name in SERVICE_NAMES),
    *(f"{name}.{source}" for name in SERVICE_NAMES for source in FOLLOWS[name]),
]


@pytest.fixture
def channel(virtual_host: VirtualHost) -> Iterator[Any]:
    with kombu.Connection(virtual_host.operator_uri()) as connection:
        yield connection.default_channel


@pytest.mark.parametrize("queue", QUEUES)
def test_a_queue_has_one_policy(queue: str) -> None:
    matching = [each for each in policies(FOLLOWS) if re.search(each["pattern"], queue)]
    assert len(matching) == 1


@pytest.mark.parametrize("queue", ["segments.dead", "rpc.reply-offers-1", "newsletter.profiles"])
def test_other_queues_have_none(queue: str) -> None:
    assert not [each for each in policies(FOLLOWS) if re.search(each["pattern"], queue)]


def test_a_call_that_states_nothing_expires_in_its_queue(channel: Any) -> None:
    """The policy is in force in the virtual host that a service gets."""
    channel.queue_declare("rpc-offers", durable=True, auto_delete=False)
    channel.basic_publish(amqp.Message("old"), "", "rpc-offers")

    def left() -> int:
        return int(channel.queue_declare("rpc-offers", passive=True).message_count)

    wait_until(lambda: left() == 1)  # it was published without a confirm
    wait_until(lambda: left() == 0, seconds=6.0 * CALL_SECONDS)


def test_what_was_delivered_too_often_is_a_dead_letter_without_an_argument(channel: Any) -> None:
    """A queue that another release made without our arguments has them by policy."""
    arguments = {"x-queue-type": "quorum"}
    channel.exchange_declare("offers.dead", "fanout", durable=True, auto_delete=False)
    channel.queue_declare("dead", durable=True, auto_delete=False)
    channel.queue_bind("dead", "offers.dead", "#")
    channel.queue_declare("offers.profiles", durable=True, auto_delete=False, arguments=arguments)
    channel.basic_publish(amqp.Message("poison"), "", "offers.profiles")

    def is_dead() -> bool:
        if message := channel.basic_get("offers.profiles"):
            channel.basic_reject(message.delivery_tag, requeue=True)
        return bool(channel.queue_declare("dead", passive=True).message_count)

    wait_until(is_dead)
