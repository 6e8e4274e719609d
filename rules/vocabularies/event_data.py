"""What a condition `where=` can ask: the fields of an event's data, and of the lists in it."""
# ruff: noqa: ARG005 - all terms share one signature, and few need all of it

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from rules.fields import mappings_in, whole_or_none
from rules.language.calendar import day_of
from rules.language.conditions import Condition
from rules.language.data import Element, Field, Path, Quantified
from rules.language.terms import Kind, Term
from rules.language.vocabulary import Argument, Function, Vocabulary, reach

MONEY_FIELDS = frozenset({"amount", "price", "revenue", "total", "value"})
LIST_FIELDS = frozenset({"products"})


def _path(path: Path) -> Term[Element]:
    return Term(
        Kind.FIELD,
        ".".join(path),
        lambda element, now: reach(element.data, path),
        meaning=Field(path),
    )


def _quantified(
    quantify: Callable[[Iterable[bool]], bool], word: str
) -> Callable[[Path, Condition[Element]], Term[Element]]:
    def make(path: Path, condition: Condition[Element]) -> Term[Element]:
        def read(element: Element, now: int) -> bool:
            members = mappings_in(reach(element.data, path)) or ()
            return quantify(
                condition.evaluate(Element.of(member, element.currency), now)[0]
                for member in members
            )

        return Term(
            Kind.TRUTH,
            f"{word} of {'.'.join(path)} fulfils ({condition.describe()})",
            read,
            missable=False,
            meaning=Quantified(word, path, condition),
        )

    return make


def _amount(path: Path, currency: str) -> Term[Element]:
    priced = Field(path, currency)
    return Term(
        Kind.MONEY,
        priced.words,
        lambda element, now: whole_or_none(priced.amount(element)),
        currency=currency,
        meaning=priced,
    )


def _date(path: Path, shop: Any) -> Term[Element]:
    return Term(
        Kind.DATE,
        f"the date of {'.'.join(path)}",
        lambda element, now: day_of(reach(element.data, path), shop.zone),
    )


DATA_VOCABULARY: Vocabulary[Element] = Vocabulary(
    functions={
        "any": Function(
            _quantified(any, "one"),
            'any(products, category == "running")',
            (Argument.LIST, Argument.CONDITION),
        ),
        "all": Function(
            _quantified(all, "each"),
            'all(products, category == "running")',
            (Argument.LIST, Argument.CONDITION),
        ),
        "amount": Function(_amount, 'amount(price, "USD")', (Argument.PATH, Argument.CURRENCY)),
        "date": Function(_date, "date(delivery)", (Argument.PATH,), local=True),
    },
    paths=_path,
    money_fields=MONEY_FIELDS,
    list_fields=LIST_FIELDS,
    hints=dict.fromkeys(
        ("bought", "count", "exists", "first", "last", "never", "orders", "revenue", "sum"),
        "a condition on the data of an event asks for its fields, as in category",
    ),
)
