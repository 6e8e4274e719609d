"""A shop's file of each layout that we ship a mapping for, loaded, against a plain pandas script.

The files are made up, with what such files hold: blank cells in a group, quotes and line ends in
names, several currencies, refunds, cancellations, guests. They go through `cdp load --into`, and
every order, its money and whose it is are read back from the services. CDNOW and The Complete
Journey, whose real files there are, are in tests/e2e/test_loading.py.
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner

from cdp.commands.root import cli
from cdp.connection import connected

ROOT = Path(__file__).parents[2]
MAPPINGS = ROOT / "examples" / "mappings"
Rows = list[dict[str, Any]]
NAMES = ("Cup", 'Mug, "large"', "Tea; green", "Thé\nà la menthe", "杯子", "Krug|groß")


@dataclass(slots=True)
class LayoutFigures:
    """What is in a file, or has come of it.

    `counts` are events by type, `orders` have (currency, revenue, net, cancelled) by order id, and
    `customers` the orders of each customer. `revenues` are the customers' revenues by currency, net
    of all that went back, as `profiles.get` has them: how many customers have each.
    """

    counts: Counter[str]
    orders: dict[str, tuple[str, int, int, bool]] = field(default_factory=dict)
    customers: set[frozenset[str]] = field(default_factory=set)
    revenues: Counter[frozenset[tuple[str, int]]] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Layout:
    """A layout: its mapping, the name of its file, who makes such a file and what is in one."""

    mapping: str
    file: str
    make: Callable[[Path, int, random.Random], None]
    plain: Callable[[Path], LayoutFigures]


def loaded(path: Path, mapping: str, directory: Path) -> LayoutFigures:
    """What has come of a file, loaded into a suite of its own."""
    words = ["load", path, "--mapping", MAPPINGS / f"{mapping}.yaml", "--into", directory]
    done = CliRunner().invoke(cli, [*map(str, words), "--no-progress", "--flat-out"])
    assert done.exit_code == 0, done.output
    with closing(sqlite3.connect(directory / "profiles.db")) as database:
        query = "SELECT type, data FROM events WHERE type <> 'identity_changed'"
        events = [(kind, json.loads(data)) for kind, data in database.execute(query)]
        labels = [row[0] for row in database.execute("SELECT DISTINCT profile_id FROM labels")]
    figures = LayoutFigures(Counter(kind for kind, _ in events))
    with connected(directory, 60.0) as client:
        for profile_id in labels:
            page = client.call("profiles", "timeline", profile_id=profile_id, limit=1)
            assert page["order_count"] <= len(page["orders"])
            for each in page["orders"]:
                figures.orders[each["order_id"]] = (
                    each["currency"],
                    each["revenue"],
                    each["net"],
                    each["status"] == "cancelled",
                )
            if page["orders"]:
                figures.customers.add(frozenset(each["order_id"] for each in page["orders"]))
            response = client.call("profiles", "get", profile_id=profile_id)
            figures.revenues.update(revenue_of(response["orders"]["revenue"]))
    return figures


def revenue_of(cents: Mapping[str, int]) -> list[frozenset[tuple[str, int]]]:
    """What a customer's revenue counts as, without the currencies in which nothing is left."""
    left = frozenset((currency, net) for currency, net in cents.items() if net)
    return [left] if left else []


def layout_figures(
    counts: dict[str, int], orders: pd.DataFrame, unlinked: pd.DataFrame | None = None
) -> LayoutFigures:
    """Those of a table with the columns order, customer, currency, cents, refunded, cancelled.

    `unlinked` has the customer, currency and cents of what went back without an order.
    """
    nets = orders[~orders.cancelled.astype(bool)]
    nets = nets.assign(cents=nets.cents - nets.refunded)[["customer", "currency", "cents"]]
    if unlinked is not None:
        nets = pd.concat([nets, unlinked.assign(cents=-unlinked.cents)])
    sums = nets.groupby(["customer", "currency"]).cents.sum()
    by_customer: dict[str, dict[str, int]] = {}
    for (customer, currency), net in sums.items():
        by_customer.setdefault(customer, {})[currency] = int(net)
    return LayoutFigures(
        counts=Counter({kind: number for kind, number in counts.items() if number}),
        orders={
            row.order: (row.currency, row.cents, row.cents - row.refunded, row.cancelled)
            for row in orders.itertuples()
        },
        customers=set(orders.groupby("customer").order.agg(frozenset)),
        revenues=Counter(each for revenue in by_customer.values() for each in revenue_of(revenue)),
    )


