"""Terms: what a rule can ask about a shopper, with its kind and how it changes over time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

from chassis.core.instants import format_instant
from rules.language.reads import NOTHING, Reads
from rules.language.units import show_duration, show_money

F = TypeVar("F")

Holds = Callable[[Any], bool]
"""Whether a comparison holds for a value of its term; it is defined for every value, None too."""

Until = Callable[[Any, int, Holds, tuple[int, ...]], int | None]


class Kind(Enum):
    """The kinds of values; the text completes "is ..."."""

    NUMBER = "a number"
    MONEY = "an amount of money"
    TEXT = "a text"
    TRUTH = "a yes or no"
    INSTANT = "a point in time"
    DURATION = "a length of time"
    LIST = "a list"
    ANY = "a trait of any kind"


@dataclass(frozen=True, slots=True)
class Term(Generic[F]):
    """Something that a rule can ask of the facts F.

    `read(facts, now)` gives the value, None if there is none. `until(facts, now, holds, bounds)`
    gives the earliest instant after `now` at which `holds(value)` may change without a new event,
    None if never; `bounds` are all the values on whose two sides `holds` can differ.
    """

    kind: Kind
    label: str  # what it is, for people: "the number of order_completed events"
    read: Callable[[F, int], Any]
    until: Until | None = None
    currency: str = ""
    missable: bool = True
    moving: bool = False  # it changes as time passes: only a fixed bound says when
    most: int | None = None  # the largest number that it can be compared with
    choices: frozenset[str] = frozenset()  # all the texts that it can be
    reads: Reads = NOTHING
    reads_member: Callable[[str], Reads] | None = None  # what "text" in it reads, if not `reads`

    def show(self, value: Any) -> str:
        """A value of this term as people read it."""
        if value is None:
            return "nothing"
        if self.kind is Kind.MONEY:
            return show_money(value, self.currency)
        if self.kind is Kind.DURATION:
            return show_duration(value)
        if self.kind is Kind.INSTANT:
            return format_instant(value)
        return show_plain(value)


def show_plain(value: Any) -> str:
    """A plain value, cut when it is long."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 80 else f'"{value[:80]}…"'
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(map(show_plain, value)) or ["empty"]
        return ", ".join(items[:20]) + (" …" if len(items) > 20 else "")
    if isinstance(value, int | float):
        return str(value)
    return "an object"
