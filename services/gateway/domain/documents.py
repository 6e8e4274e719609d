"""Reading a body as JSON, whatever its Content-Type says."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from chassis.core.errors import InvalidInput
from chassis.core.json import load_json

MAX_DEPTH = 32
_MOST_DIGITS = 20
_LARGEST = 2**63
_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_HALF = re.compile("[\ud800-\udfff]")


def read_document(body: bytes) -> Any:
    """What a body says; InvalidInput if it is no JSON in UTF-8, or nested too deeply."""
    if not body.strip():
        raise InvalidInput("body", "is empty; send JSON")
    if body.startswith(_GZIP):
        raise InvalidInput("body", "is compressed: say so by the header Content-Encoding: gzip")
    body = body.removeprefix(_BOM)
    try:
        document = load_json(body)
    except ValueError as error:
        document = _slack_document(body, str(error))
    if _is_deep(body, document):
        raise InvalidInput("body", f"is nested deeper than {MAX_DEPTH} levels; flatten it")
    return document


def _slack_document(body: bytes, reason: str) -> Any:
    """What a body says that only a part of its programs takes for JSON.

    Python writes NaN for what a table lacks, and JavaScript half of an emoji that was cut in two:
    one such value must not cost a batch.
    """
    try:
        document = json.loads(
            body.decode(), parse_constant=_nothing, parse_float=_finite, parse_int=_whole
        )
    except (ValueError, RecursionError):
        raise InvalidInput("body", f"is not JSON in UTF-8 ({reason})") from None
    if _is_deep(body, document):
        raise InvalidInput("body", f"is nested deeper than {MAX_DEPTH} levels; flatten it")
    return _without_halves(document)


def _nothing(_constant: str) -> None:
    """What stands for NaN and the infinities."""


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _whole(text: str) -> int | float | None:
    """A whole number of 64 bits; one beyond is a fraction, as in all other documents."""
    if len(text) <= _MOST_DIGITS and -_LARGEST <= (number := int(text)) < 2 * _LARGEST:
        return number
    return _finite(text)


def _without_halves(value: Any) -> Any:
    """The same with a replacement character for each half of a surrogate pair."""
    if type(value) is dict:
        return {_without_halves(name): _without_halves(part) for name, part in value.items()}
    if type(value) is list:
        return [_without_halves(part) for part in value]
    if type(value) is str and not value.isascii():
        return _HALF.sub("\ufffd", value)
    return value


def _is_deep(body: bytes, document: Any) -> bool:
    if body.count(b"{") + body.count(b"[") <= MAX_DEPTH:
        return False  # as nearly every single event
    level = [document]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for each in level
            for child in (each.values() if type(each) is dict else each)
            if type(child) in (dict, list)
        ]
        if not level:
            return False
    return True
