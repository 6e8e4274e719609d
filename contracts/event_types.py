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
    Integer,
    ListOf,
    Name,
    Nested,
    Text,
)
from chassis.validation.schema import Mending, Parts, StrictSchema
from chassis.validation.slips import meant_name
from contracts.event_fields import (
    MAX_POINTS,
    MAX_PRODUCTS,
    MAX_REVISION,
    MAX_SAVED_ID,
    MAX_STORE,
    MAX_TEXT,
    CartNumber,
    Consent,
    Id,
    Label,
    LastDigits,
    Moment,
    NewTier,
    OrderLines,
    OrderNumber,
    Purposes,
    Quantity,
    Reference,
    RefundAmount,
    Traits,
)
from contracts.fields import Country, Currency

_NO_ORDER = "is missing: name the order, or send without_order: true if the refund belongs to none"
_NO_AMOUNT = "is missing: a refund without an order says how much went back"
_TWO_WORDS = (
    "contradicts without_order: leave it out, as the number of a credit note is its refund_id;"
    " or leave without_order out"
)
RESERVED = frozenset({"identity_changed", "order_moved", "consent_refused"})
RESERVED_PREFIX = "segment_"
SAVED_DETAILS = frozenset(
    {"address_saved", "address_removed", "payment_method_saved", "payment_method_removed"}
)
"""What an account keeps for its checkouts: its own word for it, or the shop's."""
ACCOUNT_EVENTS = frozenset({"signed_in", "account_created", "account_updated", "traits_changed"})
"""What an account says of itself: its addresses are its own."""
UNCHECKED_EVENTS = frozenset({"account_created", "account_updated", "contact_released"})
"""The types that mean something to the platform by their identifiers alone."""


class EventType(Name):
    """The snake_case name of an event type that is not the platform's own."""

    def read(self, value: Any) -> str:
        name = super().read(value)
        if name in RESERVED or name.startswith(RESERVED_PREFIX):
            raise ValidationError("is reserved for the platform's own events; choose another name")
        return name

    def mend(self, value: Any, mending: Mending, parts: Parts) -> Any:
        """A known type for `Order Completed`; a name of the shop's own is left as it is."""
        name = meant_name(value) if type(value) is str else ""
        if name == value or (name not in EVENT_TYPES and name not in UNCHECKED_EVENTS):
            return value
        mending.warn(parts, f"was read as {name}; write it so")
        return name


class EventData(StrictSchema):
    """The base of all event data: known fields are checked, others are taken as they are."""

    class Meta:
        unknown = INCLUDE

    personal: frozenset[str] = frozenset()
    """The known fields that say something about a person: they are shown on request alone"""

    def shortened(self, data: dict[str, Any]) -> dict[str, Any] | None:
        """The data without its lines, for an event that is too large; None if it needs them."""
        if "products" not in self.load_fields or "products" not in data:
            return None
        return {name: value for name, value in data.items() if name != "products"}

    def known(self, data: dict[str, Any]) -> dict[str, Any]:
        """The data with those fields alone that the platform reads, in its lines too."""
        known = {name: value for name, value in data.items() if name in self.load_fields}
        if type(lines := known.get("products")) is list:
            known["products"] = [_known_fields(line) for line in lines]
        return known


class NoData(EventData):
    """Data without any field that the platform reads."""


class Product(EventData):
    """A product: `product_id` or `sku`; `price` is that of one piece."""

    product_id = Id()
    sku = Id()
    name = Text(longest=1_000)
    category = Label(longest=MAX_TEXT)
    price = Amount()
    currency = Currency()

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _is_named(self, data: Any, original: Any, **_kwargs: Any) -> None:
        if "product_id" in data or "sku" in data:
            return
        if _lacks(original, "product_id") and _lacks(original, "sku"):
            raise ValidationError("is missing: give product_id or sku", "product_id")


