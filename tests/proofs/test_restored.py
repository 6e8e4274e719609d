"""Each of the four databases is restored from a dump in its turn, under traffic.

After the runbook of docs/howto/operations.md all tables equal the fold of what the logs hold, and
the report says what was lost.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Self

import pytest

from tests.proofs.checker import Checker
from tests.proofs.observer import SuiteObserver
from tests.proofs.workload import NOW, EventJson, Strand, make_workload
from tests.support.servers import Databases, VirtualHosts
from tests.support.system import ROOT, ProcessSuite

pytestmark = [pytest.mark.long, pytest.mark.timeout(1_800)]
logger = logging.getLogger(__name__)

_NOW = int(NOW.timestamp()) * 1_000_000
_SEED = 11
_STRANDS = 40
_A_CALL = 30  # events
_CALL_SECONDS = 10.0
_PATIENCE = 300.0
_FOLLOWERS = {
    "offers": (),
    "segments": ("offers",),
    "profiles": ("segments", "offers"),
    "identity": (),  # it takes its facts back, so that profiles is ahead of nothing
}


@dataclass(slots=True)
class PatientClient:
    """A shop that records events within `with`, and sends a batch again until it has receipts."""

    suite: ProcessSuite
    acknowledged: set[str] = field(default_factory=set)
    _go_on: threading.Event = field(default_factory=threading.Event)
    _idle: threading.Event = field(default_factory=threading.Event)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._go_on.set()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._go_on.set()
        assert self._thread is not None
        self._thread.join()

    def wait_for(self, events: int) -> None:
        """Wait until `events` more events have receipts."""
        goal = len(self.acknowledged) + events
        self.suite.wait_for(lambda: len(self.acknowledged) >= goal, f"{goal} receipts", _PATIENCE)

    def pause(self) -> None:
        """Send nothing more until `go_on`; returns when nothing is on its way."""
        self._idle.clear()
        self._go_on.clear()
        assert self._idle.wait(_PATIENCE)

    def go_on(self) -> None:
        self._go_on.set()

    def _run(self) -> None:
        batches = _batches()
        while not self._stop.is_set():
            if not self._go_on.is_set():
                self._idle.set()
                self._go_on.wait()
                continue
            batch = next(batches)
            while not self._record(batch):
                if self._stop.is_set():
                    return
                time.sleep(0.2)

    def _record(self, batch: list[EventJson]) -> bool:
        try:
            receipts = self.suite.call("profiles", "record", timeout=_CALL_SECONDS, events=batch)
        except Exception:  # noqa: BLE001 - the service is down, which is what is proved here
            return False
        self.acknowledged |= {receipt["event_id"] for receipt in receipts["receipts"]}
        return True


def _batches() -> Iterator[list[EventJson]]:
    numbers = count()
    strands: deque[Strand] = deque()
    while True:
        while len(strands) < _STRANDS:
            strands += make_workload(6, _SEED, name=f"r{next(numbers)}-").strands
        batch: list[EventJson] = []
        while len(batch) < _A_CALL:
            strand = strands.popleft()
            batch += strand.pop(0)
            if strand:
                strands.append(strand)
        yield batch


@pytest.fixture(scope="module")
def suite(
    databases: Databases,
    virtual_hosts: VirtualHosts,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ProcessSuite]:
    environment = {"CDP_CLOCK": NOW.isoformat(), "CDP_RECONCILE_SECONDS": "1"}
    directory = tmp_path_factory.mktemp("suite")
    with ProcessSuite(
        databases, virtual_hosts, environment=environment, directory=directory
    ) as made:
        yield made


@pytest.fixture(scope="module")
def client(suite: ProcessSuite) -> Iterator[PatientClient]:
    with PatientClient(suite) as made:
        yield made


def versions(suite: ProcessSuite, service: str) -> dict[str, int]:
    connection = suite.administrator(service)
    with connection.cursor() as cursor:
        cursor.execute("SELECT stream_id, version FROM streams")
        rows: dict[str, int] = dict(cursor.fetchall())
    connection.close()
    return rows


def run_postgresql(suite: ProcessSuite, service: str, name: str, *arguments: str) -> None:
    """pg_dump or pg_restore, as the administrator of the service's database."""
    connection = suite.administrator(service)
    info = connection.info
    environment = {
        "PGHOST": info.host or "",
        "PGPORT": str(info.port),
        "PGUSER": info.user,
        "PGPASSWORD": info.password or "",
        "PGDATABASE": info.dbname,
    }
    connection.close()
    done = subprocess.run(
        [_program(name), *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def _program(name: str) -> str:
    """A client program of PostgreSQL: on the path, or where Debian puts the server's own."""
    found = shutil.which(name) or max(
        map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}")), default=None
    )
    assert found, f"{name} is missing; install postgresql-client"
    return found


def restore(suite: ProcessSuite, service: str, dump: Path) -> None:
    connection = suite.administrator(service)
    database = connection.info.dbname
    connection.close()
    run_postgresql(
        suite, service, "pg_restore", "--clean", "--if-exists", f"--dbname={database}", str(dump)
    )


def check(suite: ProcessSuite, *options: str) -> subprocess.CompletedProcess[str]:
    """`cdp check consistency`, as an operator runs it."""
    environment = {"CDP_AMQP_URI": suite.client_uri}
    for service in suite.services:
        environment |= suite._environment_of(service)
        environment[f"CDP_{service.upper()}_OWNER_DATABASE_URI"] = suite.owner_uris[service]
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "cdp", "check", "consistency", *options],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def lost_of(report: Any, consumer: str, source: str) -> dict[str, tuple[int, int]]:
    """By stream: how far both agree, and how far the consumer was."""
    (each,) = (e for e in report if (e["consumer"], e["source"]) == (consumer, source))
    return {s["stream"]: (s["restored_to"], s["version"]) for s in each["lost"]}


