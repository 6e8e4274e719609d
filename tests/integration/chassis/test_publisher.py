"""The publisher: what is committed reaches the broker, whatever dies in between."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import eventlet
import pytest
import sqlalchemy as sa
from kombu import Connection, Exchange, Queue
from nameko.containers import ServiceContainer
from nameko.events import event_handler

from chassis import Event, new_id
from chassis.database.engine import Database
from chassis.database.tables import OUTBOX
from chassis.eventlog import outbox
from chassis.eventlog.outbox import Outbox
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from chassis.messaging.exchanges import declare_own
from chassis.messaging.publisher import BrokerPublisher
from chassis.observability.metrics import EVENTS_REFUSED
from tests.support.tcp_proxy import TcpProxy
from tests.support.toy import append, joint_note, note, whole_log, work_on
from tests.support.toy_services import wait_until

ROOT = Path(__file__).parents[3]
on_rabbitmq = pytest.mark.parametrize("broker", ["rabbitmq"], indirect=True, scope="module")


class Publishing:
    """A log whose publisher runs in this process, once it is started."""

    def __init__(self, database_uri: str, broker_uri: str) -> None:
        self.database = Database(database_uri)
        self.work: UnitOfWorkRunner = work_on(self.database, "profiles")
        self.work.outbox = Outbox(lapse=100_000)
        self.publisher = BrokerPublisher(broker_uri, self.work)
        self.work.publisher = self.publisher
        self.greenlets: list[Any] = []

    def start(self) -> None:
        self.greenlets = [eventlet.spawn(self.publisher.run), eventlet.spawn(self.publisher.sweep)]

    def stop(self) -> None:
        for greenlet in self.greenlets:
            greenlet.kill()
        self.publisher.close()
        self.database.close()

    def outbox(self) -> int:
        query = sa.select(sa.func.count()).select_from(OUTBOX)
        return self.work.read(lambda unit: unit.connection.execute(query).scalar_one())


@pytest.fixture
def publishing(toy_uris: Mapping[str, str], broker: Any) -> Iterator[Callable[..., Publishing]]:
    """`publishing()`: a publisher on profiles' database, not started."""
    publishers: list[Publishing] = []

    def create(broker_uri: str = "") -> Publishing:
        publishers.append(Publishing(toy_uris["profiles"], broker_uri or broker.uri("profiles")))
        return publishers[-1]

    yield create
    for each in publishers:
        each.stop()


@pytest.fixture(scope="module")
def operator_uri(broker: Any) -> str:
    """The broker's URI for a user who may do everything."""
    uri: str = broker.operator_uri()
    return uri


@pytest.fixture
def spy(operator_uri: str) -> Iterator[Callable[[], list[Any]]]:
    """`spy()`: the messages that came to profiles' exchange since the last look."""
    uri = operator_uri
    queue = Queue("spy", Exchange("profiles.events", "topic", durable=True), "#")
    with Connection(uri) as connection:
        declare_own(connection, "profiles")
        queue(connection.channel()).declare()
        queue(connection.channel()).purge()

    def look() -> list[Any]:
        messages = []
        with Connection(uri) as connection:
            bound = queue(connection.channel())
            while message := bound.get():
                message.ack()
                messages.append(message)
        return messages

    yield look
    with Connection(uri) as connection:
        queue(connection.channel()).delete()


def event_ids(messages: Iterable[Any]) -> set[str]:
    return {json.loads(message.body)["id"] for message in messages}


def copies(work: UnitOfWorkRunner, streams: Iterable[str]) -> list[Event]:
    log = whole_log(work)
    return [event for stream in streams for event in log[stream]]


def test_what_was_committed_is_published_and_the_outbox_ends_empty(
    publishing: Callable[..., Publishing], spy: Callable[[], list[Any]]
) -> None:
    on_air = publishing()
    on_air.start()
    append(on_air.work, note("p-a"), joint_note(["p-a", "p-b"]))
    append(on_air.work, note("p-b"))
    wait_until(lambda: on_air.outbox() == 0)
    assert event_ids(spy()) == {event.id for event in copies(on_air.work, ["p-a", "p-b"])}


