"""Values of an event, as a mapping tells to make them from the cells of a table's rows.

A text such as "shop-{customer}" takes cells by the names of their columns. An object with `from`,
`sum` or `each_line` says more; all else stands for itself. What is made of an empty cell is left
out, as null is as good as absent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import ROUND_HALF_EVEN, Decimal
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chassis.core.errors import InvalidInput
from chassis.validation.plain import kind
from chassis.validation.schema import did_you_mean

Cells = Mapping[str, str]
Make = Callable[[Sequence[Cells]], Any]

ABSENT: Final = object()
TYPES = ("text", "whole", "number", "flag", "amount", "time", "json")
_OPTIONS = {"from", "sum", "as", "decimals", "round", "per", "format", "zone"}
_EACH_LINE = {"each_line", "unless"}
_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_COLUMN = re.compile(r"\{([^{}]+)\}")
_WHOLE = re.compile(r"([+-]?\d+)(?:\.0+)?")
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)")


@dataclass(frozen=True, slots=True)
class Value:
    """How a value is made from the cells of the rows of one event.

    `make` raises InvalidInput with the field's path; `columns` are those it reads, by path.
    """

    make: Make
    columns: tuple[tuple[str, str], ...] = ()


def compile_value(told: Any, path: str) -> Value:
    """The value that a mapping tells at `path`; InvalidInput says what is wrong with it."""
    if isinstance(told, str):
        return _template(told, path)
    if isinstance(told, dict):
        if "each_line" in told:
            return _each_line(told, path)
        if "from" in told or "sum" in told:
            return _typed(told, path)
        return _object(told, path)
    if isinstance(told, list):
        parts = [compile_value(part, f"{path}[{i}]") for i, part in enumerate(told)]
        return Value(
            lambda rows: [made for part in parts if (made := part.make(rows)) is not ABSENT],
            _columns(parts),
        )
    if told is None or isinstance(told, (bool, int, float)):
        return Value(lambda _rows: told)
    raise InvalidInput(path, "is a date or the like; put it in quotes")


def _object(told: Mapping[Any, Any], path: str) -> Value:
    parts = {str(name): compile_value(part, f"{path}.{name}") for name, part in told.items()}

    def make(rows: Sequence[Cells]) -> dict[str, Any]:
        made = ((name, part.make(rows)) for name, part in parts.items())
        return {name: value for name, value in made if value is not ABSENT}

    return Value(make, _columns(list(parts.values())))


def _each_line(told: Mapping[str, Any], path: str) -> Value:
    _check_options(told, _EACH_LINE, path)
    part = compile_value(told["each_line"], path)
    unless = told.get("unless", {})
    if not isinstance(unless, dict) or not all(isinstance(text, str) for text in unless.values()):
        raise InvalidInput(f"{path}.unless", 'must be {column: "text"}')

    def make(rows: Sequence[Cells]) -> list[Any]:
        kept = (row for row in rows if not any(row[c] == text for c, text in unless.items()))
        return [value for row in kept if (value := part.make([row])) is not ABSENT]

    return Value(make, (*part.columns, *((f"{path}.unless", column) for column in unless)))


def _typed(told: Mapping[str, Any], path: str) -> Value:
    _check_options(told, _OPTIONS, path)
    name = told.get("as", "text")
    if name not in TYPES:
        raise InvalidInput(
            f"{path}.as", f"must be one of {', '.join(TYPES)}{did_you_mean(str(name), list(TYPES))}"
        )
    read = _reader(told, name, path)
    if "sum" in told:
        if name not in ("whole", "number", "amount") or "per" in told:
            raise InvalidInput(path, "can sum up what is whole, number or amount, without per")
        one = _template(told["sum"], path)
        return Value(
            lambda rows: _sum(_read(one.make([row]), read, path) for row in rows), one.columns
        )
    one = _template(told["from"], path)
    if "per" not in told:
        return Value(lambda rows: _read(one.make(rows), read, path), one.columns)
    per = _template(told["per"], f"{path}.per")

    def share(rows: Sequence[Cells]) -> Any:
        amount = _read(one.make(rows), read, path)
        pieces = _read(per.make(rows), _whole, f"{path}.per")
        if amount is ABSENT or pieces is ABSENT or pieces == 0:
            return ABSENT
        return int((Decimal(amount) / pieces).quantize(Decimal(1), ROUND_HALF_EVEN))

    return Value(share, one.columns + per.columns)


def _template(told: Any, path: str) -> Value:
    if not isinstance(told, str):
        raise InvalidInput(path, f'must be text such as "{{column}}", not {kind(told)}')
    parts = _COLUMN.split(told)
    names = parts[1::2]
    if any(brace in part for part in parts[::2] for brace in "{}"):
        raise InvalidInput(path, 'has a brace that is not one of a pair; write "{column}"')
    columns = tuple((path, name) for name in names)
    if not names:
        return Value(lambda _rows: told)

    def make(rows: Sequence[Cells]) -> Any:
        cells = [_the_one(rows, name, path) for name in names]
        if not all(cells):
            return ABSENT
        if parts[0] == parts[-1] == "" and len(cells) == 1:
            return cells[0]
        return "".join(cells[i // 2] if i % 2 else part for i, part in enumerate(parts))

    return Value(make, columns)


def _the_one(rows: Sequence[Cells], name: str, path: str) -> str:
    cell = rows[0][name]
    if len(rows) > 1 and any(row[name] != cell for row in rows):
        raise InvalidInput(path, f"is not one: {name} differs between the lines of the group")
    return cell


def _read(text: Any, read: Callable[[str], Any], path: str) -> Any:
    if text is ABSENT:
        return ABSENT
    try:
        return read(text)
    except (ArithmeticError, ValueError) as error:
        raise InvalidInput(
            path, str(error) if type(error) is _Unfit else "cannot be read"
        ) from None


class _Unfit(ValueError):
    """What is wrong with a cell, in words."""


def _sum(values: Iterator[Any]) -> Any:
    there = [value for value in values if value is not ABSENT]
    return sum(there) if there else ABSENT


def _reader(told: Mapping[str, Any], name: str, path: str) -> Callable[[str], Any]:
    plain: dict[str, Callable[[str], Any]] = {
        "text": str,
        "whole": _whole,
        "number": _number,
        "flag": _flag,
        "json": _json,
    }
    if name == "amount" or "per" in told:
        decimals = told.get("decimals", 2)
        if name != "amount":
            raise InvalidInput(f"{path}.per", "is for what is an amount")
        if type(decimals) is not int or not 0 <= decimals <= 4:
            raise InvalidInput(f"{path}.decimals", "must be those of the currency, 0 to 4")
        if not isinstance(told.get("round", False), bool):
            raise InvalidInput(f"{path}.round", "must be true or false")
        return partial(_amount, decimals=decimals, rounded=told.get("round", False))
    if name == "time":
        return _time(told.get("format", ""), _zone(told.get("zone"), path))
    return plain[name]


def _whole(text: str) -> int:
    if not (match := _WHOLE.fullmatch(text)):
        raise _Unfit("must be a whole number")
    return int(match[1])


def _number(text: str) -> int | float:
    if _WHOLE.fullmatch(text):
        return _whole(text)
    try:
        return float(text)
    except ValueError:
        raise _Unfit("must be a number such as 12.5") from None


def _flag(text: str) -> bool:
    if text.lower() not in _FLAGS:
        raise _Unfit("must be true or false, yes or no, 1 or 0")
    return _FLAGS[text.lower()]


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise _Unfit("must be JSON") from None
    except RecursionError:
        raise _Unfit("is nested too deep; flatten it") from None


def _amount(text: str, decimals: int, rounded: bool) -> int:
    try:
        minor = Decimal(text).scaleb(decimals)
        whole = int(minor.quantize(Decimal(1), ROUND_HALF_EVEN))
    except (ArithmeticError, ValueError):
        raise _Unfit("must be an amount such as 49.99") from None
    if minor != whole and not rounded:
        raise _Unfit(f"must be an amount of at most {decimals} decimals; or say `round: true`")
    return whole


def _time(form: str, zone: tzinfo | None) -> Callable[[str], str]:
    def read(text: str) -> str:
        try:
            if form in ("epoch", "epoch_ms"):
                seconds = Decimal(text) / (1_000 if form == "epoch_ms" else 1)
                moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(
                    microseconds=int(seconds * 10**6)
                )
            else:
                moment = _in_form(text, form) if form else datetime.fromisoformat(text)
        except (ArithmeticError, ValueError):
            raise _Unfit(f"must be a time written as {form or '2026-11-21T19:30:00'}") from None
        if moment.tzinfo is None:
            if zone is None:
                raise _Unfit("has no time zone; name the one it was written in as `zone`")
            moment = moment.replace(tzinfo=zone)
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")

    return read


def _in_form(text: str, form: str) -> datetime:
    return datetime.strptime(text, form)  # noqa: DTZ007 - the caller looks at its zone


def _zone(told: Any, path: str) -> tzinfo | None:
    if told is None:
        return None
    if match := _OFFSET.fullmatch(str(told)):
        offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
        return timezone(-offset if match[1] == "-" else offset)
    try:
        return ZoneInfo(str(told))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInput(
            f"{path}.zone", "must be a time zone such as Europe/Berlin or +01:00"
        ) from None


def _check_options(told: Mapping[str, Any], known: set[str], path: str) -> None:
    for name in told:
        if name not in known:
            meant = did_you_mean(str(name), sorted(known))
            raise InvalidInput(
                f"{path}.{name}", f"is unknown beside {sorted(known & set(told))}{meant}"
            )


def _columns(parts: Sequence[Value]) -> tuple[tuple[str, str], ...]:
    return tuple(column for part in parts for column in part.columns)
