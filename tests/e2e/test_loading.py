"""Facts about `cdp load`, as a process, into the suite on RabbitMQ and PostgreSQL."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from cdp.demo.demo import cdnow_directory
from cdp.demo.purchases import MASTER, SAMPLE
from tests.support.reference_cdnow import figures
from tests.support.system import ProcessSuite, plain_environment, rows_loaded

ROOT = Path(__file__).parents[2]
MAPPINGS = ROOT / "examples" / "mappings"
CLOCK = {"CDP_CLOCK": "1998-07-01T00:00:00Z"}  # where CDNOW's data ends
KILLS = 5

Load = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Load]:
    """`load(suite, "orders.csv", "--mapping", …)`: the command, running in an empty directory."""
    plain = plain_environment()

    def begin(suite: ProcessSuite, *words: str | Path) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "cdp", "load", *words],
            cwd=tmp_path,
            env=plain | {"PYTHONPATH": str(ROOT), "CDP_AMQP_URI": suite.client_uri},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        stack.callback(process.kill)
        return stack.enter_context(process)

    with ExitStack() as stack:
        yield begin


def output_of(process: subprocess.Popen[str], status: int = 0) -> list[str]:
    """The lines that a load printed, when it has ended."""
    output, errors = process.communicate(timeout=3_600)
    assert process.returncode == status, output + errors
    assert all(line.endswith("left") or "left, " in line for line in errors.splitlines()), errors
    return output.splitlines()


@pytest.mark.proofs
def test_a_load_that_is_killed_five_times_ends_with_every_order_once(
    suite: Callable[..., ProcessSuite], load: Load, tmp_path: Path, size: Callable[[Any, Any], Any]
) -> None:
    name, mapping = size((SAMPLE, "cdnow-sample.yaml"), (MASTER, "cdnow.yaml"))
    path = tmp_path / name
    lines = (cdnow_directory() / name).read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[: size(2_500, None)]))
    expected = figures(path)
    running = suite(environment=CLOCK)
    words = (path, "--mapping", MAPPINGS / mapping)
    folder = path.with_name(f"{name}.load")
    chance = random.Random(5)
    for kill in range(1, KILLS + 1):
        process = load(running, *words)
        place = expected["orders"] * kill // (KILLS + 1)
        running.wait_for(
            lambda process=process, place=place: (
                process.poll() is not None or rows_loaded(folder) > place
            ),
            f"{place} lines are loaded",
            patience=size(200, 1_800),
        )
        time.sleep(chance.uniform(0, size(0.1, 0.3)))
        process.kill()
        streams = process.communicate()
        assert process.returncode == -9, f"it ended before it could be killed: {streams}"
    output = output_of(load(running, *words))
    assert output[0].startswith(f"{expected['orders']:,} rows: ")
    assert output[0].endswith(" recorded before, 0 rejected.")
    counted = running.call("profiles", "statistics")
    assert {n: counted[n] for n in ("events", "profiles", "orders")} == {
        n: expected[n] for n in ("events", "profiles", "orders")
    }
    running.wait_for(
        lambda: members(running) == expected["members"], "segments have followed", patience=120
    )


@pytest.mark.proofs
def test_the_lines_of_a_basket_are_one_order(
    suite: Callable[..., ProcessSuite], load: Load, tmp_path: Path, size: Callable[[int, int], int]
) -> None:
    lines = size(600, 200_000)
    path = groceries(tmp_path) if lines == 600 else journey()
    baskets = shopped(path, lines)
    running = suite(services=("identity", "profiles"))
    words = (path, "--mapping", MAPPINGS / "complete-journey.yaml", "--first", str(lines))
    output = output_of(load(running, *words, "--folder", tmp_path / "place", "--flat-out"))
    read = sum(len(basket) for basket in baskets.values())
    assert output == [f"{read:,} rows: {len(baskets):,} new events, 0 recorded before, 0 rejected."]
    households = {basket[0]["household_id"] for basket in baskets.values()}
    counted = running.call("profiles", "statistics")
    assert (counted["orders"], counted["profiles"]) == (len(baskets), len(households))
    for household in sorted(households)[:3]:
        theirs = [each for each in baskets.values() if each[0]["household_id"] == household]
        profile = running.call("profiles", "get", identifiers={"user_id": f"household-{household}"})
        assert profile["orders"]["count"] == len(theirs)
        assert profile["orders"]["items"] == sum(row["quantity"] for rows in theirs for row in rows)
        assert profile["orders"]["revenue"] == {
            "USD": sum(round(100 * row["sales_value"]) for rows in theirs for row in rows)
        }


def test_events_as_lines_of_json_are_loaded_once(
    suite: Callable[..., ProcessSuite], load: Load, tmp_path: Path
) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes((ROOT / "examples" / "shoppers.ndjson").read_bytes())
    events = len(path.read_text().splitlines())
    running = suite(services=("identity", "profiles"), environment=CLOCK)
    words = (path, "--flat-out")
    loaded = f"{events} rows: {events} new events, 0 recorded before, 0 rejected."
    assert output_of(load(running, *words)) == [loaded]
    nothing = "Nothing new was loaded. So far:"
    assert output_of(load(running, *words)) == [nothing, loaded]
    assert output_of(load(running, *words, "--restart")) == [
        f"{events} rows: 0 new events, {events} recorded before, 0 rejected.",
        "Those recorded before have the id of an earlier event; each counts once.",
    ]
    assert running.call("profiles", "statistics")["events"] == events


def test_lines_that_are_rejected_are_mended_and_loaded_again(
    suite: Callable[..., ProcessSuite], load: Load, tmp_path: Path
) -> None:
    mapping = tmp_path / "shop.yaml"
    mapping.write_text(
        """
