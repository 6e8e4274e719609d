"""Messages over what the broker takes: a clear error at once, and nothing else suffers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from chassis import InvalidInput
from chassis.core.errors import Refused
from chassis.database.tables import OUTBOX, RECONCILED
from tests.support.own_servers import OwnRabbit
from tests.support.servers import Databases, VirtualHosts
from tests.support.toy import append, create_tables, note
from tests.support.toy_services import SERVICES, Wire, wait_until

LARGEST = 256 * 1024


@pytest.fixture(scope="module")
def wire(databases: Databases) -> Iterator[Wire]:
    """Both services of the toy on a broker that takes no message over LARGEST bytes."""
    uris = {service: databases.create("toy", create_tables)[1] for service in SERVICES}
    with OwnRabbit(f"max_message_size = {LARGEST}") as rabbit:
        virtual_hosts = VirtualHosts(databases, rabbit.broker)
        made = Wire(virtual_hosts.create().uri, uris)
        made.start()
        yield made
        made.stop()
    for uri in uris.values():
        databases.drop(uri)


def test_a_response_that_is_too_large_is_an_error_that_says_so(wire: Wire) -> None:
    for _ in range(3):
        with pytest.raises(Refused, match="response: is larger than the broker takes"):
            wire.call("profiles", "text", characters=LARGEST + 1)
        assert len(wire.call("profiles", "text", characters=LARGEST - 1_000)) == LARGEST - 1_000
    with pytest.raises(Refused, match="response: is larger"):
        wire.call("segments", "call_profiles", method="text", arguments={"characters": 2 * LARGEST})


def test_a_request_that_is_too_large_is_an_error_that_says_so(wire: Wire) -> None:
    with pytest.raises(InvalidInput, match="request: is larger than the broker takes"):
        wire.call("profiles", "echo", value="x" * LARGEST)
    assert wire.call("profiles", "echo", value=1) == [1, None]


def test_an_event_that_is_too_large_holds_back_no_other(wire: Wire) -> None:
    wire.call("profiles", "put_text", stream="large", characters=LARGEST)
    wire.call("profiles", "put", streams=["small"])
    wait_until(lambda: wire.versions(["small"]) == {"small": 1})
    query = sa.select(OUTBOX)
    wait_until(lambda: not wire.log.read(lambda unit: unit.connection.execute(query).all()))
    counted = sa.select(RECONCILED.c.too_large)
    wait_until(lambda: wire.own.read(lambda unit: unit.connection.execute(counted).scalar()) == 1)
    append(wire.log, *(note(stream) for stream in ("a-lost", "lost", "z-lost")))
    wire.log.run(lambda unit: unit.connection.execute(sa.delete(OUTBOX)))
    lost = {"a-lost": 1, "lost": 1, "z-lost": 1}
    wait_until(lambda: wire.versions(list(lost)) == lost)
    assert wire.versions(["large"]) in ({}, {"large": 0})


def test_a_page_of_history_that_is_too_large_is_read_in_smaller_ones(wire: Wire) -> None:
    """The messages are lost; what the log has of them is twice what a message holds."""
    with wire.channel("segments") as channel:
        channel.queue_unbind("segments.profiles", "profiles.events", "#")
        for _ in range(20):
            wire.call("profiles", "put_text", stream="long", characters=LARGEST // 10)
    wire.call("segments", "catch_up", at_least={"long": 20}, seconds=20)
    assert wire.versions(["long"]) == {"long": 20}
