"""What `cdp profile` takes, and what it keeps to itself without --reveal."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import Any

import pytest
from click.testing import CliRunner

import cdp.commands.profile as commands
from cdp.commands.arguments import read_address
from cdp.commands.root import cli
from cdp.views.report import short_key

KEY = "email:0123456789abcdef0123456789abcdef"
PROFILE: dict[str, Any] = {
    "profile_id": "p-1",
    "requested": "p-1",
    "identifiers": [],
    "first_seen_at": None,
    "last_seen_at": None,
    "events": 1,
    "orders": {"count": 0, "items": 0, "revenue": {}, "categories": {}},
    "loyalty": {"enrolled": False, "tier": None, "points": 0},
    "traits": {"first_name": "Ada", "hiv_status": "private"},
    "consent": {},
    "versions": {"p-1": 1},
}
ANSWERS: dict[str, Any] = {
    "find": {"profile_id": "p-1", "found_as": "profile", "stream_id": "p-1"},
    "get": PROFILE,
    "memberships": {"segments": []},
}


class ClientInMemory:
    """A suite with one profile."""

    def call(self, _service: str, method: str, /, **_arguments: Any) -> Any:
        return ANSWERS[method]


@pytest.fixture(autouse=True)
def _suite(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def connected(*_arguments: Any) -> Any:
        yield ClientInMemory()

    monkeypatch.setattr(commands, "connected", connected)


def show(*options: str) -> str:
    result = CliRunner().invoke(cli, ["profile", "show", "p-1", *options])
    assert result.exit_code == 0, result.output
    return result.output


def test_what_traits_say_is_shown_with_reveal_alone() -> None:
    for options in ((), ("--json",)):
        assert "first_name" in show(*options)
        for value in ("Ada", "private"):
            assert value not in show(*options)
            assert value in show(*options, "--reveal")
    assert json.loads(show("--json", "--reveal"))["traits"] == PROFILE["traits"]


@pytest.mark.parametrize(
    ("word", "request_"),
    [
        ("email=ada@shop.example", {"email": "ada@shop.example"}),
        ("phone=+49301234567", {"phone": "+49301234567"}),
        (KEY, {"key": KEY}),
        (short_key(KEY), {"key": short_key(KEY)}),
    ],
)
def test_an_address_is_given_by_value_or_by_its_key_as_it_is_printed(
    word: str, request_: dict[str, str]
) -> None:
    assert read_address(word) == request_


@pytest.mark.parametrize("word", ["ada@shop.example", "user_id=ada", "email=", "email= "])
def test_what_is_no_address_is_refused_with_how_to_give_one(word: str) -> None:
    result = CliRunner().invoke(cli, ["profile", "address", word])
    assert result.exit_code == 2
    assert "email=omar@example.com" in result.output
    assert "email:3b1f09aa…" in result.output
