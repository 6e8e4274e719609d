"""Odd files, as programs and people leave them: each is read right, or refused with what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cdp.commands.load import open_file
from cdp.loading.mapping import read_mapping
from cdp.loading.rows import parse_line
from chassis.core.errors import InvalidInput
from contracts.ingest import read_events
from mappings.cells import CellError, check_sign, read_amount, read_number, read_whole

NOW = 4_000_000_000_000_000  # microseconds: after every time in the files
MAPPING = """
{form}
event:
  id: "o-{{order}}"
  type: order_completed
  time: {{from: "{{at}}", as: time, {time}, zone: Europe/Berlin}}
  identifiers: {{user_id: "{{who}}"}}
  authenticated: true
  data:
    order_id: "{{order}}"
    revenue: {{from: "{{paid}}", as: amount, {amount}}}
    currency: EUR
"""
HEADING = "order,at,who,paid\n"
ROW = "7,2026-10-01 10:00,ann,12.50\n"


def read(
    folder: Path, content: str | bytes, form: str = "", time: str = "", amount: str = ""
) -> tuple[list[dict[str, Any]], list[str]]:
    """The valid events of a file, and what is wrong with its other rows."""
    path = folder / "orders.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    mapping = folder / "orders.yaml"
    text = MAPPING.format(form=form, time=time or "format: []", amount=amount or "comma: false")
    mapping.write_text(text)
    _source, records, make_events = open_file(path, read_mapping(mapping))
    events: list[dict[str, Any]] = []
    faults: list[str] = []
    for record in records():
        if record.fault:
            faults.append(record.fault)
            continue
        try:
            made = [each.event for each in make_events(record)]
        except InvalidInput as error:
            faults.append(str(error))
            continue
        checked = read_events(made, NOW)
        faults += map(str, checked.errors.values())
        events += [made[index] for index in checked.valid]
    return events, faults


def paid(folder: Path, content: str | bytes, **options: str) -> list[int]:
    """The revenue of each event of a file that has nothing wrong."""
    events, faults = read(folder, content, **options)
    assert not faults
    return [event["data"]["revenue"] for event in events]


@pytest.mark.parametrize(
    "content",
    [
        HEADING + ROW,
        (HEADING + ROW).replace("\n", "\r\n"),
        b"\xef\xbb\xbf" + (HEADING + ROW).encode(),
        b'\xef\xbb\xbf"order","at","who","paid"\n' + ROW.encode(),
        HEADING + ROW.rstrip(),
        HEADING + "\n \n" + ROW + "\n\n",
        HEADING + ",,,\n , ,\t, \n" + ROW + ",,,\n",
        " order , at,who ,paid\n" + ROW,
        "order,at,who,paid,\n7,2026-10-01 10:00,ann,12.50,\n",
        HEADING + "7,2026-10-01 10:00,ann,12.50,,,\n",
        HEADING + '"7","2026-10-01 10:00","ann","12.50"\n',
        HEADING + '="7",2026-10-01 10:00,="ann",12.50\n',
        HEADING + "'7,2026-10-01 10:00,ann,12.50\n",
        "order,at,who,paid,note\n" + '7,2026-10-01 10:00,ann,12.50,"one\ntwo, ""three"""\n',
        "order,at,who,paid,paid_at,,\n7,2026-10-01 10:00,ann,12.50,,,\n",
    ],
    ids=[
        "plain",
        "Windows line ends",
        "a byte order mark",
        "a byte order mark before a quote",
        "no last line end",
        "blank lines",
        "lines of blank cells",
        "spaces in the heading",
        "a separator at each line's end",
        "empty cells beyond the heading",
        "everything in quotes",
        "cells kept as text by =",
        "a cell kept as text by an apostrophe",
        "line ends and quotes in a cell",
        "columns without a name",
    ],
)
def test_a_file_is_read_whatever_program_has_written_it(
    tmp_path: Path, content: str | bytes
) -> None:
    ((event,), faults) = read(tmp_path, content)
    assert not faults
    assert (event["id"], event["data"]["revenue"]) == ("o-7", 1_250)
    assert event["time"] == "2026-10-01T08:00:00Z"


