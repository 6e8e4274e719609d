"""Positions are compared with heads in the order of the source's transactions."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import eventlet
import pytest
import sqlalchemy as sa

from chassis import Event, Unavailable
from chassis.database.engine import Database
from chassis.database.tables import LOG_INCARNATIONS, POSITIONS, RECONCILED, STREAMS
from chassis.eventlog.incarnation import LogRestored, declare_restored, newest
from chassis.eventlog.log import FIRST_HEADS, HeadCursor, HeadsPage
from chassis.eventlog.reader import HistoryPage, OwnLog
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from chassis.projections import reconciliation
from chassis.projections.inbox import Inbox
from tests.support.servers import Databases
from tests.support.toy import Notes, append, fold_of, folds, joint_note, note, whole_log, work_on
from tests.support.toy_services import wait_until

ROOT = Path(__file__).parents[3]
_DAY = 86_400 * 1_000_000


class Pages:
    """A log read in small pages, some of which may fail."""

    def __init__(self, log: UnitOfWorkRunner, size: int = 1_000) -> None:
        self.log = log
        self.size = size
        self.asked: list[Any] = []
        self.failing: set[int] = set()

    def history(self, after: Mapping[str, int]) -> HistoryPage:
        return OwnLog(self.log.read).history(after)

    def heads(self, after: HeadCursor) -> HeadsPage:
        self._ask(after)
        return self.log.read(lambda unit: unit.heads(after, self.size))

    def heads_of(self, streams: Sequence[str]) -> HeadsPage:
        self._ask(streams)
        return self.log.read(lambda unit: unit.heads_of(streams))

    def _ask(self, question: Any) -> None:
        self.asked.append(question)
        if len(self.asked) in self.failing:
            raise Unavailable("notes", "did not answer")


class ComparedNotes:
    """A log of notes, and an inbox that follows it without any message."""

    def __init__(self, log: UnitOfWorkRunner, own: UnitOfWorkRunner) -> None:
        self.log = log
        self.own = own
        self.inbox = Inbox(own, "notes")
        self.source = Pages(log)

    def reconcile(self, size: int = 1_000) -> int:
        self.source = Pages(self.log, size)
        return self.inbox.reconcile(self.source, page_size=size)

    def catch_up(self) -> None:
        """Compare all there is, whoever else in the cluster is at work, and fetch it."""
        self.wait_for_horizon()
        self.reconcile()
        self.fetch()

    def wait_for_horizon(self) -> None:
        """Wait until every transaction of the cluster has ended that is older than our last."""
        newest = (
            sa.select(STREAMS.c.changed_in)
            .order_by(STREAMS.c.incarnation.desc(), STREAMS.c.changed_in.desc())
            .limit(1)
        )

        def reached(unit: UnitOfWork) -> bool:
            last = unit.connection.execute(newest).scalar() or 0
            return unit.heads(FIRST_HEADS, 1).horizon > last

        wait_until(lambda: self.log.read(reached), 120.0)

    def fetch(self) -> None:
        while behind := self.inbox.behind(100):
            if not self.inbox.process(self.source.history(behind).events, Notes()).applied:
                break

    def row(self) -> Any:
        query = sa.select(RECONCILED).where(RECONCILED.c.source == "notes")
        return self.own.read(lambda unit: unit.connection.execute(query).one())

    def positions(self) -> dict[str, tuple[int, bool, int | None]]:
        query = sa.select(POSITIONS).where(POSITIONS.c.source == "notes")
        rows = self.own.read(lambda unit: unit.connection.execute(query).all())
        return {row.stream_id: (row.version, row.halted, row.restored_to) for row in rows}

    def set_row(self, **values: Any) -> None:
        self.own.run(lambda unit: unit.connection.execute(sa.update(RECONCILED).values(**values)))

    def check_whole(self) -> None:
        log = whole_log(self.log)
        read = self.own.read(lambda unit: folds(unit.connection, log))
        assert read == {stream: (len(events), fold_of(events)) for stream, events in log.items()}


@pytest.fixture
def notes(toy: Callable[[], Database]) -> ComparedNotes:
    return ComparedNotes(work_on(toy()), work_on(toy(), "follower"))


def declare(notes: ComparedNotes) -> int:
    """What an operator does after a restore; the processes of the source begin anew."""
    number = notes.log.run(lambda unit: declare_restored(unit.connection))
    notes.log = work_on(notes.log.database)
    return number


def cuts(versions: Mapping[str, int]) -> list[str]:
    """Statements that cut streams to a version, as a restore does; 0 removes one."""
    return [
        statement
        for stream, version in versions.items()
        for statement in (
            f"DELETE FROM events WHERE stream_id = '{stream}' AND version > {version}",
            f"UPDATE streams SET version = {version} WHERE stream_id = '{stream}'",
            f"DELETE FROM streams WHERE stream_id = '{stream}' AND version = 0",
        )
    ]


def cut_postgresql(administrator: Any, versions: Mapping[str, int]) -> None:
    with administrator.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica;" + ";".join(cuts(versions)))
    administrator.close()


def cut_sqlite(log: Database, versions: Mapping[str, int]) -> None:
    guard = "events_refuse_delete"
    with log.transaction() as connection:
        ddl = connection.exec_driver_sql(
            f"SELECT sql FROM sqlite_master WHERE name = '{guard}'"
        ).scalar_one()
        for statement in (f"DROP TRIGGER {guard}", *cuts(versions), ddl):
            connection.exec_driver_sql(statement)


@pytest.fixture
def lose(
    notes: ComparedNotes, request: pytest.FixtureRequest
) -> Callable[[Mapping[str, int]], None]:
    """`lose({"a": 3})`: the source's log is cut to these versions."""

    def cut(versions: Mapping[str, int]) -> None:
        log = notes.log.database
        if log.dialect == "sqlite":
            cut_sqlite(log, versions)
        else:
            databases: Databases = request.getfixturevalue("databases")
            uri = log.engine.url.render_as_string(hide_password=False)
            cut_postgresql(databases.administrator(uri), versions)

    return cut


