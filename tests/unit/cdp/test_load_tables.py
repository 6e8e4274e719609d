"""Facts about files that are loaded: their rows, and what becomes of rows that cannot be read."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from cdp.loading.parquet import Parquet, as_text
from cdp.loading.rows import Lines, Row, file_name
from cdp.loading.table import Form, Table
from chassis import InvalidInput, Unavailable


def table(tmp_path: Path, text: str | bytes, form: Form | None = None) -> Table:
    path = tmp_path / "orders.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return Table(path, "orders", form or Form())


def cells(source: Table) -> list[dict[str, str]]:
    return [dict(row.cells) for row in source.rows()]


def again(tmp_path: Path, source: Table, rows: list[Row], form: Form | None = None) -> Table:
    """The table of those rows alone, as it is written when they are rejected."""
    path = tmp_path / "orders.rejected.csv"
    path.write_bytes(source.heading + b"".join(source.again(row) for row in rows))
    return Table(path, "orders-rejected", form or Form())


def test_cells_go_by_the_names_in_the_heading_without_spaces_at_their_ends(tmp_path: Path) -> None:
    source = table(tmp_path, "id, name \n1, Omar \n2,\n")
    assert cells(source) == [{"id": "1", "name": "Omar"}, {"id": "2", "name": ""}]


def test_a_row_has_the_number_of_its_first_line_and_a_name_made_of_it(tmp_path: Path) -> None:
    rows = list(table(tmp_path, 'id,note\n\n1,"two\nlines"\n2,x').rows())
    assert [(row.number, row.name) for row in rows] == [(3, "orders-3"), (5, "orders-5")]
    assert rows[0].cells["note"] == "two\nlines"
    assert rows[0].raw == b'1,"two\nlines"\n'
    assert rows[1].end == (tmp_path / "orders.csv").stat().st_size


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("\ufeffid;name\r\n1;Ömer\r\n", Form(";")),
        ("id\tname\n1\tÖmer\n", Form("tab")),
        ("id name\n  1   Ömer  \n", Form("whitespace")),
        ("1,Ömer\n", Form(header=False, columns=("id", "name"))),
        ("Id,The name\n1,Ömer\n", Form(columns=("id", "name"))),
        ("id,name\n1,Ömer\n".encode("cp1252"), Form(encoding="cp1252")),
    ],
    ids=["semicolons and Windows", "tabs", "spaces", "no heading", "own names", "cp1252"],
)
def test_a_table_is_read_in_the_form_that_the_mapping_tells(
    tmp_path: Path, text: str | bytes, form: Form
) -> None:
    assert cells(table(tmp_path, text, form)) == [{"id": "1", "name": "Ömer"}]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"1", "has 1 cells, and the file has 2 columns"),
        (b"1,2,3", "has 3 cells, and the file has 2 columns"),
        (b"1,\xff", "is not written in the file's encoding; see `encoding` of the mapping"),
        (b'1,"a"b', "cannot be read as CSV: ',' expected after '\"'"),
    ],
)
def test_a_row_that_cannot_be_read_says_why_and_those_after_it_are_read(
    tmp_path: Path, line: bytes, told: str
) -> None:
    bad, good = table(tmp_path, b"id,name\n" + line + b"\n2,Grace\n").rows()
    assert bad.fault == told
    assert dict(good.cells) == {"id": "2", "name": "Grace"}


def test_a_quote_that_is_not_closed_is_the_fault_of_the_rest(tmp_path: Path) -> None:
    (row,) = table(tmp_path, 'id,name\n1,"Omar\n2,Grace\n').rows()
    assert row.fault == "cannot be read as CSV: unexpected end of data"
    assert row.raw == b'1,"Omar\n2,Grace\n'


@pytest.mark.parametrize("form", [Form(), Form("whitespace"), Form("tab"), Form(";")])
def test_a_rejected_row_keeps_its_name_when_it_is_loaded_again(tmp_path: Path, form: Form) -> None:
    delimiter = {"whitespace": " ", "tab": "\t"}.get(form.delimiter, form.delimiter)
    lines = [delimiter.join(row) for row in (("id", "name"), ("1", "x"), ("2", "y"), ("3", "z"))]
    source = table(tmp_path, "\n".join(lines), form)
    rows = list(source.rows())
    first = again(tmp_path, source, [rows[0], rows[2]], form)
    assert [(row.name, row.cells) for row in first.rows()] == [
        ("orders-2", {"id": "1", "name": "x"}),
        ("orders-4", {"id": "3", "name": "z"}),
    ]
    second = again(tmp_path, first, list(first.rows())[1:], form)
    assert [row.name for row in second.rows()] == ["orders-4"]


def test_a_row_with_a_cell_too_few_can_be_mended_where_it_stands(tmp_path: Path) -> None:
    source = table(tmp_path, "id,name\n1\n")
    rejected = again(tmp_path, source, list(source.rows()))
    (still,) = rejected.rows()
    assert still.fault == "has 1 cells, and the file has 2 columns"
    rejected.path.write_text(rejected.path.read_text().replace("1,", "1,Omar,"))
    (mended,) = rejected.rows()
    assert (mended.name, dict(mended.cells)) == ("orders-2", {"id": "1", "name": "Omar"})


@pytest.mark.parametrize(
    ("text", "told"),
    [("", "is empty: it has no heading"), ("a,b,a\n", "has two columns of the name a")],
)
def test_a_heading_that_cannot_be_used_is_refused(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        table(tmp_path, text)


def test_lines_of_json_are_numbered_as_an_editor_does(tmp_path: Path) -> None:
    path = tmp_path / "Events of May.ndjson"
    path.write_text('{"a": 1}\n\n{"b": 2}')
    source = Lines(path, file_name(path))
    assert [(row.number, row.name) for row in source.rows()] == [
        (1, "events-of-may-1"),
        (3, "events-of-may-3"),
    ]
    assert [source.again(row) for row in source.rows()] == [b'{"a": 1}\n', b'{"b": 2}\n']


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (float("nan"), ""),
        (1.5, "1.5"),
        (True, "true"),
        (datetime(2017, 1, 1, 11, 53, 26), "2017-01-01T11:53:26"),  # noqa: DTZ001 - as in files
        (["a", None], '["a", null]'),
    ],
)
def test_cells_of_parquet_become_text(value: object, text: str) -> None:
    assert as_text(value) == text


def test_parquet_without_its_library_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(Unavailable, match="install it with: pip install"):
        Parquet(tmp_path / "orders.parquet", "orders")


def test_rows_of_parquet_are_read_and_rejected_ones_are_csv(tmp_path: Path) -> None:
    path = tmp_path / "orders.parquet"
    parquet.write_table(pa.table({"id": [1, 2], "name": ["a,b", None]}), path)
    source = Parquet(path, "orders")
    rows = list(source.rows())
    assert [(row.number, row.name, row.end, dict(row.cells)) for row in rows] == [
        (1, "orders-1", 1, {"id": "1", "name": "a,b"}),
        (2, "orders-2", 2, {"id": "2", "name": ""}),
    ]
    assert source.total == 2
    text = source.heading + b"".join(source.again(row) for row in rows)
    (tmp_path / "rejected.csv").write_bytes(text)
    back = Table(tmp_path / "rejected.csv", "other", Form())
    assert [(row.name, row.cells) for row in back.rows()] == [(r.name, r.cells) for r in rows]


def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "orders.parquet").write_text("id,name\n")
    with pytest.raises(InvalidInput, match="cannot be read as Parquet"):
        Parquet(tmp_path / "orders.parquet", "orders")
