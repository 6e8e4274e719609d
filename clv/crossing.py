"""The instant at which a falling value changes what a comparison says of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from scipy.optimize import brentq

from chassis.core.instants import HOUR

Value = Callable[[int], float]
"""The value at an instant (µs): it falls, or stays, as time passes."""

_LAST = 4_102_444_800_000_000  # 2100-01-01: nobody waits for what comes later


def next_crossing(
    value: Value, now: int, holds: Callable[[float], bool], bounds: Sequence[float]
) -> int | None:
    """The first µs after `now` at which `holds(value)` differs from now; None before 2100.

    `bounds` are all the numbers on whose two sides `holds` may differ. A microsecond earlier the
    value is still on the other side of the bound.
    """
    present = value(now)
    before = holds(present)
    for bound in sorted({bound for bound in bounds if bound <= present}, reverse=True):
        for is_past in (_at_most(value, bound), _less_than(value, bound)):
            instant = _first(value, bound, is_past, now)
            if instant is not None and holds(value(instant)) != before:
                return instant
    return None


def _at_most(value: Value, bound: float) -> Callable[[int], bool]:
    return lambda at: value(at) <= bound


def _less_than(value: Value, bound: float) -> Callable[[int], bool]:
    return lambda at: value(at) < bound


def _first(value: Value, bound: float, is_past: Callable[[int], bool], now: int) -> int | None:
    """The first instant after `now` that is past the bound; None before 2100, or if `now` is."""
    if is_past(now):
        return None
    low, high, step = now, now + HOUR, HOUR
    while not is_past(high):
        if high >= _LAST:
            return None
        step *= 2
        low, high = high, min(high + step, _LAST)
    low, high = _around(is_past, _root(value, bound, low, high), low, high)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_past(middle) else (middle, high)
    return high


def _root(value: Value, bound: float, low: int, high: int) -> int:
    """An instant near that at which the value is the bound, by Brent's method."""
    root: float = brentq(lambda after: value(low + round(after)) - bound, 0, high - low, xtol=1)
    return low + round(root)


def _around(is_past: Callable[[int], bool], near: int, low: int, high: int) -> tuple[int, int]:
    """The closest instants about `near`, a power of two apart, of which only the second is past."""
    step = 1
    if is_past(near):
        while near - step > low and is_past(near - step):
            step *= 2
        return max(near - step, low), near
    while near + step < high and not is_past(near + step):
        step *= 2
    return near, min(near + step, high)
