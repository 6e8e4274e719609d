"""Variables: what the texts of a content can show of a shopper and of a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Any
from unicodedata import category

from chassis.core.languages import format_money, format_number
from rules import Reads
from rules.language.units import decimals_of

_LOYALTY_TRAITS = frozenset({"loyalty_tier", "loyalty_enrolled"})
_LOYALTY = Reads(
    traits=_LOYALTY_TRAITS,
    trait_paths=frozenset((name,) for name in _LOYALTY_TRAITS),
    points=True,
)
_FIRST_NAME = Reads(traits=frozenset({"first_name"}), trait_paths=frozenset({("first_name",)}))
_LONGEST_VALUE = 100
# Persian and the languages of India spell with these, and emoji of several people have them.
_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of an ISO 4217 currency."""

    amount: int
    currency: str

    def to_wire(self) -> dict[str, Any]:
        return {"amount": self.amount, "currency": self.currency}

    def show(self, language: str) -> str:
        """The amount as people write it in the language."""
        major = Decimal(self.amount).scaleb(-decimals_of(self.currency))
        return format_money(language, major, self.currency)


Value = int | float | str | Money
Values = Mapping[str, Value | None]


class VariableKind(Enum):
    """The kinds of values; the text completes "is …"."""

    NUMBER = "a number"
    TEXT = "a text"
    MONEY = "an amount of money"


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable by its name, what it shows, and what it reads of a shopper."""

    name: str
    kind: VariableKind
    meaning: str
    reads: Reads = field(default_factory=Reads)

    @property
    def is_personal(self) -> bool:
        """Whether it shows something that only the shopper may see."""
        return self.reads != Reads()


_NUMBER, _TEXT, _MONEY = VariableKind.NUMBER, VariableKind.TEXT, VariableKind.MONEY
VARIABLES: Mapping[str, Variable] = {
    each.name: each
    for each in (
        Variable("points", _NUMBER, "the shopper's points", _LOYALTY),
        Variable("points_pending", _NUMBER, "the points whose return window is open", _LOYALTY),
        Variable("tier", _TEXT, "the shopper's tier in the loyalty programme", _LOYALTY),
        Variable("next_tier", _TEXT, "the tier above", _LOYALTY),
        Variable("points_to_next_tier", _NUMBER, "how many points are missing to it", _LOYALTY),
        Variable("points_with_order", _NUMBER, "the points together with this order's", _LOYALTY),
        Variable("tier_with_order", _TEXT, "the higher tier that these reach", _LOYALTY),
        Variable("first_name", _TEXT, "the trait `first_name`", _FIRST_NAME),
        Variable("points_to_earn", _NUMBER, "the points that this order would earn"),
        Variable("order_value", _MONEY, "the value of the basket or the order"),
        Variable("to_free_delivery", _MONEY, "what is missing to free delivery"),
        Variable("item_count", _NUMBER, "the number of articles in the basket"),
        Variable("item", _TEXT, "the article of the basket that the offer goes with"),
        Variable("stock_left", _NUMBER, "how many are left of the offer's article, else of the "
                 "article in the basket that is scarcest"),
        Variable("scarce_item", _TEXT, "the name of that article, if the basket has it"),
        Variable("rating", _NUMBER, "the rating of the request"),
        Variable("review_count", _NUMBER, "how many reviews it comes from"),
        Variable("referrer", _TEXT, "the site that sent the shopper here"),
    )
}  # fmt: skip


def bounded(value: object) -> str | None:
    """A text of a shopper or a request as it may be shown: printable, and not long."""
    if not isinstance(value, str):
        return None
    text = " ".join("".join(map(_as_shown, value)).split())
    if not text.strip(_JOINERS):
        return None
    if len(text) > _LONGEST_VALUE:
        text = text[: _LONGEST_VALUE - 1].rstrip() + "…"
    return text


def _as_shown(character: str) -> str:
    """A character as it may be shown: soft hyphens and the like are nothing, line ends a space."""
    if character.isprintable() or character in _JOINERS:
        return character
    return "" if category(character) == "Cf" else " "


def show(value: Value, language: str | None) -> str:
    """A value in a text; without a language the plain one."""
    if isinstance(value, str) or language is None:
        return str(value)
    if isinstance(value, Money):
        return value.show(language)
    return format_number(language, value)
