"""The compiler: checks a rule's syntax against a vocabulary and turns it into conditions."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Any, Generic

from rules.language.arguments import Arguments
from rules.language.comparison import (
    COMPARE,
    EQUALITY,
    IN_WORDS,
    IN_WORDS_OF_TIME,
    MIRRORED,
    equal,
    holds_against,
    is_number,
    within,
)
from rules.language.conditions import Condition, Constant, Every, Negation, Pair, Test
from rules.language.curves import Trend
from rules.language.data import NOWHERE, DataObject, Element
from rules.language.errors import RuleError
from rules.language.literal import Literal, fit
from rules.language.plausible import doubt_about, is_settled
from rules.language.references import References
from rules.language.shop import ShopContext
from rules.language.shop_checks import ShopChecks
from rules.language.syntax import SIGNS, Syntax
from rules.language.terms import OPEN_KINDS, F, Kind, Term
from rules.language.vocabulary import Vocabulary


class Compiler(Generic[F]):
    """Turns one rule's syntax into a condition; `warnings` are likely slips that are not errors.

    `member` is whether the rule is for those who are in the segment already, and `upright` whether
    it is true where the condition is: they decide to which side a band widens a ranking.
    """

    def __init__(
        self,
        syntax: Syntax,
        vocabulary: Vocabulary[F],
        shop: ShopContext,
        warnings: list[str],
        about: DataObject = NOWHERE,
        member: bool = False,
    ) -> None:
        self.warnings = warnings
        self.ranks = False
        self._syntax = syntax
        self._shop = shop
        self._checks = ShopChecks(syntax, shop, warnings)
        self._arguments = Arguments(syntax, vocabulary, self._checks, self._condition_on_data)
        self._references = References(syntax, vocabulary, self._arguments, about)
        self._about = about
        self._member = member
        self._upright = True

    def condition(self, node: ast.expr) -> Condition[F]:
        """The condition at `node`; RuleError if there is none."""
        if isinstance(node, ast.BoolOp):
            parts = tuple(self.condition(part) for part in node.values)
            return Every(parts, decisive=isinstance(node.op, ast.Or))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return self._negation(node.operand)
        if isinstance(node, ast.Compare):
            return self._comparison(node)
        operand = self._references.operand(node)
        if isinstance(operand, Literal):
            if isinstance(operand.value, bool):
                return Constant(operand.value)
            raise self._error(node, f"{operand.kind()} alone is not a condition: compare it")
        return self._truth(node, operand)

    def _negation(self, node: ast.expr) -> Condition[F]:
        self._upright = not self._upright
        part = self.condition(node)
        self._upright = not self._upright
        return Negation(part)

    def _condition_on_data(
        self, node: ast.expr, words: Vocabulary[Any], about: DataObject
    ) -> Condition[Element]:
        compiler = Compiler(self._syntax, words, self._shop, self.warnings, about)
        return compiler.condition(node)

    def _truth(self, node: ast.expr, term: Term[F]) -> Condition[F]:
        name = self._syntax.segment(node)
        if term.kind in OPEN_KINDS:
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
        sign = SIGNS[type(op)]
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
        description = f"{term.label} {_words(sign, term)} {words}"
        if term.ranked is not None:
            self._doubt(literal.node, text, term, sign, (value,))
            return self._ranked(node, term, sign, value, text, description)
        if value is None:
            missing = sign == "=="
            return Test(
                term,
                lambda actual: (actual is None) is missing,
                (),
                text,
                description,
                term.reads,
                sign,
                (None,),
            )
        self._doubt(literal.node, text, term, sign, (value,))
        self._check_value(node, term, literal)
        if term.kind is Kind.DURATION:
            self._checks.check_minutes(literal.node, term.reads)
        if is_settled(term, sign, value) is not None:
            term = replace(term, until=None, step=None, curve=None, trend=Trend.STEPS)
        return Test(
            term,
            holds_against(sign, value),
            (value,) if is_number(value) else (),
            text,
            description,
            term.reads,
            sign,
            (value,),
            self._syntax.place(node),
        )

    def _ranked(
        self, node: ast.expr, term: Term[F], sign: str, value: Any, text: str, description: str
    ) -> Condition[F]:
        """A comparison with a percentile; for members a band keeps it true for longer."""
        if sign in EQUALITY:
            raise self._error(node, "compare a percentile with <, <=, > or >=")
        self.ranks = True
        assert term.ranked is not None  # noqa: S101 - asked before
        ranking = term.ranked(sign, value, self._upright if self._member else None)
        return Test(ranking, _is_true, (), text, description, term.reads)

    def _pair(
        self, node: ast.expr, left: Term[F], sign: str, other: ast.expr, right: Term[F], text: str
    ) -> Condition[F]:
        names = self._syntax.segment(node), self._syntax.segment(other)
        for name, term, place in zip(names, (left, right), (node, other), strict=True):
            if term.alone or term.ranked is not None or term.kind is Kind.LIST:
                raise self._error(
                    place, f"{name} is {term.kind.value}: compare it with a fixed value"
                )
        kinds = {left.kind, right.kind} - OPEN_KINDS
        if len(kinds) == 2:
            is_, and_ = left.kind.value, right.kind.value
            raise self._error(node, f"{names[0]} is {is_} and {names[1]} is {and_}")
        if kinds == {Kind.MONEY} and left.currency != right.currency:
            raise self._error(
                node,
                f"{left.currency or 'a trait'} and {right.currency or 'a trait'} are different"
                " currencies: they are never mixed",
            )
        if sign not in EQUALITY and kinds & {Kind.TEXT, Kind.TRUTH}:
            raise self._error(node, f"{names[0]} has no order: use == or !=")
        mixed = left.kind in OPEN_KINDS or right.kind in OPEN_KINDS
        if mixed and Kind.INSTANT in kinds:
            raise self._error(
                node, "a trait is not a point in time: compare with first() or last()"
            )
        if mixed and Kind.DATE in kinds:
            raise self._error(node, "a trait is not a date: write date(traits.renewal)")
        self._check_trends(node, left, right)
        if sign in EQUALITY and Trend.LINEAR in (left.trend, right.trend):
            raise self._error(node, f"{names[0]} changes all the time: use <, <=, > or >=")
        description = f"{left.label} {_words(sign, left)} {right.label}"
        return Pair(left, right, COMPARE[sign], text, description, sign)

    def _check_trends(self, node: ast.expr, left: Term[F], right: Term[F]) -> None:
        trends = (left.trend, right.trend)
        if Trend.STEPS not in trends and trends != (Trend.LINEAR, Trend.LINEAR):
            raise self._error(
                node, "both change all the time: compare one of them with a fixed value"
            )

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
        if whole.kind not in (Kind.LIST, Kind.TEXT, *OPEN_KINDS):
            raise self._error(right, f"{name} is {whole.kind.value}: nothing is in it")
        if not isinstance(member, Literal) or not isinstance(member.value, str):
            raise self._error(left, f'write a quoted text before in, as in "x" in {name}')
        self._checks.check_container(right)
        member_text = member.value
        reads = whole.reads
        if whole.reads_member is not None:
            self._checks.check_segment(left, member_text)
            reads = whole.reads_member(member_text)
        self._doubt(left, text, whole, "contains", (member_text,))
        return Test(
            whole,
            lambda actual: within(member_text, actual),
            (member_text,),
            text,
            f'"{member_text}" is in {whole.label}',
            reads,
            "contains",
            (member_text,),
        )

    def _one_of(
        self, node: ast.expr, term: Term[F], choices: ast.List | ast.Tuple | ast.Set, text: str
    ) -> Condition[F]:
        if not choices.elts:
            raise self._error(choices, "the list is empty")
        name = self._syntax.segment(node)
        if term.ranked is not None:
            raise self._error(node, "compare a percentile with <, <=, > or >=")
        values, descriptions = [], []
        for part in choices.elts:
            literal = self._references.operand(part)
            if not isinstance(literal, Literal):
                raise self._error(part, "a list holds fixed values only")
            value, words = fit(self._syntax, term, "in", literal, name)
            self._check_value(node, term, literal)
            values.append(value)
            descriptions.append(words)
        self._doubt(node, text, term, "in", tuple(values))
        return Test(
            term,
            lambda actual: any(equal(actual, value) for value in values),
            tuple(value for value in values if is_number(value)),
            text,
            f"{term.label} is one of {', '.join(descriptions)}",
            term.reads,
            "in",
            tuple(values),
        )

    def _doubt(
        self, node: ast.AST, text: str, term: Term[F], sign: str, values: tuple[Any, ...]
    ) -> None:
        if doubt := doubt_about(text, term, sign, values):
            self.warnings.append(str(self._error(node, doubt)))

    def _check_value(self, node: ast.expr, term: Term[F], literal: Literal) -> None:
        if term.kind is Kind.ANY:
            self._checks.check_kind(node, literal)
        if term.kind is Kind.FIELD:
            self._checks.check_field_value(node, literal, self._about)

    def _error(self, node: ast.AST, message: str) -> RuleError:
        return self._syntax.error(node, message)


def _words(sign: str, term: Term[Any]) -> str:
    times = term.kind in (Kind.INSTANT, Kind.DATE)
    return (IN_WORDS_OF_TIME if times else IN_WORDS)[sign]


def _is_true(value: Any) -> bool:
    return value is True


def _is_none(operand: object) -> bool:
    return isinstance(operand, Literal) and operand.value is None
