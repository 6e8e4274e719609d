"""Every database user and every broker user reaches its own service's things and no others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import amqp
import kombu
import psycopg2
import pytest
import sqlalchemy as sa

from chassis.database.engine import Database
from contracts.topology import ALL_NAMES, EDGE_NAMES, FOLLOWS, SERVICE_NAMES
from deploy.access import CLIENT
from deploy.services import upgrade
from tests.support.servers import Databases, VirtualHost, VirtualHosts

REPLY_KEY = "0b9a2b0c-5f2e-4d53-9d3e-3f0f5d1c7a10"
REPLY_QUEUES = {
    CLIENT: "rpc.reply-standalone_rpc_proxy-x",
    **{name: f"rpc.reply-{name}-x" for name in EDGE_NAMES},
}


@pytest.fixture(scope="module")
def virtual_host(virtual_hosts: VirtualHosts) -> Iterator[VirtualHost]:
    """A virtual host in which every service has declared what it owns."""
    virtual_host = virtual_hosts.create()
    for name in SERVICE_NAMES:
        with kombu.Connection(virtual_host.uri(name)) as connection:
            channel = connection.default_channel
            channel.exchange_declare(f"{name}.events", "topic", durable=True, auto_delete=False)
            channel.exchange_declare("nameko-rpc", "topic", durable=True, auto_delete=False)
            for queue in (f"rpc-{name}", f"{name}.dead"):
                channel.queue_declare(queue, durable=True, auto_delete=False)
    yield virtual_host
    virtual_hosts.delete(virtual_host)


@pytest.fixture
def channel_of(virtual_host: VirtualHost) -> Iterator[Callable[[str], Any]]:
    """`channel_of("offers")`: a channel of that service's broker user."""
    connections = []

    def open_channel(name: str) -> Any:
        connections.append(kombu.Connection(virtual_host.uri(name)))
        return connections[-1].channel()

    yield open_channel
    for connection in connections:
        connection.close()


def refused(action: Callable[..., object], *arguments: Any, **options: Any) -> None:
    with pytest.raises(amqp.AccessRefused):
        action(*arguments, **options)


def test_a_service_may_create_no_table_in_its_own_database(databases: Databases) -> None:
    _, uri = databases.create("identity")
    with psycopg2.connect(uri) as connection, pytest.raises(psycopg2.errors.InsufficientPrivilege):
        connection.cursor().execute("CREATE TABLE mine (x int)")
    connection.close()
    databases.drop(uri)


def test_a_service_may_not_connect_to_the_database_of_another(databases: Databases) -> None:
    identity = databases.create("identity")[1].rpartition("/")[2]
    _, uri = databases.create("offers")
    with pytest.raises(psycopg2.OperationalError, match="permission denied"):
        psycopg2.connect(f"{uri.rpartition('/')[0]}/{identity}")


@pytest.mark.parametrize("name", SERVICE_NAMES)
def test_a_service_binds_its_queue_to_each_exchange_that_it_follows(
    channel_of: Callable[[str], Any], name: str
) -> None:
    channel = channel_of(name)
    for source in FOLLOWS[name]:
        channel.queue_declare(f"{name}.{source}", durable=True, auto_delete=False)
        channel.queue_bind(f"{name}.{source}", f"{source}.events", "#")


@pytest.mark.parametrize("name", [*ALL_NAMES, CLIENT])
def test_nobody_reads_the_queues_of_another(channel_of: Callable[[str], Any], name: str) -> None:
    for other in set(SERVICE_NAMES) - {name}:
        for queue in (f"rpc-{other}", f"{other}.dead"):
            refused(channel_of(name).basic_get, queue)


@pytest.mark.parametrize("name", [*ALL_NAMES, CLIENT])
def test_nobody_makes_or_deletes_what_is_anothers(
    channel_of: Callable[[str], Any], name: str
) -> None:
    for other in set(SERVICE_NAMES) - {name}:
        refused(channel_of(name).queue_declare, f"{other}.mine", durable=True)
        refused(channel_of(name).queue_delete, f"rpc-{other}")
        refused(channel_of(name).queue_purge, f"rpc-{other}")
        refused(channel_of(name).exchange_declare, f"{other}.events", "topic", durable=True)
        refused(channel_of(name).exchange_delete, f"{other}.events")


