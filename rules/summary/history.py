"""Values that replace one another: the one in force at an instant, and those still to come.

A statement is `[lead, time, tie, µs of arrival, place of arrival, event id, value]`. The greatest
one in force wins: the greatest lead, then the latest time, then the greatest tie. Where these
agree, the one that was recorded last in its stream wins, and between streams the one that arrived
last. That is a maximum within each stream and then over streams, so their grouping does not matter.

Every statement that is dated later than the watermark is kept, and of the others the greatest.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Statement = list[Any]

# A stream keeps so many statements of one value that are dated ahead, the latest of them: senders
# whose clock is wrong must not make a summary grow.
MOST_AHEAD = 100
_TIME, _TIE, _VALUE = 1, 3, 6


def value_of(statement: Statement) -> Any:
    """What a statement says."""
    return statement[_VALUE]


def keep(statements: list[Statement], new: Statement, watermark: int) -> list[Statement]:
    """The statements of one stream with one that was recorded after them."""
    if not statements:
        return [new]
    (first, *rest) = statements
    if not rest and first[_TIME] <= watermark and new[_TIME] <= watermark:
        return [new] if new[:_TIE] >= first[:_TIE] else statements
    others = [each for each in statements if each[:_TIE] != new[:_TIE]]
    kept = prune([*others, new], watermark)
    if len(kept) > MOST_AHEAD + 1:
        del kept[1]
    return kept


def merge(one: Iterable[Statement], other: Iterable[Statement]) -> list[Statement]:
    """The statements of several streams together, before they are pruned."""
    last: dict[tuple[Any, ...], Statement] = {}
    for statement in (*one, *other):
        rank = tuple(statement[:_TIE])
        if rank not in last or statement[:_VALUE] > last[rank][:_VALUE]:
            last[rank] = statement
    return list(last.values())


def prune(statements: Iterable[Statement], watermark: int) -> list[Statement]:
    """What is dated later than the watermark, and before it the greatest of the rest."""
    past: Statement | None = None
    ahead = []
    for statement in statements:
        if statement[_TIME] > watermark:
            ahead.append(statement)
        elif past is None or statement[:_VALUE] > past[:_VALUE]:
            past = statement
    ahead.sort(key=_by_time)
    return ahead if past is None else [past, *ahead]


def in_force(statements: Iterable[Statement], now: int | None) -> Statement | None:
    """The greatest statement that is not dated later than `now`; None counts them all."""
    greatest: Statement | None = None
    for statement in statements:
        if (now is None or statement[_TIME] <= now) and (
            greatest is None or statement[:_VALUE] > greatest[:_VALUE]
        ):
            greatest = statement
    return greatest


def coming(statements: Iterable[Statement], now: int) -> Iterable[int]:
    """When those that are dated later than `now` come into force."""
    return (statement[_TIME] for statement in statements if statement[_TIME] > now)


def _by_time(statement: Statement) -> list[Any]:
    return [statement[_TIME], *statement[:_VALUE]]
