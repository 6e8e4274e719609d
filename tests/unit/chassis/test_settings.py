from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from chassis import FixedClock, InvalidInput, SystemClock
from chassis.config.door import key_digest
from chassis.config.settings import Settings, read_settings

DATABASE = "sqlite:///offers.db"
BROKER = "amqp://broker/cdp"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Settings]:
    """`environment(CDP_WORKERS="4")`: offers' settings in an otherwise sufficient environment."""

    def read(**variables: str | None) -> Settings:
        environment = {"CDP_OFFERS_DATABASE_URI": DATABASE, "CDP_AMQP_URI": BROKER, **variables}
        for name, value in environment.items():
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)
        return read_settings("offers")

    return read


def test_two_variables_suffice(environment: Callable[..., Settings]) -> None:
    settings = environment()
    assert (settings.service, settings.database_uri, settings.amqp_uri) == (
        "offers",
        DATABASE,
        BROKER,
    )
    assert isinstance(settings.clock, SystemClock)
    assert settings.config_dir is None
    assert not settings.embedded


def test_a_services_own_broker_comes_before_that_of_all(
    environment: Callable[..., Settings],
) -> None:
    settings = environment(CDP_OFFERS_AMQP_URI="embedded://localhost")
    assert settings.amqp_uri == "embedded://localhost"
    assert settings.embedded


def test_every_setting_is_read(environment: Callable[..., Settings], tmp_path: Path) -> None:
    settings = environment(
        CDP_CLOCK="1998-07-01T00:00:00Z",
        CDP_IDENTIFIER_KEY="secret",
        CDP_CONFIG_DIR=str(tmp_path),
        CDP_BATCH_SIZE="7",
        CDP_WORKERS="3",
        CDP_RECONCILE_SECONDS="1.5",
    )
    assert isinstance(settings.clock, FixedClock)
    assert settings.identifier_key == b"secret"
    assert settings.config_dir == tmp_path
    assert (settings.batch_size, settings.workers, settings.reconcile_seconds) == (7, 3, 1.5)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CDP_OFFERS_DATABASE_URI", None),
        ("CDP_OFFERS_DATABASE_URI", ""),
        ("CDP_AMQP_URI", None),
        ("CDP_CLOCK", "noon"),
        ("CDP_CONFIG_DIR", "/no/such/directory"),
        ("CDP_IDENTIFIER_KEY", ""),
        ("CDP_BATCH_SIZE", "many"),
        ("CDP_BATCH_SIZE", "0"),
        ("CDP_WORKERS", "0"),
        ("CDP_WORKERS", "-1"),
        ("CDP_RECONCILE_SECONDS", "soon"),
        ("CDP_RECONCILE_SECONDS", "0"),
        ("CDP_RECONCILE_SECONDS", "nan"),
        ("CDP_RECONCILE_SECONDS", "inf"),
        ("CDP_HTTP_PORT", "metrics"),
        ("CDP_HTTP_PORT", "-1"),
        ("CDP_HTTP_PORT", "99999"),
        ("CDP_OFFERS_DATABASE_URI", "nonsense"),
        ("CDP_OFFERS_DATABASE_URI", "mysql://x"),
    ],
)
def test_what_is_wrong_is_named_by_its_variable(
    environment: Callable[..., Settings], variable: str, value: str | None
) -> None:
    with pytest.raises(InvalidInput, match=f"^{variable}: "):
        environment(**{variable: value})


@pytest.mark.parametrize(
    ("role", "rpc", "events"), [("rpc", True, False), ("events", False, True), ("all", True, True)]
)
def test_a_role_says_what_a_process_does(role: str, rpc: bool, events: bool) -> None:
    settings = Settings("offers", DATABASE, BROKER, SystemClock(), b"k", role=role)  # type: ignore[arg-type]
    assert (settings.serves_rpc, settings.follows_events) == (rpc, events)


KEY = "4f1c1e0e9b7d42f0"


def test_a_door_has_an_address_and_digests_of_its_keys(
    environment: Callable[..., Settings],
) -> None:
    settings = environment(CDP_OFFERS_HTTP="0.0.0.0:8090", CDP_OFFERS_KEYS=f"{KEY}, next-{KEY}")
    assert settings.door_address == ("0.0.0.0", 8090)
    assert settings.door_keys == (key_digest(KEY), key_digest(f"next-{KEY}"))
    assert KEY not in repr(settings)
    assert environment(CDP_OFFERS_HTTP="[::1]:8090").door_address == ("::1", 8090)
    assert environment(CDP_OFFERS_HTTP="").door_address is None


@pytest.mark.parametrize("address", ["8090", "host", "host:port", "http://host:1", "host:99999"])
def test_a_door_that_is_nowhere_is_refused(
    environment: Callable[..., Settings], address: str
) -> None:
    with pytest.raises(InvalidInput, match=r"CDP_OFFERS_HTTP.*0\.0\.0\.0:8090"):
        environment(CDP_OFFERS_HTTP=address, CDP_OFFERS_KEYS=KEY)


@pytest.mark.parametrize("keys", [None, "", " , ", "short", f"{KEY},short", f"{KEY} {KEY}"])
def test_a_door_without_good_keys_is_refused_and_none_is_repeated(
    environment: Callable[..., Settings], keys: str | None
) -> None:
    with pytest.raises(InvalidInput, match=r"CDP_OFFERS_KEYS.*openssl rand -hex 32") as refusal:
        environment(CDP_OFFERS_HTTP="host:8090", CDP_OFFERS_KEYS=keys)
    assert KEY not in str(refusal.value)
