"""Files as shops' programs and spreadsheets leave them: what comes of each row, and why not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cdp.commands.load import open_file
from cdp.commands.root import cli
from cdp.loading.check import LoadCheck, check_load
from cdp.loading.mapping import read_mapping
from chassis import InvalidInput
from identifiers import load_types
from rules import refunded_money

MAPPINGS = Path(__file__).parents[3] / "examples" / "mappings"
NOW = 1_795_000_000_000_000

SHOPIFY = (
    "\ufeffName,Email,Financial Status,Accepts Marketing,Currency,Total,Created at,"
    "Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Notes,Notes\r\n"
    "#1,ada@shop.example,paid,yes,EUR,30.00,2026-10-01 10:00:00 +0200,1,"
    '"Cup ""Blue""",10.00,CUP,"At the door, please",\r\n'
    "#1,,,,,,2026-10-01 10:00:00 +0200,2,Lid,10.00,,,\r\n"
    '#2,bo@shop.example,paid,no,EUR,"1.234,50",2026-10-02 11:00:00 +0200,1,Sofa,9.00,SOFA,,\r\n'
    "#3,cy@shop.example,paid,no,€,8.00,2026-10-03 11:00:00 +0200,1,Pen,8.00,#N/A,,\r\n"
    "Total,,,,,1272.50,,,,,,,\r\n"
    "\r\n,,,,,,,,,,,,\r\n"
)
POS = (
    "Kassenbericht;Filiale 3;;;;\r\n"
    "Bon;Datum;Artikel;Menge;Betrag;Kunde\r\n"
    '1;46296,5;CUP;1;"3,50";K1\r\n'
    ';;LID;2;"1,00";\r\n'
    '2;01.10.2026 12:00;SOFA;1;"1.299,00";\r\n'
    "3;02.10.2026 25:00;X;1;5,00;K2\r\n"
    "4;02.10.2026 12:00;X;NaN;5,00;K2\r\n"
    '5;02.10.2026 12:00;X;1;"5,00 kr";K2\r\n'
    'Summe;;;;"1.303,50";\r\n\r\n'
)
POS_MAPPING = """\
format: {delimiter: ";", encoding: cp1252, skip: 1}
group_by: {columns: Bon, blank: above}
rows: {unless: {Bon: Summe}}
event:
  id: "pos-{Bon}"
  type: order_completed
  time: {from: "{Datum}", as: time, format: ["%d.%m.%Y %H:%M", excel], zone: Europe/Berlin}
  identifiers: {loyalty_id: "{Kunde}", anonymous_id: "bon-{Bon}"}
  authenticated: true
  data:
    order_id: "{Bon}"
    revenue: {sum: "{Betrag}", as: amount, comma: true}
    currency: EUR
    products:
      each_line: {product_id: "{Artikel}", quantity: {from: "{Menge}", as: number}}
"""


def check(path: Path, mapping: Path) -> tuple[LoadCheck, list[dict[str, Any]]]:
    _source, records, make_events = open_file(path, read_mapping(mapping))
    events: list[dict[str, Any]] = []

    def made(record: Any) -> Any:
        found = make_events(record)
        events.extend(each.event for each in found)
        return found

    return check_load(records(), made, load_types(None), NOW), events


def test_shopifys_export_as_a_spreadsheet_has_saved_it(tmp_path: Path) -> None:
    path = tmp_path / "orders_export.csv"
    path.write_bytes(SHOPIFY.encode())
    found, events = check(path, MAPPINGS / "shopify-orders.yaml")
    (order,) = [each for each in events if each["id"] == "shopify-#1-completed"]
    assert (order["data"]["revenue"], len(order["data"]["products"])) == (3_000, 2)
    assert order["data"]["products"][0]["name"] == 'Cup "Blue"'
    assert {reason: lines for reason, lines in found.rejected.items() if "line 4" in lines} == {
        "data.revenue: must be an amount such as 49.99; or set `comma: true` (column Total)": [
            "line 4"
        ]
    }
    (error,) = [reason for reason, lines in found.rejected.items() if "line 5" in lines]
    assert error.startswith("data.products.product_id: has #N/A, an error of a spreadsheet")
    assert error.endswith("(column Lineitem sku)")
    assert [lines for lines in found.rejected.values() if "line 6" in lines]  # the row of totals
    assert found.rows == 5


def test_a_cash_registers_report_with_a_title_merged_cells_and_totals(tmp_path: Path) -> None:
    (tmp_path / "pos.csv").write_bytes(POS.encode("cp1252"))
    (tmp_path / "pos.yaml").write_text(POS_MAPPING)
    found, events = check(tmp_path / "pos.csv", tmp_path / "pos.yaml")
    first, second = events
    assert first["time"] == "2026-10-01T10:00:00Z"  # what a spreadsheet has as 46296,5
    assert (first["data"]["revenue"], len(first["data"]["products"])) == (450, 2)
    assert second["data"]["revenue"] == 129_900
    assert list(found.rejected) == [
        "time: must be a time written as %d.%m.%Y %H:%M or excel (column Datum)",
        (
            "data.products.quantity: must be a number such as 12.5; if it stands for an empty cell,"
            " name it in `blank` of `format` (column Menge)"
        ),
        (
            "data.revenue: is written in DKK, EEK, ISK, NOK, SEK, and the currency is EUR: set"
            " `currency` to that of the file, or to the column that has it (column Betrag)"
        ),
    ]
    assert [*found.rejected.values()] == [["line 6"], ["line 7"], ["line 8"]]
    assert (found.rows, found.left_out) == (7, 1)


