"""Values of an event, made from the cells of a table's rows as a mapping says.

A text such as "shop-{customer}" takes cells by the names of their columns. An object with `from`,
`sum` or `each_line` says more; everything else is a constant. Values of empty cells are left out,
as null means the same as absent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from chassis.config.yaml_document import Entry
from chassis.core.errors import InvalidInput
from chassis.validation.schema import did_you_mean
from mappings.conditions import read_conditions
from mappings.lines import read_lines
from mappings.quantities import SUMMED, quantity
from mappings.templates import (
    ABSENT,
    RecordCells,
    Value,
    column_words,
    columns_of,
    constant,
    read_template,
)

TYPES = ("text", "id", "whole", "number", "flag", "amount", "time", "json")
_ROWS = ("first", "last")
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
    scalar = entry.scalar()
    return read_template(entry, entry.path) if isinstance(scalar, str) else constant(scalar)


def object_of(parts: Mapping[str, Value]) -> Value:
    """An object of values, without those that are absent."""

    def make(record: RecordCells) -> dict[str, Any]:
        made = ((name, part.make(record)) for name, part in parts.items())
        return {name: value for name, value in made if value is not ABSENT}

    return Value(make, columns_of(parts.values()))


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
        rows = record.rows
        if expand is not None:
            rows = [line for row in rows for line in expand.rows(row, record.blank)]
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
    value = quantity(one, fields, name, entry.path)
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
    if name not in SUMMED or "per" in fields:
        entry.refuse("sums only what is whole, number or amount, and without `per`")
    one = quantity(read_template(fields["sum"], entry.path), fields, name, entry.path)

    def make(record: RecordCells) -> Any:
        made = (one.make(replace(record, rows=[row])) for row in record.rows)
        present = [value for value in made if value is not ABSENT]
        return sum(present) if present else ABSENT

    return Value(make, one.columns)


def _first_of(entry: Entry, path: str) -> Value:
    """The first of several templates that is not empty."""
    if not entry.is_list():
        return read_template(entry, path)
    parts = [read_template(item, path) for item in entry.items()]

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
                f"is not in the table of `values`; add it there, or an `else`{column_words(one)}",
            )
        return ABSENT if value is None else value

    return Value(make, one.columns)
