"""The subscriber over both brokers: whatever happens on the way, events are applied."""

from __future__ import annotations

import json
import pickle
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import eventlet
import pytest
import sqlalchemy as sa
from prometheus_client import REGISTRY

from chassis import Event, Unavailable
from chassis.database.tables import OUTBOX, POSITIONS
from chassis.eventlog.reader import HistoryPage
from chassis.runtime.subscriber import is_due, stuck_streams
from tests.support.servers import Databases
from tests.support.toy import append, fold_of, folds, joint_note, note, whole_log
from tests.support.toy_services import Segments, Wire, wait_until

JSON = {"content_type": "application/json", "content_encoding": "utf-8"}


@pytest.fixture(autouse=True)
def no_trouble() -> Iterator[None]:
    yield
    Segments.trouble = lambda event: None


def applied(wire: Wire, streams: Sequence[str]) -> bool:
    """Whether segments has applied all events of `streams`: its fold is that of the log."""
    log = dict.fromkeys(streams, ()) | whole_log(wire.log)
    stored = wire.own.read(lambda unit: folds(unit.connection, streams))
    return stored == {stream: (len(log[stream]), fold_of(log[stream])) for stream in streams}


def never_publish(wire: Wire) -> None:
    """Lose the messages of what was appended without a publisher."""
    wire.log.run(lambda unit: unit.connection.execute(sa.delete(OUTBOX)))


def test_everything_appended_is_applied(wire: Wire) -> None:
    streams = [f"all-{n}" for n in range(15)]
    for turn in range(20):
        wire.call("profiles", "put", streams=streams, amount=turn)
        wire.call("profiles", "put_joint", streams=random.sample(streams, 3))
    wait_until(lambda: applied(wire, streams))


def test_messages_that_come_twice_and_in_any_order_are_applied_once_and_in_order(
    wire: Wire,
) -> None:
    streams = ["shuffled-a", "shuffled-b"]
    events = append(wire.log, *(note(streams[n % 2], n) for n in range(30)), joint_note(streams))
    never_publish(wire)
    messages = events * 3
    random.shuffle(messages)
    for event in messages:
        body = json.dumps(event.to_wire())
        wire.publish("profiles", "profiles.events", event.type, body, **JSON)
    wait_until(lambda: applied(wire, streams))


def test_a_message_that_never_came_is_found_even_if_it_was_the_last(wire: Wire) -> None:
    append(wire.log, note("lost"), note("lost"), joint_note(["lost", "lost-too"]))
    never_publish(wire)
    wait_until(lambda: applied(wire, ["lost", "lost-too"]))


def test_a_gap_is_filled_from_the_history(wire: Wire) -> None:
    append(wire.log, *(note("gap", n) for n in range(520)))  # more than one call fetches
    never_publish(wire)
    wire.call("profiles", "put", streams=["gap"])
    wait_until(lambda: applied(wire, ["gap"]))


# Reading one's own writes


def test_who_wrote_reads_what_was_written_though_no_message_came(wire: Wire) -> None:
    append(wire.log, note("own"), joint_note(["own", "own-too"]), note("own"))
    append(wire.log, note("own-too"))
    never_publish(wire)
    assert wire.call("segments", "catch_up", at_least={"own": 3, "own-too": 2}, seconds=5)
    assert applied(wire, ["own", "own-too"])


def test_a_joint_fact_is_caught_up_with_in_streams_that_nobody_asked_for(wire: Wire) -> None:
    append(wire.log, *(note("asked-not", n) for n in range(3)), joint_note(["asked", "asked-not"]))
    never_publish(wire)
    assert wire.call("segments", "catch_up", at_least={"asked": 1}, seconds=5)
    assert applied(wire, ["asked", "asked-not"])


def test_a_version_that_does_not_exist_is_not_waited_for_beyond_the_time(wire: Wire) -> None:
    before = rows(wire)
    for token in ({"made-up": 7}, {"made-up": 2**40}, {"made-up": 1, "made-up-too": 1}):
        assert wire.call("segments", "catch_up", at_least=token, seconds=0.1) is False
    assert rows(wire) == before, "what a caller made up leaves no trace"
    assert wire.call("segments", "catch_up", at_least={}, seconds=0)


