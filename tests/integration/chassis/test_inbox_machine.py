"""Whatever happens to messages and replicas, the read model is a prefix of each stream.

Hypothesis drives a real log and two replicas of a follower: it appends, delivers any part of what
is on its way in any order, twice, at once to both, or never; it crashes replicas, poisons events,
moves labels, and writes what the follower cannot read yet. After every step the read model is
compared with a fold of the log that imports nothing of the inbox.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import eventlet
import hypothesis
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from chassis import Draft, Event, JointDraft, Unavailable
from chassis.core.upcasting import Upcasters
from chassis.database.engine import Database
from chassis.database.tables import POSITIONS
from chassis.eventlog.incarnation import declare_restored
from chassis.eventlog.log import HeadCursor, HeadsPage
from chassis.eventlog.reader import OwnLog
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from chassis.projections.dead_letters import list_dead_letters, redrive
from chassis.projections.inbox import Inbox
from profile_index import IdentifierOwner, find, profiles_of
from tests.support.servers import Databases
from tests.support.toy import (
    Notes,
    append,
    create_tables,
    fold_of,
    folds,
    forget_everything,
    joint_note,
    note,
    whole_log,
    work_on,
)

STREAMS = ["s0", "s1", "s2", "s3"]
UPDATE = Upcasters({("noted", 1): lambda data: {**data, "cents": 100 * data["amount"]}})

some_streams = st.lists(st.sampled_from(STREAMS), min_size=1, max_size=3, unique=True)
picks = st.lists(st.integers(0, 1_000), min_size=1, max_size=8)
seldom = st.sampled_from([False] * 4 + [True])
replicas = st.integers(0, 1)


class SmallPages(OwnLog):
    """A log that gives two heads a page, and no answer to the question number `failing`."""

    def __init__(self, log: UnitOfWorkRunner, failing: int = 0) -> None:
        super().__init__(log.read)
        self._failing = failing

    def heads(self, after: HeadCursor) -> HeadsPage:
        self._failing -= 1
        if self._failing == 0:
            raise Unavailable("notes", "did not answer")
        page: HeadsPage = self._read(lambda unit: unit.heads(after, 2))
        return page


class ProcessDied(BaseException):
    """The process died."""


@dataclass(frozen=True)
class Seen:
    """What the follower holds at one moment."""

    versions: dict[str, int]
    halted: list[str]
    folds: dict[str, tuple[int, str]]
    labels: dict[str, str]
    leads: dict[str, IdentifierOwner]
    letters: list[dict[str, Any]]


def fact_of(event: Event) -> str:
    """The id that is the same in all copies of a joint fact."""
    return str(event.data.get("fact_id", event.id))


class Follower(RuleBasedStateMachine):
    def __init__(
        self, log: UnitOfWorkRunner, own: UnitOfWorkRunner, empty: Callable[[], object]
    ) -> None:
        super().__init__()
        empty()
        self.log, self.own = log, own
        self.upcasters = Upcasters()
        self.replicas = [self.inbox(), self.inbox()]
        self.log_events: dict[str, list[Event]] = {stream: [] for stream in STREAMS}
        self.on_its_way: list[Event] = []
        self.poisonous: set[str] = set()
        self.epochs = dict.fromkeys(STREAMS, 0)
        self.tenures: dict[str, int] = {}

    def inbox(self) -> Inbox:
        return Inbox(self.own, "notes", self.upcasters)

    # The source

    @rule(
        streams=some_streams, amount=st.integers(0, 9), newer=st.sampled_from([False] * 4 + [True])
    )
    def append_a_note(self, streams: list[str], amount: int, newer: bool) -> None:
        fields: dict[str, Any] = {"data": {"amount": amount}}
        if newer:
            fields = {"data": {"amount": amount, "cents": 100 * amount}, "schema_version": 2}
        if len(streams) == 1:
            self.publish(note(streams[0], **fields))
        else:
            self.publish(joint_note(streams, **fields))

    @rule(streams=some_streams, profile=st.sampled_from(STREAMS), key=st.sampled_from("kl"))
    def move_labels(self, streams: list[str], profile: str, key: str) -> None:
        entries = {}
        for stream in streams:
            self.epochs[stream] += 1
            self.tenures[key] = self.tenures.get(key, 0) + 1
            identifier = {"key": key, "type": "email", "tenure": self.tenures[key]}
            entries[stream] = {
                "profile_id": profile,
                "epoch": self.epochs[stream],
                "identifiers": [{**identifier, "assurance": "claimed"}],
            }
        self.publish(joint_note(entries, type="identity_changed", data={"amount": 0}))

    def publish(self, draft: Draft | JointDraft) -> None:
        append(self.log, draft)
        for stream, events in whole_log(self.log).items():
            self.on_its_way += events[len(self.log_events[stream]) :]
            self.log_events[stream] = events

    # The broker, and what becomes of those who read from it

    @precondition(lambda self: self.on_its_way)
    @rule(picks=picks, replica=replicas, again=st.booleans())
    def deliver(self, picks: list[int], replica: int, again: bool) -> None:
        batch = self.take(picks)
        self.process(replica, batch)
        if not again:
            self.forget(batch)

    @precondition(lambda self: self.on_its_way)
    @rule(picks=picks, others=picks)
    def deliver_to_both_at_once(self, picks: list[int], others: list[int]) -> None:
        batches = [self.take(picks), self.take(others)]
        both = [eventlet.spawn(self.process, *call) for call in enumerate(batches)]
        for greenlet in both:
            greenlet.wait()
        for batch in batches:
            self.forget(batch)

    @precondition(lambda self: self.on_its_way)
    @rule(picks=picks, replica=replicas, after=st.integers(0, 3))
    def crash_before_the_commit(self, picks: list[int], replica: int, after: int) -> None:
        self.interrupt(picks, replica, after, ProcessDied())

    @precondition(lambda self: self.on_its_way)
    @rule(picks=picks, replica=replicas, after=st.integers(0, 3))
    def meet_what_does_not_answer(self, picks: list[int], replica: int, after: int) -> None:
        self.interrupt(picks, replica, after, Unavailable("identity", "did not answer"))

    @precondition(lambda self: self.on_its_way)
    @rule(picks=picks)
    def lose_for_ever(self, picks: list[int]) -> None:
        self.forget(self.take(picks))

    @rule(replica=replicas)
    def restart(self, replica: int) -> None:
        self.replicas[replica] = self.inbox()

    # Poison

    @precondition(lambda self: any(self.log_events.values()))
    @rule(pick=st.integers(0, 1_000))
    def poison(self, pick: int) -> None:
        events = [event for events in self.log_events.values() for event in events]
        self.poisonous.add(fact_of(events[pick % len(events)]))

    @precondition(lambda self: self.poisonous)
    @rule()
    def mend(self) -> None:
        self.poisonous.clear()

    @rule(pick=st.integers(0, 1_000))
    def drive_again(self, pick: int) -> None:
        if letters := self.own.read(
            lambda unit: list_dead_letters(unit, 1_000, include_redriven=True)
        ):
            letter = letters[pick % len(letters)]["id"]
            self.own.run(lambda unit: redrive(unit, letter))

    @rule()
    def update(self) -> None:
        self.upcasters = UPDATE
        self.replicas = [self.inbox(), self.inbox()]

    # What does not need the broker

    @rule(replica=replicas, streams=st.integers(1, 4), limit=st.integers(1, 6))
    def fetch(self, replica: int, streams: int, limit: int) -> None:
        if behind := self.replicas[replica].behind(streams):
            self.process(replica, self.history(behind, limit))

    @rule(replica=replicas)
    def reconcile(self, replica: int) -> None:
        self.replicas[replica].reconcile(SmallPages(self.log), page_size=2)

    @rule(replica=replicas, page=st.integers(1, 4))
    def reconcile_with_a_page_that_fails(self, replica: int, page: int) -> None:
        with suppress(Unavailable):
            self.replicas[replica].reconcile(SmallPages(self.log, page), page_size=2)

    @rule()
    def move_the_log(self) -> None:
        """As after a failover: nothing is lost, and what is on its way is of the log before."""
        self.log.run(lambda unit: declare_restored(unit.connection))

    # What must hold

    @invariant()
    def it_holds(self) -> None:
        seen = self.look()
        self.the_read_model_is_a_prefix_of_each_stream(seen)
        self.a_joint_fact_is_applied_in_all_its_streams_or_in_none(seen)
        self.the_latest_epoch_that_was_applied_is_the_label(seen)
        self.each_halted_stream_has_one_letter_that_says_why(seen)

    def the_read_model_is_a_prefix_of_each_stream(self, seen: Seen) -> None:
        for stream in STREAMS:
            applied = self.log_events[stream][: seen.versions[stream]]
            assert len(applied) == seen.versions[stream]
            assert seen.folds[stream] == (seen.versions[stream], fold_of(applied))

    def a_joint_fact_is_applied_in_all_its_streams_or_in_none(self, seen: Seen) -> None:
        for event in (event for events in self.log_events.values() for event in events):
            applied = {seen.versions[stream] >= v for stream, v in event.versions.items()}
            assert len(applied) == 1

    def the_latest_epoch_that_was_applied_is_the_label(self, seen: Seen) -> None:
        labels: dict[str, tuple[int, str]] = {}
        keys: dict[str, tuple[int, str]] = {}
        for stream, events in self.log_events.items():
            for event in events[: seen.versions[stream]]:
                for entry in event.data["streams"] if event.type == "identity_changed" else ():
                    label = (entry["epoch"], entry["profile_id"])
                    labels[entry["stream"]] = max(label, labels.get(entry["stream"], (0, "")))
                    for identifier in entry["identifiers"]:
                        key, tenure = identifier["key"], identifier["tenure"]
                        keys[key] = max((tenure, entry["stream"]), keys.get(key, (0, "")))
        assert seen.labels == {stream: profile for stream, (_, profile) in labels.items()}
        assert {key: lead.stream for key, lead in seen.leads.items()} == {
            key: stream for key, (_, stream) in keys.items()
        }
        assert all(lead.profile_id == seen.labels[lead.stream] for lead in seen.leads.values())

    def each_halted_stream_has_one_letter_that_says_why(self, seen: Seen) -> None:
        streams = [stream for letter in seen.letters for stream in letter["streams"]]
        assert sorted(streams) == sorted(seen.halted)
        for letter in seen.letters:
            events = (event for stream in self.log_events.values() for event in stream)
            event = next(event for event in events if event.id == letter["event_id"])
            assert letter["streams"] == sorted(event.versions)
            assert all(seen.versions[stream] == v - 1 for stream, v in event.versions.items())

    def teardown(self) -> None:
        self.catch_up()
        assert self.look().versions == self.reachable(), "all but what halts or is too new"
        self.it_holds()
        self.mend()
        self.update()
        for letter in self.look().letters:
            self.own.run(partial(redrive, letter=letter["id"]))
        self.catch_up()
        seen = self.look()
        assert seen.versions == {stream: len(events) for stream, events in self.log_events.items()}
        assert seen.letters == []
        assert self.replicas[0].behind(100) == {}
        self.it_holds()

    def reachable(self) -> dict[str, int]:
        """How far each stream can come as things stand: a model of its own, without a database."""
        seen = self.look()
        versions, halted = dict(seen.versions), set(seen.halted)
        moved = True
        while moved:
            moved = False
            for stream, events in self.log_events.items():
                if stream in halted or versions[stream] == len(events):
                    continue
                event = events[versions[stream]]
                if any(s in halted or versions[s] + 1 != v for s, v in event.versions.items()):
                    continue
                if event.schema_version > self.upcasters.current(event.type):
                    continue
                assert fact_of(event) not in self.poisonous, "poison that was tried has halted"
                versions |= event.versions
                moved = True
        return versions

    # Its hands

    def process(self, replica: int, events: Sequence[Event]) -> None:
        self.replicas[replica].process(events, Notes(self.refuse_poison))

    def refuse_poison(self, event: Event) -> None:
        assert event.schema_version == self.upcasters.current(event.type)
        if fact_of(event) in self.poisonous:
            raise ValueError(event.data)

    def interrupt(self, picks: list[int], replica: int, after: int, error: BaseException) -> None:
        left = [after]

        def before(event: Event) -> None:
            self.refuse_poison(event)
            left[0] -= 1
            if left[0] < 0:
                raise error

        with suppress(type(error)):  # it does not come if there is nothing to apply
            self.replicas[replica].process(self.take(picks), Notes(before))

    def catch_up(self) -> None:
        """What a subscriber does in time: reconcile, and fetch until nothing comes of it."""
        self.reconcile(0)
        before: Mapping[str, int] = {}
        while before != (before := self.look().versions):
            for stream, version in self.replicas[0].behind(100).items():
                self.process(0, self.history({stream: version}, 100))

    def take(self, picks: Iterable[int]) -> list[Event]:
        return [self.on_its_way[pick % len(self.on_its_way)] for pick in picks]

    def forget(self, batch: Iterable[Event]) -> None:
        gone = {event.id for event in batch}
        self.on_its_way = [event for event in self.on_its_way if event.id not in gone]

    def history(self, after: Mapping[str, int], limit: int) -> list[Event]:
        return self.log.read(lambda unit: unit.raw_history(after, limit))

    def look(self) -> Seen:
        def read(unit: UnitOfWork) -> Seen:
            rows = unit.connection.execute(sa.select(POSITIONS)).all()
            return Seen(
                dict.fromkeys(STREAMS, 0) | {row.stream_id: row.version for row in rows},
                [row.stream_id for row in rows if row.halted],
                folds(unit.connection, STREAMS),
                profiles_of(unit, STREAMS),
                find(unit, "kl"),
                list_dead_letters(unit, 1_000, include_redriven=False),
            )

        return self.own.read(read)


def _leave_the_disk_behind(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")


def run(log: Database, own: Database, empty: Callable[[], object], examples: int) -> None:
    run_state_machine_as_test(
        lambda: Follower(work_on(log), work_on(own, "follower"), empty),  # type: ignore[arg-type]
        settings=hypothesis.settings(
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.proofs
def test_the_read_model_is_a_prefix_at_every_step_and_whole_in_the_end_on_sqlite(
    tmp_path: Path, size: Callable[[int, int], int]
) -> None:
    template = tmp_path / "template.db"
    create_tables(f"sqlite:///{template}")
    log, own = pair = [Database(f"sqlite:///{tmp_path / name}.db") for name in ("log", "own")]
    for database in pair:
        sa.event.listen(
            database.engine, "connect", lambda c, _: c.execute("PRAGMA synchronous=OFF")
        )

    def empty() -> None:
        for database in pair:
            database.close()
            shutil.copy(template, str(database.engine.url.database))

    run(log, own, empty, size(20, 500))
    for database in pair:
        database.close()


@pytest.mark.proofs
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_the_read_model_is_a_prefix_at_every_step_and_whole_in_the_end_on_postgresql(
    toy_uri: Callable[[], str], databases: Databases, size: Callable[[int, int], int]
) -> None:
    uris = [toy_uri(), toy_uri()]
    log, own = pair = [Database(uri) for uri in uris]

    def empty() -> None:
        for uri in uris:
            forget_everything(databases.administrator(uri))

    run(log, own, empty, size(5, 150))
    for database in pair:
        database.close()
