"""Pages that are loaded again, on both databases: each shows what the first one has reserved."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from chassis import MINUTE, Conflict
from chassis.core.instants import format_instant
from chassis.database.engine import Database
from services.offers import queries, store
from services.offers.commands import DecisionHandler
from services.offers.domain.caps import GRACE
from tests.integration.offers.test_caps import (
    ANN,
    BEN,
    KEY,
    NOW,
    TYPES,
    CappedShop,
    Overtaken,
    offer_in,
)

HOLD = 30 * MINUTE
ACCOUNT: dict[str, Any] = {"identifiers": {"user_id": "u-1"}, "authenticated": True}


@pytest.fixture
def shop(service_database: Callable[[str], Database]) -> CappedShop:
    shop = CappedShop(service_database("offers"))
    shop.move("p-1", "s-1", device_id="d-1")
    shop.move("p-2", "s-2", device_id="d-2")
    return shop


def load_page(shop: CappedShop, device: str = "d-1", **request: Any) -> dict[str, Any]:
    """The decision of a page that reserves."""
    return shop.decide(device, reserve=True, **request)


def key_in(decision: dict[str, Any]) -> str:
    key: str = decision["reservations"]["coupon"]["key"]
    return key


def states(shop: CappedShop) -> list[str]:
    """The states of all grants, the oldest first."""
    query = sa.select(store.GRANTS.c.state).order_by(store.GRANTS.c.decided_at)
    return list(shop.work.read(lambda unit: unit.connection.execute(query).scalars().all()))


@pytest.mark.parametrize(
    ("caps", "budget", "used"),
    [
        ("{by: shopper, most: 1}", "budget: {count: 1}", 1),
        ("{by: shopper, most: 3}", "budget: {count: 3}", 1),
        ("{by: offer, most: 1}", "budget: {amount: 1000, currency: EUR}", 1000),
        ("{by: shopper, amount: 1500, currency: EUR}", "", 0),
        ("", "budget: {count: 3}", 1),
    ],
)
def test_a_page_that_is_loaded_again_shows_its_offer_on_the_same_reservation(
    shop: CappedShop, caps: str, budget: str, used: int
) -> None:
    shop.set_limits(caps, budget)
    first = load_page(shop)
    shop.clock.at += 10 * MINUTE
    for _ in range(3):
        again = load_page(shop)
        assert offer_in(again) == "coupon"
        assert again["decision_id"] != first["decision_id"]
        assert again["reservations"] == first["reservations"]
        assert "capped" not in again
    assert again["reservations"]["coupon"]["expires_at"] == format_instant(NOW + HOLD)
    assert (states(shop), shop.used()) == (["reserved"], used)


def test_a_decision_of_a_page_that_was_loaded_again_is_explained_and_replayed_as_it_was(
    shop: CappedShop,
) -> None:
    shop.set_limits("{by: offer, most: 1}", "budget: {count: 1}")
    load_page(shop)
    again = load_page(shop)
    load_page(shop, "d-2")
    shop.release(key_in(again))
    shop.log.flush(5)
    explained = queries.explain(shop.work, again["decision_id"], shop.handler.catalogues)
    assert explained["reservations"] == again["reservations"]
    assert explained["slots"] == again["slots"]
    page = shop.work.read(lambda unit: queries.replay_page(unit, {}, shop.handler.catalogues))
    assert (page["decisions"], page["same"]) == (3, 3)


@pytest.mark.parametrize("limits", [("{by: offer, most: 1}", ""), ("", "budget: {count: 1}")])
def test_what_one_shopper_has_reserved_is_kept_from_others_alone(
    shop: CappedShop, limits: tuple[str, str]
) -> None:
    shop.set_limits(*limits)
    first = load_page(shop)
    for who in ("d-2", "unknown"):
        other = load_page(shop, who)
        assert offer_in(other) == "plain"
        assert "reservations" not in other
        assert list(other["capped"]) == ["coupon"]
    assert load_page(shop)["reservations"] == first["reservations"]


def test_every_decision_shows_what_is_reserved_for_its_shopper_and_only_one_that_reserves_tells_it(
    shop: CappedShop,
) -> None:
    load_page(shop)
    for decision in (shop.decide(), shop.decide(dry_run=True, reserve=True)):
        assert offer_in(decision) == "coupon"
        assert not {"reservations", "capped"} & decision.keys()
    assert states(shop) == ["reserved"]


def test_a_reservation_is_the_shoppers_on_every_device_and_after_a_sign_in(
    shop: CappedShop,
) -> None:
    shop.move("p-3", "s-3", user_id="u-1")
    guest = load_page(shop)
    assert key_in(load_page(shop, **ACCOUNT)) != key_in(guest), "they are two profiles yet"
    shop.release(key_in(load_page(shop, **ACCOUNT)))
    shop.move("p-3", "s-1", epoch=2)
    assert load_page(shop, **ACCOUNT)["reservations"] == guest["reservations"]
    assert load_page(shop)["reservations"] == guest["reservations"]


def test_a_guest_whom_nobody_knows_yet_has_her_reservation_by_her_device(shop: CappedShop) -> None:
    first = load_page(shop, "new")
    assert load_page(shop, "new")["reservations"] == first["reservations"]
    assert key_in(load_page(shop, "newer")) != key_in(first)
    shop.move("p-9", "s-9", device_id="new")
    assert load_page(shop, "new")["reservations"] == first["reservations"]


def test_whoever_has_a_device_next_is_not_shown_what_was_reserved_on_it(shop: CappedShop) -> None:
    first = load_page(shop, "d-9")
    shop.move("p-9", "s-9", device_id="d-9")
    shop.move("p-10", "s-10", epoch=2, device_id="d-9")
    assert key_in(load_page(shop, "d-9")) != key_in(first)


def test_of_two_reservations_that_a_merge_brings_together_the_longer_one_is_shown(
    shop: CappedShop,
) -> None:
    load_page(shop)
    shop.clock.at += MINUTE
    later = load_page(shop, "d-2")
    shop.move("p-2", "s-1", epoch=2)
    for device in ("d-1", "d-2"):
        assert load_page(shop, device)["reservations"] == later["reservations"]


def test_a_device_is_not_told_what_its_account_has_reserved_of_an_offer_for_a_sign_in(
    shop: CappedShop,
) -> None:
    shop.move("p-1", "s-3", epoch=3, user_id="u-1")
    shop.set_limits(requires="verified")
    reserved = load_page(shop, **ACCOUNT)
    device = load_page(shop)
    assert offer_in(device) == "plain"
    assert not {"reservations", "capped"} & device.keys()
    assert load_page(shop, **ACCOUNT)["reservations"] == reserved["reservations"]


def test_what_is_confirmed_is_shown_no_more_unless_there_is_room_for_another(
    shop: CappedShop,
) -> None:
    shop.set_limits("{by: shopper, most: 2}", "budget: {count: 5}")
    first = key_in(load_page(shop))
    tab = key_in(load_page(shop))
    assert shop.confirm(first, order_id="o-1")["state"] == "confirmed"
    with pytest.raises(Conflict, match="another order"):
        shop.confirm(tab, order_id="o-2")
    second = key_in(load_page(shop))
    assert second != first
    assert shop.confirm(second, order_id="o-2")["state"] == "confirmed"
    assert offer_in(load_page(shop)) == "plain"
    assert (states(shop), shop.used()) == (["confirmed"] * 2, 2)


def test_what_one_tab_releases_is_released_for_the_other_and_the_next_page_reserves_anew(
    shop: CappedShop,
) -> None:
    shop.set_limits(more="budget: {count: 1}")
    first, tab = load_page(shop), load_page(shop)
    shop.release(key_in(tab))
    assert shop.confirm(key_in(first))["state"] == "released"
    again = load_page(shop)
    assert key_in(again) != key_in(first)
    assert (states(shop), shop.used()) == (["released", "reserved"], 1)


@pytest.mark.parametrize("after", [0, GRACE - 1, GRACE])
def test_a_reservation_that_has_expired_is_followed_by_another_at_once(
    shop: CappedShop, after: int
) -> None:
    shop.set_limits(more="budget: {count: 1}")
    first = load_page(shop)
    shop.clock.at = NOW + HOLD - 1
    assert load_page(shop)["reservations"] == first["reservations"]
    shop.clock.at = NOW + HOLD + after
    assert offer_in(shop.decide()) == "coupon" or after == GRACE
    shop.run_timers()
    again = load_page(shop)
    assert key_in(again) != key_in(first)
    assert (states(shop), shop.used()) == (["expired", "reserved"], 1)
    assert shop.confirm(key_in(first))["state"] == "refused"
    assert shop.confirm(key_in(again))["state"] == "confirmed"


def test_a_reservation_by_a_key_of_the_shops_own_counts_beside_that_of_a_page(
    shop: CappedShop,
) -> None:
    shop.set_limits("{by: shopper, most: 2}")
    shop.reserve("order-1", **ANN)
    page = load_page(shop)
    assert shop.reserve("order-2", **ANN)["state"] == "refused"
    shop.release(key_in(page))
    assert shop.reserve("order-2", **ANN)["state"] == "reserved"
    assert offer_in(load_page(shop)) == "plain"
    assert shop.reserve("order-3", **BEN)["state"] == "reserved"


@pytest.mark.parametrize("most", [1, 2])
def test_two_tabs_at_once_have_one_reservation(shop: CappedShop, most: int) -> None:
    shop.set_limits(f"{{by: shopper, most: {most}}}", f"budget: {{count: {most}}}")
    faster = DecisionHandler(shop.handler.catalogues, TYPES, KEY, 8)
    slower, found = shop.handler, []

    def overtake() -> None:
        shop.handler = faster
        found.append(load_page(shop))
        shop.handler = slower

    slower.granter = Overtaken(overtake)
    assert load_page(shop)["reservations"] == found[0]["reservations"]
    assert (states(shop), shop.used()) == (["reserved"], 1)


@pytest.mark.parametrize("caps", ["{by: shopper, most: 9}", "{by: offer, most: 9}", ""])
def test_many_tabs_of_several_processes_at_once_have_one_reservation(
    shop: CappedShop, caps: str
) -> None:
    shop.set_limits(caps, "budget: {count: 9}")
    handlers = [DecisionHandler(shop.handler.catalogues, TYPES, KEY, 8) for _ in range(2)]

    def load(number: int) -> dict[str, Any]:
        return load_page(shop, handler=handlers[number % 2])

    with ThreadPoolExecutor(6) as pool:
        keys = {key_in(decision) for decision in pool.map(load, range(12))}
    assert len(keys) == 1
    assert (states(shop), shop.used()) == (["reserved"], 1)
