"""The service over RPC, in one process with the embedded broker and an identity in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from chassis import FixedClock, InvalidInput, NotFound, parse_instant
from chassis.config.settings import Settings
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from chassis.messaging import embedded
from chassis.runtime.client import Client
from chassis.runtime.runner import Runner
from services.profiles.service import ProfilesService
from services.profiles.store import DEFERRED
from tests.support.identity_service import IdentityServiceInMemory
from tests.unit.profiles.identity_in_memory import IdentityInMemory

NOW = parse_instant("2026-11-21T19:30:00Z")


@pytest.fixture
def identity() -> IdentityInMemory:
    IdentityServiceInMemory.inner = IdentityInMemory()
    return IdentityServiceInMemory.inner


@pytest.fixture
def profiles_uri(service_database_uri: Callable[[str], str]) -> str:
    return service_database_uri("profiles")


@pytest.fixture
def work(profiles_uri: str) -> Iterator[UnitOfWorkRunner]:
    """Units of work beside the service, on its database."""
    database = Database(profiles_uri)
    yield UnitOfWorkRunner(database, "profiles", FixedClock(NOW))
    database.close()


@pytest.fixture
def cdp(profiles_uri: str, identity: IdentityInMemory) -> Iterator[Client]:
    embedded.forget()
    uri = embedded.install(["identity", "profiles"])
    database_uri = profiles_uri

    def settings(service: str) -> Settings:
        return Settings(service, database_uri, uri, FixedClock(NOW), b"key", role="rpc")

    runner = Runner(
        [(kind, settings(kind.name)) for kind in (IdentityServiceInMemory, ProfilesService)]
    )
    runner.start()
    with Client(uri) as client:
        yield client
    runner.stop()


def event(event_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": event_id,
        "type": "page_read",
        "time": "2026-11-21T19:00:00Z",
        "identifiers": {"anonymous_id": "a-1"},
        "authenticated": False,
        **changes,
    }


def test_what_was_recorded_is_read_by_profile_and_by_identifiers(cdp: Client) -> None:
    recorded = cdp.call("profiles", "record", events=[event("e-1")])
    (receipt,) = recorded["receipts"]
    profile = cdp.call("profiles", "get", profile_id=receipt["profile_id"])
    assert (profile["events"], profile["versions"]) == (1, recorded["token"])
    same = cdp.call("profiles", "get", identifiers={"anonymous_id": "a-1"})
    assert same == {**profile, "requested": None}
    assert cdp.call("profiles", "statistics")["events"] == 1


def test_a_call_that_is_wrong_as_a_whole_names_the_argument_and_writes_nothing(
    cdp: Client,
) -> None:
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("sender", {"events": [], "sender": "x"}),
        ("events", {}),
        ("events", {"events": "[{}]"}),
        ("events", {"events": [event("e")] * 1_001}),
    ]
    for field, arguments in wrong:
        with pytest.raises(InvalidInput) as caught:
            cdp.call("profiles", "record", **arguments)
        assert caught.value.subject == field
    assert cdp.call("profiles", "statistics")["streams"] == 0


def test_python_objects_that_the_broker_carries_are_refused_by_name(cdp: Client) -> None:
    values = [datetime(2026, 11, 21, tzinfo=UTC), Decimal("4.5")]
    events = [event(f"e-{n}", data={"x": value}) for n, value in enumerate(values)]
    for number, receipt in enumerate(cdp.call("profiles", "record", events=events)["receipts"]):
        assert receipt["error"]["field"] == f"events[{number}].data.x"
        assert "send plain JSON" in receipt["error"]["message"]


def test_without_identity_events_are_accepted_and_wait(
    cdp: Client, identity: IdentityInMemory
) -> None:
    identity.down = True
    recorded = cdp.call("profiles", "record", events=[event("e-1")])
    assert recorded == {
        "receipts": [
            {"event_id": "e-1", "status": "accepted", "ignored_identifiers": [], "warnings": []}
        ],
        "token": {},
    }
    assert cdp.call("profiles", "statistics")["waiting"] == 1


def test_plain_values_are_shown_to_who_asks_for_them(cdp: Client) -> None:
    identifiers = {"anonymous_id": "a-1", "email": "Ann@shop.example"}
    cdp.call("profiles", "record", events=[event("e-1", identifiers=identifiers)])
    hidden = cdp.call("profiles", "get", identifiers=identifiers)["identifiers"]
    assert all(each.keys() == {"type", "key"} for each in hidden)
    revealed = cdp.call("profiles", "get", identifiers=identifiers, reveal=True)["identifiers"]
    assert {each["type"] for each in revealed} == set(identifiers)


def test_a_profile_is_asked_for_in_one_way(cdp: Client) -> None:
    both = {"profile_id": "p", "identifiers": {"user_id": "u"}}
    for who in ({}, both, {"profile_id": 5}):
        with pytest.raises(InvalidInput, match="profile_id"):
            cdp.call("profiles", "get", **who)


def test_nobody_is_not_found(cdp: Client) -> None:
    with pytest.raises(NotFound):
        cdp.call("profiles", "get", profile_id="nobody")
    with pytest.raises(NotFound):
        cdp.call("profiles", "get", identifiers={"user_id": "nobody"})


def test_events_that_could_not_be_recorded_are_listed_and_tried_again(
    cdp: Client, work: UnitOfWorkRunner
) -> None:
    refused = {"event_id": "e-1", "received_at": NOW, "sealed": "…", "refused": "it is damaged"}
    work.run(lambda unit: unit.connection.execute(sa.insert(DEFERRED), refused))
    instant = "2026-11-21T19:30:00.000000Z"
    assert cdp.call("profiles", "unrecordable") == [
        {"event_id": "e-1", "received_at": instant, "reason": "it is damaged"}
    ]
    assert cdp.call("profiles", "retry_unrecordable", event_ids=["e-2"]) == {"events": 0}
    assert cdp.call("profiles", "retry_unrecordable") == {"events": 1}
    assert cdp.call("profiles", "unrecordable") == []
    assert cdp.call("profiles", "set_aside_deferred", event_ids=["e-1"]) == {"events": 1}
    (aside,) = cdp.call("profiles", "unrecordable")
    assert aside["reason"] == "an operator set it aside"
    for limit in (0, 1_001, "many"):
        with pytest.raises(InvalidInput, match="limit"):
            cdp.call("profiles", "unrecordable", limit=limit)
    with pytest.raises(InvalidInput, match="event_ids"):
        cdp.call("profiles", "retry_unrecordable", event_ids="e-1")
