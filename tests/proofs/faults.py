"""The faults of the chaos proof, each a context: within it something is wrong, after it no more."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol

import amqp
import kombu

from chassis.config.broker import RPC_EXCHANGE
from contracts.topology import FOLLOWS, SERVICE_NAMES, followers
from tests.proofs.clients import Receipt
from tests.proofs.hazards import Hazards
from tests.proofs.healing import rows, wait_for
from tests.proofs.nemesis import MessageDuplicator
from tests.proofs.shops import LANES
from tests.proofs.workload import EventJson
from tests.support.own_servers import OwnPostgres, OwnRabbit
from tests.support.system import Process, ProcessSuite

_DAY = 86_400_000_000
_SERVERS_FROZEN = ("freeze the broker", "freeze the database")
_SECONDS_OF_A_PAIR = 8.0
Thawed = Literal["", "process", "database", "broker"]


class Target(Protocol):
    """What faults are done to."""

    suite: ProcessSuite
    postgres: OwnPostgres
    rabbit: OwnRabbit
    hazards: Path

    def send(self, event: EventJson) -> Receipt:
        """Record one more event; its receipt is checked like those of the traffic."""
        ...


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that lasts for `seconds`; the calls of `affected` may fail as long as it does.

    `touches` names what no other fault may have in its hands at the same time. `of_one` is the
    fault of a single process, clock, message or row, which must hold nobody else for long; if it
    `delays_events`, what follows waits for reconciliation or for identity. `thawed` is what goes
    on afterwards: live calls must then be answered soon. A restarted database `loses_decisions`
    that it had not written to its disk.
    """

    name: str
    run: Callable[[Target], AbstractContextManager[object]]
    seconds: float
    touches: tuple[str, ...] = ()
    affected: tuple[str, ...] = ()
    of_one: bool = False
    delays_events: bool = False
    thawed: Thawed = ""
    loses_decisions: bool = False


# Processes


@contextmanager
def _kill_one_of_each(target: Target) -> Iterator[None]:
    for service in target.suite.services:
        target.suite.kill(target.suite.alive(service)[0])
    yield
    for service in target.suite.services:
        target.suite.start(service, wait=False)
    for service in target.suite.services:
        _wait_until_served(target, service)


def _freeze_in_a_transaction(service: str) -> Callable[[Target], AbstractContextManager[None]]:
    @contextmanager
    def freeze(target: Target) -> Iterator[None]:
        process = target.suite.alive(service)[0]
        hazards = Hazards(target.hazards, process.popen.pid)
        hazards.freezes = True
        wait_for(lambda: _is_stopped(process), f"{process} freezes in a transaction")
        yield
        target.suite.thaw(process)

    return freeze


@contextmanager
def _freeze_all_offers(target: Target) -> Iterator[None]:
    frozen = target.suite.alive("offers")
    for process in frozen:
        target.suite.freeze(process)
    yield
    for process in frozen:
        target.suite.thaw(process)


@contextmanager
def _take_identity_away(target: Target) -> Iterator[None]:
    for process in target.suite.alive("identity"):
        target.suite.kill(process)
    yield
    for _ in range(target.suite.replicas):
        target.suite.start("identity", wait=False)
    _wait_until_served(target, "identity")


@contextmanager
def _clock(target: Target, ahead: int) -> Iterator[None]:
    """Put the clock of one replica of each service wrong."""
    processes = [target.suite.alive(service)[0] for service in target.suite.services]
    for process in processes:
        Hazards(target.hazards, process.popen.pid).clock_ahead = ahead
    yield
    for process in processes:
        if process.alive:
            Hazards(target.hazards, process.popen.pid).clock_ahead = 0


@contextmanager
def _a_day_ahead(target: Target) -> Iterator[None]:
    """Messages are lost when the clock is right again: what was compared must not hide them."""
    with _clock(target, _DAY):
        yield
    with _lose_messages(target):
        time.sleep(3)


@contextmanager
def _minutes_behind(target: Target) -> Iterator[None]:
    with _clock(target, -200_000_000), _lose_messages(target):
        yield


# Servers


@contextmanager
def _freeze_database(target: Target) -> Iterator[None]:
    target.postgres.freeze()
    yield
    target.postgres.thaw()


@contextmanager
def _freeze_broker(target: Target) -> Iterator[None]:
    target.rabbit.freeze()
    yield
    target.rabbit.thaw()


@contextmanager
def _restart_database(target: Target) -> Iterator[None]:
    target.postgres.restart_at_once()
    yield


@contextmanager
def _restart_broker(target: Target) -> Iterator[None]:
    target.rabbit.restart_at_once()
    yield


@contextmanager
def _cut_connections(target: Target) -> Iterator[None]:
    target.suite.cut_connections()
    yield


# Tables


@contextmanager
def _rename_column(target: Target) -> Iterator[None]:
    rows(target.suite, "segments", "ALTER TABLE summaries RENAME COLUMN state TO state_2")
    yield
    rows(target.suite, "segments", "ALTER TABLE summaries RENAME COLUMN state_2 TO state")


