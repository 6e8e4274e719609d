"""Facts about the commands: their help, and what they say to a wrong call."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from cdp.commands.root import cli
from cdp.finding import read_shopper
from cdp.views.progress import lines
from chassis import InvalidInput
from chassis.projections.rebuild import RebuildProgress
from identifiers import load_types
from services.offers.configuration import load_catalogue
from services.segments.configuration import load_definitions


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """Runs commands in an empty directory, without settings and with a broker out of reach."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    for service in ("IDENTITY", "PROFILES", "SEGMENTS", "OFFERS"):
        monkeypatch.delenv(f"CDP_{service}_DATABASE_URI", raising=False)
        monkeypatch.delenv(f"CDP_{service}_AMQP_URI", raising=False)
    monkeypatch.setenv("CDP_AMQP_URI", f"amqp://guest:secret@127.0.0.1:{port}/")
    # It is asked twice, and nothing here is about the two seconds between.
    monkeypatch.setattr("kombu.utils.functional.sleep", lambda _seconds: None)
    monkeypatch.chdir(tmp_path)
    return CliRunner()


def failed(result: Result, status: int) -> str:
    """What a command printed on standard error; it must end with `status`, not a stack trace."""
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
    ("words", "message"),
    [
        (["run", "nobody"], "'nobody' is not one of 'identity', 'profiles', 'segments', 'offers'"),
        (["run", "--role", "boss"], "'boss' is not one of 'rpc', 'events', 'all'"),
        (["profile", "show"], "Missing argument 'WHO...'"),
        (["profile", "show", "a", "b"], "WHO is one id or key, or identifiers"),
        (["profile", "show", "user_id="], "WHO is one id or key, or identifiers"),
        (["profile", "show", "user_id=grace", "user_id=omar"], "user_id is given twice"),
        (["decide", "missing.json"], "No such file"),
        (["dead-letters", "show", "segments"], "Missing argument 'ID'"),
        (["unrecordable", "retry"], "Name the events, or give --all"),
        (["unrecordable", "retry", "e-1", "--all"], "Name the events, or give --all"),
        (
            ["dead-letters", "redrive", "segments"],
            "give either the SERVICE and ID of one dead letter, or --all",
        ),
        (["dead-letters", "redrive", "segments", "x", "--all"], "give either the SERVICE and ID"),
        (["dead-letters", "redrive", "segments", "--all"], "--all needs --reason TEXT"),
        (["dead-letters", "redrive", "segments", "x", "--reason", " "], "--reason must say why"),
        (["dead-letters", "redrive", "segments", "x", "--type", "y"], "go with --all"),
    ],
)
def test_a_wrong_call_is_explained_with_exit_status_2(
    call: CliRunner, words: list[str], message: str
) -> None:
    assert message in failed(call.invoke(cli, words), 2)


def test_a_request_that_is_no_json_is_a_wrong_call(call: CliRunner) -> None:
    assert "is not JSON" in failed(call.invoke(cli, ["decide", "-"], input="{"), 2)


def test_a_request_nested_too_deeply_is_a_wrong_call(call: CliRunner) -> None:
    assert "nested too deeply" in failed(call.invoke(cli, ["decide", "-"], input="[" * 100_000), 2)


def test_a_request_that_is_not_utf_8_is_a_wrong_call(call: CliRunner, tmp_path: Path) -> None:
    (tmp_path / "request.json").write_bytes(b'{"placement": "\xff"}')
    assert "is not UTF-8" in failed(call.invoke(cli, ["decide", "request.json"]), 2)


def test_a_request_may_begin_with_a_byte_order_mark(call: CliRunner, tmp_path: Path) -> None:
    (tmp_path / "request.json").write_bytes(b"\xef\xbb\xbf{}")
    assert "out of reach" in failed(call.invoke(cli, ["decide", "request.json"]), 1)


@pytest.mark.parametrize(
    "uri",
    ["http://localhost", "amqp://u:secret@localhost:abc/", "localhost", "amqp://localhost/?a=b"],
)
def test_what_is_no_uri_of_a_broker_is_named(
    call: CliRunner, monkeypatch: pytest.MonkeyPatch, uri: str
) -> None:
    monkeypatch.setenv("CDP_AMQP_URI", uri)
    Path("events.ndjson").write_text("{}\n")
    monkeypatch.setenv("CDP_SEGMENTS_DATABASE_URI", "sqlite:///segments.db")
    assert call.invoke(cli, ["migrate", "segments"]).exit_code == 0
    for words in (["profile", "show", "user_id=x"], ["rebuild", "segments"]):
        message = failed(call.invoke(cli, words), 1)
        assert message.startswith("Error: CDP_AMQP_URI: is not the URI of a broker; write amqp://")
        assert "secret" not in message
    message = failed(call.invoke(cli, ["run", "segments"]), 1)
    assert "CDP_AMQP_URI: is not the URI of a broker" in message


@pytest.mark.parametrize(
    "words",
    [
        ["profile", "show", "user_id=omar"],
        ["dead-letters", "list"],
        ["unrecordable", "list"],
        ["unrecordable", "set-aside", "e-1"],
        ["decide", "-"],
    ],
    ids=" ".join,
)
def test_a_broker_that_is_not_there_is_one_line_without_its_password(
    call: CliRunner, words: list[str]
) -> None:
    message = failed(call.invoke(cli, words, input="{}"), 1)
    assert message.startswith("Error: ")
    assert "broker" in message
    assert message.count("\n") == 1
    assert message.endswith("is out of reach: Connection refused\n")
    assert "secret" not in message


