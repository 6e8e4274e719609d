"""Conditions: a rule in checked form, which can be evaluated, explained and described.

Each evaluates to whether it is true at `now`, and to the earliest later instant at which that may
change without a new event (None: never).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from rules.language.reads import NOTHING, Reads, union
from rules.language.terms import F, Holds, Term

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
    """A term passes a fixed test."""

    __test__ = False  # for pytest: this is no test case

    term: Term[F]
    holds: Holds
    bounds: tuple[int, ...]
    text: str
    description: str
    reads: Reads

    def evaluate(self, facts: F, now: int) -> Outcome:
        term = self.term
        until = None if term.until is None else term.until(facts, now, self.holds, self.bounds)
        return self.holds(term.read(facts, now)), until

    def explain(self, facts: F, now: int, lines: list[str]) -> bool:
        actual = self.term.read(facts, now)
        value = self.holds(actual)
        lines.append(f"{_word(value)}: {self.text} ({self.term.show(actual)})")
        return value

    def describe(self) -> str:
        return self.description


@dataclass(frozen=True, slots=True)
class Pair(Generic[F]):
    """A comparison of two terms, neither of which changes merely because time passes."""

    left: Term[F]
    right: Term[F]
    compare: Callable[[Any, Any], bool]
    text: str
    description: str

    @property
    def reads(self) -> Reads:
        return self.left.reads | self.right.reads

    def evaluate(self, facts: F, now: int) -> Outcome:
        untils = [
            until
            for term in (self.left, self.right)
            if term.until is not None
            and (until := term.until(facts, now, lambda _: True, ())) is not None
        ]
        value = self.compare(self.left.read(facts, now), self.right.read(facts, now))
        return value, min(untils, default=None)

    def explain(self, facts: F, now: int, lines: list[str]) -> bool:
        left, right = self.left.read(facts, now), self.right.read(facts, now)
        value = self.compare(left, right)
        values = f"{self.left.show(left)}, {self.right.show(right)}"
        lines.append(f"{_word(value)}: {self.text} ({values})")
        return value

    def describe(self) -> str:
        return self.description


def _word(value: bool) -> str:
    return "true" if value else "false"