@pytest.fixture
def restore(
    notes: ComparedNotes, lose: Callable[[Mapping[str, int]], None]
) -> Callable[[Mapping[str, int]], int]:
    """`restore({"a": 3})`: the same, and the next incarnation of the log begins; its number."""

    def cut(versions: Mapping[str, int]) -> int:
        lose(versions)
        return declare(notes)

    return cut


# The order of heads


def test_reconciling_goes_on_where_it_ended(notes: ComparedNotes) -> None:
    append(notes.log, note("a"))
    notes.catch_up()
    append(notes.log, note("b"))
    assert notes.reconcile() == 1
    place = notes.row()
    assert notes.reconcile() == 0
    assert notes.source.asked[0] == HeadCursor(1, place.changed_in, place.changed_stream)
    assert place.changed_in > 0


def test_reconciling_in_small_pages_finds_every_stream(notes: ComparedNotes) -> None:
    append(notes.log, *(note(f"s{number}") for number in range(7)))  # one transaction
    assert notes.reconcile(size=3) == 7


@pytest.mark.parametrize("skew", [_DAY, -180 * 1_000_000])
def test_a_writer_with_a_wrong_clock_changes_nothing(
    notes: ComparedNotes, skew: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(notes.log, note("a"))
    notes.catch_up()
    right = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: right() + skew * 1_000)
    append(notes.log, note("wrong"))
    assert notes.reconcile() == 1
    monkeypatch.undo()
    append(notes.log, note("b"))
    assert notes.reconcile() == 1
    monkeypatch.setattr(time, "time_ns", lambda: right() + skew * 1_000)
    append(notes.log, note("wrong"), note("c"))
    assert notes.reconcile() == 2
    notes.fetch()
    notes.check_whole()


