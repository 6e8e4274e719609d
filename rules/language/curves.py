"""Curves: how a value goes on from an instant as long as no event comes.

A curve is cut into pieces at its steps. On a piece it is constant or, where its term says so,
monotone; so the first instant at which a comparison turns is found by halving, exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from chassis.core.instants import DAY

HORIZON = 2_932_896 * DAY
"""The first instant of the year 10000: nothing is looked for after it."""
MOST_STEPS = 1_000
"""After so many steps without a turn, the last of them is named, to be asked again there."""


class Trend(Enum):
    """How a term's value goes on a piece."""

    STEPS = "constant"
    LINEAR = "a line"
    MONOTONE = "never falling, or never rising"


class Curve(Protocol):
    """The value of a term from an instant on; to be read at instants that do not go back a step."""

    def value(self, at: int) -> Any:
        """The value at an instant."""
        ...

    def next(self, at: int) -> int | None:
        """The first instant after `at` at which the value may step; None if it never does."""
        ...


@dataclass(frozen=True, slots=True)
class Steady:
    """A value that time does not change."""

    constant: Any

    def value(self, at: int) -> Any:  # noqa: ARG002
        return self.constant

    def next(self, at: int) -> int | None:  # noqa: ARG002
        return None


@dataclass(frozen=True, slots=True)
class SampledCurve:
    """A curve made of two functions of time."""

    read: Callable[[int], Any]
    step: Callable[[int], int | None]

    def value(self, at: int) -> Any:
        return self.read(at)

    def next(self, at: int) -> int | None:
        return self.step(at)


@dataclass(frozen=True, slots=True)
class Combined:
    """A value computed from those of other curves."""

    compute: Callable[..., Any]
    parts: Sequence[Curve]

    def value(self, at: int) -> Any:
        return self.compute(*(part.value(at) for part in self.parts))

    def next(self, at: int) -> int | None:
        return next_step(self.parts, at)


def next_step(curves: Sequence[Curve], at: int) -> int | None:
    """The first instant after `at` at which one of the curves may step."""
    return min((step for curve in curves if (step := curve.next(at)) is not None), default=None)


Look = Callable[[int], tuple[Any, bool]]
"""The region that the values are in at an instant, and the verdict, which is one on a region."""


def first_turn(curves: Sequence[Curve], look: Look, now: int, moves: bool) -> int | None:
    """The first instant after `now` at which the verdict turns; None if it never does.

    Regions have an order along a piece: it enters each at most once. Without `moves` a piece is
    constant.
    """
    start = now
    before = look(now)[1]
    for _ in range(MOST_STEPS):
        end = next_step(curves, start)
        if end is not None and end >= HORIZON:
            return None
        if moves:
            last = (HORIZON if end is None else end) - 1
            turn = _turn_on_piece(look, start, last, before)
            if turn is not None:
                return turn
        if end is None:
            return None
        if look(end)[1] is not before:
            return end
        start = end
    return start


def _turn_on_piece(look: Look, start: int, last: int, before: bool) -> int | None:
    region = look(start)[0]
    while start < last and look(last)[0] != region:
        low, high = start, last
        while high - low > 1:
            middle = (low + high) // 2
            if look(middle)[0] == region:
                low = middle
            else:
                high = middle
        start = high
        region, verdict = look(start)
        if verdict is not before:
            return start
    return None
