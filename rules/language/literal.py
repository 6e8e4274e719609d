"""Literals: the fixed values of a rule, checked against the terms they are compared with."""

from __future__ import annotations

import ast
import math
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from chassis.core.errors import InvalidInput
from chassis.core.instants import parse_instant
from rules.language.comparison import EQUALITY, is_number
from rules.language.errors import suggestion
from rules.language.syntax import Syntax
from rules.language.terms import OPEN_KINDS, Kind, Term
from rules.language.units import (
    HOW_LONG,
    decimals_of,
    describe_duration,
    minor_units,
    parse_duration,
    show_money,
)

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
LARGEST = 10**15


class Unfit(ValueError):
    """A literal cannot be compared with a term: why, and what to write instead."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, number, True, False or None as written; `exact` is a number's decimal value."""

    node: ast.expr
    value: Any
    exact: Decimal | None = None

    def kind(self) -> str:
        """What it is, to complete "is ..."."""
        if self.value is None:
            return "None"
        if isinstance(self.value, bool):
            return "a yes or no"
        return "a text" if isinstance(self.value, str) else "a number"


def read_literal(syntax: Syntax, node: ast.expr) -> Literal | None:
    """The literal at `node`, None if it is something else; RuleError if it cannot be used."""
    sign = 1
    inner = node
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        sign = -1 if isinstance(node.op, ast.USub) else 1
        inner = node.operand
    if not isinstance(inner, ast.Constant):
        return None
    value = inner.value
    if is_number(value):
        assert isinstance(value, int | float)  # noqa: S101 - mypy cannot follow is_number
        if not math.isfinite(value) or abs(value) > LARGEST:
            raise syntax.error(node, f"the number is too large: at most {LARGEST}")
        if isinstance(value, int):
            return Literal(node, sign * value, Decimal(sign * value))
        text = syntax.segment(inner).replace("_", "")
        if text.endswith(".000"):
            raise syntax.error(
                node, f"write {value:.0f} or {text.replace('.', '')} without a point"
            )
        return Literal(node, sign * value, sign * Decimal(text))
    if inner is not node:
        raise syntax.error(node, "a sign belongs before a number")
    if value is None or isinstance(value, str | bool):
        return Literal(node, value)
    raise syntax.error(node, "a value is a number, a quoted text, True, False or None")


def fit(syntax: Syntax, term: Term[Any], op: str, literal: Literal, name: str) -> tuple[Any, str]:
    """The value to compare the term with, and its wording; RuleError if they do not fit.

    `op` is one of the comparison signs, or "in" for a member of a list of values.
    """
    if literal.value is None:
        if op not in EQUALITY:
            raise syntax.error(literal.node, "None can be compared only with == and !=")
        if not term.missable:
            raise syntax.error(literal.node, f"{name} is never missing; leave out the == None")
        return None, "missing"
    value = literal.value
    if term.kind in OPEN_KINDS and op not in (*EQUALITY, "in") and _looks_like_date(value):
        raise syntax.error(
            literal.node, f'{name} is {term.kind.value}: write date({name}) {op} "{value[:10]}"'
        )
    try:
        return fit_value(term, op, literal)
    except ValueError as error:
        raise syntax.error(literal.node, f"{name} is {term.kind.value}: {error}") from None


def fit_value(term: Term[Any], op: str, literal: Literal) -> tuple[Any, str]:
    """The value to compare the term with, and its wording; ValueError if they do not fit."""
    return _FITTING[term.kind](term, op, literal)


def _number(term: Term[Any], op: str, literal: Literal) -> tuple[Any, str]:  # noqa: ARG001
    number = literal.value
    if not is_number(number):
        raise Unfit(f"compare it with a number{_suggest_unquoted(literal)}")
    if not isinstance(number, int):
        if term.whole:
            raise Unfit(f"compare it with a whole number, not {number}")
        return Fraction(literal.exact or 0), str(number)
    low, high = term.range or (None, None)
    if low is not None and high is not None and not low <= number <= high:
        raise Unfit(f"it is from {low} to {high}, and never {number}")
    if term.most is not None and number > term.most:
        raise Unfit(f"within a window it is counted only up to {term.most}")
    return number, str(number)


