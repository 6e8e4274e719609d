"""`cdp keys`: sources and their keys, which are printed once and kept as digests."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cdp.commands.root import cli
from cdp.gateway import gateway_database
from services.gateway import store
from services.gateway.domain.keys import key_digest, key_prefix
from services.gateway.domain.user_tokens import sign_user, verified_user


@pytest.fixture
def keys(
    service_database_uri: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """`keys("list")`: what `cdp keys list` does, on a database of the gateway."""
    monkeypatch.setenv("CDP_GATEWAY_DATABASE_URI", service_database_uri("gateway"))
    monkeypatch.setenv("CDP_AMQP_URI", "embedded://localhost")

    def run(*words: str) -> Result:
        return CliRunner().invoke(cli, ["keys", *words])

    run("source", "web", "--store", "mugs", "--origin", "https://mugs.example")
    return run


def opens(key: str) -> store.SourceKey | None:
    with gateway_database() as own:
        found: store.SourceKey | None = own.call("find_key", {"digest": key_digest(key)})
        return found


def made(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.parametrize("kind", ["browser", "server"])
def test_a_key_opens_its_source_and_is_kept_nowhere(keys: Callable[..., Result], kind: str) -> None:
    key = made(keys("create", "web", "--kind", kind, "--json"))["key"]
    found = opens(key)
    assert found is not None
    assert (found.source.source_id, found.source.key_kind) == ("web", kind)
    assert (found.source.store, found.source.allowed_origins) == ("mugs", ("https://mugs.example",))
    listed = keys("list").stdout
    assert key_prefix(key)[:8] in listed
    assert key not in listed


def test_a_key_in_place_of_another_lets_that_go_on_for_a_while(
    keys: Callable[..., Result],
) -> None:
    first = made(keys("create", "web", "--kind", "server", "--json"))
    second = made(keys("rotate", first["key_id"], "--keep", "1h", "--json"))
    assert opens(first["key"])
    assert opens(second["key"])
    third = made(keys("rotate", second["key_id"], "--keep", "0s", "--json"))
    assert opens(second["key"]) is None
    assert opens(third["key"])
    assert keys("revoke", key_prefix(third["key"])).exit_code == 0
    assert opens(third["key"]) is None
    assert keys("revoke", third["key_id"]).exit_code == 1


def test_a_source_is_changed_by_what_is_given_alone(keys: Callable[..., Result]) -> None:
    keys("source", "web", "--name", "The mugs", "--test", "--setting", "currency=EUR")
    changed = made(keys("source", "web", "--live", "--json"))
    assert changed["name"] == "The mugs"
    assert changed["is_test"] is False
    assert changed["allowed_origins"] == ["https://mugs.example"]
    assert changed["settings"] == {"currency": "EUR"}
    assert "mugs" in keys("sources").stdout


def test_the_list_of_origins_is_set_as_a_whole_or_emptied(keys: Callable[..., Result]) -> None:
    origins = ("--origin", "https://a.example", "--origin", "https://b.example/")
    changed = made(keys("source", "web", *origins, "--json"))
    assert changed["allowed_origins"] == ["https://a.example", "https://b.example"]
    assert made(keys("source", "web", "--origin", "none", "--json"))["allowed_origins"] == []
    wrong = keys("source", "web", *origins, "--origin", "none")
    assert "`none` alone" in wrong.stderr


@pytest.mark.parametrize("source_id", ["a/b", "a b", "", "-a", ".", "ä", "a" * 61, "a\n"])
def test_an_id_that_cannot_stand_in_an_address_is_no_sources(
    keys: Callable[..., Result], source_id: str
) -> None:
    result = keys("source", "--", source_id)
    assert result.exit_code == 1
    assert "such as web" in result.stderr
    assert "web" in keys("sources").stdout


def test_a_source_has_an_address_of_its_own_and_can_do_without_it_again(
    keys: Callable[..., Result],
) -> None:
    keys("source", "web", "--setting", "public_url=https://shop.example/cdp")
    changed = made(keys("source", "web", "--setting", "currency=EUR", "--json"))
    assert changed["settings"]["public_url"] == "https://shop.example/cdp"
    changed = made(keys("source", "web", "--setting", "public_url=null", "--json"))
    assert changed["settings"] == {"currency": "EUR"}


def test_a_secret_for_users_signs_tokens_until_the_next_one_has_taken_its_place(
    keys: Callable[..., Result],
) -> None:
    old = keys("secret", "web", "--for", "users").stdout.strip()
    new = keys("secret", "web", "--for", "users", "--keep", "1h").stdout.strip()
    with gateway_database() as own:
        now = own.work.clock.now()
        source = own.work.run(partial(store.load_source, seal=own.seal, source_id="web"))
    assert source is not None
    for secret in (old, new):
        assert verified_user(source, sign_user(secret, "ann", now), now) == "ann"
        assert secret not in repr(source)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("create", "nobody", "--kind", "server"), "is no source"),
        (("rotate", "nothing"), "no one key"),
        (("source", "web", "--origin", "mugs.example"), "https://shop.example"),
        (("source", "web", "--origin", "http://["), "https://shop.example"),
        (("source", "web", "--setting", "novalue"), "--setting"),
        (("source", "web", "--setting", "Currency=EUR"), "did you mean `currency`"),
        (("source", "web", "--setting", "currency=euro"), "such as EUR"),
        (("source", "web", "--setting", "public_url=shop"), "https://shop.example/cdp"),
        (("source", "web", "--setting", "consent_purposes=[1]"), "must be an object"),
        (("source", "web", "--setting", "shop_domain=https://a.example"), "mugs.myshopify.com"),
        (("source", "web", "--setting", "mapping=3"), "must be the text of a mapping file"),
        (("secret", "nobody", "--for", "users"), "is no source"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(
    keys: Callable[..., Result], words: tuple[str, ...], message: str
) -> None:
    result = keys(*words)
    assert result.exit_code == 1
    assert message in result.stderr


def test_the_list_of_sources_shows_their_settings(keys: Callable[..., Result]) -> None:
    keys("source", "till", "--setting", "currency=EUR", "--setting", "mapping=rows: {}\nevent: {}")
    printed = "".join(keys("sources").stdout.split())
    assert "currency=EUR,mapping" in printed
    assert "rows" not in printed
