"""Vocabularies: the names and functions that a rule may use, and what each stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Generic

from rules.language.terms import F, Term


class Argument(Enum):
    """What a function takes; the text completes "takes ..."."""

    EVENT = 'an event type in quotes, such as "order_completed"'
    CURRENCY = 'a currency in quotes, such as "USD"'
    PURPOSE = 'a purpose in quotes, such as "email"'
    CATEGORY = 'a category in quotes, such as "running shoes"'
    DURATION = 'a duration in quotes, such as "60d"'


@dataclass(frozen=True, slots=True)
class Function(Generic[F]):
    """A function of the language: its argument, an example, whether it takes within=."""

    make: Callable[..., Term[F]]
    example: str
    takes: Argument | None = None
    within: bool = False


@dataclass(frozen=True, slots=True)
class Namespace(Generic[F]):
    """Names after a dot: those of `fields`, or with `open` any path of names."""

    fields: Mapping[str, Term[F]] = field(default_factory=dict)
    open: Callable[[tuple[str, ...]], Term[F]] | None = None
    hints: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Vocabulary(Generic[F]):
    """All that rules over the facts F can say. `hints` are for likely wrong words."""

    namespaces: Mapping[str, Namespace[F]]
    functions: Mapping[str, Function[F]]
    names: Mapping[str, Term[F]] = field(default_factory=dict)
    event_types: frozenset[str] = frozenset()
    hints: Mapping[str, str] = field(default_factory=dict)

    def words(self) -> list[str]:
        """Every word that a rule can begin with."""
        return sorted({*self.namespaces, *self.functions, *self.names})


def reach(value: Any, path: tuple[str, ...]) -> Any:
    """The value at a path of names in plain JSON, None if the path ends early."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
