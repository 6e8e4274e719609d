"""Facts about files that are loaded: their rows, and what becomes of rows that cannot be read."""

from __future__ import annotations

import gzip
import sys
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from cdp.commands.load import open_file
from cdp.loading.parquet import Parquet, as_text
from cdp.loading.rows import Lines, Row, file_name, record_name
from cdp.loading.table import Table, TableFormat
from chassis import InvalidInput, Unavailable

ENCODING = "set `encoding` in the mapping's `format` to utf-8, to cp1252 (Windows) or to latin-1"


def table(tmp_path: Path, text: str | bytes, table_format: TableFormat | None = None) -> Table:
    path = tmp_path / "orders.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return Table(path, "orders", table_format or TableFormat())


def cells(source: Table) -> list[dict[str, str]]:
    return [dict(row.cells) for row in source.rows()]


def place(row: Row) -> str:
    """The name of a row without the digest of its content."""
    return row.name.rpartition("-")[0]


def again(
    tmp_path: Path, source: Table, rows: list[Row], table_format: TableFormat | None = None
) -> Table:
    """The table of those rows alone, as a load stores rejected rows."""
    path = tmp_path / "orders.rejected.csv"
    path.write_bytes(source.heading + b"".join(source.again(row) for row in rows))
    return Table(path, "orders-rejected", table_format or TableFormat())


def test_cells_go_by_the_names_in_the_heading_without_spaces_at_their_ends(tmp_path: Path) -> None:
    source = table(tmp_path, "id, name \n1, Omar \n2,\n")
    assert cells(source) == [{"id": "1", "name": "Omar"}, {"id": "2", "name": ""}]


def test_a_row_has_the_number_of_its_first_line_and_a_name_made_of_it(tmp_path: Path) -> None:
    rows = list(table(tmp_path, 'id,note\n\n1,"two\nlines"\n2,x').rows())
    assert [(row.number, place(row)) for row in rows] == [(3, "orders-3"), (5, "orders-5")]
    assert rows[0].cells["note"] == "two\nlines"
    assert rows[0].raw == b'1,"two\nlines"\n'
    assert rows[1].end == (tmp_path / "orders.csv").stat().st_size


@pytest.mark.parametrize(
    ("text", "table_format"),
    [
        ("\ufeffid;name\r\n1;Ömer\r\n", TableFormat(";")),
        ("id\tname\n1\tÖmer\n", TableFormat("tab")),
        ("id name\n  1   Ömer  \n", TableFormat("whitespace")),
        ("1,Ömer\n", TableFormat(header=False, columns=("id", "name"))),
        ("Id,The name\n1,Ömer\n", TableFormat(columns=("id", "name"))),
        ("id,name\n1,Ömer\n".encode("cp1252"), TableFormat(encoding="cp1252")),
    ],
    ids=["semicolons and Windows", "tabs", "spaces", "no heading", "own names", "cp1252"],
)
def test_a_table_is_read_in_the_form_that_the_mapping_tells(
    tmp_path: Path, text: str | bytes, table_format: TableFormat
) -> None:
    assert cells(table(tmp_path, text, table_format)) == [{"id": "1", "name": "Ömer"}]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (b"1", "has 1 cells, and the file has 2 columns"),
        (b"1,2,3", "has 3 cells, and the file has 2 columns"),
        (b"1,\xff", f"is not in the file's encoding; {ENCODING}"),
        (b'1,"a"b', "cannot be read as CSV: a quote inside a cell is not doubled"),
        (b"1,a\rb", "cannot be read as CSV: a line end (CR) is inside a cell without quotes"),
    ],
)
def test_a_row_that_cannot_be_read_says_why_and_those_after_it_are_read(
    tmp_path: Path, line: bytes, fault: str
) -> None:
    bad, good = table(tmp_path, b"id,name\n" + line + b"\n2,Grace\n").rows()
    assert bad.fault == fault
    assert dict(good.cells) == {"id": "2", "name": "Grace"}


@pytest.mark.parametrize(
    ("after", "fault"),
    [
        ("2,Grace\n", ", or one inside a cell is not doubled"),
        ('2,"Grace"\n', ", or one inside a cell is not doubled"),
        ("".join(f"{n},Grace\n" for n in range(58)), ", or a cell has over 20 lines"),
        ("".join(f"{n},Grace\n" for n in range(58)) + '9,"', ", or a cell has over 20 lines"),
    ],
    ids=["to the end", "to the next quote", "over many lines", "over many lines to the next quote"],
)
def test_a_quote_that_is_not_closed_is_the_fault_of_its_line_alone(
    tmp_path: Path, after: str, fault: str
) -> None:
    bad, *good = table(tmp_path, 'id,name\n1,"Omar\n' + after).rows()
    assert bad.fault == f"cannot be read as CSV: a quote at line 2 is not closed{fault}"
    assert bad.raw == b'1,"Omar\n'
    read = [row for row in good if not row.fault]
    assert [row.cells["name"] for row in read] == ["Grace"] * after.count("Grace")
    assert [row.number for row in good] == list(range(3, 3 + len(after.splitlines())))
    assert good[-1].end == (tmp_path / "orders.csv").stat().st_size


