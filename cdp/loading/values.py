"""Values of an event, made from the cells of a table's rows as a mapping says.

A text such as "shop-{customer}" takes cells by the names of their columns. An object with `from`,
`sum` or `each_line` says more; everything else is a constant. Values of empty cells are left out,
as null means the same as absent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta, timezone, tzinfo
from decimal import Decimal
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cdp.loading import cells
from cdp.loading.cells import CellError, Reader
from cdp.loading.conditions import read_conditions
from cdp.loading.lines import Row, read_lines
from chassis.config.yaml_document import Entry
from chassis.core.errors import InvalidInput
from chassis.validation.plain import kind
from chassis.validation.schema import did_you_mean
from chassis.validation.slips import means_nothing

ABSENT: Final = object()
TYPES = ("text", "id", "whole", "number", "flag", "amount", "time", "json")
_ROWS = ("first", "last")
_SUMMED = ("whole", "number", "amount")
_OPTIONS = (
    "from", "sum", "as", "values", "else", "default", "decimals", "currency", "comma", "round",
    "per", "times", "negate", "format", "zone", "means_true", "means_false", "row",
)  # fmt: skip
_OF_TYPE: Mapping[str, tuple[str, ...]] = {  # the types to which an option applies
    "decimals": ("amount",),
    "currency": ("amount",),
    "comma": ("amount", "number", "whole"),
    "round": ("amount",),
    "per": ("amount",),
    "times": ("amount", "number", "whole"),
    "negate": ("amount", "number", "whole"),
    "format": ("time",),
    "zone": ("time",),
    "means_true": ("flag",),
    "means_false": ("flag",),
}
_COLUMN = re.compile(r"\{([^{}]+)\}")
_SPREADSHEET_ERROR = re.compile(  # in English, German, French and Spanish
    r"#(N/A|NV|N/D|N/C|REF!|BEZUG!|VALUE!|WERT!|VALEUR!|DIV/0!|NAME\?|NOM\?|NULL!|NUM!|ZAHL!|NOMBRE!)"
)
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)")


@dataclass(frozen=True, slots=True)
class RecordCells:
    """The rows of a record, and the currency of the event that they become, if that is known."""

    rows: Sequence[Row]
    currency: object = None


Make = Callable[[RecordCells], Any]


@dataclass(frozen=True, slots=True)
class Value:
    """How a value is made from the cells of a record's rows.

    `make` raises InvalidInput with the path of the field; `columns` are those it reads, by path.
    """

    make: Make
    columns: tuple[tuple[str, str], ...] = ()


def compile_value(entry: Entry) -> Value:
    """The value that an entry of a mapping describes; InvalidInput says what is wrong."""
    if entry.is_mapping():
        fields = entry.literal_fields()
        if "each_line" in fields:
            return _each_line(entry)
        if "from" in fields or "sum" in fields:
            return _typed(entry)
        return object_of({name: compile_value(part) for name, part in fields.items()})
    if entry.is_list():
        return _list_of([compile_value(part) for part in entry.items()])
    constant = entry.scalar()
    return _template(entry, entry.path) if isinstance(constant, str) else _constant(constant)


def object_of(parts: Mapping[str, Value]) -> Value:
    """An object of values, without those that are absent."""

    def make(record: RecordCells) -> dict[str, Any]:
        made = ((name, part.make(record)) for name, part in parts.items())
        return {name: value for name, value in made if value is not ABSENT}

    return Value(make, columns_of(parts.values()))


def template(text: str, path: str) -> Value:
    """A text with the cells of `{columns}` in it; absent if one of these is empty."""
    parts = _COLUMN.split(text)
    names = parts[1::2]
    if not names:
        return _constant(text)

    names, required = _optional(names)

    def make(record: RecordCells) -> Any:
        found = [_single_cell(record.rows, name, path) for name in names]
        if not all(found):
            return ABSENT
        if parts[0] == parts[-1] == "" and len(found) == 1:
            return found[0]
        return "".join(found[i // 2] if i % 2 else part for i, part in enumerate(parts))

    return Value(make, tuple((path, name) for name in required))


def columns_of(parts: Iterable[Value]) -> tuple[tuple[str, str], ...]:
    """The columns that several values read, by path."""
    return tuple(column for part in parts for column in part.columns)


def _constant(value: Any) -> Value:
    return Value(lambda _record: value)


def _list_of(parts: Sequence[Value]) -> Value:
    return Value(
        lambda record: [made for part in parts if (made := part.make(record)) is not ABSENT],
        columns_of(parts),
    )


def _each_line(entry: Entry) -> Value:
    """A list with a value for each row of the record, or for each line that a cell holds."""
    fields = entry.record(("each_line",), ("in", "when", "unless"))
    part = compile_value(replace(fields["each_line"], path=entry.path))
    conditions = read_conditions(fields, entry.path)
    expand = read_lines(fields["in"]) if "in" in fields else None

    def make(record: RecordCells) -> list[Any]:
        rows = (
            record.rows if expand is None else [e for row in record.rows for e in expand.rows(row)]
        )
        made = (part.make(replace(record, rows=[row])) for row in rows if conditions.hold(row))
        return [value for value in made if value is not ABSENT]

    if expand is None:
        return Value(make, (*part.columns, *conditions.columns))
    # What the cell's lines are made of cannot be known before they are read.
    return Value(make, ((f"{entry.path}.in", expand.column),))


def _typed(entry: Entry) -> Value:
    fields = entry.record((), _OPTIONS)
    if ("from" in fields) == ("sum" in fields):
        entry.refuse("needs one of `from` and `sum`")
    name = fields["as"].scalar() if "as" in fields else "text"
    if name not in TYPES:
        fields["as"].refuse(f"must be one of {', '.join(TYPES)}{did_you_mean(str(name), TYPES)}")
    for option, types in _OF_TYPE.items():
        if option in fields and name not in types:
            fields[option].refuse(f"needs `as: {types[0]}`")
    if "sum" in fields:
        return _sum(entry, fields, name)
    one = _first_of(fields["from"], entry.path)
    if "row" in fields:
        one = _of_row(one, fields["row"])
    if "values" in fields or "else" in fields:
        one = _looked_up(one, fields, entry)
    value = _quantity(one, fields, name, entry.path)
    return _or_default(value, fields["default"]) if "default" in fields else value


def _of_row(one: Value, entry: Entry) -> Value:
    """What the first or the last row of the record has, where rows differ."""
    which = entry.scalar()
    if which not in _ROWS:
        entry.refuse(f"must be {' or '.join(_ROWS)}")

    def make(record: RecordCells) -> Any:
        rows = record.rows if which == "first" else record.rows[::-1]
        made = (one.make(replace(record, rows=[row])) for row in rows)
        return next((value for value in made if value is not ABSENT), ABSENT)

    return Value(make, one.columns)


def _or_default(one: Value, entry: Entry) -> Value:
    """A constant where the cell is empty."""
    default = entry.scalar()

    def make(record: RecordCells) -> Any:
        value = one.make(record)
        return default if value is ABSENT else value

    return Value(make, one.columns)


def _sum(entry: Entry, fields: Mapping[str, Entry], name: str) -> Value:
    if name not in _SUMMED or "per" in fields:
        entry.refuse("sums only what is whole, number or amount, and without `per`")
    one = _quantity(_template(fields["sum"], entry.path), fields, name, entry.path)

    def make(record: RecordCells) -> Any:
        made = (one.make(replace(record, rows=[row])) for row in record.rows)
        present = [value for value in made if value is not ABSENT]
        return sum(present) if present else ABSENT

    return Value(make, one.columns)


def _first_of(entry: Entry, path: str) -> Value:
    """The first of several templates that is not empty."""
    if not entry.is_list():
        return _template(entry, path)
    parts = [_template(item, path) for item in entry.items()]

    def make(record: RecordCells) -> Any:
        made = (part.make(record) for part in parts)
        return next((value for value in made if value is not ABSENT), ABSENT)

    return Value(make, columns_of(parts))


def _looked_up(one: Value, fields: Mapping[str, Entry], entry: Entry) -> Value:
    """What a table of values has for a cell; what it does not have is refused, or is the `else`."""
    table = fields["values"].literal_fields() if "values" in fields else {}
    values = {name.strip(): part.scalar() for name, part in table.items()}
    otherwise: Any = fields["else"].scalar() if "else" in fields else ABSENT

    def make(record: RecordCells) -> Any:
        text = one.make(record)
        if text is ABSENT:
            return ABSENT
        if text in values:
            value = values[text]
        elif otherwise is not ABSENT:
            value = otherwise
        else:
            raise InvalidInput(
                entry.path,
                f"is not in the table of `values`; add it there, or an `else`{_column_words(one)}",
            )
        return ABSENT if value is None else value

    return Value(make, one.columns)


def _quantity(one: Value, fields: Mapping[str, Entry], name: str, path: str) -> Value:
    """A cell read as its type, multiplied and divided by others, in minor units if it is money."""
    read = _reader(fields, name)
    times = _template(fields["times"], f"{path}.times") if "times" in fields else None
    per = _template(fields["per"], f"{path}.per") if "per" in fields else None
    finish = _finish(fields, name, path)
    column = _column_words(one)
    factor_of = partial(cells.read_factor, decimal_comma=_has_comma(fields))

    def make(record: RecordCells) -> Any:
        text = one.make(record)
        value = _read(text, read, path, column)
        for factor, divides in ((times, False), (per, True)):
            if factor is None or value is ABSENT:
                continue
            number = _read(
                factor.make(record), factor_of, f"{path}.{'per' if divides else 'times'}", ""
            )
            if number is ABSENT or (divides and number == 0):
                return ABSENT
            value = Decimal(value) / number if divides else Decimal(str(value)) * number
        try:
            return value if value is ABSENT else finish(value, record, text)
        except CellError as error:
            raise InvalidInput(path, f"{error}{column}") from None

    parts = [part for part in (one, times, per) if part is not None]
    return Value(make, columns_of(parts))


def _finish(
    fields: Mapping[str, Entry], name: str, path: str
) -> Callable[[Any, RecordCells, Any], Any]:
    """How a value that was read, perhaps of a text, becomes that of the event."""
    sign = -1 if "negate" in fields and fields["negate"].flag() else 1
    if name == "amount":
        return _money(fields, path, sign)
    if name not in _SUMMED:
        return lambda value, _record, _text: value

    def finish(value: Any, _record: RecordCells, _text: Any) -> Any:
        if isinstance(value, Decimal):
            value = int(value) if value == value.to_integral_value() else float(value)
        if name == "whole" and type(value) is not int:
            raise CellError("must be a whole number")
        return sign * value

    return finish


def _money(
    fields: Mapping[str, Entry], path: str, sign: int
) -> Callable[[Any, RecordCells, Any], Any]:
    """Amounts in minor units: by `decimals`, else by `currency`, else by that of the event."""
    decimals = fields["decimals"].whole(0, 4) if "decimals" in fields else None
    own = _template(fields["currency"], f"{path}.currency") if "currency" in fields else None
    # A price for each of several pieces need not be whole in minor units.
    rounded = "per" in fields or ("round" in fields and fields["round"].flag())

    def finish(value: Decimal, record: RecordCells, text: Any) -> int:
        currency = own.make(record) if own is not None else record.currency
        places = decimals if decimals is not None else cells.currency_decimals(currency)
        if isinstance(text, str):
            cells.check_sign(text, currency)
        return cells.minor_units(sign * value, places, rounded=rounded)

    return finish


def _reader(fields: Mapping[str, Entry], name: str) -> Reader:
    comma = _has_comma(fields)
    readers: Mapping[str, Callable[[], Reader]] = {
        "text": lambda: _text,
        "id": lambda: cells.read_id,
        "whole": lambda: partial(cells.read_whole, decimal_comma=comma),
        "number": lambda: partial(cells.read_number, decimal_comma=comma),
        "flag": lambda: partial(
            cells.read_flag,
            true=_words(fields.get("means_true")),
            false=_words(fields.get("means_false")),
        ),
        "amount": lambda: partial(cells.read_amount, decimal_comma=comma),
        "time": lambda: partial(
            cells.read_time, formats=_formats(fields.get("format")), zone=_zone(fields.get("zone"))
        ),
        "json": lambda: cells.read_json,
    }
    return readers[name]()


def _text(value: Any) -> Any:
    return value


def _has_comma(fields: Mapping[str, Entry]) -> bool:
    return "comma" in fields and fields["comma"].flag()


def _words(entry: Entry | None) -> frozenset[str]:
    return frozenset(text.strip().casefold() for text in _texts(entry))


def _formats(entry: Entry | None) -> Sequence[str]:
    return _texts(entry)


def _texts(entry: Entry | None) -> tuple[str, ...]:
    """A text, or a list of texts; keywords of YAML count as they are written."""
    if entry is None or entry.is_null():
        return ()
    if entry.is_list():
        return tuple(item.literal() for item in entry.items())
    return (entry.literal(),)


def _template(entry: Entry, path: str) -> Value:
    """The template in an entry, whose cells are refused by `path`."""
    text = entry.scalar()
    if not isinstance(text, str):
        entry.refuse(f'must be text such as "{{column}}", not {kind(text)}')
    if any(brace in part for part in _COLUMN.split(text)[::2] for brace in "{}"):
        entry.refuse('has a brace without its pair; write "{column}"')
    return template(text, path)


def _optional(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """The columns, and those that the file must have: a `?` after a name says that it need not."""
    return [name.removesuffix("?") for name in names], [n for n in names if not n.endswith("?")]


def _single_cell(rows: Sequence[Row], name: str, path: str) -> str:
    """The one cell of a column: the rows after the first may leave it blank, but not differ."""
    found = rows[0].get(name, "")
    for row in rows[1:]:
        if (cell := row.get(name, "")) and cell != found:
            if found:
                raise InvalidInput(
                    path, f"is ambiguous: {name} differs between the lines of the group"
                )
            found = cell
    if _SPREADSHEET_ERROR.fullmatch(found):
        raise InvalidInput(
            path,
            f"has {found}, an error of a spreadsheet; correct it, or name it in `blank` of `format`"
            f" (column {name})",
        )
    return found


def _column_words(one: Value) -> str:
    """Which column a message is about."""
    names = dict.fromkeys(name for _path, name in one.columns)
    return f" (column {', '.join(names)})" if names else ""


def _read(text: Any, read: Reader, path: str, column: str) -> Any:
    if text is ABSENT:
        return ABSENT
    if not isinstance(text, str):  # from a table of values
        return text
    try:
        return read(text)
    except (ArithmeticError, ValueError) as error:
        message = str(error) if type(error) is CellError else "cannot be read"
        if means_nothing(text):
            message += "; if it stands for an empty cell, name it in `blank` of `format`"
        raise InvalidInput(path, message + column) from None


def _zone(entry: Entry | None) -> tzinfo | None:
    if entry is None or entry.is_null():
        return None
    name = entry.literal()
    if match := _OFFSET.fullmatch(name):
        offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
        return timezone(-offset if match[1] == "-" else offset)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        entry.refuse("must be a time zone such as Europe/Berlin or +01:00")