def rows(wire: Wire) -> set[str]:
    query = sa.select(POSITIONS.c.stream_id)
    streams = wire.own.read(lambda unit: unit.connection.execute(query).scalars().all())
    return {stream for stream in streams if stream.startswith("made-up")}


def test_a_halted_stream_is_not_waited_for(wire: Wire) -> None:
    def poison(event: Event) -> None:
        if event.stream == "halted":
            raise ValueError

    Segments.trouble = poison
    wire.call("profiles", "put", streams=["halted"])
    wait_until(lambda: any(letter["streams"] == ["halted"] for letter in wire.letters()))
    assert wire.call("segments", "catch_up", at_least={"halted": 1}, seconds=60) is False


# Poison


def test_poison_halts_one_stream_and_redrive_makes_it_whole(wire: Wire) -> None:
    def poison(event: Event) -> None:
        if event.stream == "poisoned" and event.version == 2:
            raise ValueError(event.data)

    Segments.trouble = poison
    streams = ["poisoned", "healthy-a", "healthy-b"]
    for amount in range(4):
        wire.call("profiles", "put", streams=streams, amount=amount)
    wait_until(lambda: applied(wire, ["healthy-a", "healthy-b"]))
    wait_until(lambda: any(letter["streams"] == ["poisoned"] for letter in wire.letters()))
    assert wire.versions(["poisoned"]) == {"poisoned": 1}
    (letter,) = [letter for letter in wire.letters() if letter["streams"] == ["poisoned"]]
    assert letter["version"] == 2
    assert letter["reason"].startswith("ValueError in poison, test_subscriber.py:")
    assert wire.call("segments", "dead_letter", id=letter["id"]) == letter
    Segments.trouble = lambda event: None
    assert wire.call("segments", "redrive", id=letter["id"])["redriven_at"]
    wait_until(lambda: applied(wire, ["poisoned"]))


UNDECODABLE: list[tuple[bytes, dict[str, Any]]] = [
    (b"\xff\xfe\x00", JSON),
    (b"{", JSON),
    (b"", JSON),
    (b"null", JSON),
    (b"[]", JSON),
    (b"{}", JSON),
    (b"[" * 100_000, JSON),
    (b"9" * 10_000, JSON),
    (b" " * 4_000_001, JSON),
    (b'{"specversion": "1.0", "id": "e", "source": "/profiles", "type": "noted"}', JSON),
    (pickle.dumps([1]), {"content_type": "application/x-python-serialize"}),
    (b"text", {"content_type": "text/plain"}),
    (b"bare", {}),
    (b"", {}),
    (b"", JSON),
    (b"\xff\xfe", {"content_encoding": "no-such"}),
    (b"null", JSON),
    (b"squeezed", {**JSON, "headers": {"compression": "application/x-gzip"}}),
    (b"strange", {**JSON, "headers": {"compression": "no-such"}}),
]


def test_what_cannot_be_read_is_kept_whole_and_noted_and_holds_nobody_up(wire: Wire) -> None:
    before = len(undecodable(wire))
    wire.take("segments", "segments.dead")
    for body, properties in UNDECODABLE:
        wire.publish("profiles", "profiles.events", "noted", body, **properties)
    wire.call("profiles", "put", streams=["behind-them"])
    wait_until(lambda: applied(wire, ["behind-them"]))
    wait_until(lambda: len(undecodable(wire)) == before + len(UNDECODABLE))
    kept: list[Any] = []

    def all_are_kept() -> bool:
        kept.extend(wire.take("segments", "segments.dead"))
        return len(kept) >= len(UNDECODABLE)

    wait_until(all_are_kept)
    bodies = Counter(m.body.encode() if isinstance(m.body, str) else bytes(m.body) for m in kept)
    assert bodies == Counter(body for body, _ in UNDECODABLE)
    assert all(m.headers["source"] == "profiles" and m.headers["reason"] for m in kept)