def test_a_cell_may_have_some_lines(tmp_path: Path) -> None:
    note = "\n".join("abcdefghijklmnopqrst")
    source = table(tmp_path, f'id,note\n1,"{note}"\n2,"{note}\nu"\n')
    first, second, *_rest = source.rows()
    assert first.cells["note"] == note
    assert second.fault.endswith("or a cell has over 20 lines")


def test_rows_of_one_place_and_other_content_have_other_names(tmp_path: Path) -> None:
    names = [
        [row.name for row in table(tmp_path, text).rows()]
        for text in ("id\n1\n2", "id\r\n1\r\n2\r\n", "id\n1\n3\n")
    ]
    assert names[0] == names[1]
    assert names[0][0] == names[2][0]
    assert names[0][1] != names[2][1]


def test_the_name_of_a_group_is_that_of_all_its_rows() -> None:
    assert record_name(["orders-1-a"]) == "orders-1-a"
    assert record_name(["orders-1-a", "orders-2-b"]).startswith("orders-1-a-")
    assert record_name(["orders-1-a", "orders-2-b"]) != record_name(["orders-1-a", "orders-2-c"])


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (gzip.compress(b"id,name\n"), "is compressed, as workbooks are too; unpack it"),
        (b"PK\x03\x04rest", "is compressed, as workbooks are too; unpack it"),
        ("id,name\n".encode("utf-16"), "is in UTF-16 or UTF-32; save it as UTF-8"),
        ("id,name\n".encode("utf-16-le"), "is not text, as it has null characters"),
        (b"\x7fELF\0\0", "is not text, as it has null characters"),
        (b"PAR1rest", "is Parquet; give it a name that ends in .parquet"),
        (b"id,name\r1,Omar\r", "has lines that end with CR alone; save it with Unix or"),
    ],
)
@pytest.mark.parametrize("name", ["orders.csv", "orders.ndjson", "orders.csv.gz"])
def test_a_file_that_is_not_text_is_refused_with_what_to_do(
    tmp_path: Path, content: bytes, fault: str, name: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidInput) as refused:
        open_file(tmp_path / name, None)
    assert refused.value.message.startswith(fault)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ('[{"id": 1}]', "is one list in JSON"),
        ('\ufeff\n[\n{"id": 1}\n]', "is one list in JSON"),
        ('{\n "id": 1\n}', "has objects over several lines"),
    ],
)
def test_json_that_has_no_object_on_each_line_is_refused_with_what_to_do(
    tmp_path: Path, content: str, fault: str
) -> None:
    for name in ("events.ndjson", "events.json"):
        (tmp_path / name).write_text(content)
        with pytest.raises(InvalidInput, match=f"{fault}.*on a line of its own"):
            open_file(tmp_path / name, None)
    (tmp_path / "events.json").write_text('{"id": 1}\n')
    _source, records, _make = open_file(tmp_path / "events.json", None)
    assert [record.fault for record in records()] == [""]


@pytest.mark.parametrize(
    "table_format", [TableFormat(), TableFormat("whitespace"), TableFormat("tab"), TableFormat(";")]
)
def test_a_rejected_row_keeps_its_name_when_it_is_loaded_again(
    tmp_path: Path, table_format: TableFormat
) -> None:
    delimiter = {"whitespace": " ", "tab": "\t"}.get(table_format.delimiter, table_format.delimiter)
    lines = [delimiter.join(row) for row in (("id", "name"), ("1", "x"), ("2", "y"), ("3", "z"))]
    source = table(tmp_path, "\n".join(lines), table_format)
    rows = list(source.rows())
    first = again(tmp_path, source, [rows[0], rows[2]], table_format)
    assert [(row.name, row.cells) for row in first.rows()] == [
        (rows[0].name, {"id": "1", "name": "x"}),
        (rows[2].name, {"id": "3", "name": "z"}),
    ]
    second = again(tmp_path, first, list(first.rows())[1:], table_format)
    assert [row.name for row in second.rows()] == [rows[2].name]


