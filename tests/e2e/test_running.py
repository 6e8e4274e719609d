"""Facts about `cdp run` and `cdp migrate`, as processes."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import amqp
import kombu
import pytest

from tests.support.servers import Databases, VirtualHost
from tests.support.system import _MORTAL, plain_environment

ROOT = Path(__file__).parents[2]

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """`start(["run"], CDP_LOG="text")`: a process of cdp in an empty directory, running."""
    plain = plain_environment()

    def begin(words: list[str], **settings: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*_MORTAL, sys.executable, "-m", "cdp", *words],
            cwd=tmp_path,
            env=plain | {"PYTHONPATH": str(ROOT)} | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        stack.enter_context(process)
        stack.callback(process.kill)
        return process

    with ExitStack() as stack:
        yield begin


def refused(process: subprocess.Popen[str]) -> str:
    """The one line with which a process refused to start."""
    output, message = process.communicate(timeout=60)
    assert (process.returncode, output) == (1, ""), message
    # Services that have started by then have logged something.
    message = message.splitlines(keepends=True)[-1]
    assert message.startswith("Error: ")
    assert message.count("\n") == 1, message
    return message


@pytest.mark.parametrize("ask", [signal.SIGTERM, signal.SIGINT])
def test_the_embedded_suite_starts_in_an_empty_directory_and_ends_when_asked(
    start: Start, tmp_path: Path, ask: signal.Signals
) -> None:
    process = start(["run", "--embedded"], CDP_LOG="json")
    assert process.stderr
    while "running" not in (line := process.stderr.readline()):
        assert line, "it ended before it ran"
    process.send_signal(ask)
    message = process.communicate(timeout=60)[1]
    assert process.returncode == 0, message
    assert len(list((tmp_path / ".run" / "embedded").glob("*.db"))) == 4


def test_a_wrong_rule_stops_the_start_with_the_segment_and_the_place(
    start: Start, tmp_path: Path
) -> None:
    (tmp_path / "segments.yaml").write_text(
        "big_spender: {rule: 'revenu(\"USD\") > 5', description: Spends.}\n"
    )
    message = refused(start(["run", "--embedded"], CDP_CONFIG_DIR=str(tmp_path)))
    assert "big_spender" in message
    assert "line 1" in message
    assert "revenue" in message


def test_a_wrong_offer_stops_the_start_with_its_path(start: Start, tmp_path: Path) -> None:
    (tmp_path / "offers.yaml").write_text("placements: {}\noffers: []\n")
    message = refused(start(["run", "--embedded"], CDP_CONFIG_DIR=str(tmp_path)))
    assert "placements" in message


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("amqp://nobody:{password}@{host}:{port}{path}", "refused the user nobody or the password"),
        ("amqp://{username}:{password}@{host}:{port}{path}-elsewhere", "has no virtual host"),
        ("amqp://{username}:{password}@{host}:9{path}", "is out of reach: connection refused"),
        ("http://{username}:{password}@{host}:{port}{path}", "is not the uri of a broker"),
    ],
    ids=["user", "virtual host", "port", "scheme"],
)
def test_a_broker_that_refuses_stops_the_start_without_telling_the_password(
    start: Start,
    tmp_path: Path,
    migrated_file: Callable[[str, Path], str],
    virtual_host: VirtualHost,
    uri: str,
    reason: str,
) -> None:
    right = urlsplit(virtual_host.uri("segments"))
    parts = {name: getattr(right, name) for name in ("username", "password", "port", "path")}
    settings = {
        "CDP_SEGMENTS_DATABASE_URI": migrated_file("segments", tmp_path / "segments.db"),
        "CDP_SEGMENTS_AMQP_URI": uri.format(host=right.hostname, **parts),
    }
    message = refused(start(["run", "segments"], **settings))
    assert message.startswith("Error: CDP_SEGMENTS_AMQP_URI or CDP_AMQP_URI: ")
    assert reason in message.lower()
    assert str(right.password) not in message


def test_a_service_waits_for_the_one_that_it_follows(
    start: Start,
    tmp_path: Path,
    migrated_file: Callable[[str, Path], str],
    virtual_host: VirtualHost,
) -> None:
    settings = {"CDP_LOG": "json"}
    for name in ("profiles", "identity"):
        uri = migrated_file(name, tmp_path / f"{name}.db")
        settings[f"CDP_{name.upper()}_DATABASE_URI"] = uri
        settings[f"CDP_{name.upper()}_AMQP_URI"] = virtual_host.uri(name)
    first = start(["run", "profiles"], **settings)
    assert first.stderr
    while "queue_lost" not in first.stderr.readline():
        assert first.poll() is None
    start(["run", "identity"], **settings)
    wait_for(lambda: consumers(virtual_host.uri("profiles"), "profiles.identity") == 1)


@pytest.mark.parametrize("command", ["run", "migrate", "rebuild"])
def test_a_role_that_postgresql_does_not_know_stops_the_command(
    start: Start, databases: Databases, command: str
) -> None:
    right = urlsplit(databases.cluster.uri)
    uri = f"postgresql://nobody_at_all:secret@{right.hostname}:{right.port or 5432}{right.path}"
    settings = {"CDP_SEGMENTS_DATABASE_URI": uri, "CDP_AMQP_URI": "amqp://localhost/"}
    message = refused(start([command, "segments"], **settings))
    assert message.startswith("Error: CDP_SEGMENTS_DATABASE_URI: the database is out of reach: ")
    assert "nobody_at_all" in message
    assert "secret" not in message


def test_a_user_who_does_not_own_the_tables_cannot_migrate(
    start: Start, databases: Databases
) -> None:
    _owner, user = databases.create("segments")
    message = refused(start(["migrate", "segments"], CDP_SEGMENTS_DATABASE_URI=user))
    assert message.startswith("Error: CDP_SEGMENTS_DATABASE_URI: the database does not allow it: ")
    assert "permission denied" in message


def test_migrating_twice_changes_nothing(start: Start, tmp_path: Path) -> None:
    settings = {"CDP_OFFERS_DATABASE_URI": f"sqlite:///{tmp_path / 'offers.db'}"}
    for _ in range(2):
        process = start(["migrate", "offers"], **settings)
        assert process.communicate(timeout=60) == ("offers: up to date\n", "")
        assert process.returncode == 0


def consumers(uri: str, queue: str) -> int:
    """How many consume from `queue`, which may not be there yet."""
    with kombu.Connection(uri) as connection:
        try:
            declared = connection.default_channel.queue_declare(queue, passive=True)
        except amqp.NotFound:
            return 0
        return int(declared.consumer_count)


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait for `condition`, a minute at most."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


ASKED_EARLY = """
import chassis.runtime.green
import os, signal
import eventlet
from cdp import running
from cdp.embedded import EmbeddedSuite

start = EmbeddedSuite.start

def ask():
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        sum(range(100_000))
    except BaseException:
        pass

def start_and_be_asked(suite):
    start(suite)
    eventlet.spawn(ask)
    eventlet.sleep(0)

EmbeddedSuite.start = start_and_be_asked
running.run_services(["profiles"], "all", True)
"""


def test_a_signal_that_comes_before_all_is_up_ends_the_process(tmp_path: Path) -> None:
    """It arrives in whatever greenlet runs, which may be one that survives any error."""
    asked = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ASKED_EARLY],
        cwd=tmp_path,
        env=plain_environment() | {"PYTHONPATH": str(ROOT)},
        timeout=60,
        check=False,
    )
    assert asked.returncode == 0
