"""Formulas: arithmetic of the rule language that is a number, in which a condition is 1 or 0."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Generic

from rules.language.arguments import Arguments
from rules.language.arithmetic import exact
from rules.language.compiler import Compiler
from rules.language.conditions import Condition
from rules.language.data import NOWHERE
from rules.language.literal import Literal
from rules.language.reads import Reads
from rules.language.references import References
from rules.language.shop import ANY_SHOP, ShopContext
from rules.language.syntax import Syntax
from rules.language.terms import OPEN_KINDS, F, Kind, Term
from rules.language.vocabulary import Vocabulary

_NUMBERS = frozenset({Kind.NUMBER, Kind.MONEY, *OPEN_KINDS})


@dataclass(frozen=True, slots=True)
class Formula(Generic[F]):
    """A checked formula over the facts F; `reads` is what it reads of them."""

    text: str
    term: Term[F]
    reads: Reads

    def value(self, facts: F, now: int) -> int | Fraction | None:
        """The value at `now` (µs), exact, money in minor units; None if a part is missing."""
        return exact(self.term.read(facts, now))


def compile_formula(
    text: str, vocabulary: Vocabulary[F], shop: ShopContext = ANY_SHOP
) -> Formula[F]:
    """The formula in a text; RuleError says where it is wrong, how, and what was probably meant."""
    syntax = Syntax(text)
    term = _FormulaCompiler(syntax, vocabulary, shop).term(syntax.root)
    return Formula(text, term, term.reads)


class _FormulaCompiler(Compiler[F]):
    """Turns a formula's syntax into a term."""

    def __init__(self, syntax: Syntax, vocabulary: Vocabulary[F], shop: ShopContext) -> None:
        super().__init__(syntax, vocabulary, shop, [])
        self._operands = _Operands(syntax, vocabulary, self._arguments, self.condition)

    def term(self, node: ast.expr) -> Term[F]:
        """The number at `node`; RuleError if it is none, or a fixed one."""
        operand = self._operands.operand(node)
        if isinstance(operand, Literal):
            raise self._error(node, f"{operand.kind()} alone is no formula: ask for something")
        if operand.kind not in _NUMBERS:
            name = self._syntax.segment(node)
            raise self._error(node, f"{name} is {operand.kind.value}: a formula is a number")
        return operand


class _Operands(References[F]):
    """References in which a condition is a number: 1 where it holds, and else 0."""

    def __init__(
        self,
        syntax: Syntax,
        vocabulary: Vocabulary[F],
        arguments: Arguments,
        condition: Callable[[ast.expr], Condition[F]],
    ) -> None:
        super().__init__(syntax, vocabulary, arguments, NOWHERE)
        self._condition = condition

    def operand(self, node: ast.expr) -> Term[F] | Literal:
        """The term or the literal at `node`."""
        is_negation = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
        if isinstance(node, ast.Compare | ast.BoolOp) or is_negation:
            return _as_number(self._condition(node))
        operand = super().operand(node)
        if isinstance(operand, Term) and operand.kind is Kind.TRUTH:
            return _as_number(self._condition(node))
        return operand


def _as_number(condition: Condition[F]) -> Term[F]:
    def read(facts: F, now: int) -> Any:
        return int(condition.evaluate(facts, now)[0])

    return Term(Kind.NUMBER, f"({condition.describe()})", read, reads=condition.reads)
