"""Slips of senders: what a value of the wrong shape can mean, if it can mean one thing only.

PHP writes an empty object as `[]` and false as `0`, Liquid and Zapier send everything as text,
spreadsheets append `.0`, tag managers send objects as text and dates as numbers. Each function
returns what is meant, or None where a value could mean two things: an instant without a zone,
`1,234`, an amount of money with decimals, a blank where false and nothing differ.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

from chassis.core.errors import InvalidInput
from chassis.core.instants import format_instant, parse_instant
from chassis.validation.plain import measure

# Yes and no as shops' programs write them, in the languages that most of them come in.
_YES_WORDS = """
    true yes y t 1 on x ja j oui o sí si s sim da да tak igen kyllä evet ναι はい 是 예
    wahr vrai vero verdadero verdadeiro waar prawda
"""  # noqa: RUF001
_NO_WORDS = """
    false no n f 0 off nein non não nao nee nej nie nem ei hayır нет όχι いいえ 否 아니요
    falsch faux falso onwaar fałsz
"""  # noqa: RUF001
YES, NO = frozenset(_YES_WORDS.split()), frozenset(_NO_WORDS.split())
_NOTHING = frozenset(
    ("null", "none", "nil", "undefined", "nan", "n/a", "\\n", "unknown", "not set")
)
_IN_BRACKETS = re.compile(
    r"\((null|none|nil|unknown|empty|blank|not \w+)\)|<(null|none|nil|na)>|\[(null|object \w+)\]"
)
SPREADSHEET_ERROR = (
    r"#(n/a|ref|value|name|null|num|div/0|error|spill|calc"
    r"|nv|bezug|wert|zahl|n/d|n/c|valeur|nom|nombre)[!?]?"
)
"""A regular expression for the errors of spreadsheets, in English, German, French and Spanish."""
_SPREADSHEET_ERROR = re.compile(SPREADSHEET_ERROR)

# Nothing, or dashes and the like; brackets may be those of JSON.
_SIGNS = re.compile(r"""(?:[^\w\[\]{}"]|_){0,20}""")
# What a template has left unfilled: `{{ amount }}`, `${amount}`, `*|AMOUNT|*`, `<%= amount %>`,
# `%%ORDER_ID%%`, `{order}`, `[order_id]`, `__ORDER__`, `@@ORDER@@`.
_UNFILLED = re.compile(
    r"\{\{.*\}\}|\$\{.*\}|\*\|.*\|\*|<%.*%>|\{%.*%\}|#\{.*\}|@@.+@@"
    r"|(%{1,2}|__)[A-Za-z][A-Za-z_. ]*\1|\{[A-Za-z][A-Za-z_. ]*\}|\[[A-Za-z]+([_.][A-Za-z]+)+\]",
    re.DOTALL,
)
# As spreadsheets show a number of many digits, and write it: `1.23457E+12`, `1,23457E+12`.
_ROUNDED = re.compile(r"\d([.,]\d+)?e\+\d{2,3}", re.ASCII | re.IGNORECASE)

_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_ROUND = re.compile(r"([+-]?\d{1,15})\.0+", re.ASCII)
# A mark of decimals alone has one, two or over three digits after it: three may be thousands, but
# not those of 0.
_PLAIN = re.compile(r"[+-]?\d{1,9}(\.\d{1,9})?", re.ASCII)
_COMMA = re.compile(r"[+-]?(\d{1,9},(\d{1,2}|\d{4,9})|0,\d{3})", re.ASCII)
_THOUSANDS = re.compile(
    r"[+-]?\d{1,3}(?:(?:,\d{3})+(?P<point>\.)\d{1,9}|(?:\.\d{3})+,\d{1,9})", re.ASCII
)

_EPOCH = re.compile(r"(\d{10}|\d{13}|\d{16}|\d{19})(\.\d{1,9})?", re.ASCII)
_EPOCH_UNITS = {10: Decimal(10**6), 13: Decimal(1000), 16: Decimal(1), 19: Decimal("0.001")}
_ZONE_NAME = re.compile(r"(Z|[+-]\d\d:?\d\d)\[[A-Za-z_/+0-9-]+\]$", re.ASCII)
_UTC = re.compile(r"\s*(?:z|utc|gmt)$", re.ASCII | re.IGNORECASE)
_BLANK_BEFORE_OFFSET = re.compile(r"\s+([+-]\d\d(?::?\d\d)?)$", re.ASCII)
_MAIL = re.compile(r"(?:[A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} \d{4} .*(?:GMT|UTC|UT|[+-]\d{4})")
_SCRIPT = re.compile(
    r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d\d) (\d{4}) ([\d:]{8}) GMT([+-]\d{4})(?: \([^)]*\))?"
)