class OrderLine(Product):
    """A line of an order or a cart: a product and how many pieces of it, one if it is not said.

    A quantity of 0 is a line that was removed.
    """

    quantity = Quantity()


class RefundLine(EventData):
    """A line of a refund: an article, or else what was paid for, such as a tip."""

    product_id = Id()
    sku = Id()
    name = Text(longest=1_000)
    category = Label(longest=MAX_TEXT)
    price = RefundAmount()
    currency = Currency()
    quantity = Quantity()


class ValuedData(EventData):
    """What may have products and a value, which then has a currency."""

    products = OrderLines(Nested(OrderLine()), most=MAX_PRODUCTS)
    value = Amount()
    currency = Currency()

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _value_has_currency(self, _data: Any, original: Any, **_kwargs: Any) -> None:
        if _has(original, "value") and _lacks(original, "currency"):
            raise ValidationError("is missing: a value needs its currency", "currency")


class CartUpdated(ValuedData):
    """The cart as it now stands; `products: []` is an empty cart."""

    cart_id = CartNumber()
    products = OrderLines(Nested(OrderLine()), most=MAX_PRODUCTS, required=True)

    def shortened(self, data: dict[str, Any]) -> dict[str, Any] | None:
        """Without lines it would be an empty cart: they lose the fields that are a shop's own."""
        lines = data.get("products")
        if type(lines) is not list:
            return None
        return data | {"products": [_known_fields(line) for line in lines]}


class CheckoutStarted(ValuedData):
    """A shopper has come to the checkout."""

    cart_id = CartNumber()
    order_id = Reference()


class CheckoutCompleted(EventData):
    """A checkout has ended in an order; what was ordered is told by the order."""

    cart_id = CartNumber()


class OrderData(EventData):
    """What every event of an order has: ids count within a `store`.

    What was told last wins, or what has the greatest `revision`, where a shop numbers them.
    """

    order_id = Reference(required=True)
    store = Reference(longest=MAX_STORE)
    revision = Integer(least=0, most=MAX_REVISION)


class OrderCompleted(OrderData):
    """A paid order: `revenue` is what the shopper paid for the products, in minor units.

    It is dated `placed_at`, else by its first completion. `cart_id` is the cart that it was.
    """

    revenue = Amount(required=True)
    currency = Currency(required=True)
    products = OrderLines(Nested(OrderLine()), most=MAX_PRODUCTS)
    placed_at = Moment()
    cart_id = CartNumber()


class OrderUpdated(OrderData):
    """A completed order has changed: what is told replaces what was, and the rest stays."""

    revenue = Amount()
    currency = Currency()
    products = OrderLines(Nested(OrderLine()), most=MAX_PRODUCTS)
    placed_at = Moment()

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _revenue_has_currency(self, _data: Any, original: Any, **_kwargs: Any) -> None:
        if _has(original, "revenue") and _lacks(original, "currency"):
            raise ValidationError("is missing: a revenue needs its currency", "currency")


