"""Facts about what `cdp identity` prints and takes."""

from __future__ import annotations

import io
from contextlib import nullcontext
from typing import Any

import click
import pytest
from click.testing import CliRunner
from rich.console import Console, RenderableType

from cdp.commands.arguments import read_identifiers
from cdp.commands.root import cli
from cdp.views.identity import description_view, history_view, repair_view, review_view
from cdp.views.report import print_response
from chassis import InvalidInput
from chassis.config.keys import read_key, wrap
from chassis.config.settings import read_settings
from identifiers import accept, load_types

EMAIL = {"key": "email:0123456789abcdef", "type": "email", "tenure": 1, "assurance": "claimed"}


def printed(renderable: RenderableType) -> str:
    out = io.StringIO()
    Console(file=out, width=160).print(renderable)
    return " ".join(out.getvalue().split())


def happened(reason: str, came_from: str | None, note: str | None = None) -> dict[str, Any]:
    move = {"stream": "s", "profile_id": "p-2", "came_from": came_from, "identifiers": [EMAIL]}
    return {
        "at": "2026-11-21T19:00:00.000000Z",
        "reason": reason,
        "note": note,
        "event_id": None if note else "e-1",
        "moves": [move],
    }


def test_a_history_says_what_went_where_and_because_of_what() -> None:
    facts = [happened("created", None), happened("split", "p-1", "his sister's")]
    assert history_view({"profile_id": "p-2", "happened": facts}).splitlines() == [
        "profile p-2",
        "2026-11-21 19:00:00  it began, by event e-1",
        "    email:01234567… (claimed) is new",
        "2026-11-21 19:00:00  it was split by the support desk, “his sister's”",
        "    email:01234567… (claimed) went from p-1 to p-2",
    ]


def test_a_description_has_each_key_whole_and_when_it_held() -> None:
    stream = {"stream": "s", "identifiers": [EMAIL], "opened_at": None, "closed_at": None}
    profile = {"profile_id": "p-2", "streams": [stream], "merged_profiles": ["p-1"]}
    text = printed(description_view(profile))
    assert "email:0123456789abcdef claimed, from ever until now stream s" in text
    assert "formerly also p-1" in text


def test_a_key_is_one_line_however_narrow_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    key = f"email:{'0123456789abcdef' * 8}"
    stream: dict[str, Any] = {"stream": "s", "identifiers": [EMAIL | {"key": key}]}
    stream |= {"opened_at": None, "closed_at": None}
    profile = {"profile_id": "p", "streams": [stream], "merged_profiles": []}
    print_response(profile, description_view(profile), as_json=False)
    assert key in capsys.readouterr().out.splitlines()
    part = {"profile_id": "p", "streams": ["s"], "identifiers": [EMAIL | {"key": key}]}
    repair = {"dry_run": True, "before": [part], "after": [part]}
    print_response(repair, repair_view(repair), as_json=False)
    assert f"  {key}" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["show", "user_id=grace", "user_id=omar"], "user_id is given twice"),
        (["merge", "user_id=", "019aa"], "WHO is one id or key, or identifiers such as user_id="),
        (["split", "=grace", "email:01"], "WHO is one id or key, or identifiers such as user_id="),
    ],
)
def test_what_names_nobody_is_a_wrong_call(words: list[str], message: str) -> None:
    reason = [] if words[0] == "show" else ["--reason", "a test"]
    refused = CliRunner().invoke(cli, ["identity", *words, *reason])
    assert refused.exit_code == 2, refused.output
    assert message in refused.stderr


