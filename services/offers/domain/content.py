"""Content: what a block shows, plain JSON whose texts may hold variables such as `{points}`.

Variables come from a closed list and are filled in one pass: nothing is looked up in a value, and a
value that looks like a variable stays as it is. What a block shows is text and never HTML: the page
escapes it, as values come from shoppers and shops.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import reduce
from typing import Any

from rules import Reads
from services.offers.domain.languages import Languages, same_language
from services.offers.domain.messages import Message, parse_message
from services.offers.domain.variables import VARIABLES, Money, Values


class FieldType(Enum):
    """What a field of a content may be, as a slot declares it.

    A whole placeholder such as "{points}" is a text where the field holds texts, else the value
    itself.
    """

    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    URL = "url"
    IMAGE = "image"
    MONEY = "money"
    TEXTS = "texts"
    JSON = "json"


_OF_TEXTS = frozenset({FieldType.TEXT, FieldType.TEXTS, FieldType.IMAGE})


@dataclass(frozen=True, slots=True)
class Content:
    """A block's content and the placeholders that it needs, in alphabetical order.

    `translations` has, by language, the fields that read otherwise there. `types` has what slots
    declare. Without `languages` values are shown as plain digits.
    """

    body: Mapping[str, Any]
    placeholders: tuple[str, ...]
    translations: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    types: Mapping[str, FieldType] = field(default_factory=dict, compare=False)
    languages: Languages | None = field(default=None, compare=False)
    _compiled: Mapping[str | None, Mapping[str, _Field]] = field(
        init=False, repr=False, compare=False
    )
    _constant: Mapping[str | None, dict[str, Any]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        tags = self.languages.tags if self.languages else (None,)
        compiled = {tag: dict(self._fields(tag)) for tag in tags}
        object.__setattr__(self, "_compiled", compiled)
        constant = {} if self.placeholders else {tag: self._render(tag, {}) for tag in tags}
        object.__setattr__(self, "_constant", constant)

    @property
    def personal(self) -> bool:
        """Whether it shows something that only the shopper may see."""
        return any(VARIABLES[name].is_personal for name in self.placeholders)

    @property
    def reads(self) -> Reads:
        """What it shows of a shopper."""
        return reduce(Reads.__or__, (VARIABLES[name].reads for name in self.placeholders), Reads())

    def missing(self, values: Values) -> tuple[str, ...]:
        """The placeholders that have no value in `values`."""
        return tuple(name for name in self.placeholders if values.get(name) is None)

    def render(self, values: Values, language: object = None) -> dict[str, Any]:
        """The content in the language of a request; each needed value must be in `values`.

        It is not to be changed: what needs no value is the same object for everybody.

        A text that is one placeholder and nothing else becomes the value itself, so that
        `points: "{points}"` gives a number, unless the field is a text. Money becomes its amount in
        minor units, its currency, and how people write it.
        """
        tag = self.languages.match(language) if self.languages else None
        return self._constant[tag] if self._constant else self._render(tag, values)

    def _render(self, tag: str | None, values: Values) -> dict[str, Any]:
        return {name: part.render(values) for name, part in self._compiled[tag].items()}

    def _fields(self, tag: str | None) -> Iterator[tuple[str, _Field]]:
        chain = self.languages.chain(tag) if self.languages and tag else [None]
        for name, value in self.body.items():
            found, own = value, chain[-1]
            for each in chain:
                if each is not None and name in (texts := self.translations.get(each, {})):
                    found, own = texts[name], each
                    break
            shows = tag if tag and own and same_language(tag, own) else own
            yield name, _Field(_compile(found), shows, self.types.get(name))


@dataclass(frozen=True, slots=True)
class _Field:
    """A field in one language: its compiled value, and the language in which values are shown."""

    node: Any
    language: str | None
    type: FieldType | None

    def render(self, values: Values) -> Any:
        if self.type in _OF_TEXTS:
            return _walk(self.node, lambda message: message.show(values, self.language))
        if self.type is FieldType.MONEY and isinstance(self.node, dict):
            return _shown_money(Money(**self.node), self.language)
        return _walk(self.node, lambda message: _value(message, values, self.language))


def _compile(value: Any) -> Any:
    """The value with its texts parsed, those alone that hold anything to fill in."""
    if isinstance(value, str):
        return parse_message(value) if "{" in value else value
    if isinstance(value, list):
        return [_compile(item) for item in value]
    if isinstance(value, dict):
        return {key: _compile(item) for key, item in value.items()}
    return value


def _walk(node: Any, show_message: Callable[[Message], Any]) -> Any:
    if isinstance(node, Message):
        return show_message(node)
    if isinstance(node, list):
        return [_walk(item, show_message) for item in node]
    if isinstance(node, dict):
        return {key: _walk(item, show_message) for key, item in node.items()}
    return node


def _value(message: Message, values: Values, language: str | None) -> Any:
    if message.whole is None:
        return message.show(values, language)
    value = values[message.whole]
    return _shown_money(value, language) if isinstance(value, Money) else value


def _shown_money(money: Money, language: str | None) -> dict[str, Any]:
    """An amount as programs and people read it; without a language there is no text."""
    text = {"text": money.show(language)} if language is not None else {}
    return {**money.to_wire(), **text}
