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
from services.identity.domain.state import BEGINNING, Profile, Tenure
from tests.unit.identity.shop import check_profile

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


def read_tenures(database: Database) -> dict[str, Tenure]:
    with database.transaction() as connection:
        tenures, _ = store.read_tenures(connection.execute(store.SELECT_TENURES))
    return {tenure.stream: tenure for tenure in tenures}


def check_everything(database: Database, answers: list[tuple[str, str]]) -> dict[str, Tenure]:
    """That the tables keep the invariants, and that the log tells exactly what they hold."""
    tenures = read_tenures(database)
    with database.transaction() as connection:
        columns = store.TENURES.c.profile_id, store.TENURES.c.verified, store.TENURES.c.merges
        rows = connection.execute(sa.select(*columns).distinct()).all()
        events = connection.execute(sa.select(EVENTS).order_by(EVENTS.c.version)).all()
    profiles = {row.profile_id: row for row in rows}
    assert len(profiles) == len(rows)  # all streams of a profile say the same of it
    members: dict[str, list[Tenure]] = {}
    for tenure in tenures.values():
        members.setdefault(tenure.profile, []).append(tenure)
    for profile, inside in members.items():
        check_profile(Profile(profile, profiles[profile].verified), inside)
    numbers = [(tenure.key, tenure.number) for tenure in tenures.values()]
    assert len(numbers) == len(set(numbers))
    firsts = [tenure for tenure in tenures.values() if tenure.number == 1]
    assert {tenure.opened_at for tenure in firsts} == {BEGINNING}
    labels: dict[str, tuple[int, str]] = {}
    for event in events:
        (entry,) = (e for e in event.data["streams"] if e["stream"] == event.stream_id)
        assert event.version == entry["epoch"] == labels.get(event.stream_id, (0, ""))[0] + 1
        labels[event.stream_id] = (entry["epoch"], entry["profile_id"])
    assert labels == {t.stream: (t.epoch, t.profile) for t in tenures.values()}
    assert {name for answer in answers for name in answer} <= tenures.keys()
    return tenures


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
    observations = size(300, 2_500)
    uri = database.engine.url.render_as_string(hide_password=False)
    answers = run(processes, uri, "conflicts", observations)
    check_everything(database, answers)
    assert len(answers) == observations * PROCESSES
