"""The broker goes away for a while, and comes back: services go on by themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import eventlet
import pytest
import sqlalchemy as sa

from chassis import Unavailable
from chassis.database.tables import OUTBOX
from chassis.runtime.client import Client
from tests.support.servers import Databases, VirtualHost
from tests.support.tcp_proxy import TcpProxy
from tests.support.toy import append, create_tables, fold_of, folds, note, whole_log
from tests.support.toy_services import SERVICES, Wire, wait_until


@pytest.fixture
def virtual_host_and_proxy(virtual_host: VirtualHost) -> Iterator[tuple[VirtualHost, TcpProxy]]:
    proxy = TcpProxy(virtual_host.uri("client"))
    yield virtual_host, proxy
    proxy.cut()


@pytest.mark.proofs
def test_after_an_outage_every_event_is_applied_and_every_call_answered(
    virtual_host_and_proxy: tuple[VirtualHost, TcpProxy],
    databases: Databases,
    size: Callable[[int, int], int],
) -> None:
    virtual_host, proxy = virtual_host_and_proxy
    uris = {service: databases.create("toy", create_tables)[1] for service in SERVICES}
    wire = Wire(lambda user: proxy.through(virtual_host.uri(user)), uris)
    wire.start()
    wait_until(lambda: wire.call("profiles", "put", streams=["before"]))
    wait_until(lambda: wire.versions(["before"])["before"])
    pending = eventlet.spawn(_call, wire, "sleep", seconds=0.5)  # its answer finds no broker
    eventlet.sleep(0.2)
    proxy.cut()
    work = wire.runner.unit_of_work_runners()["profiles"]
    for _ in range(5):
        append(work, note("during"), note("before"))
    eventlet.sleep(size(1, 20))
    proxy.open()
    pending.wait()
    wait_until(lambda: _call(wire, "put", streams=["after"]))
    streams = ["before", "during", "after"]

    def whole() -> bool:
        log = whole_log(wire.log)
        stored = wire.own.read(lambda unit: folds(unit.connection, streams))
        return stored == {stream: (len(log[stream]), fold_of(log[stream])) for stream in streams}

    wait_until(whole)
    query = sa.select(OUTBOX)
    wait_until(lambda: not wire.log.read(lambda unit: unit.connection.execute(query).all()))
    wait_until(lambda: _call(wire, "echo", value=1) == [1, None])
    wire.stop()
    for uri in uris.values():
        databases.drop(uri)


def _call(wire: Wire, method: str, **arguments: Any) -> Any:
    try:
        return wire.call("profiles", method, **arguments)
    except Unavailable:
        return None


def test_a_broker_that_is_frozen_is_noticed_and_holds_up_nobody_afterwards(
    virtual_host_and_proxy: tuple[VirtualHost, TcpProxy], databases: Databases
) -> None:
    virtual_host, proxy = virtual_host_and_proxy
    uris = {service: databases.create("toy", create_tables)[1] for service in SERVICES}
    wire = Wire(lambda user: proxy.through(virtual_host.uri(user)), uris)
    wire.start()
    states = wire.runner.broker_states().values()
    wait_until(lambda: all(state.is_connected() for state in states))
    client = Client(wire.uri_of("client"), timeout=1.0)
    assert client.call("profiles", "echo", value=1) == [1, None]
    proxy.frozen = True
    wait_until(lambda: not any(state.is_connected() for state in states))
    assert all(str(state.problem()).startswith("broker: ") for state in states)
    for _ in range(2):  # the second finds no connection, and waits no longer for one
        with pytest.raises(Unavailable):
            client.call("profiles", "echo", value=1)
    work = wire.runner.unit_of_work_runners()["profiles"]
    append(work, note("frozen"))
    proxy.frozen = False
    wait_until(lambda: all(state.is_connected() for state in states))
    wait_until(lambda: _call(wire, "echo", value=1) == [1, None])
    wait_until(lambda: wire.versions(["frozen"]) == {"frozen": 1})
    wire.stop()
    for uri in uris.values():
        databases.drop(uri)
