"""Arithmetic over terms: numbers, lengths of time, and money of one currency; exact, and total.

A result is missing if a part is, or if it would be divided by zero.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from fractions import Fraction
from math import isfinite
from typing import Any

from rules.language.curves import Combined, Steady, Trend
from rules.language.data import Calculated, Fixed
from rules.language.literal import Literal, Unfit, fit_value
from rules.language.terms import OPEN_KINDS, Kind, Term

WORDS = {"+": "plus", "-": "minus", "*": "times", "/": "divided by"}
_COMPUTE: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": Fraction,
}
_KINDS: dict[tuple[Kind, str, Kind], Kind] = {
    (Kind.INSTANT, "-", Kind.INSTANT): Kind.DURATION,
    (Kind.INSTANT, "+", Kind.DURATION): Kind.INSTANT,
    (Kind.INSTANT, "-", Kind.DURATION): Kind.INSTANT,
    (Kind.DURATION, "+", Kind.INSTANT): Kind.INSTANT,
    (Kind.DATE, "-", Kind.DATE): Kind.NUMBER,
    (Kind.NUMBER, "*", Kind.NUMBER): Kind.NUMBER,
    (Kind.NUMBER, "/", Kind.NUMBER): Kind.NUMBER,
    **{
        (kind, sign, kind): kind
        for kind in (Kind.NUMBER, Kind.MONEY, Kind.DURATION)
        for sign in "+-"
    },
    **{(kind, sign, Kind.NUMBER): kind for kind in (Kind.MONEY, Kind.DURATION) for sign in "*/"},
    **{(Kind.NUMBER, "*", kind): kind for kind in (Kind.MONEY, Kind.DURATION)},
    **{(kind, "/", kind): Kind.NUMBER for kind in (Kind.MONEY, Kind.DURATION)},
}


def exact(value: Any) -> int | Fraction | None:
    """A number without the error of binary fractions; None if it is no number."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | Fraction):
        return value
    if isinstance(value, float) and isfinite(value):
        return int(value) if value.is_integer() else Fraction(str(value))
    return None


def calculate(sign: str, left: Term[Any] | Literal, right: Term[Any] | Literal) -> Term[Any]:
    """The term for `left sign right`; Unfit says why there is none."""
    if isinstance(left, Literal) and isinstance(right, Literal):
        raise Unfit("this calculates with fixed values: write the result itself")
    first = _as_term(left, sign, right) if isinstance(left, Literal) else left
    second = _as_term(right, sign, left) if isinstance(right, Literal) else right
    kind = _kind_of(sign, first, second)
    trend = _trend_of(sign, first, second)
    currency = first.currency or second.currency if kind is Kind.MONEY else ""
    compute = _COMPUTE[sign]

    def result(one: Any, other: Any) -> Any:
        one, other = exact(one), exact(other)
        if one is None or other is None or (sign == "/" and other == 0):
            return None
        return compute(one, other)

    return Term(
        kind,
        f"({first.label} {WORDS[sign]} {second.label})",
        lambda facts, now: result(first.read(facts, now), second.read(facts, now)),
        currency=currency,
        trend=trend,
        curve=lambda facts, now: Combined(result, (first.at(facts, now), second.at(facts, now))),
        whole=False,
        reads=first.reads | second.reads,
        meaning=Calculated(sign, first, second),
    )


def _as_term(literal: Literal, sign: str, other: Term[Any] | Literal) -> Term[Any]:
    """A fixed value as a term that goes with the other one."""
    assert isinstance(other, Term)  # noqa: S101 - two literals were refused
    value, words = fit_value(_model_for(literal, sign, other), "<", literal)
    model = _model_for(literal, sign, other)
    return Term(
        model.kind,
        words,
        lambda facts, now: value,  # noqa: ARG005
        currency=model.currency,
        curve=lambda facts, now: Steady(value),  # noqa: ARG005
        meaning=Fixed(value),
    )


def _model_for(literal: Literal, sign: str, other: Term[Any]) -> Term[Any]:
    """A term of the kind that the literal has to be of."""
    kind, currency = Kind.NUMBER, ""
    if isinstance(literal.value, str):
        whole = literal.value[:1].isdigit() and len(literal.value) > len("36500d")
        kind = Kind.INSTANT if whole and other.kind is Kind.INSTANT else Kind.DURATION
        if other.kind is Kind.DATE:
            kind = Kind.DATE
    elif other.kind is Kind.MONEY and sign in "+-":
        kind, currency = Kind.MONEY, other.currency
    return Term(kind, "", lambda facts, now: None, currency=currency, whole=False)  # noqa: ARG005


def _kind_of(sign: str, first: Term[Any], second: Term[Any]) -> Kind:
    one, other = (Kind.NUMBER if term.kind in OPEN_KINDS else term.kind for term in (first, second))
    kind = _KINDS.get((one, sign, other))
    if kind is None:
        fix = (
            "add and subtract two of one kind" if sign in "+-" else f"{WORDS[sign]} takes a number"
        )
        raise Unfit(f"{one.value} {WORDS[sign]} {other.value} has no meaning: {fix}")
    if one is other is Kind.MONEY and first.currency != second.currency:
        raise Unfit(
            f"{first.currency} and {second.currency} are different currencies: they are never mixed"
        )
    return kind


def _trend_of(sign: str, first: Term[Any], second: Term[Any]) -> Trend:
    for term in (first, second):
        if term.alone:
            raise Unfit(f"{term.label} cannot be calculated with: compare it with a fixed number")
    trends = {first.trend, second.trend} - {Trend.STEPS}
    if sign == "/" and second.trend is not Trend.STEPS:
        raise Unfit(f"{second.label} changes all the time: divide by something else")
    both = first.trend is not Trend.STEPS and second.trend is not Trend.STEPS
    if both and (sign in "*/" or trends != {Trend.LINEAR}):
        raise Unfit("both change all the time: calculate with one of them only")
    return trends.pop() if trends else Trend.STEPS