def test_a_row_with_a_cell_too_few_can_be_mended_where_it_stands(tmp_path: Path) -> None:
    source = table(tmp_path, "id,name\n1\n")
    rows = list(source.rows())
    rejected = again(tmp_path, source, rows)
    (still,) = rejected.rows()
    assert still.fault == "has 1 cells, and the file has 2 columns"
    rejected.path.write_text(rejected.path.read_text().replace("1,", "1,Omar,"))
    (mended,) = rejected.rows()
    assert (mended.name, dict(mended.cells)) == (rows[0].name, {"id": "1", "name": "Omar"})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "is empty; it needs"),
        (
            'a,"b\n1,2\n',
            "has a heading that cannot be read as CSV: a quote at line 1 is not closed",
        ),
        ("größe\n".encode("latin-1"), "has a heading that is not in the file's encoding"),
    ],
)
def test_a_heading_that_cannot_be_used_is_refused(
    tmp_path: Path, text: str | bytes, fault: str
) -> None:
    with pytest.raises(InvalidInput, match=fault):
        table(tmp_path, text)


def test_lines_of_json_are_numbered_as_an_editor_does(tmp_path: Path) -> None:
    path = tmp_path / "Events of May.ndjson"
    path.write_text('{"a": 1}\n\n{"b": 2}')
    source = Lines(path, file_name(path))
    assert [(row.number, place(row)) for row in source.rows()] == [
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
    with pytest.raises(Unavailable, match="pip install"):
        Parquet(tmp_path / "orders.parquet", "orders")


def test_rows_of_parquet_are_read_and_rejected_ones_are_csv(tmp_path: Path) -> None:
    path = tmp_path / "orders.parquet"
    parquet.write_table(pa.table({"id": [1, 2], "name": ["a,b", None]}), path)
    source = Parquet(path, "orders")
    rows = list(source.rows())
    assert [(row.number, place(row), row.end, dict(row.cells)) for row in rows] == [
        (1, "orders-1", 1, {"id": "1", "name": "a,b"}),
        (2, "orders-2", 2, {"id": "2", "name": ""}),
    ]
    assert source.total == 2
    text = source.heading + b"".join(source.again(row) for row in rows)
    (tmp_path / "rejected.csv").write_bytes(text)
    back = Table(tmp_path / "rejected.csv", "other", TableFormat())
    assert [(row.name, row.cells) for row in back.rows()] == [(r.name, r.cells) for r in rows]


def test_a_word_for_an_empty_cell_is_one_in_parquet_too(tmp_path: Path) -> None:
    path = tmp_path / "orders.parquet"
    parquet.write_table(pa.table({"id": [1, 2], "name": ["NULL", "Null"]}), path)
    rows = Parquet(path, "orders", frozenset({"NULL"})).rows()
    assert [row.cells["name"] for row in rows] == ["", "Null"]
    names = [row.name for row in Parquet(path, "orders").rows()]
    assert [row.name for row in Parquet(path, "orders", frozenset({"NULL"})).rows()] == names


def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "orders.parquet").write_text("id,name\n")
    with pytest.raises(InvalidInput, match="cannot be read as Parquet"):
        Parquet(tmp_path / "orders.parquet", "orders")


def test_columns_of_one_name_are_numbered(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("a,b,a,,\n1,2,3,4,5\n")
    table = Table(tmp_path / "orders.csv", "orders", TableFormat())
    assert table.columns == ("a (1)", "b", "a (2)", "", "")
    (row,) = table.rows()
    assert (row.cells["a (1)"], row.cells["b"], row.cells["a (2)"]) == ("1", "2", "3")


def test_parquet_with_two_columns_of_one_name_has_them_numbered(tmp_path: Path) -> None:
    two = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["id", "id"])
    parquet.write_table(two, tmp_path / "orders.parquet")
    (row,) = Parquet(tmp_path / "orders.parquet", "orders").rows()
    assert row.cells == {"id (1)": "1", "id (2)": "2"}


def test_parquet_that_is_damaged_ends_in_a_sentence_behind_what_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "orders.parquet"
    ids = pa.table({"id": [f"{n:032x}" for n in range(20_000)]})
    parquet.write_table(ids, path, row_group_size=5_000, use_dictionary=False)
    content = bytearray(path.read_bytes())
    middle = len(content) * 7 // 10
    content[middle : middle + 20_000] = b"\xff" * 20_000
    path.write_bytes(content)
    rows = Parquet(path, "orders").rows()
    assert next(rows).number == 1
    with pytest.raises(
        InvalidInput, match=r"is damaged after row [\d,]+ \(.*\); replace it"
    ) as bad:
        list(rows)
    assert "\n" not in bad.value.message