def test_a_telephone_kept_as_text_is_one(tmp_path: Path) -> None:
    content = HEADING + "7,2026-10-01 10:00,'+4791000000,12.50\n"
    ((event,), _) = read(tmp_path, content)
    assert event["identifiers"] == {"user_id": "+4791000000"}


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("7;2026-10-01 10:00;Zoë;12,50", "format: {delimiter: ';'}"),
        ("7\t2026-10-01 10:00\tZoë\t12,50", "format: {delimiter: tab}"),
        ("7|2026-10-01 10:00|Zoë|12,50", "format: {delimiter: '|'}"),
    ],
)
def test_a_file_may_have_another_separator(tmp_path: Path, text: str, form: str) -> None:
    mark = text[1]
    content = HEADING.replace(",", mark) + text + "\n"
    assert paid(tmp_path, content, form=form, amount="comma: true") == [1_250]


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_a_wrong_separator_is_named(tmp_path: Path, mark: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(tmp_path, (HEADING + ROW).replace(",", mark))
    word = "tab" if mark == "\t" else mark
    assert f'set `delimiter: "{word}"` in `format`' in str(refused.value)


def test_a_file_in_latin_1_is_read_if_the_mapping_says_so_and_refused_by_the_row_else(
    tmp_path: Path,
) -> None:
    content = (HEADING + ROW.replace("ann", "Zoë")).encode("latin-1") + ROW.encode()
    events, faults = read(tmp_path, content)
    assert len(events) == 1
    (fault,) = faults
    assert fault.startswith("is not in the file's encoding; set `encoding` in the mapping's")
    assert paid(tmp_path, content, form="format: {encoding: latin-1}") == [1_250, 1_250]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty; it needs at least a heading"),
        ("\n\n", "is empty; it needs at least a heading"),
        (b"\xef\xbb\xbf", "is empty; it needs at least a heading"),
        (
            "order,at,who,paid,paid\n",
            "has several of that name; write paid (1) for the first",
        ),
        ("Order,At,Who,Paid\n", "reads the column order, which does not exist; did you mean"),
        ((HEADING + ROW).encode("utf-16"), "is in UTF-16 or UTF-32; save it as UTF-8"),
        ((HEADING + ROW).replace("\n", "\r").encode(), "has lines that end with CR alone"),
        (b"PK\x03\x04" + b"\0" * 50, "is compressed, as workbooks are too"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_what_to_do(
    tmp_path: Path, content: str | bytes, message: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(tmp_path, content)
    assert message in str(refused.value)


def test_a_heading_alone_is_a_file_without_rows(tmp_path: Path) -> None:
    assert read(tmp_path, HEADING) == ([], [])


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("Total,,,12.50\n", "time"),
        (",,,12.50\n", "time"),
        ("7,2026-10-01 10:00,ann\n", "has 3 cells, and the file has 4 columns"),
        ("7,2026-10-01 10:00,ann,12,50\n", "has 5 cells, and the file has 4 columns"),
        ('7,2026-10-01 10:00,"ann,12.50\n', "cannot be read as CSV: a quote"),
    ],
    ids=["a row of totals", "one without its label", "too few", "too many", "an open quote"],
)
def test_a_row_that_is_none_is_rejected_and_no_other(tmp_path: Path, row: str, fault: str) -> None:
    events, faults = read(tmp_path, HEADING + row + ROW)
    assert [event["id"] for event in events] == ["o-7"]
    assert len(faults) == 1
    assert fault in faults[0]


def test_a_row_of_totals_can_be_left_out(tmp_path: Path) -> None:
    form = "rows: {unless: {order: [Total, '']}}"
    assert paid(tmp_path, HEADING + ROW + "Total,,,12.50\n", form=form) == [1_250]


def test_words_for_nothing_are_empty_cells(tmp_path: Path) -> None:
    form = 'format: {blank: ["\\\\N", "NULL", "-"]}'
    rows = "".join(ROW.replace("12.50", word).replace("7", word) for word in ("\\N", "NULL", "-"))
    events, faults = read(tmp_path, HEADING + rows, form=form)
    assert not events
    assert len(faults) == 3
    for fault in faults:
        assert "is missing" in fault
    assert read(tmp_path, HEADING + ",,,\n\\N,NULL,-,\\N\n", form=form) == ([], [])


@pytest.mark.parametrize(
    ("text", "time", "instant"),
    [
        ("31/10/2026 10:00", 'format: "%d/%m/%Y %H:%M"', "2026-10-31T09:00:00Z"),
        ("10/31/2026 10:00", 'format: "%m/%d/%Y %H:%M"', "2026-10-31T09:00:00Z"),
        ("31.10.26", 'format: ["%d.%m.%Y", "%d.%m.%y"]', "2026-10-30T23:00:00Z"),
        ("2026-10-31T10:00:00+02:00", "", "2026-10-31T08:00:00Z"),
        ("2026-10-31 10:00:00 +0200", "", "2026-10-31T08:00:00Z"),
        ("2026-10-31 10:00:00 UTC", "", "2026-10-31T10:00:00Z"),
        ("1790000000", "format: epoch", "2026-09-21T14:13:20Z"),
        ("1790000000000", "format: epoch_ms", "2026-09-21T14:13:20Z"),
        ("2026-10-25 02:30", "", "2026-10-25T00:30:00Z"),
    ],
)
def test_a_time_is_read_as_it_is_written(
    tmp_path: Path, text: str, time: str, instant: str
) -> None:
    ((event,), faults) = read(tmp_path, HEADING + f"7,{text},ann,12.50\n", time=time)
    assert not faults
    assert event["time"] == instant


@pytest.mark.parametrize(
    ("text", "time", "fault"),
    [
        ("31/10/2026 10:00", "", "say how it is written as `format`, such as %d/%m/%Y"),
        ("31/10/2026", 'format: "%m/%d/%Y"', "must be a time written as %m/%d/%Y"),
        ("2026-03-29 02:30", "", "does not exist in Europe/Berlin, where the clocks were put"),
        ("1790000000000000", "format: epoch", "as many digits as `format: epoch_us`"),
        ("1790000000", "format: epoch_us", "has as many digits as `format: epoch`"),
        ("0000-00-00 00:00:00", "", "must be a time"),
        ("45321.5", "", "as spreadsheets count days; add `excel` to its `format`"),
    ],
)
def test_a_time_that_is_none_is_refused(tmp_path: Path, text: str, time: str, fault: str) -> None:
    _, (found,) = read(tmp_path, HEADING + f"7,{text},ann,12.50\n", time=time)
    assert fault in found


@pytest.mark.parametrize(
    ("text", "comma", "minor"),
    [
        ("$1,234.50", False, 123_450),
        ("US$ 1,234.50", False, 123_450),
        ("1.234,56 €", True, 123_456),
        ("1\u00a0234,56 €", True, 123_456),
        ("1\u202f234,56", True, 123_456),
        ("CHF 1'234.50", False, 123_450),
        ("CHF 1\u2019234.50", False, 123_450),
        ("Rs. 1,23,456.00", False, 12_345_600),
        ("kr. 5,00", True, 500),
        ("5000円", False, 500_000),
        ("₹5", False, 500),
        (".5", False, 50),
        ("5.", False, 500),
        ("1.5e3", False, 150_000),
        ("12.50 incl. VAT", False, 1_250),
        ("(3.00)", False, -300),
        ("($3.00)", False, -300),
        ("$(3.00)", False, -300),
        ("-$3.00", False, -300),
        ("$-3.00", False, -300),
        ("3.00-", False, -300),
        ("\u22123.00", False, -300),
        ("\u20133.00", False, -300),
        ("- 3.00", False, -300),
    ],
)
def test_money_is_read_as_people_write_it(text: str, comma: bool, minor: int) -> None:
    assert int(read_amount(text, decimal_comma=comma) * 100) == minor


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        *(("20.00 kr", code) for code in ("DKK", "NOK", "SEK", "ISK")),
        *(("$5.00", code) for code in ("USD", "CAD", "AUD", "MXN")),
        *(("US$5.00", "USD"), ("CA$5.00", "CAD"), ("5.00 €", "EUR"), ("R$ 5.00", "BRL")),
        *(("Rs. 5.00", "INR"), ("£5.00", "GBP"), ("5.00 zł", "PLN"), ("CHF 5.00", "CHF")),
        *(("5.00", "USD"), ("5.00 incl. VAT", "USD"), ("5.00 all incl.", "USD"), ("5 €", "€")),
        *(("$5.00 CAD", "CAD"), ("5.00 kr", None), ("5.00 kr", "")),
    ],
)
def test_a_sign_that_its_currency_is_written_with_is_right(text: str, currency: Any) -> None:
    check_sign(text, currency)


