"""Exports of a shop that are loaded again later, when their orders have changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cdp.commands.load import open_file
from cdp.loading.mapping import read_mapping
from tests.support.case_shop import CaseShop

MAPPINGS = Path(__file__).parents[3] / "examples" / "mappings"
SHOPIFY = """\
Name,Email,Financial Status,Currency,Total,Refunded Amount,Created at,Lineitem quantity,Lineitem sku
{name},ada@shop.example,{status},EUR,30.00,{refunded},2026-10-01 10:00:00 +0200,1,CUP
"""
WOOCOMMERCE = """\
order_id,date,status,customer_id,billing_email,order_total,order_currency,refunded_total,line_items
{name},2026-10-01 10:00:00,{status},{customer},lea@shop.example,30.00,EUR,{refunded},
"""
MAGENTO = """\
ID,Purchase Date,Grand Total (Purchased),Status,Customer Email,Total Refunded
{name},"Oct 1, 2026 10:00:00 AM",30.00,complete,tom@shop.example,{refunded}
"""


def load(shop: CaseShop, path: Path, mapping: str, text: str) -> list[str]:
    """The statuses of the events of an export."""
    path.write_text(text)
    _source, records, make_events = open_file(path, read_mapping(MAPPINGS / f"{mapping}.yaml"))
    events = [sized.event for record in records() for sized in make_events(record)]
    return [receipt["status"] for receipt in shop.receipts(*events)]


def order_of(shop: CaseShop, event_id: str) -> dict[str, Any]:
    found = shop.client.call("profiles", "find", who=event_id)
    timeline = shop.client.call("profiles", "timeline", profile_id=found["profile_id"])
    (order,) = timeline["orders"]
    return {name: order[name] for name in ("status", "net")}


def test_a_later_export_replaces_what_was_refunded_of_an_order_in_all(
    shop: CaseShop, tmp_path: Path
) -> None:
    exports = (("paid", "0.00"), ("partially_refunded", "5.00"), ("partially_refunded", "12.00"))
    for mapping, text, event_id in (
        ("shopify-orders", SHOPIFY, "shopify-{name}-completed"),
        ("woocommerce-orders", WOOCOMMERCE, "woocommerce-{name}-completed-17"),
        ("magento-orders", MAGENTO, "magento-{name}-completed"),
    ):
        name = shop.mine(mapping[0])
        nets = []
        for month, (status, refunded) in enumerate(exports):
            export = text.format(name=name, status=status, refunded=refunded, customer=17)
            for _ in range(2):  # what is loaded twice counts once
                statuses = load(shop, tmp_path / f"{mapping}-{month}.csv", mapping, export)
                assert {*statuses} <= {"appended", "duplicate"}
            nets.append(order_of(shop, event_id.format(name=name))["net"])
        assert nets == [3_000, 2_500, 1_800]
    name = shop.mine("s")
    export = SHOPIFY.format(name=name, status="refunded", refunded="30.00")
    load(shop, tmp_path / "shopify-last.csv", "shopify-orders", export)
    assert order_of(shop, f"shopify-{name}-completed") == {"status": "refunded", "net": 0}


def test_a_later_export_gives_a_guests_order_to_the_account_that_the_guest_has_made(
    shop: CaseShop, tmp_path: Path
) -> None:
    for customer in ("0", shop.mine("9")):
        text = WOOCOMMERCE.format(
            name=shop.mine("8"), status="completed", refunded="", customer=customer
        )
        statuses = load(shop, tmp_path / f"of-{customer}.csv", "woocommerce-orders", text)
        assert statuses == ["appended"]
    assert shop.orders(user_id="9") == (1, {"EUR": 3_000})


def test_a_refund_that_a_later_export_tells_unchanged_is_no_second_event(
    shop: CaseShop, tmp_path: Path
) -> None:
    for mapping, text in (
        ("shopify-orders", SHOPIFY),
        ("woocommerce-orders", WOOCOMMERCE),
        ("magento-orders", MAGENTO),
    ):
        export = text.format(
            name=shop.mine(f"again-{mapping}"),
            status="partially_refunded",
            refunded="5.00",
            customer=17,
        )
        statuses = [load(shop, tmp_path / f"{mapping}-{n}.csv", mapping, export) for n in (1, 2)]
        assert statuses == [["appended"] * 2, ["duplicate"] * 2]


def test_an_order_stays_cancelled_or_refunded_when_its_guest_has_registered(
    shop: CaseShop, tmp_path: Path
) -> None:
    for status in ("cancelled", "refunded"):
        name, registered = shop.mine(f"of-{status}"), shop.mine(f"who-{status}")
        for customer in ("0", registered, registered):
            export = WOOCOMMERCE.format(name=name, status=status, refunded="", customer=customer)
            statuses = load(
                shop, tmp_path / f"{status}-{customer}.csv", "woocommerce-orders", export
            )
            assert {*statuses} <= {"appended", "duplicate"}
        assert order_of(shop, f"woocommerce-{name}-completed-{registered}")["status"] == status
