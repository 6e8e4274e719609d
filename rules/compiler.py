"""The compiler: a rule's syntax checked against a vocabulary and turned into conditions."""

from __future__ import annotations

import ast
import re
from typing import Any, Generic

from contracts.currencies import CURRENCIES
from rules.comparison import COMPARE, EQUALITY, IN_WORDS, MIRRORED, equal, within
from rules.conditions import Condition, Constant, Every, Negation, Pair, Test
from rules.errors import RuleError, meant
from rules.literal import Literal, fit, read_literal
from rules.syntax import Syntax
from rules.terms import F, Kind, Term
from rules.units import parse_duration
from rules.vocabulary import Argument, Function, Namespace, Vocabulary

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
_EVENT = re.compile(r"[a-z][a-z0-9_]{0,63}")


class Compiler(Generic[F]):
    """Turns one rule's syntax into a condition; `warnings` collects what looks like a slip."""

    def __init__(self, syntax: Syntax, vocabulary: Vocabulary[F]) -> None:
        self.warnings: list[str] = []
        self._syntax = syntax
        self._words = vocabulary

    def condition(self, node: ast.expr) -> Condition[F]:
        """The condition at `node`; RuleError when it is none."""
        if isinstance(node, ast.BoolOp):
            parts = tuple(self.condition(part) for part in node.values)
            return Every(parts, decisive=isinstance(node.op, ast.Or))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return Negation(self.condition(node.operand))
        if isinstance(node, ast.Compare):
            return self._comparison(node)
        operand = self._operand(node)
        if isinstance(operand, Literal):
            if isinstance(operand.value, bool):
                return Constant(operand.value)
            raise self._error(node, f"{operand.kind()} alone is no condition: compare it")
        return self._truth(node, operand)

    def _truth(self, node: ast.expr, term: Term[F]) -> Condition[F]:
        name = self._syntax.segment(node)
        if term.kind is Kind.ANY:
            return Test(term, _is_true, (), name, f"{term.label} is true")
        if term.kind is Kind.TRUTH:
            return Test(term, _is_true, (), name, term.label)
        hint = f'"something" in {name}' if term.kind is Kind.LIST else f"{name} > …"
        message = f"{name} is {term.kind.value}, no condition: compare it, as in {hint}"
        raise self._error(node, message)

    def _comparison(self, node: ast.Compare) -> Condition[F]:
        operands = [node.left, *node.comparators]
        pairs = tuple(
            self._compared(left, op, right)
            for left, op, right in zip(operands, node.ops, operands[1:], strict=False)
        )
        return pairs[0] if len(pairs) == 1 else Every(pairs, decisive=False)

    def _compared(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Condition[F]:
        if isinstance(op, ast.In | ast.NotIn):
            inside = self._membership(left, right)
            return Negation(inside) if isinstance(op, ast.NotIn) else inside
        sign = _SIGNS[type(op)]
        for node in (left, right):
            if isinstance(node, ast.List | ast.Tuple | ast.Set):
                raise self._error(node, "a list goes with in: write x in [1, 2]")
        first, second = self._operand(left), self._operand(right)
        if isinstance(op, ast.Is | ast.IsNot) and not _is_none(second):
            raise self._error(right, "is goes with None only: write == to compare")
        if isinstance(first, Literal):
            if isinstance(second, Literal):
                raise self._error(left, "this compares two fixed values: ask for something")
            first, second, left, right, sign = second, first, right, left, MIRRORED[sign]
        assert not isinstance(first, Literal)  # noqa: S101 - swapped above
        text = f"{self._syntax.segment(left)} {sign} {self._syntax.segment(right)}"
        if isinstance(second, Literal):
            return self._test(left, first, sign, second, text)
        return self._pair(left, first, sign, right, second, text)

    def _test(
        self, node: ast.expr, term: Term[F], sign: str, literal: Literal, text: str
    ) -> Condition[F]:
        value, said = fit(self._syntax, term, sign, literal, self._syntax.segment(node))
        description = f"{term.label} {IN_WORDS[sign]} {said}"
        if value is None:
            missing = sign == "=="
            return Test(term, lambda found: (found is None) is missing, (), text, description)
        compare = COMPARE[sign]
        bounds = (value,) if isinstance(value, int) else ()
        return Test(term, lambda found: compare(found, value), bounds, text, description)

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
            raise self._error(node, f"{names[0]} has no order, use == or !=")
        if Kind.ANY in (left.kind, right.kind) and Kind.INSTANT in kinds:
            raise self._error(node, "a trait is no point in time: compare with first() or last()")
        description = f"{left.label} {IN_WORDS[sign]} {right.label}"
        return Pair(left, right, COMPARE[sign], text, description)

    def _membership(self, left: ast.expr, right: ast.expr) -> Condition[F]:
        text = f"{self._syntax.segment(left)} in {self._syntax.segment(right)}"
        member = self._operand(left)
        if isinstance(right, ast.List | ast.Tuple | ast.Set):
            if isinstance(member, Literal):
                raise self._error(left, "this compares fixed values: ask for something")
            return self._one_of(left, member, right, text)
        whole = self._operand(right)
        name = self._syntax.segment(right)
        if isinstance(whole, Literal):
            raise self._error(right, 'after in comes a list such as ["gold", "silver"]')
        if whole.kind not in (Kind.LIST, Kind.TEXT, Kind.ANY):
            raise self._error(right, f"{name} is {whole.kind.value}: nothing is in it")
        if not isinstance(member, Literal) or not isinstance(member.value, str):
            raise self._error(left, f'write a text in quotes before in, as in "x" in {name}')
        wanted = member.value
        return Test(
            whole, lambda found: within(wanted, found), (), text, f'"{wanted}" is in {whole.label}'
        )

    def _one_of(
        self, node: ast.expr, term: Term[F], choices: ast.List | ast.Tuple | ast.Set, text: str
    ) -> Condition[F]:
        if not choices.elts:
            raise self._error(choices, "the list is empty")
        name = self._syntax.segment(node)
        values, said = [], []
        for part in choices.elts:
            literal = self._operand(part)
            if not isinstance(literal, Literal):
                raise self._error(part, "a list holds fixed values only")
            value, words = fit(self._syntax, term, "in", literal, name)
            values.append(value)
            said.append(words)
        bounds = tuple(value for value in values if isinstance(value, int))
        return Test(
            term,
            lambda found: any(equal(found, value) for value in values),
            bounds,
            text,
            f"{term.label} is one of {', '.join(said)}",
        )

    def _operand(self, node: ast.expr) -> Term[F] | Literal:
        literal = read_literal(self._syntax, node)
        if literal is not None:
            return literal
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.Attribute | ast.Subscript):
            return self._path(node)
        if isinstance(node, ast.Name):
            return self._name(node)
        raise self._error(node, _refusal(node))

    def _name(self, node: ast.Name) -> Term[F]:
        term = self._words.names.get(node.id)
        if term is not None:
            return term
        if node.id in self._words.namespaces:
            raise self._error(node, f"{node.id} needs a name behind it, as in {node.id}.something")
        if node.id in self._words.functions:
            example = self._words.functions[node.id].example
            raise self._error(node, f"{node.id} needs brackets: write {example}")
        raise self._unknown(node, node.id)

    def _path(self, node: ast.Attribute | ast.Subscript) -> Term[F]:
        path: list[str] = []
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute | ast.Subscript):
            path.append(self._step(inner))
            inner = inner.value
        if not isinstance(inner, ast.Name):
            raise self._error(inner, "a dot goes behind a name, as in traits.loyalty_tier")
        names = tuple(reversed(path))
        space = self._words.namespaces.get(inner.id)
        if space is None:
            if inner.id in self._words.names and inner.id == "segments":
                raise self._error(node, f'write "{names[0]}" in segments')
            if inner.id in self._words.names:
                raise self._error(node, f"{inner.id} has no parts")
            raise self._unknown(inner, inner.id)
        return self._field(node, inner.id, space, names)

    def _field(
        self, node: ast.expr, root: str, space: Namespace[F], path: tuple[str, ...]
    ) -> Term[F]:
        if space.open is not None:
            return space.open(path)
        name = path[0]
        term = space.fields.get(name)
        if term is None:
            if name in space.hints:
                raise self._error(node, space.hints[name])
            known = ", ".join(sorted(space.fields))
            close = meant(name, space.fields) or f"; it has {known}"
            raise self._error(node, f"{root} has no {name}{close}")
        if len(path) > 1:
            raise self._error(node, f"{root}.{name} has no parts")
        return term

    def _step(self, node: ast.Attribute | ast.Subscript) -> str:
        if isinstance(node, ast.Attribute):
            return node.attr
        if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
            return node.slice.value
        raise self._error(node, 'square brackets take a name in quotes: traits["shoe size"]')

    def _call(self, node: ast.Call) -> Term[F]:
        if not isinstance(node.func, ast.Name):
            raise self._error(node, "only the named functions can be called")
        name = node.func.id
        function = self._words.functions.get(name)
        if function is None:
            if name in self._words.names or name in self._words.namespaces:
                raise self._error(node, f"{name} is no function: leave out the brackets")
            raise self._unknown(node, name)
        given: list[Any] = []
        if len(node.args) != (function.takes is not None):
            wants = "takes nothing" if function.takes is None else f"takes {function.takes.value}"
            where = node.args[-1] if node.args else node
            raise self._error(where, f"{name} {wants}: write {function.example}")
        if function.takes is not None:
            given.append(self._argument(node.args[0], function.takes, name, function))
        return function.make(*given, **self._window(node, name, function))

    def _window(self, node: ast.Call, name: str, function: Function[F]) -> dict[str, int]:
        window: dict[str, int] = {}
        for keyword in node.keywords:
            if keyword.arg != "within" or not function.within:
                wrong = f"{keyword.arg}=" if keyword.arg else "**"
                raise self._error(keyword.value, f"{name} has no {wrong}: write {function.example}")
            argument = self._argument(keyword.value, Argument.DURATION, "within=", function)
            window["within"] = int(argument)
        return window

    def _argument(
        self, node: ast.expr, takes: Argument, name: str, function: Function[F]
    ) -> str | int:
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            raise self._error(node, f"{name} takes {takes.value}: write {function.example}")
        text = node.value
        if takes is Argument.DURATION:
            try:
                return parse_duration(text)
            except ValueError as error:
                raise self._error(node, str(error)) from None
        if takes is Argument.CURRENCY and text not in CURRENCIES:
            upper = text.upper()
            hint = f"; did you mean {upper}?" if upper in CURRENCIES else meant_currency(text)
            raise self._error(node, f'"{text}" is no currency code of ISO 4217{hint}')
        if takes is Argument.EVENT:
            self._check_event(node, text)
        if not text:
            raise self._error(node, f"{name} takes {takes.value}")
        return text

    def _check_event(self, node: ast.expr, text: str) -> None:
        known = self._words.event_types
        if _EVENT.fullmatch(text) is None:
            snake = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
            hint = meant(snake, known) or ", such as order_completed"
            raise self._error(node, f'"{text}" is no event type: they are snake_case{hint}')
        close = "" if text in known else meant(text, known)
        if close:
            place = str(self._error(node, f'no shipped event type is called "{text}"{close}'))
            self.warnings.append(place)

    def _unknown(self, node: ast.expr, word: str) -> RuleError:
        hint = self._words.hints.get(word.lower())
        close = f"; {hint}" if hint else meant(word, self._words.words())
        if not close:
            close = f"; there are {', '.join(self._words.words())}"
        return self._error(node, f"nothing is called {word}{close}")

    def _error(self, node: ast.AST, message: str) -> RuleError:
        return self._syntax.error(node, message)


def meant_currency(text: str) -> str:
    """A hint for a currency's sign or name."""
    signs = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "dollar": "USD", "euro": "EUR"}
    code = signs.get(text.lower().removesuffix("s"))
    return f"; did you mean {code}?" if code else ', such as "USD"'


def _is_true(value: Any) -> bool:
    return value is True


def _is_none(operand: object) -> bool:
    return isinstance(operand, Literal) and operand.value is None


def _refusal(node: ast.expr) -> str:
    if isinstance(node, ast.BinOp | ast.UnaryOp):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd | ast.BitOr):
            return 'write "and" or "or" instead of & and |'
        return "a rule does not calculate: write the number itself"
    if isinstance(node, ast.Compare | ast.BoolOp):
        return "put a comparison on each side of and, or; it cannot be compared itself"
    if isinstance(node, ast.JoinedStr):
        return "write a plain text in quotes"
    if isinstance(node, ast.IfExp):
        return 'there is no if: use "and" and "or"'
    if isinstance(node, ast.NamedExpr):
        return "write == to compare"
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return "a list goes behind in, as in x in [1, 2]; join conditions by and, or"
    return "this is not part of the rule language"