def cents(amounts: pd.Series) -> pd.Series:
    """Money as text in cents; an empty cell is nothing."""
    return (amounts.replace("", "0").astype(float) * 100).round().astype("int64")


def write(path: Path, rows: Rows, **options: Any) -> None:
    pd.DataFrame(rows).to_csv(path, index=False, **options)


def read(path: Path, **options: Any) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False, **options)


def price(rng: random.Random, most: int = 90_000) -> int:
    return rng.randrange(1, most)


def money(amount: int) -> str:
    return f"{amount // 100}.{amount % 100:02}"


def instant(rng: random.Random) -> str:
    day = f"2025-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    return f"{day} {rng.randint(8, 20):02}:{rng.randint(0, 59):02}:00"


def make_shopify(path: Path, most: int, rng: random.Random) -> None:
    rows: Rows = []
    while len(rows) < most:
        lines = [
            {
                "Lineitem quantity": rng.randint(1, 3),
                "Lineitem name": rng.choice(NAMES),
                "Lineitem price": money(price(rng, 5_000)),
                "Lineitem sku": rng.choice(["CUP", "LID", ""]),
            }
            for _ in range(rng.randint(1, 3))
        ]
        total = price(rng)
        status = rng.choice([*["paid"] * 4, "refunded", "partially_refunded", "voided"])
        part = {"refunded": total, "partially_refunded": rng.randint(1, total)}.get(status, 0)
        order = {
            "Name": f"#{len(rows)}",
            "Email": f"Shopper{rng.randrange(most // 8)}@shop.example",
            "Financial Status": status,
            "Paid at": "",
            "Accepts Marketing": rng.choice(["yes", "no"]),
            "Currency": rng.choice(["EUR", "USD", "SEK"]),
            "Total": money(total),
            "Created at": f"{instant(rng)} +0200",
            **lines[0],
            "Cancelled at": "2026-01-05 10:00:00 +0100" if status == "voided" else "",
            "Refunded Amount": money(part),
            "Phone": "",
        }
        rows.append(order)
        name = {"Name": order["Name"], "Email": rng.choice([order["Email"], ""])}
        rows += [dict.fromkeys(order, "") | name | line for line in lines[1:]]
    write(path, rows)


def plain_shopify(path: Path) -> LayoutFigures:
    table = read(path)
    first = table.groupby("Name", sort=False).first()
    status = first["Financial Status"]
    orders = pd.DataFrame(
        {
            "order": first.index,
            "customer": first["Email"].str.lower(),
            "currency": first["Currency"],
            "cents": cents(first["Total"]),
            "refunded": cents(first["Refunded Amount"]),
            "cancelled": status == "voided",
        }
    )
    counts = {
        "order_completed": len(orders),
        "order_refunded": int(status.str.contains("refunded").sum()),
        "order_cancelled": int(orders.cancelled.sum()),
        "consent_changed": int((first["Accepts Marketing"] == "yes").sum()),
    }
    return layout_figures(counts, orders)


def make_customers(path: Path, most: int, rng: random.Random) -> None:
    write(
        path,
        [
            {
                "Customer ID": number,
                "First Name": rng.choice(["Ada", "Zoë", "李"]),
                "Last Name": rng.choice(['O"Hara', "Müller, jr."]),
                "Email": f"c{number}@shop.example" if rng.random() < 0.9 else "",
                "Accepts Email Marketing": rng.choice(["yes", "no"]),
                "Default Address City": rng.choice(["Oslo", ""]),
                "Default Address Country Code": "NO",
                "Phone": f"+4791{number:06}",
                "Accepts SMS Marketing": rng.choice(["yes", "no"]),
                "Tags": rng.choice(["", "vip, new"]),
            }
            for number in range(most)
        ],
    )


