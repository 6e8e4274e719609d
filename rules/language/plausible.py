"""What is always true or never, or hardly meant: likely slips, which a warning names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from rules.language.comparison import COMPARE, is_number
from rules.language.conditions import Condition, Every, Negation, Test
from rules.language.errors import RuleError
from rules.language.reads import Reads
from rules.language.terms import Term

_FEW_MINUTES = re.compile(r"([1-9]|1[0-9]|2[0-4])m")


def doubt_about(text: str, term: Term[Any], sign: str, values: Sequence[Any]) -> str:
    """Why a comparison is always true or never; an empty text if it may be either."""
    for value in values:
        if isinstance(value, str) and term.doubt is not None and (why := term.doubt(value)):
            return f"{text}: {why}"
        if isinstance(value, str) and term.lowercase and value != value.lower():
            return f'{text}: it is always in small letters, write "{value.lower()}"'
        if isinstance(value, str) and term.uppercase and value != value.upper():
            return f'{text}: it is always in capitals, write "{value.upper()}"'
    if term.ranked is not None and 0 < values[0] < 1:
        return f"{text}: percentiles are from 0 to 100, write {float(values[0] * 100):g}"
    verdict = is_settled(term, sign, values[0])
    if verdict is None or term.range is None or (verdict and term.ranked is not None):
        return ""  # some have no percentile
    low, high = term.range
    bounds = f"at least {low}" if high is None else f"from {low} to {high}"
    return f"{text} is {'always true' if verdict else 'never true'}: it is {bounds}"


def is_settled(term: Term[Any], sign: str, value: Any) -> bool | None:
    """The verdict if it is the same for all numbers that the term can be; else None."""
    if term.range is None or sign not in COMPARE or not is_number(value):
        return None
    low, high = term.range
    numbers = {low, max(value, low) + 1 if high is None else high}
    if low <= value and (high is None or value <= high):
        numbers.add(value)
    verdicts = {COMPARE[sign](number, value) for number in numbers}
    verdicts |= {sign == "!="} if term.missable else set()
    return verdicts.pop() if len(verdicts) == 1 else None


def doubt_about_minutes(text: object, reads: Reads) -> str:
    """Why up to 24 minutes are rather months, if all that is read are orders; else an empty text.

    Nobody buys by the minute, but carts and page views are asked for in minutes.
    """
    types = reads.event_types | reads.facts.keys()
    is_about_orders = (reads.orders or types) and all(each.startswith("order_") for each in types)
    few = _FEW_MINUTES.fullmatch(text) if isinstance(text, str) else None
    if few is None or reads.cart or not is_about_orders:
        return ""
    count = int(few[1])
    minutes, months = (f"{count} {word}" + "s" * (count > 1) for word in ("minute", "month"))
    return f'"{text}" is {minutes}; for {months} write "{count * 365 // 12}d"'


def contradictions(condition: Condition[Any]) -> Iterator[str]:
    """What can never hold together, or always does: a sentence for each."""
    if isinstance(condition, Negation):
        yield from contradictions(condition.part)
    elif isinstance(condition, Every):
        for part in condition.parts:
            yield from contradictions(part)
        yield from _between(condition)


def _between(whole: Every[Any]) -> Iterator[str]:
    """Of parts about the same term: two that exclude each other, or of which one always holds."""
    tests: dict[str, list[Test[Any]]] = {}
    for part in _flat(whole):
        if isinstance(part, Test) and part.sign in COMPARE and part.values[0] is not None:
            tests.setdefault(part.term.label, []).append(part)
    for same in tests.values():
        for index, one in enumerate(same):
            for other in same[index + 1 :]:
                if whole.decisive and _covers(one, other):
                    yield _at(other, f"{one.text} or {other.text} is always true")
                if not whole.decisive and _excludes(one, other):
                    yield _at(other, f"{one.text} and {other.text} are never true together")


def _at(test: Test[Any], message: str) -> str:
    return str(RuleError(message, *test.place))


def _flat(whole: Every[Any]) -> Iterator[Condition[Any]]:
    for part in whole.parts:
        if isinstance(part, Every) and part.decisive is whole.decisive:
            yield from _flat(part)
        else:
            yield part


def _excludes(one: Test[Any], other: Test[Any]) -> bool:
    return not any(one.holds(value) and other.holds(value) for value in _samples(one, other))


def _covers(one: Test[Any], other: Test[Any]) -> bool:
    values = [*_samples(one, other), *([None] if one.term.missable else [])]
    return all(one.holds(value) or other.holds(value) for value in values)


def _samples(one: Test[Any], other: Test[Any]) -> list[Any]:
    """A value of each region that the two can tell apart."""
    first, second = one.values[0], other.values[0]
    if not is_number(first) or not is_number(second):
        return [first, second, object()]
    low, high = min(first, second), max(first, second)
    step = 1 if one.term.whole and one.term.kind.value == "a number" else Fraction(1, 2)
    between = [(low + high) // 2] if step == 1 and high - low > 1 else []
    if step != 1:
        between = [Fraction(low + high) / 2]
    return [low - step, low, *between, high, high + step]
