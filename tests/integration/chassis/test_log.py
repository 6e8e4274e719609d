"""The event log, on both databases, as a service's own least-privileged user."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from chassis import Event, copy_id, new_id
from chassis.database.engine import Database
from chassis.database.tables import OUTBOX
from chassis.eventlog.log import FIRST_HEADS, Head
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from tests.support.toy import NOW, append, joint_note, note, whole_log, work_on


@pytest.fixture
def work(toy: Callable[[], Database]) -> UnitOfWorkRunner:
    return work_on(toy())


def outbox_rows(work: UnitOfWorkRunner) -> list[Any]:
    return work.read(lambda unit: list(unit.connection.execute(sa.select(OUTBOX))))


def pages(work: UnitOfWorkRunner, streams: list[str], limit: int) -> list[list[Event]]:
    """The history of `streams`, read on from the versions reached until nothing comes."""
    after = dict.fromkeys(streams, 0)
    result = []
    while page := work.read(partial(_history, after=after, limit=limit)):
        result.append(page)
        after |= {event.stream: event.version for event in page}
    return result


def _history(unit: UnitOfWork, after: Mapping[str, int], limit: int) -> list[Event]:
    return unit.history(after, limit)


def test_versions_count_from_one_in_each_stream_without_gaps(work: UnitOfWorkRunner) -> None:
    append(work, note("a"), note("b"), note("a"))
    append(work, note("b"), note("a"))
    log = whole_log(work)
    assert {stream: [event.version for event in log[stream]] for stream in log} == {
        "a": [1, 2, 3],
        "b": [1, 2],
    }


def test_outcomes_come_in_the_order_of_the_drafts(work: UnitOfWorkRunner) -> None:
    drafts = [note("b"), joint_note(["c", "a"]), note("a"), note("b")]
    events = append(work, *drafts)
    assert [event.id for event in events] == [
        drafts[0].id,
        copy_id(drafts[1].id, "a"),
        drafts[2].id,
        drafts[3].id,
    ]
    assert [event.version for event in events] == [1, 1, 2, 2]


def test_an_event_comes_back_as_it_was_appended(work: UnitOfWorkRunner) -> None:
    draft = note(
        "a",
        data={"amount": 1, "texts": ["Ω", "\u2028", ""], "nothing": None, "big": 2**62},
        occurred_at=-1,
        schema_version=3,
        metadata={"profile_id": "p", "note": [1]},
    )
    (event,) = append(work, draft)
    (stored,) = whole_log(work)["a"]
    assert stored == event
    assert stored == Event(
        draft.id, "notes", "noted", "a", 1, draft.data, -1, NOW, 3, dict(draft.metadata)
    )


def test_the_same_id_again_is_a_duplicate_whose_outcome_is_the_first_event(
    work: UnitOfWorkRunner,
) -> None:
    draft = note("a", 5)
    (first,) = append(work, draft)
    later = replace(draft, stream="b", data={"amount": 7}, occurred_at=NOW + 1)
    for again in (draft, later):
        (appended,) = work.run(partial(UnitOfWork.append, drafts=[again]))
        assert appended.duplicate
        assert appended.event == first
    assert whole_log(work) == {"a": [first]}


def test_the_same_id_twice_in_one_call_counts_once(work: UnitOfWorkRunner) -> None:
    draft = note("a", 5)
    drafts = [draft, replace(draft, stream="b"), note("a", 1), draft]
    appended = work.run(lambda unit: unit.append(drafts))
    assert [outcome.duplicate for outcome in appended] == [False, True, False, True]
    assert appended[0].event == appended[1].event == appended[3].event
    assert [event.version for event in whole_log(work)["a"]] == [1, 2]
    assert "b" not in whole_log(work)


def test_a_duplicate_takes_no_version(work: UnitOfWorkRunner) -> None:
    draft = note("a")
    append(work, draft)
    append(work, draft, note("a"), draft)
    append(work, note("a"))
    assert [event.version for event in whole_log(work)["a"]] == [1, 2, 3]


def test_a_joint_fact_is_told_to_each_of_its_streams_with_all_versions(
    work: UnitOfWorkRunner,
) -> None:
    append(work, note("b"), note("b"))
    fact = joint_note({"b": {"epoch": 2}, "a": {"epoch": 1}}, data={"amount": 9, "reason": "x"})
    append(work, fact)
    log = whole_log(work)
    entries = [
        {"stream": "a", "version": 1, "epoch": 1},
        {"stream": "b", "version": 3, "epoch": 2},
    ]
    for stream, copy in (("a", log["a"][0]), ("b", log["b"][2])):
        assert copy.joint
        assert copy.id == copy_id(fact.id, stream)
        assert copy.data == {"amount": 9, "reason": "x", "fact_id": fact.id, "streams": entries}
        assert copy.versions == {"a": 1, "b": 3}
        assert Event.from_wire(copy.to_wire()) == copy


def test_a_joint_fact_told_again_is_a_duplicate_in_all_its_streams(work: UnitOfWorkRunner) -> None:
    fact = joint_note(["a", "b"])
    append(work, fact, note("a"))
    appended = work.run(lambda unit: unit.append([fact, note("b"), fact]))
    assert [outcome.duplicate for outcome in appended] == [True, False, True]
    log = whole_log(work)
    assert [len(log[stream]) for stream in "ab"] == [2, 2]


def test_joint_and_single_events_of_one_call_are_numbered_in_the_order_of_the_drafts(
    work: UnitOfWorkRunner,
) -> None:
    drafts = [note("a", 1), joint_note(["b", "a"]), note("b", 2), joint_note(["a", "b"]), note("a")]
    append(work, *drafts)
    log = whole_log(work)
    ids = {stream: [event.data.get("fact_id", event.id) for event in log[stream]] for stream in log}
    d = [draft.id for draft in drafts]
    assert ids == {"a": [d[0], d[1], d[3], d[4]], "b": [d[1], d[2], d[3]]}
    for events in log.values():
        assert all(event.versions[event.stream] == event.version for event in events)


def test_an_id_may_be_any_text(work: UnitOfWorkRunner) -> None:
    (event,) = append(work, note("a", id="CDNOW_sample.txt:17'; DROP TABLE events"))
    assert whole_log(work) == {"a": [event]}


def test_a_transaction_that_failed_leaves_neither_events_nor_a_gap(work: UnitOfWorkRunner) -> None:
    append(work, note("a"))

    def fail(unit: UnitOfWork) -> None:
        unit.append([note("a"), note("b")])
        raise KeyError

    with pytest.raises(KeyError):
        work.run(fail)
    append(work, note("a"))
    log = whole_log(work)
    assert {stream: len(log[stream]) for stream in log} == {"a": 2}
    assert len(outbox_rows(work)) == 2


def test_what_is_to_be_done_after_a_commit_is_done_once_and_not_after_a_failure(
    work: UnitOfWorkRunner,
) -> None:
    append(work, known := note("a"))
    done: list[str] = []

    def repeated(unit: UnitOfWork) -> None:
        unit.after_commit(lambda: done.append("committed"))
        assert not done
        unit.append([known])  # a duplicate, which is found in a second run alone

    def failing(unit: UnitOfWork) -> None:
        unit.after_commit(lambda: done.append("failed"))
        raise RuntimeError

    work.run(repeated)
    with pytest.raises(RuntimeError):
        work.run(failing)
    assert done == ["committed"]


def test_what_is_not_json_is_refused_with_nothing_written(work: UnitOfWorkRunner) -> None:
    for value in (object(), {1, 2}, b"bytes", 2**64):
        with pytest.raises(TypeError, match=r"serializable|64-bit"):
            append(work, note("a"), note("b", data={"amount": value}))
    assert whole_log(work) == {}
    assert outbox_rows(work) == []


def test_several_appends_of_one_unit_go_on_from_one_another(work: UnitOfWorkRunner) -> None:
    draft = note("a")

    def twice(unit: UnitOfWork) -> list[bool]:
        outcomes = [*unit.append([draft, note("b")]), *unit.append([note("a"), draft])]
        return [outcome.duplicate for outcome in outcomes]

    assert work.run(twice) == [False, False, False, True]
    assert [event.version for event in whole_log(work)["a"]] == [1, 2]
    refs = [tuple(ref) for row in outbox_rows(work) for ref in row.refs]
    assert sorted(refs) == [("a", 1), ("a", 2), ("b", 1)]


def test_a_call_of_a_thousand_events_in_a_thousand_streams_is_one_unit(
    work: UnitOfWorkRunner,
) -> None:
    appended = work.run(
        lambda unit: unit.append([note(f"s{i}", i) for i in range(1_000)] + [note("s7")])
    )
    assert len(appended) == 1_001
    assert appended[-1].event.version == 2
    assert len(whole_log(work)) == 1_000


def test_what_a_unit_appends_carries_the_correlation_of_its_call(work: UnitOfWorkRunner) -> None:
    append(
        work.with_correlation("call-1"), note("a"), note("a", metadata={"correlation_id": "own"})
    )
    append(work, note("a"))
    correlations = [event.metadata.get("correlation_id") for event in whole_log(work)["a"]]
    assert correlations == ["call-1", "own", None]


# Reading


def test_history_in_pages_of_any_size_is_the_whole_history(work: UnitOfWorkRunner) -> None:
    append(work, *(note("a", i) for i in range(5)), note("b"), *(note("c", i) for i in range(6)))
    append(work, joint_note(["a", "c"]))
    whole = [event for events in whole_log(work).values() for event in events]
    for limit in (1, 2, 3, 4, 14, 100):
        found = pages(work, ["c", "a", "b", "unknown"], limit)
        assert [event for page in found for event in page] == whole
        assert all(len(page) == limit for page in found[:-1])


def test_history_starts_past_the_version_given(work: UnitOfWorkRunner) -> None:
    append(work, *(note(stream, i) for stream in "ab" for i in range(4)))
    events = work.read(lambda unit: unit.history({"a": 2, "b": 4, "c": 9}, 100))
    assert [(event.stream, event.version) for event in events] == [("a", 3), ("a", 4)]
    assert work.read(lambda unit: unit.history({}, 100)) == []


def test_history_of_more_streams_than_one_query_takes_is_whole(work: UnitOfWorkRunner) -> None:
    streams = [f"s{i:03}" for i in range(230)]
    append(work, *(note(stream, i) for stream in streams for i in range(2)))
    for limit in (99, 100, 101, 1_000):
        found = [event for page in pages(work, streams, limit) for event in page]
        assert [(event.stream, event.version) for event in found] == [
            (stream, version) for stream in streams for version in (1, 2)
        ]


def test_heads_in_pages_of_any_size_name_every_stream_once(work: UnitOfWorkRunner) -> None:
    for group in (["d", "a", "c"], ["b", "e"], ["a"], ["f", "d"]):
        append(work, *(note(stream) for stream in group))  # one call's streams change at one moment
    for limit in (1, 2, 5, 100):
        cursor, heads = FIRST_HEADS, list[Head]()
        while page := work.read(partial(UnitOfWork.heads, after=cursor, limit=limit)).heads:
            heads += page
            cursor = page[-1].cursor
        assert [(head.stream, head.version) for head in heads] == [
            ("c", 1), ("b", 1), ("e", 1), ("a", 2), ("d", 2), ("f", 1),
        ]  # fmt: skip
        assert heads == sorted(heads, key=lambda head: head.cursor)


def test_events_are_found_by_id_and_by_place(work: UnitOfWorkRunner) -> None:
    events = append(work, note("a"), note("a"), note("b"))
    ids = [events[2].id, events[0].id, new_id()]
    assert work.read(lambda unit: unit.find(ids)) == {e.id: e for e in (events[0], events[2])}
    assert work.read(lambda unit: unit.find([])) == {}
    places = [["b", 1], ["a", 2], ("a", 2), ["c", 1]]
    at = work.read(lambda unit: work.log.events_at(unit.connection, places))
    assert at == [events[1], events[2]]


# What nobody may do to it

CHANGES = {
    "postgresql": [
        "UPDATE events SET data = '{}'",
        "UPDATE events SET data = data WHERE false",
        "DELETE FROM events",
        "TRUNCATE events",
        "TRUNCATE streams, events CASCADE",
        "DROP TABLE events",
        "DROP TRIGGER events_append_only ON events",
        "ALTER TABLE events DISABLE TRIGGER ALL",
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE sql AS 'SELECT 1'",
        "SET session_replication_role = replica",
        "DELETE FROM streams",
    ],
    "sqlite": ["UPDATE events SET data = '{}'", "DELETE FROM events"],
}
INSERTS = {
    "postgresql": ["{into} ON CONFLICT (id) DO UPDATE SET data = excluded.data"],
    "sqlite": [
        "{into} ON CONFLICT (id) DO UPDATE SET data = excluded.data",
        "{into} ON CONFLICT DO UPDATE SET data = excluded.data",
        "INSERT OR REPLACE {values}",
        "REPLACE {values}",
    ],
}


def changes(engine: str, event: Event) -> list[str]:
    values = (
        "INTO events (stream_id, version, id, type, schema_version, data, metadata, occurred_at,"
        " recorded_at) VALUES ('{}', {}, '{}', 'forged', 1, '{{}}', '{{}}', 0, 0)"
    )
    same_id = values.format("z", 1, event.id)
    same_place = values.format(event.stream, event.version, new_id())
    return CHANGES[engine] + [
        insert.format(into=f"INSERT {place}", values=place)
        for insert in INSERTS[engine]
        for place in ((same_id,) if "(id)" in insert else (same_id, same_place))
    ]


def test_the_log_refuses_every_change(toy: Callable[[], Database], engine: str) -> None:
    database = toy()
    work = work_on(database)
    append(work, note("a", 1), note("a", 2))
    before = whole_log(work)
    for change in changes(engine, before["a"][0]):
        refused = pytest.raises(
            sa.exc.DBAPIError, match=r"append-only|permission denied|must be (able|owner)"
        )
        with refused, database.transaction() as connection:
            connection.exec_driver_sql(change)
        assert whole_log(work) == before, change
