"""Profiles that claims have fused: an upgrade leaves them, a redraw parts them, a merge undoes it.

tests/golden/databases/0.1.0-claims holds what the last release before the rules has made of what
guests typed; beside it stands whose every stream was, and every profile.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from click.testing import CliRunner

from cdp.commands.root import cli
from cdp.embedded import EMBEDDED_BROKER, EMBEDDED_KEY, EmbeddedSuite, embedded_settings
from chassis import FixedClock, parse_instant
from chassis.messaging import embedded
from chassis.runtime.client import Client
from chassis.validation import load_checked
from contracts.identity.support import RedrawResponse
from contracts.topology import SERVICE_NAMES
from deploy.services import upgrade
from tests.support.servers import Databases
from tests.support.toy_services import wait_until

GOLDEN = Path(__file__).parents[1] / "golden" / "databases"
CLAIMS = GOLDEN / "0.1.0-claims"
FUSED = {"lea-1", "cara-1", "ann-1", "till-0"}  # an event of each profile that claims have fused


@dataclass(slots=True)
class FusedShop:
    """All services on databases of the release, and what it made of them."""

    client: Client
    labels: Mapping[str, str]
    streams: Mapping[str, str]
    profiles: Mapping[str, Mapping[str, Any]]

    def call(self, service: str, method: str, /, **arguments: Any) -> Any:
        return self.client.call(service, method, **arguments)

    def labels_in(self, service: str, method: str) -> dict[str, str]:
        """The profile of each stream, as a service has it."""
        return {
            stream: self.call(service, method, profile_id=stream)["profile_id"]
            for stream in self.labels
        }

    def labels_now(self) -> dict[str, str]:
        return self.labels_in("profiles", "get")

    def wait_until_followed(self) -> None:
        """Wait until profiles, segments and offers have followed."""
        for service, source in (
            ("profiles", "identity"),
            ("segments", "profiles"),
            ("offers", "profiles"),
        ):
            heads = self.call(source, "streams", limit=1_000)["streams"]
            places = {head["stream"]: head["version"] for head in heads}
            ask = partial(self.call, service, "behind", source=source, places=places)
            wait_until(partial(_nothing_behind, ask))

    def redraw(self, *, dry_run: bool) -> list[dict[str, Any]]:
        """What a redraw parts, profile by profile."""
        results: list[dict[str, Any]] = []
        after: str | None = ""
        while after is not None:
            page = self.call("identity", "redraw", after=after, limit=2, dry_run=dry_run)
            load_checked(RedrawResponse(), page)
            results += page["profiles"]
            after = page["after"]
        self.wait_until_followed()
        return results

    def profile_of(self, event_id: str) -> str:
        """Whose an event is."""
        found: str = self.call("profiles", "find", who=event_id)["profile_id"]
        return found

    def orders(self, **identifiers: str) -> set[str]:
        """The orders of whom identifiers lead to."""
        page = self.call("profiles", "timeline", identifiers=identifiers)
        return {each["order_id"] for each in page["orders"]}


def _nothing_behind(ask: Callable[[], Any]) -> bool:
    return not ask()["behind"]


def _restore(uri: str, dump: str) -> None:
    if uri.startswith("sqlite:///"):
        with closing(sqlite3.connect(uri.removeprefix("sqlite:///"))) as database:
            database.executescript(dump)
        return
    with closing(psycopg2.connect(uri)) as connection:
        connection.cursor().execute(dump)
        connection.commit()


@contextmanager
def _running(uris: Mapping[str, str], folder: Path, clock: FixedClock) -> Iterator[Client]:
    settings = [
        replace(
            each,
            database_uri=uris[each.service],
            identifier_key=EMBEDDED_KEY.encode(),
            config_dir=GOLDEN / "0.1.0" / "config",
        )
        for each in embedded_settings(folder, clock)
    ]
    embedded.forget()
    with EmbeddedSuite(settings).running(), Client(EMBEDDED_BROKER, 30.0) as client:
        yield client
    embedded.forget()


@pytest.fixture
def shop(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FusedShop]:
    """The databases of the release, upgraded, and all services on them."""
    expected = json.loads((CLAIMS / engine / "expected.json").read_text())
    owners, users = {}, {}
    for service in SERVICE_NAMES:
        dump = (CLAIMS / engine / f"{service}.sql").read_text()
        if engine == "sqlite":
            owners[service] = users[service] = f"sqlite:///{tmp_path / service}.db"
            _restore(owners[service], dump)
            upgrade(service, owners[service])
        else:
            databases: Databases = request.getfixturevalue("databases")
            owners[service], users[service] = databases.create(service)
            _restore(owners[service], dump)
            upgrade(service, owners[service], databases.user(service))
    clock = FixedClock(parse_instant(expected["clock"]))
    with _running(users, tmp_path, clock) as client:
        shop = FusedShop(client, expected["labels"], expected["events"], expected["profiles"])
        shop.wait_until_followed()
        yield shop
    if engine == "postgresql":
        for uri in owners.values():
            request.getfixturevalue("databases").drop(uri)


def test_an_upgrade_leaves_every_label_and_every_order(shop: FusedShop) -> None:
    assert shop.labels_now() == shop.labels
    for profile_id, before in shop.profiles.items():
        now = shop.call("profiles", "get", profile_id=profile_id)
        assert now["orders"]["count"] == before["orders"]["count"], profile_id
        assert now["orders"]["revenue"] == before["orders"]["revenue"], profile_id


def test_a_dry_run_lists_what_claims_have_fused_and_changes_nothing(shop: FusedShop) -> None:
    results = shop.redraw(dry_run=True)
    assert {repair["before"][0]["profile_id"] for repair in results} == {
        shop.labels[shop.streams[event]] for event in FUSED
    }
    assert all(repair["dry_run"] and repair["fact_id"] is None for repair in results)
    assert shop.labels_now() == shop.labels


def test_a_redraw_gives_everybody_what_is_theirs_and_nobody_what_is_not(shop: FusedShop) -> None:
    listed = shop.redraw(dry_run=True)
    results = shop.redraw(dry_run=False)
    assert [repair["after"] for repair in results] == [repair["after"] for repair in listed]
    assert shop.orders(user_id="eve") == set()
    assert shop.orders(user_id="bob") == {"3"}
    assert shop.orders(anonymous_id="ann-laptop") == {"4"}
    assert shop.orders(anonymous_id="phone9") == set()
    assert shop.call("profiles", "get", identifiers={"anonymous_id": "phone9"})["traits"] == {}
    for number in range(6):
        assert shop.orders(device_id=f"till-customer-{number}") == {f"till-order-{number}"}
    assert shop.orders(user_id="nora") == {"5"}
    assert shop.profile_of("kim-1") == shop.profile_of("kim-2")
    assert shop.redraw(dry_run=False) == []


def test_a_desk_gives_what_a_redraw_has_parted_to_whom_it_belongs(shop: FusedShop) -> None:
    shop.redraw(dry_run=False)
    for account, guest in (("lea-2", "lea-1"), ("cara-2", "cara-1")):
        one, other = shop.profile_of(account), shop.profile_of(guest)
        shop.call("identity", "merge", a=one, b=other, reason="hers, she says")
    shop.wait_until_followed()
    assert shop.orders(user_id="lea") == {"1"}
    assert shop.orders(user_id="cara") == {"2"}
    assert shop.orders(user_id="eve") == set()
    assert shop.orders(user_id="bob") == {"3"}


def test_a_merge_restores_what_a_redraw_has_parted(shop: FusedShop) -> None:
    shop.redraw(dry_run=False)
    ann, phone9 = shop.profile_of("ann-1"), shop.profile_of("phone9-1")
    assert ann != phone9
    shop.call("identity", "merge", a=ann, b=phone9, reason="both hers, she says")
    shop.wait_until_followed()
    assert shop.profile_of("ann-1") == shop.profile_of("phone9-1")
    assert shop.orders(anonymous_id="phone9") == {"4"}
    assert shop.redraw(dry_run=True) == []
    events = ("ann-1", "ann-2", "phone9-1")
    assert {shop.profile_of(event) for event in events} == {shop.labels[shop.streams["ann-1"]]}


def test_every_read_model_follows_a_redraw(shop: FusedShop) -> None:
    shop.redraw(dry_run=False)
    labels = shop.labels_now()
    assert shop.labels_in("segments", "memberships") == labels
    for profile_id in set(labels.values()):
        described = shop.call("identity", "describe", profile_id=profile_id)
        assert described["profile_id"] == profile_id
        streams = {stream["stream"] for stream in described["streams"]}
        assert streams == {stream for stream, label in labels.items() if label == profile_id}


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_command_lists_and_then_parts_and_then_finds_nothing(
    shop: FusedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def connected(*_arguments: object) -> Iterator[Client]:
        yield shop.client

    monkeypatch.setattr("cdp.commands.identity.connected", connected)
    run = CliRunner().invoke
    listed = run(cli, ["identity", "redraw", "--dry-run"]).stdout
    assert f"{len(FUSED)} of them would be parted." in listed
    assert f"{len(FUSED)} of them were parted." in run(cli, ["identity", "redraw"]).stdout
    assert "0 of them were parted." in run(cli, ["identity", "redraw"]).stdout
