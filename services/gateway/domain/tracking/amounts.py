"""Money and lines in the properties of an item, in the units and by the names of our events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from contracts.event_fields import MAX_QUANTITY
from contracts.event_types import EVENT_TYPES
from services.gateway.domain.money import currency_code, minor_units, number_of
from services.gateway.domain.tracking.items import Unmappable, is_blank
from services.gateway.domain.tracking.names import with_known_names

# Money that our events read, which must be an amount; and what else a shop tells beside it.
CHECKED_AMOUNTS = ("revenue", "amount", "total", "value", "price")
FURTHER_AMOUNTS = ("subtotal", "shipping", "tax", "discount")
KNOWN_PROPERTIES = frozenset(
    {
        *(name for schema in EVENT_TYPES.values() for name in schema.load_fields),
        *FURTHER_AMOUNTS,
        "coupon_id",
        "checkout_id",
        "list_id",
        "transaction_id",
        "wishlist_id",
    }
)
_LINE_NAMES = frozenset(EVENT_TYPES["product_viewed"].load_fields) | {"quantity"}
_LINE_IDS = ("id", "variant_id", "item_id")
_NO_CURRENCY = (
    "is missing: name the currency of the money, or give the source a currency in its settings"
)


class Properties:
    """The properties of an item under known names, with the currency that their money is in.

    The currency is that of the properties, else of the first line that has one, else the source's.
    """

    def __init__(self, properties: Mapping[str, Any], fallback: Any = None) -> None:
        self.values = with_known_names(properties, KNOWN_PROPERTIES)
        self.lines = _lines(self.values.get("products"))
        named = self.values.get("currency")
        self.currency = currency_code(named)
        if self.currency is None and is_blank(named):
            codes = (currency_code(line.get("currency")) for line in self.lines or ())
            first = next((code for code in codes if code is not None), None)
            self.currency = first or currency_code(fallback)

    def has(self, name: str) -> bool:
        """Whether a property says anything."""
        return not is_blank(self.values.get(name))

    def amount(self, name: str) -> int | None:
        """A property's amount of money in minor units; None if it is absent, or not readable."""
        if self.currency is None or not self.has(name):
            return None
        return minor_units(self.values[name], self.currency)

    def required_amount(self, name: str) -> int:
        """An amount that an event cannot do without."""
        amount = minor_units(self.values.get(name), self.required_currency())
        if amount is None:
            raise Unmappable(
                f"properties.{name}",
                f"must be an amount of {self.currency} in major units, such as 49.99, best as a"
                " number: a text such as 12.990 or 12,990 may be two",
            )
        return amount

    def required_currency(self) -> str:
        """The currency; an amount without one could be cents or yen."""
        if self.currency is None:
            wrong = self.has("currency")
            reason = "must be an ISO 4217 code such as USD or EUR" if wrong else _NO_CURRENCY
            raise Unmappable("properties.currency", reason)
        return self.currency

    def data(self) -> dict[str, Any]:
        """All of it as the data of an event: money in minor units, or left out if it is none."""
        data = {
            name: value
            for name, value in self.values.items()
            if name not in CHECKED_AMOUNTS and name not in FURTHER_AMOUNTS
        }
        for name in (*CHECKED_AMOUNTS, *FURTHER_AMOUNTS):
            amount = self.amount(name)
            if amount is not None and amount >= 0:
                data[name] = amount
            elif name in FURTHER_AMOUNTS and type(self.values.get(name)) is str:
                data[name] = self.values[name]  # a discount of "10%" is none of money
        if self.currency is None:
            data.pop("currency", None)
        elif self.has("currency") or any(name in data for name in CHECKED_AMOUNTS):
            data["currency"] = self.currency
        if "products" in data:
            data["products"] = self.priced_lines()
            if self.lines is None:
                del data["products"]
        return data

    def priced_lines(self) -> list[dict[str, Any]]:
        """The lines, each with its price in minor units."""
        return [_priced(line, self.currency) for line in self.lines or ()]

    def worth(self) -> int | None:
        """What the lines cost together; None if one of them has no price, or is in other money."""
        lines = self.priced_lines()
        if not lines or any(type(line.get("price")) is not int for line in lines):
            return None
        if any(line.get("currency", self.currency) != self.currency for line in lines):
            return None
        costs = [_cost(line) for line in lines]
        return None if None in costs else round(sum(filter(None, costs), Decimal(0)))


def as_custom(sent: Mapping[str, Any]) -> dict[str, Any]:
    """The data of a shop's own event: as it was sent, but money in minor units of its currency."""
    properties = Properties(sent)
    if currency_code(sent.get("currency")) is None:
        return dict(sent)
    data = {**sent, "currency": properties.currency}
    for name in (*CHECKED_AMOUNTS, *FURTHER_AMOUNTS):
        if name in sent and (amount := properties.amount(name)) is not None:
            data[name] = amount
    if "products" in sent and properties.lines is not None:
        data["products"] = properties.priced_lines()
    return data


def as_product(properties: Properties) -> dict[str, Any]:
    """The data of an event about one article."""
    return _identified(properties.data())


def first_amount(properties: Properties, names: Iterable[str]) -> int | None:
    """The first of several properties that says anything, which then must be an amount."""
    for name in names:
        if properties.has(name):
            return properties.required_amount(name)
    return None


def _lines(value: Any) -> list[dict[str, Any]] | None:
    """The lines of a list, of an object with numbered names, or of one line that stands alone."""
    if type(value) is dict:
        numbered = all(type(part) is dict for part in value.values()) and bool(value)
        value = list(value.values()) if numbered else [value]
    if type(value) is not list:
        return None
    return [with_known_names(line, _LINE_NAMES) for line in value if type(line) is dict]


def _priced(line: Mapping[str, Any], currency: str | None) -> dict[str, Any]:
    named = line.get("currency")
    code = currency if is_blank(named) else currency_code(named)
    priced = {name: value for name, value in line.items() if name not in {"price", "currency"}}
    price = None if code is None else minor_units(line.get("price"), code)
    if price is not None:
        priced["price"] = price
        if code != currency:
            priced["currency"] = code
    return _identified(priced)


def _identified(line: dict[str, Any]) -> dict[str, Any]:
    """A line with the id that it has under another name."""
    if is_blank(line.get("product_id")) and is_blank(line.get("sku")):
        for name in _LINE_IDS:
            if not is_blank(line.get(name)):
                return line | {"product_id": line[name]}
    return line


def _cost(line: Mapping[str, Any]) -> Decimal | None:
    """What a line costs: one piece if it does not say how many, or how much by weight."""
    sent = line.get("quantity")
    quantity = Decimal(1) if is_blank(sent) else number_of(sent)
    if quantity is None or not 0 <= quantity <= MAX_QUANTITY:
        return None
    return int(line["price"]) * quantity


Shape = Callable[[Properties], dict[str, Any]]