_LEVELS_AROUND = 4  # that a part of an event may stand below its top


def means_nothing(text: str) -> bool:
    """Whether a text stands for an absent value: blank, signs alone, or a program's word for it."""
    bare = text.strip()
    plain = bare.casefold()
    if plain in _NOTHING:
        return True
    return not bare[:1].isalnum() and (  # most texts begin with a letter or a digit
        _SIGNS.fullmatch(bare) is not None
        or _IN_BRACKETS.fullmatch(plain) is not None
        or _SPREADSHEET_ERROR.fullmatch(plain) is not None
        or _UNFILLED.fullmatch(bare) is not None
    )


def was_rounded(text: str) -> bool:
    """Whether a text is a number of which a spreadsheet has kept the first digits alone."""
    return "+" in text and _ROUNDED.fullmatch(text.strip()) is not None


def meant_flag(value: object) -> bool | None:
    """True or false of 1 and 0, and of the words for them."""
    if type(value) in {int, float}:
        return bool(value) if value in (0, 1) else None
    if type(value) is not str:
        return None
    word = value.strip().casefold()
    return True if word in YES else False if word in NO else None


def meant_whole(text: str) -> int | None:
    """A whole number of a text with its digits alone."""
    bare = text.strip()
    return int(bare) if _WHOLE.fullmatch(bare) else None


def meant_round(value: object) -> int | None:
    """A whole number of what a spreadsheet makes of it, such as 3.0, or of a text."""
    if type(value) is float:
        return int(value) if value.is_integer() and abs(value) < 10**15 else None
    if type(value) is not str:
        return None
    match = _ROUND.fullmatch(value.strip())
    return int(match[1]) if match else meant_whole(value)


def meant_number(text: str) -> int | float | None:
    """A number of a text: `2`, `0.5`, `0,5`, `1,234.50`, `1.234,50`; not of `1,234`."""
    bare = text.strip()
    if _COMMA.fullmatch(bare):
        plain = bare.replace(",", ".")
    elif match := _THOUSANDS.fullmatch(bare):
        thousands, decimals = (",", ".") if match["point"] else (".", ",")
        plain = bare.replace(thousands, "").replace(decimals, ".")
    elif _PLAIN.fullmatch(bare):
        plain = bare
    else:
        return None
    return float(plain) if "." in plain else int(plain)


def meant_instant(value: object) -> str | None:
    """The RFC 3339 text of an instant that leaves no choice: it has a zone, or counts from 1970.

    A count of 10 digits is in seconds, of 13 in milliseconds, of 16 in microseconds and of 19 in
    nanoseconds, from September 2001 on; other counts could be several things, or a date.
    """
    with suppress(InvalidInput, OverflowError, ValueError):
        if type(value) in {int, float}:
            return _since_1970(str(Decimal(str(value))))
        if type(value) is str:
            text = value.strip()
            return _since_1970(text) or format_instant(_of_text(text))
    return None


def _since_1970(text: str) -> str | None:
    match = _EPOCH.fullmatch(text)
    return format_instant(int(Decimal(text) * _EPOCH_UNITS[len(match[1])])) if match else None


def _of_text(text: str) -> int:
    if match := _SCRIPT.fullmatch(text):  # as JavaScript's Date writes itself
        text = f"{match[2]} {match[1]} {match[3]} {match[4]} {match[5]}"
    if _MAIL.fullmatch(text):  # RFC 2822, and HTTP
        return parse_instant(parsedate_to_datetime(text).isoformat())
    text = _UTC.sub("Z", _ZONE_NAME.sub(r"\1", text))
    return parse_instant(_BLANK_BEFORE_OFFSET.sub(r"\1", text))


def meant_json(text: str, of: type) -> Any:
    """The object or list that stands in a text as JSON; None if none does."""
    try:
        value = json.loads(text)
        around = value
        for _ in range(_LEVELS_AROUND):
            around = [around]
        measure(around)
    except (InvalidInput, ValueError, RecursionError):
        return None
    return value if type(value) is of else None


def meant_name(text: str) -> str:
    """A name as snake_case: `order_completed` for `Order Completed` and `orderCompleted`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+", "_", text)
    return words.strip("_").lower()
