"""A shop's life, delivered in any order and more than once: its money and counts are the shop's."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis.core.instants import HOUR, MINUTE, format_instant
from tests.conftest import FULL_SIZE
from tests.support.shop_webhooks import (
    Payload,
    last_years,
    money_set,
    shopify_order,
    shopify_refund,
    source,
    stripe_charge,
    stripe_event,
    stripe_refund,
    stripe_session,
    understood,
    woo_order,
)
from tests.support.suite_without_broker import OpenSuite

pytestmark = pytest.mark.timeout(3_600 if FULL_SIZE else 300)

BEGIN = 1_794_300_000_000_000  # 2026-11-10
DELETED_AT = BEGIN + 200 * HOUR
_SHOPS = itertools.count(1)
_SETTINGS = settings(
    max_examples=200 if FULL_SIZE else 6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@dataclass(frozen=True, slots=True)
class Sent:
    """What the shop sends: a message of a topic."""

    topic: str
    document: Payload


@dataclass(frozen=True, slots=True)
class OrderLife:
    """What happens to an order, hour by hour: `edit 3100`, `refund 500`, `remove 250`, `cancel` …

    What is removed has not been paid: it is taken out, and nothing goes back.
    """

    order_id: int
    total: int
    steps: tuple[tuple[str, int], ...]

    @property
    def net(self) -> int | None:
        """What the shop has of it in the end; None if it does not count as an order."""
        total, refunded, removed, counts = self.total, 0, 0, True
        for step, amount in self.steps:
            if step == "edit":
                total = amount
            elif step == "refund":
                refunded += amount
            elif step == "remove":
                removed += amount
            elif step in ("cancel", "revive", "delete"):
                counts = step == "revive"
        left = total - removed - refunded
        return left if counts and left else None


@st.composite
def lives(draw: st.DrawFn, ends: Sequence[str], more: Sequence[str] = ()) -> list[OrderLife]:
    """Up to three orders; refunds never come to more than an order."""
    found = []
    for order_id in range(5_001, 5_001 + draw(st.integers(1, 3))):
        total = draw(st.integers(1_000, 9_000))
        left = total
        steps: list[tuple[str, int]] = []
        for _ in range(draw(st.integers(0, 4))):
            step = draw(st.sampled_from(["change", "edit", "refund", "refund", *more]))
            amount = draw(st.sampled_from([1, 250, left])) if left else 0
            if step == "edit":
                left = amount = total + 100
                left -= sum(each for name, each in steps if name in ("refund", "remove"))
                total = amount
            elif step in ("refund", "remove") and 0 < amount <= left - (step == "remove"):
                left -= amount
            else:
                step, amount = "change", 0
            steps.append((step, amount))
        steps += [(end, 0) for end in draw(st.sampled_from([[], [], *[[end] for end in ends]]))]
        if steps and steps[-1][0] == "cancel" and "revive" in ends and draw(st.booleans()):
            steps.append(("revive", 0))
        found.append(OrderLife(order_id, draw(st.just(found_total(total, steps))), tuple(steps)))
    return found


def found_total(last: int, steps: Sequence[tuple[str, int]]) -> int:
    """The total that an order began with: each edit has added a unit of money."""
    return last - 100 * sum(name == "edit" for name, _ in steps)


def money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"


def hour(number: int) -> str:
    return format_instant(BEGIN + number * HOUR)


def shopify_messages(life: OrderLife) -> Iterator[Sent]:
    """Everything Shopify sends of an order: the same things by several topics."""
    total, left = life.total, life.total
    refunds: list[Payload] = []
    changes: dict[str, Any] = {}
    placed = shopify_order(life.order_id, money(total), created_at=hour(0), updated_at=hour(0))
    yield Sent("orders/create", placed)
    yield Sent("orders/paid", last_years(placed))
    for number, (step, amount) in enumerate(life.steps, start=1):
        if step == "edit":
            left += amount - total
            total = amount
        elif step in ("refund", "remove"):
            refund_id = life.order_id * 100 + number
            refund = shopify_refund(refund_id, life.order_id, money(amount), hour(number))
            if step == "remove":
                refund["transactions"] = []
            left -= amount
            refunds = [*refunds, refund]
            yield Sent("refunds/create", refund)
        elif step == "cancel":
            changes = {"cancelled_at": hour(number)}
        order = shopify_order(
            life.order_id,
            money(total),
            created_at=hour(0),
            updated_at=hour(number),
            refunds=refunds,
            current_total_price_set=money_set(money(left)),
            **changes,
        )
        yield Sent("orders/updated", order)
        if step == "cancel":
            yield Sent("orders/cancelled", last_years(order))


def woo_messages(life: OrderLife) -> Iterator[Sent]:
    """Everything WooCommerce sends of an order: the whole of it after each change."""
    total, status = life.total, "processing"
    refunds: list[Payload] = []

    def order(number: int) -> Payload:
        modified = format_instant(BEGIN + number * HOUR + MINUTE).removesuffix("Z")
        return woo_order(
            life.order_id,
            money(total),
            status=status,
            refunds=refunds,
            date_created_gmt=hour(0).removesuffix("Z"),
            date_modified_gmt=modified,
        )

    status = "pending"
    yield Sent("order.created", order(0))
    status = "processing"
    yield Sent("order.updated", order(0))
    for number, (step, amount) in enumerate(life.steps, start=1):
        if step == "delete":
            yield Sent("order.deleted", {"id": life.order_id})
            continue
        if step == "edit":
            total = amount
        elif step == "refund":
            refund = {"id": life.order_id * 100 + number, "total": f"-{money(amount)}"}
            refunds = [*refunds, refund]
        status = {"cancel": "cancelled", "revive": "completed"}.get(step, status)
        yield Sent("order.updated", order(number))


def stripe_messages(life: OrderLife) -> Iterator[Sent]:
    """A shop with a checkout of Stripe's: an order, and each refund by two topics."""
    payment, charge = f"pi_{life.order_id}", f"ch_{life.order_id}"
    session = stripe_session(
        created=BEGIN // 1_000_000,
        amount_total=life.total,
        payment_intent=payment,
        metadata={"order_id": f"A-{life.order_id}"},
    )
    yield Sent("checkout.session.completed", session)
    refunded = 0
    for number, (step, amount) in enumerate(life.steps, start=1):
        if step != "refund":
            continue
        refunded += amount
        at = BEGIN // 1_000_000 + number * 3_600
        refund = stripe_refund(
            f"re_{life.order_id}_{number}", amount, charge=charge, payment_intent=payment,
            created=at,
        )  # fmt: skip
        yield Sent("refund.created", refund)
        whole = stripe_charge(id=charge, payment_intent=payment, amount_refunded=refunded)
        yield Sent("charge.refunded", whole | {"_created": at})


