"""Reading cells: text as numbers, money, flags and instants, or a refusal in words."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from chassis.validation.slips import NO, YES, was_rounded
from contracts.currencies import currencies_of
from rules.language.units import decimals_of

_WHOLE = re.compile(r"([+-]?\d+)(?:\.0+)?")
# Of many digits; `53e8812` is an id.
_SCIENTIFIC = re.compile(r"[+-]?\d+([.,]\d+e\+?|e\+)\d+", re.IGNORECASE)
# A name of a currency beside an amount: `Rs.`, `EUR`, `kr.`, `US$`; not `Cr` and `Dr`, a credit and
# a debit, of which books differ in the sign.
_CURRENCY = r"(?!(?:cr|dr)\b)[^\W\d_]{1,6}(?![^\W\d_])\.?|[SIGNS]"
_MINUS = str.maketrans(dict.fromkeys("\u2212\u2010\u2011\u2012\u2013\ufe63\uff0d", "-"))
_SPACED_OFFSET = re.compile(r"\s+(?=([+-]\d{2}:?\d{2}|Z)$)")
_UNIVERSAL = re.compile(r"\s*(UTC|GMT)$")
_EPOCHS = {"epoch": 1, "epoch_ms": 1_000, "epoch_us": 1_000_000}
_EPOCH_DIGITS = {10: "epoch", 13: "epoch_ms", 16: "epoch_us"}  # from September 2001 on
_EXCEL = "excel"
_EXCEL_DAYS = re.compile(r"[3-6]\d{4}([.,]\d+)?", re.ASCII)  # 1982 to 2091
_EXCEL_BEGIN = datetime(1899, 12, 30)  # noqa: DTZ001 - the caller adds the zone
_ROUNDED = "was rounded by a spreadsheet; export the column as text"
EXAMPLE_TIME = "2026-11-21T19:30:00"


class CellError(ValueError):
    """What is wrong with a cell, as a message that never repeats it."""


def read_id(text: str) -> str:
    """An id as text; `42.0`, which a table of numbers makes of 42, is 42."""
    if match := _WHOLE.fullmatch(text):
        return match[1]
    if _SCIENTIFIC.fullmatch(text):
        raise CellError(_ROUNDED)
    return text


def read_whole(text: str, *, decimal_comma: bool = False) -> int:
    """A whole number; `3.0` is one, and so is `1,200`."""
    number = _decimal(text.translate(_MINUS), decimal_comma)
    if number is None or number != number.to_integral_value():
        raise CellError("must be a whole number")
    return int(number)


def read_number(text: str, *, decimal_comma: bool = False) -> int | float:
    """A number."""
    number = _decimal(text.translate(_MINUS), decimal_comma)
    if number is None:
        example = "12,5" if decimal_comma else "12.5"
        raise CellError(f"must be a number such as {example}{_comma_hint(text, decimal_comma)}")
    return int(number) if number == number.to_integral_value() else float(number)


def read_factor(text: str, *, decimal_comma: bool = False) -> Decimal:
    """A number to multiply or divide by."""
    return Decimal(str(read_number(text, decimal_comma=decimal_comma)))


def read_flag(text: str, true: Collection[str] = (), false: Collection[str] = ()) -> bool:
    """True or false, in one of many languages, or by the words that mean it in the mapping."""
    word = text.casefold()
    if true or false:
        if word in true:
            return True
        if word in false or not false:
            return False
        raise CellError("is not among the words in `means_true` and `means_false`; add it to one")
    if word in YES:
        return True
    if word in NO:
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
    """An amount of money in major units: `$1,234.50`, `1.234,50 €`, `(3.00)`, `-3.00`, `3.00-`."""
    match = _AMOUNT.fullmatch(text.translate(_MINUS)) if len(text) <= _LONGEST else None
    amount = _decimal(match["number"], decimal_comma) if match else None
    if match is None or amount is None:
        example = "49,99" if decimal_comma else "49.99"
        raise CellError(f"must be an amount such as {example}{_comma_hint(text, decimal_comma)}")
    signs = [match[name] for name in ("open", "first", "second", "last") if match[name]]
    if len(signs) > 1 or (signs and amount < 0):
        raise CellError("has two signs; write one")
    return -amount if signs and signs[0] != "+" else amount


def _comma_hint(text: str, decimal_comma: bool) -> str:
    return "; or set `comma: true`" if "," in text and not decimal_comma else ""


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
    codes = currencies_of(currency) if isinstance(currency, str) else ()
    return decimals_of(min(codes)) if len(codes) == 1 else 2


def check_sign(text: str, currency: object) -> None:
    """CellError if an amount is written with the sign of another currency than that of its event.

    `$` goes with every dollar and `kr` with every crown; a word that is no sign says nothing.
    """
    expected = currencies_of(currency) if isinstance(currency, str) else frozenset()
    for sign in _SIGN.findall(text) if expected else ():
        named = currencies_of(sign) if _is_sign(sign) else frozenset()
        if named and not named & expected:
            codes = sorted(named)
            names = ", ".join(codes[:_MOST_NAMED]) + (" or others" * (len(codes) > _MOST_NAMED))
            raise CellError(
                f"is written in {names}, and the currency is {', '.join(sorted(expected))}: set"
                " `currency` to that of the file, or to the column that has it"
            )


def _is_sign(word: str) -> bool:
    """Whether a word is meant as a currency: `all incl.` is not in Albanian lek."""
    return word.isupper() or word.lower() not in _OTHER_WORDS


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
            if form == _EXCEL:
                days = Decimal(text.replace(",", "."))
                return _EXCEL_BEGIN + timedelta(seconds=round(days * _DAY_SECONDS))
            if form in _EPOCHS:
                if was_rounded(text):
                    raise CellError(_ROUNDED)
                _check_unit(text, form)
                microseconds = int(Decimal(text) * 1_000_000 / _EPOCHS[form])
                return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
            if form:
                return datetime.strptime(text, form)  # noqa: DTZ007 - the caller adds the zone
            return datetime.fromisoformat(_SPACED_OFFSET.sub("", _UNIVERSAL.sub("Z", text)))
        except CellError:
            raise
        except (ArithmeticError, ValueError):
            continue
    if _EXCEL_DAYS.fullmatch(text):
        raise CellError("is a date as spreadsheets count days; add `excel` to its `format`")
    hint = "" if formats else "; or say how it is written as `format`, such as %d/%m/%Y %H:%M"
    raise CellError(f"must be a time written as {' or '.join(formats) or EXAMPLE_TIME}{hint}")


def _check_unit(text: str, form: str) -> None:
    """CellError if a count since 1970 has the digits of another unit: it would lie in 1970."""
    unit = _EPOCH_DIGITS.get(len(text.partition(".")[0].strip()))
    if unit is not None and unit != form:
        raise CellError(f"has as many digits as `format: {unit}`, and is read as {form}")


def _decimal(text: str, decimal_comma: bool) -> Decimal | None:
    """The number that a text writes, with or without marks between thousands; None if none."""
    match = _NUMBERS[decimal_comma].fullmatch(text)
    if match is None:
        return None
    whole = re.sub(r"\D", "", match["whole"] or "0")
    part = match["part"] or match["only"] or "0"
    number = Decimal(f"{match['sign'] or ''}{whole}.{part}{match['power'] or ''}")
    return number if abs(number.adjusted()) <= _LARGEST_POWER else None


def _number_pattern(point: str, marks: str) -> re.Pattern[str]:
    """Marks stand between thousands, and in India between hundreds above the first of them.

    `0,500` has no thousands: it is a half, whose mark is that of decimals.
    """
    grouped = rf"(?!0)\d{{1,3}}(?P<mark>[{marks}\s'\u2019])\d{{3}}(?:(?P=mark)\d{{3}})*"
    grouped += rf"|(?!0)\d{{1,2}}(?:[{marks}]\d{{2}})+[{marks}]\d{{3}}"
    return re.compile(
        rf"(?P<sign>[+-])?\s*(?:(?P<whole>{grouped}|\d+)(?:{point}(?P<part>\d*))?"
        rf"|{point}(?P<only>\d+))(?P<power>[eE][+-]?\d{{1,3}})?"
    )


_NUMBERS: Mapping[bool, re.Pattern[str]] = {
    False: _number_pattern(r"\.", ","),
    True: _number_pattern(",", "."),
}


def _amount_pattern() -> re.Pattern[str]:
    signs = "".join(c for c in map(chr, range(0x3000)) if unicodedata.category(c) == "Sc")
    currency = _CURRENCY.replace("SIGNS", f"{signs}\\ufe69\\uff04\\uffe0\\uffe1\\uffe5\\uffe6")
    around = rf"(?:(?:{currency})\s*){{0,3}}"
    return re.compile(
        rf"{around}(?:(?P<open>\()\s*)?(?P<first>[+-])?\s*{around}(?P<second>[+-])?\s*"
        rf"(?P<number>[\d.,'\u2019](?:[\d.,'\u2019\s]*[\d.,])?(?:e[+-]?\d{{1,3}})?)"
        rf"(?P<last>-)?\s*{around}(?(open)\))\s*{around}",
        re.IGNORECASE,
    )


_AMOUNT = _amount_pattern()
_SIGN = re.compile(r"[^\W\d_]{0,3}[^\w\s.,:;()'\u2019+-]|[^\W\d_]{1,6}")
_MOST_NAMED = 5
_OTHER_WORDS = frozenset(("all", "bam", "bob", "cup", "gel", "mop", "pen", "r", "top", "try"))
_LARGEST_POWER = 30
_DAY_SECONDS = 86_400
_LONGEST = 100  # characters of an amount
Reader = Callable[[str], Any]