@pytest.mark.parametrize("service", list(_FOLLOWERS))
def test_a_database_restored_from_a_dump_leaves_nothing_that_differs(
    suite: ProcessSuite,
    client: PatientClient,
    service: str,
    size: Callable[[int, int], int],
    tmp_path: Path,
) -> None:
    client.go_on()
    client.wait_for(size(150, 1_500))
    dump = tmp_path / f"{service}.dump"
    run_postgresql(suite, service, "pg_dump", "--format=custom", f"--file={dump}")
    client.wait_for(size(300, 3_000))
    for process in suite.alive(service):
        suite.stop(process)
    before = versions(suite, service)
    restore(suite, service, dump)
    restored = versions(suite, service)
    if service == "identity":
        done = check(suite, "--restored", "identity")
        assert done.returncode == 0, done.stdout + done.stderr
        logger.info("%s", done.stdout)
    suite.start(service)
    client.wait_for(size(60, 600))  # the shop goes on meanwhile
    repair = check(suite, "--repair", "--json")
    assert repair.returncode == 0, repair.stdout + repair.stderr
    logger.info("%s: %s", service, repair.stderr)
    report = json.loads(repair.stdout)
    _check_report(report, service, before, restored)
    client.wait_for(size(60, 600))
    client.pause()
    observer = SuiteObserver(suite)
    observer.wait_until_quiet()
    flaws = Checker(observer, _NOW).flaws()
    observer.close()
    assert not flaws, "\n".join(flaws)
    again = check(suite)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "ahead" not in again.stdout


def _check_report(
    report: Any, service: str, before: Mapping[str, int], restored: Mapping[str, int]
) -> None:
    """The report says of each follower what the service has lost and it had applied."""
    ahead = {(e["consumer"], e["source"]) for e in report if e["lost"]}
    assert ahead == {(follower, service) for follower in _FOLLOWERS[service]}
    for follower in _FOLLOWERS[service]:
        for stream, (agreed, version) in lost_of(report, follower, service).items():
            assert agreed == restored.get(stream, 0)
            assert agreed < version <= before[stream]
