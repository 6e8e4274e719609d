"""Whom commands are about: whatever is printed is taken, and nobody is explained."""

from __future__ import annotations

from typing import Any

import pytest

from cdp.finding import find_profile_id, whole_keys
from cdp.views.report import short_key
from chassis.core.errors import Conflict, NotFound

KEYS = ["email:0123abcd0000", "email:0123abcdffff", "user_id:0123abcd0000"]


class FoundOnce:
    """A client that gives one answer to every call, and keeps the call."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.called: tuple[str, str, dict[str, Any]] | None = None

    def call(self, service: str, method: str, /, **arguments: Any) -> Any:
        self.called = (service, method, arguments)
        return self.answer


def described(*keys: str) -> Any:
    return FoundOnce({"streams": [{"identifiers": [{"key": key} for key in keys]}]})


@pytest.mark.parametrize(
    "printed", [KEYS[2], "user_id:0123abcd…", "user_id:0123abcd...", "user_id:0123"]
)
def test_a_key_may_be_given_as_it_was_printed(printed: str) -> None:
    assert whole_keys(described(*KEYS), "p", [printed]) == [KEYS[2]]


def test_whatever_is_printed_of_a_key_is_taken() -> None:
    key = f"email:{'0123456789abcdef' * 2}"
    assert whole_keys(described(key), "p", [short_key(key)]) == [key]


def test_a_whole_key_is_itself_even_if_another_begins_like_it() -> None:
    assert whole_keys(described("a:0123", "a:01234"), "p", ["a:0123"]) == ["a:0123"]


def test_a_beginning_of_several_keys_is_refused_with_all_of_them() -> None:
    with pytest.raises(Conflict, match="email:0123abcd0000, email:0123abcdffff"):
        whole_keys(described(*KEYS), "p", ["email:0123abcd…"])


@pytest.mark.parametrize("key", ["phone:0123abcd…", "0123abcd", "email"])
def test_a_key_of_nothing_in_the_profile_is_refused(key: str) -> None:
    with pytest.raises(NotFound, match="is no identifier of this profile"):
        whole_keys(described(*KEYS), "p", [key])


def test_nobody_is_told_with_every_reason_and_what_to_try() -> None:
    client: Any = FoundOnce(
        {"profile_id": None, "reasons": ["is a", "is b"], "try": ["this", "that"]}
    )
    with pytest.raises(NotFound) as refused:
        find_profile_id(client, {"identifiers": {"email": "a@b.example", "phone": "1"}})
    assert str(refused.value).splitlines() == [
        "email=a@b.example phone=1: is a; is b",
        "  try: this",
        "  try: that",
    ]
    assert client.called == (
        "profiles",
        "find",
        {"identifiers": {"email": "a@b.example", "phone": "1"}},
    )
