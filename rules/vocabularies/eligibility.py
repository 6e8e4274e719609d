"""What eligibility rules of offers can ask: the shopper's segments and traits, and this request."""

# ruff: noqa: ARG001, ARG005 - all terms share one signature, and few need all of it

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.countries import COUNTRIES, country_meant
from contracts.offers import Referrer
from rules.fields import number_or_none, purpose_name, text_or_none, whole_or_none
from rules.language.reads import Reads
from rules.language.terms import Kind, Term
from rules.language.vocabulary import Argument, Function, Namespace, Vocabulary, reach
from rules.vocabularies.segments import HINTS, SEGMENT_VOCABULARY


@dataclass(frozen=True, slots=True)
class Situation:
    """One request of one shopper.

    `context` is the request's, as contracts accepted it: items [{category, sku, quantity, …}],
    value in minor units of its currency, device, referrer, language, country, store, rating,
    review_count, stock {sku: pieces}. `identified` says whether the shopper is known, `assurance`
    how surely (verified, claimed, device, none).
    """

    traits: Mapping[str, Any] = field(default_factory=dict)
    segments: frozenset[str] = frozenset()
    context: Mapping[str, Any] = field(default_factory=dict)
    identified: bool = False
    assurance: str = "none"
    consent: Mapping[str, bool] = field(default_factory=dict)
    points: int = 0

    def items(self) -> list[Mapping[str, Any]]:
        """The articles of the request's basket."""
        items = self.context.get("items")
        if not isinstance(items, list | tuple):
            return []
        return [item for item in items if isinstance(item, Mapping)]


def _text(name: str) -> Term[Situation]:
    def read(situation: Situation, now: int) -> str | None:
        return text_or_none(situation.context.get(name))

    return Term(
        Kind.TEXT,
        f"the request's {name}",
        read,
        lowercase=name in ("device", "referrer"),
        uppercase=name in ("country", "currency"),
        doubt=_DOUBTS.get(name),
    )


def _doubt_country(text: str) -> str | None:
    if text in COUNTRIES:
        return None
    meant = country_meant(text)
    return f'it is a code of ISO 3166 in capitals, write "{meant if meant in COUNTRIES else "DE"}"'


def _doubt_host(text: str) -> str | None:
    host = _REFERRER.read(text)
    is_other = host is not None and host != text.lower()
    return f'it is a host without "www." and path, write "{host}"' if is_other else None


_REFERRER = Referrer()
_DOUBTS = {"country": _doubt_country, "referrer": _doubt_host}


def _of_items(name: str, label: str) -> Term[Situation]:
    def read(situation: Situation, now: int) -> frozenset[str]:
        values = (item.get(name) for item in situation.items())
        return frozenset(value for value in values if isinstance(value, str))

    return Term(Kind.LIST, label, read, missable=False)


def _item_count(situation: Situation, now: int) -> int | None:
    if situation.context.get("items") is None:
        return None
    quantities = (whole_or_none(item.get("quantity")) for item in situation.items())
    return sum(1 if quantity is None else max(quantity, 0) for quantity in quantities)


def _lowest_stock(situation: Situation, now: int) -> int | None:
    stock = situation.context.get("stock")
    if not isinstance(stock, Mapping):
        return None
    pieces = (whole_or_none(stock.get(item.get("sku"))) for item in situation.items())
    return min((each for each in pieces if each is not None), default=None)


def _reviews(name: str, label: str, *, whole: bool, most: int | None) -> Term[Situation]:
    return Term(
        Kind.NUMBER,
        label,
        lambda situation, now: number_or_none(situation.context.get(name)),
        whole=whole,
        range=(0, most),
    )


def _basket_value(currency: str) -> Term[Situation]:
    def read(situation: Situation, now: int) -> int | None:
        if situation.context.get("currency") != currency:
            return None
        return whole_or_none(situation.context.get("value"))

    return Term(Kind.MONEY, f"the basket's value in {currency}", read, currency=currency)


def _has_consent(purpose: str) -> Term[Situation]:
    name = purpose_name(purpose)
    return Term(
        Kind.TRUTH,
        f"consent to {purpose}",
        lambda situation, now: situation.consent.get(name) is True,
        missable=False,
        reads=Reads(consent=frozenset({name})),
    )


def _loyalty_points() -> Term[Situation]:
    return Term(
        Kind.NUMBER,
        "the loyalty points",
        lambda situation, now: situation.points,
        missable=False,
        reads=Reads(points=True),
    )


def _trait(path: tuple[str, ...]) -> Term[Situation]:
    return Term(
        Kind.ANY,
        f"the trait {'.'.join(path)}",
        lambda situation, now: reach(situation.traits, path),
        reads=Reads(traits=frozenset({path[0]}), trait_paths=frozenset({path})),
    )


_HISTORY = 'offers have no history: make a segment of it and write "my_segment" in segments'

_ONLY_SEGMENTS = [
    *SEGMENT_VOCABULARY.functions,
    *SEGMENT_VOCABULARY.calendar,
    "days_since",
    "spent",
    "now",
]

ELIGIBILITY_VOCABULARY: Vocabulary[Situation] = Vocabulary(
    namespaces={
        "traits": Namespace(open=_trait),
        "context": Namespace(
            {
                "currency": _text("currency"),
                "device": _text("device"),
                "referrer": _text("referrer"),
                "language": _text("language"),
                "country": _text("country"),
                "store": _text("store"),
                "rating": _reviews("rating", "the rating", whole=False, most=5),
                "review_count": _reviews(
                    "review_count", "the number of reviews", whole=True, most=None
                ),
                "lowest_stock": Term(
                    Kind.NUMBER,
                    "the least stock of an article in the basket",
                    _lowest_stock,
                    range=(0, None),
                ),
                "categories": _of_items("category", "the categories in the basket"),
                "skus": _of_items("sku", "the articles in the basket"),
                "item_count": Term(
                    Kind.NUMBER, "the number of articles in the basket", _item_count
                ),
            },
            hints={
                "value": 'an amount needs its currency: write basket_value("USD") >= 50',
                "items": 'write "running" in context.categories, or context.item_count > 1',
                "category": 'write "running" in context.categories',
                "sku": 'write "W-100" in context.skus',
            },
        ),
    },
    functions={
        "basket_value": Function(_basket_value, 'basket_value("USD")', (Argument.CURRENCY,)),
        "has_consent": Function(_has_consent, 'has_consent("email")', (Argument.PURPOSE,)),
        "loyalty_points": Function(_loyalty_points, "loyalty_points()"),
    },
    names={
        "segments": Term(
            Kind.LIST,
            "the shopper's segments",
            lambda situation, now: situation.segments,
            missable=False,
            reads_member=lambda segment: Reads(segments=frozenset({segment})),
        ),
        "identified": Term(
            Kind.TRUTH,
            "a shopper whom we know",
            lambda situation, now: situation.identified,
            missable=False,
        ),
        "assurance": Term(
            Kind.TEXT,
            "the assurance",
            lambda situation, now: situation.assurance,
            missable=False,
            choices=frozenset({"verified", "claimed", "device", "none"}),
        ),
    },
    hints={
        **HINTS,
        **dict.fromkeys(_ONLY_SEGMENTS, _HISTORY),
        "cart_value": 'write basket_value("USD")',
        "cart_items": "write context.item_count",
        "segment": 'write "high_value" in segments',
    },
)
