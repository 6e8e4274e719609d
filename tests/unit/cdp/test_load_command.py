"""Facts about `cdp load` before anything is sent, and about what it says at the end."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from cdp.commands.load import open_file
from cdp.commands.root import cli
from cdp.loading.checkpoint import Checkpoint, CheckpointFolder, Counts
from cdp.loading.load import FINDING, Progress
from cdp.loading.mapping import parse_mapping
from cdp.loading.progress import PlainLines, print_report
from chassis.config.yaml_document import read_document

ROOT = Path(__file__).parents[3]


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """`refused("a.csv", …)`: the status and last line of a load that ends before it begins."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CDP_AMQP_URI", "amqp://guest:guest@127.0.0.1:1/")
    # It is asked twice, and nothing here is about the two seconds between.
    monkeypatch.setattr("kombu.utils.functional.sleep", lambda _seconds: None)
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
    ("words", "status", "message"),
    [
        (["b.csv"], 2, "Error: Invalid value for 'FILE': File 'b.csv' does not exist."),
        (["a.csv"], 2, "Error: --mapping is missing; it says how the rows of a.csv become events"),
        (
            ["a.csv", "--mapping", "a.csv"],
            1,
            "Error: a.csv: line 1, column 1: must be a mapping, `key: value`; it is text",
        ),
        (
            ["a.csv", "--mapping", "a.yaml"],
            1,
            "Error: event.identifiers.user_id: reads the column who, which does not exist; there",
        ),
        (
            ["a.ndjson", "--folder", "a.csv/x"],
            1,
            "Error: a.csv/x: cannot be created (Not a directory)",
        ),
        (
            ["a.ndjson", "--patience", "0"],
            1,
            "Error: CDP_AMQP_URI: the broker at ",
        ),
    ],
)
def test_a_load_that_cannot_begin_says_why(
    refused: object, words: list[str], status: int, message: str
) -> None:
    got, line = refused(*words)  # type: ignore[operator]
    assert got == status
    assert line.startswith(message)


def test_a_folder_that_cannot_be_read_is_left_for_a_person(refused: object) -> None:
    Path("a.ndjson.load").mkdir()
    Path("a.ndjson.load/state.json").write_text("half")
    _status, line = refused("a.ndjson", "--patience", "0")  # type: ignore[operator]
    assert line.endswith("state.json: cannot be read; start over with --restart")


def test_the_mapping_in_the_manual_makes_the_event_that_it_tells(tmp_path: Path) -> None:
    manual = (ROOT / "docs" / "howto" / "loading.md").read_text()
    text, accounts, join = re.findall(r"```yaml\n(.*?)```", manual, re.DOTALL)
    (account,) = parse_mapping(read_document(accounts, "accounts.yaml")).make(
        [
            {
                "id": "7",
                "email": "ada@shop.example",
                "cdp_row": "a-2",
                "cdp_file_time": "2026-01-01T00:00:00Z",
            }
        ]
    )
    assert account["identifiers"] == {"user_id": "7", "email": "ada@shop.example"}
    assert parse_mapping(read_document(text + join, "shop.yaml")).joins[0].name == "customers"
    path = tmp_path / "orders.csv"
    path.write_bytes(
        "Orders of January\n\n"
        "Order;At;Who;Currency;Paid;Sku;N\n"
        "7;2026-01-01 10:00;ömer;EUR;10.00;lamp;2\n"
        "7;2026-01-01 10:00;ömer;EUR;0.50;bag;0\n".encode("cp1252")
    )
    _source, records, make_events = open_file(path, parse_mapping(read_document(text, "shop.yaml")))
    (event,) = [made.event for record in records() for made in make_events(record)]
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
    with CheckpointFolder(tmp_path / "load", "x.rejected.csv") as folder:
        checkpoint = Checkpoint(
            {}, "", Counts(30, appended=15, duplicate=2, accepted=1, rejected=12)
        )
        reasons = "".join(f"line {n}: [b] is bad\n" for n in range(1, 13))
        folder.write(checkpoint, b"", b"a row\n", reasons.encode())
        print_report(Console(file=out, width=200), checkpoint, folder)
    lines = out.getvalue().splitlines()
    assert lines[:4] == [
        "30 rows: 16 new events, 2 recorded before, 12 rejected.",
        "Those recorded before have the id of an earlier event; each counts once.",
        "1 of the events are deferred until identity responds.",
        "  line 1: [b] is bad",
    ]
    assert lines[13] == f"  … all of them are in {folder.reasons}"


def test_the_report_tells_warnings_and_rejections_apart(tmp_path: Path) -> None:
    counts = Counts(rows=2, appended=1, warned=1, rejected=1, rejected_rows=1)
    with CheckpointFolder(tmp_path / "load", "x.rejected.csv") as folder:
        folder.write(Checkpoint({}, ""), b"", b"a row\n", b"line 2: is bad\n", b"line 1: is odd\n")
        assert report(folder, counts)[1:5] == [
            "1 event recorded with a warning, such as:",
            "  line 1: is odd",
            "1 rejected, such as:",
            "  line 2: is bad",
        ]


def report(folder: CheckpointFolder, counts: Counts, before: Counts | None = None) -> list[str]:
    out = io.StringIO()
    begun = Checkpoint({}, "", before) if before else None
    print_report(Console(file=out, width=200), Checkpoint({}, "", counts), folder, begun)
    return out.getvalue().splitlines()


def test_the_report_tells_what_is_new_in_a_file(tmp_path: Path) -> None:
    one, two = Counts(rows=1, appended=1), Counts(rows=2, appended=1, duplicate=1)
    with CheckpointFolder(tmp_path / "load", "x.rejected.csv") as folder:
        assert report(folder, one) == ["1 row: 1 new event, 0 recorded before, 0 rejected."]
        assert report(folder, one, one)[0] == "Nothing new was loaded. So far:"
        assert report(folder, two, one)[:2] == [
            "2 rows: 1 new event, 1 recorded before, 0 rejected.",
            "1 row of them in this run.",
        ]


def test_the_report_tells_where_the_rejected_row_is_or_that_it_is_gone(tmp_path: Path) -> None:
    counts = Counts(rows=1, rejected=1, rejected_rows=1)
    with CheckpointFolder(tmp_path / "load", "x.rejected.csv") as folder:
        folder.write(Checkpoint({}, ""), b"", b"a row\n", b"line 2: is bad\n")
        assert report(folder, counts)[1:3] == [
            "  line 2: is bad",
            "Correct the 1 rejected row, and load this file:",
        ]
        folder.rejected.unlink()
        folder.reasons.unlink()
        (line,) = report(folder, counts)[1:]
        assert line.endswith("which no longer exists; --restart writes them again.")


def test_where_there_is_no_terminal_a_line_every_ten_seconds_tells_how_far_it_is() -> None:
    out, now = io.StringIO(), [0.0]
    show = PlainLines(Console(file=out, width=40), total=10_000, clock=lambda: now[0])
    show(Progress(0, Counts(), FINDING))
    for second in range(21):
        now[0] = second
        waiting = "Waiting for segments" if second == 20 else ""
        show(Progress(100 * second, Counts(rows=10 * second, appended=9 * second), waiting))
    assert out.getvalue().splitlines() == [
        "100 rows, 90 events, 9/s, 1:30 left",
        "200 rows, 180 events, 9/s, 1:20 left, waiting for segments",
    ]