@contextmanager
def _unreadable_deferred_event(target: Target) -> Iterator[None]:
    """A row that nobody can read lies among the events that wait for identity."""
    with _take_identity_away(target):
        query = "SELECT count(*) > 0 FROM waiting"
        wait_for(lambda: rows(target.suite, "profiles", query)[0][0], "events are deferred")
        rows(
            target.suite,
            "profiles",
            "INSERT INTO waiting (event_id, received_at, sealed) VALUES ('unreadable', 1, '?')",
        )
        yield
    query = "SELECT count(*) = 0 FROM waiting WHERE refused IS NULL AND event_id <> 'unreadable'"
    try:
        wait_for(lambda: rows(target.suite, "profiles", query)[0][0], "the others are recorded")
    finally:
        rows(target.suite, "profiles", "DELETE FROM waiting WHERE event_id = 'unreadable'")


@contextmanager
def _poison(target: Target) -> Iterator[None]:
    """An event that segments cannot apply: its database refuses what belongs to the stream."""
    events = [_purchase(f"poison-{secrets.token_hex(4)}", number) for number in range(2)]
    stream = target.send(events[0])["stream_id"]
    rows(
        target.suite,
        "segments",
        f"""
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE 'poison' USING ERRCODE = '22023'; END $$;
        CREATE TRIGGER poison BEFORE INSERT OR UPDATE ON summaries
            FOR EACH ROW WHEN (NEW.stream_id = '{stream}') EXECUTE FUNCTION refuse()
        """,
    )
    target.send(events[1])
    query = (
        "SELECT count(*) > 0 FROM dead_letters WHERE redriven_at IS NULL AND version IS NOT NULL"
    )
    wait_for(lambda: rows(target.suite, "segments", query)[0][0], "the poison is a dead letter")
    yield
    rows(target.suite, "segments", "DROP TRIGGER poison ON summaries; DROP FUNCTION refuse()")
    for letter in target.suite.call("segments", "dead_letters"):
        if letter["version"] is not None:
            target.suite.call("segments", "redrive", id=letter["id"])


def _purchase(user: str, number: int) -> EventJson:
    return {
        "id": f"{user}-{number}",
        "type": "order_completed",
        "time": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "identifiers": {"user_id": user},
        "authenticated": True,
        "data": {"order_id": f"{user}-{number}", "revenue": 1_000, "currency": "USD"},
    }


# The broker's objects and messages


def _bindings() -> list[tuple[str, str]]:
    """The queue and exchange of every subscription."""
    return [(f"{name}.{s}", f"{s}.events") for name, sources in FOLLOWS.items() for s in sources]


@contextmanager
def _operator(target: Target) -> Iterator[amqp.Channel]:
    with kombu.Connection(target.suite.virtual_host.operator_uri()) as connection:
        yield connection.default_channel


@contextmanager
def _delete_rpc_exchange(target: Target) -> Iterator[None]:
    with _operator(target) as channel:
        channel.exchange_delete(RPC_EXCHANGE)
    yield


@contextmanager
def _delete_event_exchanges(target: Target) -> Iterator[None]:
    with _operator(target) as channel:
        for source in ("profiles", "segments"):
            channel.exchange_delete(f"{source}.events")
    yield


@contextmanager
def _delete_queues(target: Target) -> Iterator[None]:
    with _operator(target) as channel:
        for queue, _ in _bindings():
            channel.queue_delete(queue)
        channel.queue_delete("rpc-identity")
    yield


@contextmanager
def _delete_bindings(target: Target) -> Iterator[None]:
    with _operator(target) as channel:
        for queue, exchange in _bindings():
            channel.queue_unbind(queue, exchange, "#")
        channel.queue_unbind("rpc-identity", RPC_EXCHANGE, "identity.*")
    yield


@contextmanager
def _lose_messages(target: Target) -> Iterator[None]:
    with _operator(target) as channel:
        for queue, exchange in _bindings():
            channel.queue_unbind(queue, exchange, "#")
    yield
    for queue, exchange in _bindings():
        # What another fault has deleted is for the services to declare again.
        with suppress(amqp.NotFound), _operator(target) as channel:
            channel.queue_bind(queue, exchange, "#")


@contextmanager
def _repeat_messages(target: Target) -> Iterator[None]:
    """A third of what was published comes twice more, in random order."""
    duplicator = MessageDuplicator(target.suite.virtual_host.operator_uri(), random.Random(1))
    yield
    sent = duplicator.send_again()
    assert sent, "nothing was published while messages were copied"
    with _operator(target) as channel:
        for source in SERVICE_NAMES:
            channel.queue_delete(f"copy.{source}")