def test_a_message_is_plain_json_that_needs_no_python_to_read(
    publishing: Callable[..., Publishing], spy: Callable[[], list[Any]]
) -> None:
    on_air = publishing()
    on_air.start()
    data = {"amount": 1, "at": "2026-11-21T19:30:00Z", "text": "Ω\u2028", "none": None, "f": 0.1}
    (event,) = append(on_air.work, note("p-plain", data=data))
    wait_until(lambda: on_air.outbox() == 0)
    (message,) = spy()
    body = message.body if isinstance(message.body, str) else bytes(message.body).decode()
    assert "__type__" not in body
    assert json.loads(body) == event.to_wire()
    assert message.content_type == "application/json"
    assert message.content_encoding == "utf-8"
    assert message.delivery_info["routing_key"] == "noted"
    assert message.properties["delivery_mode"] == 2, "it survives the broker's restart"


def test_a_plain_nameko_service_receives_our_events(
    publishing: Callable[..., Publishing], operator_uri: str
) -> None:
    received: list[Any] = []

    class Newsletter:
        name = "newsletter"

        @event_handler("profiles", "noted")  # type: ignore[untyped-decorator]
        def on_note(self, payload: Any) -> None:
            received.append(payload)

    container = ServiceContainer(Newsletter, {"AMQP_URI": operator_uri})
    container.start()
    on_air = publishing()
    on_air.start()
    events = append(on_air.work, note("p-news", 1), note("p-news", 2, type="other"))
    wait_until(lambda: received)
    assert received == [events[0].to_wire()]
    container.stop()


DYING = """
import chassis.runtime.green
import os, signal, sys
from chassis.database.engine import Database
from tests.support.toy import append, note, work_on

class Power:
    def publish(self, row_id, events):
        os.kill(os.getpid(), signal.SIGKILL)

work = work_on(Database(sys.argv[1]), "profiles")
work.publisher = Power()
append(work, note("p-killed"), note("p-killed"))
"""


def test_what_a_process_left_that_was_killed_after_the_commit_another_publishes(
    publishing: Callable[..., Publishing], spy: Callable[[], list[Any]], toy_uris: Mapping[str, str]
) -> None:
    dead = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", DYING, toy_uris["profiles"]],
        cwd=ROOT,
        timeout=25,
        check=False,
    )
    assert dead.returncode == -signal.SIGKILL
    on_air = publishing()
    assert on_air.outbox() == 1
    on_air.start()
    wait_until(lambda: on_air.outbox() == 0)
    assert event_ids(spy()) == {event.id for event in copies(on_air.work, ["p-killed"])}


def test_a_backlog_of_a_dead_process_is_published_without_a_pause(
    publishing: Callable[..., Publishing], spy: Callable[[], list[Any]]
) -> None:
    on_air = publishing()
    (event,) = append(on_air.work, note("p-backlog"))

    def leave_behind(unit: UnitOfWork) -> None:
        for _ in range(700):
            outbox.put(unit.connection, new_id(), [event])

    on_air.work.run(leave_behind)
    eventlet.sleep(0.2)
    on_air.start()
    wait_until(lambda: on_air.outbox() == 0)
    assert event_ids(spy()) == {event.id}


