"""Mistakes of a file: all that can be found at once are in one error."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from chassis.core.errors import InvalidInput

_MOST = 100

T = TypeVar("T")
First = TypeVar("First")
Second = TypeVar("Second")


def read_all(readers: Iterable[Callable[[], T]]) -> list[T]:
    """What the readers return, in their order; InvalidInput has the mistakes of all of them.

    Of several mistakes the first is the error's subject and begins its message; each of the others
    is a line of it, with its own path.
    """
    read: list[T] = []
    mistakes: list[InvalidInput] = []
    for reader in readers:
        try:
            read.append(reader())
        except InvalidInput as error:
            mistakes.append(error)
    if mistakes:
        raise _together(mistakes)
    return read


def read_both(first: Callable[[], First], second: Callable[[], Second]) -> tuple[First, Second]:
    """The same of two readers, which return different things."""
    read: list[First] = []
    other: list[Second] = []
    read_all([lambda: read.append(first()), lambda: other.append(second())])
    return read[0], other[0]


def _together(mistakes: Sequence[InvalidInput]) -> InvalidInput:
    texts = list(dict.fromkeys(map(str, mistakes)))
    if len(texts) == 1:
        return mistakes[0]
    lines = "\n".join(texts).split("\n")
    if len(lines) > _MOST:
        lines = [*lines[:_MOST], "and more; mend these first"]
    subject = mistakes[0].subject
    return InvalidInput(subject, "\n".join(lines).removeprefix(f"{subject}: "))
