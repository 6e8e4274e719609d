"""The broker's user of `cdp doctor`: it reads what the doctor shows, and can do nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import amqp
import kombu
import pytest

from cdp.doctor.administration import read_administered
from chassis.messaging.exchanges import policies, subscribe_at
from contracts.topology import FOLLOWS
from deploy.access import DOCTOR
from deploy.broker import BrokerError, ManagementAPI, definitions
from tests.support.own_servers import OwnRabbit
from tests.support.ports import free_port


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def node(port: int) -> Iterator[OwnRabbit]:
    """A node with the management plugin, provisioned for a service and the doctor."""
    made = OwnRabbit("management.tcp.ip = 127.0.0.1", f"management.tcp.port = {port}")
    (made.directory / "plugins").write_text("[rabbitmq_management].\n")
    with made:
        passwords = dict.fromkeys(("profiles", "segments", DOCTOR), "secret")
        made.broker.administration.load(definitions("cdp", passwords, "cdp_"))
        uri = made.broker.uri("cdp_profiles", "secret", "cdp")
        with kombu.Connection(uri) as connection:
            connection.default_channel.exchange_declare(
                "profiles.events", "topic", durable=True, auto_delete=False
            )
        subscribe_at(made.broker.uri("cdp_segments", "secret", "cdp"), "segments", ["profiles"])
        yield made


@pytest.fixture
def doctor(node: OwnRabbit, port: int) -> ManagementAPI:
    return ManagementAPI(f"http://127.0.0.1:{port}", f"cdp_{DOCTOR}", "secret")


def test_it_sees_bindings_policies_and_queues(doctor: ManagementAPI) -> None:
    seen = read_administered(doctor, "cdp")
    assert seen
    assert ("profiles.events", "segments.profiles") in seen.bindings
    assert "segments.profiles" in seen.queues
    for policy in policies(FOLLOWS):
        there = seen.policies[policy["name"]]
        assert (there["pattern"], there["definition"]) == (policy["pattern"], policy["definition"])


def test_it_administers_nothing(doctor: ManagementAPI) -> None:
    with pytest.raises(BrokerError):
        doctor.load({"vhosts": [{"name": "other"}]})
    with pytest.raises(BrokerError):
        doctor.users()
    with pytest.raises(BrokerError):
        doctor._call("DELETE", "policies/cdp/calls")


def test_it_reads_no_message_and_declares_nothing(node: OwnRabbit) -> None:
    uri = node.broker.uri(f"cdp_{DOCTOR}", "secret", "cdp")
    with kombu.Connection(uri) as connection:
        with pytest.raises(amqp.exceptions.AccessRefused):
            connection.channel().basic_get("segments.profiles")
        with pytest.raises(amqp.exceptions.AccessRefused):
            connection.channel().queue_declare("mine")
        with pytest.raises(amqp.exceptions.AccessRefused):
            connection.channel().queue_purge("segments.profiles")