def test_more_than_the_publisher_can_hold_is_the_sweepers(
    publishing: Callable[..., Publishing],
    spy: Callable[[], list[Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("chassis.messaging.publisher._ROWS_WAITING", 5)
    on_air = publishing()
    for number in range(20):
        append(on_air.work, note("p-many", number))
    on_air.start()
    wait_until(lambda: on_air.outbox() == 0)
    assert event_ids(spy()) == {event.id for event in copies(on_air.work, ["p-many"])}


def test_what_others_left_is_published_while_the_publisher_is_never_idle(
    publishing: Callable[..., Publishing], spy: Callable[[], list[Any]]
) -> None:
    on_air = publishing()
    (left,) = append(on_air.work, note("p-left"))
    on_air.start()
    wait_until(lambda: on_air.outbox() == 0)
    spy()

    def load() -> None:
        while True:
            append(on_air.work, note("p-load"))
            eventlet.sleep(0)

    loading = [eventlet.spawn(load) for _ in range(12)]
    on_air.work.run(lambda unit: outbox.put(unit.connection, new_id(), [left]))
    seen: set[str] = set()

    def arrived() -> bool:
        seen.update(event_ids(spy()))
        return left.id in seen

    wait_until(arrived)
    for each in loading:
        each.kill()
    wait_until(lambda: on_air.outbox() == 0)


def test_what_is_queued_is_published_before_the_process_ends(
    publishing: Callable[..., Publishing], spy: Callable[[], list[Any]]
) -> None:
    on_air = publishing()
    on_air.start()
    for number in range(20):
        append(on_air.work, note("p-last", number))
    on_air.publisher.flush(10)
    assert on_air.outbox() == 0
    assert len(event_ids(spy())) == 20


@on_rabbitmq
def test_a_row_stays_until_the_broker_has_taken_all_its_events(
    publishing: Callable[..., Publishing], operator_uri: str, spy: Callable[[], list[Any]]
) -> None:
    """A queue that is full refuses: the confirm is what counts, not the sending."""
    with Connection(operator_uri) as connection:
        full = Queue(
            "full",
            Exchange("profiles.events", "topic", durable=True),
            "#",
            queue_arguments={"x-max-length": 1, "x-overflow": "reject-publish"},
        )(connection.channel())
        full.declare()
        on_air = publishing()
        on_air.start()
        events = append(on_air.work, *(note("p-full", number) for number in range(3)))
        eventlet.sleep(0.5)
        assert on_air.outbox() == 1
        full.delete()
    wait_until(lambda: on_air.outbox() == 0)
    assert event_ids(spy()) == {event.id for event in events}


@on_rabbitmq
def test_nothing_is_lost_when_connections_are_closed_in_the_middle(
    publishing: Callable[..., Publishing],
    broker: Any,
    spy: Callable[[], list[Any]],
    size: Callable[[int, int], int],
) -> None:
    on_air = publishing()
    on_air.start()
    number = size(40, 1_000)
    cuts = []
    for turn in range(number):
        append(on_air.work, *(note("p-cut", amount) for amount in range(10)))
        if turn in (number // 3, 2 * number // 3):
            cuts.append(eventlet.spawn(broker.cut_connections))
        eventlet.sleep(0)
    for cut in cuts:
        cut.wait()  # the spy's own connection is not meant
    wait_until(lambda: on_air.outbox() == 0)
    assert event_ids(spy()) == {event.id for event in copies(on_air.work, ["p-cut"])}


@on_rabbitmq
def test_what_was_committed_while_the_broker_was_away_is_published_when_it_is_back(
    publishing: Callable[..., Publishing], broker: Any, spy: Callable[[], list[Any]]
) -> None:
    proxy = TcpProxy(broker.uri("profiles"))
    on_air = publishing(proxy.through(broker.uri("profiles")))
    on_air.start()
    append(on_air.work, note("p-away"))
    wait_until(lambda: on_air.outbox() == 0)
    proxy.cut()
    append(on_air.work, note("p-away"), note("p-away"))
    append(on_air.work, note("p-away"))
    eventlet.sleep(0.5)
    assert on_air.outbox() == 2
    proxy.open()
    wait_until(lambda: on_air.outbox() == 0)
    assert event_ids(spy()) == {event.id for event in copies(on_air.work, ["p-away"])}
    proxy.cut()


@on_rabbitmq
def test_a_full_queue_of_somebody_else_holds_back_no_event(
    publishing: Callable[..., Publishing], spy: Callable[[], list[Any]], operator_uri: str
) -> None:
    full = Queue(
        "theirs",
        Exchange("profiles.events", "topic", durable=True),
        "#",
        queue_arguments={"x-max-length": 1, "x-overflow": "reject-publish"},
    )
    before = EVENTS_REFUSED.labels("profiles")._value.get()
    with Connection(operator_uri) as connection:
        theirs = full(connection.channel())
        theirs.declare()
        try:
            on_air = publishing()
            on_air.start()
            events = append(on_air.work, *(note("p-theirs", amount) for amount in range(5)))
            events += append(on_air.work, note("p-after"))
            seen: set[str] = set()

            def all_came() -> bool:
                seen.update(event_ids(spy()))
                return seen == {event.id for event in events}

            wait_until(all_came)  # our own queues took them
            assert on_air.outbox() > 0
        finally:
            theirs.delete()
    wait_until(lambda: on_air.outbox() == 0)
    assert EVENTS_REFUSED.labels("profiles")._value.get() > before
