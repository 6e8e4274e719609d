"""A rule: compiled once, evaluated any number of times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple

from rules.language.compiler import Compiler
from rules.language.conditions import Condition, leaves
from rules.language.plausible import contradictions
from rules.language.reads import Reads
from rules.language.shop import ANY_SHOP, ShopContext
from rules.language.syntax import Syntax
from rules.language.terms import F
from rules.language.vocabulary import Vocabulary


class Verdict(NamedTuple):
    """Whether a rule holds, and the earliest later instant at which that may change by itself."""

    value: bool
    changes_at: int | None


class Explanation(NamedTuple):
    """Whether a rule holds, and a line for each comparison: "true: count(…) > 5 (7)"."""

    value: bool
    lines: list[str]


class Reason(NamedTuple):
    """One comparison of a rule: "count(…) > 5 (7)", whether it holds, and when that may change."""

    line: str
    value: bool
    changes_at: int | None


@dataclass(frozen=True, slots=True)
class Rule(Generic[F]):
    """A checked rule over the facts F; `warnings` are likely slips that are not errors.

    `reads` is what it reads of the facts. `condition` is that of entering; of those who are members
    `stay` is asked, which differs where a percentile has a band.
    """

    text: str
    condition: Condition[F]
    stay: Condition[F]
    warnings: Sequence[str]
    reads: Reads

    def evaluate(self, facts: F, now: int, member: bool = False) -> Verdict:
        """The verdict at `now` (µs): it holds on [now, changes_at) as long as no event comes.

        `member` is whether the shopper is a member at `now`.
        """
        condition = self.stay if member else self.condition
        return Verdict(*condition.evaluate(facts, now))

    def explain(self, facts: F, now: int, member: bool = False) -> Explanation:
        """Whether it holds at `now` (µs), and the reason for each comparison."""
        lines: list[str] = []
        condition = self.stay if member else self.condition
        return Explanation(condition.explain(facts, now, lines), lines)

    def reasons(self, facts: F, now: int, member: bool = False) -> list[Reason]:
        """Each comparison at `now` (µs) with its value, and when it may change by itself."""
        found = []
        for each in leaves(self.stay if member else self.condition):
            lines: list[str] = []
            each.explain(facts, now, lines)
            value, changes_at = each.evaluate(facts, now)
            found.append(Reason(lines[0].partition(": ")[2], value, changes_at))
        return found

    def describe(self) -> str:
        """The rule in English."""
        return self.condition.describe()


def compile_rule(text: str, vocabulary: Vocabulary[F], shop: ShopContext = ANY_SHOP) -> Rule[F]:
    """The rule in a text; RuleError says where it is wrong, how, and what was probably meant."""
    syntax = Syntax(text)
    warnings: list[str] = []
    compiler = Compiler(syntax, vocabulary, shop, warnings)
    condition = stay = compiler.condition(syntax.root)
    if compiler.ranks:
        stay = Compiler(syntax, vocabulary, shop, [], member=True).condition(syntax.root)
    warnings += contradictions(condition)
    return Rule(text, condition, stay, tuple(warnings), condition.reads)
