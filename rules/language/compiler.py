"""The compiler: checks a rule's syntax against a vocabulary and turns it into conditions."""

from __future__ import annotations

import ast
from typing import Any, Generic

from rules.language.comparison import COMPARE, EQUALITY, IN_WORDS, MIRRORED, equal, within
from rules.language.conditions import Condition, Constant, Every, Negation, Pair, Test
from rules.language.errors import RuleError
from rules.language.literal import Literal, fit
from rules.language.references import References
from rules.language.syntax import Syntax
from rules.language.terms import F, Kind, Term
from rules.language.vocabulary import Vocabulary

_SIGNS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "==",
    ast.IsNot: "!=",
}


class Compiler(Generic[F]):
    """Turns one rule's syntax into a condition."""

    def __init__(self, syntax: Syntax, vocabulary: Vocabulary[F]) -> None:
        self._syntax = syntax
        self._references = References(syntax, vocabulary)

    @property
    def warnings(self) -> list[str]:
        """Likely slips that are not errors."""
        return self._references.warnings

    def condition(self, node: ast.expr) -> Condition[F]:
        """The condition at `node`; RuleError if there is none."""
        if isinstance(node, ast.BoolOp):
            parts = tuple(self.condition(part) for part in node.values)
            return Every(parts, decisive=isinstance(node.op, ast.Or))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return Negation(self.condition(node.operand))
        if isinstance(node, ast.Compare):
            return self._comparison(node)
        operand = self._references.operand(node)
        if isinstance(operand, Literal):
            if isinstance(operand.value, bool):
                return Constant(operand.value)
            raise self._error(node, f"{operand.kind()} alone is not a condition: compare it")
        return self._truth(node, operand)

    def _truth(self, node: ast.expr, term: Term[F]) -> Condition[F]:
        name = self._syntax.segment(node)
        if term.kind is Kind.ANY:
            return Test(term, _is_true, (), name, f"{term.label} is true", term.reads)
        if term.kind is Kind.TRUTH:
            return Test(term, _is_true, (), name, term.label, term.reads)
        hint = f'"something" in {name}' if term.kind is Kind.LIST else f"{name} > …"
        message = f"{name} is {term.kind.value}, not a condition: compare it, as in {hint}"
        raise self._error(node, message)

    def _comparison(self, node: ast.Compare) -> Condition[F]:
        operands = [node.left, *node.comparators]
        pairs = tuple(
            self._link(left, op, right)
            for left, op, right in zip(operands, node.ops, operands[1:], strict=False)
        )
        return pairs[0] if len(pairs) == 1 else Every(pairs, decisive=False)

    def _link(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Condition[F]:
        if isinstance(op, ast.In | ast.NotIn):
            inside = self._membership(left, right)
            return Negation(inside) if isinstance(op, ast.NotIn) else inside
        sign = _SIGNS[type(op)]
        for node in (left, right):
            if isinstance(node, ast.List | ast.Tuple | ast.Set):
                raise self._error(node, "a list goes with in: write x in [1, 2]")
        first, second = self._references.operand(left), self._references.operand(right)
        if isinstance(op, ast.Is | ast.IsNot) and not _is_none(second):
            raise self._error(right, "is works with None only: write == to compare")
        text = f"{self._syntax.segment(left)} {sign} {self._syntax.segment(right)}"
        if isinstance(first, Literal):
            if isinstance(second, Literal):
                raise self._error(
                    left, "this compares two fixed values: ask for something about the shopper"
                )
            return self._test(right, second, MIRRORED[sign], first, text)
        if isinstance(second, Literal):
            return self._test(left, first, sign, second, text)
        return self._pair(left, first, sign, right, second, text)

    def _test(
        self, node: ast.expr, term: Term[F], sign: str, literal: Literal, text: str
    ) -> Condition[F]:
        value, words = fit(self._syntax, term, sign, literal, self._syntax.segment(node))
        description = f"{term.label} {IN_WORDS[sign]} {words}"
        if value is None:
            missing = sign == "=="
            return Test(
                term,
                lambda actual: (actual is None) is missing,
                (),
                text,
                description,
                term.reads,
            )
        compare = COMPARE[sign]
        bounds = (value,) if isinstance(value, int) else ()
        return Test(
            term, lambda actual: compare(actual, value), bounds, text, description, term.reads
        )

    def _pair(
        self, node: ast.expr, left: Term[F], sign: str, other: ast.expr, right: Term[F], text: str
    ) -> Condition[F]:
        names = self._syntax.segment(node), self._syntax.segment(other)
        for name, term, place in zip(names, (left, right), (node, other), strict=True):
            if term.moving or term.kind in (Kind.MONEY, Kind.LIST):
                raise self._error(
                    place, f"{name} is {term.kind.value}: compare it with a fixed value"
                )
        kinds = {left.kind, right.kind} - {Kind.ANY}
        if len(kinds) == 2:
            is_, and_ = left.kind.value, right.kind.value
            raise self._error(node, f"{names[0]} is {is_} and {names[1]} is {and_}")
        if sign not in EQUALITY and kinds & {Kind.TEXT, Kind.TRUTH}:
            raise self._error(node, f"{names[0]} has no order: use == or !=")
        if Kind.ANY in (left.kind, right.kind) and Kind.INSTANT in kinds:
            raise self._error(
                node, "a trait is not a point in time: compare with first() or last()"
            )
        description = f"{left.label} {IN_WORDS[sign]} {right.label}"
        return Pair(left, right, COMPARE[sign], text, description)

    def _membership(self, left: ast.expr, right: ast.expr) -> Condition[F]:
        text = f"{self._syntax.segment(left)} in {self._syntax.segment(right)}"
        member = self._references.operand(left)
        if isinstance(right, ast.List | ast.Tuple | ast.Set):
            if isinstance(member, Literal):
                raise self._error(
                    left, "this compares fixed values: ask for something about the shopper"
                )
            return self._one_of(left, member, right, text)
        whole = self._references.operand(right)
        name = self._syntax.segment(right)
        if isinstance(whole, Literal):
            raise self._error(right, 'in needs a list, such as ["gold", "silver"]')
        if whole.kind not in (Kind.LIST, Kind.TEXT, Kind.ANY):
            raise self._error(right, f"{name} is {whole.kind.value}: nothing is in it")
        if not isinstance(member, Literal) or not isinstance(member.value, str):
            raise self._error(left, f'write a quoted text before in, as in "x" in {name}')
        member_text = member.value
        return Test(
            whole,
            lambda actual: within(member_text, actual),
            (),
            text,
            f'"{member_text}" is in {whole.label}',
            whole.reads if whole.reads_member is None else whole.reads_member(member_text),
        )

    def _one_of(
        self, node: ast.expr, term: Term[F], choices: ast.List | ast.Tuple | ast.Set, text: str
    ) -> Condition[F]:
        if not choices.elts:
            raise self._error(choices, "the list is empty")
        name = self._syntax.segment(node)
        values, descriptions = [], []
        for part in choices.elts:
            literal = self._references.operand(part)
            if not isinstance(literal, Literal):
                raise self._error(part, "a list holds fixed values only")
            value, words = fit(self._syntax, term, "in", literal, name)
            values.append(value)
            descriptions.append(words)
        bounds = tuple(value for value in values if isinstance(value, int))
        return Test(
            term,
            lambda actual: any(equal(actual, value) for value in values),
            bounds,
            text,
            f"{term.label} is one of {', '.join(descriptions)}",
            term.reads,
        )

    def _error(self, node: ast.AST, message: str) -> RuleError:
        return self._syntax.error(node, message)


def _is_true(value: Any) -> bool:
    return value is True


def _is_none(operand: object) -> bool:
    return isinstance(operand, Literal) and operand.value is None
