"""Values of an event, made from the cells of a table's rows as a mapping says.

A text such as "shop-{customer}" takes cells by the names of their columns. An object with `from`,
`sum` or `each_line` says more; everything else is a constant. Values of empty cells are left out,
as null means the same as absent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import ROUND_HALF_EVEN, Decimal
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chassis.config.yaml_document import Entry
from chassis.core.errors import InvalidInput
from chassis.validation.plain import kind
from chassis.validation.schema import did_you_mean

Cells = Mapping[str, str]
Make = Callable[[Sequence[Cells]], Any]

ABSENT: Final = object()
TYPES = ("text", "whole", "number", "flag", "amount", "time", "json")
_OPTIONS = ("from", "sum", "as", "decimals", "round", "per", "format", "zone")
_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_COLUMN = re.compile(r"\{([^{}]+)\}")
_WHOLE = re.compile(r"([+-]?\d+)(?:\.0+)?")
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)")


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

    def make(rows: Sequence[Cells]) -> dict[str, Any]:
        made = ((name, part.make(rows)) for name, part in parts.items())
        return {name: value for name, value in made if value is not ABSENT}

    return Value(make, _columns(parts.values()))


def template(text: str, path: str) -> Value:
    """A text with the cells of `{columns}` in it; absent if one of these is empty."""
    parts = _COLUMN.split(text)
    names = parts[1::2]
    if not names:
        return _constant(text)

    def make(rows: Sequence[Cells]) -> Any:
        cells = [_single_cell(rows, name, path) for name in names]
        if not all(cells):
            return ABSENT
        if parts[0] == parts[-1] == "" and len(cells) == 1:
            return cells[0]
        return "".join(cells[i // 2] if i % 2 else part for i, part in enumerate(parts))

    return Value(make, tuple((path, name) for name in names))


def _constant(value: Any) -> Value:
    return Value(lambda _rows: value)


def _list_of(parts: Sequence[Value]) -> Value:
    return Value(
        lambda rows: [made for part in parts if (made := part.make(rows)) is not ABSENT],
        _columns(parts),
    )


def _each_line(entry: Entry) -> Value:
    fields = entry.record(("each_line",), ("unless",))
    part = compile_value(replace(fields["each_line"], path=entry.path))
    conditions = fields["unless"].fields() if "unless" in fields else {}
    unless = {column: text.scalar() for column, text in conditions.items()}
    if not all(isinstance(text, str) for text in unless.values()):
        fields["unless"].refuse('must be {column: "text"}')

    def make(rows: Sequence[Cells]) -> list[Any]:
        selected = (row for row in rows if not any(row[c] == text for c, text in unless.items()))
        return [value for row in selected if (value := part.make([row])) is not ABSENT]

    path = f"{entry.path}.unless"
    return Value(make, (*part.columns, *((path, column) for column in unless)))


def _typed(entry: Entry) -> Value:
    fields, path = entry.record((), _OPTIONS), entry.path
    name = fields["as"].scalar() if "as" in fields else "text"
    if name not in TYPES:
        fields["as"].refuse(f"must be one of {', '.join(TYPES)}{did_you_mean(str(name), TYPES)}")
    read = _reader(fields, name)
    if "sum" in fields:
        if name not in ("whole", "number", "amount") or "per" in fields:
            entry.refuse("sums only what is whole, number or amount, and without `per`")
        one = _template(fields["sum"], path)
        return Value(
            lambda rows: _sum(_read(one.make([row]), read, path) for row in rows), one.columns
        )
    one = _template(fields["from"], path)
    if "per" not in fields:
        return Value(lambda rows: _read(one.make(rows), read, path), one.columns)
    per = _template(fields["per"], f"{path}.per")

    def share(rows: Sequence[Cells]) -> Any:
        amount = _read(one.make(rows), read, path)
        quantity = _read(per.make(rows), _whole, f"{path}.per")
        if amount is ABSENT or quantity is ABSENT or quantity == 0:
            return ABSENT
        return int((Decimal(amount) / quantity).quantize(Decimal(1), ROUND_HALF_EVEN))

    return Value(share, one.columns + per.columns)


def _template(entry: Entry, path: str) -> Value:
    """The template in an entry, whose cells are refused by `path`."""
    text = entry.scalar()
    if not isinstance(text, str):
        entry.refuse(f'must be text such as "{{column}}", not {kind(text)}')
    if any(brace in part for part in _COLUMN.split(text)[::2] for brace in "{}"):
        entry.refuse('has a brace without its pair; write "{column}"')
    return template(text, path)


def _single_cell(rows: Sequence[Cells], name: str, path: str) -> str:
    cell = rows[0][name]
    if len(rows) > 1 and any(row[name] != cell for row in rows):
        raise InvalidInput(path, f"is ambiguous: {name} differs between the lines of the group")
    return cell


def _read(text: Any, read: Callable[[str], Any], path: str) -> Any:
    if text is ABSENT:
        return ABSENT
    try:
        return read(text)
    except (ArithmeticError, ValueError) as error:
        raise InvalidInput(
            path, str(error) if type(error) is CellError else "cannot be read"
        ) from None


class CellError(ValueError):
    """What is wrong with a cell, as a message."""


def _sum(values: Iterator[Any]) -> Any:
    present = [value for value in values if value is not ABSENT]
    return sum(present) if present else ABSENT


def _reader(fields: Mapping[str, Entry], name: str) -> Callable[[str], Any]:
    if name == "amount":
        return _amount_reader(fields)
    if "per" in fields:
        fields["per"].refuse("needs `as: amount`")
    if name == "time":
        time_format = str(fields["format"].scalar() or "") if "format" in fields else ""
        return _time(time_format, _zone(fields.get("zone")))
    plain: dict[str, Callable[[str], Any]] = {
        "text": str,
        "whole": _whole,
        "number": _number,
        "flag": _flag,
        "json": _json,
    }
    return plain[name]


def _amount_reader(fields: Mapping[str, Entry]) -> Callable[[str], int]:
    decimals = fields["decimals"].scalar() if "decimals" in fields else 2
    if type(decimals) is not int or not 0 <= decimals <= 4:
        fields["decimals"].refuse("must be the decimals of the currency, 0 to 4")
    rounded = fields["round"].flag() if "round" in fields else False
    return partial(_amount, decimals=decimals, rounded=rounded)


def _whole(text: str) -> int:
    if not (match := _WHOLE.fullmatch(text)):
        raise CellError("must be a whole number")
    return int(match[1])


def _number(text: str) -> int | float:
    if _WHOLE.fullmatch(text):
        return _whole(text)
    try:
        return float(text)
    except ValueError:
        raise CellError("must be a number such as 12.5") from None


def _flag(text: str) -> bool:
    if text.lower() not in _FLAGS:
        raise CellError("must be true or false, yes or no, 1 or 0")
    return _FLAGS[text.lower()]


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise CellError("must be JSON") from None
    except RecursionError:
        raise CellError("is nested too deeply; flatten it") from None


def _amount(text: str, decimals: int, rounded: bool) -> int:
    try:
        minor = Decimal(text).scaleb(decimals)
        whole = int(minor.quantize(Decimal(1), ROUND_HALF_EVEN))
    except (ArithmeticError, ValueError):
        raise CellError("must be an amount such as 49.99") from None
    if minor != whole and not rounded:
        raise CellError(f"has more than {decimals} decimals; correct it, or set `round: true`")
    return whole


def _time(time_format: str, zone: tzinfo | None) -> Callable[[str], str]:
    def read(text: str) -> str:
        try:
            if time_format in ("epoch", "epoch_ms"):
                seconds = Decimal(text) / (1_000 if time_format == "epoch_ms" else 1)
                moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(
                    microseconds=int(seconds * 10**6)
                )
            else:
                moment = (
                    _parse_time(text, time_format) if time_format else datetime.fromisoformat(text)
                )
        except (ArithmeticError, ValueError):
            raise CellError(
                f"must be a time written as {time_format or '2026-11-21T19:30:00'}"
            ) from None
        if moment.tzinfo is None:
            if zone is None:
                raise CellError("has no time zone; name it as `zone` in the mapping")
            moment = moment.replace(tzinfo=zone)
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")

    return read


def _parse_time(text: str, time_format: str) -> datetime:
    return datetime.strptime(text, time_format)  # noqa: DTZ007 - the caller checks the zone


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


def _columns(parts: Iterable[Value]) -> tuple[tuple[str, str], ...]:
    return tuple(column for part in parts for column in part.columns)
