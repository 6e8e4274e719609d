"""Cells that are read as a type, such as money, and what multiplies and divides them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta, timezone, tzinfo
from decimal import Decimal
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chassis.config.yaml_document import Entry
from chassis.core.errors import InvalidInput
from chassis.validation.slips import means_nothing
from mappings import cells
from mappings.cells import CellError, Reader
from mappings.templates import (
    ABSENT,
    RecordCells,
    Value,
    column_words,
    columns_of,
    read_template,
)

SUMMED = ("whole", "number", "amount")
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)")


def quantity(one: Value, fields: Mapping[str, Entry], name: str, path: str) -> Value:
    """A cell read as its type, multiplied and divided by others, in minor units if it is money."""
    read = _reader(fields, name)
    times = read_template(fields["times"], f"{path}.times") if "times" in fields else None
    per = read_template(fields["per"], f"{path}.per") if "per" in fields else None
    finish = _finish(fields, name, path)
    column = column_words(one)
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
    if name not in SUMMED:
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
    own = read_template(fields["currency"], f"{path}.currency") if "currency" in fields else None
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
