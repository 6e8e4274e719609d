"""Deciders: a rule as a function that stops at the first part that settles it, without prose.

For those who ask many rules about one shopper at one instant, and only whether they hold.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from rules.language.conditions import Condition, Constant, Every, Negation, Pair, Test
from rules.language.rule import Rule
from rules.language.terms import F

Memo: TypeAlias = dict[str, bool]
"""The comparisons that have been made, by their text: rules of one vocabulary share it for the
facts of one shopper at one instant."""

Decider: TypeAlias = Callable[[Any, int, Memo], bool]
"""Whether a rule holds for these facts at this instant (µs), outside its segment."""


def decider(rule: Rule[F]) -> Decider:
    """The rule as a function: it says what `Rule.evaluate` does, but not until when."""
    return _decider(rule.condition)


def _decider(condition: Condition[Any]) -> Decider:
    if isinstance(condition, Every):
        return _every(tuple(_decider(part) for part in condition.parts), condition.decisive)
    if isinstance(condition, Negation):
        part = _decider(condition.part)
        return lambda facts, now, memo: not part(facts, now, memo)
    if isinstance(condition, Constant):
        value = condition.value
        return lambda _facts, _now, _memo: value
    if isinstance(condition, Test):
        return _test(condition)
    if isinstance(condition, Pair):
        return _pair(condition)
    raise TypeError(f"no decider for {type(condition).__name__}")


def _every(parts: tuple[Decider, ...], decisive: bool) -> Decider:
    def holds(facts: Any, now: int, memo: Memo) -> bool:
        for part in parts:
            if part(facts, now, memo) is decisive:
                return decisive
        return not decisive

    return holds


def _test(test: Test[Any]) -> Decider:
    text, passes, read = test.text, test.holds, test.term.read

    def holds(facts: Any, now: int, memo: Memo) -> bool:
        value = memo.get(text)
        if value is None:
            value = memo[text] = passes(read(facts, now))
        return value

    return holds


def _pair(pair: Pair[Any]) -> Decider:
    compare, left, right = pair.compare, pair.left.read, pair.right.read
    return lambda facts, now, _memo: compare(left(facts, now), right(facts, now))
