"""Messages: texts with `{variables}` and plurals, a part of ICU's MessageFormat.

    {points, plural, =0 {No points yet} one {# point} other {# points}}

In a branch `#` is the number. There is no quoting: a text has no brace outside of these.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from chassis.core.languages import plural_category
from services.offers.domain.variables import Value, Values, show

_NAME = re.compile(r"[a-z_]+")
_PLURAL = re.compile(r"\{\s*([a-z_]+)\s*,\s*plural\s*,")
_SIMPLE = re.compile(r"\{\s*([a-z_]+)\s*\}")
_SELECTOR = re.compile(r"\s*(?:=(-?\d{1,9})|(zero|one|two|few|many|other))\s*\{")
_CLOSE = re.compile(r"\s*\}")
_TEXT = re.compile(r"[^{}]+")
_TEXT_OF_BRANCH = re.compile(r"[^{}#]+")
_LONGEST_QUOTE = 40

Selector = TypeVar("Selector", int, str)


class MessageError(ValueError):
    """What is wrong with a message, and the fix."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """The value of a variable."""

    name: str


@dataclass(frozen=True, slots=True)
class Count:
    """The number of the plural around it, as people write it."""


@dataclass(frozen=True, slots=True)
class Plural:
    """One of several messages by a number: that of the number itself, else of its category."""

    name: str
    exact: Mapping[int, Message]
    categories: Mapping[str, Message]

    def choose(self, number: Value | None, language: str) -> Message:
        """The message for a number."""
        if not isinstance(number, int | float):
            return self.categories["other"]
        exact = self.exact.get(int(number)) if number == int(number) else None
        if exact is not None:
            return exact
        category = plural_category(language, number)
        return self.categories.get(category, self.categories["other"])


Part = str | Placeholder | Plural | Count


@dataclass(frozen=True, slots=True)
class Message:
    """The parts of a text, in order."""

    parts: tuple[Part, ...]

    @property
    def whole(self) -> str | None:
        """The variable, if the text is one placeholder and nothing else."""
        part = self.parts[0] if len(self.parts) == 1 else None
        return part.name if isinstance(part, Placeholder) else None

    def plurals(self) -> Iterator[Plural]:
        """All plurals in it."""
        for part in self.parts:
            if isinstance(part, Plural):
                yield part

    def names(self) -> Iterator[str]:
        """The variables in it, in order, some perhaps twice."""
        for part in self.parts:
            if isinstance(part, Placeholder):
                yield part.name
            elif isinstance(part, Plural):
                yield part.name
                for branch in (*part.exact.values(), *part.categories.values()):
                    yield from branch.names()

    def show(self, values: Values, language: str | None, number: Value | None = None) -> str:
        """The text with these values; each that it needs must be there."""
        return "".join(self._show(part, values, language, number) for part in self.parts)

    @staticmethod
    def _show(part: Part, values: Values, language: str | None, number: Value | None) -> str:
        if isinstance(part, str):
            return part
        if isinstance(part, Count):
            return show(number if number is not None else 0, language)
        value = values[part.name]
        if isinstance(part, Plural):
            branch = part.choose(value, language or "en")
            return branch.show(values, language, value)
        return show(value if value is not None else "", language)


def parse_message(text: str) -> Message:
    """The message in a text; MessageError says what is wrong with it."""
    message, end = _parse(text, 0, is_branch=False)
    if end != len(text):
        raise MessageError(_stray_brace(text, end))
    return message


def _stray_brace(text: str, place: int) -> str:
    """What to do about the brace at `place`."""
    end = text.find("}", place) + 1 or len(text)
    part = text[place : min(end, place + _LONGEST_QUOTE)]
    return f"has a brace outside a placeholder, `{part}`; write `{{points}}` or remove it"


def _parse(text: str, start: int, *, is_branch: bool) -> tuple[Message, int]:
    """The message from `start` up to the brace that closes it, or to the end."""
    parts: list[Part] = []
    place = start
    while place < len(text) and text[place] != "}":
        if is_branch and text[place] == "#":
            parts.append(Count())
            place += 1
        elif simple := _SIMPLE.match(text, place):
            parts.append(Placeholder(simple[1]))
            place = simple.end()
        elif plural := _PLURAL.match(text, place):
            if is_branch:
                raise MessageError("has a plural within a plural; write two texts")
            part, place = _parse_plural(plural[1], text, plural.end())
            parts.append(part)
        elif plain := (_TEXT_OF_BRANCH if is_branch else _TEXT).match(text, place):
            parts.append(plain[0])
            place = plain.end()
        else:
            raise MessageError(_stray_brace(text, place))
    return Message(tuple(parts)), place


def _parse_plural(name: str, text: str, place: int) -> tuple[Plural, int]:
    """The plural whose branches begin at `place`, and where it ends."""
    exact: dict[int, Message] = {}
    categories: dict[str, Message] = {}
    while selector := _SELECTOR.match(text, place):
        branch, place = _parse(text, selector.end(), is_branch=True)
        if not text.startswith("}", place):
            raise MessageError("has a brace that is not closed; add `}`")
        place += 1
        if selector[1] is not None:
            _add(exact, int(selector[1]), branch, f"={selector[1]}")
        else:
            _add(categories, selector[2], branch, selector[2])
    close = _CLOSE.match(text, place)
    if close is None or "other" not in categories:
        raise MessageError(
            "has a plural that cannot be read; write "
            f"`{{{name}, plural, one {{# point}} other {{# points}}}}`"
        )
    return Plural(name, exact, categories), close.end()


def _add(branches: dict[Selector, Message], selector: Selector, branch: Message, name: str) -> None:
    if selector in branches:
        raise MessageError(f"has a plural with two texts for `{name}`; remove one")
    branches[selector] = branch
