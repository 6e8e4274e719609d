"""Reading cells: text as numbers, money, flags and instants, or a refusal in words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from rules.language.units import decimals_of

# Yes and no as shops' programs write them, in the languages that most of them come in.
_YES_WORDS = """
    true yes y t 1 on x ja j oui o sí si s sim da да tak igen kyllä evet ναι はい 是 예
"""  # noqa: RUF001
_NO_WORDS = """
    false no n f 0 off nein non não nao nee nej nie nem ei hayır нет όχι いいえ 否 아니요
"""  # noqa: RUF001
_YES, _NO = frozenset(_YES_WORDS.split()), frozenset(_NO_WORDS.split())
_WHOLE = re.compile(r"([+-]?\d+)(?:\.0+)?")
_SCIENTIFIC = re.compile(r"[+-]?\d+(\.\d+)?e\+?\d+", re.IGNORECASE)
# Names and signs of currencies around an amount: `Rs.`, `EUR`, `$`, `kr.`
_CURRENCY = re.compile(r"[^\W\d_]+\.?|[^\w\s.,'\u2019()+-]")
_AMID_DIGITS = re.compile(r"\d[^\d.,]*[^\W\d_][^\d.,]*\d")
_PARENTHESES = re.compile(r"\((.*)\)")  # bookkeepers' minus
_SPACED_OFFSET = re.compile(r"\s+(?=([+-]\d{2}:?\d{2}|Z)$)")
_UNIVERSAL = re.compile(r"\s*(UTC|GMT)$")
_EPOCHS = {"epoch": 1, "epoch_ms": 1_000, "epoch_us": 1_000_000}
EXAMPLE_TIME = "2026-11-21T19:30:00"


class CellError(ValueError):
    """What is wrong with a cell, as a message that never repeats it."""


def read_id(text: str) -> str:
    """An id as text; `42.0`, which a table of numbers makes of 42, is 42."""
    if match := _WHOLE.fullmatch(text):
        return match[1]
    if _SCIENTIFIC.fullmatch(text):
        raise CellError("was rounded by a spreadsheet; export the column as text")
    return text


def read_whole(text: str) -> int:
    """A whole number; `3.0` is one."""
    if not (match := _WHOLE.fullmatch(text)):
        raise CellError("must be a whole number")
    return int(match[1])


def read_number(text: str, *, decimal_comma: bool = False) -> int | float:
    """A number."""
    number = _decimal(text, decimal_comma)
    if number is None:
        raise CellError("must be a number such as 12.5")
    return int(number) if number == number.to_integral_value() else float(number)


def read_flag(text: str, true: Collection[str] = (), false: Collection[str] = ()) -> bool:
    """True or false, in one of many languages, or by the words that mean it in the mapping."""
    word = text.casefold()
    if true or false:
        if word in true:
            return True
        if word in false or not false:
            return False
        raise CellError("is not among the words in `means_true` and `means_false`; add it to one")
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise CellError("must be true or false, yes or no, 1 or 0; or list its words as `means_true`")


def read_json(text: str) -> Any:
    """Any JSON value."""
    try:
        return json.loads(text)
    except ValueError:
        raise CellError("must be JSON") from None
    except RecursionError:
        raise CellError("is nested too deeply; flatten it") from None


def read_amount(text: str, *, decimal_comma: bool = False) -> Decimal:
    """An amount of money in major units: `$1,234.50`, `1.234,50 €`, `(3.00)`, `-3.00`."""
    amount = _decimal(text, decimal_comma)
    if amount is None and _AMID_DIGITS.search(text) is None:
        bare = _CURRENCY.sub("", text).strip()
        amount = _decimal(bare, decimal_comma)
        if amount is None and (match := _PARENTHESES.fullmatch(bare)):
            inside = _decimal(match[1].strip(), decimal_comma)
            amount = None if inside is None else -inside
    if amount is None:
        example = "49,99" if decimal_comma else "49.99"
        hint = "; or set `comma: true`" if "," in text and not decimal_comma else ""
        raise CellError(f"must be an amount such as {example}{hint}")
    return amount


def minor_units(amount: Decimal, decimals: int, *, rounded: bool) -> int:
    """An amount in minor units of a currency with so many decimals, half to even."""
    try:
        minor = amount.scaleb(decimals)
        whole = int(minor.quantize(Decimal(1), ROUND_HALF_EVEN))
    except ArithmeticError:
        raise CellError("must be an amount such as 49.99") from None
    if minor != whole and not rounded:
        raise CellError(f"has more than {decimals} decimals; correct it, or set `round: true`")
    return whole


def currency_decimals(currency: object) -> int:
    """The decimals of a currency as ISO 4217 has them; 2 for what is no currency."""
    return decimals_of(currency.strip().upper()) if isinstance(currency, str) else 2


def read_time(text: str, formats: Sequence[str], zone: tzinfo | None) -> str:
    """An instant as RFC 3339 in UTC; `zone` applies to times without one."""
    moment = _moment(text, formats)
    if moment.tzinfo is None:
        if zone is None:
            raise CellError("has no time zone; name it as `zone` in the mapping")
        moment = moment.replace(tzinfo=zone)
        if moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != moment.replace(
            tzinfo=None
        ):
            raise CellError(
                f"does not exist in {zone}, where the clocks were put forward then; correct it,"
                " or name the zone in which it was written"
            )
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _moment(text: str, formats: Sequence[str]) -> datetime:
    for form in formats or ("",):
        try:
            if form in _EPOCHS:
                microseconds = int(Decimal(text) * 1_000_000 / _EPOCHS[form])
                return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
            if form:
                return datetime.strptime(text, form)  # noqa: DTZ007 - the caller adds the zone
            return datetime.fromisoformat(_SPACED_OFFSET.sub("", _UNIVERSAL.sub("Z", text)))
        except (ArithmeticError, ValueError):
            continue
    raise CellError(f"must be a time written as {' or '.join(formats) or EXAMPLE_TIME}")


def _decimal(text: str, decimal_comma: bool) -> Decimal | None:
    """The number that a text writes, with or without marks between thousands; None if none."""
    match = _NUMBERS[decimal_comma].fullmatch(text)
    if match is None:
        return None
    whole = re.sub(r"\D", "", match["whole"] or "0")
    digits = f"{match['sign'] or ''}{whole}.{match['part'] or '0'}{match['power'] or ''}"
    number = Decimal(digits)
    return number if abs(number.adjusted()) <= _LARGEST_POWER else None


def _number_pattern(point: str, marks: str) -> re.Pattern[str]:
    grouped = rf"\d{{1,3}}(?P<mark>[{marks}\s'\u2019])\d{{3}}(?:(?P=mark)\d{{3}})*"
    return re.compile(
        rf"(?P<sign>[+-])?\s*(?:(?P<whole>{grouped}|\d+)(?:{point}(?P<part>\d*))?"
        rf"|{point}(?P<only>\d+))(?P<power>[eE][+-]?\d{{1,3}})?"
    )


_NUMBERS: Mapping[bool, re.Pattern[str]] = {
    False: _number_pattern(r"\.", ","),
    True: _number_pattern(",", "."),
}
_LARGEST_POWER = 30
Reader = Callable[[str], Any]