class OrderRefunded(OrderData):
    """A refund, once for each `refund_id`, in minor units: of an order, or `without_order`.

    Of an order what was refunded is `amount`, else `total`, else what its products cost, else the
    whole order. `without_order` is true for a credit note, say, that names none: it has no
    `order_id`, but an `amount` or `total`, which lowers the shopper's revenue at its own time.
    """

    order_id = OrderNumber()
    without_order = Boolean()
    refund_id = Reference()
    amount = RefundAmount()
    total = RefundAmount()
    currency = Currency()
    products = OrderLines(Nested(RefundLine()), most=MAX_PRODUCTS)

    alternatives = {  # noqa: RUF012 - as marshmallow's schemas have theirs
        "amount": ("total", "products"),
        "total": ("amount", "products"),
        "order_id": ("without_order",),
        "without_order": ("order_id",),
    }

    def stands_for(self, name: str, value: Mapping[str, Any]) -> bool:
        """Lines say how much went back only if each of them has its price."""
        if name != "products":
            return super().stands_for(name, value)
        lines = value.get("products")
        return bool(lines) and type(lines) is list and not any(_lacks_price(line) for line in lines)

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _amount_has_currency(self, _data: Any, original: Any, **_kwargs: Any) -> None:
        if _lacks(original, "currency"):
            for name in ("amount", "total"):
                if _has(original, name):
                    raise ValidationError(f"is missing: the {name} needs its currency", "currency")

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _belongs_to_one_order_or_none(self, _data: Any, original: Any, **_kwargs: Any) -> None:
        if not is_unlinked(original):
            if _lacks(original, "order_id"):
                raise ValidationError(_NO_ORDER, "order_id")
        elif _has(original, "order_id"):
            raise ValidationError(_TWO_WORDS, "order_id")
        elif not _has_amount(original):
            raise ValidationError(_NO_AMOUNT, "amount")

    def shortened(self, data: dict[str, Any]) -> dict[str, Any] | None:
        """Without an amount the lines say what was refunded."""
        return super().shortened(data) if _has_amount(data) else None

    def mend(self, value: Any, mending: Mending, parts: Parts = ()) -> Any:
        """Without an amount every line counts, so none is left out."""
        lines = value.get("products") if type(value) is dict else None
        mended = super().mend(value, mending, parts)
        if lines is None or _has_amount(mended):
            return mended
        return mended | {"products": _REFUND_LINES.mend(lines, Mending(), ())}


class OrderCancelled(OrderData):
    """An order was cancelled: it counts no longer, unless a later `order_completed` revives it."""


class OrderFulfilled(OrderData):
    """The articles of an order are on their way."""

    products = OrderLines(Nested(OrderLine()), most=MAX_PRODUCTS)


class TraitsChanged(EventData):
    """What is said of the shopper."""

    traits = Traits(required=True)

    personal = frozenset({"traits"})


class ConsentChanged(EventData):
    """Consent to one `purpose`, `granted` or not; or to several, as `purposes: {purpose: bool}`."""

    purpose = Label(longest=64)
    granted = Consent()
    purposes = Purposes()

    alternatives = {"granted": ("purposes",)}  # noqa: RUF012 - as marshmallow's schemas have theirs

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _says_which(self, _data: Any, original: Any, **_kwargs: Any) -> None:
        if _has(original, "purposes"):
            if _has(original, "purpose") or _has(original, "granted"):
                raise ValidationError("give either purpose and granted, or purposes", "purposes")
        elif _lacks(original, "purpose"):
            raise ValidationError("is missing: give purpose and granted, or purposes", "purpose")
        elif _lacks(original, "granted"):
            raise ValidationError("is missing: true or false", "granted")


class LoyaltyEnrolled(EventData):
    """A shopper has joined the loyalty programme, perhaps at a tier."""

    tier = Label(longest=64)


class LoyaltyPointsChanged(EventData):
    """`points` are added, or taken away where they are negative.

    With a `reference` they count once, however often it is told; with an `order_id` alone, the same
    number of points counts once for the order.
    """

    points = Integer(required=True, least=-MAX_POINTS, most=MAX_POINTS)
    reference = Reference()
    order_id = Reference()
    store = Reference(longest=MAX_STORE)


class LoyaltyTierChanged(EventData):
    """The tier that a shopper has from now on."""

    tier = NewTier(longest=64, required=True)


class Address(EventData):
    """Where something is sent or billed to, as the fields of a form."""

    name = Text(longest=MAX_TEXT)
    company = Text(longest=MAX_TEXT)
    line1 = Text(longest=MAX_TEXT, required=True)
    line2 = Text(longest=MAX_TEXT)
    city = Text(longest=MAX_TEXT)
    region = Text(longest=MAX_TEXT)
    postal_code = Text(longest=32)
    country = Country()
    phone = Text(longest=32)


