"""Durations and money, as rules write and show them."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

from chassis.core.instants import DAY, HOUR, MINUTE, SECOND

_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY}
_NAMES = {"w": "week", "d": "day", "h": "hour", "m": "minute", "s": "second"}
_DURATION = re.compile(r"([0-9]{1,6})([smhdw])")
_MEANT = re.compile(
    r"(?:last|past|in|within)?\s*(?:P?(?P<count>[0-9]{1,6}(?:[.,][0-9]{1,2})?)|an?|one)?\s*"
    r"(?P<unit>s|sec|second|m|min|minute|h|hr|hour|d|day|w|wk|week|mo|mon|month|quarter|y|yr|year)s?"
    r"(?:\s+ago)?",
    re.IGNORECASE,
)
_LONGER = {"mo": Fraction(365 * DAY, 12), "q": Fraction(365 * DAY, 4), "y": Fraction(365 * DAY)}
LONGEST = 36_500 * DAY

HOW_LONG = 'write a whole number and one of s, m, h, d, w, such as "90m" (minutes) or "60d" (days)'

_DIGITS = {
    currency: digits
    for digits, currencies in (
        (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
        (0, "BEF BYR ESP GRD ITL LUF PTE TRL"),  # withdrawn
        (3, "BHD IQD JOD KWD LYD OMR TND"),
        (4, "CLF UYW"),
    )
    for currency in currencies.split()
}


def parse_duration(text: str) -> int:
    """Microseconds of "60d"; ValueError says what is wrong and how to write one."""
    match = _DURATION.fullmatch(text)
    if match is None:
        meant = duration_meant(text)
        write = HOW_LONG if meant is None else f'write "{meant}"'
        raise ValueError(f'"{text}" is not a duration: {write}')
    duration = int(match[1]) * _UNITS[match[2]]
    if not 0 < duration <= LONGEST:
        raise ValueError(f'"{text}" is out of range: a duration is more than 0 and at most 36500d')
    return duration


def duration_meant(text: str) -> str | None:
    """ "30d" for "30 days", "1 month" or "P30D", to the whole day; None if no length is named."""
    found = _MEANT.fullmatch(text.strip())
    if found is None:
        return None
    name = found["unit"] if found["unit"] == "M" else found["unit"].lower()
    if name == "M":  # 1M is a month; a minute is written 1m
        name = "mo"
    longer = next((span for short, span in _LONGER.items() if name.startswith(short)), None)
    count = Fraction((found["count"] or "1").replace(",", "."))
    duration = count * (_UNITS[name[0]] if longer is None else longer)
    if duration > DAY and longer is not None:
        duration = Fraction(duration // DAY * DAY)
    unit = next((unit for unit in ("d", "h", "m", "s") if duration % _UNITS[unit] == 0), None)
    if unit is None or not 0 < duration <= LONGEST:
        return None
    return f"{duration // _UNITS[unit]}{unit}"


def describe_duration(duration: int) -> str:
    """ "60 days" for "60d", in the largest unit that divides it."""
    for unit in ("d", "h", "m", "s"):
        if duration % _UNITS[unit] == 0:
            count = duration // _UNITS[unit]
            return f"{count} {_NAMES[unit]}" + ("" if count == 1 else "s")
    return f"{duration} microseconds"


def show_duration(duration: int) -> str:
    """A measured duration, to the second: "3d 4h 0m 10s" without leading zeros."""
    parts: list[str] = []
    rest = max(duration, 0)
    for unit in ("d", "h", "m", "s"):
        count, rest = divmod(rest, _UNITS[unit])
        if count or parts or unit == "s":
            parts.append(f"{count}{unit}")
    return " ".join(parts)


def decimals_of(currency: str) -> int:
    """How many decimals a currency's amounts have by ISO 4217: 2 for USD, 0 for JPY, 3 for KWD."""
    return _DIGITS.get(currency, 2)


def minor_units(amount: Decimal, currency: str) -> int:
    """The exact minor units of an amount in major units; ValueError for too many decimals."""
    digits = decimals_of(currency)
    exponent = amount.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -digits:
        # In much of the world 1.500 is one and a half thousand.
        is_grouped = exponent == -3 and abs(amount) >= 1
        thousands = f"; for thousands write {amount:f}".replace(".", "") if is_grouped else ""
        raise ValueError(f"{currency} has {digits} decimals, {amount} has more{thousands}")
    return int(amount * 10**digits)


def show_money(minor: int, currency: str) -> str:
    """ "512.40 USD" for 51240 minor units."""
    digits = decimals_of(currency)
    sign, whole = ("-" if minor < 0 else ""), str(abs(minor)).rjust(digits + 1, "0")
    amount = f"{whole[:-digits]}.{whole[-digits:]}" if digits else whole
    return f"{sign}{amount} {currency}"
