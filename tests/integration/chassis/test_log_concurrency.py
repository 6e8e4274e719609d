"""Several processes append to one log at once."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import eventlet
import pytest
import sqlalchemy as sa

from chassis import Event, JointDraft
from chassis.database.engine import Database
from chassis.database.tables import OUTBOX
from chassis.eventlog.unit_of_work import UnitOfWork
from tests.support.toy import append, joint_note, note, whole_log, work_on
from tests.support.writer import drafts

ROOT = Path(__file__).parents[3]


def start_writer(uri: str, seed: int, size: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.writer", uri, str(seed), str(size)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )


def fact_id(event: Event) -> str:
    """The id of what an event records, which the copies of a joint fact share."""
    return str(event.data.get("fact_id", event.id))


@pytest.mark.proofs
def test_processes_that_append_the_same_events_at_once_leave_each_in_the_log_once(
    toy: Callable[[], Database], size: Callable[[int, int], int]
) -> None:
    database = toy()
    number = size(120, 1_000)
    uri = database.engine.url.render_as_string(hide_password=False)
    writers = [start_writer(uri, seed, number) for seed in range(3)]
    for writer in writers:
        errors = writer.communicate()[1]
        assert writer.returncode == 0, errors
    work = work_on(database)
    log = whole_log(work)
    for events in log.values():
        assert [event.version for event in events] == list(range(1, len(events) + 1))
    whole = [event for events in log.values() for event in events]
    assert Counter(fact_id(event) for event in whole) == {
        draft.id: len(draft.entries) if isinstance(draft, JointDraft) else 1
        for draft in drafts(number)
    }
    for event in whole:
        for stream, version in event.versions.items():
            assert fact_id(log[stream][version - 1]) == fact_id(event)
    rows = work.read(lambda unit: unit.connection.execute(sa.select(OUTBOX)).all())
    refs = Counter(tuple(ref) for row in rows for ref in row.refs)
    assert refs == {(event.stream, event.version): 1 for event in whole}


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_facts_of_two_streams_told_from_both_sides_at_once_end_in_both(
    toy: Callable[[], Database], size: Callable[[int, int], int]
) -> None:
    work = work_on(toy())
    for round_ in range(size(20, 300)):
        a, b = f"a{round_}", f"b{round_}"
        facts = [joint_note([a, b]), joint_note([b, a])]
        calls = [(note(a), facts[0], note(b)), (note(b), facts[1], note(a)), (facts[0], facts[1])]
        greenlets = [eventlet.spawn(append, work, *call) for call in calls]
        for greenlet in greenlets:
            greenlet.wait()
        log = work.read(partial(UnitOfWork.history, after={a: 0, b: 0}, limit=100))
        assert [(e.stream, e.version) for e in log] == [
            (s, v) for s in (a, b) for v in (1, 2, 3, 4)
        ]


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_two_units_that_take_streams_in_opposite_order_both_end(
    toy: Callable[[], Database],
) -> None:
    work = work_on(toy())
    met = [eventlet.Event(), eventlet.Event()]

    def cross(mine: int, first: str, second: str) -> int:
        attempts = []

        def both(unit: UnitOfWork) -> None:
            attempts.append(1)
            unit.append([note(first)])
            if not met[mine].ready():
                met[mine].send()
            met[1 - mine].wait()
            unit.append([note(second)])

        work.run(both)
        return len(attempts)

    greenlets = [eventlet.spawn(cross, 0, "a", "b"), eventlet.spawn(cross, 1, "b", "a")]
    attempts = [greenlet.wait() for greenlet in greenlets]
    assert sum(attempts) >= 3, "the database ends one of them, which is then run again"
    assert {stream: len(events) for stream, events in whole_log(work).items()} == {"a": 2, "b": 2}
