"""Facts about mappings: how the rows of a table become events."""

from __future__ import annotations

import codecs
import json
import os
import re
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest

from cdp.commands.load import open_file
from cdp.demo.demo import cdnow_directory
from cdp.demo.purchases import SAMPLE, read_purchases
from cdp.loading.mapping import Grouping, TableMapping, parse_mapping, read_mapping
from cdp.loading.records import grouped
from cdp.loading.rows import Row
from chassis import InvalidInput
from chassis.config.yaml_document import Entry, read_document
from mappings.events import ROW
from mappings.templates import ABSENT, RecordCells
from mappings.values import compile_value

MAPPINGS = Path(__file__).parents[3] / "examples" / "mappings"
EVENT = """\
event:
  type: order_completed
  time: "{at}"
  identifiers: {email: "{email}"}
  authenticated: false
"""


def mapping(text: str = "") -> TableMapping:
    return parse_mapping(read_document(EVENT + text, "shop.yaml"))


def value(text: str, *rows: dict[str, str]) -> Any:
    return compile_value(Entry("shop.yaml", "data.x", read_document(text, "").node)).make(
        RecordCells(rows)
    )


def test_the_mapping_of_cdnow_makes_the_events_of_the_demo() -> None:
    path = cdnow_directory() / SAMPLE
    _source, records, make_events = open_file(path, read_mapping(MAPPINGS / "cdnow-sample.yaml"))
    made = [each.event for record in records() for each in make_events(record)]
    expected = [purchase.as_event() for purchase in read_purchases(path)]
    for event, purchase in zip(made, expected, strict=True):  # their ids tell the content as well
        assert event["id"] == event["data"]["order_id"]
        assert event["id"].startswith(purchase["id"] + "-")
        event["id"] = event["data"]["order_id"] = purchase["id"]
    assert made == expected