def test_a_failed_page_costs_one_page(notes: ComparedNotes) -> None:
    notes.catch_up()
    for number in range(8):
        append(notes.log, note(f"s{number}"))
    notes.wait_for_horizon()
    source = Pages(notes.log, 2)
    source.failing = {3}
    with pytest.raises(Unavailable):
        notes.inbox.reconcile(source, page_size=2)
    assert len(notes.inbox.behind(100)) == 4
    again = Pages(notes.log, 2)
    assert notes.inbox.reconcile(again, page_size=2) == 4
    assert again.asked[0] == source.asked[-1], "it goes on at the page that failed"


def test_reconciling_ends_though_the_source_goes_on_and_on(notes: ComparedNotes) -> None:
    """Heads that change while they are read would otherwise keep it from fetching for ever."""

    class Busy(Pages):
        def heads(self, after: HeadCursor) -> HeadsPage:
            assert len(self.asked) < 100, "it never ends"
            append(self.log, note("a"))
            return super().heads(after)

    notes.catch_up()
    notes.inbox.reconcile(Busy(notes.log, 1), page_size=1)
    notes.fetch()
    notes.check_whole()


def test_the_comparison_says_when_it_was(notes: ComparedNotes) -> None:
    source = Pages(notes.log)
    source.failing = {1}
    with suppress(Unavailable):
        notes.inbox.reconcile(source)
    assert notes.row().compared_at is None
    notes.reconcile()
    assert notes.row().compared_at > 0


def test_two_processes_that_compare_at_once_leave_one_place(notes: ComparedNotes) -> None:
    for number in range(6):
        append(notes.log, note(f"s{number}"))
    other = ComparedNotes(notes.log, notes.own)

    class Overtaken(Pages):
        def heads(self, after: HeadCursor) -> HeadsPage:
            page = super().heads(after)
            other.reconcile()
            return page

    notes.inbox.reconcile(Overtaken(notes.log, 2), page_size=2)
    notes.fetch()
    notes.check_whole()
    assert notes.reconcile() == 0


# On PostgreSQL, where transactions commit in any order

postgresql = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)


@contextmanager
def open_append(log: UnitOfWorkRunner, stream: str) -> Iterator[None]:
    """Within it a transaction that has appended is not committed."""
    ready, go_on = eventlet.Event(), eventlet.Event()

    def hold(unit: UnitOfWork) -> None:
        unit.append([note(stream)])
        ready.send()
        go_on.wait()

    writer = eventlet.spawn(log.run, hold)
    ready.wait()
    yield
    go_on.send()
    writer.wait()


@postgresql
def test_what_commits_late_is_not_missed(notes: ComparedNotes) -> None:
    notes.catch_up()
    with open_append(notes.log, "slow"):
        for number in range(5):
            append(notes.log, note(f"s{number}"))
            assert notes.reconcile(size=2) == 1, "nothing waits for the slow one"
    assert notes.reconcile(size=2) == 1
    notes.fetch()
    notes.check_whole()


@postgresql
def test_a_transaction_of_another_database_of_the_cluster_hides_nothing(
    notes: ComparedNotes, toy: Callable[[], Database]
) -> None:
    notes.catch_up()
    with open_append(work_on(toy(), "foreign"), "x"):
        append(notes.log, note("a"))
        assert notes.reconcile() == 1
        before = notes.row().changed_in
        append(notes.log, note("b"))
        assert notes.reconcile() == 1
        assert notes.row().changed_in == before, "the place waits for the oldest transaction"
    notes.catch_up()
    assert notes.row().changed_in > before


@postgresql
def test_a_follower_that_tails_concurrent_writers_misses_none(
    notes: ComparedNotes, size: Callable[[int, int], int]
) -> None:
    """Nothing but the comparison, no walk: what its place has passed would be lost."""
    notes.catch_up()
    uri = notes.log.database.engine.url.render_as_string(hide_password=False)
    number = str(size(150, 2_000))
    command = [sys.executable, "-m", "tests.support.writer", uri]
    writers = [subprocess.Popen([*command, str(n), number], cwd=ROOT) for n in range(3)]
    while any(writer.poll() is None for writer in writers):
        notes.reconcile(size=7)
        notes.fetch()
        eventlet.sleep(0.01)
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    notes.reconcile(size=7)
    notes.fetch()
    notes.check_whole()