@pytest.mark.parametrize(
    ("words", "call"),
    [
        (["merge", "user_id=grace", "e-1"], {"a": "p-grace", "b": "p-e-1"}),
        (
            ["split", "user_id=grace", "device_id=d"],
            {"profile_id": "p-grace", "identifiers": {"device_id": "d"}},
        ),
    ],
)
def test_a_repair_takes_profiles_by_identifiers_and_by_ids_alike(
    words: list[str], call: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[dict[str, Any]] = []

    class ClientInMemory:
        def call(self, service: str, _method: str, /, **arguments: Any) -> Any:
            if service == "profiles":
                who = arguments.get("who") or arguments["identifiers"]["user_id"]
                return {"profile_id": f"p-{who}"}
            calls.append(arguments)
            return {"dry_run": True, "before": [], "after": []}

    monkeypatch.setattr(
        "cdp.commands.identity.connected", lambda _suite: nullcontext(ClientInMemory())
    )
    done = CliRunner().invoke(cli, ["identity", *words, "--reason", "a test"])
    assert done.exit_code == 0, done.output
    assert calls == [{**call, "reason": "a test", "dry_run": True}]


def test_a_dry_run_says_that_nothing_was_changed() -> None:
    part = {"profile_id": "p", "streams": ["s"], "identifiers": [EMAIL]}
    repair = {"dry_run": True, "fact_id": None, "before": [part], "after": [part]}
    assert printed(repair_view(repair)).endswith("Nothing was changed; use --yes to do it.")


def test_a_review_shows_what_is_to_be_looked_at_and_what_was() -> None:
    entry = {
        "id": "r-1",
        "kind": "merge_refused",
        "subject": "p-1",
        "about": EMAIL["key"],
        "reason": "it belongs to another account",
        "event_id": "e-1",
        "first_at": "2026-11-20T19:00:00.000000Z",
        "last_at": "2026-11-21T19:00:00.000000Z",
    }
    done = {"done_at": "2026-11-22T09:00:00.000000Z", "done_by": "Eve"}
    device = entry | {"kind": "shared_device", "subject": "device_id:01", "about": "device_id"}
    assert review_view([entry, device | done]).splitlines() == [
        "2026-11-21 19:00:00  merge refused: it belongs to another account",
        "    id r-1",
        "    profile p-1",
        "    about email:0123456789abcdef",
        "    shown last by event e-1, first at 2026-11-20 19:00:00",
        "2026-11-21 19:00:00  shared device: it belongs to another account",
        "    id r-1",
        "    device device_id:01",
        "    shown last by event e-1, first at 2026-11-20 19:00:00",
        "    done at 2026-11-22 09:00:00 by Eve",
    ]
    assert review_view([]) == "There is nothing to review."


def test_who_is_named_only_for_what_is_done() -> None:
    refused = CliRunner().invoke(cli, ["identity", "review", "--by", "Eve"])
    assert refused.exit_code == 2
    assert "--by goes with --done" in refused.stderr


def test_identifiers_are_values_or_keys_and_never_both() -> None:
    assert read_identifiers(("email=a@b.example",)) == {"email": "a@b.example"}
    assert read_identifiers(("email:01", "phone:02")) == ["email:01", "phone:02"]
    for words in (("email=a", "phone:02"), ("email=a", "email=b"), ("email=",)):
        with pytest.raises(click.UsageError):
            read_identifiers(words)


def test_rotating_the_master_key_changes_no_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    value = {"email": "ann@shop.example"}
    monkeypatch.setenv("CDP_IDENTIFIER_KEY", "the key of all hashes")
    hashes = [accept(value, load_types(), b"the key of all hashes").keys]
    master = None
    for new_master in ("a first master key", "a second master key"):
        monkeypatch.setenv("CDP_NEW_MASTER_KEY", new_master)
        if master:
            monkeypatch.setenv("CDP_MASTER_KEY", master)
        wrapped = CliRunner().invoke(cli, ["identity", "rotate-key"]).stdout.strip()
        assert wrapped.startswith("wrapped:")
        assert "key of all" not in wrapped
        monkeypatch.setenv("CDP_IDENTIFIER_KEY", wrapped)
        master = new_master
        hashes.append(accept(value, load_types(), read_key(wrapped, master)).keys)
    assert hashes[0] == hashes[1] == hashes[2]
    monkeypatch.setenv("CDP_MASTER_KEY", "a first master key")
    refused = CliRunner().invoke(cli, ["identity", "rotate-key"])
    assert refused.exit_code == 1
    assert "is not wrapped by this CDP_MASTER_KEY" in refused.stderr
    monkeypatch.setenv("CDP_MASTER_KEY", "a second master key")
    monkeypatch.setenv("CDP_NEW_MASTER_KEY", "short")
    refused = CliRunner().invoke(cli, ["identity", "rotate-key"])
    assert refused.stderr.startswith("Error: CDP_NEW_MASTER_KEY: needs at least 16 characters")


def test_a_service_reads_a_wrapped_key_by_the_master_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDP_IDENTITY_DATABASE_URI", "sqlite:///x.db")
    monkeypatch.setenv("CDP_AMQP_URI", "embedded://localhost")
    monkeypatch.setenv("CDP_IDENTIFIER_KEY", wrap(b"the key", "a first master key"))
    monkeypatch.delenv("CDP_MASTER_KEY", raising=False)
    with pytest.raises(InvalidInput, match="CDP_MASTER_KEY"):
        read_settings("identity")
    monkeypatch.setenv("CDP_MASTER_KEY", "short")
    with pytest.raises(InvalidInput, match="at least 16"):
        read_settings("identity")
    monkeypatch.setenv("CDP_MASTER_KEY", "a first master key")
    assert read_settings("identity").identifier_key == b"the key"
