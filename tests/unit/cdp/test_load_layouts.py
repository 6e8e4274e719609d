"""Every mapping that is shipped, on a made-up file of its layout: counts and money to the cent.

What is expected comes from the same file by a plain script, which shares nothing with the mapping.
"""

from __future__ import annotations

import csv
import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cdp.commands.load import open_file
from cdp.loading.mapping import read_mapping
from contracts.ingest import read_events

MAPPINGS = Path(__file__).parents[3] / "examples" / "mappings"
NOW = 4_000_000_000_000_000  # microseconds: after every time in the files
ROWS = 2_000

Counts = Counter[str]
Money = Counter[tuple[str, str]]  # in minor units, by event type and currency


def loaded(path: Path, name: str) -> tuple[Counts, Money, list[dict[str, Any]]]:
    """What a mapping makes of a file: every event is valid, and its id is its own."""
    _source, records, make_events = open_file(path, read_mapping(MAPPINGS / f"{name}.yaml"))
    events = []
    for record in records():
        assert not record.fault, record.fault
        events += [sized.event for sized in make_events(record)]
    for begin in range(0, len(events), 500):
        checked = read_events(events[begin : begin + 500], NOW)
        assert not checked.errors, str(next(iter(checked.errors.values())))
    ids = [event["id"] for event in events]
    assert len(set(ids)) == len(ids)
    money: Money = Counter()
    for event in events:
        data = event["data"]
        amount = data.get("revenue", data.get("amount"))
        if amount is not None:
            money[event["type"], data["currency"]] += amount
    return Counter(event["type"] for event in events), money, events


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def cents(text: str) -> int:
    return int(Decimal(text) * 100)


def positive(money: Money) -> dict[tuple[str, str], int]:
    return {key: amount for key, amount in money.items() if amount}


