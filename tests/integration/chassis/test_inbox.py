"""The inbox: events in any order, any number of times, are applied once and in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import eventlet
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from chassis import Event, InvalidInput, Unavailable, new_id
from chassis.core.upcasting import Upcasters
from chassis.database.engine import Database
from chassis.database.tables import POSITIONS
from chassis.eventlog.reader import OwnLog
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from chassis.projections.dead_letters import list_dead_letters, redrive
from chassis.projections.inbox import BatchResult, Inbox
from tests.support.servers import Databases
from tests.support.toy import Notes, append, fold_of, folds, joint_note, note, whole_log, work_on


class Poison(Exception):
    pass


class Followed:
    """A log of notes, and an inbox that follows it."""

    def __init__(self, log: UnitOfWorkRunner, own: UnitOfWorkRunner) -> None:
        self.log = log
        self.own = own
        self.source = OwnLog(log.read)
        self.inbox = Inbox(own, "notes")
        self.poisonous: set[str] = set()
        self.applied: list[str] = []
        self.projection = Notes(self.before)

    def before(self, event: Event) -> None:
        if event.id in self.poisonous or event.data.get("fact_id") in self.poisonous:
            raise Poison(event.data)
        self.applied.append(event.id)

    def process(self, *events: Event) -> BatchResult:
        return self.inbox.process(events, self.projection)

    def history(self, after: Mapping[str, int], limit: int = 500) -> list[Event]:
        return self.log.read(lambda unit: unit.raw_history(after, limit))

    def fetch(self) -> int:
        """Fetch and apply what is behind until nothing comes of it; how many rounds it took."""
        rounds = 0
        while behind := self.inbox.behind(100):
            rounds += 1
            if not self.process(*self.history(behind)).applied:
                break
        return rounds

    def versions(self) -> dict[str, int]:
        return self.inbox.versions(whole_log(self.log))

    def letters(self) -> list[dict[str, Any]]:
        return self.own.read(lambda unit: list_dead_letters(unit, 100, include_redriven=False))

    def redrive(self, letter: Mapping[str, Any]) -> dict[str, Any]:
        return self.own.run(lambda unit: redrive(unit, letter["id"]))

    def check_whole(self) -> None:
        """The read model is the fold of the log."""
        log = whole_log(self.log)
        read = self.own.read(lambda unit: folds(unit.connection, log))
        assert read == {stream: (len(events), fold_of(events)) for stream, events in log.items()}
        assert self.versions() == {stream: len(events) for stream, events in log.items()}
        assert self.inbox.behind(100) == {}


@pytest.fixture
def notes(toy: Callable[[], Database]) -> Followed:
    return Followed(work_on(toy()), work_on(toy(), "follower"))


def test_events_in_order_are_applied(notes: Followed) -> None:
    events = append(notes.log, note("a"), note("b"), note("a"))
    assert notes.process(*events) == BatchResult(applied=True, behind=False)
    notes.check_whole()


def test_events_of_one_batch_are_put_into_order(notes: Followed) -> None:
    events = append(notes.log, *(note("ab"[i % 2], i) for i in range(8)))
    assert notes.process(*reversed(events)) == BatchResult(applied=True, behind=False)
    notes.check_whole()


def test_an_event_counts_once_however_often_it_comes(notes: Followed) -> None:
    events = append(notes.log, note("a"), note("a"))
    for batch in (events * 3, events, events[::-1]):
        notes.process(*batch)
    assert len(notes.applied) == 2
    notes.check_whole()


def test_no_events_at_all_are_no_batch(notes: Followed) -> None:
    assert notes.process() == BatchResult(applied=False, behind=False)


def test_an_early_event_is_known_to_be_missing_and_is_fetched(notes: Followed) -> None:
    events = append(notes.log, *(note("a", i) for i in range(4)))
    assert notes.process(events[2]) == BatchResult(applied=False, behind=True)
    assert notes.inbox.behind(10) == {"a": 0}
    assert notes.process(events[0]) == BatchResult(applied=True, behind=True)
    assert notes.inbox.behind(10) == {"a": 1}
    notes.fetch()
    assert notes.versions() == {"a": 4}, "history gives more than what was missing"
    notes.check_whole()


def test_what_is_behind_can_be_asked_in_part(notes: Followed) -> None:
    for stream in "cab":
        notes.process(append(notes.log, note(stream), note(stream))[1])
    assert notes.inbox.behind(2) == {"a": 0, "b": 0}


def test_how_far_streams_are_short_of_a_token_leaves_no_trace(notes: Followed) -> None:
    events = append(notes.log, note("a"), note("a"), note("b"))
    notes.poisonous = {events[2].id}
    notes.process(*events)
    token = {"a": 2, "b": 1, "made up": 7, "c": 0}
    assert notes.inbox.lagging(token) == {"made up": 0}, "b is halted"
    assert notes.inbox.lagging({"a": 9}) == {"a": 2}
    assert notes.inbox.behind(10) == {}


def test_a_gap_in_one_stream_does_not_hold_up_another(notes: Followed) -> None:
    events = append(notes.log, note("a"), note("b"), note("a"), note("b"))
    outcome = notes.process(events[3], events[2], events[1])
    assert outcome == BatchResult(applied=True, behind=True)
    assert notes.versions() == {"a": 0, "b": 2}


def test_a_lost_last_event_is_found_by_reconciling(notes: Followed) -> None:
    append(notes.log, note("a"), note("b"))
    notes.process(*append(notes.log, note("c")))
    assert notes.inbox.behind(10) == {}
    assert notes.inbox.reconcile(notes.source) == 2
    assert notes.inbox.behind(10) == {"a": 0, "b": 0}
    notes.fetch()
    notes.check_whole()
    assert notes.inbox.reconcile(notes.source) == 0


def test_a_service_that_was_heard_of_needs_no_event_to_fetch(notes: Followed) -> None:
    append(notes.log, *(note("a", i) for i in range(3)))
    notes.inbox.note({"a": 2})
    notes.inbox.note({})
    notes.fetch()
    notes.check_whole()


def test_fetching_in_small_pages_comes_to_the_same(notes: Followed) -> None:
    append(notes.log, *(note("abc"[i % 3], i) for i in range(20)), joint_note("abc"), note("b"))
    notes.inbox.reconcile(notes.source)
    while behind := notes.inbox.behind(10):
        for stream, version in behind.items():
            notes.process(*notes.history({stream: version}, limit=3))
    notes.check_whole()


# Joint facts


def test_a_joint_fact_is_applied_in_all_its_streams_at_once(notes: Followed) -> None:
    copy = append(notes.log, joint_note("ab"), note("b"))[0]
    assert notes.process(copy) == BatchResult(applied=True, behind=False)
    assert notes.versions() == {"a": 1, "b": 1}
    assert len(notes.applied) == 1


def test_all_copies_of_a_joint_fact_count_once(notes: Followed) -> None:
    append(notes.log, joint_note("abc"))
    copies = [events[0] for events in whole_log(notes.log).values()]
    notes.process(*copies, *copies)
    notes.process(copies[2])
    assert len(notes.applied) == 1
    notes.check_whole()


def test_a_joint_fact_waits_until_it_is_next_in_each_of_its_streams(notes: Followed) -> None:
    _, fact, _ = append(notes.log, note("b"), joint_note("ab"), note("a"))
    log = whole_log(notes.log)
    assert notes.process(fact, log["a"][1]) == BatchResult(applied=False, behind=True)
    assert notes.versions() == {"a": 0, "b": 0}
    assert notes.inbox.behind(10) == {"a": 0, "b": 0}, "its other streams are fetched as well"
    assert notes.process(log["b"][0], log["b"][1]).applied
    assert notes.versions() == {"a": 1, "b": 2}
    notes.fetch()
    notes.check_whole()


def test_joint_facts_that_cross_are_applied_in_their_one_order(notes: Followed) -> None:
    append(notes.log, joint_note("ab"), note("a"), joint_note("bc"), joint_note("ca"), note("b"))
    log = whole_log(notes.log)
    for stream in "cab":
        for event in reversed(log[stream]):
            notes.process(event)
    notes.fetch()
    notes.check_whole()


# Poison


def test_poison_halts_its_own_stream_and_no_other(notes: Followed) -> None:
    events = append(notes.log, note("a"), note("b"), note("a"), note("b"), note("a"))
    notes.poisonous = {events[2].id}
    outcome = notes.process(*events)
    assert outcome.applied
    assert notes.versions() == {"a": 1, "b": 2}
    assert notes.inbox.behind(10) == {}, "a halted stream is not fetched again and again"
    (letter,) = notes.letters()
    assert (letter["source"], letter["streams"], letter["version"], letter["event_id"]) == (
        "notes", ["a"], 2, events[2].id,
    )  # fmt: skip
    assert letter["type"] == "noted"


def test_the_reason_tells_the_kind_and_the_place_but_no_value(notes: Followed) -> None:
    (event,) = append(notes.log, note("a", data={"amount": 4711}))
    notes.poisonous = {event.id}
    notes.process(event)
    assert notes.letters()[0]["reason"].startswith("Poison in before, test_inbox.py:")
    assert "4711" not in repr(notes.letters())


def test_the_reason_quotes_what_we_say_ourselves(notes: Followed) -> None:
    def refuse(_event: Event) -> None:
        raise InvalidInput("data.revenue", "is not a whole number")

    notes.inbox.process(append(notes.log, note("a")), Notes(refuse))
    reason = notes.letters()[0]["reason"]
    assert reason.startswith("InvalidInput in refuse, test_inbox.py:")
    assert reason.endswith(": data.revenue: is not a whole number")


def test_a_poisonous_event_comes_again_without_another_letter(notes: Followed) -> None:
    events = append(notes.log, note("a"), note("a"))
    notes.poisonous = {events[0].id}
    for _ in range(3):
        assert notes.process(*events) == BatchResult(applied=False, behind=False)
    assert len(notes.letters()) == 1


def test_what_came_early_beside_poison_is_known_to_be_missing(notes: Followed) -> None:
    events = append(notes.log, note("a"), note("b"), note("b"))
    notes.poisonous = {events[0].id}
    notes.process(events[0], events[2])
    assert notes.inbox.behind(10) == {"b": 0}


def test_poison_in_many_streams_of_a_batch_is_all_found(notes: Followed) -> None:
    events = append(notes.log, *(note(f"s{i:02}", n) for i in range(40) for n in range(2)))
    notes.poisonous = {event.id for event in events[::7]}
    notes.process(*events)
    assert {letter["event_id"] for letter in notes.letters()} == {
        event.id
        for event in events[::7]
        if event.version == 1 or events[events.index(event) - 1].id not in notes.poisonous
    }
    notes.poisonous = set()
    for letter in notes.letters():
        notes.redrive(letter)
    notes.fetch()
    notes.check_whole()


def test_after_the_mend_and_redrive_the_stream_is_whole(notes: Followed) -> None:
    events = append(notes.log, *(note("a", i) for i in range(4)), note("b"))
    notes.poisonous = {events[1].id}
    notes.process(*events)
    (letter,) = notes.letters()
    notes.poisonous = set()
    assert notes.redrive(letter)["redriven_at"] == "2026-11-21T19:30:00.000000Z"
    assert notes.letters() == []
    notes.fetch()
    notes.check_whole()


def test_poison_that_was_not_mended_halts_its_stream_again(notes: Followed) -> None:
    (event,) = append(notes.log, note("a"))
    notes.poisonous = {event.id}
    notes.process(event)
    (first,) = notes.letters()
    notes.redrive(first)
    notes.fetch()
    (second,) = notes.letters()
    assert second["id"] != first["id"]
    assert notes.inbox.behind(10) == {}


def test_redriving_an_old_letter_leaves_a_later_halt_alone(notes: Followed) -> None:
    (event,) = append(notes.log, note("a"))
    notes.poisonous = {event.id}
    notes.process(event)
    (first,) = notes.letters()
    notes.redrive(first)
    notes.fetch()
    before = notes.letters()
    notes.redrive(first)
    notes.fetch()
    assert notes.letters() == before


def test_a_poisonous_joint_fact_halts_all_its_streams_and_one_redrive_frees_them(
    notes: Followed,
) -> None:
    append(notes.log, note("a"), note("b"))
    fact = joint_note("ab")
    append(notes.log, fact, note("a"), note("c"))
    notes.poisonous = {fact.id}
    notes.inbox.reconcile(notes.source)
    notes.fetch()
    assert notes.versions() == {"a": 1, "b": 1, "c": 1}
    (letter,) = notes.letters()
    assert letter["streams"] == ["a", "b"]
    notes.poisonous = set()
    notes.redrive(letter)
    notes.fetch()
    notes.check_whole()


def test_a_joint_fact_waits_for_a_halted_stream_without_being_poison_itself(
    notes: Followed,
) -> None:
    (event,) = append(notes.log, note("a"))
    notes.poisonous = {event.id}
    notes.process(event)
    append(notes.log, joint_note("ab"), note("b"))
    notes.inbox.reconcile(notes.source)
    notes.fetch()
    assert notes.versions() == {"a": 0, "b": 0}
    (letter,) = notes.letters()
    notes.poisonous = set()
    notes.redrive(letter)
    notes.fetch()
    notes.check_whole()


def test_an_event_that_no_upcaster_can_read_is_poison_of_its_own_stream(notes: Followed) -> None:
    steps = Upcasters({("noted", 1): lambda data: {"amount": 100 * int(data["amount"])}})
    notes.inbox = Inbox(notes.own, "notes", steps)
    events = append(notes.log, note("a"), note("b"), note("a", data={"amount": "many"}), note("b"))
    notes.process(*events)
    assert notes.versions() == {"a": 1, "b": 2}
    (letter,) = notes.letters()
    assert letter["event_id"] == events[2].id
    assert letter["reason"].startswith("ValueError in ")


def test_what_an_old_release_wrote_is_applied_upcast(notes: Followed) -> None:
    steps = Upcasters({("noted", 1): lambda data: {**data, "amount": 100 * data["amount"]}})
    notes.inbox = Inbox(notes.own, "notes", steps)
    events = append(notes.log, note("a", 3), note("a", 500, schema_version=2))
    notes.process(*events)
    upcast = [replace(events[0], data={"amount": 300}, schema_version=2), events[1]]
    assert notes.own.read(lambda unit: folds(unit.connection, "a")) == {"a": (2, fold_of(upcast))}


def test_an_event_from_the_future_waits_and_is_no_poison(notes: Followed) -> None:
    events = append(notes.log, note("a"), note("a", schema_version=2), note("a"), note("b"))
    outcome = notes.process(*events)
    assert outcome == BatchResult(applied=True, behind=True)
    assert notes.versions() == {"a": 1, "b": 1}
    assert notes.letters() == []
    assert notes.inbox.behind(10) == {"a": 1}
    notes.inbox = Inbox(notes.own, "notes", Upcasters({("noted", 1): dict}))
    notes.fetch()
    assert notes.versions() == {"a": 3, "b": 1}


def test_a_message_that_could_not_be_read_leaves_a_letter_that_halts_nothing(
    notes: Followed,
) -> None:
    letter_id = notes.inbox.dead_letter("undecodable: JSONDecodeError")
    (letter,) = notes.letters()
    assert letter == {
        "id": letter_id,
        "source": "notes",
        "streams": [],
        "version": None,
        "event_id": None,
        "type": None,
        "reason": "undecodable: JSONDecodeError",
        "died_at": "2026-11-21T19:30:00.000000Z",
        "redriven_at": None,
    }
    notes.redrive(letter)
    assert notes.letters() == []


# What is nobody's fault


def test_while_something_does_not_answer_nothing_is_applied_and_nothing_is_poison(
    notes: Followed,
) -> None:
    events = append(notes.log, note("a"), note("b"))

    def unavailable(_event: Event) -> None:
        raise Unavailable("identity", "did not answer")

    with pytest.raises(Unavailable):
        notes.inbox.process(events, Notes(unavailable))
    assert notes.letters() == []
    assert notes.versions() == {"a": 0, "b": 0}
    notes.process(*events)
    notes.check_whole()


def test_a_crash_before_the_commit_leaves_no_trace(notes: Followed) -> None:
    events = append(notes.log, note("a"), joint_note("ab"), note("b"))

    class Crash(BaseException):
        pass

    def crash(event: Event) -> None:
        if event.id == events[2].id:
            raise Crash

    with pytest.raises(Crash):
        notes.inbox.process(events, Notes(crash))
    assert notes.versions() == {"a": 0, "b": 0}
    assert notes.own.read(lambda unit: folds(unit.connection, "ab")) == {"a": (0, ""), "b": (0, "")}
    notes.process(*events)
    notes.check_whole()


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
@pytest.mark.parametrize("code", ["53100", "53200", "57014", "57P01", "58030", "40P01", "25006"])
def test_a_database_in_trouble_is_not_taken_for_poison(notes: Followed, code: str) -> None:
    """A full disk, no memory, a cancelled statement, a standby: streams must not halt for these."""
    events = append(notes.log, note("a"), note("b"))

    class Troubled(Notes):
        def apply(self, unit: UnitOfWork, _events: Sequence[Event]) -> None:
            unit.connection.exec_driver_sql(
                f"DO $$ BEGIN RAISE EXCEPTION 'trouble' USING ERRCODE = '{code}'; END $$"
            )

    with pytest.raises(Unavailable):
        notes.inbox.process(events, Troubled())
    assert notes.letters() == []
    assert notes.versions() == {"a": 0, "b": 0}
    notes.process(*events)
    notes.check_whole()


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_full_disk_is_not_taken_for_poison_on_sqlite_either(notes: Followed) -> None:
    events = append(notes.log, note("a"), note("b"))

    class Hungry(Notes):
        def apply(self, unit: UnitOfWork, events: Sequence[Event]) -> None:
            unit.connection.exec_driver_sql("PRAGMA max_page_count = 1")
            unit.connection.exec_driver_sql("CREATE TABLE more AS SELECT zeroblob(1000000) AS x")

    with pytest.raises(Unavailable):
        notes.inbox.process(events, Hungry())
    assert notes.letters() == []


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_a_privilege_that_is_missing_is_waited_for_and_no_poison(
    notes: Followed, databases: Databases
) -> None:
    uri = notes.own.database.engine.url.render_as_string(hide_password=False)
    events = append(notes.log, note("a"))
    administrator = databases.administrator(uri)
    with administrator.cursor() as cursor:
        user = notes.own.database.engine.url.username
        cursor.execute(f'REVOKE SELECT ON folds FROM "{user}"')
        try:
            with pytest.raises(Unavailable):
                notes.process(*events)
        finally:
            cursor.execute(f'GRANT SELECT ON folds TO "{user}"')
    administrator.close()
    assert notes.letters() == []
    notes.process(*events)
    notes.check_whole()


def test_trouble_at_a_second_attempt_is_not_taken_for_poison(
    notes: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Deadlocked(Exception):
        pgcode = "40P01"

    class Twice(Notes):
        def apply(self, unit: UnitOfWork, events: Sequence[Event]) -> None:
            raise OperationalError("", None, Deadlocked())

    begin = notes.own.database.transaction
    attempts = []

    def transaction() -> AbstractContextManager[sa.Connection]:
        attempts.append(begin)
        if len(attempts) == 2:
            raise ZeroDivisionError
        return begin()

    monkeypatch.setattr(notes.own.database, "transaction", transaction)
    with pytest.raises(ZeroDivisionError):
        notes.inbox.process(append(notes.log, note("a")), Twice())
    assert notes.letters() == []


# Replicas


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_the_first_events_of_a_stream_in_two_replicas_leave_it_never_stuck(
    notes: Followed, size: Callable[[int, int], int]
) -> None:
    """v1 is applied by one while the other finds v2 early: one of them must see the other."""
    replicas = [notes, Followed(notes.log, notes.own)]
    for round_ in range(size(40, 400)):
        events = append(notes.log, note(f"s{round_}"), note(f"s{round_}"))
        greenlets = [
            eventlet.spawn(replica.process, event)
            for replica, event in zip(replicas, events, strict=True)
        ]
        outcomes = [greenlet.wait() for greenlet in greenlets]
        behind = notes.inbox.behind(10)
        assert behind in ({}, {f"s{round_}": 1})
        assert bool(behind) == outcomes[1].behind or outcomes[0].behind
        notes.fetch()
    notes.check_whole()


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_facts_of_two_streams_are_applied_from_both_sides_at_once(
    notes: Followed, size: Callable[[int, int], int]
) -> None:
    replicas = [notes, Followed(notes.log, notes.own)]
    for round_ in range(size(20, 200)):
        a, b = f"a{round_}", f"b{round_}"
        append(notes.log, note(a), joint_note([a, b]), note(b), joint_note([b, a]), note(a))
        log = whole_log_of(notes, [a, b])
        greenlets = [
            eventlet.spawn(replicas[0].process, *log[a]),
            eventlet.spawn(replicas[1].process, *log[b][::-1]),
        ]
        for greenlet in greenlets:
            greenlet.wait()
        notes.fetch()
    notes.check_whole()


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_replicas_that_meet_the_same_poison_at_once_write_one_letter(
    notes: Followed, size: Callable[[int, int], int]
) -> None:
    replicas = [notes, Followed(notes.log, notes.own)]
    for round_ in range(size(10, 100)):
        events = append(notes.log, note(f"s{round_}"), note(f"s{round_}"), note(f"t{round_}"))
        for replica in replicas:
            replica.poisonous = {events[0].id}
        for greenlet in [eventlet.spawn(replica.process, *events) for replica in replicas]:
            greenlet.wait()
        for number, replica in enumerate(replicas):
            # Else who always comes second applies nothing, and takes poison for an outage.
            replica.process(*append(notes.log, note(f"own-{round_}-{number}")))
        assert [letter["event_id"] for letter in notes.letters()] == [events[0].id]
        for replica in replicas:
            replica.poisonous = set()
        notes.redrive(notes.letters()[0])
        notes.fetch()
    notes.check_whole()


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_tailing_by_heads_misses_nothing_while_several_write(
    notes: Followed, size: Callable[[int, int], int]
) -> None:
    """Positions in a feed of commits would: heads are compared again past a margin of time."""
    writing = [eventlet.spawn(write, notes.log, number, size(30, 200)) for number in range(4)]
    while not all(greenlet.dead for greenlet in writing):
        notes.inbox.reconcile(notes.source)
        notes.fetch()
        eventlet.sleep(0)
    for greenlet in writing:
        greenlet.wait()
    notes.inbox.reconcile(notes.source)
    notes.fetch()
    notes.check_whole()


def write(log: UnitOfWorkRunner, number: int, count: int) -> None:
    for turn in range(count):
        if turn % 5:
            append(log, note(f"s{turn % 7}"), note(new_id()))
        else:
            append(log, joint_note([f"s{turn % 7}", f"s{number}", f"own{number}"]))


def whole_log_of(notes: Followed, streams: Sequence[str]) -> dict[str, list[Event]]:
    events = notes.history(dict.fromkeys(streams, 0))
    return {stream: [e for e in events if e.stream == stream] for stream in streams}


def test_a_position_is_where_its_read_model_is(notes: Followed) -> None:
    events = append(notes.log, note("a"), note("a"))
    notes.process(events[1])
    query = sa.select(POSITIONS)
    (row,) = notes.own.read(lambda unit: unit.connection.execute(query).all())
    assert (row.source, row.stream_id, row.version, row.seen, row.halted) == (
        "notes", "a", 0, 2, False,
    )  # fmt: skip


def test_two_sources_are_followed_apart(notes: Followed) -> None:
    events = append(notes.log, note("a"), note("a"))
    notes.process(*events)
    other = Inbox(notes.own, "memos")
    assert other.versions("a") == {"a": 0}
    other.note({"a": 5})
    assert notes.inbox.behind(10) == {}
    assert other.behind(10) == {"a": 0}


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_positions_are_updated_in_place_and_once_for_each_batch(notes: Followed) -> None:
    query = sa.text(
        "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relname = 'positions'"
    )
    updates: list[list[int]] = []

    class Counted(Notes):
        def apply(self, unit: UnitOfWork, events: Sequence[Event]) -> None:
            super().apply(unit, events)
            before = unit.connection.execute(query).one()

            def count(connection: sa.Connection) -> None:
                after = connection.execute(query).one()
                updates.append([new - old for new, old in zip(after, before, strict=True)])

            sa.event.listen(unit.connection, "commit", count, once=True)

    events = append(notes.log, *(note("abc"[i % 3], i) for i in range(30)))
    for first in range(0, 30, 6):
        notes.inbox.process(events[first : first + 6], Counted())
    assert updates == [[3, 3]] * 5, "all of them in place"
    notes.check_whole()
