"""`cdp doctor`: each of these faults, planted in a suite that runs, is named with what mends it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import kombu
import pytest
from click.testing import CliRunner

from cdp.commands.root import cli
from chassis import new_id
from chassis.observability.status import newest_revision
from contracts.topology import SERVICE_NAMES
from deploy.broker import Administration, ControlCommand, ManagementAPI
from deploy.broker import definitions as broker_definitions
from deploy.services import MIGRATIONS
from services.segments.configuration import SHIPPED as SEGMENTS_FILE
from tests.support.servers import Databases, VirtualHosts
from tests.support.system import ROOT, Process, ProcessSuite, plain_environment

_MINUTE = 60_000_000


class Clinic:
    """A suite that runs, and the doctor who looks at it.

    The run's own administrator of the broker is asked within `administered` only: each start of
    rabbitmqctl costs more than all the rest.
    """

    def __init__(self, suite: ProcessSuite, administration: Administration) -> None:
        self.suite = suite
        self.administration = administration
        self.opened: Administration | None = None
        self.environment = {"CDP_AMQP_URI": suite.client_uri} | {
            f"CDP_{name.upper()}_DATABASE_URI": uri for name, uri in suite.user_uris.items()
        }

    def findings(self, **environment: str) -> list[dict[str, Any]]:
        """What the doctor finds now."""
        variables = self.environment | environment
        result = CliRunner().invoke(cli, ["doctor", "--json"], env=variables)
        report = json.loads(result.stdout)
        assert report["well"] == (result.exit_code == 0) == (not report["findings"])
        found: list[dict[str, Any]] = report["findings"]
        return found

    def wait_for(self, code: str, service: str | None, command: str, **environment: str) -> None:
        """Wait until the doctor names a fault with what mends it, which begins with `command`.

        Until a process that is gone is twenty seconds silent, the advice may be to look again.
        """
        seen: list[tuple[str, str | None, str]] = []

        def named() -> bool:
            found = self.findings(**environment)
            seen[:] = [(each["code"], each["service"], each["command"]) for each in found]
            return any(each[:2] == (code, service) and each[2].startswith(command) for each in seen)

        try:
            self.suite.wait_for(named, f"{(code, service, command)} is named")
        except AssertionError as error:
            error.add_note(f"named instead: {seen}")
            raise

    def wait_until_well(self) -> None:
        """Wait until the doctor finds nothing."""
        left: list[dict[str, Any]] = []

        def well() -> bool:
            left[:] = self.findings()
            return not left

        try:
            self.suite.wait_for(well, "all is well")
        except AssertionError as error:
            error.add_note(str(left))
            raise

    @contextmanager
    def administered(self) -> Iterator[Administration]:
        """Within the block, the doctor sees what an administrator of the broker sees."""
        self.opened = self.administration
        try:
            yield self.administration
        finally:
            self.opened = None

    def only(self, service: str) -> Process:
        (process,) = self.suite.alive(service)
        return process

    def sql(self, service: str, statement: str, *values: Any) -> None:
        """Run a statement as the administrator of a database."""
        with closing(self.suite.administrator(service)) as connection:
            connection.cursor().execute(statement, values)

    @contextmanager
    def broker(self) -> Iterator[Any]:
        """A channel of somebody who may do everything in the virtual host."""
        with kombu.Connection(self.suite.virtual_host.operator_uri()) as connection:
            yield connection.channel()


@pytest.fixture(scope="module")
def clinic(
    databases: Databases, virtual_hosts: VirtualHosts, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Clinic]:
    directory = tmp_path_factory.mktemp("clinic")
    administration = virtual_hosts._administration
    with (
        ProcessSuite(databases, virtual_hosts, directory=directory) as suite,
        pytest.MonkeyPatch.context() as patch,
    ):
        clinic = Clinic(suite, administration)
        patch.setattr("cdp.doctor.look.open_administration", lambda _uri: clinic.opened)
        patch.setattr("cdp.doctor.look._LONGEST_SECONDS", 60.0)  # rabbitmqctl on a busy machine
        yield clinic


# Faults: each is planted, and mended at the end of its block


@contextmanager
def killed(clinic: Clinic) -> Iterator[None]:
    clinic.suite.kill(clinic.only("segments"))
    yield
    clinic.suite.start("segments")


@contextmanager
def in_one_role(clinic: Clinic, service: str, role: str) -> Iterator[None]:
    clinic.suite.stop(clinic.only(service))
    process = clinic.suite.start(service, role=role)
    yield
    clinic.suite.start(service)
    clinic.suite.stop(process)


def calls_alone(clinic: Clinic) -> AbstractContextManager[None]:
    return in_one_role(clinic, "offers", "rpc")


def events_alone(clinic: Clinic) -> AbstractContextManager[None]:
    return in_one_role(clinic, "offers", "events")


@contextmanager
def frozen(clinic: Clinic, *services: str) -> Iterator[None]:
    processes = [clinic.only(service) for service in services or ("offers",)]
    for process in processes:
        clinic.suite.freeze(process)
    yield
    for process in processes:
        clinic.suite.thaw(process)


@contextmanager
def halted(clinic: Clinic) -> Iterator[None]:
    """An event of segments that names no segment."""
    stream = f"poison-{uuid.uuid4()}"
    _publish(clinic, "segments.events", "segment_entered", _event(stream))
    yield
    clinic.sql("offers", "DELETE FROM positions WHERE stream_id = %s", stream)
    clinic.sql("offers", "UPDATE dead_letters SET redriven_at = 1")


@contextmanager
def unreadable(clinic: Clinic) -> Iterator[None]:
    _publish(clinic, "segments.events", "segment_entered", "this is no JSON")
    yield
    with clinic.broker() as channel:
        channel.queue_purge("offers.dead")
    clinic.sql("offers", "UPDATE dead_letters SET redriven_at = 1")


@contextmanager
def unbound(clinic: Clinic) -> Iterator[None]:
    # A process that follows events would bind its queue again.
    with in_one_role(clinic, "segments", "rpc"), clinic.administered():
        with clinic.broker() as channel:
            channel.queue_unbind("segments.profiles", "profiles.events", "#")
        yield


@contextmanager
def without_exchange(clinic: Clinic) -> Iterator[None]:
    with frozen(clinic, "profiles"):  # it would declare its exchange again
        with clinic.broker() as channel:
            channel.exchange_delete("profiles.events")
        yield


@contextmanager
def stuck_outbox(clinic: Clinic) -> Iterator[None]:
    """A row that a transaction which somebody left open keeps from being published."""
    long_ago = str(uuid.UUID(int=(1_700_000_000_000 << 80) | (7 << 76) | (2 << 62)))
    statement = "INSERT INTO outbox (id, refs, claimed_at) VALUES (%s, '[]', %s)"
    with closing(clinic.suite.administrator("offers")) as connection:
        clinic.sql("offers", statement, long_ago, time.time_ns() // 1_000)
        cursor = connection.cursor()
        cursor.execute("BEGIN")
        cursor.execute("SELECT * FROM outbox WHERE id = %s FOR UPDATE", [long_ago])
        yield
        cursor.execute("ROLLBACK")
    clinic.sql("offers", "DELETE FROM outbox WHERE id = %s", long_ago)


@contextmanager
def wrong_clock(clinic: Clinic) -> Iterator[None]:
    process = clinic.suite.start(
        "segments",
        program="tests.support.wrong_clock",
        environment={"CDP_CLOCK_ERROR": "-180"},
    )
    yield
    clinic.suite.stop(process)


@contextmanager
def other_configuration(clinic: Clinic) -> Iterator[None]:
    directory = clinic.suite.directory / "configuration"
    directory.mkdir(exist_ok=True)
    (directory / SEGMENTS_FILE.name).write_text(SEGMENTS_FILE.read_text() + "# as of today\n")
    process = clinic.suite.start("segments", environment={"CDP_CONFIG_DIR": str(directory)})
    yield
    clinic.suite.stop(process)
    clinic.suite.call("segments", "apply", file=SEGMENTS_FILE.read_text())


@contextmanager
def other_release(clinic: Clinic) -> Iterator[None]:
    process = clinic.suite.start("segments")
    pid = process.popen.pid
    clinic.suite.wait_for(lambda: _has_row(clinic, pid), "it has given a sign of life")
    clinic.sql("segments", "UPDATE replicas SET release = '0.0.9' WHERE pid = %s", pid)
    yield
    clinic.suite.stop(process)


@contextmanager
def lost_process(clinic: Clinic) -> Iterator[None]:
    """One of two, killed a minute ago."""
    process = clinic.suite.start("segments", role="events")
    pid = process.popen.pid
    clinic.suite.wait_for(lambda: _has_row(clinic, pid), "it has given a sign of life")
    clinic.suite.kill(process)
    statement = "UPDATE replicas SET seen_at = seen_at - %s WHERE pid = %s"
    clinic.sql("segments", statement, _MINUTE, pid)
    yield
    clinic.sql("segments", "DELETE FROM replicas WHERE pid = %s", pid)


@contextmanager
def old_schema(clinic: Clinic) -> Iterator[None]:
    clinic.sql("segments", "UPDATE alembic_version SET version_num = '0001'")
    yield
    newest = newest_revision(MIGRATIONS["segments"])
    clinic.sql("segments", "UPDATE alembic_version SET version_num = %s", newest)


@contextmanager
def database_down(clinic: Clinic) -> Iterator[None]:
    uri = clinic.suite.owner_uris["identity"]
    name = uri.rpartition("/")[2]
    with closing(clinic.suite.databases.cluster.connect()) as connection:
        cursor = connection.cursor()
        cursor.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )
        yield
        cursor.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")


@contextmanager
def stuck(clinic: Clinic) -> Iterator[None]:
    """A stream of which more was seen than its source has."""
    statement = """
        INSERT INTO positions (source, stream_id, version, seen, halted)
        VALUES ('profiles', %s, 0, 3, false)
    """
    gap = "INSERT INTO position_gaps (source, stream_id) VALUES ('profiles', %s)"
    stream = str(uuid.uuid4())
    clinic.sql("segments", statement, stream)
    clinic.sql("segments", gap, stream)
    yield
    for table in ("positions", "position_gaps"):
        clinic.sql("segments", f"DELETE FROM {table} WHERE stream_id = %s", stream)


@contextmanager
def ahead(clinic: Clinic) -> Iterator[None]:
    """A stream of which we have applied more than its restored source has."""
    statement = """
        INSERT INTO positions (source, stream_id, version, seen, halted, restored_to)
        VALUES ('profiles', %s, 5, 5, false, 3)
    """
    stream = str(uuid.uuid4())
    clinic.sql("segments", statement, stream)
    yield
    clinic.sql("segments", "DELETE FROM positions WHERE stream_id = %s", stream)


@contextmanager
def waiting(clinic: Clinic) -> Iterator[None]:
    """An event that was accepted a minute ago, when identity had just died."""
    clinic.suite.kill(clinic.only("identity"))
    event = {
        "id": new_id(),
        "type": "paid",
        "time": "2026-01-01T00:00:00Z",
        "identifiers": {"user_id": "omar"},
        "authenticated": True,
    }
    (receipt,) = clinic.suite.call("profiles", "record", events=[event])["receipts"]
    assert receipt["status"] == "accepted"
    clinic.sql("profiles", "UPDATE waiting SET received_at = received_at - %s", _MINUTE)
    yield
    clinic.suite.start("identity")


@contextmanager
def without_policy(clinic: Clinic) -> Iterator[None]:
    host = clinic.suite.virtual_host.name
    with clinic.administered() as administration:
        if isinstance(administration, ControlCommand):
            administration._run("clear_policy", "-p", host, "calls")
        elif isinstance(administration, ManagementAPI):
            administration._call("DELETE", f"policies/{host}/calls")
        yield
        administration.load(broker_definitions(host, {}, ""))


@contextmanager
def foreign_queue(clinic: Clinic) -> Iterator[None]:
    """Another team's queue, which nobody reads."""
    with clinic.broker() as channel, clinic.administered():
        channel.queue_declare("crm.profiles", durable=True, auto_delete=False)
        channel.queue_bind("crm.profiles", "profiles.events", "#")
        yield
        channel.queue_delete("crm.profiles")


