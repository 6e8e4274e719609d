"""Facts about `cdp load` before anything is sent, and about what it says at the end."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from rich.console import Console

from cdp.cli import cli
from cdp.loading.command import open_file, print_report
from cdp.loading.folder import Bookmark, Counts, Folder
from cdp.loading.mapping import parse_mapping

ROOT = Path(__file__).parents[3]


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """`refused("a.csv", …)`: the status and last line of a load that ends before it begins."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CDP_AMQP_URI", "amqp://guest:guest@127.0.0.1:1/")
    Path("a.csv").write_text("id,at\n1,2\n")
    Path("a.ndjson").write_text("{}\n")
    Path("a.yaml").write_text(
        "event: {type: seen, time: '{at}', identifiers: {user_id: '{who}'}, authenticated: true}"
    )

    def call(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(cli, ["load", *words])
        assert isinstance(result.exception, SystemExit)
        return result.exit_code, result.stderr.splitlines()[-1]

    return call


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["b.csv"], 2, "Error: Invalid value for 'FILE': File 'b.csv' does not exist."),
        (["a.csv"], 2, "Error: --mapping is missing: it tells how the rows of a.csv become events"),
        (["a.ndjson", "--mapping", "a.yaml"], 2, "Error: --mapping is for tables; the lines of"),
        (["a.csv", "--mapping", "a.csv"], 1, "Error: a.csv: mapping: must be an object with event"),
        (
            ["a.csv", "--mapping", "a.yaml"],
            1,
            "Error: event.identifiers.user_id: reads the column who, and there is none; there are",
        ),
        (
            ["a.ndjson", "--folder", "a.csv/x"],
            1,
            "Error: a.csv/x: cannot be made (Not a directory)",
        ),
        (
            ["a.ndjson", "--patience", "0"],
            1,
            "Error: broker: is out of reach (ConnectionRefusedError). 0 lines are done; run the",
        ),
    ],
)
def test_a_load_that_cannot_begin_says_why(
    refused: object, words: list[str], status: int, said: str
) -> None:
    got, line = refused(*words)  # type: ignore[operator]
    assert got == status
    assert line.startswith(said)


def test_a_folder_that_cannot_be_read_is_left_for_a_person(refused: object) -> None:
    Path("a.ndjson.load").mkdir()
    Path("a.ndjson.load/state.json").write_text("half")
    _status, line = refused("a.ndjson", "--patience", "0")  # type: ignore[operator]
    assert line.endswith("state.json: cannot be read; start over with --restart")


def test_the_mapping_in_the_manual_makes_the_event_that_it_tells(tmp_path: Path) -> None:
    manual = (ROOT / "docs" / "loading.md").read_text()
    (text,) = re.findall(r"```yaml\n(.*?)```", manual, re.DOTALL)
    path = tmp_path / "orders.csv"
    path.write_bytes(
        "Order;At;Who;Currency;Paid;Sku;N\n"
        "7;2026-01-01 10:00;ömer;EUR;10.00;lamp;2\n"
        "7;2026-01-01 10:00;ömer;EUR;0.50;bag;0\n".encode("cp1252")
    )
    _source, pieces, make = open_file(path, parse_mapping(yaml.safe_load(text)))
    (event,) = [make(piece).event for piece in pieces()]
    assert event == {
        "id": "shop-7",
        "type": "order_completed",
        "time": "2026-01-01T09:00:00Z",
        "identifiers": {"user_id": "ömer"},
        "authenticated": True,
        "data": {
            "order_id": "7",
            "revenue": 1050,
            "currency": "EUR",
            "products": [{"product_id": "lamp", "quantity": 2, "price": 500}],
        },
    }


def test_the_report_tells_the_first_reasons_and_where_the_rest_is(tmp_path: Path) -> None:
    out = io.StringIO()
    with Folder(tmp_path / "load", "x.rejected.csv") as place:
        mark = Bookmark({}, "", Counts(30, appended=15, duplicate=2, accepted=1, rejected=12))
        reasons = "".join(f"line {n}: [b] is bad\n" for n in range(1, 13))
        place.write(mark, b"", reasons.encode())
        print_report(Console(file=out, width=200), mark, place)
    said = out.getvalue().splitlines()
    assert said[:4] == [
        "30 lines: 18 events recorded, 12 rejected.",
        "2 of the events had been recorded before; they count once.",
        "1 of the events wait at profiles for identity.",
        "  line 1: [b] is bad",
    ]
    assert said[13] == f"  … all of them are in {place.reasons}"