@contextmanager
def _send_nonsense(target: Target) -> Iterator[None]:
    """Messages that are no events, and a call that is none."""
    with _operator(target) as channel:
        for body in ("{", "[]", '{"id": 1}'):
            message = amqp.Message(body, delivery_mode=2)
            channel.basic_publish(message, "profiles.events", "nonsense")
        channel.basic_publish(amqp.Message("{", reply_to="x"), RPC_EXCHANGE, "profiles.record")
    yield
    dead = [f"{service}.dead" for service in followers("profiles")]
    with _operator(target) as channel:
        for queue in dead:
            wait_for(
                lambda q=queue: channel.queue_declare(q, passive=True).message_count >= 3,
                f"what is no event is in {queue}",
            )
            channel.queue_purge(queue)


def _wait_until_served(target: Target, service: str) -> None:
    """Wait until all processes of a service take calls, whatever has befallen the others."""

    def served() -> bool:
        with _operator(target) as channel:
            try:
                queue = channel.queue_declare(f"rpc-{service}", passive=True)
            except amqp.NotFound:
                return False
            return int(queue.consumer_count) >= len(target.suite.alive(service))

    wait_for(served, f"all processes of {service} take calls", patience=60)


def _is_stopped(process: Process) -> bool:
    status = Path(f"/proc/{process.popen.pid}/stat").read_text()
    return status.rpartition(")")[2].split()[0] == "T"


FAULTS = {
    fault.name: fault
    for fault in (
        Fault("kill one of each", _kill_one_of_each, 5, SERVICE_NAMES, of_one=True),
        *(
            Fault(
                f"freeze {service} in a transaction",
                _freeze_in_a_transaction(service),
                20,
                (service,),
                of_one=True,
                thawed="process",
            )
            for service in SERVICE_NAMES
        ),
        Fault(
            "freeze all of offers",
            _freeze_all_offers,
            30,
            ("offers",),
            ("offers", "decide"),
            thawed="process",
        ),
        Fault("freeze the database", _freeze_database, 12, ("database",), LANES, thawed="database"),
        Fault("freeze the broker", _freeze_broker, 12, ("broker",), LANES, thawed="broker"),
        Fault(
            "restart the database", _restart_database, 1, ("database",), LANES, loses_decisions=True
        ),
        Fault("restart the broker", _restart_broker, 1, ("broker",), LANES),
        Fault("cut every connection", _cut_connections, 1, ("broker",), LANES),
        Fault(
            "a clock a day ahead",
            _a_day_ahead,
            8,
            (*SERVICE_NAMES, "bindings"),
            of_one=True,
            delays_events=True,
        ),
        Fault(
            "a clock minutes behind",
            _minutes_behind,
            8,
            (*SERVICE_NAMES, "bindings"),
            of_one=True,
            delays_events=True,
        ),
        Fault("a column renamed", _rename_column, 10, ("segments",), ("segments",)),
        Fault(
            "an unreadable deferred event",
            _unreadable_deferred_event,
            5,
            ("identity",),
            ("identity",),
            of_one=True,
            delays_events=True,
        ),
        Fault("identity away", _take_identity_away, 20, ("identity",), ("identity",)),
        Fault("a poison event", _poison, 5, ("segments",), of_one=True),
        Fault("the RPC exchange deleted", _delete_rpc_exchange, 1, ("calls",), LANES),
        Fault("event exchanges deleted", _delete_event_exchanges, 3, ("bindings", "exchanges")),
        Fault("queues deleted", _delete_queues, 3, ("bindings",), ("identity",)),
        Fault("bindings deleted", _delete_bindings, 3, ("bindings",), ("identity",)),
        Fault("messages lost", _lose_messages, 5, ("bindings",), of_one=True, delays_events=True),
        Fault("messages repeated", _repeat_messages, 5, ("exchanges",), of_one=True),
        Fault("messages that are no events", _send_nonsense, 3, ("exchanges",), of_one=True),
    )
}


def pairs(count: int, seed: int) -> list[Fault]:
    """Random pairs of faults, the second begun within the first."""
    rng = random.Random(seed)
    chosen: dict[str, Fault] = {}
    while len(chosen) < count:
        # A server is frozen last and thawed first: the other fault needs it.
        names = sorted(rng.sample(sorted(FAULTS), 2), key=lambda name: name in _SERVERS_FROZEN)
        first, second = (FAULTS[name] for name in names)
        if not set(first.touches) & set(second.touches):
            pair = together(first, second)
            chosen[pair.name] = pair
    return list(chosen.values())


def together(first: Fault, second: Fault) -> Fault:
    """Both faults at once; the second begins a second later, and is over first."""

    @contextmanager
    def run(target: Target) -> Iterator[None]:
        with first.run(target):
            time.sleep(1)
            with second.run(target):
                yield

    return Fault(
        f"{first.name} + {second.name}",
        run,
        min(_SECONDS_OF_A_PAIR, max(first.seconds, second.seconds)),
        affected=(*first.affected, *second.affected),
        loses_decisions=first.loses_decisions or second.loses_decisions,
    )
