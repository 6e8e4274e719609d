"""`cdp load --check`: what would come of a file, before anything is recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from cdp.commands.root import cli
from tests.unit.contracts.test_event import event

MAPPING = """\
group_by: order
rows: {unless: {status: failed}}
events:
  - id: "shop-{order}"
    type: order_completed
    time: "{at}"
    identifiers: {email: "{email}", user_id: "{user}"}
    authenticated: false
    data:
      order_id: "{order}"
      revenue: {from: "{paid}", as: amount}
      currency: "{currency}"
      products:
        each_line: {sku: "{sku}", quantity: 1}
"""
HEADING = "order,at,email,user,paid,currency,sku,status\n"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("CDP_AMQP_URI", "amqp://nobody@127.0.0.1:9/")  # nothing is asked there
    (tmp_path / "shop.yaml").write_text(MAPPING)
    return tmp_path


def check(shop: Path, *rows: str, status: int = 0) -> str:
    (shop / "orders.csv").write_text(HEADING + "".join(f"{row}\n" for row in rows))
    words = ["load", "orders.csv", "--mapping", "shop.yaml", "--check"]
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == status, result.output
    assert not (shop / "orders.csv.load").exists()
    assert "Nothing was recorded." in result.output
    return " ".join(result.output.split())


def test_it_says_what_would_be_recorded_of_whom_and_for_how_much(shop: Path) -> None:
    output = check(
        shop,
        "1,2026-10-01T10:00:00Z,ada@shop.example,17,30.00,EUR,CUP,paid",
        "1,,,,,,LID,paid",
        "2,2026-10-03T10:00:00Z,bob@shop.example,null,5000,JPY,CUP,paid",
        "3,2026-10-02T10:00:00Z,ada@shop.example,17,3.00,EUR,CUP,failed",
    )
    assert "4 rows would become 2 events (1 group of several rows); the mapping leaves" in output
    assert "leaves out 1 row; 0 rejected." in output
    row = "order_completed 2 2026-10-01 10:00:00 2026-10-03 10:00:00 30.00 EUR, 5000 JPY"
    assert row in output
    assert "email 2 2" in output
    assert "user_id 1 1 1 × is a placeholder, which would stand for everybody" in output
    assert "order_id 1, revenue 3000, currency EUR, products 2 lines" in output


def test_rejected_rows_are_listed_by_their_reason(shop: Path) -> None:
    bad = "{},2026-10-01T10:00:00Z,a@x.example,,much,EUR,CUP,paid"
    rows = [bad.format(number) for number in range(5)]
    output = check(shop, *rows, "6,yesterday,a@x.example,,1.00,EUR,CUP,paid", status=1)
    assert "0 events; 6 rejected" in output
    assert "line 2, line 3, line 4 and 2 more: data.revenue: must be an amount" in output
    assert "line 7: time: " in output
    assert "Look at this: No event would be recorded." in output


def test_a_row_whose_identifiers_are_of_no_use_would_be_rejected(shop: Path) -> None:
    output = check(shop, "1,2026-10-01T10:00:00Z,guest@x.example,,3.00,EUR,CUP,paid", status=1)
    assert "0 events; 1 rejected" in output
    assert "line 2: identifiers.email: is a placeholder, which would stand for every" in output


def test_a_row_with_two_mistakes_is_one_rejected_row(shop: Path) -> None:
    output = check(shop, "1,yesterday,a@x.example,,1.00,euros,CUP,paid", status=1)
    assert "0 events; 1 rejected" in output


def test_what_is_allowed_and_looks_like_a_mistake_is_named(shop: Path) -> None:
    row = "{},2126-10-01T10:00:00Z,a@x.example,,0,EUR,CUP,paid"
    soon = row.replace("2126", "2026")
    output = check(shop, *(soon.format(number) for number in range(6)))
    assert "All orders have the same time; is it the right column?" in output
    assert "All orders are of one shopper; is it the right column?" in output
    assert "All orders have a revenue of 0." in output


@pytest.mark.parametrize(
    ("who", "hint", "other"),
    [
        ("eva@x.example", "Order ids that have orders of several shoppers: 1.", "`group_by`"),
        ("ada3@x.example", "6 orders have 5 order ids; should `group_by`", "several shoppers"),
    ],
)
def test_an_order_id_of_several_shoppers_is_told_from_one_of_several_rows(
    shop: Path, who: str, hint: str, other: str
) -> None:
    people = [*((number, f"ada{number}@x.example") for number in range(5)), (3, who)]
    orders = [
        event(
            id=f"e-{place}",
            type="order_completed",
            identifiers={"email": email},
            data={"order_id": str(number), "revenue": 500 + place, "currency": "EUR"},
        )
        for place, (number, email) in enumerate(people)
    ]
    (shop / "events.ndjson").write_text("\n".join(map(json.dumps, orders)))
    result = CliRunner().invoke(cli, ["load", "events.ndjson", "--check"])
    output = " ".join(result.output.split())
    assert hint in output
    assert other not in output


def test_control_characters_of_a_file_do_not_reach_the_terminal(shop: Path) -> None:
    output = check(shop, "1,2026-10-01T10:00:00Z,a@x.example,,1.00,EUR,\x1b[31mCUP,paid")
    assert "\x1b" not in output


def test_a_refund_of_no_order_and_a_sign_of_another_currency_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    mapping = Path(__file__).parents[3] / "examples" / "mappings" / "magento-orders.yaml"
    columns = "ID,Purchase Date,Grand Total (Purchased),Status,Customer Email,Total Refunded"
    row = ',"Oct 1, 2026 10:00:00 AM",{},complete,ada@shop.example,{}'
    rows = [columns, "1" + row.format("20.00 kr", ""), "2" + row.format("$5.00", "$1.00")]
    (tmp_path / "export.csv").write_text("\n".join(rows), encoding="utf-8")
    arguments = ["load", str(tmp_path / "export.csv"), "--mapping", str(mapping), "--check"]
    output = " ".join(CliRunner().invoke(cli, arguments).output.split())
    assert (
        "line 2: data.revenue: is written in DKK, EEK, ISK, NOK, SEK, and the currency is USD"
        in output
    )
    refund = event(type="order_refunded", data={"order_id": "C1", "amount": 500, "currency": "GBP"})
    (tmp_path / "events.ndjson").write_text(json.dumps(refund), encoding="utf-8")
    result = CliRunner().invoke(cli, ["load", str(tmp_path / "events.ndjson"), "--check"])
    words = "1 of the refunds (5.00 GBP) name no order of these rows"
    assert words in " ".join(result.output.split())


def test_an_event_with_the_id_of_another_counts_once_or_would_be_rejected(shop: Path) -> None:
    paid = {"order_id": "7", "revenue": 500, "currency": "GBP"}
    first = event(id="o-7", type="order_completed", data=paid)
    other = event(id="o-7", type="order_completed", data={**paid, "revenue": 900})
    nobodys = event(id="f-7", type="order_fulfilled", data={"order_id": "7"}, identifiers={})
    lines = "".join(json.dumps(each) + "\n" for each in (first, first, other, nobodys))
    (shop / "events.ndjson").write_text(lines, encoding="utf-8")
    result = CliRunner().invoke(cli, ["load", "events.ndjson", "--check"])
    output = " ".join(result.output.split())
    assert "1 of the events repeat another one, id and all, and would not count again." in output
    assert "1 of the events have the id of another one and other content, and would be" in output
    assert "1 of the events name no shopper, and would count for that of their order" in output


def refund_of(order: str, **changes: object) -> dict[str, object]:
    data = {"order_id": order, "amount": 500, "currency": "GBP"}
    return event(id=f"r-{order}", type="order_refunded", data={**data, **changes})


def test_a_refund_of_a_rejected_order_is_said_to_be_that_with_the_reason(shop: Path) -> None:
    order = {"order_id": "7", "revenue": 500, "currency": "GBP"}
    nobody = {"identifiers": {"user_id": "guest"}}
    events = [
        event(id="o-7", type="order_completed", data={**order, "order_id": 7, "revenue": "5.00"}),
        event(id="o-8", type="order_completed", data={**order, "order_id": "8"}, **nobody),
        *(refund_of(order_id) for order_id in ("7", "8", "9")),
    ]
    lines = "".join(json.dumps(each) + "\n" for each in events)
    (shop / "events.ndjson").write_text(lines, encoding="utf-8")
    result = CliRunner().invoke(cli, ["load", "events.ndjson", "--check"])
    output = " ".join(result.output.split())
    assert "2 of the refunds (10.00 GBP) are of orders that would be rejected (" in output
    assert "4999 for 49.99), not text; 1 more): they lower nobody's" in output
    assert "1 of the refunds (5.00 GBP) name no order of these rows" in output
    assert "may be among" not in output


def test_a_refund_whose_order_may_be_in_a_row_that_cannot_be_read_says_so(shop: Path) -> None:
    lines = f'{json.dumps(refund_of("9"))}\n{{"id": "o-9", "type\n'
    (shop / "events.ndjson").write_text(lines, encoding="utf-8")
    result = CliRunner().invoke(cli, ["load", "events.ndjson", "--check"])
    output = " ".join(result.output.split())
    assert "The orders may be among the 1 rejected records that made no event" in output


def test_refunds_that_say_they_belong_to_no_order_are_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    mapping = Path(__file__).parents[3] / "examples" / "mappings" / "uci-online-retail.yaml"
    (tmp_path / "retail.csv").write_text(
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
        "536365,85123A,HEART,6,12/1/2010 8:26,2.55,17850,United Kingdom\n"
        "C536379,D,Discount,-1,12/1/2010 9:41,27.50,17850,United Kingdom\n",
        encoding="utf-8",
    )
    arguments = ["load", str(tmp_path / "retail.csv"), "--mapping", str(mapping), "--check"]
    result = CliRunner().invoke(cli, arguments)
    output = " ".join(result.output.split())
    assert result.exit_code == 0
    assert "1 of the refunds (27.50 GBP) belong to no order, as they say:" in output
    assert "Look at this" not in output