def events_of(sender: str, shop: str, sent: Sent, links: dict[str, str]) -> list[Any]:
    """The events that a message comes to."""
    document = sent.document
    if sender == "stripe":
        one = {name: value for name, value in document.items() if name != "_created"}
        created = document.get("_created", BEGIN // 1_000_000)
        document = stripe_event(sent.topic, one, created=created)
    by = source(store=shop)
    found = understood(
        sender, sent.topic, document, source=by, received_at=DELETED_AT, orders=links
    )
    return list(found.events)


def check_life(
    open_suite: OpenSuite,
    data: st.DataObject,
    sender: str,
    messages: Sequence[Sent],
    expected: Sequence[int | None],
    links: dict[str, str] | None = None,
) -> None:
    """Deliver the messages shuffled, some of them twice, in calls of any size."""
    shop = f"{sender}-{next(_SHOPS)}"
    again = data.draw(st.lists(st.sampled_from(messages), max_size=5))
    shuffled = data.draw(st.permutations([*messages, *again]))
    size = data.draw(st.integers(1, 20))
    with open_suite() as suite:
        events = [e for sent in shuffled for e in events_of(sender, shop, sent, links or {})]
        for start in range(0, len(events), size):
            response = suite.call(
                "profiles", "record", events=events[start : start + size], origin="server"
            )
            statuses = {receipt["status"] for receipt in response["receipts"]}
            assert statuses <= {"appended", "duplicate"}, response
        accounts = [
            account
            for summary in suite.summaries().values()
            for account in summary.orders()
            if account.store == shop
        ]
    counted = [each for each in accounts if each.status in ("standing", "partly_refunded")]
    nets = [net for net in expected if net is not None]
    assert sorted(each.net for each in counted) == sorted(nets)
    assert len(accounts) == len(expected)
    assert {each.currency for each in accounts} == {"EUR"}
    assert all(each.at == BEGIN for each in accounts)


@_SETTINGS
@given(data=st.data(), orders=lives(["cancel"], ["remove"]))
def test_the_life_of_a_shop_of_shopify_comes_to_its_own_totals_in_any_order(
    open_suite: OpenSuite, data: st.DataObject, orders: list[OrderLife]
) -> None:
    messages = [sent for life in orders for sent in shopify_messages(life)]
    check_life(open_suite, data, "shopify", messages, [life.net for life in orders])


@_SETTINGS
@given(data=st.data(), orders=lives(["cancel", "delete", "revive"]))
def test_the_life_of_a_shop_of_woocommerce_comes_to_its_own_totals_in_any_order(
    open_suite: OpenSuite, data: st.DataObject, orders: list[OrderLife]
) -> None:
    messages = [sent for life in orders for sent in woo_messages(life)]
    check_life(open_suite, data, "woocommerce", messages, [life.net for life in orders])


@_SETTINGS
@given(data=st.data(), orders=lives([]))
def test_stripes_refunds_by_two_topics_come_to_the_shops_own_totals_in_any_order(
    open_suite: OpenSuite, data: st.DataObject, orders: list[OrderLife]
) -> None:
    kept = [
        OrderLife(each.order_id, each.total, tuple(s for s in each.steps if s[0] == "refund"))
        for each in orders
        if sum(amount for step, amount in each.steps if step == "refund") <= each.total
    ]
    messages = [sent for life in kept for sent in stripe_messages(life)]
    links = {f"pi_{life.order_id}": f"A-{life.order_id}" for life in kept}
    if kept:
        check_life(open_suite, data, "stripe", messages, [life.net for life in kept], links)


ANYTHING = st.text(max_size=300) | st.text("\x00\u202e\n\ud7ff a", max_size=400)


@_SETTINGS
@given(typed=st.lists(ANYTHING, min_size=5, max_size=5), in_woo=st.booleans())
def test_whatever_is_typed_beside_an_address_costs_no_order(
    open_suite: OpenSuite, typed: list[str], in_woo: bool
) -> None:
    shop = f"typed-{next(_SHOPS)}"
    note, name, sku, code, phone = typed
    line = {"quantity": 1, "name": name, "sku": sku, "price": "1.00", "total": "1.00"}
    if in_woo:
        billing = {"email": "lea@shop.example", "phone": phone}
        notes = [{"key": "_cdp_id", "value": note}]
        document = woo_order(line_items=[line], billing=billing, meta_data=notes)
        sent = Sent("order.updated", document)
    else:
        document = shopify_order(
            line_items=[line],
            phone=phone,
            note_attributes=[{"name": "cdp_id", "value": note}],
            discount_codes=[{"code": code}] * 100,
            cart_token=note,
            name=name,
        )
        sent = Sent("orders/create", document)
    events = events_of("woocommerce" if in_woo else "shopify", shop, sent, {})
    with open_suite() as suite:
        response = suite.call("profiles", "record", events=events, origin="server")
    assert {each["status"] for each in response["receipts"]} == {"appended"}, response
