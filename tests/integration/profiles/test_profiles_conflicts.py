"""An id that was sent before with other content: nothing is written, and nothing is told of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from chassis import DAY, Draft, Event, FixedClock
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from contracts.profiles import EVENT_CONFLICT
from services.profiles import store
from services.profiles.commands import CONFLICTS
from services.profiles.domain.recording import SERVER
from services.profiles.queries import list_conflicts
from services.profiles.store import DEFERRED
from tests.integration.profiles.test_profiles import NOW, event, order
from tests.integration.profiles.test_profiles_backlog import ProfilesWithTimer

ANN = {"anonymous_id": "ann"}
BOB = {"anonymous_id": "bob", "email": "bob@shop.example"}


@pytest.fixture
def shop(service_database: Callable[[str], Database]) -> ProfilesWithTimer:
    return ProfilesWithTimer(service_database("profiles"))


def conflicts(shop: ProfilesWithTimer) -> list[tuple[str, list[str], int]]:
    listed = shop.work.read(lambda unit: list_conflicts(unit, 100))
    assert all(EVENT_CONFLICT.load(each) for each in listed)
    return [(each["event_id"], each["differing"], each["times"]) for each in listed]


def statuses(receipts: Sequence[dict[str, Any]]) -> list[str]:
    return [receipt["status"] for receipt in receipts]


def log_of(shop: ProfilesWithTimer) -> list[Event]:
    return [each for each in shop.log() if each.type != "identity_changed"]


@pytest.mark.parametrize(
    ("other", "differing"),
    [
        (event("5001", "order_cancelled", data={"order_id": "1"}, identifiers=ANN), ["type"]),
        (order("5001", "1", 999, identifiers=ANN), ["data.products", "data.revenue"]),
        (order("5001", "1", 500, identifiers=BOB), ["identifiers"]),
    ],
)
def test_an_id_that_stands_for_another_event_is_a_conflict_and_nothing_is_written(
    shop: ProfilesWithTimer, other: dict[str, Any], differing: list[str]
) -> None:
    counted = CONFLICTS._value.get()
    (first,) = shop.receipts(order("5001", "1", 500, identifiers=ANN))
    receipts = shop.receipts(other, event("e-2", identifiers=BOB))
    assert statuses(receipts) == ["conflict", "appended"]
    (conflict, _) = receipts
    assert conflict["error"]["field"] == "events[0].id"
    assert conflict.keys() == {
        "event_id",
        "status",
        "ignored_identifiers",
        "error",
        "errors",
        "warnings",
    }
    assert first["stream_id"] not in str(receipts)
    assert first["profile_id"] not in str(receipts)
    assert [each.id for each in log_of(shop)].count("5001") == 1
    ((listed, names, times),) = conflicts(shop)
    assert (listed, times) == ("5001", 1)
    assert set(differing) <= set(names)
    assert CONFLICTS._value.get() == counted + 1


def test_the_token_of_a_call_says_nothing_of_a_conflict(shop: ProfilesWithTimer) -> None:
    shop.receipts(order("5001", "1", 500, identifiers=ANN))
    again = order("5001", "2", 500, identifiers=BOB)
    response = shop.recorder.record([again], shop.identity, shop.work)
    assert response["token"] == {}


def test_the_same_content_in_another_form_is_a_duplicate(shop: ProfilesWithTimer) -> None:
    who = {"anonymous_id": "ann", "email": "Ann@Shop.example"}
    sent = order("5001", "1", 500, identifiers=who, time="2026-11-21T19:00:00Z")
    shop.receipts(sent)
    data = {**sent["data"], "order_id": 1, "revenue": "500", "currency": "usd"}
    again = {
        **sent,
        "data": data,
        "identifiers": {"email": "ann@shop.example", "anonymous_id": "ann"},
        "time": "2026-11-21 18:00Z",
        "context": {"device": "mobile"},
    }
    assert statuses(shop.receipts(again)) == ["duplicate"]
    assert conflicts(shop) == []


def test_in_one_call_the_first_event_of_an_id_counts(shop: ProfilesWithTimer) -> None:
    same, other = event("e-1", data={"page": "/"}), event("e-1", data={"page": "/cart"})
    assert statuses(shop.receipts(same, other, same)) == ["appended", "conflict", "duplicate"]
    assert [each.data for each in log_of(shop)] == [{"page": "/"}]
    assert conflicts(shop) == [("e-1", ["data.page"], 1)]


def test_how_often_and_when_it_happened_is_listed(shop: ProfilesWithTimer) -> None:
    shop.receipts(event("e-1"), event("e-2"))
    shop.receipts(event("e-1", data={"a": 1}), event("e-2", "other"))
    shop.receipts(event("e-1", data={"b": 1}))
    assert conflicts(shop) == [("e-1", ["data.b"], 2), ("e-2", ["type"], 1)]


def test_while_identity_is_down_a_conflict_is_one_with_what_waits(shop: ProfilesWithTimer) -> None:
    shop.receipts(event("old"))
    shop.identity.down = True
    assert statuses(shop.receipts(event("e-1", identifiers=ANN))) == ["accepted"]
    receipts = shop.receipts(
        event("e-1", identifiers=ANN),
        event("e-1", identifiers=BOB),
        event("e-2"),
        event("e-2", "other"),
        event("old", "other"),
    )
    assert statuses(receipts) == ["accepted", "conflict", "accepted", "conflict", "conflict"]
    assert statuses(shop.receipts(event("e-1", "other", identifiers=ANN))) == ["conflict"]
    shop.identity.down = False
    shop.drain()
    assert sorted((each.id, each.type) for each in log_of(shop)) == [
        ("e-1", "page_read"),
        ("e-2", "page_read"),
        ("old", "page_read"),
    ]


def test_an_event_of_an_earlier_release_is_compared_by_its_type_and_data(
    shop: ProfilesWithTimer,
) -> None:
    (first,) = shop.receipts(event("e-0", identifiers=ANN))
    line = {"sku": "a", "quantity": 1}
    data = {"order_id": "1", "revenue": 5, "currency": "USD", "store": 7, "products": [line]}
    draft = Draft(
        "5001",
        first["stream_id"],
        "order_completed",
        {**data, "context": {"device": "tv"}},
        NOW,
        metadata={"profile_id": first["profile_id"]},
    )
    shop.work.run(lambda unit: unit.append([draft]))
    same = event("5001", "order_completed", data=data, identifiers=ANN)
    assert statuses(shop.receipts(same)) == ["duplicate"]
    other = event("5001", "order_completed", data={**data, "revenue": 6}, identifiers=ANN)
    assert statuses(shop.receipts(other)) == ["conflict"]
    assert conflicts(shop) == [("5001", ["data.revenue"], 1)]


def test_an_event_that_identity_refuses_is_no_conflict(shop: ProfilesWithTimer) -> None:
    nobody = {"anonymous_id": "undefined"}
    receipts = shop.receipts(
        event("e-1", identifiers=nobody), event("e-1", "other", identifiers=nobody)
    )
    assert statuses(receipts) == ["rejected", "rejected"]
    assert conflicts(shop) == []


def test_no_value_is_listed_and_long_names_are_cut(shop: ProfilesWithTimer) -> None:
    shop.receipts(event("e-1", data={"mail": "ann@shop.example"}))
    shop.receipts(event("e-1", data={"mail": "bob@shop.example", "x" * 500: 1}))
    ((_, names, _),) = conflicts(shop)
    assert names == ["data.mail", f"data.{'x' * 95}"]


def test_old_conflicts_are_forgotten(shop: ProfilesWithTimer) -> None:
    shop.receipts(event("e-1"))
    shop.receipts(event("e-1", "other"))
    much_later = UnitOfWorkRunner(shop.work.database, "profiles", FixedClock(NOW + 91 * DAY))
    assert shop.work.run(store.forget_conflicts) == 0
    assert much_later.run(store.forget_conflicts) == 1
    assert conflicts(shop) == []


# What is kept beside an event.


def test_an_event_keeps_its_arrival_its_origin_and_the_key_of_its_address(
    shop: ProfilesWithTimer,
) -> None:
    both = {**BOB, "phone": "+12025550123"}
    shop.receipts(event("e-1", identifiers=ANN), event("e-2", identifiers=both))
    shop.recorder.record([event("e-3", identifiers=BOB)], shop.identity, shop.work, "browser")
    shop.receipts(event("e-4", identifiers=BOB, proven=["email"]))
    kept = {each.id: each.metadata for each in log_of(shop)}
    arrivals = [kept[f"e-{number}"]["arrival"] for number in range(1, 5)]
    assert arrivals == sorted(arrivals)
    assert [place for _, place in arrivals] == [0, 1, 0, 0]
    assert arrivals[0][0] == arrivals[1][0] < arrivals[2][0]
    assert "address" not in kept["e-1"]
    assert kept["e-2"]["address"] == kept["e-3"]["address"]
    assert kept["e-2"]["address"].startswith("email:")
    assert "bob@" not in str(kept)
    assert (kept["e-3"]["origin"], "origin" in kept["e-2"]) == ("browser", False)
    assert (kept["e-4"]["proven"], "proven" in kept["e-2"]) == (["email"], False)


def test_what_waited_for_identity_keeps_how_it_came_in(shop: ProfilesWithTimer) -> None:
    shop.identity.down = True
    shop.recorder.record([event("e-1", authenticated=True)], shop.identity, shop.work, "browser")
    shop.recorder.record([event("e-2", authenticated=True)], shop.identity, shop.work, SERVER)
    shop.identity.down = False
    shop.receipts(event("e-3"))
    shop.drain()
    first, second, third = sorted(log_of(shop), key=lambda each: each.id)
    assert first.arrival < second.arrival < third.arrival
    assert (first.metadata["origin"], first.metadata["authenticated"]) == ("browser", False)
    assert ("origin" in second.metadata, second.metadata["authenticated"]) == (False, True)


def test_what_an_earlier_release_has_deferred_is_recorded(shop: ProfilesWithTimer) -> None:
    sealed = shop.recorder.vault.seal.close(json.dumps(event("e-1", identifiers=ANN)), "e-1")
    row = {"event_id": "e-1", "received_at": NOW, "sealed": sealed}
    shop.work.run(lambda unit: unit.connection.execute(sa.insert(DEFERRED), [row]))
    assert shop.drain() == 1
    assert [each.id for each in log_of(shop)] == ["e-1"]
