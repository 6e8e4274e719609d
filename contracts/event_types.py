"""The vocabulary: the event types that the platform understands, and what their data must hold.

Further fields in `data` are the shop's own, and so are further event types. Money is in minor units
with its currency. A field that is optional here may also be null.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import INCLUDE, ValidationError, validates_schema

from chassis.validation.fields import (
    Amount,
    Boolean,
    Instant,
    Integer,
    JsonValue,
    ListOf,
    MapOf,
    Name,
    Nested,
    Text,
)
from chassis.validation.schema import StrictSchema
from contracts.fields import Currency

MAX_PRODUCTS = 500
MAX_QUANTITY = 1_000_000
MAX_TEXT = 200
MAX_STORE = 64
MAX_POINTS = 10**12

MAX_REVISION = 2**53 - 1

RESERVED = frozenset({"identity_changed", "order_moved"})
RESERVED_PREFIX = "segment_"


LOYALTY_TRAITS = {"loyalty_tier": Text(longest=64), "loyalty_enrolled": Boolean()}


class EventType(Name):
    """The snake_case name of an event type that is not the platform's own."""

    def read(self, value: Any) -> str:
        name = super().read(value)
        if name in RESERVED or name.startswith(RESERVED_PREFIX):
            raise ValidationError("is reserved for the platform's own events; choose another name")
        return name


class Moment(Instant):
    """An instant that is recorded as it was sent."""

    def read(self, value: Any) -> Any:
        super().read(value)
        return value

    def _serialize(self, value: Any, *_args: Any, **_kwargs: Any) -> Any:
        return value


class EventData(StrictSchema):
    """The base of all event data: known fields are checked, others are taken as they are."""

    class Meta:
        unknown = INCLUDE


class NoData(EventData):
    """Data without any field that the platform reads."""


class Product(EventData):
    """A product: `product_id` or `sku`; `price` is that of one piece."""

    product_id = Text(longest=MAX_TEXT)
    sku = Text(longest=MAX_TEXT)
    name = Text(longest=1_000)
    category = Text(longest=MAX_TEXT)
    price = Amount()
    currency = Currency()

    @validates_schema
    def _is_named(self, data: Mapping[str, Any], **_kwargs: Any) -> None:
        if "product_id" not in data and "sku" not in data:
            raise ValidationError("is missing: give product_id or sku", "product_id")


class OrderLine(Product):
    """A line of an order or a cart: a product and how many pieces of it."""

    quantity = Integer(required=True, least=1, most=MAX_QUANTITY)


class ValuedData(EventData):
    """What may have products and a value, which then has a currency."""

    products = ListOf(Nested(OrderLine()), most=MAX_PRODUCTS)
    value = Amount()
    currency = Currency()

    @validates_schema
    def _value_has_currency(self, data: Mapping[str, Any], **_kwargs: Any) -> None:
        if "value" in data and "currency" not in data:
            raise ValidationError("is missing: a value needs its currency", "currency")


class CartUpdated(ValuedData):
    """The cart as it now stands; `products: []` is an empty cart."""

    cart_id = Text(longest=MAX_TEXT)
    products = ListOf(Nested(OrderLine()), most=MAX_PRODUCTS, required=True)


class CheckoutStarted(ValuedData):
    """A shopper has come to the checkout."""

    cart_id = Text(longest=MAX_TEXT)
    order_id = Text(longest=MAX_TEXT)


class CheckoutCompleted(EventData):
    """A checkout has ended in an order; what was ordered is told by the order."""

    cart_id = Text(longest=MAX_TEXT)


class OrderData(EventData):
    """What every event of an order has: ids count within a `store`.

    What was told last wins, or what has the greatest `revision`, where a shop numbers them.
    """

    order_id = Text(longest=MAX_TEXT, required=True)
    store = Text(longest=MAX_STORE)
    revision = Integer(least=0, most=MAX_REVISION)


class OrderCompleted(OrderData):
    """A paid order: `revenue` is what the shopper paid for the products, in minor units.

    It is dated `placed_at`, else by its first completion. `cart_id` is the cart that it was.
    """

    revenue = Amount(required=True)
    currency = Currency(required=True)
    products = ListOf(Nested(OrderLine()), most=MAX_PRODUCTS)
    placed_at = Moment()
    cart_id = Text(longest=MAX_TEXT)