group_by: order
event:
  type: order_completed
  time: {from: "{at}", as: time, zone: Europe/Berlin}
  identifiers: {user_id: "{who}"}
  authenticated: true
  data:
    order_id: "{order}"
    revenue: {sum: "{paid}", as: amount}
    currency: "{currency}"
    products:
      each_line: {product_id: "{sku}", quantity: {from: "{n}", as: whole}}
"""
    )
    path = tmp_path / "orders.csv"
    path.write_text(
        "order,at,who,currency,paid,sku,n\n"
        "A,2026-01-01 10:00,omar,EUR,10.00,lamp,1\n"
        "A,2026-01-01 10:00,omar,EUR,5.00,bulb,2\n"
        "B,2026-01-02 10:00,grace,euro,7.50,lamp,1\n"
        "C,2026-01-03 10:00,grace,EUR,1.00,bulb\n"
        "D,2026-01-04 10:00,omar,EUR,1.00,bulb,1\n"
    )
    running = suite(services=("identity", "profiles"))
    words = ("--mapping", mapping, "--flat-out")
    output = output_of(load(running, path, *words), status=1)
    rejected = tmp_path / "orders.csv.load" / "orders.rejected.csv"
    fault = "has 6 cells, and the file has 7 columns"
    assert output == [
        "5 rows: 1 new event, 0 recorded before, 1 rejected.",
        f"  lines 4 to 6: line 5 {fault}, and may belong to the lines beside it",
        "Correct the 3 rejected rows, and load this file:",
        f"  {rejected}",
    ]
    rejected.write_text(rejected.read_text().replace("bulb,cdp", "bulb,1,cdp"))
    output = output_of(load(running, rejected, *words), status=1)
    assert output[:2] == [
        "3 rows: 2 new events, 0 recorded before, 1 rejected.",
        "  line 2: data.currency: must be an ISO 4217 code such as USD or EUR",
    ]
    again = rejected.with_name("orders.rejected.csv.load") / "orders.rejected.rejected.csv"
    again.write_text(again.read_text().replace("euro", "EUR"))
    assert output_of(load(running, again, *words)) == [
        "1 row: 1 new event, 0 recorded before, 0 rejected."
    ]
    assert running.call("profiles", "statistics")["orders"] == 4
    omar = running.call("profiles", "get", identifiers={"user_id": "omar"})
    assert (omar["orders"]["items"], omar["orders"]["revenue"]) == (4, {"EUR": 1600})
    mended = rejected.read_bytes()
    with path.open("a") as file:
        file.write("E,2026-01-05 10:00,omar,euro,1.00,bulb,1\n")
    assert output_of(load(running, path, *words), status=1)[:2] == [
        "6 rows: 1 new event, 0 recorded before, 2 rejected.",
        "1 row of them in this run.",
    ]
    assert rejected.read_bytes().startswith(mended + b"E,2026-01-05 10:00,omar,euro,1.00,bulb,1,")
    assert output_of(load(running, rejected, *words), status=1)[0] == (
        "4 rows: 2 new events, 0 recorded before, 2 rejected."
    )


def test_rows_of_files_of_one_name_are_taken_for_each_other_only_if_they_are_the_same(
    suite: Callable[..., ProcessSuite], load: Load, tmp_path: Path
) -> None:
    mapping = tmp_path / "sales.yaml"
    text = """