def plain_customers(path: Path) -> LayoutFigures:
    table = read(path)
    ticked = (table["Accepts Email Marketing"] == "yes").sum() + (
        table["Accepts SMS Marketing"] == "yes"
    ).sum()
    return LayoutFigures(
        Counter({"traits_changed": int((table.Email != "").sum()), "consent_changed": int(ticked)})
    )


def make_woocommerce(path: Path, most: int, rng: random.Random) -> None:
    rows: Rows = []
    for number in range(most):
        quantities = [rng.randint(1, 4) for _ in range(rng.randint(1, 3))]
        total = sum(300 * quantity for quantity in quantities)
        customer = rng.randrange(most // 8)
        rows.append(
            {
                "order_id": number,
                "date": instant(rng),
                "status": rng.choice(
                    ["completed", "processing", "cancelled", "refunded", "failed"]
                ),
                "order_total": money(total),
                "refunded_total": rng.choice(["0.00", "0.00", money(rng.randint(1, total))]),
                "order_currency": rng.choice(["EUR", "GBP"]),
                "customer_id": customer,
                "billing_email": f"w{customer}@shop.example",
                "billing_phone": "",
                "line_items": ";".join(
                    f"name:Cup {each}|sku:S{each}|quantity:{each}|total:{money(300 * each)}"
                    for each in quantities
                ),
            }
        )
    write(path, rows)


def plain_woocommerce(path: Path) -> LayoutFigures:
    table = read(path)
    table = table[table.status != "failed"]
    paid = cents(table.order_total)
    in_part = cents(table.refunded_total)
    whole = table.status == "refunded"
    orders = pd.DataFrame(
        {
            "order": table.order_id,
            "customer": table.billing_email,
            "currency": table.order_currency,
            "cents": paid,
            "refunded": in_part.where(~whole, paid),
            "cancelled": table.status == "cancelled",
        }
    )
    counts = {
        "order_completed": len(table),
        "order_cancelled": int(orders.cancelled.sum()),
        "order_refunded": int(whole.sum() + ((in_part > 0) & ~whole).sum()),
    }
    return layout_figures(counts, orders)


def make_magento(path: Path, most: int, rng: random.Random) -> None:
    write(
        path,
        [
            {
                "ID": f"{100_000_000 + number}",
                "Purchase Point": "Main Website\nMain Website Store",
                "Purchase Date": "Nov 21, 2025 7:30:00 PM",
                "Bill-to Name": rng.choice(NAMES),
                "Grand Total (Purchased)": f"${(total := price(rng, 9_000_000)) / 100:,.2f}",
                "Status": rng.choice(["complete", "Processing", "canceled", "pending_payment"]),
                "Customer Email": f"m{rng.randrange(most // 8)}@shop.example",
                "Total Refunded": rng.choice(["", "$0.00", f"${rng.randint(1, total) / 100:,.2f}"]),
            }
            for number in range(most)
        ],
    )


def plain_magento(path: Path) -> LayoutFigures:
    table = read(path)
    table = table[table.Status != "pending_payment"]
    paid, refunded = (
        cents(table[name].str.replace(r"[$,]", "", regex=True))
        for name in ("Grand Total (Purchased)", "Total Refunded")
    )
    orders = pd.DataFrame(
        {
            "order": table.ID,
            "customer": table["Customer Email"],
            "currency": "USD",
            "cents": paid,
            "refunded": refunded,
            "cancelled": table.Status == "canceled",
        }
    )
    counts = {
        "order_completed": len(table),
        "order_cancelled": int(orders.cancelled.sum()),
        "order_refunded": int((refunded > 0).sum()),
    }
    return layout_figures(counts, orders)


def make_uci(path: Path, most: int, rng: random.Random) -> None:
    rows: Rows = []
    invoice = 536_365
    while len(rows) < most:
        invoice += 1
        back = rng.random() < 0.1
        customer = f"{rng.randrange(12_346, 12_346 + most // 30)}.0" if rng.random() < 0.8 else ""
        day = f"{rng.randint(1, 12)}/{rng.randint(1, 28)}/2011"
        when = f"{day} {rng.randint(8, 17)}:{rng.randint(0, 59):02}"
        rows += [
            {
                "InvoiceNo": f"C{invoice}" if back else invoice,
                "StockCode": rng.choice(["85123A", "POST", "71053"]),
                "Description": rng.choice(["WHITE HANGING HEART", "POSTAGE £", ""]),
                "Quantity": rng.randint(1, 12) * (-1 if back else 1),
                "InvoiceDate": when,
                "UnitPrice": money(price(rng, 2_000)),
                "CustomerID": customer,
                "Country": "United Kingdom",
            }
            for _ in range(rng.randint(1, 5))
        ]
    rows.append(rows[0] | {"InvoiceNo": "A563185", "UnitPrice": "-11062.06", "CustomerID": ""})
    write(path, rows, encoding="latin-1")


def plain_uci(path: Path) -> LayoutFigures:
    table = read(path, encoding="latin-1")
    table = table[~table.InvoiceNo.str.startswith("A")]
    table["cents"] = cents(table.UnitPrice) * table.Quantity.astype(int)
    invoices = table.groupby("InvoiceNo", sort=False).agg({"cents": "sum", "CustomerID": "first"})
    back = invoices.index.str.startswith("C")
    known = invoices.CustomerID != ""
    invoices["CustomerID"] = invoices.CustomerID.where(known, invoices.index.to_series())
    sold, returned = invoices[~back], invoices[back]
    orders = pd.DataFrame(
        {
            "order": sold.index,
            "customer": sold.CustomerID,
            "currency": "GBP",
            "cents": sold.cents,
            "refunded": 0,
            "cancelled": False,
        }
    )
    counts = {"order_completed": len(sold), "order_refunded": int(back.sum())}
    unlinked = pd.DataFrame(
        {"customer": returned.CustomerID, "currency": "GBP", "cents": -returned.cents}
    )
    return layout_figures(counts, orders, unlinked)


def make_ga4(path: Path, most: int, rng: random.Random) -> None:
    lines = []
    for number in range(most):
        name = rng.choice(["view_item", "add_to_cart", "begin_checkout", "purchase", "scroll"])
        event: dict[str, Any] = {
            "event_date": "20251001",
            "event_name": name,
            "event_timestamp": str(1_760_000_000_000_000 + 1_000_000 * number),
            "event_params": [{"key": "ga_session_id", "value": {"int_value": "7"}}],
            "user_id": None,
            "user_pseudo_id": f"{rng.randrange(most // 20)}.17",
            "device": {"category": "mobile"},
            "geo": {"country": "Norway"},
            "items": [
                {"item_id": "CUP", "item_name": each, "price": 3.5, "quantity": "2"}
                for each in rng.sample(NAMES, 2)
            ],
        }
        if name == "purchase":
            event["ecommerce"] = {"transaction_id": f"T{number}"}
            event["event_params"] += [
                {"key": "currency", "value": {"string_value": rng.choice(["EUR", "NOK"])}},
                {"key": "value", "value": {"double_value": price(rng) / 100}},
            ]
        lines.append(json.dumps(event))
    path.write_text("\n".join(lines) + "\n")


def plain_ga4(path: Path) -> LayoutFigures:
    table = pd.read_json(path, lines=True, dtype=False)
    sold = table[table.event_name == "purchase"]
    params = sold.event_params.map(
        lambda each: {p["key"]: next(iter(p["value"].values())) for p in each}
    )
    orders = pd.DataFrame(
        {
            "order": sold.ecommerce.map(lambda each: each["transaction_id"]),
            "customer": sold.user_pseudo_id,
            "currency": params.map(lambda each: each["currency"]),
            "cents": cents(params.map(lambda each: each["value"])),
            "refunded": 0,
            "cancelled": False,
        }
    )
    names = {
        "view_item": "product_viewed",
        "add_to_cart": "cart_updated",
        "begin_checkout": "checkout_started",
        "purchase": "order_completed",
    }
    counts = table.event_name.value_counts()
    return layout_figures({ours: int(counts[theirs]) for theirs, ours in names.items()}, orders)


def make_retailrocket(path: Path, most: int, rng: random.Random) -> None:
    write(
        path,
        [
            {
                "timestamp": 1_433_221_332_117 + 1_000 * number,
                # Of a transaction a visitor's several items, with other visitors' lines between.
                "visitorid": number // 12 % max(1, most // 20),
                "event": (event := rng.choice(["view", "view", "addtocart", "transaction"])),
                "itemid": rng.randrange(400_000),
                "transactionid": number // 12 if event == "transaction" else "",
            }
            for number in range(most)
        ],
    )


def plain_retailrocket(path: Path) -> LayoutFigures:
    table = read(path)
    sold = table[table.event == "transaction"].drop_duplicates("transactionid")
    orders = pd.DataFrame(
        {
            "order": sold.transactionid,
            "customer": sold.visitorid,
            "currency": "USD",
            "cents": 0,
            "refunded": 0,
            "cancelled": False,
        }
    )
    names = {
        "view": "product_viewed",
        "addtocart": "product_added",
        "transaction": "order_completed",
    }
    counts = table.event.value_counts()
    counts = {**counts, "transaction": len(sold)}
    return layout_figures({ours: int(counts[theirs]) for theirs, ours in names.items()}, orders)


def make_olist(path: Path, most: int, rng: random.Random) -> None:
    orders: Rows = []
    items: Rows = []
    while len(items) < most:
        number = len(orders)
        orders.append(
            {
                "order_id": f"o{number}",
                "customer_id": f"c{number}",
                "order_status": rng.choice(["delivered", "shipped", "canceled", "unavailable"]),
                "order_purchase_timestamp": instant(rng),
            }
        )
        items += [
            {
                "order_id": f"o{number}",
                "order_item_id": place,
                "product_id": f"p{rng.randrange(900)}",
                "price": money(price(rng)),
                "freight_value": "1.00",
            }
            for place in range(1, rng.randint(2, 4))
        ]
    customers = [
        {"customer_id": each["customer_id"], "customer_unique_id": f"u{rng.randrange(most // 10)}"}
        for each in orders
    ]
    rng.shuffle(customers)
    write(path, items)
    write(path.with_name("olist_orders_dataset.csv"), orders)
    write(path.with_name("olist_customers_dataset.csv"), customers)


def plain_olist(path: Path) -> LayoutFigures:
    table = read(path).merge(read(path.with_name("olist_orders_dataset.csv")), on="order_id")
    table = table.merge(read(path.with_name("olist_customers_dataset.csv")), on="customer_id")
    table["cents"] = cents(table.price)
    each = table.groupby("order_id", sort=False).agg(
        {"cents": "sum", "customer_unique_id": "first", "order_status": "first"}
    )
    orders = pd.DataFrame(
        {
            "order": each.index,
            "customer": each.customer_unique_id,
            "currency": "BRL",
            "cents": each.cents,
            "refunded": 0,
            "cancelled": each.order_status.isin(["canceled", "unavailable"]),
        }
    )
    counts = {"order_completed": len(orders), "order_cancelled": int(orders.cancelled.sum())}
    return layout_figures(counts, orders)


LAYOUTS = [
    Layout("shopify-orders", "orders_export.csv", make_shopify, plain_shopify),
    Layout("shopify-customers", "customers_export.csv", make_customers, plain_customers),
    Layout("woocommerce-orders", "orders.csv", make_woocommerce, plain_woocommerce),
    Layout("magento-orders", "export.csv", make_magento, plain_magento),
    Layout("uci-online-retail", "OnlineRetail.csv", make_uci, plain_uci),
    Layout("ga4", "ga4.ndjson", make_ga4, plain_ga4),
    Layout("retailrocket", "events.csv", make_retailrocket, plain_retailrocket),
    Layout("olist", "olist_order_items_dataset.csv", make_olist, plain_olist),
]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.mapping)
def test_a_file_of_each_layout_comes_to_the_cent_of_a_plain_script(
    layout: Layout, tmp_path: Path, size: Callable[[int, int], int]
) -> None:
    path = tmp_path / layout.file
    layout.make(path, size(100, 10_000), random.Random(layout.mapping))
    expected = layout.plain(path)
    assert expected.counts
    assert loaded(path, layout.mapping, tmp_path / "suite") == expected
