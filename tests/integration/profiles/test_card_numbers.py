"""No card number gets into the databases of profiles, by whatever way events come."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from chassis.database.engine import Database
from services.profiles import store
from tests.integration.profiles.test_profiles import event, order
from tests.integration.profiles.test_profiles_backlog import ProfilesWithTimer

CARD = "4111 1111 1111 1111"
MASKED = "**** **** **** 1111"


@pytest.fixture
def shop(service_database: Callable[[str], Database]) -> ProfilesWithTimer:
    return ProfilesWithTimer(service_database("profiles"))


def order_with_note(event_id: str) -> dict[str, Any]:
    with_note = order(event_id, f"o-{event_id}", 4_000)
    with_note["data"] |= {"note": f"charge {CARD}"}
    return with_note


def deferred(shop: ProfilesWithTimer) -> Iterator[str]:
    """The bodies of the events that wait, opened."""
    query = sa.select(store.DEFERRED.c.sealed, store.DEFERRED.c.event_id)
    for sealed, event_id in shop.work.read(lambda unit: unit.connection.execute(query).all()):
        yield shop.recorder.vault.seal.open(sealed, event_id)


def test_an_event_with_a_card_number_is_rejected_and_its_neighbours_are_not(
    shop: ProfilesWithTimer,
) -> None:
    refused, taken = shop.receipts(event("e-1", data={"note": CARD}), event("e-2"))
    assert (refused["status"], taken["status"]) == ("rejected", "appended")
    assert refused["error"]["field"] == "events[0].data.note"
    assert "1111" not in json.dumps(refused)
    assert shop.recorded() == ["e-2"]


def test_an_order_counts_and_its_note_is_masked(shop: ProfilesWithTimer) -> None:
    (receipt,) = shop.receipts(order_with_note("e-1"))
    assert receipt["status"] == "appended"
    assert [each["field"] for each in receipt["warnings"]] == ["events[0].data.note"]
    assert [each.data["note"] for each in shop.log() if each.id == "e-1"] == [f"charge {MASKED}"]
    assert shop.get(receipt["profile_id"])["orders"]["revenue"] == {"USD": 4_000}


def test_the_same_order_again_is_a_duplicate_and_not_a_conflict(shop: ProfilesWithTimer) -> None:
    shop.record(order_with_note("e-1"))
    assert shop.statuses(order_with_note("e-1")) == ["duplicate"]


def test_what_waits_for_identity_waits_without_it(shop: ProfilesWithTimer) -> None:
    shop.identity.down = True
    assert shop.statuses(order_with_note("e-1"), event("e-2", data={"note": CARD})) == [
        "accepted",
        "rejected",
    ]
    (body,) = deferred(shop)
    assert MASKED in body
    assert CARD not in body
    assert shop.statuses(order_with_note("e-1")) == ["accepted"]
    shop.identity.down = False
    assert shop.drain() == 1
    assert [each.data["note"] for each in shop.log() if each.id == "e-1"] == [f"charge {MASKED}"]
