"""`cdp clv`: fits and reports of a file, and what is printed."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cdp.commands.root import cli
from cdp.customers import orders_of_file
from cdp.demo.demo import cdnow_directory
from cdp.views.clv import values_view
from cdp.views.report import console

MAPPING = Path(__file__).parents[3] / "examples" / "mappings" / "cdnow-sample.yaml"
FILE = cdnow_directory() / "CDNOW_sample.txt"
OF_FILE = ["--file", str(FILE), "--mapping", str(MAPPING)]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["clv", *arguments], env={"COLUMNS": "100"})


def lines_of(response: dict[str, Any]) -> str:
    out = console()
    with out.capture() as capture:
        out.print(values_view(response))
    return " ".join(capture.get().split())


RESPONSE: dict[str, Any] = {
    "profile_id": "grace",
    "version": 3,
    "horizon_days": 364,
    "order_days": 2,
    "first_day": "2026-03-14",
    "last_day": "2026-08-21",
    "alive": 0.625,
    "expected_orders": 1.5,
    "clv": [{"currency": "USD", "clv": 5_250}],
    "percentile": 81,
    "lapses_at": "2026-12-24T18:00:00.000000Z",
    "as_of": "2026-09-30T00:00:00.000000Z",
}


def test_a_fit_of_a_file_is_shown_and_stored_nowhere() -> None:
    result = run("fit", *OF_FILE, "--no-progress")
    assert result.exit_code == 0, result.output
    assert "MBG/NBD, fitted to orders until 1998-06-30" in result.output
    assert "2,357, of whom 1,139 came back" in result.output


def test_a_report_says_what_was_forecast_and_what_came(tmp_path: Path) -> None:
    picture = tmp_path / "report.png"
    result = run("report", *OF_FILE, "--holdout", "39w", "--png", str(picture), "--no-progress")
    assert result.exit_code == 0, result.output
    assert "Order days forecast 1,577, actual 1,882: -16%" in result.output
    assert "7 or more" in result.output
    assert result.output.count("holdout") == 39
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_report_as_json_has_every_week_and_group() -> None:
    result = run("report", *OF_FILE, "--until", "1998-06-30", "--holdout", "39w", "--json")
    report = json.loads(result.stdout)
    assert (report["last_day"], report["end_day"]) == ("1997-09-30", "1998-06-30")
    assert len(report["weeks"]) == 78
    assert sum(group["customers"] for group in report["by_value"]) == 2_357
    assert report["total"]["actual_orders"] == 1_882


def test_without_matplotlib_a_picture_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    result = run("report", *OF_FILE, "--png", str(tmp_path / "report.png"), "--no-progress")
    assert result.exit_code == 1
    assert 'pip install "checkout-cdp[charts]"' in result.stderr


def test_a_file_of_few_customers_is_refused(tmp_path: Path) -> None:
    order = {
        "id": "1",
        "type": "order_completed",
        "time": "2026-03-01T12:00:00Z",
        "identifiers": {"user_id": "grace"},
        "authenticated": True,
        "data": {"order_id": "1", "revenue": 1_000, "currency": "EUR", "products": []},
    }
    file = tmp_path / "orders.ndjson"
    file.write_text(json.dumps(order) + "\n")
    result = run("fit", "--file", str(file))
    assert result.exit_code == 1
    assert "needs 100 customers with orders on two days or more, and there are 0" in result.stderr


def event(number: int, kind: str, day: int, **fields: Any) -> dict[str, Any]:
    return {
        "id": str(number),
        "type": kind,
        "time": f"2026-03-{day:02}T12:00:00Z",
        "identifiers": {},
        "authenticated": False,
        **fields,
    }


def test_what_becomes_of_an_order_is_its_customers_whoever_tells_it(tmp_path: Path) -> None:
    grace = {"identifiers": {"user_id": "grace"}, "authenticated": True}
    money = {"revenue": 1_000, "currency": "EUR", "products": []}
    events = [
        event(1, "order_completed", 1, data={"order_id": "a", **money}, **grace),
        event(2, "order_completed", 5, data={"order_id": "b", **money}, **grace),
        event(3, "order_refunded", 6, data={"order_id": "b", "amount": 1_000, "currency": "EUR"}),
        event(4, "order_cancelled", 7, data={"order_id": "never-told"}),
        event(5, "product_viewed", 7, data={"product_id": "p"}, **grace),
    ]
    file = tmp_path / "orders.ndjson"
    file.write_text("".join(json.dumps(each) + "\n" for each in events))
    progress: list[tuple[str, int]] = []
    orders = orders_of_file(file, None, lambda doing, done: progress.append((doing, done)))
    assert [[order.net for order in each] for each in orders] == [[1_000]]
    assert progress == [("rows", 5)]


@pytest.mark.parametrize(
    ("others", "revenue", "expected"),
    [
        ({"identifiers": {"user_id": "heidi"}, "authenticated": True}, 700, [[1_000], [500]]),
        ({"identifiers": {"email": "heidi@shop.example"}}, 700, [[300]]),
    ],
)
def test_an_account_that_has_the_id_of_anothers_order_has_an_order_of_its_own(
    tmp_path: Path, others: dict[str, Any], revenue: int, expected: list[list[int]]
) -> None:
    grace = {"identifiers": {"user_id": "grace"}, "authenticated": True}

    def order(number: int, revenue: int, **who: Any) -> dict[str, Any]:
        data = {"order_id": "a", "revenue": revenue, "currency": "EUR", "products": []}
        return event(number, "order_completed", number, data=data, **who)

    refund = {"order_id": "a", "amount": 200, "currency": "EUR"}
    events = [
        order(1, 1_000, **grace),
        order(2, revenue, **others),
        event(3, "order_refunded", 3, data=refund, **others),
        event(4, "order_refunded", 4, data=refund),
    ]
    file = tmp_path / "orders.ndjson"
    file.write_text("".join(json.dumps(each) + "\n" for each in events))
    orders = orders_of_file(file, None, lambda *_: None)
    assert [[order.net for order in each] for each in orders] == expected


def test_an_unreadable_line_is_refused_with_its_number(tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text('customer,day\n1,"unclosed\n')
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(MAPPING.read_text())
    result = run("fit", "--file", str(file), "--mapping", str(mapping))
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")


def test_a_report_of_no_orders_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "orders.ndjson"
    file.write_text("")
    result = run("report", "--file", str(file))
    assert result.exit_code == 1
    assert "has no orders to compare" in result.stderr


def test_a_line_that_is_no_event_is_refused_with_where_to_look(tmp_path: Path) -> None:
    file = tmp_path / "orders.ndjson"
    file.write_text('{"id": "1", "type": "order_completed", "time": "yesterday"}\n')
    result = run("fit", "--file", str(file))
    assert result.exit_code == 1
    assert "`cdp load --check` lists all" in result.stderr


@pytest.mark.parametrize(
    ("holdout", "message"),
    [("a year", "is not a duration"), ("3d", "at least a week"), ("200h", "whole days")],
)
def test_a_wrong_holdout_is_a_usage_error(holdout: str, message: str) -> None:
    result = run("report", *OF_FILE, "--holdout", holdout)
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_profile_is_shown_with_when_it_lapses() -> None:
    text = lines_of(RESPONSE)
    assert "2, from 2026-03-14 to 2026-08-21" in text
    assert "alive 62.5%" in text
    assert "CLV in USD 52.50 USD" in text
    assert "lapses 2026-12-24 18:00:00, unless they buy" in text


def test_why_a_profile_has_no_values_is_said() -> None:
    nothing = {**RESPONSE, "alive": None, "clv": [], "percentile": None, "lapses_at": None}
    assert "only customers with orders have them" in lines_of({**nothing, "order_days": 0})
    assert "no model is fitted" in lines_of({**nothing, "version": None})
