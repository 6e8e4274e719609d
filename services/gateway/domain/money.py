"""Money as shops' programs send it, in major units, as the whole minor units of our events."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal
from math import isfinite
from typing import Any

from contracts.currencies import currencies_of
from rules.language.units import decimals_of

_LARGEST = Decimal(10) ** 13
_LONGEST = 40
_PLAIN = re.compile(r"[+-]?\d+(?:\.\d+)?", re.ASCII)
# A comma before three digits may stand for thousands, or for decimals: what could be both is none.
_COMMA = re.compile(r"[+-]?(?:\d+,(?:\d{1,2}|\d{4,})|0,\d{3})", re.ASCII)
_THOUSANDS = re.compile(
    r"[+-]?\d{1,3}(?:(?:,\d{3})+(?P<point>\.)\d+|(?:\.\d{3})+,\d+|(?:,\d{3}){2,}|(?:\.\d{3}){2,})",
    re.ASCII,
)
# Three digits after a point are decimals to a program; to people they may well be thousands.
_MAYBE_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}", re.ASCII)
_THOUSANDTHS = 3
_WITH_SIGN = re.compile(r"(?P<before>[^\d.,+-]*)(?P<number>[\d.,+-]+)(?P<after>[^\d+-]*)", re.ASCII)


def currency_code(value: Any) -> str | None:
    """The ISO 4217 code of a code in any case, or of a sign of one currency such as `€`."""
    if not isinstance(value, str):
        return None
    codes = currencies_of(value)
    return next(iter(codes)) if len(codes) == 1 else None


def minor_units(value: Any, currency: str) -> int | None:
    """An amount in major units as minor ones: 1999 of 19.99 USD, and of `"19.99"`.

    A number counts as it is written, so no error of binary fractions gets in; one with more
    decimals than the currency has is rounded, half to even. None: it is no amount, or may be two,
    as `12.990` of pesos that have no decimals.
    """
    amount = _major_units(value, currency)
    if amount is None or abs(amount) > _LARGEST:
        return None
    return int(amount.scaleb(decimals_of(currency)).quantize(Decimal(1), ROUND_HALF_EVEN))


def number_of(value: Any) -> Decimal | None:
    """A number, or a text that writes one, as it is written; None of anything else."""
    if type(value) is int:
        return Decimal(value)
    if type(value) is float:
        return Decimal(repr(value)) if isfinite(value) else None
    if type(value) is not str or len(value) > _LONGEST:
        return None
    return _number(value.strip())


def _major_units(value: Any, currency: str) -> Decimal | None:
    if type(value) is not str or len(value) > _LONGEST:
        return number_of(value)
    match = _WITH_SIGN.fullmatch(value.strip())
    if match is None or not all(_fits(match[part], currency) for part in ("before", "after")):
        return None
    return None if _may_be_two(match, currency) else _number(match["number"])


def _may_be_two(match: re.Match[str], currency: str) -> bool:
    """Whether what may be decimals or thousands stands in money without decimals, or by a sign."""
    decimals = decimals_of(currency)
    if decimals == _THOUSANDTHS or _MAYBE_THOUSANDS.fullmatch(match["number"]) is None:
        return False
    return not decimals or bool(match["before"].strip() or match["after"].strip())


def _fits(sign: str, currency: str) -> bool:
    """Whether what stands beside a number is nothing, or a sign of the currency."""
    bare = sign.strip()
    return not bare or currency in currencies_of(bare)


def _number(text: str) -> Decimal | None:
    if _PLAIN.fullmatch(text):
        return Decimal(text)
    if _COMMA.fullmatch(text):
        return Decimal(text.replace(",", "."))
    match = _THOUSANDS.fullmatch(text)
    if match is None:
        return None
    decimal_comma = not match["point"] and "," in text and "." in text
    thousands = "." if decimal_comma or "," not in text else ","
    return Decimal(text.replace(thousands, "").replace(",", "."))