def _money(term: Term[Any], op: str, literal: Literal) -> tuple[Any, str]:  # noqa: ARG001
    if literal.exact is None:
        raise Unfit(f"compare it with a number such as 500 or 499.99{_suggest_unquoted(literal)}")
    minor: int | Fraction
    if term.whole:
        minor = minor_units(literal.exact, term.currency)
    else:  # an average, say, is compared with any amount
        minor = Fraction(literal.exact) * 10 ** decimals_of(term.currency)
        if minor.denominator == 1:
            minor = int(minor)
        else:
            return minor, f"{literal.exact} {term.currency}"
    return minor, show_money(minor, term.currency)


def _text(term: Term[Any], op: str, literal: Literal) -> tuple[Any, str]:
    value = literal.value
    if not isinstance(value, str):
        raise Unfit(f'compare it with a quoted text, such as "{value}"')
    if op not in EQUALITY and op != "in":
        raise Unfit("texts have no order, use ==, != or in")
    if term.choices and value not in term.choices:
        choices = ", ".join(sorted(term.choices))
        raise Unfit(f'"{value}" is not one of {choices}{suggestion(value, term.choices)}')
    return value, f'"{value}"'


def _truth(term: Term[Any], op: str, literal: Literal) -> tuple[Any, str]:  # noqa: ARG001
    if not isinstance(literal.value, bool) or op not in EQUALITY:
        raise Unfit("use it alone, or with not before it")
    return literal.value, "true" if literal.value else "false"


def _instant(term: Term[Any], op: str, literal: Literal) -> tuple[Any, str]:  # noqa: ARG001
    if not isinstance(literal.value, str):
        raise Unfit('compare it with another one, or a text such as "2026-11-21T19:30:00Z"')
    try:
        return parse_instant(literal.value), literal.value
    except InvalidInput as error:
        if re.fullmatch(r"\d+ ?[a-z]+", literal.value):
            raise Unfit(
                'for a length of time write since_last("order_completed") <= "30d"'
            ) from None
        raise Unfit(f'"{literal.value}" {error.message}') from None


def _date(term: Term[Any], op: str, literal: Literal) -> tuple[Any, str]:  # noqa: ARG001
    if not isinstance(literal.value, str):
        raise Unfit('compare it with a date in quotes, such as "2026-11-21"')
    return parse_date(literal.value).toordinal(), literal.value


def parse_date(text: str) -> date:
    """The date in a text; ValueError says how to write one."""
    try:
        if len(text) != len("2026-11-21"):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise Unfit(f'"{text}" is not a date: write it as "2026-11-21"') from None


def _duration(term: Term[Any], op: str, literal: Literal) -> tuple[Any, str]:  # noqa: ARG001
    if op in EQUALITY or op == "in":
        raise Unfit("compare it with <, <=, > or >=")
    if not isinstance(literal.value, str):
        raise Unfit(HOW_LONG)
    duration = parse_duration(literal.value)
    return duration, describe_duration(duration)


def _list(term: Term[Any], op: str, literal: Literal) -> tuple[Any, str]:  # noqa: ARG001
    example = f'"{literal.value}"' if isinstance(literal.value, str) else '"something"'
    raise Unfit(f"write {example} in it")


def _any(term: Term[Any], op: str, literal: Literal) -> tuple[Any, str]:  # noqa: ARG001
    value = literal.value
    if op not in EQUALITY and op != "in" and not is_number(value):
        raise Unfit(f"{literal.kind()} has no order, use ==, != or in{_suggest_number(value)}")
    return value, f'"{value}"' if isinstance(value, str) else str(value)


_FITTING = {
    Kind.NUMBER: _number,
    Kind.MONEY: _money,
    Kind.TEXT: _text,
    Kind.TRUTH: _truth,
    Kind.INSTANT: _instant,
    Kind.DURATION: _duration,
    Kind.DATE: _date,
    Kind.LIST: _list,
    Kind.ANY: _any,
    Kind.FIELD: _any,
}


def _suggest_unquoted(literal: Literal) -> str:
    """A hint for "5" where 5 was meant."""
    value = literal.value
    if isinstance(value, str) and re.fullmatch(r"\d+[smhdw]", value):
        return f", write {value[:-1]} without quotes"
    if _looks_like_number(value):
        return f", write {value} without quotes"
    return f", not {literal.kind()}"


def _suggest_number(value: Any) -> str:
    return f"; did you mean {value} without quotes?" if _looks_like_number(value) else ""


def _looks_like_date(value: Any) -> bool:
    return isinstance(value, str) and _DATE.match(value) is not None


def _looks_like_number(value: Any) -> bool:
    if not isinstance(value, str) or not value.isascii():
        return False
    return value.replace(".", "", 1).removeprefix("-").isdigit()
