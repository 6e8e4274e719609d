"""Several processes resolve at once on PostgreSQL."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import sqlalchemy as sa

from chassis.database.engine import Database
from chassis.database.tables import EVENTS
from services.identity import store
from services.identity.domain.state import (
    AddressTenure,
    IdentityState,
    ProfileFacts,
    Sighting,
    Stream,
    Tenure,
)
from tests.unit.identity.shop import check_profile, recomputed_labels, whole_state

PROCESSES = 8

pytestmark = [
    pytest.mark.proofs,
    pytest.mark.parametrize("engine", ["postgresql"], indirect=True),
]


@pytest.fixture(scope="module")
def processes() -> Iterator[list[subprocess.Popen[str]]]:
    """The processes, for one test after the other."""
    with ExitStack() as stack:
        started = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-W", "ignore", "-m", "tests.integration.identity.process"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for _ in range(PROCESSES)
        ]
        yield started
    assert [process.returncode for process in started] == [0] * PROCESSES


def run(
    processes: list[subprocess.Popen[str]], uri: str, work: str, size: int
) -> list[tuple[str, str]]:
    """The (stream, profile) of every answer that the processes got; they begin at once."""
    for number, process in enumerate(processes):
        _tell(process, {"uri": uri, "work": work, "number": number, "size": size})
    for process in processes:
        assert _hear(process) == "ready\n"
    for process in processes:
        _tell(process, "go")
    answers = [json.loads(_hear(process)) for process in processes]
    return [(stream, profile) for places in answers for stream, profile in places]


def _tell(process: subprocess.Popen[str], message: Any) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(message) + "\n")
    process.stdin.flush()


def _hear(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def read_state(database: Database) -> IdentityState:
    """All that identity knows."""
    state = whole_state()
    with database.transaction() as connection:
        state.load(
            tenures=[Tenure(*row) for row in connection.execute(store.SELECT_TENURES)],
            sightings=[Sighting(*row) for row in connection.execute(store.SELECT_SIGHTINGS)],
            addresses=[AddressTenure(*row) for row in connection.execute(store.SELECT_ADDRESSES)],
        )
        for row in connection.execute(sa.select(store.PROFILES)):
            state.profiles[row.profile_id] = ProfileFacts(row.account, row.tied)
    return state


def check_everything(database: Database, answers: list[tuple[str, str]]) -> dict[str, Stream]:
    """That the tables keep the invariants, and that the log tells exactly what they hold."""
    state = read_state(database)
    streams = {stream.stream: stream for stream in state.streams()}
    assert {name: stream.profile for name, stream in streams.items()} == recomputed_labels(state)
    for profile in {stream.profile for stream in streams.values()}:
        check_profile(state, profile)
    with database.transaction() as connection:
        events = connection.execute(sa.select(EVENTS).order_by(EVENTS.c.version)).all()
    numbers = [(tenure.key, tenure.number) for tenure in state.tenures.values()]
    assert len(numbers) == len(set(numbers))
    led_to = [tenure.key for tenure in state.tenures.values() if tenure.current]
    assert len(led_to) == len(set(led_to))
    labels: dict[str, tuple[int, str]] = {}
    for event in events:
        (entry,) = (e for e in event.data["streams"] if e["stream"] == event.stream_id)
        assert event.version == entry["epoch"] == labels.get(event.stream_id, (0, ""))[0] + 1
        labels[event.stream_id] = (entry["epoch"], entry["profile_id"])
    assert labels == {s.stream: (s.epoch, s.profile) for s in streams.values()}
    assert {name for answer in answers for name in answer} <= streams.keys()
    return streams


def test_the_first_sign_in_of_an_account_in_eight_processes_makes_one_profile(
    service_database: Callable[[str], Database],
    processes: list[subprocess.Popen[str]],
    size: Callable[[int, int], int],
) -> None:
    database = service_database("identity")
    accounts = size(20, 200)
    uri = database.engine.url.render_as_string(hide_password=False)
    answers = run(processes, uri, "first_sign_ins", accounts)
    tenures = check_everything(database, answers)
    assert len(answers) == accounts * PROCESSES
    assert len({tenures[stream].profile for stream, _ in answers}) == accounts
    assert len(tenures) == accounts * (PROCESSES + 1)


def test_observations_in_conflict_break_nothing_and_no_deadlock_surfaces(
    service_database: Callable[[str], Database],
    processes: list[subprocess.Popen[str]],
    size: Callable[[int, int], int],
) -> None:
    database = service_database("identity")
    observations = size(100, 2_500)
    uri = database.engine.url.render_as_string(hide_password=False)
    answers = run(processes, uri, "conflicts", observations)
    check_everything(database, answers)
    assert len(answers) == observations * PROCESSES
