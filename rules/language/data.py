"""The data of single events: paths into it, amounts of money in it, and the steps of sequences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from rules.fields import text_or_none
from rules.language.vocabulary import reach
from rules.language.windows import ALWAYS, Window

if TYPE_CHECKING:
    from rules.language.conditions import Condition
    from rules.language.terms import Term

Path = tuple[str, ...]


class DataObject(NamedTuple):
    """An object in the data of events: of what type these are, and the path to it.

    Without a type it is in no data of events.
    """

    event: str = ""
    path: Path = ()

    def inside(self, path: Path) -> DataObject:
        """The object at a path from this one, or each of a list there."""
        return DataObject(self.event, (*self.path, *path))


NOWHERE = DataObject()


@dataclass(frozen=True, slots=True)
class Element:
    """The data of an event, or an object of a list in it, which has a currency from around it."""

    data: Any
    currency: str | None = None

    @classmethod
    def of(cls, data: Any, around: str | None = None) -> Element:
        """The element of an object, whose own currency counts before that around it."""
        return cls(data, currency_in(data) or around)


@dataclass(frozen=True, slots=True)
class Field:
    """What is asked of an event's data: a path, and the currency if it is an amount of money."""

    path: Path
    currency: str = ""

    @property
    def words(self) -> str:
        """The field as people read it."""
        name = ".".join(self.path)
        return f"{name} in {self.currency}" if self.currency else name

    def values(self, data: Any) -> Iterator[Any]:
        """All values at the path; of a list on the way those of all its members."""
        return _walk(data, self.path, self.currency, None)

    def amount(self, element: Element) -> Any:
        """The amount at the path, None without one; one in another currency is none."""
        around = reach(element.data, self.path[:-1])
        if (currency_in(around) or element.currency) != self.currency:
            return None
        return reach(around, self.path[-1:])


@dataclass(frozen=True, slots=True)
class SequenceStep:
    """A kind of event in a sequence: its type, and what holds of its data."""

    event: str
    where: Condition[Element] | None = None

    @property
    def words(self) -> str:
        """The step as people read it."""
        return f"{self.event}{where_words(self.where)}"


@dataclass(frozen=True, slots=True)
class Asked:
    """A term over the events of a type: an aggregate of those in a window."""

    function: str
    event: str
    of: Field | None = None
    where: Condition[Element] | None = None
    window: Window = ALWAYS


@dataclass(frozen=True, slots=True)
class Happened:
    """A term that is true if the number of some events is more than 0, or else if it is 0."""

    number: Asked
    happened: bool


@dataclass(frozen=True, slots=True)
class SinceLast:
    """A term for how long ago the last of some events was."""

    last: Asked


@dataclass(frozen=True, slots=True)
class Quantified:
    """A condition on the objects of a list: `word` is one or each."""

    word: str
    path: Path
    condition: Condition[Element]


@dataclass(frozen=True, slots=True)
class Sequenced:
    """Steps that follow one another within a time; `follows` is whether the last one comes."""

    steps: tuple[SequenceStep, ...]
    within: int | None
    window: Window
    follows: bool


@dataclass(frozen=True, slots=True)
class Calculated:
    """The result of two terms."""

    sign: str
    left: Term[Any]
    right: Term[Any]


@dataclass(frozen=True, slots=True)
class Fixed:
    """A fixed value."""

    value: Any


def currency_in(data: Any) -> str | None:
    """The currency that an object names."""
    return text_or_none(data.get("currency")) if isinstance(data, Mapping) else None


def where_words(where: Condition[Element] | None) -> str:
    """The words for a condition on the data of events."""
    return "" if where is None else f" where {where.describe()}"


def _walk(value: Any, path: Path, currency: str, around: str | None) -> Iterator[Any]:
    if isinstance(value, list | tuple):
        for each in value:
            if not isinstance(each, list | tuple):
                yield from _walk(each, path, currency, around)
    elif not path:
        if value is not None:
            yield value
    elif isinstance(value, Mapping):
        around = currency_in(value) or around
        if not currency or len(path) > 1 or around == currency:
            yield from _walk(value.get(path[0]), path[1:], currency, around)
