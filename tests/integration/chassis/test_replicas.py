"""Signs of life: what the processes of a service say of themselves, on both databases."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from chassis import FixedClock
from chassis.config.release import release
from chassis.config.settings import Settings
from chassis.database.engine import Database
from chassis.database.tables import REPLICAS
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from chassis.messaging import embedded
from chassis.observability.replicas import (
    Replica,
    list_replicas,
    measure_skew,
    remove_old,
    renew,
    skew_between,
    skews_of_others,
)
from chassis.observability.status import newest_revision
from chassis.runtime.client import Client
from chassis.runtime.runner import Runner
from deploy.services import MIGRATIONS, service_class, upgrade

SERVICE = "identity"  # which follows nobody
Uri = Callable[[str], str]


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait for `condition`, a minute at most."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def settings(service_database_uri: Uri, tmp_path: Path) -> Iterator[Settings]:
    (tmp_path / "identity.yaml").write_text(
        "types: {user_id: {normaliser: exact, assurance: verified, priority: 1}}\n"
    )
    yield Settings(
        service=SERVICE,
        database_uri=service_database_uri(SERVICE),
        amqp_uri=embedded.install([SERVICE]),
        clock=FixedClock(0),
        identifier_key=b"only-for-tests",
        config_dir=tmp_path,
    )
    embedded.forget()


@contextmanager
def running(settings: Settings) -> Iterator[Runner]:
    runner = Runner([(service_class(settings.service), settings)])
    runner.start()
    try:
        yield runner
    finally:
        runner.stop()


@pytest.fixture
def work(service_database: Callable[[str], Database]) -> UnitOfWorkRunner:
    return UnitOfWorkRunner(service_database(SERVICE), SERVICE, FixedClock(0))


def replicas(work: UnitOfWorkRunner) -> list[dict[str, Any]]:
    return work.read(list_replicas)


def test_a_process_describes_itself_while_it_runs_and_is_gone_when_it_has_stopped(
    settings: Settings, tmp_path: Path
) -> None:
    database = Database(settings.database_uri)
    work = UnitOfWorkRunner(database, SERVICE, FixedClock(0))
    with running(settings):
        wait_for(lambda: len(replicas(work)) == 1)
        (replica,) = replicas(work)
        with Client(settings.amqp_uri, 20.0) as client:
            status = client.call(SERVICE, "status")
    assert replicas(work) == []
    database.close()
    own = hashlib.sha256((tmp_path / "identity.yaml").read_bytes()).hexdigest()
    assert replica["configuration"]["identity.yaml"] == own
    assert replica["configuration"].keys() == {"identity.yaml"}
    assert replica["role"] == "all"
    assert replica["release"] == release()
    assert abs(replica["skew_ms"]) < 60_000
    assert status["replica"] == status["replicas"][0]["id"] == replica["id"]


def test_a_service_goes_on_when_it_cannot_give_a_sign_of_life(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path / 'old.db'}"
    upgrade(SERVICE, uri)
    database = Database(uri)
    with database.transaction() as connection:
        REPLICAS.drop(connection)
    broker = embedded.install([SERVICE])
    settings = Settings(SERVICE, uri, broker, FixedClock(0), b"only-for-tests")
    with capture_logs() as lines, running(settings), Client(broker, 20.0) as client:
        wait_for(lambda: any(line["event"] == "heartbeat_failed" for line in lines))
        assert client.call(SERVICE, "ping")["service"] == SERVICE
    embedded.forget()
    database.close()


def test_a_row_is_renewed_and_goes_when_nobody_has_seen_it_for_an_hour(
    work: UnitOfWorkRunner,
) -> None:
    replica = Replica("one", "rpc", "0.1.0", {})
    work.run(lambda unit: renew(unit, replica, 0, broker_connected=True))
    (first,) = replicas(work)
    work.run(lambda unit: renew(unit, replica, -2_000_000, broker_connected=False))
    (second,) = replicas(work)
    assert second["started_at"] == first["started_at"]
    assert (second["skew_ms"], second["broker_connected"]) == (-2_000, False)
    work.run(remove_old)
    assert len(replicas(work)) == 1
    earlier = sa.update(REPLICAS).values(seen_at=REPLICAS.c.seen_at - 3_601_000_000)
    work.run(lambda unit: unit.connection.execute(earlier).close())
    assert replicas(work)[0]["seen_ms"] > 3_600_000
    work.run(remove_old)
    assert replicas(work) == []


@pytest.mark.parametrize("hours", [24, -24])
def test_a_wrong_clock_shows_as_skew(
    work: UnitOfWorkRunner, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    right = time.time_ns
    monkeypatch.setattr(
        "chassis.observability.replicas.time.time_ns", lambda: right() + hours * 3_600 * 10**9
    )
    skew = work.read(measure_skew) / 3_600_000_000
    assert abs(skew - hours) < 0.1


def test_the_clocks_of_other_processes_are_witnesses_while_their_signs_of_life_are_fresh(
    work: UnitOfWorkRunner,
) -> None:
    def note(id_: str, seconds_ago: float) -> None:
        replica = Replica(id_, "all", "1", {})
        work.run(lambda unit: renew(unit, replica, len(id_), broker_connected=True))
        changes = {"seen_at": REPLICAS.c.seen_at - int(seconds_ago * 1_000_000)}
        if id_ != "self":
            changes["pid"] = REPLICAS.c.pid + 1
        change = sa.update(REPLICAS).where(REPLICAS.c.id == id_).values(changes)
        work.run(lambda unit: unit.connection.execute(change).close())

    note("self", 1)
    note("other", 1)
    note("killed", 11)
    note("of tomorrow", -86_400)
    assert work.read(skews_of_others) == [len("other")]


@pytest.mark.parametrize(
    ("before", "there", "after", "skew"),
    [(100, 150, 200, 0), (100, 90, 200, 10), (100, 230, 200, -30), (100, 100, 100, 0)],
)
def test_the_delay_of_the_answer_is_no_skew(before: int, there: int, after: int, skew: int) -> None:
    assert skew_between(before, there, after) == skew


@pytest.mark.parametrize("service", MIGRATIONS)
def test_the_newest_revision_by_its_file_is_alembics_head(service: str) -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("path_separator", "newline")
    config.set_main_option("script_location", "chassis/database/alembic")
    config.set_main_option("version_locations", str(MIGRATIONS[service]))
    assert ScriptDirectory.from_config(config).get_current_head() == newest_revision(
        MIGRATIONS[service]
    )
