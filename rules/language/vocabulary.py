"""Vocabularies: the names and functions that a rule may use, and what each stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Generic

from rules.language.shop import ShopContext
from rules.language.terms import F, Term


class Argument(Enum):
    """What a function takes; the text completes "takes ..."."""

    EVENT = 'an event type in quotes, such as "order_completed"'
    STEP = 'an event type in quotes, or event("product_viewed", where=…)'
    CURRENCY = 'a currency in quotes, such as "USD"'
    PURPOSE = 'a purpose in quotes, such as "email"'
    CATEGORY = 'a category in quotes, such as "running shoes"'
    TEXT = "a text in quotes"
    DURATION = 'a duration in quotes, such as "60d"'
    MOMENT = 'a date or an instant in quotes, such as "2026-11-21"'
    SPAN = 'two dates, such as ("2026-11-01", "2026-11-30")'
    CONDITION = 'a condition on the event\'s data, such as category == "running"'
    FIELD = "a field of the event's data, such as category"
    PATH = "a field of the event's data, such as price"
    LIST = "a list in the event's data, such as products"
    TRAIT = "a trait, such as traits.renewal"
    NUMBER = "a whole number, such as 5"
    MODEL = 'what is ranked, in quotes, such as "clv"'


@dataclass(frozen=True, slots=True)
class Function(Generic[F]):
    """A function of the language: an example, its arguments and its options by name.

    The options in `required` have to be given.
    The last arguments may be left out where `optional` says how many; `repeats` is how often the
    last one may come again. `make` gets the arguments in their order, the options by their names,
    and `shop` if `local`: what it stands for depends on the zone of the shop. Without arguments it
    is about the date in the trait that it `assumes`.
    """

    make: Callable[..., Term[F]]
    example: str
    takes: tuple[Argument, ...] = ()
    options: Mapping[str, Argument] = field(default_factory=dict)
    optional: int = 0
    repeats: int = 0
    required: tuple[str, ...] = ()
    local: bool = False
    assumes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Namespace(Generic[F]):
    """Names after a dot: those of `fields`, or with `open` any path of names."""

    fields: Mapping[str, Term[F]] = field(default_factory=dict)
    open: Callable[[tuple[str, ...]], Term[F]] | None = None
    hints: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Vocabulary(Generic[F]):
    """All that rules over the facts F can say. `hints` are for likely wrong words.

    `calendar` are names whose terms depend on the shop's zone. With `paths` any other name begins a
    path into the data of an event. `data` is the vocabulary of conditions on the data of events.
    """

    namespaces: Mapping[str, Namespace[F]] = field(default_factory=dict)
    functions: Mapping[str, Function[F]] = field(default_factory=dict)
    names: Mapping[str, Term[F]] = field(default_factory=dict)
    calendar: Mapping[str, Callable[[ShopContext], Term[F]]] = field(default_factory=dict)
    event_types: frozenset[str] = frozenset()
    hints: Mapping[str, str] = field(default_factory=dict)
    paths: Callable[[tuple[str, ...]], Term[F]] | None = None
    money_fields: frozenset[str] = frozenset()
    list_fields: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()
    data: Vocabulary[Any] | None = None

    def words(self) -> list[str]:
        """Every word that a rule can begin with."""
        return sorted({*self.namespaces, *self.functions, *self.names, *self.calendar})


def reach(value: Any, path: tuple[str, ...]) -> Any:
    """The value at a path of names in plain JSON, None if the path ends early."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