def test_a_rebuild_says_what_it_waits_for_and_how_it_goes_on_when_it_is_interrupted(
    call: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setenv("CDP_SEGMENTS_DATABASE_URI", "sqlite:///segments.db")
    assert call.invoke(cli, ["migrate", "segments"]).exit_code == 0
    monkeypatch.setattr("cdp.commands.rebuild.time.sleep", interrupt)
    message = failed(call.invoke(cli, ["rebuild", "segments"]), 130).splitlines()
    assert message[0].startswith("Waiting up to a minute for profiles: CDP_AMQP_URI: the broker at")
    assert message[1:] == [
        (
            "Interrupted; the old read model stays in use."
            " Continue with `cdp rebuild segments --resume`."
        )
    ]


def test_without_a_terminal_a_rebuild_tells_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with lines(seconds=0.01) as report:
        time.sleep(0.05)
        report(RebuildProgress("reading profiles", 1_000, 2_000))
        time.sleep(0.05)
    printed = capsys.readouterr().err.splitlines()
    assert printed[0] == "0 s: starting"
    assert printed[-1] == "0 s: reading profiles, 1,000 of 2,000"


def test_a_missing_setting_is_named(call: CliRunner) -> None:
    message = failed(call.invoke(cli, ["run", "segments"]), 1)
    assert message.startswith("Error: CDP_SEGMENTS_DATABASE_URI: is not set")


def test_a_database_without_tables_is_refused_with_the_command_that_makes_them(
    call: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDP_SEGMENTS_DATABASE_URI", "sqlite:///empty.db")
    for command in ("run", "rebuild"):
        message = failed(call.invoke(cli, [command, "segments"]), 1)
        expected = "Error: database of segments: has no tables yet; run `cdp migrate segments`\n"
        assert message == expected


@pytest.mark.parametrize(
    "uri",
    ["nonsense", "mysql://x", "postgresql://u:secret@h/db?foo=bar", "postgresql://u:secret@h:x/db"],
)
@pytest.mark.parametrize("kind", ["", "OWNER_"])
def test_what_is_no_uri_of_a_database_is_named(
    call: CliRunner, monkeypatch: pytest.MonkeyPatch, uri: str, kind: str
) -> None:
    monkeypatch.setenv("CDP_SEGMENTS_DATABASE_URI", "sqlite:///segments.db")
    monkeypatch.setenv(f"CDP_SEGMENTS_{kind}DATABASE_URI", uri)
    for command in ("migrate", "rebuild") if kind else ("run", "migrate", "rebuild"):
        message = failed(call.invoke(cli, [command, "segments"]), 1)
        assert message.startswith(
            f"Error: CDP_SEGMENTS_{kind}DATABASE_URI: is not the URI of a database"
        )
        assert "secret" not in message


def test_a_file_that_is_no_database_is_named(
    call: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("segments.db").write_text("not a database, but many a word\n" * 99)
    monkeypatch.setenv("CDP_SEGMENTS_DATABASE_URI", "sqlite:///segments.db")
    for command in ("run", "migrate", "rebuild"):
        message = failed(call.invoke(cli, [command, "segments"]), 1)
        assert message.startswith(
            "Error: CDP_SEGMENTS_DATABASE_URI: the database is out of reach: f"
        )


def test_the_owners_database_is_named_by_its_own_variable(
    call: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDP_SEGMENTS_DATABASE_URI", "sqlite:///segments.db")
    monkeypatch.setenv("CDP_SEGMENTS_OWNER_DATABASE_URI", "postgresql://nobody@localhost:1/x")
    for command in ("migrate", "rebuild"):
        message = failed(call.invoke(cli, [command, "segments"]), 1)
        assert message.startswith("Error: CDP_SEGMENTS_OWNER_DATABASE_URI: the database is out of")


@pytest.mark.parametrize("name", ["segments.yaml", "offers.yaml", "identity.yaml"])
def test_a_file_of_rules_that_is_not_utf_8_is_named(
    call: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / name).write_bytes(b"a: 1\nb: \xe9\n")
    load = {"segments.yaml": load_definitions, "offers.yaml": load_catalogue}.get(name, load_types)
    with pytest.raises(InvalidInput, match=rf"{name}: line 2: is not UTF-8"):
        load(tmp_path)


def test_a_database_out_of_reach_is_named(call: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDP_SEGMENTS_DATABASE_URI", "sqlite:///no/such/directory/segments.db")
    for command in ("run", "migrate", "rebuild"):
        message = failed(call.invoke(cli, [command, "segments"]), 1)
        assert message.startswith("Error: CDP_SEGMENTS_DATABASE_URI: the database is out of reach")


def test_without_a_demo_to_look_at_the_command_that_makes_one_is_told(call: CliRunner) -> None:
    message = failed(call.invoke(cli, ["profile", "show", "user_id=omar", "--demo"]), 1)
    assert message == "Error: .demo: has no demo; run `cdp demo` in this directory first\n"


def test_a_demo_without_its_purchases_says_where_they_should_be(
    call: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDP_CDNOW_DIR", "nowhere")
    message = failed(call.invoke(cli, ["demo"]), 1)
    assert message.startswith("Error: nowhere/CDNOW_sample.txt: is missing")


def test_who_is_an_id_a_key_or_identifiers() -> None:
    assert read_shopper(("019aa",)) == {"who": "019aa"}
    assert read_shopper(("email:0123abcd…",)) == {"who": "email:0123abcd…"}
    assert read_shopper(("user_id=omar", "email=o=o@example.com")) == {
        "identifiers": {"user_id": "omar", "email": "o=o@example.com"}
    }