@contextmanager
def without_writes(clinic: Clinic) -> Iterator[None]:
    user = urlsplit(clinic.suite.user_uris["offers"]).username
    clinic.sql("offers", f"REVOKE INSERT ON outbox FROM {user}")
    yield
    clinic.sql("offers", f"GRANT INSERT ON outbox TO {user}")


@contextmanager
def locked(clinic: Clinic) -> Iterator[None]:
    """Somebody has locked a table and went to lunch."""
    with closing(clinic.suite.administrator("segments")) as connection:
        cursor = connection.cursor()
        cursor.execute("BEGIN")
        cursor.execute("LOCK TABLE positions")
        yield
        cursor.execute("ROLLBACK")


@contextmanager
def stray_consumer(clinic: Clinic) -> Iterator[None]:
    """Somebody's script, which takes events of ours and says nothing."""
    with clinic.broker() as channel:
        channel.basic_consume("offers.segments", callback=lambda _message: None)
        yield


FAULTS: dict[str, tuple[Callable[[Clinic], Any], str, str | None, str]] = {
    # the fault: how it is planted, its code, the service, what the command begins with
    "killed": (killed, "service_down", "segments", "cdp run segments"),
    "calls alone": (calls_alone, "events_not_followed", "offers", "cdp run offers --role events"),
    "events alone": (events_alone, "calls_not_served", "offers", "cdp run offers --role rpc"),
    "frozen": (frozen, "service_silent", "offers", "cdp doctor   # look again"),
    "halted": (halted, "streams_halted", "offers", "cdp dead-letters show offers "),
    "unreadable": (unreadable, "messages_unreadable", "offers", "cdp dead-letters list offers"),
    "unbound": (unbound, "binding_missing", "segments", "cdp run segments --role events"),
    "without exchange": (without_exchange, "exchange_missing", "profiles", "cdp doctor   # heals"),
    "stuck outbox": (stuck_outbox, "outbox_stuck", "offers", "cdp run offers"),
    "wrong clock": (wrong_clock, "clock_wrong", "segments", "timedatectl set-ntp true"),
    "other configuration": (
        other_configuration,
        "definitions_file_unused",
        "segments",
        "cdp segments apply segments.yaml",
    ),
    "other release": (other_release, "releases_differ", None, "ps -o args= -p "),
    "lost process": (lost_process, "replica_lost", "segments", "ps -o args= -p "),
    "old schema": (old_schema, "schema_behind", "segments", "cdp migrate segments"),
    "database down": (
        database_down,
        "database_unreachable",
        "identity",
        "systemctl start postgresql",
    ),
    "stuck": (stuck, "lag_stuck", "segments", "cdp run segments --role events"),
    "ahead": (ahead, "streams_ahead", "segments", "cdp check consistency --json > lost.json"),
    "waiting": (waiting, "events_waiting", "profiles", "cdp run identity"),
    "without policy": (
        without_policy,
        "policy_missing",
        None,
        "rabbitmqctl set_policy -p ",
    ),
    "without writes": (without_writes, "database_not_writable", "offers", "cdp migrate offers"),
    "locked": (locked, "database_locked", "segments", "psql -c 'SELECT pg_terminate_backend("),
    "stray consumer": (stray_consumer, "stray_consumer", "offers", "cdp doctor   # a process"),
    "foreign queue": (
        foreign_queue,
        "subscriber_without_consumer",
        None,
        "rabbitmqctl list_queues -p ",
    ),
}