def test_rejected_rows_are_read_again_below_the_lines_above_their_heading(tmp_path: Path) -> None:
    (tmp_path / "pos.csv").write_bytes(POS.encode("cp1252"))
    (tmp_path / "pos.yaml").write_text(POS_MAPPING)
    mapping = read_mapping(tmp_path / "pos.yaml")
    source, records, _make_events = open_file(tmp_path / "pos.csv", mapping)
    first = next(iter(records()))
    again = tmp_path / "pos.rejected.csv"
    again.write_bytes(source.heading + b"".join(source.again(row) for row in first.rows))
    _source, records, _make_events = open_file(again, mapping)
    (found,) = records()
    assert [(r.name, r.cells) for r in found.rows] == [(r.name, r.cells) for r in first.rows]


def test_a_heading_further_down_is_found_out(tmp_path: Path) -> None:
    (tmp_path / "pos.csv").write_bytes(POS.encode("cp1252"))
    (tmp_path / "pos.yaml").write_text(POS_MAPPING.replace(", skip: 1", ""))
    with pytest.raises(InvalidInput, match="set `skip: 1`, or more, in `format`"):
        check(tmp_path / "pos.csv", tmp_path / "pos.yaml")


def test_a_column_that_there_is_twice_is_read_by_its_number_alone(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("id,at,note,note\n1,2026-10-01T10:00:00Z,a,b\n")
    mapping = tmp_path / "orders.yaml"
    text = (
        'event: {type: noted, time: "{at}", identifiers: {user_id: "{id}"}, authenticated: true,'
        ' data: {note: "{note}"}}'
    )
    mapping.write_text(text)
    with pytest.raises(InvalidInput, match=r"several of that name; write note \(1\)"):
        check(tmp_path / "orders.csv", mapping)
    mapping.write_text(text.replace("{note}", "{note (2)}"))
    ((event,), _) = (check(tmp_path / "orders.csv", mapping)[1], None)
    assert event["data"] == {"note": "b"}


def test_words_for_nothing_and_wrong_units_of_analytics(tmp_path: Path) -> None:
    def purchase(at: Any, order: str, more: str = "T9") -> dict[str, Any]:
        return {
            "event_name": "purchase",
            "event_timestamp": at,
            "user_pseudo_id": "1.1",
            "device": {"category": "mobile"},
            "geo": {"country": "DE"},
            "items": [],
            "ecommerce": {"transaction_id": order, "purchase_revenue": 7.0},
            "event_params": [
                {"key": "currency", "value": {"string_value": "EUR"}},
                {"key": "transaction_id", "value": {"string_value": more}},
            ],
        }

    lines = [
        purchase("1790000000000000", "(not set)"),
        purchase("1790000000000000", "(not set)", "(not set)"),
        purchase(1_790_000_000, "T2"),
        purchase("1790000000000000", "undefined"),
    ]
    path = tmp_path / "ga4.ndjson"
    path.write_text("\ufeff" + "\n".join(map(json.dumps, lines)) + "\n\n")
    found, events = check(path, MAPPINGS / "ga4.yaml")
    assert [e["data"].get("order_id") for e in events] == ["T9", None, "undefined"]
    assert {lines[0]: reason.partition(";")[0] for reason, lines in found.rejected.items()} == {
        "line 2": "data.order_id: is missing",
        "line 3": "time: has as many digits as `format: epoch`, and is read as epoch_us"
        " (column event_timestamp)",
        "line 4": "data.order_id: is a program's word for nothing, which would stand for all alike",
    }


def test_a_refund_of_articles_in_analytics_is_of_their_prices(tmp_path: Path) -> None:
    refund: dict[str, Any] = {
        "event_name": "refund",
        "event_timestamp": "1790000000000000",
        "user_pseudo_id": "1.1",
        "device": {"category": "mobile"},
        "geo": {"country": "DE"},
        "items": [{"item_id": "CUP", "item_category": "(not set)", "price": 10.0, "quantity": 2}],
        "ecommerce": {"transaction_id": "T1"},
        "event_params": [{"key": "currency", "value": {"string_value": "EUR"}}],
    }
    path = tmp_path / "ga4.ndjson"
    path.write_text(json.dumps(refund))
    _found, (event,) = check(path, MAPPINGS / "ga4.yaml")
    assert refunded_money(event["data"]) == (2_000, "EUR")
    assert event["data"]["products"] == [{"product_id": "CUP", "quantity": 2, "price": 1_000}]


def test_order_numbers_that_a_spreadsheet_or_a_data_frame_has_spoilt(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(
        "order_id,date,status,billing_email,order_total,line_items\n"
        "105.0,2026-10-01 10:00:00,completed,a@shop.example,3.00,\n"
        "2.02611E+13,2026-10-01 10:00:00,completed,b@shop.example,4.00,\n"
    )
    found, events = check(path, MAPPINGS / "woocommerce-orders.yaml")
    assert [event["data"]["order_id"] for event in events] == ["105"]
    ((reason, lines),) = found.rejected.items()
    assert (lines[0], "rounded by a spreadsheet" in reason) == ("line 3", True)


def test_a_messy_file_is_loaded_but_for_the_rows_that_are_named(tmp_path: Path) -> None:
    (tmp_path / "pos.csv").write_bytes(POS.encode("cp1252"))
    (tmp_path / "pos.yaml").write_text(POS_MAPPING)
    words = ["load", str(tmp_path / "pos.csv"), "--mapping", str(tmp_path / "pos.yaml"), "--check"]
    result = CliRunner().invoke(cli, words, env={"COLUMNS": "250"})
    assert result.exit_code == 1
    assert "7 rows would become 2 events (1 group of several rows)" in result.output
    for line in ("line 6", "line 7", "line 8"):
        assert f"Rejected: {line}: " in result.output
