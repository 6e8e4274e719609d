"""The inbox in an outage: nothing is halted, what can be applied is, and everything comes back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import eventlet
import pytest
import sqlalchemy as sa

from chassis import Conflict, Event, FixedClock, Unavailable
from chassis.database.engine import Database
from chassis.database.tables import DEAD_LETTERS, POSITIONS
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from chassis.projections.dead_letters import (
    list_dead_letters,
    redrive,
    redrive_page,
    withdraw,
)
from chassis.projections.inbox import BatchResult, Inbox, heads_of
from chassis.projections.outage import ALIKE_STREAMS, PATIENCE, Outage
from chassis.projections.positions import ahead_streams, halted_page, lock_positions
from tests.support.toy import Notes, append, fold_of, folds, joint_note, note, whole_log, work_on
from tests.support.toy_services import wait_until

STREAMS = [f"s{number:02}" for number in range(40)]
MINUTE = 60_000_000


class Broken(Exception):
    pass


class Followers:
    """A log of notes, and two replicas of a follower; `fails(event)` breaks their projection."""

    def __init__(self, log: UnitOfWorkRunner, own: UnitOfWorkRunner) -> None:
        self.log, self.own = log, own
        self.replicas = [Inbox(own, "notes"), Inbox(own, "notes")]
        self.fails: Callable[[Event], bool] = lambda event: False
        self.misfits: Callable[[Event], str] = lambda event: ""
        self.transactions = 0

    def apply(self, unit: UnitOfWork, events: Sequence[Event]) -> None:
        """The projection of both replicas."""
        self.transactions += 1
        for event in events:
            if statement := self.misfits(event):
                unit.connection.exec_driver_sql(statement)
            if self.fails(event):
                raise Broken(event.data)
        Notes().apply(unit, events)

    def process(self, events: Sequence[Event], replica: int = 0) -> BatchResult:
        return self.replicas[replica].process(events, self)

    def try_again(self, times: int = 20, replica: int = 0) -> None:
        """Fetch what is behind, as a subscriber does, as often as that."""
        for _ in range(times):
            if behind := self.replicas[replica].behind(100):
                events = self.log.read(lambda unit: unit.raw_history(behind, 500))
                try:
                    self.process(events, replica)
                except Outage:
                    continue

    def letters(self, *, include_redriven: bool = False) -> list[dict[str, Any]]:
        return self.own.read(
            lambda unit: list_dead_letters(unit, 100, include_redriven=include_redriven)
        )

    def halted(self) -> list[str]:
        query = sa.select(POSITIONS.c.stream_id).where(POSITIONS.c.halted)
        return sorted(self.own.read(lambda unit: unit.connection.execute(query).scalars().all()))

    def check_whole(self) -> None:
        log = whole_log(self.log)
        read = self.own.read(lambda unit: folds(unit.connection, log))
        assert read == {stream: (len(events), fold_of(events)) for stream, events in log.items()}
        assert (self.halted(), self.letters()) == ([], [])


@pytest.fixture
def notes(toy: Callable[[], Database]) -> Followers:
    return Followers(work_on(toy()), work_on(toy(), "follower"))


def advance(notes: Followers, microseconds: int) -> None:
    assert isinstance(notes.own.clock, FixedClock)
    notes.own.clock.at += microseconds


# Release and database do not fit

CONFLICT = "INSERT INTO folds VALUES ('a', 1, '') ON CONFLICT (fold) DO NOTHING"
MISFITS = {
    "sqlite": [
        "SELECT gone FROM folds",
        "SELECT * FROM gone",
        "INSERT INTO folds (stream_id, gone) VALUES ('a', 1)",
        "INSERT INTO folds VALUES (1)",
        "SELECT gone(1)",
        "SELEC 1",
        CONFLICT,
    ],
    "postgresql": [
        "SELECT gone FROM folds",
        "SELECT * FROM gone",
        "SELECT gone(1)",
        "SELEC 1",
        "SELECT * FROM gone.folds",
        "SELECT 1 WHERE 1",
        CONFLICT,
    ],
}


@pytest.mark.parametrize("number", range(7))
def test_while_release_and_database_do_not_fit_nothing_is_halted_not_even_for_one_event(
    notes: Followers, number: int
) -> None:
    statement = MISFITS[notes.own.database.dialect][number]
    notes.misfits = lambda event: statement
    events = append(notes.log, note("a"))
    for _ in range(3):
        with pytest.raises(Outage, match="events of notes"):
            notes.process(events)
    assert (notes.halted(), notes.letters()) == ([], [])
    assert len(notes.replicas[0].outages()) == 1
    notes.misfits = lambda event: ""
    notes.process(events)
    assert notes.replicas[0].outages() == []
    notes.check_whole()


def test_a_misfit_in_one_type_of_event_leaves_all_others_alone(notes: Followers) -> None:
    notes.misfits = lambda event: "SELECT gone FROM folds" if event.type == "odd" else ""
    events = append(notes.log, *(note(s, type="odd" if s > "s19" else "noted") for s in STREAMS))
    assert notes.process(events) == BatchResult(applied=True, behind=True)
    assert list(notes.replicas[0].behind(100)) == STREAMS[20:]
    assert notes.transactions < 30, "it is cut short"
    later = append(notes.log, *(note(s) for s in STREAMS[:20]))
    assert notes.process(later).applied
    assert (notes.halted(), notes.letters()) == ([], [])
    notes.misfits = lambda event: ""
    notes.try_again(1)
    notes.check_whole()


def test_a_batch_that_an_outage_hits_whole_is_left_behind_while_others_are_applied(
    notes: Followers,
) -> None:
    notes.misfits = lambda event: "SELECT gone FROM folds" if event.type == "odd" else ""
    odd = append(notes.log, *(note(s, type="odd") for s in STREAMS[:20]))
    with pytest.raises(Outage):
        notes.process(odd)
    assert notes.replicas[0].behind(100) == {}, "the batch is tried again"
    notes.process(append(notes.log, note("other")))
    assert notes.process(odd) == BatchResult(applied=False, behind=True)
    assert list(notes.replicas[0].behind(100)) == STREAMS[:20]


def test_what_is_left_behind_is_of_the_incarnation_that_is_followed(notes: Followers) -> None:
    (event,) = append(notes.log, note("a"))
    notes.replicas[0].leave_behind([replace(event, incarnation=2)])
    assert notes.replicas[0].behind(100) == {}
    notes.replicas[0].leave_behind([event])
    assert notes.replicas[0].behind(100) == {"a": 0}


def test_a_call_during_a_misfit_may_be_tried_again(notes: Followers) -> None:
    with pytest.raises(Unavailable, match="does not fit this release"):
        notes.own.run(lambda unit: unit.connection.exec_driver_sql("SELECT gone FROM folds"))


def test_values_that_the_database_refuses_are_no_misfit(notes: Followers) -> None:
    statement = {"sqlite": "SELECT json('{')", "postgresql": "SELECT CAST('{' AS json)"}
    notes.misfits = lambda event: (
        statement[notes.own.database.dialect] if event.version == 2 else ""
    )
    notes.process(append(notes.log, note("a"), note("a"), note("b")))
    assert notes.halted() == ["a"]
    (letter,) = notes.letters()
    assert " in apply, test_inbox_outage.py:" in letter["reason"], "not a place in a library"


# What fails alike on many streams


def test_what_fails_alike_on_all_streams_halts_none_and_is_whole_at_once_after_it(
    notes: Followers,
) -> None:
    notes.fails = lambda event: True
    events = append(notes.log, *(note(s, n) for n in range(3) for s in STREAMS), joint_note("ab"))
    for _ in range(5):
        with pytest.raises(Outage):
            notes.process(events)
    assert (notes.halted(), notes.letters()) == ([], [])
    notes.fails = lambda event: False
    notes.process(events)
    notes.check_whole()


def test_the_search_for_what_can_be_applied_ends_soon_whatever_types_there_are(
    notes: Followers,
) -> None:
    notes.fails = lambda event: True
    types = [f"type-{number}" for number in range(20)]
    drafts = [note(f"{of}-{number}", type=of) for of in types for number in range(10)]
    events = append(notes.log, *drafts)
    with pytest.raises(Outage):
        notes.process(events)
    assert notes.transactions < 40
    notes.fails = lambda event: False
    notes.process(events)
    notes.try_again(2)
    notes.check_whole()


def test_streams_that_were_halted_before_it_was_seen_come_back_by_themselves(
    notes: Followers,
) -> None:
    """Messages come one by one: the first of them cannot be told from poison."""
    notes.process(append(notes.log, *(note(s) for s in STREAMS)))
    advance(notes, 1)
    notes.fails = lambda event: True
    for number, stream in enumerate(STREAMS[:10]):
        (event,) = append(notes.log, note(stream))
        advance(notes, 1)
        if number < ALIKE_STREAMS - 1:
            notes.process([event])
            assert notes.halted() == STREAMS[: number + 1]
        else:
            with pytest.raises(Outage):
                notes.process([event])
            assert notes.halted() == []
            notes.replicas[0].leave_behind([event])
    letters = notes.letters(include_redriven=True)
    assert {letter.get("redrive_reason") for letter in letters} == {
        "an outage, and no poison: many streams failed alike"
    }
    notes.fails = lambda event: False
    notes.try_again(1)
    notes.check_whole()


def test_replicas_see_each_others_failures(notes: Followers) -> None:
    notes.fails = lambda event: True
    events = append(notes.log, *(note(s) for s in STREAMS[:ALIKE_STREAMS]))
    advance(notes, 1)
    for number, event in enumerate(events[:-1]):
        notes.process([event], replica=number % 2)
    assert len(notes.halted()) == ALIKE_STREAMS - 1
    with pytest.raises(Outage):
        notes.process([events[-1]], replica=1)
    assert notes.halted() == []
    notes.fails = lambda event: False
    notes.process(events)
    notes.check_whole()


def test_poison_among_what_an_outage_hit_is_halted_once_the_outage_is_over(
    notes: Followers,
) -> None:
    notes.fails = lambda event: True
    events = append(notes.log, *(note(s) for s in STREAMS))
    with pytest.raises(Outage):
        notes.process(events)
    notes.replicas[0].leave_behind(events)
    poisonous = set(STREAMS[: ALIKE_STREAMS + 3])  # they come first in every page
    notes.fails = lambda event: event.stream in poisonous
    notes.try_again()
    assert set(notes.halted()) == poisonous
    assert notes.replicas[0].behind(100) == {}
    assert notes.replicas[0].outages() == []


def test_a_mistake_in_one_type_never_stops_the_others_and_is_poison_in_the_end(
    notes: Followers,
) -> None:
    notes.fails = lambda event: event.type == "odd"
    odd = append(notes.log, *(note(s, type="odd") for s in STREAMS[:10]))
    sound = append(notes.log, note("other"))
    notes.process([*odd, *sound])
    for _ in range(PATIENCE // MINUTE * 4):
        notes.try_again(1)
        notes.process(append(notes.log, note("other")))
        assert len(notes.halted()) < ALIKE_STREAMS
        advance(notes, MINUTE // 4)
    for _ in range(4):
        notes.process(append(notes.log, note("other")))
        notes.try_again(1)
    assert notes.halted() == STREAMS[:10]
    assert len(notes.letters()) == 10


def test_an_outage_leaves_no_dead_letter_of_events_that_were_tried_while_it_lasted(
    notes: Followers,
) -> None:
    notes.fails = lambda event: True
    events = append(notes.log, *(note(s) for s in STREAMS))
    with pytest.raises(Outage):
        notes.process(events)
    rows = notes.own.read(
        lambda unit: unit.connection.execute(
            sa.select(DEAD_LETTERS).where(DEAD_LETTERS.c.redriven_at.is_(None))
        ).all()
    )
    assert rows == []


def test_a_failure_of_ours_that_names_each_stream_is_an_outage_all_the_same(
    notes: Followers,
) -> None:
    def refuse(event: Event) -> str:
        raise Conflict(f"stream {event.stream}", "is not there: 100 %_")

    notes.misfits = refuse
    events = append(notes.log, *map(note, STREAMS))
    for event in events[: ALIKE_STREAMS - 1]:
        notes.process([event])
    assert len(notes.halted()) == ALIKE_STREAMS - 1
    with pytest.raises(Outage):
        notes.process(events[ALIKE_STREAMS - 1 : ALIKE_STREAMS], replica=1)
    assert (notes.halted(), notes.letters()) == ([], [])
    notes.misfits = lambda event: ""
    notes.process(events)
    notes.check_whole()


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
@pytest.mark.parametrize("work", ["one", "page", "withdrawal"])
def test_who_redrives_waits_for_positions_before_any_letter_is_locked(
    notes: Followers, work: str
) -> None:
    """As a halt does, which writes a letter under its positions: else both wait in a circle."""
    notes.fails = lambda event: True
    events = append(notes.log, note("a"), note("b"))
    for event in events:
        notes.process([event])
    letters = notes.letters()
    kind = letters[0]["reason"]
    redrives: dict[str, Callable[[UnitOfWork], object]] = {
        "one": lambda unit: redrive(unit, letters[0]["id"]),
        "page": lambda unit: redrive_page(unit, "fixed", 9),
        "withdrawal": lambda unit: withdraw(unit, "notes", kind, 0),
    }

    def hold(unit: UnitOfWork) -> Any:
        lock_positions(unit, "notes", heads_of(events))
        waiting = eventlet.spawn(notes.own.run, redrives[work])
        wait_until(lambda: bool(notes.own.read(count_waiting)))
        query = sa.select(DEAD_LETTERS.c.id).with_for_update(nowait=True)
        assert len(unit.connection.execute(query).all()) == len(letters)
        return waiting

    notes.own.run(hold).wait()
    assert len(notes.letters()) == (1 if work == "one" else 0)


def count_waiting(unit: UnitOfWork) -> int:
    query = """
        SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
        WHERE NOT granted AND pg_stat_activity.datname = current_database()
    """
    return int(unit.connection.exec_driver_sql(query).scalar_one())


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_a_letter_that_another_redrives_meanwhile_lets_no_later_halt_go(notes: Followers) -> None:
    notes.fails = lambda event: True
    (event,) = append(notes.log, note("a"))
    notes.process([event])

    def redrive_and_halt_again(unit: UnitOfWork) -> Any:
        lock_positions(unit, "notes", heads_of([event]))
        waiting = eventlet.spawn(notes.own.run, lambda late: redrive_page(late, "late", 9))
        wait_until(lambda: bool(notes.own.read(count_waiting)))
        redrive_page(unit, "in time", 9)
        unit.connection.execute(sa.update(POSITIONS).values(halted=True))
        return waiting

    page = notes.own.run(redrive_and_halt_again).wait()
    assert (page.letters, page.streams) == (0, 0)
    assert notes.halted() == ["a"]
    (letter,) = notes.letters(include_redriven=True)
    assert letter["redrive_reason"] == "in time"


def test_letters_of_old_make_no_question_slower(notes: Followers) -> None:
    """On both databases the few that matter are found by an index."""
    explain = {"sqlite": "EXPLAIN QUERY PLAN ", "postgresql": "EXPLAIN "}
    rows = [
        {
            "id": f"{n:05}",
            "source": "notes",
            "streams": ["a"],
            "event_id": f"e{n}",
            "reason": "x",
            "died_at": n,
            "redriven_at": n,
        }
        for n in range(5_000)
    ]
    notes.own.run(lambda unit: unit.connection.execute(sa.insert(DEAD_LETTERS), rows))
    notes.own.run(lambda unit: unit.connection.exec_driver_sql("ANALYZE"))
    dialect = notes.own.database.dialect
    plans = []
    for condition in ("source = 'notes' AND died_at > 4990", "redriven_at IS NULL"):
        statement = f"{explain[dialect]}SELECT streams FROM dead_letters WHERE {condition}"
        plan = notes.own.read(lambda unit: unit.connection.exec_driver_sql(statement).all())  # noqa: B023
        plans.append(str(plan))
    assert "dead_letters_by_time" in plans[0]
    assert "dead_letters_open" in plans[1]


def test_what_stands_is_listed_page_by_page(notes: Followers) -> None:
    """Halted streams, and those of which the source has lost a part."""
    notes.fails = lambda event: True
    for event in append(notes.log, note("a"), note("b"), note("c")):
        notes.process([event])
    pages = [
        notes.own.read(lambda unit: halted_page(unit, "notes", after, 2))  # noqa: B023
        for after in ("", "b", "c")
    ]
    assert pages == [["a", "b"], ["c"], []]
    lost = sa.update(POSITIONS).where(POSITIONS.c.stream_id != "b").values(restored_to=0)
    notes.own.run(lambda unit: unit.connection.execute(lost))
    ahead = [
        [row.stream_id for row in notes.own.read(lambda unit: ahead_streams(unit, "notes", at, 1))]  # noqa: B023
        for at in ("", "a", "c")
    ]
    assert ahead == [["a"], ["c"], []]


def test_a_source_that_was_never_compared_is_at_its_beginning(notes: Followers) -> None:
    assert notes.replicas[0].reconciled().changed_in == 0