# One of each kind; `make prove` plants them all.
OFTEN = {"killed", "frozen", "halted", "unbound", "wrong clock", "old schema", "stuck", "waiting"}
CASES = [
    pytest.param(fault, marks=() if fault in OFTEN else pytest.mark.long)
    for fault in sorted(FAULTS)
]


@pytest.mark.parametrize("fault", CASES)
def test_a_planted_fault_is_named_with_its_command_and_all_is_well_afterwards(
    clinic: Clinic, fault: str
) -> None:
    plant, code, service, command = FAULTS[fault]
    clinic.wait_until_well()
    with plant(clinic):
        clinic.wait_for(code, service, command)
    clinic.wait_until_well()


@pytest.mark.parametrize(
    ("change", "code", "command"),
    [
        ({"port": "9"}, "broker_unreachable", "systemctl start rabbitmq-server"),
        ({"password": "wrong"}, "broker_refuses", "set -a; . .run/environment; set +a"),
    ],
    ids=["broker down", "wrong password"],
)
def test_a_broker_that_lets_nobody_in_is_named(
    clinic: Clinic, change: dict[str, str], code: str, command: str
) -> None:
    parts = urlsplit(clinic.suite.client_uri)
    login = f"{parts.username}:{change.get('password', parts.password)}"
    place = f"{login}@{parts.hostname}:{change.get('port', parts.port)}"
    uri = urlunsplit(parts._replace(netloc=place))
    clinic.wait_for(code, None, command, CDP_AMQP_URI=uri)


