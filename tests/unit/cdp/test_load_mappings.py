"""Facts about mappings: how the rows of a table become events."""

from __future__ import annotations

import codecs
import re
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest

from cdp.commands.load import open_file
from cdp.demo.demo import cdnow_directory
from cdp.demo.purchases import SAMPLE, read_purchases
from cdp.loading.mapping import TableMapping, parse_mapping, read_mapping
from cdp.loading.records import grouped
from cdp.loading.rows import Row
from cdp.loading.values import ABSENT, compile_value
from chassis import InvalidInput
from chassis.config.yaml_document import Entry, read_document

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
    return compile_value(Entry("shop.yaml", "data.x", read_document(text, "").node)).make(rows)


def test_the_mapping_of_cdnow_makes_the_events_of_the_demo() -> None:
    path = cdnow_directory() / SAMPLE
    _source, records, make_event = open_file(path, read_mapping(MAPPINGS / "cdnow-sample.yaml"))
    made = [make_event(record).event for record in records()]
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
    assert value(text, {"c": cell}) == made


@pytest.mark.parametrize(
    "text",
    ["'{c}'", "'shop-{c}'", "{from: '{c}', as: amount}", "{from: '{n}', as: amount, per: '{c}'}"],
)
def test_nothing_is_made_of_an_empty_cell(text: str) -> None:
    assert value(text, {"c": "", "n": "5"}) is ABSENT
    assert value(f"{{a: {text}, b: 1}}", {"c": "", "n": "5"}) == {"b": 1}


@pytest.mark.parametrize(
    ("text", "cell", "message"),
    [
        ("as: whole", "3.5", "must be a whole number"),
        ("as: number", "many", "must be a number such as 12.5"),
        ("as: flag", "maybe", "must be true or false, yes or no, 1 or 0"),
        ("as: json", "{", "must be JSON"),
        ("as: json", "[" * 100_000, "is nested too deeply; flatten it"),
        ("as: amount", "12,50", "must be an amount such as 49.99"),
        ("as: amount", "nan", "must be an amount such as 49.99"),
        ("as: amount", "1e999999", "must be an amount such as 49.99"),
        (
            "as: amount",
            "2.345",
            "has more than 2 decimals; correct it, or set `round: true`",
        ),
        ("as: time", "yesterday", "must be a time written as 2026-11-21T19:30:00"),
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
    assert str(refused.value) == f"data.x: {message}"


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
    assert mapping().make([cells])["id"] == "orders-7"
    assert mapping("  id: 'shop-{at}'").make([cells])["id"] == "shop-2026-11-21T19:30:00Z"


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
        ("  data: {a: {from: '{b}', as: amount, decimals: 9}}", "event.data.a.decimals: must be"),
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
        ("  data: {a: {each_line: 1, unless: {b: 1}}}", "event.data.a.unless: must be {column"),
        ("format: {columns: [a, a]}", "format.columns: has a name twice"),
        ("group_by: {a: 1}", "group_by: must be the name of a column"),
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
    assert mapping("group_by: email").group_by == ("email",)
    assert mapping("group_by: [email, at]").group_by == ("email", "at")


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