def undecodable(wire: Wire) -> list[dict[str, Any]]:
    letters = wire.call("segments", "dead_letters", limit=1_000)
    return [letter for letter in letters if letter["reason"].startswith("undecodable")]


def test_a_wrong_attribute_is_named_in_the_reason(wire: Wire) -> None:
    (event,) = append(wire.log, note("named"))
    body = json.dumps(event.to_wire() | {"sequence": "1"})
    wire.publish("profiles", "profiles.events", "noted", body, **JSON)
    wait_until(
        lambda: any(letter["reason"] == "undecodable: sequence: must be a JSON int"
                    for letter in undecodable(wire))
    )  # fmt: skip


# What is nobody's fault


def test_what_does_not_answer_is_tried_again_until_it_does(wire: Wire) -> None:
    left = [3]

    def trouble(event: Event) -> None:
        if event.stream == "patient" and left[0]:
            left[0] -= 1
            raise Unavailable("identity", "did not answer")

    Segments.trouble = trouble
    letters = len(wire.letters())
    wire.call("profiles", "put", streams=["patient"])
    wait_until(lambda: applied(wire, ["patient"]))
    assert left == [0]
    assert len(wire.letters()) == letters


on_rabbitmq = pytest.mark.parametrize("broker", ["rabbitmq"], indirect=True, scope="module")


@on_rabbitmq
def test_a_dead_letter_that_cannot_be_noted_yet_is_noted_later(
    wire: Wire, databases: Databases
) -> None:
    """The follower's own database is in trouble just when a message cannot be read."""
    uri = wire.databases["segments"].engine.url.render_as_string(hide_password=False)
    administrator = databases.administrator(uri)
    cursor = administrator.cursor()
    before = len(undecodable(wire))
    cursor.execute("ALTER TABLE dead_letters RENAME TO put_away")
    wire.publish("profiles", "profiles.events", "noted", b"unread", **JSON)
    eventlet.sleep(0.3)
    cursor.execute("ALTER TABLE put_away RENAME TO dead_letters")
    administrator.close()
    wait_until(lambda: len(undecodable(wire)) == before + 1)
    wire.call("profiles", "put", streams=["after-trouble"])
    wait_until(lambda: applied(wire, ["after-trouble"]))


@on_rabbitmq
def test_a_column_that_is_renamed_for_a_while_halts_nothing_and_leaves_no_dead_letter(
    wire: Wire, databases: Databases
) -> None:
    """Traffic goes on meanwhile, and everything is applied once the column has its name again."""
    uri = wire.databases["segments"].engine.url.render_as_string(hide_password=False)
    administrator = databases.administrator(uri)
    letters = len(wire.call("segments", "dead_letters", limit=1_000, redriven=True))
    streams = [f"renamed-{n}" for n in range(30)]
    stop: list[bool] = []

    def put() -> None:
        while not stop:
            wire.call("profiles", "put", streams=random.sample(streams, 3))

    writing = eventlet.spawn(put)
    wait_until(lambda: any(wire.versions(streams).values()))
    with administrator.cursor() as cursor:
        cursor.execute("ALTER TABLE folds RENAME COLUMN fold TO other")
        wait_until(lambda: outages() > 0)
        eventlet.sleep(2)
        cursor.execute("ALTER TABLE folds RENAME COLUMN other TO fold")
    administrator.close()
    stop.append(True)
    writing.wait()
    wait_until(lambda: applied(wire, streams))
    wait_until(lambda: outages() == 0)
    assert len(wire.call("segments", "dead_letters", limit=1_000, redriven=True)) == letters
    query = sa.select(POSITIONS.c.stream_id).where(POSITIONS.c.halted)
    halted = wire.own.read(lambda unit: unit.connection.execute(query).scalars().all())
    assert not set(streams) & set(halted)


def outages() -> float:
    return (
        REGISTRY.get_sample_value("cdp_outages", {"service": "segments", "source": "profiles"})
        or 0.0
    )