class AddressSaved(EventData):
    """A shopper keeps an address for the next checkout, or changes the one of this `address_id`."""

    address_id = Reference(longest=MAX_SAVED_ID, required=True)
    address = Nested(Address(), required=True)
    label = Text(longest=64)
    default = Boolean()

    personal = frozenset({"address", "label"})


class AddressRemoved(EventData):
    """A shopper keeps an address no longer."""

    address_id = Reference(longest=MAX_SAVED_ID, required=True)


class PaymentMethodRemoved(EventData):
    """A shopper keeps a payment method no longer: the provider's token that it was saved by."""

    provider = Label(longest=64, required=True)
    token = Reference(longest=MAX_SAVED_ID, required=True)

    personal = frozenset({"provider", "token"})


class PaymentMethodSaved(PaymentMethodRemoved):
    """A shopper keeps a payment method: the provider's token, and what the shop's form shows of it.

    A card number is never sent: `last4` has its last four digits.
    """

    brand = Label(longest=32, required=True)
    last4 = LastDigits(required=True)
    exp_month = Integer(least=1, most=12)
    exp_year = Integer(least=2000, most=2199)
    default = Boolean()

    personal = frozenset({"provider", "token", "brand", "last4", "exp_month", "exp_year"})


def without_details(event_type: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The data of an event without the address or payment method that it saves or removes."""
    if event_type not in SAVED_DETAILS:
        return data
    personal = EVENT_TYPES[event_type].personal
    return {name: value for name, value in data.items() if name not in personal}


def is_unlinked(data: Any) -> bool:
    """Whether the data of an `order_refunded` says that it belongs to no order."""
    return type(data) is dict and data.get("without_order") is True


def follows_order(event_type: str, data: Any) -> bool:
    """Whether an event tells of an order that was told, and so needs no shopper of its own."""
    return event_type in ORDER_FOLLOW_UPS and not is_unlinked(data)


def _has(original: Any, name: str) -> bool:
    """Whether a field was sent, right or wrong; null is as good as absent."""
    return type(original) is dict and original.get(name) is not None


def _lacks(original: Any, name: str) -> bool:
    return type(original) is dict and original.get(name) is None


def _has_amount(original: Any) -> bool:
    return _has(original, "amount") or _has(original, "total")


def _lacks_price(line: Any) -> bool:
    return type(line) is not dict or type(line.get("price")) is not int


def _known_fields(line: Any) -> Any:
    if type(line) is not dict:
        return line
    return {name: value for name, value in line.items() if name in _LINE.load_fields}


_LINE = OrderLine()
_REFUND_LINES = ListOf(Nested(RefundLine()))


def _accepts_more(data: dict[str, Any]) -> dict[str, Any]:
    """Version 2 has all of version 1, and more: what was recorded stays as it is.

    The quantity of a line may be a decimal or 0, and may be absent; a purpose among several may
    have any name that a single one may have, such as `marketing.email`. A refund of
    version 3 may belong to no order, and then names none.
    """
    return data


EVENT_VERSIONS: Mapping[str, int] = {
    "cart_updated": 2,
    "checkout_started": 2,
    "consent_changed": 2,
    "order_completed": 2,
    "order_refunded": 3,
}
"""The schema version of each type's data; 1 for all others."""

EVENT_STEPS = {
    (name, version): _accepts_more
    for name, newest in EVENT_VERSIONS.items()
    for version in range(1, newest)
}
"""The steps of upcasting, for every service that reads the log of profiles."""

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
    "address_saved": AddressSaved(),
    "address_removed": AddressRemoved(),
    "payment_method_saved": PaymentMethodSaved(),
    "payment_method_removed": PaymentMethodRemoved(),
}

ORDER_FOLLOW_UPS = frozenset(
    name for name, schema in EVENT_TYPES.items() if isinstance(schema, OrderData)
) - {"order_completed"}
"""What is told of an order once it is completed."""
