"""`cdp rejects`, and the commands with which an SDK gets its key."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner

from cdp.commands.root import cli
from cdp.gateway import gateway_database
from services.gateway.domain.keys import key_digest


@pytest.fixture(autouse=True)
def _gateway(service_database_uri: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDP_GATEWAY_DATABASE_URI", service_database_uri("gateway"))
    monkeypatch.setenv("CDP_IDENTIFIER_KEY", "a key for tests, long enough")


def cdp(*words: str) -> str:
    result = CliRunner().invoke(cli, words, env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    return result.output


def test_the_list_has_the_field_and_the_reason_and_with_reveal_what_was_sent() -> None:
    assert "no rejected items" in cdp("rejects", "list")
    cdp("keys", "source", "backend")
    cdp("keys", "source", "pages")
    reject = {"field": "properties.revenue", "reason": "is missing", "payload": {"id": "\x1b[31m"}}
    with gateway_database() as own:
        own.call("keep_rejects", {"source_id": "backend", "rejects": [reject]})

    listed = cdp("rejects", "list", "--source", "backend")
    assert "properties.revenue" in listed
    assert "is missing" in listed
    assert "31m" not in listed
    revealed = cdp("rejects", "list", "--reveal")
    assert "31m" in revealed
    assert "\x1b" not in revealed
    assert "no rejected items" in cdp("rejects", "list", "--source", "pages")
    (row,) = json.loads(cdp("rejects", "list", "--json"))
    assert (row["field"], row["source_id"]) == ("properties.revenue", "backend")


def test_sdks_get_the_keys_that_the_manual_makes() -> None:
    cdp("keys", "source", "backend", "--setting", 'currency="EUR"')
    cdp("keys", "source", "pages", "--origin", "https://shop.example")
    secret = cdp("keys", "create", "backend", "--kind", "server").split()[0]
    public = cdp("keys", "create", "pages", "--kind", "browser").split()[0]
    cdp("keys", "secret", "pages", "--for", "users")

    with gateway_database() as own:
        server = own.call("find_key", {"digest": key_digest(secret)}).source
        browser = own.call("find_key", {"digest": key_digest(public)}).source
    assert (server.key_kind, server.settings) == ("server", {"currency": "EUR"})
    assert (browser.key_kind, browser.allowed_origins) == ("browser", ("https://shop.example",))
    assert len(browser.token_secrets) == 1
