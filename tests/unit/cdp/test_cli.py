"""Facts about the commands: their help, and what they say to a wrong call."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from cdp.cli import cli, read_who


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """Runs commands in an empty directory, with no settings and a broker that is not there."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    for service in ("IDENTITY", "PROFILES", "SEGMENTS", "OFFERS"):
        monkeypatch.delenv(f"CDP_{service}_DATABASE_URI", raising=False)
        monkeypatch.delenv(f"CDP_{service}_AMQP_URI", raising=False)
    monkeypatch.setenv("CDP_AMQP_URI", f"amqp://guest:secret@127.0.0.1:{port}/")
    monkeypatch.chdir(tmp_path)
    return CliRunner()


def failed(result: Result, status: int) -> str:
    """What a command said on standard error when it ended with `status`, without a stack trace."""
    assert result.exit_code == status, result.output
    assert isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    return result.stderr


@pytest.mark.parametrize("path", [*commands(cli)], ids=" ".join)
def test_every_command_explains_itself(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(cli, [*path, "--help"])
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: cli {' '.join(path)}")


@pytest.mark.parametrize("path", [*commands(cli)], ids=" ".join)
def test_every_command_is_told_whole_in_the_list(path: tuple[str, ...]) -> None:
    listed = CliRunner().invoke(cli, [*path[:-1], "--help"]).stdout
    line = next(line for line in listed.splitlines() if line.split()[:1] == [path[-1]])
    assert not line.endswith("...")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "nobody"], "'nobody' is not one of 'identity', 'profiles', 'segments', 'offers'"),
        (["run", "--role", "boss"], "'boss' is not one of 'rpc', 'events', 'all'"),
        (["profile", "show"], "Missing argument 'WHO...'"),
        (["profile", "show", "a", "b"], "WHO is one profile id, or identifiers"),
        (["profile", "show", "user_id="], "WHO is one profile id, or identifiers"),
        (["decide", "missing.json"], "No such file"),
        (["dead-letters", "show", "segments"], "Missing argument 'ID'"),
    ],
)
def test_a_wrong_call_is_explained_with_exit_status_2(
    call: CliRunner, words: list[str], said: str
) -> None:
    assert said in failed(call.invoke(cli, words), 2)


def test_a_request_that_is_no_json_is_a_wrong_call(call: CliRunner) -> None:
    assert "is no JSON" in failed(call.invoke(cli, ["decide", "-"], input="{"), 2)


@pytest.mark.parametrize(
    "words",
    [["profile", "show", "user_id=omar"], ["dead-letters", "list"], ["decide", "-"]],
    ids=" ".join,
)
def test_a_broker_that_is_not_there_is_one_line_without_its_password(
    call: CliRunner, words: list[str]
) -> None:
    said = failed(call.invoke(cli, words, input="{}"), 1)
    assert said.startswith("Error: ")
    assert "broker" in said
    assert said.count("\n") == 1
    assert "secret" not in said


def test_a_missing_setting_is_named(call: CliRunner) -> None:
    said = failed(call.invoke(cli, ["run", "segments"]), 1)
    assert said.startswith("Error: CDP_SEGMENTS_DATABASE_URI: is not set")


def test_a_database_without_tables_is_refused_with_the_command_that_makes_them(
    call: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDP_SEGMENTS_DATABASE_URI", "sqlite:///empty.db")
    said = failed(call.invoke(cli, ["run", "segments"]), 1)
    assert said == "Error: database of segments: has no tables yet; run `cdp migrate segments`\n"


def test_a_database_out_of_reach_is_named(call: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDP_SEGMENTS_DATABASE_URI", "sqlite:///no/such/directory/segments.db")
    for command in ("run", "migrate"):
        said = failed(call.invoke(cli, [command, "segments"]), 1)
        assert said.startswith("Error: CDP_SEGMENTS_DATABASE_URI: the database is out of reach")


def test_without_a_demo_to_look_at_the_command_that_makes_one_is_told(call: CliRunner) -> None:
    said = failed(call.invoke(cli, ["profile", "show", "user_id=omar", "--demo"]), 1)
    assert said == "Error: .demo: holds no demo; run `cdp demo` first, in this directory\n"


def test_a_demo_without_its_purchases_says_where_they_should_be(
    call: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDP_CDNOW_DIR", "nowhere")
    said = failed(call.invoke(cli, ["demo"]), 1)
    assert said.startswith("Error: nowhere/CDNOW_sample.txt: is missing")


def test_who_is_a_profile_id_or_identifiers() -> None:
    assert read_who(("019aa",)) == {"profile_id": "019aa"}
    assert read_who(("user_id=omar", "email=o=o@example.com")) == {
        "identifiers": {"user_id": "omar", "email": "o=o@example.com"}
    }