def test_the_doctor_answers_though_every_service_hangs(clinic: Clinic) -> None:
    clinic.wait_until_well()
    with frozen(clinic, *SERVICE_NAMES):
        silent = [each for each in clinic.findings() if each["code"] == "service_silent"]
    assert [each["service"] for each in silent] == list(SERVICE_NAMES)
    clinic.wait_until_well()


def test_the_command_says_in_words_that_all_is_well(clinic: Clinic, tmp_path: Path) -> None:
    clinic.wait_until_well()
    report = ""

    def says_so() -> bool:
        nonlocal report
        process = _doctor(tmp_path, **clinic.environment)
        assert process.returncode == 0, process.stdout + process.stderr
        report = process.stdout
        # A process that another test has killed is counted for ten seconds more.
        return report.startswith("All is well: 4 services answer, 4 processes gave a sign of life")

    clinic.suite.wait_for(says_so, "four processes are counted")


@pytest.mark.parametrize(
    "variable", ["CDP_AMQP_URI", "CDP_OFFERS_DATABASE_URI", "CDP_MANAGEMENT_URI"]
)
def test_a_variable_that_is_no_uri_is_named_in_one_line(tmp_path: Path, variable: str) -> None:
    process = _doctor(tmp_path, **{variable: "nonsense:secret"})
    assert process.returncode == 2
    assert process.stderr.startswith(f"Error: {variable}: ")
    assert process.stderr.count("\n") == 1
    assert "secret" not in process.stderr


def _doctor(directory: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cdp", "doctor"],
        cwd=directory,
        env=plain_environment() | {"PYTHONPATH": str(ROOT)} | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def _event(stream: str) -> str:
    instant = "2026-11-26T16:00:00.000000Z"
    return json.dumps(
        {
            "specversion": "1.0",
            "id": new_id(),
            "source": "/segments",
            "type": "segment_entered",
            "subject": stream,
            "time": instant,
            "datacontenttype": "application/json",
            "sequence": 1,
            "recordedtime": instant,
            "schemaversion": 1,
            "data": {},
        }
    )


def _publish(clinic: Clinic, exchange: str, key: str, body: str) -> None:
    with clinic.broker() as channel:
        producer = kombu.Producer(channel, kombu.Exchange(exchange, passive=True))
        producer.publish(body, key, content_type="application/json", content_encoding="utf-8")


def _has_row(clinic: Clinic, pid: int) -> bool:
    with closing(clinic.suite.administrator("segments")) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT 1 FROM replicas WHERE pid = %s", [pid])
        return cursor.fetchone() is not None