@pytest.mark.parametrize("path", sorted(MAPPINGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_mapping_that_is_shipped_can_be_read(path: Path) -> None:
    assert read_mapping(path).digest


@pytest.mark.parametrize(
    ("text", "cell", "made"),
    [
        ("'{c}'", "x", "x"),
        ("shop-{c}", "7", "shop-7"),
        ("{from: '{c}'}", "x", "x"),
        ("{from: '{c}', as: whole}", "-3", -3),
        ("{from: '{c}', as: whole}", "3.0", 3),
        ("{from: '{c}', as: number}", "2.5", 2.5),
        ("{from: '{c}', as: flag}", "Yes", True),
        ("{from: '{c}', as: flag}", "Nein", False),
        ("{from: '{c}', as: flag}", "oui", True),
        ("{from: '{c}', as: flag}", "N\u00e3o", False),
        ("{from: '{c}', as: flag}", "WAHR", True),
        ("{from: '{c}', as: flag}", "FAUX", False),
        ("{from: '{c}', as: flag, means_true: [Abo]}", "abo", True),
        ("{from: '{c}', as: flag, means_true: [Abo]}", "anything else", False),
        ("{from: '{c}', as: id}", "42.0", "42"),
        ("{from: '{c}', as: id}", "#1001", "#1001"),
        ("{from: '{c}', as: id}", "53e8812", "53e8812"),
        ("{from: ['{none}', '{c}']}", "x", "x"),
        (
            "{from: '{c}', values: {view: product_viewed, buy: order_completed}}",
            "view",
            "product_viewed",
        ),
        ("{from: '{c}', values: {view: product_viewed}, else: seen}", "other", "seen"),
        ("{from: '{c}', values: {'true': 1, 'off': 0}}", "off", 0),
        ("{from: '{c}', as: whole, values: {dozen: 12}}", "dozen", 12),
        ("{from: '{c}', as: number, comma: true}", "1.234,5", 1234.5),
        ("{from: '{c}', as: number, comma: true}", "0,500", 0.5),
        ("{from: '{c}', as: number}", "0.500", 0.5),
        ("{from: '{c}', as: number}", "10,500", 10_500),
        ("{from: '{c}', as: amount}", "$1,234.50", 123450),
        ("{from: '{c}', as: amount}", "1234.5 USD", 123450),
        ("{from: '{c}', as: amount}", "-12", -1200),
        ("{from: '{c}', as: amount}", "(12.00)", -1200),
        ("{from: '{c}', as: amount, negate: true}", "-12", 1200),
        ("{from: '{c}', as: amount, comma: true}", "1.234,50 \u20ac", 123450),
        ("{from: '{c}', as: amount, comma: true}", "1\u00a0234,5", 123450),
        ("{from: '{c}', as: amount, comma: true}", "R$ 49,99", 4999),
        ("{from: '{c}', as: amount}", "CHF 1'234.50", 123450),
        ("{from: '{c}', as: amount}", "Rs. 1,000", 100000),
        ("{from: '{c}', as: amount, currency: JPY}", "500", 500),
        ("{from: '{c}', as: amount, currency: kwd}", "1.250", 1250),
        ("{from: '{c}', as: amount, times: '{n}'}", "2.55", 1530),
        ("{from: '{c}', as: amount, times: '{n}', per: '{n}'}", "2.55", 255),
        ("{from: '{c}', as: time}", "2026-10-01 10:00:00 +0200", "2026-10-01T08:00:00Z"),
        ("{from: '{c}', as: time}", "2026-10-01 10:00:00 UTC", "2026-10-01T10:00:00Z"),
        (
            "{from: '{c}', as: time, format: ['%d/%m/%Y %H:%M', '%d/%m/%Y'], zone: '+00:00'}",
            "01/10/2026",
            "2026-10-01T00:00:00Z",
        ),
        ("{from: '{c}', as: time, format: epoch_us}", "1500000", "1970-01-01T00:00:01.500000Z"),
        ("{from: '{c}', as: json}", '["a"]', ["a"]),
        ("{from: '{c}', as: amount}", "49.99", 4999),
        ("{from: '{c}', as: amount}", "49.9", 4990),
        ("{from: '{c}', as: amount}", "0.1e2", 1000),
        ("{from: '{c}', as: amount, decimals: 0}", "500", 500),
        ("{from: '{c}', as: amount, round: true}", "2.345", 234),
        ("{from: '{c}', as: time}", "2026-11-21T19:30:00+01:00", "2026-11-21T18:30:00Z"),
        (
            "{from: '{c}', as: time, zone: Europe/Berlin}",
            "2026-07-01 00:30",
            "2026-06-30T22:30:00Z",
        ),
        (
            "{from: '{c} 12:00', as: time, format: '%d.%m.%Y %H:%M', zone: '-01:30'}",
            "31.12.1997",
            "1997-12-31T13:30:00Z",
        ),
        ("{from: '{c}', as: time, format: epoch}", "0.5", "1970-01-01T00:00:00.500000Z"),
        ("{from: '{c}', as: time, format: epoch_ms}", "1500", "1970-01-01T00:00:01.500000Z"),
        ("[1, '{c}']", "x", [1, "x"]),
        ("{a: '{c}', b: [], c: null}", "x", {"a": "x", "b": [], "c": None}),
    ],
)
def test_a_value_is_made_from_a_cell(text: str, cell: str, made: Any) -> None:
    assert value(text, {"c": cell, "n": "6", "none": ""}) == made


@pytest.mark.parametrize(
    "text",
    ["'{c}'", "'shop-{c}'", "{from: '{c}', as: amount}", "{from: '{n}', as: amount, per: '{c}'}"],
)
def test_nothing_is_made_of_an_empty_cell(text: str) -> None:
    assert value(text, {"c": "", "n": "5"}) is ABSENT
    assert value(f"{{a: {text}, b: 1}}", {"c": "", "n": "5"}) == {"b": 1}


HOW_WRITTEN = "or say how it is written as `format`, such as %d/%m/%Y %H:%M"


@pytest.mark.parametrize(
    ("text", "cell", "message"),
    [
        ("as: whole", "3.5", "must be a whole number"),
        ("as: number", "many", "must be a number such as 12.5"),
        (
            "as: flag",
            "maybe",
            "must be true or false, yes or no, 1 or 0; or list its words as `means_true`",
        ),
        (
            "as: flag, means_true: [abo], means_false: [kein abo]",
            "ja",
            "is not among the words in `means_true` and `means_false`; add it to one",
        ),
        ("as: id", "4.2E+11", "was rounded by a spreadsheet; export the column as text"),
        ("as: id", "4,2E+11", "was rounded by a spreadsheet; export the column as text"),
        ("as: id", "4.2E11", "was rounded by a spreadsheet; export the column as text"),
        ("values: {a: b}", "c", "is not in the table of `values`; add it there, or an `else`"),
        (
            "as: time, zone: Europe/Berlin",
            "2026-03-29 02:30",
            (
                "does not exist in Europe/Berlin, where the clocks were put forward then; correct"
                " it, or name the zone in which it was written"
            ),
        ),
        ("as: json", "{", "must be JSON"),
        ("as: json", "[" * 100_000, "is nested too deeply; flatten it"),
        ("as: number", "0,500", "must be a number such as 12.5; or set `comma: true`"),
        ("as: whole", "0,500", "must be a whole number"),
        ("as: amount", "0,990", "must be an amount such as 49.99; or set `comma: true`"),
        (
            "as: time, format: epoch_ms",
            "1.43322E+12",
            "was rounded by a spreadsheet; export the column as text",
        ),
        ("as: amount", "12,50", "must be an amount such as 49.99; or set `comma: true`"),
        ("as: amount, comma: true", "12.50", "must be an amount such as 49,99"),
        ("as: amount", "1,2,456.00", "must be an amount such as 49.99; or set `comma: true`"),
        ("as: amount", "free", "must be an amount such as 49.99"),
        ("as: amount", "2x3", "must be an amount such as 49.99"),
        ("as: amount", "3 for 5", "must be an amount such as 49.99"),
        ("as: amount", "1.2.3", "must be an amount such as 49.99"),
        (
            "as: amount",
            "nan",
            (
                "must be an amount such as 49.99; if it stands for an empty cell, name it in"
                " `blank` of `format`"
            ),
        ),
        ("as: amount", "1e999999", "must be an amount such as 49.99"),
        (
            "as: amount",
            "2.345",
            "has more than 2 decimals; correct it, or set `round: true`",
        ),
        (
            "as: time",
            "yesterday",
            f"must be a time written as 2026-11-21T19:30:00; {HOW_WRITTEN}",
        ),
        ("as: time", "2026-11-21", "has no time zone; name it as `zone` in the mapping"),
        ("as: time, format: '%Y'", "x", "must be a time written as %Y"),
        ("as: time, format: epoch", "1e30", "must be a time written as epoch"),
    ],
)
def test_a_cell_that_does_not_fit_is_refused_without_repeating_it(
    text: str, cell: str, message: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        value(f"{{from: '{{c}}', {text}}}", {"c": cell})
    assert str(refused.value) == f"data.x: {message} (column c)"


def test_the_lines_of_a_group_are_summed_up_and_listed() -> None:
    rows = [{"sku": "a", "n": "2", "v": "3.00"}, {"sku": "b", "n": "0", "v": "0.50"}]
    assert value("{sum: '{v}', as: amount}", *rows) == 350
    listed = (
        "{each_line: {sku: '{sku}', n: {from: '{v}', as: amount, per: '{n}'}}, unless: {n: '0'}}"
    )
    assert value(listed, *rows) == [{"sku": "a", "n": 150}]


def test_what_should_be_one_and_differs_between_the_lines_of_a_group_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"data\.x: is ambiguous: c differs between the lines"):
        value("'{c}'", {"c": "1"}, {"c": "2"})


def test_an_event_is_named_after_its_row_unless_the_mapping_names_it() -> None:
    cells = {"cdp_row": "orders-7", "at": "2026-11-21T19:30:00Z", "email": "omar@example.com"}
    (made,) = mapping().make([cells])
    assert re.fullmatch("orders-7-[0-9a-f]{8}", made["id"])
    (named,) = mapping("  id: 'shop-{at}'").make([cells])
    assert named["id"] == "shop-2026-11-21T19:30:00Z"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "  identifers: {}",
            "event.identifers: `identifers` is not known here; did you mean `identifiers`?",
        ),
        ("  data: {a: {from: '{b}', as: money}}", "event.data.a.as: must be one of"),
        ("  data: {a: {from: '{b}', az: time}}", "event.data.a.az: `az` is not known here"),
        ("  data: {a: {from: 3}}", "event.data.a.from: must be text such as"),
        (
            "  data: {a: 2026-01-01}",
            "event.data.a: is a date, which JSON does not have; put it in quotes",
        ),
        ("  data: {a: {from: '{b}', as: time, zone: Mars}}", "event.data.a.zone: must be a time"),
        ("  data: {a: {from: '{b}', per: '{c}'}}", "event.data.a.per: needs `as: amount`"),
        ("  data: {a: {sum: '{b}'}}", "event.data.a: sums only what is"),
        (
            "  data: {a: {from: '{b}', as: amount, decimals: 9}}",
            "event.data.a.decimals: is 9; it must be",
        ),
        ("  data: {a: {each_line: 1, unless: [b]}}", "event.data.a.unless: must be"),
        ("  data: {a: '{who'}", "event.data.a: has a brace without its pair; write"),
        ("  data: {a: '{{who}}'}", "event.data.a: has a brace without its pair"),
        (
            "  data: {a: {sum: 'b}', as: whole}}",
            "event.data.a.sum: has a brace without",
        ),
        ("  data: {a: {each_line: {b: '{}'}}}", "event.data.a.b: has a brace without"),
        ("format: {delimiter: ' ; '}", "format.delimiter: must be one character"),
        ("format: {header: false}", "format: `columns` is missing: without a header"),
        ("format: {encoding: utf-16}", "format.encoding: must be utf-8, latin-1 or cp1252"),
        ("format: {encoding: klingon}", "format.encoding: must be utf-8, latin-1 or cp1252"),
        ("format: {header: 1}", "format.header: must be true or false; it is a whole number"),
        ("format: {columns: [1]}", "format.columns: must be a list of names"),
        ("  data: {a: {each_line: 1, unless: {b: 1}}}", "event.data.a.unless.b: must be text"),
        ("format: {columns: [a, a]}", "format.columns: has a name twice"),
        ("group_by: 1", "group_by: must be the name of a column"),
        ("group_by: {a: 1}", "group_by.a: `a` is not known here; known: columns"),
        ("group_by: {columns: a, blank: x}", "group_by.blank: must be one of group, above, alone"),
        ("group_by: {columns: a, within: 9}", "group_by: needs `blank: alone` beside `within`"),
        ("groupby: a", "groupby: `groupby` is not known here; did you mean"),
    ],
)
def test_a_wrong_mapping_is_refused_with_the_place(text: str, message: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        mapping(text)
    place = re.compile(r"shop\.yaml line \d+, column \d+: ")
    assert place.search(str(refused.value))
    assert place.sub("", str(refused.value)).startswith(message)


def test_rows_are_grouped_by_one_column_or_by_several() -> None:
    assert mapping("group_by: email").grouping == Grouping(("email",))
    assert mapping("group_by: [email, at]").grouping == Grouping(("email", "at"))


def test_a_mapping_without_what_every_event_needs_is_refused() -> None:
    place = r"event: shop\.yaml line 1, column 8"
    with pytest.raises(InvalidInput, match=f"{place}: `authenticated` is missing"):
        parse_mapping(read_document("event: {type: x, time: '', identifiers: {}}", "shop.yaml"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("event: [", "line 1, column 9: is not valid YAML: expected"),
        ("- a\n", "line 1, column 1: must be a mapping"),
        ("\udcff", "line 1: is not UTF-8; save it as UTF-8"),
        ("event: 2026-13-45", "{path} line 1, column 8: must be a mapping"),
        (EVENT.replace("event:", "event: &e") + "  data: *e\n", "is nested too deeply; flatten it"),
        ("[" * 5_000, "is not valid YAML: it is nested too deeply"),
    ],
    ids=["YAML", "list", "bytes", "date", "itself", "depth"],
)
def test_a_file_that_is_no_mapping_is_refused_by_its_name(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "shop.yaml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InvalidInput) as refused:
        read_mapping(path)
    assert str(path) in str(refused.value)
    assert refused.value.message.startswith(message.format(path=path))


def test_a_column_that_the_file_does_not_have_is_named_with_its_place() -> None:
    table_mapping = mapping("  data: {unless: {each_line: '{x}', unless: {emial: ''}}}")
    with pytest.raises(InvalidInput) as refused:
        table_mapping.check_columns(["at", "email", "x"])
    assert str(refused.value) == (
        "event.data.unless.unless: reads the column emial, which does not exist;"
        ' did you mean "email"?'
    )


def rows(*keys: str) -> list[Row]:
    """Rows with those cells in the column k; ! is one that cannot be read."""
    return [
        Row(n, b"", n, f"f-{n}", {"k": key}, "is odd" if key == "!" else "")
        for n, key in enumerate(keys, start=1)
    ]


@pytest.mark.parametrize(
    ("keys", "records"),
    [
        ("", []),
        ("aab", ["aa", "b"]),
        ("abc", ["a", "b", "c"]),
        ("aa!", ["aa!?"]),
        ("!aab", ["!aa?", "b"]),
        ("aa!abb", ["aa!a?", "bb"]),
        ("aa!bbc", ["aa!bb?", "c"]),
        ("a!!b", ["a!!b?"]),
        ("aba", ["a", "b", "a?"]),
    ],
)
def test_consecutive_lines_of_a_key_are_one_and_an_unreadable_one_spoils_its_neighbours(
    keys: str, records: list[str]
) -> None:
    made = grouped(rows(*keys), ["k"])
    joined = ["".join(r.cells["k"] for r in p.rows) + ("?" if p.fault else "") for p in made]
    assert joined == records


def test_a_key_of_an_object_may_look_like_a_number_or_a_flag() -> None:
    assert value('{2024: "{u}", on: {1: "{u}"}}', {"u": "x"}) == {"2024": "x", "on": {"1": "x"}}


def test_the_digest_of_a_mapping_is_that_of_the_whole_file_with_its_byte_order_mark(
    tmp_path: Path,
) -> None:
    path = tmp_path / "shop.yaml"
    content = codecs.BOM_UTF8 + EVENT.encode()
    path.write_bytes(content)
    assert read_mapping(path).digest == blake2b(content, digest_size=16).hexdigest()


SHOPIFY = """\
group_by: Name
rows: {unless: {Financial: voided}}
events:
  - type: order_completed
    time: {from: "{Created}", as: time}
    identifiers: {email: "{Email}"}
    authenticated: false
    data:
      order_id: "{Name}"
      revenue: {from: "{Total}", as: amount}
      currency: "{Currency}"
      products:
        each_line: {sku: "{Sku}", quantity: {from: "{Quantity}", as: whole}}
  - type: order_refunded
    when: {Financial: [refunded, partially_refunded]}
    time: {from: "{Created}", as: time}
    identifiers: {email: "{Email}"}
    authenticated: false
    data: {order_id: "{Name}", amount: {from: "{Refunded}", as: amount}, currency: "{Currency}"}
"""
COLUMNS = (
    "Name",
    "Email",
    "Financial",
    "Total",
    "Refunded",
    "Currency",
    "Created",
    "Sku",
    "Quantity",
)


def shopify(*rows: str, text: str = SHOPIFY) -> list[dict[str, Any]]:
    made = parse_mapping(read_document(text, "shopify.yaml"), name="shopify")
    cells = [dict(zip(COLUMNS, row.split(","), strict=True)) | {"cdp_row": "o-2"} for row in rows]
    return made.make(cells)


def test_blank_cells_of_a_group_are_those_of_the_line_that_has_them() -> None:
    (order,) = shopify(
        "#1,ada@example.com,paid,30.00,,EUR,2026-10-01 10:00:00 +0200,CUP,1",
        "#1,,,,,,,LID,2",
    )
    assert order["data"]["revenue"] == 3000
    assert order["identifiers"] == {"email": "ada@example.com"}
    assert order["data"]["products"] == [
        {"sku": "CUP", "quantity": 1},
        {"sku": "LID", "quantity": 2},
    ]


def test_a_row_may_become_several_events_or_none() -> None:
    row = "#1,ada@example.com,{},30.00,10.00,EUR,2026-10-01 10:00:00 +0200,CUP,1"
    assert [e["type"] for e in shopify(row.format("paid"))] == ["order_completed"]
    refunded = shopify(row.format("partially_refunded"))
    assert [e["type"] for e in refunded] == ["order_completed", "order_refunded"]
    assert refunded[1]["data"]["amount"] == 1000
    assert shopify(row.format("voided")) == []


def test_made_ids_differ_by_the_type_of_the_event_and_by_the_mapping() -> None:
    row = "#1,ada@example.com,refunded,30.00,10.00,EUR,2026-10-01 10:00:00 +0200,CUP,1"
    ids = [event["id"] for event in shopify(row)]
    other = parse_mapping(read_document(SHOPIFY, "x.yaml"), name="consents")
    cells = dict(zip(COLUMNS, row.split(","), strict=True)) | {"cdp_row": "o-2"}
    ids += [event["id"] for event in other.make([cells])]
    assert len(set(ids)) == 4
    assert ids[:2] == [event["id"] for event in shopify(row)]
    assert all(re.fullmatch("o-2-[0-9a-f]{8}", each) for each in ids)


@pytest.mark.parametrize(
    ("currency", "total", "minor"),
    [("EUR", "30.00", 3000), ("JPY", "5000", 5000), ("KWD", "1.250", 1250), ("jpy", "5000", 5000)],
)
def test_an_amount_has_the_decimals_of_the_events_currency(
    currency: str, total: str, minor: int
) -> None:
    (order,) = shopify(f"#1,a@x.example,paid,{total},,{currency},2026-10-01T10:00:00Z,CUP,1")
    assert order["data"]["revenue"] == minor


def test_the_lines_of_a_cell_are_a_list_in_json_or_text_with_marks() -> None:
    line = "{sku: '{sku}', quantity: {from: '{quantity}', as: whole}}"
    expected = [{"sku": "CUP", "quantity": 1}, {"sku": "LID", "quantity": 2}]
    for how, cell in (
        ("'{c}'", '[{"sku": "CUP", "quantity": 1}, {"sku": "LID", "quantity": 2}]'),
        (
            "{from: '{c}', lines: ';', cells: '|', pairs: ':'}",
            "sku:CUP|quantity:1;sku:LID|quantity:2;",
        ),
        ("{from: '{c}', lines: ', ', cells: ' x ', columns: [quantity, sku]}", "1 x CUP, 2 x LID"),
    ):
        assert value(f"{{each_line: {line}, in: {how}}}", {"c": cell}) == expected
    assert value(f"{{each_line: {line}, in: '{{c}}'}}", {"c": ""}) == []
    assert value("{each_line: '{value}', in: '{c}'}", {"c": '["a", "b"]'}) == ["a", "b"]
    with pytest.raises(InvalidInput, match="must be a list in JSON"):
        value("{each_line: '{value}', in: '{c}'}", {"c": "a, b"})
    how = "{from: '{c}', lines: ';', cells: 'x', columns: [quantity, sku]}"
    with pytest.raises(InvalidInput, match="has a line of 1 cells, not 2"):
        value(f"{{each_line: {line}, in: {how}}}", {"c": "CUP"})


def test_a_mark_within_the_value_of_a_line_divides_nothing() -> None:
    line = "{sku: '{sku}', name: '{name}'}"
    how = "{from: '{c}', lines: ';', cells: '|', pairs: ':'}"
    cell = "name:Cup; blue | small|sku:CUP;sku:LID|name:Lid: steel;"
    assert value(f"{{each_line: {line}, in: {how}}}", {"c": cell}) == [
        {"sku": "CUP", "name": "Cup; blue | small"},
        {"sku": "LID", "name": "Lid: steel"},
    ]
    cell = "|sku:CUP|name:Cup|;|sku:LID| |name:Lid|;"
    assert value(f"{{each_line: {line}, in: {how}}}", {"c": cell}) == [
        {"sku": "CUP", "name": "Cup"},
        {"sku": "LID", "name": "Lid"},
    ]


def test_words_for_an_empty_cell_are_empty_in_the_lines_of_a_cell_too() -> None:
    made = mapping_of_lines().make([{"at": "2026-10-01", "email": "e", "c": CELL, ROW: "r-1"}])
    assert [each["data"]["products"] for each in made] == [[{"sku": "CUP", "quantity": 1}]]


CELL = '[{"sku": "CUP", "category": "(not set)", "quantity": "NULL"}]'


def mapping_of_lines() -> TableMapping:
    line = "{sku: '{sku}', category: '{category}', quantity: {from: '{quantity}', default: 1}}"
    lines = f"  data: {{products: {{each_line: {line}, in: '{{c}}'}}}}\n"
    return mapping(f"{lines}format: {{blank: ['(not set)', 'NULL']}}\n")


def test_the_lines_of_a_list_are_chosen_by_the_text_of_a_cell() -> None:
    rows = [{"sku": "CUP", "n": "1"}, {"sku": "TIP", "n": "1"}, {"sku": "LID", "n": "0"}]
    assert value("{each_line: '{sku}', unless: {n: '0', sku: [TIP, FEE]}}", *rows) == ["CUP"]
    assert value("{each_line: '{sku}', when: {sku: {matches: '[A-L].*'}}}", *rows) == ["CUP", "LID"]


def test_a_sum_may_be_of_products() -> None:
    rows = [{"n": "2", "price": "1.50"}, {"n": "3", "price": "0.99"}, {"n": "", "price": "9.00"}]
    assert value("{sum: '{price}', as: amount, times: '{n}'}", *rows) == 597


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{from: '{c}', sum: '{c}'}", "needs one of `from` and `sum`"),
        ("{from: '{c}', comma: true}", "needs `as: amount`"),
        ("{from: '{c}', means_true: [a]}", "needs `as: flag`"),
        ("{each_line: 1, in: c}", "must be one column, such as"),
        ("{each_line: 1, in: {from: '{c}', lines: ';', cells: '|'}}", "needs one of `pairs`"),
        ("{each_line: 1, when: {a: {matches: '['}}}", "is not a regular expression"),
    ],
)
def test_options_that_do_not_fit_are_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        value(text, {"c": "1"})


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def events_of(path: Path, text: str) -> list[dict[str, Any]]:
    mapping_file = write(path.with_name("mapping.yaml"), text)
    _source, records, make_events = open_file(path, read_mapping(mapping_file))
    return [each.event for record in records() for each in make_events(record)]


