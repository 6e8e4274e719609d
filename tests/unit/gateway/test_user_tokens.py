"""A user token proves a user to whoever knows the secret, for as long as it says."""

from __future__ import annotations

import base64
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.core.signed_claims import sign_claims
from services.gateway.domain.sources import EventSource
from services.gateway.domain.user_tokens import sign_user, verified_user

NOW = 1_795_000_000_000_000
SECRET = "a secret of the shop's back end"
SOURCE = EventSource("web", "Web", "browser", token_secrets=(SECRET,))


def altered(token: str, part: int, **claims: object) -> str:
    """A token with other claims, and the signature that it had."""
    parts = token.split(".")
    padded = parts[part] + "=" * (-len(parts[part]) % 4)
    value = {**json.loads(base64.urlsafe_b64decode(padded)), **claims}
    parts[part] = base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
    return ".".join(parts)


def test_a_token_proves_its_user_until_it_ends() -> None:
    token = sign_user(SECRET, "ann", NOW, seconds=60)
    assert verified_user(SOURCE, token, NOW) == "ann"
    assert verified_user(SOURCE, token, NOW + 59_000_000) == "ann"
    assert verified_user(SOURCE, token, NOW + 60_000_000) is None


def test_a_token_of_tomorrow_or_of_more_than_a_day_proves_nothing() -> None:
    assert verified_user(SOURCE, sign_user(SECRET, "ann", NOW + 3_600_000_000), NOW) is None
    assert verified_user(SOURCE, sign_user(SECRET, "ann", NOW, seconds=90_000), NOW) is None


def test_another_user_or_algorithm_needs_another_signature() -> None:
    token = sign_user(SECRET, "ann", NOW)
    assert verified_user(SOURCE, altered(token, 1, sub="bob"), NOW) is None
    unsigned = altered(token, 0, alg="none").rpartition(".")[0] + "."
    assert verified_user(SOURCE, unsigned, NOW) is None


def test_a_token_that_begins_later_proves_nothing_yet() -> None:
    now = NOW // 1_000_000
    claims = {"sub": "ann", "iat": now, "nbf": now + 600, "exp": now + 3_600}
    token = sign_claims(claims, SECRET)
    assert verified_user(SOURCE, token, NOW) is None
    assert verified_user(SOURCE, token, NOW + 600_000_000) == "ann"


@pytest.mark.parametrize("subject", [None, 7, "", "  "])
def test_a_token_of_no_user_proves_nobody(subject: object) -> None:
    now = NOW // 1_000_000
    token = sign_claims({"sub": subject, "iat": now, "exp": now + 60}, SECRET)
    assert verified_user(SOURCE, token, NOW) is None


@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
@pytest.mark.parametrize("wrong", [None, True, "1", [1]])
def test_a_time_that_is_none_proves_nothing(name: str, wrong: object) -> None:
    now = NOW // 1_000_000
    claims = {"sub": "ann", "iat": now, "nbf": now, "exp": now + 60, name: wrong}
    assert verified_user(SOURCE, sign_claims(claims, SECRET), NOW) is None


def test_a_source_without_a_secret_believes_nobody() -> None:
    nobody = EventSource("web", "Web", "browser")
    assert verified_user(nobody, sign_user(SECRET, "ann", NOW), NOW) is None
    empty = EventSource("web", "Web", "browser", token_secrets=("",))
    header, claims, _ = sign_user(SECRET, "ann", NOW).split(".")
    signature = hmac.digest(b"", f"{header}.{claims}".encode(), "sha256")
    forged = base64.urlsafe_b64encode(signature).rstrip(b"=").decode()
    assert verified_user(empty, f"{header}.{claims}.{forged}", NOW) is None


@pytest.mark.parametrize(
    "token", [None, 5, "", "a.b", "a.b.c", "..", "ä.b.c", "x" * 5_000, "e30.e30.e30", "\ud800.."]
)
def test_what_is_no_token_proves_nothing(token: object) -> None:
    assert verified_user(SOURCE, token, NOW) is None


@given(st.text())
def test_no_text_does_anything_but_prove_nothing(text: str) -> None:
    assert verified_user(SOURCE, text, NOW) is None
    assert verified_user(SOURCE, sign_user(SECRET, "ann", NOW) + text, NOW) in ("ann", None)
