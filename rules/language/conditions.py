"""Conditions: a rule in checked form, which can be evaluated, explained and described.

Each evaluates to whether it is true at `now`, and to the earliest later instant at which that may
change without a new event (None: never).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from rules.language.comparison import is_number, order_of
from rules.language.curves import Trend, first_turn
from rules.language.reads import NOTHING, Reads, union
from rules.language.terms import F, Holds, Term, show_plain

F_contra = TypeVar("F_contra", contravariant=True)

Outcome = tuple[bool, int | None]


class Condition(Protocol[F_contra]):
    """Something that is true or false of the facts F."""

    @property
    def reads(self) -> Reads:
        """What it reads of the facts."""
        ...

    def evaluate(self, facts: F_contra, now: int) -> Outcome:
        """Whether it is true at `now`, and the earliest instant at which that may change."""
        ...

    def explain(self, facts: F_contra, now: int, lines: list[str]) -> bool:
        """Whether it is true at `now`; adds a line with the reason for each comparison."""
        ...

    def describe(self) -> str:
        """The condition in English."""
        ...


@dataclass(frozen=True, slots=True)
class Every(Generic[F]):
    """All parts are true (`decisive` False), or some part is (`decisive` True).

    A part with the decisive value settles the whole for as long as it keeps that value.
    """

    parts: tuple[Condition[F], ...]
    decisive: bool

    @property
    def reads(self) -> Reads:
        return union(part.reads for part in self.parts)

    def evaluate(self, facts: F, now: int) -> Outcome:
        settled: int | None = None
        open_until: int | None = None
        for part in self.parts:
            value, until = part.evaluate(facts, now)
            if value is self.decisive:
                if until is None:
                    return self.decisive, None
                settled = until if settled is None else max(settled, until)
            elif until is not None:
                open_until = until if open_until is None else min(open_until, until)
        if settled is not None:
            return self.decisive, settled
        return not self.decisive, open_until

    def explain(self, facts: F, now: int, lines: list[str]) -> bool:
        values = [part.explain(facts, now, lines) for part in self.parts]
        return self.decisive if self.decisive in values else not self.decisive

    def describe(self) -> str:
        word = " or " if self.decisive else " and "
        return word.join(
            f"({part.describe()})" if isinstance(part, Every) else part.describe()
            for part in self.parts
        )


@dataclass(frozen=True, slots=True)
class Negation(Generic[F]):
    """The part is false."""

    part: Condition[F]

    @property
    def reads(self) -> Reads:
        return self.part.reads

    def evaluate(self, facts: F, now: int) -> Outcome:
        value, until = self.part.evaluate(facts, now)
        return not value, until

    def explain(self, facts: F, now: int, lines: list[str]) -> bool:
        return not self.part.explain(facts, now, lines)

    def describe(self) -> str:
        return f"not ({self.part.describe()})"


@dataclass(frozen=True, slots=True)
class Constant:
    """Always true, or always false."""

    value: bool

    @property
    def reads(self) -> Reads:
        return NOTHING

    def evaluate(self, facts: Any, now: int) -> Outcome:  # noqa: ARG002
        return self.value, None

    def explain(self, facts: Any, now: int, lines: list[str]) -> bool:  # noqa: ARG002
        lines.append(f"{_word(self.value)}: {self.value}")
        return self.value

    def describe(self) -> str:
        return "always" if self.value else "never"


@dataclass(frozen=True, slots=True)
class Test(Generic[F]):
    """A term passes a fixed test: `sign` is a comparison with `values`, of which "in" has many.

    Without a sign the term is true. `bounds` are all the values on whose two sides `holds` can
    differ. `place` is its line and column.
    """

    __test__ = False  # for pytest: this is no test case

    term: Term[F]
    holds: Holds
    bounds: tuple[Any, ...]
    text: str
    description: str
    reads: Reads
    sign: str = ""
    values: tuple[Any, ...] = ()
    place: tuple[int, int] = (1, 1)

    def evaluate(self, facts: F, now: int) -> Outcome:
        term = self.term
        moves = term.trend is not Trend.STEPS
        if term.until is not None:
            turn = term.until(facts, now, self.holds, self.bounds)
            if turn is None or term.coming is None or term.coming(facts, now) is None:
                return self.holds(term.read_beside(facts, now, self.bounds)), turn
        elif term.curve is None and not moves and _is_steady(term, facts, now):
            return self.holds(term.read_beside(facts, now, self.bounds)), None
        curve = term.at(facts, now)

        def look(at: int) -> tuple[Any, bool]:
            value = curve.value(at)
            return _region(value, self.bounds), self.holds(value)

        value = self.holds(curve.value(now))
        return value, first_turn((curve,), look, now, moves)

    def explain(self, facts: F, now: int, lines: list[str]) -> bool:
        actual = self.term.read(facts, now)
        value = self.holds(actual)
        # Of a long list of segments only the one that is asked for matters.
        is_of_member = self.sign == "contains" and self.term.reads_member is not None
        words = show_plain(value) if is_of_member else self.term.show(facts, actual, now)
        lines.append(f"{_word(value)}: {self.text} ({words})")
        return value

    def describe(self) -> str:
        return self.description


@dataclass(frozen=True, slots=True)
class Pair(Generic[F]):
    """A comparison of two terms."""

    left: Term[F]
    right: Term[F]
    compare: Callable[[Any, Any], bool]
    text: str
    description: str
    sign: str = ""

    @property
    def reads(self) -> Reads:
        return self.left.reads | self.right.reads

    def evaluate(self, facts: F, now: int) -> Outcome:
        curves = self.left.at(facts, now), self.right.at(facts, now)
        moves = self.left.trend is not Trend.STEPS or self.right.trend is not Trend.STEPS

        def look(at: int) -> tuple[Any, bool]:
            left, right = curves[0].value(at), curves[1].value(at)
            return order_of(left, right) if moves else None, self.compare(left, right)

        return look(now)[1], first_turn(curves, look, now, moves)

    def explain(self, facts: F, now: int, lines: list[str]) -> bool:
        left, right = self.left.read(facts, now), self.right.read(facts, now)
        value = self.compare(left, right)
        values = f"{self.left.show(facts, left, now)}, {self.right.show(facts, right, now)}"
        lines.append(f"{_word(value)}: {self.text} ({values})")
        return value

    def describe(self) -> str:
        return self.description


def leaves(condition: Condition[F]) -> Iterator[Condition[F]]:
    """The single comparisons that a condition is made of, in their order."""
    if isinstance(condition, Every):
        for part in condition.parts:
            yield from leaves(part)
    elif isinstance(condition, Negation):
        yield from leaves(condition.part)
    else:
        yield condition


def _is_steady(term: Term[F], facts: F, now: int) -> bool:
    return term.step is None or term.step(facts, now) is None


def _region(value: Any, bounds: tuple[Any, ...]) -> int | None:
    """Where a number lies among the bounds, of which it may equal one."""
    if not is_number(value):
        return None
    return sum(1 + (order_of(value, bound) or 0) for bound in bounds)


def _word(value: bool) -> str:
    return "true" if value else "false"