def test_lines_of_json_of_any_shape_become_events(tmp_path: Path) -> None:
    line = {
        "event_name": "purchase",
        "event_timestamp": 1790000000123456,
        "user_pseudo_id": "12.34",
        "user": {"id": 42, "email": None},
        "event_params": [
            {"key": "transaction_id", "value": {"string_value": "T-1", "int_value": None}},
            {"key": "value", "value": {"string_value": None, "double_value": 49.5}},
        ],
        "items": [{"item_id": "CUP", "quantity": 2}, {"item_id": "LID", "quantity": 1}],
    }
    path = write(tmp_path / "ga4.ndjson", json.dumps(line) + "\n\n" + "[]\n")
    text = """\
event:
  type: {from: "{event_name}", values: {purchase: order_completed}}
  time: {from: "{event_timestamp}", as: time, format: epoch_us}
  identifiers:
    anonymous_id: "{user_pseudo_id}"
    user_id: {from: "{user.id}", as: id}
    email: "{user.email}"
  authenticated: false
  data:
    order_id: "{event_params.transaction_id}"
    revenue: {from: "{event_params.value}", as: amount}
    currency: USD
    products:
      each_line: {product_id: "{item_id}", quantity: {from: "{quantity}", as: whole}}
      in: "{items}"
    missing: "{nothing.of.the.kind}"
"""
    source, records, make_events = open_file(
        path, read_mapping(write(tmp_path / "mapping.yaml", text))
    )
    good, bad = records()
    (made,) = (each.event for each in make_events(good))
    assert made["time"] == "2026-09-21T14:13:20.123456Z"
    assert made["identifiers"] == {"anonymous_id": "12.34", "user_id": "42"}
    assert made["data"] == {
        "order_id": "T-1",
        "revenue": 4950,
        "currency": "USD",
        "products": [{"product_id": "CUP", "quantity": 2}, {"product_id": "LID", "quantity": 1}],
    }
    assert bad.fault == "must be a JSON object"
    again = write(tmp_path / "again.ndjson", source.again(good.rows[0]).decode())
    assert [e["id"] for e in events_of(again, text)] == [made["id"]]