def test_shopifys_orders(tmp_path: Path) -> None:
    rng = random.Random(1)
    columns = [
        "Name", "Email", "Financial Status", "Accepts Marketing", "Currency", "Total", "Created at",
        "Lineitem quantity", "Lineitem name", "Lineitem price", "Lineitem sku", "Cancelled at",
        "Refunded Amount", "Phone",
    ]  # fmt: skip
    rows: list[dict[str, Any]] = []
    for number in range(ROWS // 2):
        total = f"{rng.randrange(100, 90_000) / 100:.2f}"
        status = rng.choice(["paid", "paid", "paid", "refunded", "partially_refunded", "voided"])
        refunded = {"refunded": total, "partially_refunded": "1.00"}.get(status, "0.00")
        order = {
            "Name": f"#{number}", "Email": f"p{rng.randrange(300)}@shop.example", "Total": total,
            "Financial Status": status, "Accepts Marketing": rng.choice(["yes", "no"]),
            "Currency": rng.choice(["EUR", "USD"]), "Created at": "2026-10-01 10:00:00 +0200",
            "Refunded Amount": refunded,
            "Cancelled at": "2026-10-02 10:00:00 +0200" if status == "voided" else "",
        }  # fmt: skip
        lines = [
            {"Lineitem quantity": rng.choice(["1", "2.0", "0.5"]), "Lineitem name": "Cup",
             "Lineitem price": "3.00", "Lineitem sku": rng.choice(["CUP", ""])}
            for _ in range(rng.randint(1, 3))
        ]  # fmt: skip
        rows += [{**order, **lines[0]}]
        rows += [{"Name": order["Name"], "Email": order["Email"], **line} for line in lines[1:]]
    path = write_csv(tmp_path / "orders_export.csv", columns, rows)
    counts, money, events = loaded(path, "shopify-orders")
    plain = [row for row in read_csv(path) if row["Total"]]
    refunds = [row for row in plain if "refunded" in row["Financial Status"]]
    assert counts == {
        "order_completed": len(plain),
        "order_refunded": len(refunds),
        "order_cancelled": sum(row["Financial Status"] == "voided" for row in plain),
        "consent_changed": sum(row["Accepts Marketing"] == "yes" for row in plain),
    }
    expected: Money = Counter()
    for row in plain:
        expected["order_completed", row["Currency"]] += cents(row["Total"])
    for row in refunds:
        expected["order_refunded", row["Currency"]] += cents(row["Refunded Amount"])
    assert money == expected
    assert sum(len(e["data"].get("products", [])) for e in events) == len(rows)
    assert all(e["data"]["granted"] for e in events if e["type"] == "consent_changed")


def test_shopifys_customers(tmp_path: Path) -> None:
    columns = [
        "First Name", "Last Name", "Email", "Accepts Email Marketing", "Default Address City",
        "Default Address Country Code", "Phone", "Accepts SMS Marketing", "Total Spent", "Tags",
    ]  # fmt: skip
    rows = [
        {"First Name": "Ada", "Last Name": "L", "Email": f"a{number}@shop.example",
         "Accepts Email Marketing": "yes" if number % 3 else "no",
         "Default Address City": "Oslo" if number % 2 else "", "Accepts SMS Marketing": "no"}
        for number in range(100)
    ]  # fmt: skip
    path = write_csv(tmp_path / "customers_export.csv", columns, rows)
    counts, _money, events = loaded(path, "shopify-customers")
    assert counts == {"traits_changed": 100, "consent_changed": 66}
    cities = [e["data"]["traits"].get("city") for e in events if e["type"] == "traits_changed"]
    assert Counter(cities) == {"Oslo": 50, None: 50}


def test_woocommerces_orders(tmp_path: Path) -> None:
    rng = random.Random(2)
    rows = []
    for number in range(ROWS):
        quantities = [rng.choice([1, 2, 0.5]) for _ in range(rng.randint(1, 3))]
        items = ";".join(f"name:Cup|sku:S{q}|quantity:{q}|total:{3 * q:.2f}" for q in quantities)
        total = sum(3 * q for q in quantities)
        refunded = rng.choice(["0.00", "0.00", "1.50"])
        rows.append(
            {"order_id": number, "date": "2026-10-01 10:00:00", "order_total": f"{total:.2f}",
             "status": rng.choice(["completed", "processing", "cancelled", "refunded", "failed"]),
             "order_currency": "EUR", "customer_id": rng.choice(["0", "17"]),
             "billing_email": "ada@shop.example", "billing_phone": "", "line_items": items,
             "refunded_total": refunded}
        )  # fmt: skip
    path = write_csv(tmp_path / "orders.csv", list(rows[0]), rows)
    counts, money, events = loaded(path, "woocommerce-orders")
    paid = [row for row in read_csv(path) if row["status"] != "failed"]
    parts = [r for r in paid if r["status"] != "refunded" and r["refunded_total"] != "0.00"]
    assert counts == {
        "order_completed": len(paid),
        "order_cancelled": sum(row["status"] == "cancelled" for row in paid),
        "order_refunded": sum(row["status"] == "refunded" for row in paid) + len(parts),
    }
    assert money["order_completed", "EUR"] == sum(cents(row["order_total"]) for row in paid)
    assert money["order_refunded", "EUR"] == sum(cents(row["refunded_total"]) for row in parts)
    assert all(event["authenticated"] for event in events)  # as far as there is a customer_id
    for event in events:
        lines = event["data"].get("products", [])
        assert not lines or event["data"]["revenue"] == sum(
            line["quantity"] * line["price"] for line in lines
        )


def test_magentos_orders(tmp_path: Path) -> None:
    rng = random.Random(3)
    rows = [
        {"ID": f"{100_000_000 + number}", "Purchase Date": "Nov 21, 2026 7:30:00 PM",
         "Grand Total (Purchased)": f"${rng.randrange(100_000, 9_000_000) / 100:,.2f}",
         "Status": rng.choice(["complete", "Processing", "canceled", "pending_payment"]),
         "Customer Email": "ada@shop.example", "Total Refunded": rng.choice(["", "$0.00", "$5.00"])}
        for number in range(ROWS)
    ]  # fmt: skip
    path = write_csv(tmp_path / "export.csv", list(rows[0]), rows)
    counts, money, _events = loaded(path, "magento-orders")
    paid = [row for row in read_csv(path) if row["Status"] != "pending_payment"]
    total = sum(cents(r["Grand Total (Purchased)"].strip("$").replace(",", "")) for r in paid)
    refunded = sum(row["Total Refunded"] == "$5.00" for row in paid)
    assert counts == {
        "order_completed": len(paid),
        "order_cancelled": sum(row["Status"] == "canceled" for row in paid),
        "order_refunded": refunded,
    }
    assert positive(money) == {
        ("order_completed", "USD"): total,
        ("order_refunded", "USD"): 500 * refunded,
    }


@pytest.mark.parametrize("number_of", [str, lambda each: f"{each}.0"], ids=["whole", "float"])
def test_the_online_retail_of_uci(number_of: Callable[[int], str], tmp_path: Path) -> None:
    rng = random.Random(4)
    rows = []
    for invoice in range(ROWS // 3):
        customer = number_of(rng.randrange(12_346, 12_400)) if rng.random() < 0.8 else ""
        back = rng.random() < 0.1
        for _ in range(rng.randint(1, 5)):
            quantity = rng.randint(1, 12) * (-1 if back else 1)
            rows.append(
                {"InvoiceNo": f"{'C' if back else ''}{536_365 + invoice}", "StockCode": "85123A",
                 "Description": "HEART", "Quantity": quantity, "InvoiceDate": "12/1/2010 8:26",
                 "UnitPrice": f"{rng.randrange(1, 2_000) / 100:.2f}", "CustomerID": customer,
                 "Country": "United Kingdom"}
            )  # fmt: skip
    rows.append({**rows[0], "InvoiceNo": "A563185", "UnitPrice": "-11062.06", "CustomerID": ""})
    path = write_csv(tmp_path / "OnlineRetail.csv", list(rows[0]), rows)
    counts, money, events = loaded(path, "uci-online-retail")
    plain = [row for row in read_csv(path) if not row["InvoiceNo"].startswith("A")]
    net = sum(int(Decimal(r["UnitPrice"]) * int(r["Quantity"]) * 100) for r in plain)
    assert money["order_completed", "GBP"] - money["order_refunded", "GBP"] == net
    invoices = {row["InvoiceNo"]: row["CustomerID"] for row in plain}
    assert counts == {
        "order_completed": sum(not name.startswith("C") for name in invoices),
        "order_refunded": sum(name.startswith("C") for name in invoices),
    }
    known = {row["CustomerID"].removesuffix(".0") for row in plain} - {""}
    assert {e["identifiers"].get("user_id") for e in events} - {None} == known
    guests = [e for e in events if "user_id" not in e["identifiers"]]
    assert len(guests) == sum(customer == "" for customer in invoices.values())


def test_google_analytics_4(tmp_path: Path) -> None:
    rng = random.Random(5)
    path = tmp_path / "ga4.ndjson"
    expected: Counts = Counter()
    revenue = 0
    with path.open("w", encoding="utf-8") as file:
        for number in range(ROWS):
            name = rng.choice(["view_item", "add_to_cart", "begin_checkout", "purchase", "scroll"])
            event: dict[str, Any] = {
                "event_date": "20261001", "event_name": name,
                "event_timestamp": str(1_790_000_000_000_000 + number),
                "event_params": [{"key": "ga_session_id", "value": {"int_value": "7"}}],
                "user_id": None, "user_pseudo_id": f"{rng.randrange(99)}.{rng.randrange(99)}",
                "device": {"category": "mobile"}, "geo": {"country": "Norway"},
                "items": [{"item_id": "CUP", "item_name": "Cup", "price": 3.5, "quantity": "2"}],
            }  # fmt: skip
            if name == "purchase":
                value = rng.randrange(100, 10_000)
                revenue += value
                event["ecommerce"] = {"transaction_id": f"T{number}"}
                event["event_params"] += [
                    {"key": "currency", "value": {"string_value": "EUR", "int_value": None}},
                    {"key": "value", "value": {"double_value": value / 100}},
                ]
            expected[name] += 1
            file.write(json.dumps(event) + "\n")
    counts, money, events = loaded(path, "ga4")
    assert counts == {
        "product_viewed": expected["view_item"],
        "cart_updated": expected["add_to_cart"],
        "checkout_started": expected["begin_checkout"],
        "order_completed": expected["purchase"],
    }
    assert money == {("order_completed", "EUR"): revenue}
    carts = [e for e in events if e["type"] == "cart_updated"]
    assert carts[0]["data"]["products"][0]["quantity"] == 2
    assert {e["context"]["device"] for e in events} == {"mobile"}


def test_retailrocket(tmp_path: Path) -> None:
    rng = random.Random(6)
    bought: dict[int, list[int]] = {}
    rows: list[dict[str, Any]] = []
    for number in range(ROWS):
        name = rng.choice(["view", "addtocart", "transaction"])
        item = 355_908 + number
        transaction: Any = ""
        if name == "transaction":  # of one, several items, with those of others between them
            transaction = max(0, number - rng.randrange(40)) // 20
            bought.setdefault(transaction, []).append(item)
        visitor = transaction % 7 if name == "transaction" else number % 7
        rows.append(
            {"timestamp": 1_433_221_332_117 + number, "visitorid": visitor, "event": name,
             "itemid": item, "transactionid": transaction}
        )  # fmt: skip
    path = write_csv(tmp_path / "events.csv", list(rows[0]), rows)
    counts, _money, events = loaded(path, "retailrocket")
    plain = Counter(row["event"] for row in read_csv(path))
    assert counts == {
        "product_viewed": plain["view"],
        "product_added": plain["addtocart"],
        "order_completed": len(bought),
    }
    orders = {
        int(e["data"]["order_id"]): [int(line["product_id"]) for line in e["data"]["products"]]
        for e in events
        if e["type"] == "order_completed"
    }
    assert orders == bought
    assert len({e["identifiers"]["anonymous_id"] for e in events}) == 7


def test_olists_three_files(tmp_path: Path) -> None:
    rng = random.Random(6)
    orders, items = [], []
    for number in range(ROWS // 2):
        order = {"order_id": f"o{number}", "customer_id": f"c{number}",
                 "order_status": rng.choice(["delivered", "canceled"]),
                 "order_purchase_timestamp": "2017-10-02 10:56:33"}  # fmt: skip
        orders.append(order)
        items += [
            {"order_id": order["order_id"], "order_item_id": place, "product_id": f"p{place}",
             "price": f"{rng.randrange(100, 50_000) / 100:.2f}", "freight_value": "1.00"}
            for place in range(1, rng.randint(2, 4))
        ]  # fmt: skip
    customers = [
        {"customer_id": f"c{number}", "customer_unique_id": f"u{number % 100}"}
        for number in range(ROWS // 2)
    ]
    write_csv(tmp_path / "olist_orders_dataset.csv", list(orders[0]), orders)
    write_csv(tmp_path / "olist_customers_dataset.csv", list(customers[0]), customers)
    path = write_csv(tmp_path / "olist_order_items_dataset.csv", list(items[0]), items)
    counts, money, events = loaded(path, "olist")
    plain = read_csv(tmp_path / "olist_orders_dataset.csv")
    assert counts == {
        "order_completed": len(plain),
        "order_cancelled": sum(row["order_status"] == "canceled" for row in plain),
    }
    assert money == {("order_completed", "BRL"): sum(cents(row["price"]) for row in read_csv(path))}
    assert len({event["identifiers"]["user_id"] for event in events}) == 100