event:
  type: order_completed
  time: {from: "{at}", as: time, zone: Europe/Berlin}
  identifiers: {user_id: "{who}"}
  authenticated: true
  data: {order_id: "{cdp_row}", revenue: {from: "{paid}", as: amount}, currency: EUR, products: []}
"""
    mapping.write_text(text)
    rows = ["2026-01-01,omar,10.00", "2026-01-02,grace,5.00", "2026-01-03,grace,7.00"]
    running = suite(services=("identity", "profiles"))
    for year, sold, summary in (
        ("y25", rows[:2], "2 rows: 2 new events, 0 recorded before, 0 rejected."),
        ("y26", [rows[0], rows[2]], "2 rows: 1 new event, 1 recorded before, 0 rejected."),
    ):
        path = tmp_path / year / "sales.csv"
        path.parent.mkdir()
        path.write_text("\n".join(("at,who,paid", *sold)))
        assert output_of(load(running, path, "--mapping", mapping, "--flat-out"))[0] == summary
    assert running.call("profiles", "statistics")["orders"] == 3
    mapping.write_text(text.replace("event:", 'event:\n  id: "shop-{who}"'))
    path.write_text("\n".join(("at,who,paid", rows[1], rows[2])))
    words = ("--mapping", mapping, "--flat-out", "--restart")
    output = output_of(load(running, path, *words), status=1)
    assert output[0] == "2 rows: 1 new event, 0 recorded before, 1 rejected."
    assert output[1].startswith("  line 3: id: stands for another event, which was sent before")


def groceries(folder: Path) -> Path:
    """A made-up file like that of The Complete Journey."""
    chance = random.Random(7)
    rows = [
        {
            "household_id": basket % 20,
            "store_id": 300 + basket % 3,
            "basket_id": 31_000_000_000 + basket,
            "product_id": chance.randrange(10**6),
            "quantity": chance.choice([0, 1, 1, 2, 3]),
            "sales_value": chance.randrange(1_000) / 100,
            "transaction_timestamp": datetime(2017, 1, 1) + timedelta(hours=basket),  # noqa: DTZ001 - as in theirs
        }
        for basket in range(200)
        for _line in range(chance.randint(1, 9))
    ]
    parquet.write_table(pa.Table.from_pylist(rows), folder / "transactions.parquet")
    return folder / "transactions.parquet"


def journey() -> Path:
    """The Complete Journey's transactions, which `make prove` fetches."""
    return Path(os.environ["CDP_JOURNEY_DIR"]) / "transactions.parquet"


def shopped(path: Path, lines: int) -> dict[int, list[dict[str, Any]]]:
    """The baskets that the first lines of a file are in, whole."""
    baskets: dict[int, list[dict[str, Any]]] = {}
    for number, row in enumerate(parquet.read_table(path).slice(0, lines + 500).to_pylist()):
        if number < lines or row["basket_id"] in baskets:
            baskets.setdefault(row["basket_id"], []).append(row)
    return baskets


def members(suite: ProcessSuite) -> dict[str, int]:
    """The number of members of each segment."""
    return {each["segment"]: each["members"] for each in suite.call("segments", "list")}