def test_a_row_takes_columns_of_other_files_by_a_key(tmp_path: Path) -> None:
    write(tmp_path / "orders.csv", "order_id,customer_id,at\nO1,C1,2026-10-01T10:00:00Z\n")
    write(tmp_path / "customers.csv", "id,person\nC1,P1\nC2,P2\n")
    items = write(
        tmp_path / "items.csv", "order,sku,price\nO1,CUP,3.00\nO1,LID,1.00\nO2,CUP,3.00\n"
    )
    text = """\
join:
  - {file: orders.csv, as: orders, key: {order: order_id}}
  - {file: customers.csv, as: customers, key: {orders.customer_id: id}}
rows: {unless: {orders.at: ""}}
group_by: order
event:
  type: order_completed
  time: "{orders.at}"
  identifiers: {user_id: "{customers.person}"}
  authenticated: true
  data: {order_id: "{order}", revenue: {sum: "{price}", as: amount}, currency: BRL}
"""
    (order,) = events_of(items, text)
    assert order["identifiers"] == {"user_id": "P1"}
    assert order["data"]["revenue"] == 400
    for wrong, message in (
        ("file: order.csv", "which does not exist"),
        ("key: {orders.customer: id}", r"reads the column orders\.customer.*did you mean"),
        ("key: {orders.customer_id: ident}", "has no column ident"),
    ):
        key = wrong.split(":")[0]
        original = {"file": "file: orders.csv", "key": "key: {orders.customer_id: id}"}[key]
        with pytest.raises(InvalidInput, match=message):
            events_of(items, text.replace(original, wrong))


