"""Plain JSON: the bounds that every value keeps before anything else looks at it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from chassis.core.errors import InvalidInput
from chassis.core.json import dump_json

MAX_DEPTH = 20
MAX_EVENT_BYTES = 32 * 1024
MAX_CALL_BYTES = 4 * 1024 * 1024
MAX_CALL_EVENTS = 1_000

_MAX_NAME = 64
SMALLEST, LARGEST = -(2**63), 2**63 - 1
_INFINITY = float("inf")
_TOO_DEEP = f"is nested deeper than {MAX_DEPTH} levels; flatten it"
_TOO_LONG = "does not fit in 64 bits; send a number this long as text"
_NOT_FINITE = "is NaN or infinite, which JSON does not have; leave it out"
_NAMES = {
    dict: "an object",
    list: "a list",
    str: "text",
    int: "a number",
    float: "a number",
    bool: "true or false",
    type(None): "null",
}

_HARMLESS = frozenset({str, bool, type(None)})
_NUL = "\\u0000"  # as JSON writes it

Fault = tuple[list[str | int], str]


def kind(value: object) -> str:
    """What JSON calls a value, for messages: `an object`, `text`, `a number`, …"""
    return _NAMES.get(type(value), f"a Python {type(value).__name__}")


def check_plain(value: object, path: str = "", *, max_bytes: int = MAX_EVENT_BYTES) -> None:
    """InvalidInput if the value breaks a bound of `measure`, or is larger than `max_bytes`."""
    size = measure(value, path)
    if size > max_bytes:
        raise InvalidInput(path, f"is {size:,} bytes of JSON; at most {max_bytes:,} are taken")


def measure(value: object, path: str = "") -> int:
    """The size of plain JSON in bytes (UTF-8, no spaces); InvalidInput if it is not plain.

    The value itself is level 1 of at most 20; no NaN, no infinity, no `\\u0000`, no half of a
    surrogate pair, no integer beyond 64 bits; names are text; a value that the message layer has
    turned into a Python object (a datetime, a Decimal, a UUID) is refused.
    """
    try:
        text = dump_json(value)
    except TypeError:
        text = _NUL  # what is wrong is looked for below
    if _NUL in text or not _looks_plain(value, MAX_DEPTH):
        fault = _fault(value, MAX_DEPTH)
        if fault is not None:
            raise InvalidInput(join(path, fault[0][::-1]), fault[1])
        text = dump_json(value)
    return len(text) if text.isascii() else len(text.encode())


def _looks_plain(value: Any, levels: int) -> bool:
    """Whether there is no fault in a value that could be written as JSON, but for its texts."""
    of = type(value)
    if of is dict or of is list:
        if not levels:
            return False
        for part in value.values() if of is dict else value:
            if type(part) not in _HARMLESS and not _looks_plain(part, levels - 1):
                return False
        return True
    return of in _HARMLESS or _scalar_fault(value, of) is None


def faults(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Every place where a value breaks a bound of `measure`, with what is wrong there."""
    for parts, message in _faults(value, MAX_DEPTH):
        yield join(path, parts), message


def pruned(value: Any, levels: int = MAX_DEPTH) -> Any:
    """The value with null in the place of each part that `faults` names."""
    of = type(value)
    if of is list:
        return [pruned(part, levels - 1) for part in value] if levels else None
    if of is dict:
        return _pruned_object(value, levels - 1) if levels else None
    return value if _scalar_fault(value, of) is None else None


def _pruned_object(value: dict[Any, Any], levels: int) -> dict[str, Any]:
    return {
        name: pruned(part, levels)
        for name, part in value.items()
        if _object_fault({name: None}, levels) is None
    }


def has_text_names(value: object, levels: int = MAX_DEPTH) -> bool:
    """Whether every name in the first levels of a value is text, as in all JSON."""
    if levels and type(value) is dict:
        return all(type(n) is str and has_text_names(v, levels - 1) for n, v in value.items())
    if levels and type(value) is list:
        return all(has_text_names(part, levels - 1) for part in value)
    return True


def join(path: str, parts: Iterable[str | int]) -> str:
    """The path of a part: `join("events[3]", ["products", 0, "price"])`."""
    for part in parts:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            name = part if len(part) <= _MAX_NAME else part[:_MAX_NAME] + "…"
            name = name if name.isprintable() else ascii(name)[1:-1]
            path += f".{name}" if path else name
    return path


def _fault(value: Any, levels: int) -> Fault | None:
    """What is wrong, and where (innermost part first); None if the value is plain."""
    of = type(value)
    if of is dict:
        return _object_fault(value, levels - 1) if levels else ([], _TOO_DEEP)
    if of is list:
        return _list_fault(value, levels - 1) if levels else ([], _TOO_DEEP)
    return _scalar_fault(value, of)


def _object_fault(value: dict[Any, Any], levels: int) -> Fault | None:
    for name, part in value.items():
        if type(name) is not str:
            return [], f"has a name that is {kind(name)}; names are text"
        if (fault := _text_fault(name)) is not None:
            return [], f"has a name that {fault[1]}"
        if (fault := _fault(part, levels)) is not None:
            fault[0].append(name)
            return fault
    return None


def _list_fault(value: list[Any], levels: int) -> Fault | None:
    for index, part in enumerate(value):
        if (fault := _fault(part, levels)) is not None:
            fault[0].append(index)
            return fault
    return None


def _faults(value: Any, levels: int, at: tuple[str | int, ...] = ()) -> Iterator[tuple[Any, str]]:
    """The same as `_fault`, of every part by itself."""
    of = type(value)
    if of not in {dict, list}:
        fault = _scalar_fault(value, of)
        if fault is not None:
            yield at, fault[1]
    elif not levels:
        yield at, _TOO_DEEP
    elif of is list:
        for index, part in enumerate(value):
            yield from _faults(part, levels - 1, (*at, index))
    else:
        for name, part in value.items():
            fault = _object_fault({name: None}, levels)
            if fault is not None:
                yield at, fault[1]
            else:
                yield from _faults(part, levels - 1, (*at, name))


def _scalar_fault(value: Any, of: type) -> Fault | None:
    if of is str:
        return _text_fault(value)
    if of is int:
        return None if SMALLEST <= value <= LARGEST else ([], _TOO_LONG)
    if of is float:
        return None if -_INFINITY < value < _INFINITY else ([], _NOT_FINITE)
    if of is bool or value is None:
        return None
    return [], f"is {kind(value)}; send plain JSON, a time as text such as 2026-11-21T19:30:00Z"


def _text_fault(text: str) -> Fault | None:
    if "\0" in text:
        return [], "contains \\u0000, which cannot be stored; remove it"
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return [], "contains half of a surrogate pair; send well-formed Unicode"
    return None