@pytest.mark.parametrize("name", [*ALL_NAMES, CLIENT])
def test_nobody_publishes_the_events_of_another(
    channel_of: Callable[[str], Any], name: str
) -> None:
    for other in set(SERVICE_NAMES) - {name}:
        channel = channel_of(name)
        channel.confirm_select()
        message = amqp.Message("{}")
        refused(channel.basic_publish_confirm, message, f"{other}.events", "order_completed")


@pytest.mark.parametrize("name", EDGE_NAMES)
def test_who_takes_http_calls_services_and_makes_nothing_but_a_queue_for_replies(
    channel_of: Callable[[str], Any], name: str
) -> None:
    refused(channel_of(name).queue_declare, f"rpc-{name}", durable=True)
    refused(channel_of(name).exchange_declare, f"{name}.events", "topic", durable=True)
    refused(channel_of(name).exchange_delete, "nameko-rpc")
    channel = channel_of(name)
    channel.confirm_select()
    channel.basic_publish_confirm(amqp.Message("{}"), "nameko-rpc", "profiles.ping")


@pytest.mark.parametrize("name", SERVICE_NAMES)
def test_a_service_follows_no_exchange_that_it_was_not_given(
    channel_of: Callable[[str], Any], name: str
) -> None:
    for other in set(SERVICE_NAMES) - {name, *FOLLOWS[name]}:
        channel = channel_of(name)
        channel.queue_declare(f"{name}.spy", durable=True, auto_delete=False)
        refused(channel.queue_bind, f"{name}.spy", f"{other}.events", "#")


@pytest.mark.parametrize("name", [*ALL_NAMES, CLIENT])
def test_nobody_listens_to_the_calls_of_another(
    channel_of: Callable[[str], Any], name: str
) -> None:
    own = REPLY_QUEUES.get(name, f"{name}.replies")
    for key in {"#", "*.*", *(f"{other}.*" for other in SERVICE_NAMES if other != name)}:
        channel = channel_of(name)
        channel.queue_declare(own, durable=True, auto_delete=False)
        refused(channel.queue_bind, own, "nameko-rpc", key)
    channel = channel_of(name)
    channel.queue_declare(own, durable=True, auto_delete=False)
    channel.queue_bind(own, "nameko-rpc", REPLY_KEY)


INSERT = (
    "INTO events (stream_id, version, id, type, schema_version, data, metadata, occurred_at,"
    " recorded_at) VALUES ('s', 1, 'e', 'noted', 1, '{}', '{}', 0, 0)"
)
CHANGES = {
    "postgresql": ["UPDATE events SET data = '{}'", "DELETE FROM events", "TRUNCATE events"],
    "sqlite": [
        "UPDATE events SET data = '{}'",
        "DELETE FROM events",
        f"INSERT OR REPLACE {INSERT}",
        f"REPLACE {INSERT}",
    ],
}


@pytest.mark.parametrize("name", SERVICE_NAMES)
def test_a_service_adds_to_its_log_and_cannot_change_it(
    service_database: Callable[[str], Database], engine: str, name: str
) -> None:
    database = service_database(name)
    with database.transaction() as connection:
        connection.exec_driver_sql(f"INSERT {INSERT}")
    for change in CHANGES[engine]:
        refusal = pytest.raises(sa.exc.DBAPIError, match=r"permission denied|append-only")
        with refusal, database.transaction() as connection:
            connection.exec_driver_sql(change)
    with database.transaction() as connection:
        assert connection.exec_driver_sql("SELECT id, data FROM events").all()[0][0] == "e"


@pytest.mark.parametrize("name", SERVICE_NAMES)
def test_the_owner_of_a_log_cannot_change_it_either(databases: Databases, name: str) -> None:
    owner, _ = databases.create(name, partial(upgrade, name))
    connection = psycopg2.connect(owner)
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute(f"INSERT {INSERT}")
    for change in CHANGES["postgresql"]:
        with pytest.raises(psycopg2.errors.RaiseException, match="append-only"):
            cursor.execute(change)
    connection.close()
    databases.drop(owner)