def test_another_file_has_a_format_of_its_own_and_its_keys_are_ids(tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_bytes("id;city\n42;K\xf6ln\n7;NULL\n".encode("cp1252"))
    items = tmp_path / "items.csv"
    items.write_text("at,email,customer\n2026-10-01,a@x.example,42.0\n2026-10-02,b@x.example,7\n")
    text = EVENT + (
        "  data: {city: '{customers.city}'}\n"
        "join:\n  - file: customers.csv\n    as: customers\n    key: {customer: id}\n"
    )
    with pytest.raises(InvalidInput, match=r'has no column id; .*delimiter: ";"'):
        events_of(items, text)
    own = '    format: {delimiter: ";", encoding: cp1252, blank: ["NULL"]}\n'
    cologne, nowhere = events_of(items, text + own)
    assert cologne["data"] == {"city": "Köln"}
    assert nowhere["data"] == {}


def test_a_column_with_a_question_mark_need_not_be_there() -> None:
    assert value("'{c?}'", {}) is ABSENT
    assert value("{from: ['{a?}', '{b}']}", {"b": "x"}) == "x"
    made = mapping("  unless: {'Status?': voided}\n  data: {a: '{Note?}'}\n")
    made.check_columns(["at", "email"])
    with pytest.raises(InvalidInput, match="reads the column Note, which does not exist"):
        mapping("  data: {a: '{Note}'}").check_columns(["at", "email"])


def test_an_empty_cell_may_have_a_default() -> None:
    assert value("{from: '{c}', as: amount, default: 0}", {"c": ""}) == 0
    assert value("{from: '{c}', default: USD}", {"c": "EUR"}) == "EUR"


def test_a_file_without_times_is_dated_by_its_last_change(tmp_path: Path) -> None:
    path = write(tmp_path / "people.csv", "email\nada@example.com\n")
    os.utime(path, (1_790_000_000, 1_790_000_000))
    text = EVENT.replace('"{at}"', '{from: "{cdp_file_time}", as: time}')
    assert [event["time"] for event in events_of(path, text)] == ["2026-09-21T14:13:20Z"]