def test_while_every_event_fails_alike_nothing_is_halted_for_good(wire: Wire) -> None:
    def fail(_event: Event) -> None:
        raise ValueError

    streams = [f"alike-{n}" for n in range(20)]
    Segments.trouble = fail
    for stream in streams:  # in messages of their own: the first ones look like poison
        wire.call("profiles", "put", streams=[stream])
    wait_until(lambda: outages() > 0)
    (outage,) = wire.call("segments", "status")["outages"]
    assert outage["source"] == "profiles"
    assert outage["failure"].startswith("ValueError in ")
    Segments.trouble = lambda event: None
    wait_until(lambda: applied(wire, streams))
    assert not [letter for letter in wire.letters() if set(letter["streams"]) & set(streams)]


def test_streams_that_a_full_page_of_history_cuts_off_are_not_stuck(wire: Wire) -> None:
    streams = [f"long-{n:02}" for n in range(6)]
    append(wire.log, *(note(stream) for _ in range(120) for stream in streams))
    never_publish(wire)
    wire.call("profiles", "put", streams=streams)
    wait_until(lambda: applied(wire, streams), 90)


@on_rabbitmq
def test_nothing_is_lost_when_the_databases_cut_everybody_off(
    wire: Wire, databases: Databases
) -> None:
    streams = [f"cut-off-{n}" for n in range(5)]

    def put() -> None:
        for _ in range(20):
            wait_until(lambda: _put(wire, streams))

    writing = eventlet.spawn(put)
    for name in ("segments", "profiles", "segments"):
        uri = wire.databases[name].engine.url.render_as_string(hide_password=False)
        administrator = databases.administrator(uri)
        administrator.cursor().execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        administrator.close()
        eventlet.sleep(0.1)
    writing.wait()
    wait_until(lambda: applied(wire, streams))


@on_rabbitmq
def test_nothing_is_lost_when_the_broker_closes_every_connection(wire: Wire, broker: Any) -> None:
    streams = [f"cut-{n}" for n in range(5)]
    stop: list[bool] = []

    def put() -> None:
        while not stop:
            _put(wire, streams)

    writing = eventlet.spawn(put)
    for _ in range(2):
        eventlet.sleep(0.2)
        broker.cut_connections()
    eventlet.sleep(0.2)
    stop.append(True)
    writing.wait()
    wait_until(lambda: _put(wire, streams))
    wait_until(lambda: applied(wire, streams))
    query = sa.select(OUTBOX)
    wait_until(lambda: not wire.log.read(lambda unit: unit.connection.execute(query).all()))


def _put(wire: Wire, streams: Sequence[str]) -> bool:
    try:
        wire.call("profiles", "put", streams=streams)
    except Unavailable:
        return False
    return True


def test_heads_are_compared_in_time_and_later_while_messages_pile_up() -> None:
    assert [is_due(waited, 30, piling_up=False) for waited in (29, 30)] == [False, True]
    assert [is_due(waited, 30, piling_up=True) for waited in (299, 300)] == [False, True]
    assert is_due(float("inf"), 30, piling_up=True)


def test_a_stream_is_stuck_that_a_page_brings_nothing_for_unless_it_was_cut_off() -> None:
    def page(*, cut_off: bool) -> HistoryPage:
        return HistoryPage([event("a", 1)], ["a", "b"], cut_off=cut_off)

    assert stuck_streams({"a", "b"}, HistoryPage([], ["a", "b"])) == {"a", "b"}
    assert stuck_streams({"b"}, page(cut_off=False)) == {"b"}
    assert stuck_streams({"b"}, page(cut_off=True)) == set()
    assert stuck_streams({"a", "b"}, page(cut_off=True)) == {"a"}


def event(stream: str, version: int) -> Event:
    return Event(
        id=f"{stream}-{version}", source="profiles", type="noted", stream=stream, version=version,
        data={}, occurred_at=0, recorded_at=0,
    )  # fmt: skip
