from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa

from chassis import Event, Unavailable
from chassis.database.engine import Database
from chassis.database.tables import OUTBOX
from chassis.eventlog.unit_of_work import Patience, UnitOfWork, UnitOfWorkRunner
from tests.support.toy import append, note, whole_log, work_on


class RememberingPublisher:
    """A publisher that remembers its calls, and whether the outbox had the row by then."""

    def __init__(self, work: UnitOfWorkRunner) -> None:
        self.work = work
        self.calls: list[tuple[bool, list[str]]] = []

    def publish(self, row_id: str, events: Sequence[Event]) -> None:
        query = sa.select(OUTBOX.c.id).where(OUTBOX.c.id == row_id)
        committed = self.work.read(lambda unit: unit.connection.execute(query).scalar())
        self.calls.append((committed == row_id, [event.id for event in events]))


@pytest.fixture
def work(toy_file: Database) -> UnitOfWorkRunner:
    runner = work_on(toy_file)
    runner.publisher = RememberingPublisher(runner)
    return runner


def calls(work: UnitOfWorkRunner) -> list[tuple[bool, list[str]]]:
    assert isinstance(work.publisher, RememberingPublisher)
    return work.publisher.calls


def test_events_are_published_after_their_commit(work: UnitOfWorkRunner) -> None:
    draft = note("a")
    append(work, draft)
    assert calls(work) == [(True, [draft.id])]


def test_a_duplicate_is_not_published_again(work: UnitOfWorkRunner) -> None:
    draft, other = note("a"), note("b")
    append(work, draft)
    append(work, draft, other)
    append(work, draft)
    assert calls(work) == [(True, [draft.id]), (True, [other.id])]


def test_nothing_is_published_of_a_unit_that_failed(work: UnitOfWorkRunner) -> None:
    def fail(unit: UnitOfWork) -> None:
        unit.append([note("a")])
        raise KeyError

    with pytest.raises(KeyError):
        work.run(fail)
    assert calls(work) == []


def test_a_unit_that_collides_is_run_again_from_its_beginning(work: UnitOfWorkRunner) -> None:
    draft = note("a")
    attempts = []

    def collide(unit: UnitOfWork) -> int:
        attempts.append(unit)
        unit.append([draft])
        if len(attempts) == 1:
            unit.connection.exec_driver_sql(
                "INSERT INTO streams (stream_id, version, changed_at) VALUES ('a', 1, 0)"
            )
        return len(unit.outbox_entries)

    assert work.run(collide) == 1
    assert len(attempts) == 2
    assert [event.id for event in whole_log(work)["a"]] == [draft.id]
    assert calls(work) == [(True, [draft.id])]


def test_a_mistake_is_not_tried_again(work: UnitOfWorkRunner) -> None:
    attempts = []

    def mistake(unit: UnitOfWork) -> None:
        attempts.append(unit)
        unit.connection.exec_driver_sql("SELECT * FROM tabel")

    with pytest.raises(Unavailable, match="database: does not fit this release"):
        work.run(mistake)
    assert len(attempts) == 1


def test_a_database_that_cannot_be_opened_is_unavailable(tmp_path: Path) -> None:
    work = work_on(Database(f"sqlite:///{tmp_path}/no/such/directory/toy.db"))
    with pytest.raises(Unavailable, match="database: did not answer"):
        append(work, note("a"))


def test_a_database_error_does_not_quote_what_was_to_be_stored(work: UnitOfWorkRunner) -> None:
    def fail(unit: UnitOfWork) -> None:
        unit.connection.execute(
            sa.text("INSERT INTO streams (stream_id, version) VALUES (:a, NULL)"),
            {"a": "jane@example.com"},
        )

    with pytest.raises(sa.exc.IntegrityError) as caught:
        work.run(fail)
    assert "jane" not in str(caught.value)


def test_units_that_belong_together_wait_as_long_as_one(
    work: UnitOfWorkRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = [0.0]
    monkeypatch.setattr("chassis.eventlog.unit_of_work.time.monotonic", lambda: seconds[0])
    patient = work.with_patience(Patience())
    attempts = []

    def wait(_: UnitOfWork) -> None:
        seconds[0] += 2.0

    def lose(unit: UnitOfWork) -> None:
        attempts.append(unit)
        seconds[0] += 1.0
        raise sa.exc.OperationalError("", {}, Exception("database is locked"))

    patient.run(wait)
    with pytest.raises(Unavailable):
        patient.run(lose)
    assert len(attempts) == 1


def test_whoever_has_waited_may_wait_no_longer_than_what_is_left_of_its_patience(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seconds = [0.0]
    monkeypatch.setattr("chassis.eventlog.unit_of_work.time.monotonic", lambda: seconds[0])
    patience = Patience()
    assert patience.seconds_left == 4.5
    seconds[0] = 2.5
    assert patience.seconds_left == 2.0
    seconds[0] = 5.0
    assert patience.seconds_left == 0.0
    patience.begin_anew()
    assert patience.seconds_left == 4.5
