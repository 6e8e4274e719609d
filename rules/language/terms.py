"""Terms: what a rule can ask about a shopper, with its kind and how it changes over time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import MAX_EMAX, Decimal, localcontext
from enum import Enum
from fractions import Fraction
from typing import Any, Generic, TypeVar

from chassis.core.instants import DAY, format_instant
from rules.language.comparison import is_number
from rules.language.curves import Curve, SampledCurve, Trend
from rules.language.reads import NOTHING, Reads
from rules.language.units import decimals_of, show_duration, show_money

F = TypeVar("F")
_HUGE = 10**30

Holds = Callable[[Any], bool]
"""Whether a comparison holds for a value of its term; it is defined for every value, None too."""

Until = Callable[[Any, int, Holds, tuple[Any, ...]], int | None]


class Kind(Enum):
    """The kinds of values; the text completes "is ..."."""

    NUMBER = "a number"
    MONEY = "an amount of money"
    TEXT = "a text"
    TRUTH = "a yes or no"
    INSTANT = "a point in time"
    DURATION = "a length of time"
    LIST = "a list"
    DATE = "a date"
    ANY = "a trait of any kind"
    FIELD = "a field of any kind"


OPEN_KINDS = frozenset({Kind.ANY, Kind.FIELD})
"""The kinds whose values are what was sent: they are known when a rule is evaluated."""


@dataclass(frozen=True, slots=True)
class Term(Generic[F]):
    """Something that a rule can ask of the facts F.

    `read(facts, now)` gives the value, None if there is none. When the value changes without a new
    event is said in one of these ways, or it never does:

    - `step(facts, now)`: the first instant after `now` at which the value may step
    - `curve(facts, now)`: the value from `now` on, where reading it anew at each step costs more
    - `until(facts, now, holds, bounds)`: the first instant after `now` at which `holds(value)`
      changes, worked out for this term; `bounds` are all the values on whose two sides `holds` can
      differ. It need not look past the instant that `coming(facts, now)` gives, at which something
      that is dated ahead of `now` comes into force; then the steps are followed.
    """

    kind: Kind
    label: str  # what it is, for people: "the number of order_completed events"
    read: Callable[[F, int], Any]
    step: Callable[[F, int], int | None] | None = None
    currency: str = ""
    missable: bool = True
    trend: Trend = Trend.STEPS  # how it moves between its steps
    curve: Callable[[F, int], Curve] | None = None
    until: Until | None = None
    beside: Callable[[F, int, tuple[Any, ...]], Any] | None = None
    coming: Callable[[F, int], int | None] | None = None
    most: int | None = None  # the largest number that it can be compared with
    whole: bool = True  # as a number: it has no decimals
    range: tuple[int, int | None] | None = None  # the least and the largest number that it can be
    choices: frozenset[str] = frozenset()  # all the texts that it can be
    lowercase: bool = False  # as a text: it has no capital letter
    uppercase: bool = False  # as a text: it has no small letter
    doubt: Callable[[str], str | None] | None = None  # why it is never this text
    alone: bool = False  # it can be compared with fixed values only, and not calculated with
    reads: Reads = NOTHING
    ranked: Callable[[str, Any, bool | None], Term[F]] | None = None  # compares with a percentile
    reads_member: Callable[[str], Reads] | None = None  # what "text" in it reads, if not `reads`
    meaning: Any = None  # what it is, for a translation into another language
    wording: Callable[[F, Any, int], str] | None = None  # a value now, if not as of its kind

    def at(self, facts: F, now: int) -> Curve:
        """The value from `now` on."""
        if self.curve is not None:
            return self.curve(facts, now)
        step = self.step
        return SampledCurve(
            lambda at: self.read(facts, at), lambda at: None if step is None else step(facts, at)
        )

    def read_beside(self, facts: F, now: int, bounds: tuple[Any, ...]) -> Any:
        """The value, or another that compares with each of the bounds as it does."""
        return self.read(facts, now) if self.beside is None else self.beside(facts, now, bounds)

    def show(self, facts: F, value: Any, now: int) -> str:
        """A value of this term, of these facts at `now`, as people read it."""
        if value is None:
            return "nothing"
        if self.wording is None:
            return self._show(value)
        return self.wording(facts, value, now)

    def _show(self, value: Any) -> str:
        if self.kind is Kind.INSTANT:
            return _show_instant(round(value))
        if is_number(value) and abs(value) >= _HUGE:
            return self._show_huge(value)
        if self.kind is Kind.MONEY:
            return show_money(round(value), self.currency)
        if self.kind is Kind.DURATION:
            return show_duration(round(value))
        if self.kind is Kind.DATE:
            return date.fromordinal(value).isoformat()
        return show_plain(value)

    def _show_huge(self, value: float | Fraction) -> str:
        """A number that was calculated, of which there may be more digits than Python writes."""
        if self.kind is Kind.MONEY:
            return f"{_about(Fraction(value) / 10 ** decimals_of(self.currency))} {self.currency}"
        if self.kind is Kind.DURATION:
            return f"{_about(Fraction(value) / DAY)} days"
        return _about(Fraction(value))


def show_plain(value: Any) -> str:
    """A plain value, cut when it is long."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 80 else f'"{value[:80]}…"'
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(map(show_plain, value)) or ["empty"]
        return ", ".join(items[:20]) + (" …" if len(items) > 20 else "")
    if isinstance(value, Fraction):
        return str(round(float(value), 4))
    if isinstance(value, int | float):
        return str(value)
    return "an object"


def _show_instant(value: int) -> str:
    """An instant, also one that was calculated and that no calendar has."""
    try:
        return format_instant(value)
    except OverflowError:
        return "before the year 1" if value < 0 else "after the year 9999"


def _about(number: Fraction) -> str:
    with localcontext() as context:
        context.prec, context.Emax = 4, MAX_EMAX
        return f"about {Decimal(number.numerator) / Decimal(number.denominator):.3e}"
