"""Whether a rule reads traits of shoppers who need not have consented to anything."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from rules.language.conditions import Condition, Every, Negation, Test


def reads_without_consent(condition: Condition[Any], traits: Collection[str]) -> frozenset[str]:
    """Those of `traits` that decide of somebody without any consent.

    `and` with a consent that has to be given guards all that stands beside it; `or` guards nothing
    that the part itself does not guard.
    """
    read = condition.reads.traits & frozenset(traits)
    if not read or _needs_consent(condition):
        return frozenset()
    if isinstance(condition, Every):
        parts = (reads_without_consent(part, traits) for part in condition.parts)
        return frozenset().union(*parts)
    return read


def _needs_consent(condition: Condition[Any]) -> bool:
    """Whether it can hold only with a consent."""
    if isinstance(condition, Every):
        return (all if condition.decisive else any)(map(_needs_consent, condition.parts))
    if isinstance(condition, Negation):
        return _fails_without(condition.part)
    if isinstance(condition, Test) and condition.term.reads.consent:
        return bool(condition.holds(True)) and not condition.holds(False)
    return False


def _fails_without(condition: Condition[Any]) -> bool:
    """Whether its negation can hold only with a consent."""
    if isinstance(condition, Every):
        return (any if condition.decisive else all)(map(_fails_without, condition.parts))
    if isinstance(condition, Negation):
        return _needs_consent(condition.part)
    if isinstance(condition, Test) and condition.term.reads.consent:
        return bool(condition.holds(False)) and not condition.holds(True)
    return False
