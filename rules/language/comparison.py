"""Comparing values: total, exact, and false between what cannot be compared.

`==` with something missing is false, so `!=` is true; `<` and the like are false.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

Compare = Callable[[Any, Any], bool]


def is_number(value: Any) -> bool:
    """Whether `value` is a number; True and False are not."""
    return isinstance(value, int | float | Fraction) and not isinstance(value, bool)


def order_of(left: Any, right: Any) -> int | None:
    """How two numbers compare: -1, 0 or 1; None if one is none.

    A fraction is rounded beside a float, which is rounded itself: 7 / 10 equals 0.7.
    """
    if not is_number(left) or not is_number(right):
        return None
    if isinstance(left, float) and isinstance(right, Fraction):
        right = _rounded(right)
    elif isinstance(left, Fraction) and isinstance(right, float):
        left = _rounded(left)
    return int(left > right) - int(left < right)


def _rounded(number: Fraction) -> float | Fraction:
    try:
        return float(number)
    except OverflowError:
        return number


def equal(left: Any, right: Any) -> bool:
    """Whether both are present, of the same kind and equal."""
    if is_number(left) and is_number(right):
        return order_of(left, right) == 0
    return left is not None and type(left) is type(right) and bool(left == right)


def different(left: Any, right: Any) -> bool:
    """The opposite of `equal`."""
    return not equal(left, right)


def within(member: Any, whole: Any) -> bool:
    """Whether `whole` is a list with that member, or a text that contains it."""
    if isinstance(whole, str):
        return isinstance(member, str) and member in whole
    if isinstance(whole, frozenset):
        return isinstance(member, str) and member in whole
    return isinstance(whole, list | tuple) and any(equal(member, each) for each in whole)


def _ordered(compare: Compare) -> Compare:
    def holds(left: Any, right: Any) -> bool:
        if type(left) is int is type(right):
            return compare(left, right)
        order = order_of(left, right)
        return order is not None and compare(order, 0)

    return holds


_OF_INTEGERS: Mapping[str, Compare] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
COMPARE: Mapping[str, Compare] = {
    sign: _ordered(compare) for sign, compare in _OF_INTEGERS.items()
} | {"==": equal, "!=": different}
MIRRORED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

IN_WORDS = {
    "==": "is",
    "!=": "is not",
    "<": "is less than",
    "<=": "is at most",
    ">": "is more than",
    ">=": "is at least",
}
IN_WORDS_OF_TIME = {
    **IN_WORDS,
    "<": "is before",
    "<=": "is not after",
    ">": "is after",
    ">=": "is not before",
}
EQUALITY = frozenset({"==", "!="})


def holds_against(sign: str, value: Any) -> Callable[[Any], bool]:
    """The comparison of whatever comes with a fixed value: most often whole numbers, quickly."""
    compare = COMPARE[sign]
    if type(value) is not int:
        return lambda actual: compare(actual, value)
    plain = _OF_INTEGERS[sign]
    return lambda actual: plain(actual, value) if type(actual) is int else compare(actual, value)