@postgresql
def test_a_process_of_the_release_before_leaves_its_heads_in_order(
    notes: ComparedNotes, request: pytest.FixtureRequest
) -> None:
    append(notes.log, note("a"))
    notes.catch_up()
    statement = """
        INSERT INTO streams (stream_id, version, changed_at) VALUES (%s, 1, 0)
        ON CONFLICT (stream_id) DO UPDATE SET version = streams.version + 1, changed_at = 0
    """
    with notes.log.database.transaction() as connection:
        for stream in ("a", "b"):
            connection.exec_driver_sql(statement, (stream,))
    assert notes.reconcile() == 2


# Walks


@pytest.mark.parametrize("walked_at", [0, time.time_ns() // 1_000 + 86_400_000_000])
def test_a_walk_finds_what_the_order_of_heads_has_passed(
    notes: ComparedNotes, walked_at: int
) -> None:
    append(notes.log, note("a"), note("b"))
    notes.catch_up()
    notes.own.run(lambda unit: unit.connection.execute(sa.delete(POSITIONS)))
    assert notes.reconcile() == 0
    notes.set_row(walked_at=walked_at)
    assert notes.reconcile() == 2
    assert notes.row().walked_at not in (0, walked_at)
    assert notes.row().walk_after is None


def test_a_walk_of_many_positions_goes_on_where_it_was_interrupted(notes: ComparedNotes) -> None:
    append(notes.log, *(note(f"s{number}") for number in range(6)))
    notes.catch_up()
    notes.set_row(walked_at=0)
    source = Pages(notes.log, 2)
    source.failing = {3}  # one of heads, then the second page of positions
    with pytest.raises(Unavailable):
        notes.inbox.reconcile(source, page_size=2)
    assert notes.row().walk_after == "s1"
    again = Pages(notes.log, 2)
    notes.inbox.reconcile(again, page_size=2)
    assert [asked for asked in again.asked if isinstance(asked, list)] == [
        ["s2", "s3"],
        ["s4", "s5"],
    ]
    assert notes.row().walk_after is None


def test_a_walk_is_a_few_pages_of_each_comparison_and_leaves_the_place_of_the_comparisons(
    notes: ComparedNotes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciliation, "_WALK_PAGES", 2)
    for number in range(9):
        append(notes.log, note(f"s{number}"))
    notes.catch_up()
    while notes.row().walked_at is None:
        notes.reconcile()
    place = notes.row().changed_in
    notes.own.run(lambda unit: unit.connection.execute(sa.delete(POSITIONS)))
    notes.set_row(walked_at=0)
    comparisons = 0
    while notes.row().walked_at == 0:
        append(notes.log, note("s8"))
        notes.reconcile(size=2)
        comparisons += 1
        assert len(notes.source.asked) <= 2 + 2 + 2, "of positions, of heads, and what is new"
        assert notes.source.asked[0].changed_in >= place
    assert comparisons > 1
    assert len(notes.inbox.behind(100)) == 9


def test_what_was_only_heard_of_is_forgotten_if_the_source_does_not_have_it(
    notes: ComparedNotes,
) -> None:
    append(notes.log, note("a"))
    notes.catch_up()
    notes.inbox.note({"a": 7, "made up": 1})
    notes.set_row(walked_at=0)
    notes.reconcile()
    assert notes.inbox.behind(100) == {}


# Restored sources


def test_an_incarnation_that_lost_nothing_costs_one_walk(notes: ComparedNotes) -> None:
    events = append(notes.log, note("a"), note("a"), note("b"))
    notes.catch_up()
    number = declare(notes)
    late = append(notes.log, note("a"))
    assert late[0].incarnation == number
    assert not notes.inbox.process([*events, *late], Notes()).applied, "not compared yet"
    notes.catch_up()
    assert notes.row().incarnation == number
    assert notes.row().next_incarnation is None
    assert {halted for _, halted, _ in notes.positions().values()} == {False}
    notes.check_whole()


def test_a_follower_ahead_of_its_source_is_halted_where_it_is(
    notes: ComparedNotes, restore: Callable[[Mapping[str, int]], int]
) -> None:
    append(notes.log, *(note(stream, i) for stream in "abc" for i in range(4)), note("d"))
    notes.catch_up()
    number = restore({"a": 2, "c": 0})
    new = append(notes.log, note("a"), note("a"), note("a"), note("b"), note("c"), note("d"))
    assert {event.incarnation for event in new} == {number}
    assert not notes.inbox.process(new, Notes()).applied, "first positions are compared"
    notes.catch_up()
    assert notes.positions() == {
        "a": (4, True, 2),
        "b": (5, False, None),
        "c": (4, True, 0),
        "d": (2, False, None),
    }
    assert not notes.inbox.process(new, Notes()).applied
    assert notes.inbox.behind(100) == {}


def test_an_event_of_the_history_that_was_lost_is_not_applied_any_more(
    notes: ComparedNotes, restore: Callable[[Mapping[str, int]], int]
) -> None:
    append(notes.log, note("a"))
    notes.catch_up()
    lost = append(notes.log, note("a", 7))
    restore({"a": 1})
    notes.catch_up()
    append(notes.log, note("a", 9))
    other_process = Inbox(notes.own, "notes")
    assert not other_process.process(lost, Notes()).applied
    notes.catch_up()
    notes.check_whole()


def test_a_joint_fact_waits_for_its_stream_that_is_ahead(
    notes: ComparedNotes, restore: Callable[[Mapping[str, int]], int]
) -> None:
    append(notes.log, note("a"), note("a"), note("b"))
    notes.catch_up()
    restore({"a": 1})
    append(notes.log, note("a"), joint_note("ab"), note("b"))
    notes.catch_up()
    assert notes.positions()["b"] == (1, False, None)
    assert notes.inbox.behind(100) == {"b": 1}


def test_a_walk_after_a_restore_goes_on_where_it_was_interrupted(
    notes: ComparedNotes, restore: Callable[[Mapping[str, int]], int]
) -> None:
    append(notes.log, *(note(f"s{number}", i) for number in range(4) for i in range(2)))
    notes.catch_up()
    number = restore({"s0": 1, "s3": 1})
    source = Pages(notes.log, 2)
    source.failing = {3}  # heads, and the second page of positions
    with pytest.raises(Unavailable):
        notes.inbox.reconcile(source, page_size=2)
    assert (notes.row().next_incarnation, notes.row().walk_after) == (number, "s1")
    assert not notes.inbox.process(append(notes.log, note("s1")), Notes()).applied
    notes.inbox.reconcile(Pages(notes.log, 2), page_size=2)
    assert (notes.row().incarnation, notes.row().next_incarnation) == (number, None)
    assert [stream for stream, (_, halted, _) in notes.positions().items() if halted] == [
        "s0",
        "s3",
    ]


def test_a_second_restore_on_the_way_begins_the_walk_anew(
    notes: ComparedNotes, restore: Callable[[Mapping[str, int]], int]
) -> None:
    append(notes.log, *(note(f"s{number}", i) for number in range(4) for i in range(2)))
    notes.catch_up()
    restore({"s0": 1})

    class RestoredAgain(Pages):
        def heads_of(self, streams: Sequence[str]) -> HeadsPage:
            if streams[0] == "s2" and not self.failing:
                self.failing = {-1}
                numbers.append(restore({"s1": 1}))
            return super().heads_of(streams)

    numbers: list[int] = []
    notes.inbox.reconcile(RestoredAgain(notes.log, 2), page_size=2)
    assert notes.row().incarnation == numbers[0]
    assert notes.positions()["s1"] == (2, True, 1)


def test_a_mark_stays_however_far_the_source_goes_on(
    notes: ComparedNotes, restore: Callable[[Mapping[str, int]], int]
) -> None:
    append(notes.log, note("a"), note("a"))
    notes.catch_up()
    restore({"a": 1})
    notes.catch_up()
    append(notes.log, *(note("a") for _ in range(5)))
    declare(notes)
    notes.catch_up()
    assert notes.positions()["a"] == (2, True, 1)


def test_a_source_that_counts_its_transactions_anew_is_walked(notes: ComparedNotes) -> None:
    append(notes.log, note("a"))
    notes.catch_up()
    notes.set_row(changed_in=2**62)
    append(notes.log, note("b"))
    assert notes.reconcile() == 1
    assert notes.row().changed_in < 2**62


def test_a_restore_that_nobody_noticed_is_found_by_a_walk(
    notes: ComparedNotes, lose: Callable[[Mapping[str, int]], None]
) -> None:
    append(notes.log, note("a"), note("a"), note("b"))
    notes.catch_up()
    lose({"a": 1, "b": 0})
    notes.set_row(walked_at=0)
    notes.catch_up()
    assert notes.positions() == {"a": (2, True, 1), "b": (1, True, 0)}


# The incarnation of a log


def test_a_log_that_lies_elsewhere_begins_its_next_incarnation(notes: ComparedNotes) -> None:
    append(notes.log, note("a"), note("b"), note("a"))
    moved = sa.update(LOG_INCARNATIONS).values(fingerprint="elsewhere")
    notes.log.run(lambda unit: unit.connection.execute(moved))
    others = [work_on(notes.log.database, "notes") for _ in range(3)]
    pages = [other.read(lambda unit: unit.heads(FIRST_HEADS, 10)) for other in others]
    assert len({page.incarnation for page in pages}) == 1, "one of them begins it"
    assert pages[0].incarnation > 1
    assert {h.stream: (h.version, h.restored_to) for h in pages[0].heads} == {
        "a": (2, 2),
        "b": (1, 1),
    }
    (event,) = append(others[0], note("a"))
    assert event.incarnation == pages[0].incarnation
    assert event.to_wire()["incarnation"] == event.incarnation
    assert Event.from_wire(event.to_wire()).incarnation == event.incarnation
    rows = notes.log.read(lambda unit: unit.connection.execute(sa.select(LOG_INCARNATIONS)).all())
    assert len(rows) == 2
    query = sa.select(STREAMS.c.restored_to).where(STREAMS.c.stream_id == "a")
    assert notes.log.read(lambda unit: unit.connection.execute(query).scalar()) == 2


def test_an_incarnation_begins_without_a_change_of_any_stream(notes: ComparedNotes) -> None:
    """However many there are, and whoever is writing: nobody waits for it, nor it for anybody."""
    append(notes.log, *(note(f"s{number}") for number in range(50)))
    rows = streams_of(notes)
    with locked_rows(notes):
        number = declare(notes)
    assert streams_of(notes) == rows
    page = notes.log.read(lambda unit: unit.heads(FIRST_HEADS, 100))
    assert page.incarnation == number
    assert {(head.version, head.incarnation, head.restored_to) for head in page.heads} == {
        (1, 1, 1)
    }


def streams_of(notes: ComparedNotes) -> list[Any]:
    query = sa.select(STREAMS).order_by(STREAMS.c.stream_id)
    return list(notes.log.read(lambda unit: unit.connection.execute(query).all()))


@contextmanager
def locked_rows(notes: ComparedNotes) -> Iterator[None]:
    """Another process is in the middle of an append, and gives it up (SQLite: one at a time)."""
    if notes.log.database.dialect == "sqlite":
        yield
        return
    with notes.log.database.engine.connect() as other:
        other.execute(sa.update(STREAMS).values(changed_at=STREAMS.c.changed_at))
        yield


def test_each_append_notes_where_the_incarnation_began_for_its_streams(
    notes: ComparedNotes,
) -> None:
    append(notes.log, note("a"), note("a"), note("b"), note("c"), note("d"), note("d"))
    number = declare(notes)
    append(notes.log, note("a"))
    append(notes.log, joint_note("bn"))
    append(notes.log, note("c"), note("a"), note("new"))
    notes.log.autocommit(lambda unit: unit.append([note("c")]))
    page = notes.log.read(lambda unit: unit.heads(FIRST_HEADS, 100))
    assert {h.stream: (h.incarnation, h.version, h.restored_to) for h in page.heads} == {
        "a": (number, 4, 2),
        "b": (number, 2, 1),
        "c": (number, 3, 1),
        "d": (1, 2, 2),
        "n": (number, 1, 0),
        "new": (number, 1, 0),
    }
    assert page.heads[0].stream == "d", "in the order of incarnations"
    later = declare(notes)
    append(notes.log, note("c"))
    page = notes.log.read(lambda unit: unit.heads_of(["a", "c"]))
    assert {h.stream: (h.incarnation, h.restored_to) for h in page.heads} == {
        "a": (number, 4),
        "c": (later, 3),
    }


def test_a_process_that_did_not_hear_of_the_incarnation_yet_does_not_undo_it(
    notes: ComparedNotes,
) -> None:
    append(notes.log, note("a"))
    unaware = notes.log
    number = declare(notes)
    append(notes.log, note("a"))
    append(unaware, note("a"), note("b"))
    page = notes.log.read(lambda unit: unit.heads(FIRST_HEADS, 100))
    assert {h.stream: (h.incarnation, h.restored_to) for h in page.heads} == {
        "a": (number, 1),
        "b": (number, 0),
    }


@postgresql
def test_the_release_before_notes_it_as_well(notes: ComparedNotes) -> None:
    """A trigger does, for processes that go on while a new release is started."""
    append(notes.log, note("a"), note("b"))
    number = declare(notes)
    upsert = sa.text(
        """
        INSERT INTO streams (stream_id, version, changed_at) VALUES (:stream, 1, 7)
        ON CONFLICT (stream_id) DO UPDATE SET version = streams.version + 1, changed_at = 7
        """
    )
    for stream in ("a", "new", "a"):
        notes.log.run(lambda unit, s=stream: unit.connection.execute(upsert, {"stream": s}))  # type: ignore[misc]
    page = notes.log.read(lambda unit: unit.heads(FIRST_HEADS, 100))
    assert [(h.stream, h.incarnation, h.version, h.restored_to) for h in page.heads] == [
        ("b", 1, 1, 1),
        ("new", number, 1, 0),
        ("a", number, 3, 1),
    ]


def test_numbers_of_transactions_that_begin_again_do_no_harm(notes: ComparedNotes) -> None:
    """The log was restored into a cluster that has run fewer transactions."""
    append(notes.log, note("a"), note("b"))
    notes.catch_up()
    notes.set_row(changed_in=2**61)
    old = sa.update(STREAMS).values(changed_in=2**61)
    notes.log.run(lambda unit: unit.connection.execute(old))
    number = declare(notes)
    append(notes.log, note("a"), note("c"))
    assert notes.reconcile() == 2
    place = notes.row()
    assert (place.changed_incarnation, place.incarnation) == (number, number)
    if notes.log.database.dialect == "postgresql":  # on SQLite numbers go on
        assert place.changed_in < 2**61
    append(notes.log, note("b"))
    notes.catch_up()
    notes.check_whole()


def test_a_backup_that_is_restored_twice_does_not_give_one_incarnation_twice(
    notes: ComparedNotes,
) -> None:
    append(notes.log, note("a"))
    first = declare(notes)
    second = declare(notes)
    assert second > first > 1_000_000


def test_the_log_of_a_database_that_was_never_restored_says_nothing_of_it(
    notes: ComparedNotes,
) -> None:
    (event,) = append(notes.log, note("a"))
    assert "incarnation" not in event.to_wire()
    assert notes.log.read(lambda unit: unit.heads(FIRST_HEADS, 1)).incarnation == 1


@postgresql
@pytest.mark.parametrize(
    ("before", "begins"),
    [("timeline", True), ("database", False), ("cluster", False), ("form", False)],
)
def test_a_log_that_an_operator_has_to_confirm_goes_on_after_a_failover_alone(
    notes: ComparedNotes, before: str, begins: bool
) -> None:
    append(notes.log, note("a"))
    _, fingerprint = notes.log.read(lambda unit: newest(unit.connection))
    cluster, timeline, database, table = fingerprint.split("/")
    other = {
        "timeline": f"{cluster}/000000FF/{database}/{table}",
        "database": f"{cluster}/{timeline}/1/{table}",
        "cluster": f"1/{timeline}/{database}/{table}",
        "form": "database/1/2",
    }[before]
    moved = sa.update(LOG_INCARNATIONS).values(fingerprint=other)
    notes.log.run(lambda unit: unit.connection.execute(moved))
    source = work_on(notes.log.database)
    source.log.incarnation.confirmed_by_operator = True
    if begins:
        (event,) = append(source, note("a"))
        assert event.incarnation > 1
        return
    with pytest.raises(Unavailable, match="--restored notes"):
        append(source, note("a"))
    source.log.incarnation.keep()
    (event,) = append(source, note("a"))
    assert event.version == 2
    number = source.run(lambda unit: declare_restored(unit.connection))
    assert append(work_on(notes.log.database), note("a"))[0].incarnation == number


def test_files_that_were_copied_are_a_log_of_their_own(
    notes: ComparedNotes, tmp_path: Path
) -> None:
    append(notes.log, note("a"))
    moved = sa.update(LOG_INCARNATIONS).values(fingerprint="file/1")
    notes.log.run(lambda unit: unit.connection.execute(moved))
    source = work_on(notes.log.database)
    source.log.incarnation.confirmed_by_operator = notes.log.database.dialect == "sqlite"
    assert append(source, note("a"))[0].incarnation > 1


@postgresql
def test_a_user_who_may_not_ask_where_the_cluster_is_sees_the_database(
    notes: ComparedNotes, monkeypatch: pytest.MonkeyPatch
) -> None:
    denied = sa.text("SELECT false")
    monkeypatch.setattr("chassis.eventlog.incarnation._MAY_READ", denied)
    append(notes.log, note("a"))
    _, fingerprint = notes.log.read(lambda unit: newest(unit.connection))
    assert fingerprint.startswith("database/")


@postgresql
def test_writers_that_all_find_the_log_elsewhere_begin_one_incarnation(
    notes: ComparedNotes,
) -> None:
    append(notes.log, note("a"))
    moved = sa.update(LOG_INCARNATIONS).values(fingerprint="elsewhere")
    notes.log.run(lambda unit: unit.connection.execute(moved))
    source = work_on(notes.log.database)
    writers = [eventlet.spawn(append, source, note(f"w{number}")) for number in range(8)]
    assert len({writer.wait()[0].incarnation for writer in writers}) == 1
    count = sa.select(sa.func.count()).select_from(LOG_INCARNATIONS)
    assert notes.log.read(lambda unit: unit.connection.execute(count).scalar()) == 2


@postgresql
def test_an_incarnation_that_cannot_begin_yet_is_unavailable(
    notes: ComparedNotes, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(notes.log, note("a"))
    source = work_on(notes.log.database)

    def check(_connection: Any) -> None:
        raise LogRestored

    monkeypatch.setattr(source.log.incarnation, "check", check)
    with pytest.raises(Unavailable, match="next incarnation"):
        append(source, note("a"))
