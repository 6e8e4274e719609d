"""An order that a file, a webhook, a browser and the shop's own code tell: one home, money once."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cdp.commands.load import open_file
from cdp.loading.mapping import read_mapping
from mappings import with_store
from tests.conftest import FULL_SIZE
from tests.support.case_shop import CaseShop
from tests.support.shop_webhooks import (
    shopify_customer,
    shopify_order,
    shopify_refund,
    source,
    understood,
    woo_customer,
    woo_order,
)

MAPPINGS = Path(__file__).parents[3] / "examples" / "mappings"
SHOPIFY = """\
Name,Email,Financial Status,Currency,Total,Refunded Amount,Created at,Id,Lineitem quantity,\
Lineitem sku
#{name},ada{case}@shop.example,partially_refunded,EUR,30.00,10.00,2026-11-20 10:00:00 +0100,\
{order},1,CUP
"""
WOOCOMMERCE = """\
order_id,date,status,customer_id,billing_email,order_total,order_currency,refunded_total,line_items
{order},2026-11-20 09:00:00,processing,{customer},ada{case}@shop.example,30.00,EUR,10.00,
"""
Sent = tuple[str, Mapping[str, Any], Mapping[str, Any]]


class Teller:
    """An order of 30.00 of which 10.00 went back, told by all who know of it."""

    def __init__(
        self, shop: CaseShop, folder: Path, sender: str, order: int, store: str | None
    ) -> None:
        self.shop, self.folder, self.sender, self.order = shop, folder, sender, str(order)
        self.store = store
        self.customer = 70_000 + order
        self.email = f"ada{order}@shop.example"
        self.profiles: set[str] = set()

    def record(self, events: Any, origin: str = "server") -> None:
        receipts = self.shop.receipts(*events, origin=origin)
        assert {each["status"] for each in receipts} <= {"appended", "duplicate"}, receipts
        self.profiles |= {each["profile_id"] for each in receipts if "profile_id" in each}

    def file(self) -> None:
        """The export of the shop, with the sum of what went back."""
        text = {"shopify": SHOPIFY, "woocommerce": WOOCOMMERCE}[self.sender]
        path = self.folder / f"{self.sender}-{self.order}.csv"
        path.write_text(
            text.format(order=self.order, name=self.order, case=self.order, customer=self.customer)
        )
        mapping = read_mapping(MAPPINGS / f"{self.sender}-orders.yaml")
        _source, records, make_events = open_file(path, mapping)
        made = [sized.event for record in records() for sized in make_events(record)]
        self.record([with_store(event, self.store) for event in made])

    def webhooks(self) -> None:
        """The order before and after the refund, and in Shopify the refund itself."""
        if self.sender == "shopify":
            refund = shopify_refund(int(self.order), int(self.order), "10.00")
            changes: dict[str, Any] = {
                "email": self.email,
                "name": f"#{self.order}",
                "note_attributes": [],
            }
            order = shopify_order(int(self.order), "30.00", **changes)
            later: dict[str, Any] = {"updated_at": "2026-11-20T11:00:00+01:00", "refunds": [refund]}
            sent: list[tuple[str, Mapping[str, Any]]] = [
                ("refunds/create", refund),
                ("orders/updated", order | later),
                ("orders/create", order),
            ]
        else:
            billing = {"email": self.email}
            order = woo_order(int(self.order), "30.00", customer_id=self.customer, billing=billing)
            later = {
                "date_modified_gmt": "2026-11-20T11:00:00",
                "refunds": [{"id": int(self.order), "total": "-10.00"}],
            }
            sent = [("order.updated", order | later), ("order.created", order)]
        for topic, document in sent:
            found = understood(self.sender, topic, document, source=source(store=self.store))
            self.record([dict(event) for event in found.events])

    def browser(self) -> None:
        """What the page says at the end: anybody can make that up."""
        data = {"order_id": self.order, "revenue": 99_900, "currency": "EUR"}
        who = {"anonymous_id": f"device-{self.order}"}
        self.record([self._event("browser", "order_completed", data, who, False)], "browser")

    def own_code(self) -> None:
        """The shop's back end, by RPC: the order, and the refund by the number that it has."""
        about = {"order_id": self.order, "currency": "EUR"}
        who = {"email": self.email}
        if self.sender == "woocommerce":
            who = {"user_id": str(self.customer)}
        placed = self._event("order", "order_completed", {**about, "revenue": 3_000}, who, True)
        refund = {**about, "refund_id": self.order, "amount": 1_000}
        self.record([placed, self._event("refund", "order_refunded", refund, {}, False)])

    def _event(
        self, name: str, kind: str, data: Any, who: Mapping[str, str], authenticated: bool
    ) -> dict[str, Any]:
        return {
            "id": f"{self.sender}-{self.order}-by-{name}",
            "type": kind,
            "time": "2026-11-20T09:00:01Z" if kind == "order_completed" else "2026-11-20T10:00:00Z",
            "identifiers": dict(who),
            "authenticated": authenticated and "user_id" in who,
            "data": {**data, "store": self.store} if self.store else data,
        }

    def orders(self) -> list[tuple[str, int]]:
        """The orders of all who might have it: status and what is left of it."""
        found: dict[str, list[tuple[str, int]]] = {}
        for profile_id in self.profiles:
            timeline = self.shop.client.call("profiles", "timeline", profile_id=profile_id)
            found[timeline["profile_id"]] = [
                (each["status"], each["net"])
                for each in timeline["orders"]
                if each["order_id"] == self.order
            ]
        return [order for of_profile in found.values() for order in of_profile]


