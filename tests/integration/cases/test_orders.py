"""Cases of orders: what is told again, late, by another door or of somebody else's."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.case_shop import CaseShop

ANN = {"user_id": "ann", "email": "ann"}
LINE = {"sku": "cup", "category": "kitchen", "quantity": 1, "price": 3_000}


def order(
    shop: CaseShop, time: str, who: dict[str, str], number: str = "1", **more: Any
) -> dict[str, Any]:
    data = {"revenue": 3_000, "currency": "USD", "products": [LINE], **more}
    return shop.event("order_completed", time, who, order_id=number, **data)


def account(event: dict[str, Any]) -> dict[str, Any]:
    return {**event, "authenticated": True}


# An order is dated by its first completion, and stands as it was told last.


def test_an_order_that_was_cancelled_and_told_again_later_is_an_order(shop: CaseShop) -> None:
    shop.record(
        account(order(shop, "10:00", ANN)),
        shop.event("order_cancelled", "11:00", ANN, authenticated=True, order_id="1"),
    )
    assert shop.orders(user_id="ann") == (0, {})
    shop.record(account(order(shop, "11:20", ANN)))
    assert shop.orders(user_id="ann") == (1, {"USD": 3_000})
    assert shop.profile(user_id="ann")["orders"]["first_at"] == "2026-11-20T10:00:00.000000Z"


def test_an_update_revives_no_cancelled_order(shop: CaseShop) -> None:
    shop.record(
        account(order(shop, "10:00", ANN)),
        shop.event("order_cancelled", "11:00", ANN, authenticated=True, order_id="1"),
        shop.event("order_updated", "11:20", ANN, order_id="1", revenue=9_900, currency="USD"),
    )
    assert shop.orders(user_id="ann") == (0, {})


def test_a_browser_that_opens_the_last_page_again_revives_no_cancelled_order(
    shop: CaseShop,
) -> None:
    shop.record(
        account(order(shop, "10:00", ANN)),
        shop.event("order_cancelled", "11:00", ANN, authenticated=True, order_id="1"),
    )
    shop.record(order(shop, "11:20", {"anonymous_id": "laptop"}), origin="browser")
    assert shop.orders(user_id="ann") == (0, {})


def test_an_order_of_june_that_is_told_again_in_november_stays_in_june(shop: CaseShop) -> None:
    for number in range(6):
        shop.record(account(order(shop, "2026-06-01", ANN, str(number))))
        shop.record(account(order(shop, "11-10", ANN, str(number))))
    orders = shop.profile(user_id="ann")["orders"]
    assert (orders["count"], orders["last_at"]) == (6, "2026-06-01T12:00:00.000000Z")
    assert "frequent_buyer" not in shop.segments(user_id="ann")


def test_an_order_is_dated_by_when_it_was_placed(shop: CaseShop) -> None:
    shop.record(account(order(shop, "11-10", ANN, placed_at="2026-06-01T10:00:00Z")))
    assert shop.profile(user_id="ann")["orders"]["first_at"] == "2026-06-01T10:00:00.000000Z"


@pytest.mark.parametrize("kind", ["order_completed", "order_updated"])
@pytest.mark.parametrize(
    "never", ["1970-01-01T00:00:00Z", "1899-12-30T00:00:00Z", "2099-01-01T00:00:00Z"]
)
def test_a_date_that_was_never_set_does_not_date_an_order(
    shop: CaseShop, kind: str, never: str
) -> None:
    shop.record(account(order(shop, "11-10", ANN)))
    event = {**account(order(shop, "11-11", ANN, placed_at=never)), "type": kind}
    (receipt,) = shop.receipts(event)
    assert [error["field"] for error in receipt["errors"]] == ["events[0].data.placed_at"]
    assert shop.profile(user_id="ann")["orders"]["first_at"] == "2026-11-10T12:00:00.000000Z"


def test_an_order_of_1997_is_one_of_1997_whenever_it_was_sent(shop: CaseShop) -> None:
    event = account(order(shop, "1997-03-01", ANN))
    shop.record({**event, "sent_at": "1997-03-01T12:00:01Z"})
    orders = shop.profile(user_id="ann")["orders"]
    assert orders["first_at"] == "1997-03-01T12:00:00.000000Z"
    assert "frequent_buyer" not in shop.segments(user_id="ann")


def test_the_greatest_revision_says_what_an_order_contains(shop: CaseShop) -> None:
    shop.record(
        account(order(shop, "10:00", ANN, revision=1)),
        shop.event(
            "order_updated", "10:01", ANN, order_id="1", revenue=9_900, currency="USD", revision=3
        ),
        shop.event(
            "order_updated", "10:09", ANN, order_id="1", revenue=100, currency="USD", revision=2
        ),
    )
    assert shop.orders(user_id="ann") == (1, {"USD": 9_900})


# What a shop tells of an order reaches it, whoever it names.


@pytest.mark.parametrize(
    ("who", "is_authenticated"),
    [
        ({"email": "ann"}, False),
        ({"email": "other"}, False),
        ({"user_id": "ghost"}, True),
        ({"anonymous_id": "till"}, False),
        ({"email": "test"}, False),
        ({}, False),
    ],
)
def test_a_refund_reaches_its_order_whoever_it_names(
    shop: CaseShop, who: dict[str, str], is_authenticated: bool
) -> None:
    shop.record(account(order(shop, "10:00", ANN)))
    refund = shop.event(
        "order_refunded",
        "11:00",
        who,
        authenticated=is_authenticated,
        order_id="1",
        amount=1_000,
        currency="USD",
    )
    if who == {"email": "test"}:
        refund["identifiers"] = {"email": "test@example.com"}  # which is nobody's
    shop.record(refund)
    assert shop.orders(user_id="ann") == (1, {"USD": 2_000})


@pytest.mark.parametrize("kind", ["order_cancelled", "order_refunded"])
def test_the_end_of_an_order_that_comes_before_it_waits_for_it(shop: CaseShop, kind: str) -> None:
    (receipt,) = shop.record(shop.event(kind, "11:00", {"email": "ann"}, order_id="1"))
    shop.record(account(order(shop, "10:00", {"user_id": "ann"})))
    assert shop.orders(user_id="ann") == (0, {})
    event = shop.event(kind, "11:00", {"email": "x"}, order_id="2")
    event["identifiers"] = {"email": "test@example.com"}
    (receipt,) = shop.record(event)
    assert "profile_id" not in receipt
    shop.record(account(order(shop, "10:00", {"user_id": "ann"}, "2")))
    assert shop.orders(user_id="ann") == (0, {})


def test_what_is_no_follow_up_of_an_order_needs_somebody(shop: CaseShop) -> None:
    events = [order(shop, "10:00", {}), shop.event("page_read", "10:00", {})]
    assert [each["status"] for each in shop.receipts(*events)] == ["rejected", "rejected"]
    cancelled = shop.event("order_cancelled", "10:00", {}, order_id="1")
    assert shop.receipts(cancelled, origin="browser")[0]["status"] == "rejected"
    (receipt,) = shop.record(cancelled)
    assert "profile_id" not in receipt


def test_an_order_of_a_guest_goes_to_the_account_that_the_shop_names_with_all_its_refunds(
    shop: CaseShop,
) -> None:
    guest = {"email": "gina"}
    shop.record(
        order(shop, "10:00", guest),
        shop.event("order_refunded", "10:05", guest, order_id="1", amount=1_000, currency="USD"),
        account(order(shop, "10:09", ANN)),
    )
    assert shop.orders(user_id="ann") == (1, {"USD": 2_000})
    assert shop.orders(email="gina") == (0, {})
    moved = [
        each for each in shop.timeline(user_id="ann")["entries"] if each["type"] == "order_moved"
    ]
    assert len(moved) == 1
    assert "first_time_visitor" in shop.segments(email="gina")
    assert "returning_one_time_buyer" in shop.segments(user_id="ann")


def test_an_account_keeps_its_order_when_a_webhook_tells_it_by_address(shop: CaseShop) -> None:
    first, again = shop.record(
        account(order(shop, "10:00", ANN)), order(shop, "10:09", {"email": "typo"})
    )
    assert again["profile_id"] == first["profile_id"]
    assert shop.orders(user_id="ann") == (1, {"USD": 3_000})


def test_a_browsers_order_gives_way_to_what_the_shop_tells(shop: CaseShop) -> None:
    laptop = {"anonymous_id": "laptop"}
    shop.record(order(shop, "2025-01-01", laptop, revenue=990_000), origin="browser")
    assert shop.orders(anonymous_id="laptop") == (1, {"USD": 990_000})
    shop.record(account(order(shop, "10:00", ANN)))
    shop.record(order(shop, "10:05", laptop, revenue=1), origin="browser")
    assert shop.orders(user_id="ann") == (1, {"USD": 3_000})
    assert shop.orders(anonymous_id="laptop") == (0, {})
    assert shop.profile(user_id="ann")["orders"]["first_at"] == "2026-11-20T10:00:00.000000Z"


def test_no_browser_cancels_or_refunds_what_the_shop_has_told(shop: CaseShop) -> None:
    laptop = {"anonymous_id": "laptop"}
    shop.record(order(shop, "10:00", laptop))
    shop.record(
        shop.event("order_cancelled", "10:01", laptop, order_id="1"),
        shop.event("order_refunded", "10:02", laptop, order_id="1"),
        origin="browser",
    )
    assert shop.orders(anonymous_id="laptop") == (1, {"USD": 3_000})


def test_orders_of_two_stores_are_two_whatever_their_ids(shop: CaseShop) -> None:
    shop.record(
        account(order(shop, "10:00", ANN, store="de")),
        order(shop, "10:01", {"email": "ben"}, store="fr", revenue=500),
        shop.event("order_cancelled", "10:02", {"email": "eva"}, order_id="1", store="fr"),
    )
    assert shop.orders(user_id="ann") == (1, {"USD": 3_000})
    assert shop.orders(email="ben") == (0, {})


# An id that stands for two orders.


def reviews(shop: CaseShop) -> list[Any]:
    every = shop.client.call("profiles", "review", limit=1_000)
    return [each for each in every if each["order_id"] == shop.mine("1")]


def test_two_accounts_that_tell_one_order_id_have_an_order_each_and_somebody_looks(
    shop: CaseShop,
) -> None:
    ben = {"user_id": "ben"}
    shop.record(
        account(order(shop, "10:00", ANN)),
        account(order(shop, "10:05", ben, revenue=500)),
        shop.event("order_refunded", "10:09", ben, authenticated=True, order_id="1"),
    )
    assert shop.orders(user_id="ann") == (1, {"USD": 3_000})
    assert shop.orders(user_id="ben") == (0, {})
    (entry,) = reviews(shop)
    assert entry["kind"] == "order_id_reused"
    assert entry["profile_id"] == shop.profile(user_id="ann")["profile_id"]
    assert entry["other_profile_id"] == shop.profile(user_id="ben")["profile_id"]
    shop.client.call("profiles", "review", done=entry["id"])
    assert reviews(shop) == []
    shop.record(account(order(shop, "10:20", ben, revenue=500)))
    assert [each["id"] for each in reviews(shop)] == [entry["id"]]


@pytest.mark.parametrize("in_one_call", [False, True])
def test_an_order_from_an_accounts_device_is_not_given_to_another_account(
    shop: CaseShop, in_one_call: bool
) -> None:
    laptop = {"anonymous_id": "laptop"}
    shop.record(shop.event("signed_in", "09:00", {**ANN, **laptop}, authenticated=True))
    events = [order(shop, "10:00", laptop), account(order(shop, "10:05", {"user_id": "ben"}))]
    if in_one_call:
        assert {receipt["status"] for receipt in shop.receipts(*events)} == {"appended"}
    else:
        shop.record(*events)
    assert shop.orders(user_id="ann") == shop.orders(user_id="ben") == (1, {"USD": 3_000})
    assert [entry["kind"] for entry in reviews(shop)] == ["order_id_reused"]


def test_a_guest_with_another_address_and_another_total_has_another_order(shop: CaseShop) -> None:
    shop.record(
        order(shop, "10:00", {"email": "lea"}),
        order(shop, "10:05", {"email": "tom"}, revenue=700),
        shop.event(
            "order_refunded", "10:09", {"email": "tom"}, order_id="1", amount=200, currency="USD"
        ),
    )
    assert shop.orders(email="lea") == (1, {"USD": 3_000})
    assert shop.orders(email="tom") == (1, {"USD": 500})
    assert len(reviews(shop)) == 1


@pytest.mark.parametrize("in_one_call", [False, True])
def test_two_orders_of_one_id_stay_two_when_their_addresses_turn_out_to_be_one_shoppers(
    shop: CaseShop, in_one_call: bool
) -> None:
    work = {"email": "ann.works"}
    refund: dict[str, Any] = {"order_id": "1", "amount": 200, "currency": "USD"}
    events = [
        account(order(shop, "10:00", ANN)),
        order(shop, "10:05", work, revenue=700),
        account(shop.event("account_updated", "11:00", {**ANN, **work})),
        shop.event("order_refunded", "11:05", work, **refund),
        order(shop, "11:10", work, revenue=600),
    ]
    for each in [events] if in_one_call else [[event] for event in events]:
        shop.record(*each)
    assert shop.orders(user_id="ann") == (2, {"USD": 3_400})


@pytest.mark.parametrize("orders", [["", ".works"], ["", ".works", ".club"], [".works", ""]])
def test_guests_orders_of_one_id_that_their_account_tells_again_stay_several(
    shop: CaseShop, orders: list[str]
) -> None:
    """`orders`: what stands behind the name in the address of each, the first order first."""
    who = [{"email": f"ann{each}"} for each in orders]
    revenues = [3_000 + 500 * place for place in range(len(orders))]
    for each, revenue in zip(who, revenues, strict=True):
        shop.record(order(shop, "10:00", each, revenue=revenue))
    for each in who:
        shop.record(account(shop.event("account_updated", "11:00", {**ANN, **each})))
    for each, revenue in zip(who, revenues, strict=True):
        shop.record(account(order(shop, "11:10", {**ANN, **each}, revenue=revenue)))
    assert shop.orders(user_id="ann") == (len(orders), {"USD": sum(revenues)})
    for each in who:
        shop.record(shop.event("order_cancelled", "11:20", each, order_id="1"))
        revenues.pop(0)
        assert shop.orders(user_id="ann")[1] == ({"USD": sum(revenues)} if revenues else {})


@pytest.mark.parametrize(("who", "revenue"), [({"email": "lea"}, 700), ({"email": "tom"}, 3_000)])
def test_another_address_or_another_total_alone_is_the_same_order_told_again(
    shop: CaseShop, who: dict[str, str], revenue: int
) -> None:
    shop.record(order(shop, "10:00", {"email": "lea"}), order(shop, "10:05", who, revenue=revenue))
    assert shop.orders(email="lea") == (1, {"USD": revenue})
    assert reviews(shop) == []


def numbered_anew(shop: CaseShop, shoppers: int) -> None:
    """A till that begins at 1 each day: as many shoppers have an order of that number."""
    days = [
        account(order(shop, instant_of_day(n), {"user_id": f"s-{n}"}, revenue=1_000 + n))
        for n in range(shoppers)
    ]
    assert {receipt["status"] for receipt in shop.receipts(*days)} == {"appended"}


def instant_of_day(number: int) -> str:
    return f"2026-0{1 + number // 28}-{1 + number % 28:02}"


def is_told_of_several(receipt: dict[str, Any]) -> bool:
    """Whether a receipt says that an id stands for several orders, and what to send."""
    (warning,) = receipt["warnings"]
    return (
        receipt["status"] == "appended"
        and warning["field"] == "events[0].data.order_id"
        and "send store, or an order_id that no other order has" in warning["message"]
        and "no order is changed" not in warning["message"]  # that of its own stream may be
    )


@pytest.mark.parametrize("kind", ["order_cancelled", "order_refunded", "order_updated"])
def test_what_is_told_of_an_id_of_several_orders_reaches_no_other_shoppers(
    shop: CaseShop, kind: str
) -> None:
    numbered_anew(shop, 2)
    whoever: list[dict[str, str]] = [
        {},
        {"email": "eva"},
        {"anonymous_id": "d"},
        {"user_id": "eva"},
    ]
    for who in whoever:
        event = shop.event(kind, "10:09", who, authenticated="user_id" in who, order_id="1")
        if kind == "order_updated":
            event["data"] |= {"revenue": 1, "currency": "USD"}
        (receipt,) = shop.receipts(event)
        assert is_told_of_several(receipt)
    assert [shop.orders(user_id=f"s-{n}")[1] for n in range(2)] == [{"USD": 1_000}, {"USD": 1_001}]


def test_one_of_many_orders_of_an_id_is_refunded_by_its_shopper_and_no_other_is_touched(
    shop: CaseShop,
) -> None:
    shoppers = 104  # of whose orders the home of the id has forgotten the oldest but the first
    numbered_anew(shop, shoppers)
    for number in (0, 1, 50, shoppers - 1):
        who = {"user_id": f"s-{number}"}
        money: dict[str, Any] = {"amount": 1_000 + number, "currency": "USD"}
        refund = shop.event("order_refunded", "10:09", who, order_id="1", **money)
        (receipt,) = shop.receipts(account(refund))
        assert is_told_of_several(receipt) if number == 1 else receipt["warnings"] == []
        assert shop.orders(**who) == (0, {})
    for number in (2, 3, 49, 51):
        assert shop.orders(user_id=f"s-{number}") == (1, {"USD": 1_000 + number})


def test_a_completion_of_an_id_of_several_orders_is_its_own_unless_its_shopper_has_one(
    shop: CaseShop,
) -> None:
    numbered_anew(shop, 2)
    (again,) = shop.receipts(account(order(shop, "10:00", {"user_id": "s-1"}, revenue=1_001)))
    assert is_told_of_several(again)
    (other,) = shop.receipts(order(shop, "10:00", {"anonymous_id": "d"}, revenue=1_000))
    assert is_told_of_several(other)
    assert shop.orders(anonymous_id="d") == (1, {"USD": 1_000})
    (nobody,) = shop.receipts(order(shop, "10:00", {}, revenue=5))
    assert nobody["status"] == "rejected"
    assert [shop.orders(user_id=f"s-{n}") for n in range(2)] == [
        (1, {"USD": 1_000}),
        (1, {"USD": 1_001}),
    ]


def test_an_account_takes_over_the_order_of_its_guest_whose_id_is_another_orders_too(
    shop: CaseShop,
) -> None:
    lea = {"email": "lea"}
    shop.record(
        account(order(shop, "10:00", ANN)),
        order(shop, "10:05", {**lea, "anonymous_id": "d"}, revenue=700),
        account(order(shop, "10:06", {**lea, "user_id": "lea"}, revenue=700)),
    )
    assert shop.orders(user_id="lea") == (1, {"USD": 700})
    assert shop.orders(anonymous_id="d") == (0, {})
    assert shop.orders(user_id="ann") == (1, {"USD": 3_000})


# Refunds and points count once.


def test_a_refund_told_twice_counts_once(shop: CaseShop) -> None:
    refund: dict[str, Any] = {"order_id": "1", "refund_id": "r", "amount": 1_000, "currency": "USD"}
    shop.record(
        account(order(shop, "10:00", ANN)),
        shop.event("order_refunded", "10:05", {"email": "ann"}, **refund),
        shop.event("order_refunded", "10:06", {"email": "eva"}, **refund),
    )
    assert shop.orders(user_id="ann") == (1, {"USD": 2_000})


def test_a_refund_in_another_currency_than_its_order_is_rejected(shop: CaseShop) -> None:
    shop.record(account(order(shop, "10:00", ANN)))
    refund: dict[str, Any] = {"order_id": "1", "amount": 1_000, "currency": "EUR"}
    for data in (refund, {**refund, "amount": None}):
        (receipt,) = shop.receipts(shop.event("order_refunded", "10:05", {"email": "eva"}, **data))
        where = receipt["status"], receipt["error"]["field"]
        assert where == ("rejected", "events[0].data.currency")
    assert shop.orders(user_id="ann") == (1, {"USD": 3_000})


@pytest.mark.parametrize("in_one_call", [False, True])
@pytest.mark.parametrize("identifiers", [ANN, {"email": "eva"}])
def test_a_refund_in_another_currency_that_was_told_before_its_order_is_said_to_count_for_nothing(
    shop: CaseShop, identifiers: dict[str, str], in_one_call: bool
) -> None:
    refund: dict[str, Any] = {"order_id": "1", "refund_id": "r", "amount": 1_000}
    in_euros = shop.event("order_refunded", "10:05", identifiers, **refund, currency="EUR")
    completions = [account(order(shop, at, ANN)) for at in ("10:00", "10:01")]
    if in_one_call:
        before, *receipts = shop.receipts(in_euros, *completions)
    else:
        (before,) = shop.receipts(in_euros)
        receipts = shop.receipts(*completions)
    assert before["warnings"] == []
    for place, receipt in enumerate(receipts, start=in_one_call):
        (warning,) = receipt["warnings"]
        assert warning["field"] == f"events[{place}].data.currency"
        assert "those in EUR do not count" in warning["message"]
    assert shop.orders(user_id="ann") == (1, {"USD": 3_000})
    (entry,) = reviews(shop)
    ann = shop.profile(user_id="ann")["profile_id"]
    assert (entry["kind"], entry["profile_id"]) == ("refund_not_counted", ann)
    assert entry["other_profile_id"] is None
    (listed,) = shop.client.call("profiles", "timeline", profile_id=ann)["orders"]
    assert listed["uncounted"] == ["EUR"]
    shop.record(shop.event("order_refunded", "10:06", ANN, **refund, currency="USD"))
    (listed,) = shop.client.call("profiles", "timeline", profile_id=ann)["orders"]
    assert "uncounted" not in listed
    assert listed["net"] == 2_000
    (receipt,) = shop.receipts(account(order(shop, "10:20", ANN)))
    assert receipt["warnings"] == []


@pytest.mark.parametrize(
    ("refund", "left"),
    [
        ({"total": 1_000, "currency": "USD"}, (1, {"USD": 2_000})),
        ({"products": [LINE | {"price": 500, "quantity": 2}]}, (1, {"USD": 2_000})),
        ({}, (0, {})),
    ],
)
def test_what_a_refund_is_of_is_found_in_its_total_or_its_products(
    shop: CaseShop, refund: dict[str, Any], left: Any
) -> None:
    shop.record(
        account(order(shop, "10:00", ANN)),
        shop.event("order_refunded", "10:05", ANN, authenticated=True, order_id="1", **refund),
    )
    assert shop.orders(user_id="ann") == left


def test_who_was_refunded_the_only_order_has_bought_nothing(shop: CaseShop) -> None:
    shop.record(
        account(order(shop, "10:00", ANN)),
        shop.event("order_refunded", "10:05", ANN, authenticated=True, order_id="1"),
    )
    assert shop.segments(user_id="ann") == {"first_time_visitor"}


@pytest.mark.parametrize("name", [{"order_id": "1"}, {"reference": "refund"}])
def test_points_that_are_taken_back_twice_are_taken_back_once(
    shop: CaseShop, name: dict[str, str]
) -> None:
    def points(time: str, number: int, **more: str) -> dict[str, Any]:
        return shop.event(
            "loyalty_points_changed", time, ANN, authenticated=True, points=number, **more
        )

    shop.record(
        points("10:00", 1_000, order_id="1"),
        points("11:00", -1_000, **name),
        points("11:01", -1_000, **name),
    )
    assert shop.profile(user_id="ann")["loyalty"]["points"] == 0


@pytest.mark.parametrize("in_one_call", [False, True])
def test_points_for_two_orders_of_one_id_count_for_each_when_their_shoppers_turn_out_to_be_one(
    shop: CaseShop, in_one_call: bool
) -> None:
    work = {"email": "ann.works"}

    def points(time: str, number: int, who: dict[str, str]) -> dict[str, Any]:
        return account(shop.event("loyalty_points_changed", time, who, points=number, order_id="1"))

    events = [
        account(order(shop, "10:00", ANN)),
        order(shop, "10:05", work, revenue=700),
        account(shop.event("account_updated", "11:00", {**ANN, **work})),
        points("11:01", 30, ANN),
        points("11:02", 30, {**ANN, **work}),
        points("11:03", 30, {**ANN, **work}),
    ]
    taken_back = [points(time, -30, {**ANN, **work}) for time in ("11:04", "11:05")]
    for each in [events] if in_one_call else [[event] for event in events]:
        shop.record(*each)
    assert shop.profile(user_id="ann")["loyalty"]["points"] == 60
    shop.record(*taken_back)
    assert shop.profile(user_id="ann")["loyalty"]["points"] == 30


def test_points_for_an_order_of_several_of_one_id_count_once_though_its_account_takes_it_over(
    shop: CaseShop,
) -> None:
    work = {"email": "ann.works"}
    points: dict[str, Any] = {"points": 30, "order_id": "1"}
    shop.record(
        order(shop, "10:00", {"email": "ann"}),
        order(shop, "10:05", work, revenue=700),
        account(shop.event("account_updated", "11:00", ANN)),
        account(shop.event("account_updated", "11:00", {**ANN, **work})),
        account(shop.event("loyalty_points_changed", "11:01", {**ANN, **work}, **points)),
        account(order(shop, "11:02", {**ANN, **work}, revenue=700)),
        account(shop.event("loyalty_points_changed", "11:03", {**ANN, **work}, **points)),
    )
    assert shop.orders(user_id="ann") == (2, {"USD": 3_700})
    assert shop.profile(user_id="ann")["loyalty"]["points"] == 30


# What is dated ahead, and what nothing proves.


def test_what_is_dated_later_than_now_does_not_count_yet(shop: CaseShop) -> None:
    def later(kind: str, **data: Any) -> dict[str, Any]:
        return shop.event(kind, "13:00", ANN, authenticated=True, **data)

    shop.record(
        later("traits_changed", traits={"city": "Riga"}),
        later("consent_changed", purpose="email", granted=True),
        later("loyalty_points_changed", points=5),
    )
    profile = shop.profile(user_id="ann")
    assert (profile["traits"], profile["consent"], profile["loyalty"]["points"]) == ({}, {}, 0)


def test_loyalty_and_grants_that_nothing_proves_change_nothing_of_an_account(
    shop: CaseShop,
) -> None:
    device = {"anonymous_id": "laptop"}
    shop.record(
        shop.event("signed_in", "09:00", {**ANN, **device}, authenticated=True),
        shop.event("consent_changed", "10:00", device, purposes={"email": True, "sms": False}),
        shop.event("loyalty_points_changed", "10:01", device, points=500),
        shop.event("loyalty_enrolled", "10:02", device, tier="gold"),
    )
    profile = shop.profile(user_id="ann")
    assert profile["loyalty"] == {"enrolled": False, "tier": None, "points": 0}
    assert profile["consent"] == {"sms": False}


@pytest.mark.parametrize("linked_at", range(3))
def test_an_order_of_two_names_counts_once_when_they_turn_out_to_be_one_account(
    shop: CaseShop, linked_at: int
) -> None:
    events = [
        account(order(shop, "10:00", {"user_id": "ann"})),
        account(order(shop, "10:00", {"loyalty_id": "card"})),
    ]
    names = {"user_id": "ann", "loyalty_id": "card"}
    events.insert(linked_at, shop.event("account_updated", "11:00", names, authenticated=True))
    refund: dict[str, Any] = {"order_id": "1", "amount": 1_000, "currency": "USD"}
    back = shop.event(
        "order_refunded", "11:30", {"loyalty_id": "card"}, authenticated=True, **refund
    )
    shop.record(*events, back)
    assert shop.orders(user_id="ann") == (1, {"USD": 2_000})


# No cart of a buyer looks abandoned.


def yesterday(time: str) -> str:
    """An hour of the day before: a cart is abandoned after a day."""
    return f"2026-11-19T{time if time.count(':') > 1 else f'{time}:00'}Z"


def test_whoever_bought_by_another_door_has_abandoned_no_cart(shop: CaseShop) -> None:
    device = {"anonymous_id": "laptop"}
    shop.record(
        shop.event("cart_updated", yesterday("09:00"), device, products=[LINE], cart_id="c"),
        account(order(shop, yesterday("09:30"), {"user_id": "ann"}, cart_id="c")),
    )
    assert "abandoned_cart" not in shop.segments(anonymous_id="laptop")
    types = [each["type"] for each in shop.timeline(anonymous_id="laptop")["entries"]]
    assert types[0] == "checkout_completed"
    assert shop.orders(anonymous_id="laptop") == (0, {})


def test_a_cart_that_nobody_bought_is_abandoned_all_the_same(shop: CaseShop) -> None:
    device = {"anonymous_id": "laptop"}
    shop.record(
        shop.event("cart_updated", yesterday("09:00"), device, products=[LINE], cart_id="c"),
        account(order(shop, yesterday("09:30"), {"user_id": "ann"}, cart_id="d")),
    )
    assert "abandoned_cart" in shop.segments(anonymous_id="laptop")


@pytest.mark.parametrize("whole", [False, True], ids=["a call each", "one call"])
@pytest.mark.parametrize("places", [(0, 1, 2), (0, 2, 1), (2, 1, 0), (2, 0, 1)])
@pytest.mark.parametrize("who", ["ann", "laptop"])
def test_a_cart_that_is_told_of_once_more_after_its_order_is_not_abandoned(
    shop: CaseShop, who: str, places: tuple[int, ...], whole: bool
) -> None:
    """The order is Ann's on the laptop where the cart is, or only Ann's by another door."""
    shopper = {"user_id": "ann", "anonymous_id": "laptop"} if who == "ann" else {"user_id": "ann"}
    device = {"anonymous_id": "laptop"}
    events = [
        shop.event("cart_updated", yesterday("09:00"), device, products=[LINE], cart_id="c"),
        account(order(shop, yesterday("09:03"), shopper, cart_id="c")),
        shop.event("cart_updated", yesterday("09:03:02"), device, products=[LINE], cart_id="c"),
    ]
    events = [events[place] for place in places]
    if whole:
        shop.receipts(*events)
    else:
        shop.record(*events)
    assert "abandoned_cart" not in shop.segments(anonymous_id="laptop")


def test_a_cart_of_which_is_told_only_after_its_order_is_not_abandoned(shop: CaseShop) -> None:
    device = {"anonymous_id": "laptop"}
    shop.record(
        account(order(shop, yesterday("09:30"), {"user_id": "ann"}, cart_id="c")),
        shop.event("cart_updated", yesterday("09:00"), device, products=[LINE], cart_id="c"),
    )
    assert "abandoned_cart" not in shop.segments(anonymous_id="laptop")


def test_a_cart_that_is_filled_anew_long_after_its_order_is_abandoned(shop: CaseShop) -> None:
    device = {"anonymous_id": "laptop"}
    shop.record(
        shop.event("cart_updated", yesterday("09:00"), device, products=[LINE], cart_id="c"),
        account(order(shop, yesterday("09:03"), {"user_id": "ann"}, cart_id="c")),
        shop.event("cart_updated", yesterday("09:30"), device, products=[LINE], cart_id="c"),
    )
    assert "abandoned_cart" in shop.segments(anonymous_id="laptop")


def test_an_order_with_an_address_tells_the_device_from_which_it_came(shop: CaseShop) -> None:
    device = {"anonymous_id": "laptop"}
    shop.record(
        shop.event("cart_updated", yesterday("09:00"), device, products=[LINE]),
        order(shop, yesterday("09:30"), {**device, "email": "ann"}),
        shop.event("account_created", yesterday("10:00"), ANN, authenticated=True),
    )
    assert shop.orders(user_id="ann") == (1, {"USD": 3_000})
    assert shop.orders(anonymous_id="laptop") == (0, {})
    types = [each["type"] for each in shop.timeline(anonymous_id="laptop")["entries"]]
    assert "checkout_completed" in types
    assert "abandoned_cart" not in shop.segments(anonymous_id="laptop")


@pytest.mark.parametrize("in_one_call", [False, True])
def test_an_order_that_a_proof_gave_an_account_is_never_another_accounts(
    shop: CaseShop, in_one_call: bool
) -> None:
    events = [
        order(shop, "10-02", {"anonymous_id": "laptop", "email": "ann"}),
        shop.event("signed_in", "10-03", {"user_id": "ann", "email": "ann"}, authenticated=True),
        account(order(shop, "10-01", {"user_id": "bob"}, revenue=1_000)),
    ]
    if in_one_call:
        shop.receipts(*events)
    else:
        shop.record(*events)
    assert shop.orders(user_id="ann")[0] == 1
    assert shop.orders(user_id="bob") == (1, {"USD": 1_000})
