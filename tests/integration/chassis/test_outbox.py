"""The outbox: it has what is committed until the broker has confirmed it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import eventlet
import pytest
import sqlalchemy as sa

from chassis.database.engine import Database
from chassis.database.tables import OUTBOX
from chassis.eventlog.outbox import Outbox
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from tests.support.toy import append, joint_note, note, work_on

LAPSE = 5_000_000


@pytest.fixture
def work(toy: Callable[[], Database]) -> UnitOfWorkRunner:
    return work_on(toy())


def claim(
    work: UnitOfWorkRunner, limit: int = 100, outbox: Outbox | None = None
) -> dict[str, list[list[Any]]]:
    return work.run(lambda unit: (outbox or work.outbox).claim(unit.connection, limit))


def rows(work: UnitOfWorkRunner) -> dict[str, list[list[Any]]]:
    query = sa.select(OUTBOX)
    return work.read(lambda unit: {r.id: r.refs for r in unit.connection.execute(query)})


def pass_time(work: UnitOfWorkRunner, microseconds: int = LAPSE + 1_000) -> None:
    """All claims become older."""
    older = sa.update(OUTBOX).values(claimed_at=OUTBOX.c.claimed_at - microseconds)
    work.run(lambda unit: unit.connection.execute(older))


def test_one_row_refers_to_all_events_of_a_unit(work: UnitOfWorkRunner) -> None:
    append(work, note("a"), joint_note(["a", "b"]), note("c"))
    (refs,) = rows(work).values()
    assert sorted(refs) == [["a", 1], ["a", 2], ["b", 1], ["c", 1]]


def test_a_unit_that_only_repeats_itself_leaves_no_row(work: UnitOfWorkRunner) -> None:
    draft = note("a")
    append(work, draft)
    append(work, draft)
    work.run(lambda unit: None)
    assert len(rows(work)) == 1


def test_the_bodies_stay_in_the_log(work: UnitOfWorkRunner) -> None:
    append(work, note("a", data={"amount": 1, "secret": "4711"}))
    rows = work.read(lambda unit: unit.connection.execute(sa.text("SELECT * FROM outbox")).all())
    assert "4711" not in repr(rows)


def test_a_fresh_row_is_its_own_processs_to_publish(work: UnitOfWorkRunner) -> None:
    append(work, note("a"))
    assert claim(work) == {}


def test_a_claim_that_a_wrong_clock_dated_into_the_future_has_lapsed(
    work: UnitOfWorkRunner,
) -> None:
    append(work, note("a"))
    pass_time(work, -86_400_000_000)
    assert len(claim(work)) == 1
    assert claim(work) == {}


def test_a_row_whose_claim_has_lapsed_is_anybodys_and_then_theirs_again_for_a_while(
    work: UnitOfWorkRunner,
) -> None:
    append(work, note("a"))
    pass_time(work)
    before = rows(work)
    assert claim(work) == before
    assert claim(work) == {}
    pass_time(work)
    assert claim(work) == before


@pytest.mark.parametrize("error", [86_400, -180])
def test_claims_are_dated_by_the_databases_clock(
    work: UnitOfWorkRunner, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    seconds = time.time() + error
    with monkeypatch.context() as wrong:
        wrong.setattr("time.time", lambda: seconds)
        wrong.setattr("time.time_ns", lambda: int(seconds * 1e9))
        append(work, note("a"))
        append(work, joint_note(["a", "b"]))
    assert claim(work) == {}
    pass_time(work)
    assert len(claim(work)) == 2


def test_the_oldest_rows_are_taken_over_first(work: UnitOfWorkRunner) -> None:
    for stream in "abc":
        append(work, note(stream))
    pass_time(work)
    claims = [list(claim(work, limit=1).values()) for _ in range(4)]
    assert claims == [[[["a", 1]]], [[["b", 1]]], [[["c", 1]]], []]


def test_a_row_leaves_by_being_cleared_and_in_no_other_way(work: UnitOfWorkRunner) -> None:
    append(work, note("a"))
    append(work, note("b"))
    pass_time(work)
    first, second = claim(work)
    work.run(lambda unit: work.outbox.clear(unit.connection, [first]))
    assert list(rows(work)) == [second]
    work.run(lambda unit: work.outbox.clear(unit.connection, [first, second]))
    assert rows(work) == {}


def test_clearing_that_is_rolled_back_clears_nothing(work: UnitOfWorkRunner) -> None:
    append(work, note("a"))

    def fail(unit: UnitOfWork) -> None:
        work.outbox.clear(unit.connection, list(rows_of(unit)))
        raise KeyError

    def rows_of(unit: UnitOfWork) -> list[str]:
        return [row.id for row in unit.connection.execute(sa.select(OUTBOX.c.id))]

    with pytest.raises(KeyError):
        work.run(fail)
    assert len(rows(work)) == 1


def test_how_long_a_claim_lasts_can_be_chosen(work: UnitOfWorkRunner) -> None:
    append(work, note("a"))
    time.sleep(0.002)
    assert len(claim(work, outbox=Outbox(lapse=1_000))) == 1


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_sweepers_at_once_skip_the_rows_of_one_another(work: UnitOfWorkRunner) -> None:
    for number in range(6):
        append(work, note(f"s{number}"))
    pass_time(work)
    claimed, go_on = eventlet.Event(), eventlet.Event()

    def hold(unit: UnitOfWork) -> dict[str, list[list[Any]]]:
        claims = work.outbox.claim(unit.connection, 4)
        claimed.send()
        go_on.wait()
        return claims

    sweeper = eventlet.spawn(work.run, hold)
    claimed.wait()
    second = claim(work, limit=4)
    go_on.send()
    first = sweeper.wait()
    assert (len(first), len(second)) == (4, 2)
    assert {**first, **second} == rows(work)
    assert claim(work) == {}


def test_the_events_of_a_row_are_read_back_from_the_log(work: UnitOfWorkRunner) -> None:
    events = append(work, note("a"), note("b"), note("a"))
    (refs,) = rows(work).values()
    events_at = work.read(lambda unit: work.log.events_at(unit.connection, refs))
    assert events_at == [events[0], events[2], events[1]]


def test_rows_of_two_hundred_events_are_read_back_whole(work: UnitOfWorkRunner) -> None:
    append(work, *(note(f"s{number % 7}", number) for number in range(250)))
    (refs,) = rows(work).values()
    events_at = work.read(lambda unit: work.log.events_at(unit.connection, refs))
    assert [[event.stream, event.version] for event in events_at] == sorted(refs)