@pytest.mark.parametrize(
    ("text", "currency", "named"),
    [
        ("20.00 kr", "USD", "DKK, EEK, ISK, NOK, SEK"),
        ("kr.20,00", "EUR", "DKK, EEK, ISK, NOK, SEK"),
        ("€5.00", "USD", "EUR"),
        ("5.00 eur", "usd", "EUR"),
        ("CA$5.00", "USD", "CAD"),
        ("$5.00 CAD", "USD", "CAD"),
        ("£5.00", "EUR", "EGP, FKP, GBP, GIP, LBP or others"),
        ("($5.00)", "EUR", "ARS, AUD, BBD, BMD, BND or others"),
        ("5,00 zł", "CZK", "PLN"),
        ("¥500", "USD", "CNY, JPY"),
    ],
)
def test_a_sign_of_another_currency_is_refused_with_both(
    text: str, currency: str, named: str
) -> None:
    with pytest.raises(CellError, match=f"is written in {named}, and the currency is") as refused:
        check_sign(text, currency)
    assert "set `currency`" in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        *("12 %", "12%", "5×2", "5/2", "10:30", "5#2", "3.00 CR", "3.00 Dr", "3 for 2", "free"),
        *("", "-", "(3", "3)", "(-3)", "--3", "1.2.3", "1,2,3", "12 34", "½", "12,50", "nan"),
        *("inf", "1e999", "EUR", "$", "2026-10-01", "a" * 10_000, "1" * 10_000, "$" * 10_000),
    ],
)
def test_what_is_no_money_is_refused(text: str) -> None:
    with pytest.raises(CellError):
        read_amount(text)


@pytest.mark.parametrize(
    ("text", "comma", "whole"),
    [
        *(("3", False, 3), ("3.0", False, 3), ("3.000", False, 3), ("1,200", False, 1_200)),
        *(("1.200", True, 1_200), ("3,0", True, 3), ("-3", False, -3), ("\u22123", False, -3)),
    ],
)
def test_whole_numbers_have_the_marks_of_their_language(text: str, comma: bool, whole: int) -> None:
    assert read_whole(text, decimal_comma=comma) == whole
    assert read_number(text, decimal_comma=comma) == whole


@pytest.mark.parametrize("text", ["2.5", "3%", "3 pcs", "three", "1,2", "0x10", ""])
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    with pytest.raises(CellError):
        read_whole(text)


def test_a_line_that_is_cut_off_says_where() -> None:
    with pytest.raises(InvalidInput, match="at character 11"):
        parse_line(b'{"id": "a"\n')
