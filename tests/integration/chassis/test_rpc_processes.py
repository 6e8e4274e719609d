"""How services start, what each role does, and how they stop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import eventlet
import pytest
import sqlalchemy as sa

from chassis import InvalidInput, Unavailable
from chassis.config.settings import Settings
from chassis.database.tables import OUTBOX
from chassis.messaging import embedded
from chassis.runtime.client import Client
from chassis.runtime.service import Resource, Service, every, rpc
from tests.support.toy import create_tables
from tests.support.toy_services import SERVICES, Profiles, Segments, Wire, wait_until


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Wire]]:
    """`start(Profiles, role="rpc")`: a process with these services, on the embedded broker."""
    uris = {service: f"sqlite:///{tmp_path}/{service}.db" for service in SERVICES}
    for uri in uris.values():
        create_tables(uri)
    wires: list[Wire] = []

    def create(*services: type[Service], **options: Any) -> Wire:
        wires.append(Wire(lambda _user: embedded.install(), uris, services, **options))
        wires[-1].start()
        return wires[-1]

    yield create
    for wire in reversed(wires):  # a follower waits for the response of its source
        wire.stop()
    embedded.forget()


def answers(service: str) -> bool:
    try:
        with Client(embedded.install(), timeout=0.3) as client:
            return bool(client.call(service, "ping"))
    except Unavailable:
        return False


def test_a_process_for_rpc_leaves_events_to_others(start: Callable[..., Wire]) -> None:
    start(Profiles)
    desk = start(Segments, role="rpc")
    assert answers("segments")
    desk.call("profiles", "put", streams=["a"])
    eventlet.sleep(0.5)
    assert desk.versions(["a"]) == {"a": 0}
    start(Segments, role="events")
    wait_until(lambda: desk.versions(["a"]) == {"a": 1})


def test_a_process_for_events_leaves_calls_to_others(start: Callable[..., Wire]) -> None:
    wire = start(Profiles)
    start(Segments, role="events")
    wire.call("profiles", "put", streams=["a"])
    wait_until(lambda: wire.versions(["a"]) == {"a": 1})
    assert not answers("segments")
    start(Segments, role="rpc")
    assert answers("segments")


class Ticking(Profiles):
    ticks: ClassVar[list[int]] = []

    @every(0.02)
    def tick(self) -> None:
        self.ticks.append(1)
        if len(self.ticks) == 2:
            raise ValueError


def test_a_timer_ticks_where_events_are_followed_and_survives_its_errors(
    start: Callable[..., Wire],
) -> None:
    start(Ticking, role="rpc")
    eventlet.sleep(0.2)
    assert Ticking.ticks == []
    start(Ticking, role="events")
    wait_until(lambda: len(Ticking.ticks) > 4)


class Equipped(Profiles):
    built: ClassVar[list[str]] = []

    @staticmethod
    def build(settings: Settings) -> str:
        Equipped.built.append(settings.service)
        return "hammer"

    tool: Any = Resource(build)

    @rpc
    def look(self) -> Any:
        return self.tool


def test_a_resource_is_built_once_from_the_settings(start: Callable[..., Wire]) -> None:
    wire = start(Equipped)
    assert [wire.call("profiles", "look") for _ in range(3)] == ["hammer"] * 3
    assert Equipped.built == ["profiles"]


def refuse(_settings: object) -> None:
    raise InvalidInput("offers.yaml", "line 3: there is no placement chekcout")


class Mistaken(Profiles):
    tool: Any = Resource(refuse)


def test_a_mistake_in_a_resource_stops_the_start_with_its_message(
    start: Callable[..., Wire],
) -> None:
    with pytest.raises(InvalidInput, match="chekcout"):
        start(Mistaken)


def test_who_is_being_served_when_a_process_stops_gets_the_answer(
    start: Callable[..., Wire],
) -> None:
    wire = start(Profiles, Segments)
    pending = eventlet.spawn(wire.call, "profiles", "sleep", seconds=0.5)
    eventlet.sleep(0.1)
    wire.runner.stop()
    assert pending.wait() == 0.5


def test_what_is_committed_when_a_process_stops_is_published_first(
    start: Callable[..., Wire],
) -> None:
    wire = start(Profiles)
    for number in range(5):
        wire.call("profiles", "put", streams=[f"s{number}"] * 50)
    wire.runner.stop()
    query = sa.select(OUTBOX)
    assert wire.log.read(lambda unit: unit.connection.execute(query).all()) == []