LATER = "2026-11-20T11:30:00Z"
_ORDERS = itertools.count(600_001)


@pytest.mark.parametrize(
    ("sender", "store"), [("shopify", None), ("shopify", "mugs"), ("woocommerce", "mugs")]
)
def test_one_order_by_file_webhook_browser_and_rpc_has_one_home_and_its_money_once(
    shop: CaseShop, tmp_path: Path, sender: str, store: str | None
) -> None:
    ways = ("file", "webhooks", "browser", "own_code")
    orders = [*itertools.permutations(ways)]
    for in_order in orders[:: 1 if FULL_SIZE else 7]:
        teller = Teller(shop, tmp_path, sender, next(_ORDERS), store)
        for way in (*in_order, *in_order):  # each once more: all of it is known by then
            getattr(teller, way)()
        assert teller.orders() == [("partly_refunded", 2_000)], in_order


@pytest.mark.parametrize("sender", ["shopify", "woocommerce"])
def test_a_guests_order_comes_to_the_customer_once_the_address_is_theirs(
    shop: CaseShop, sender: str
) -> None:
    number = next(_ORDERS)
    email = f"bo{number}@shop.example"
    if sender == "shopify":
        placed = ("orders/create", shopify_order(number, email=email, note_attributes=[]))
        topic, made = "customers/update", {"id": 90_000 + number, "email": email}
        unproven: Sent = (topic, shopify_customer(**made, state="disabled"), {})
        proven: Sent = (topic, shopify_customer(**made, state="enabled", updated_at=LATER), {})
    else:
        placed = ("order.created", woo_order(number, billing={"email": email}, meta_data=[]))
        topic, made = "customer.updated", {"id": 90_000 + number, "email": email}
        unproven = (topic, woo_customer(**made), {})
        later = woo_customer(**made, date_modified_gmt=LATER[:19])
        proven = (topic, later, {"emails_verified": True})
    counts = []
    for topic, document, settings in ((*placed, {}), unproven, proven):
        found = understood(sender, topic, document, source=source(**settings))
        receipts = shop.receipts(*(dict(event) for event in found.events))
        assert {each["status"] for each in receipts} == {"appended"}, receipts
        who = {"identifiers": {"user_id": str(90_000 + number)}}
        if topic != placed[0]:
            counts.append(shop.client.call("profiles", "get", **who)["orders"]["count"])
    assert counts == [0, 1]
