"""The instant at which a falling value passes a bound."""

from __future__ import annotations

from collections.abc import Callable

from chassis.core.instants import DAY

Value = Callable[[int], float]
"""The value at an instant (µs): it falls, or stays, as time passes."""

_STEP = 32 * DAY  # what is looked at first, then twice as far each time
LAST = 4_102_444_800_000_000
"""2100-01-01: nobody waits for what comes later."""


def next_crossing(value: Value, now: int, bound: float) -> int | None:
    """The first µs after `now` at which the value compares otherwise with `bound`; None: never.

    It compares by being greater, equal or less. A microsecond earlier it still compares as it does
    now. Crossings after 2100 count as never.
    """
    present = value(now)
    if present > bound:
        return _first(value, bound, lambda at: value(at) <= bound, now)
    if present == bound:
        return _first(value, bound, lambda at: value(at) < bound, now)
    return None


def _first(value: Value, bound: float, is_past: Callable[[int], bool], now: int) -> int | None:
    """The first instant past the bound, which `now` is not."""
    low, high, step = now, now + _STEP, _STEP
    while not is_past(high):
        if high >= LAST:
            return None
        step *= 2
        low, high = high, min(high + step, LAST)
    low, high = _around(is_past, _root(value, bound, low, high), low, high)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_past(middle) else (middle, high)
    return high


def _root(value: Value, bound: float, low: int, high: int) -> int:
    """An instant near that at which the value is the bound, by Brent's method."""
    from scipy.optimize import brentq  # noqa: PLC0415 - see clv/__init__.py

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