class OrderUpdated(OrderData):
    """A completed order has changed: what is told replaces what was, and the rest stays."""

    revenue = Amount()
    currency = Currency()
    products = ListOf(Nested(OrderLine()), most=MAX_PRODUCTS)
    placed_at = Moment()

    @validates_schema
    def _revenue_has_currency(self, data: Mapping[str, Any], **_kwargs: Any) -> None:
        if "revenue" in data and "currency" not in data:
            raise ValidationError("is missing: a revenue needs its currency", "currency")


class OrderRefunded(OrderData):
    """A refund of an order, once for each `refund_id`, in minor units.

    What was refunded is `amount`, else `total`, else what its products cost, else the whole order.
    """

    refund_id = Text(longest=MAX_TEXT)
    amount = Amount()
    total = Amount()
    currency = Currency()
    products = ListOf(Nested(OrderLine()), most=MAX_PRODUCTS)

    @validates_schema
    def _amount_has_currency(self, data: Mapping[str, Any], **_kwargs: Any) -> None:
        if "amount" in data and "currency" not in data:
            raise ValidationError("is missing: an amount needs its currency", "currency")


class OrderCancelled(OrderData):
    """An order was cancelled: it counts no longer, unless a later `order_completed` revives it."""


class OrderFulfilled(OrderData):
    """The articles of an order are on their way."""

    products = ListOf(Nested(OrderLine()), most=MAX_PRODUCTS)


class Traits(MapOf):
    """Traits by name, null to take one away; those of the loyalty programme have their types."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(JsonValue(), **kwargs)

    def read(self, value: Any) -> dict[str, Any]:
        traits = super().read(value)
        for name, field in LOYALTY_TRAITS.items():
            try:
                field.deserialize(traits.get(name))
            except ValidationError as error:
                raise ValidationError({name: error.messages}) from None
        return traits


class TraitsChanged(EventData):
    """What is said of the shopper."""

    traits = Traits(required=True)


class ConsentChanged(EventData):
    """Consent to one `purpose`, `granted` or not; or to several, as `purposes: {purpose: bool}`."""

    purpose = Text(longest=64)
    granted = Boolean()
    purposes = MapOf(Boolean())

    @validates_schema
    def _says_which(self, data: Mapping[str, Any], **_kwargs: Any) -> None:
        if "purposes" in data:
            if "purpose" in data or "granted" in data:
                raise ValidationError("give either purpose and granted, or purposes", "purposes")
        elif "purpose" not in data:
            raise ValidationError("is missing: give purpose and granted, or purposes", "purpose")
        elif "granted" not in data:
            raise ValidationError("is missing: true or false", "granted")


class LoyaltyEnrolled(EventData):
    """A shopper has joined the loyalty programme, perhaps at a tier."""

    tier = Text(longest=64)


class LoyaltyPointsChanged(EventData):
    """`points` are added, or taken away where they are negative.

    With a `reference` they count once, however often it is told; with an `order_id` alone, the same
    number of points counts once for the order.
    """

    points = Integer(required=True, least=-MAX_POINTS, most=MAX_POINTS)
    reference = Text(longest=MAX_TEXT)
    order_id = Text(longest=MAX_TEXT)
    store = Text(longest=MAX_STORE)


class LoyaltyTierChanged(EventData):
    """The tier that a shopper has from now on."""

    tier = Text(longest=64, required=True)


EVENT_TYPES: Mapping[str, EventData] = {
    "product_viewed": Product(),
    "cart_updated": CartUpdated(),
    "checkout_started": CheckoutStarted(),
    "checkout_completed": CheckoutCompleted(),
    "order_completed": OrderCompleted(),
    "order_updated": OrderUpdated(),
    "order_fulfilled": OrderFulfilled(),
    "order_refunded": OrderRefunded(),
    "order_cancelled": OrderCancelled(),
    "signed_in": NoData(),
    "signed_out": NoData(),
    "traits_changed": TraitsChanged(),
    "consent_changed": ConsentChanged(),
    "loyalty_enrolled": LoyaltyEnrolled(),
    "loyalty_points_changed": LoyaltyPointsChanged(),
    "loyalty_tier_changed": LoyaltyTierChanged(),
}
