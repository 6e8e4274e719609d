"""What fills a shop's form: the call `profiles.checkout_profile`."""

from __future__ import annotations

from chassis.validation.fields import Boolean, Instant, Integer, ListOf, Nested, Text
from chassis.validation.schema import StrictSchema
from contracts.fields import Country

MAX_SHOWN = 20


class CheckoutProfileRequest(StrictSchema):
    """A user, of whom the caller knows that it is this account."""

    user_id = Text(longest=1_000, required=True)


class SavedAddressFields(StrictSchema):
    """An address as the fields of a form."""

    name = Text()
    company = Text()
    line1 = Text(required=True)
    line2 = Text()
    city = Text()
    region = Text()
    postal_code = Text()
    country = Country()
    phone = Text()


class SavedAddressSchema(StrictSchema):
    """An address that an account keeps; of several at most one is the `default`."""

    address_id = Text(required=True)
    address = Nested(SavedAddressFields(), required=True)
    label = Text()
    default = Boolean(required=True)
    saved_at = Instant(required=True)


class SavedPaymentMethodSchema(StrictSchema):
    """A payment method that an account keeps, by its provider's token; at most one `default`."""

    provider = Text(required=True)
    token = Text(required=True)
    brand = Text(required=True)
    last4 = Text(required=True)
    exp_month = Integer()
    exp_year = Integer()
    default = Boolean(required=True)
    saved_at = Instant(required=True)


class CheckoutProfileResponse(StrictSchema):
    """What a user has saved, the newest first, at most 20 of each; empty for who is not known."""

    addresses = ListOf(Nested(SavedAddressSchema()), most=MAX_SHOWN, required=True)
    payment_methods = ListOf(Nested(SavedPaymentMethodSchema()), most=MAX_SHOWN, required=True)


CHECKOUT_PROFILE_REQUEST = CheckoutProfileRequest()
CHECKOUT_PROFILE_RESPONSE = CheckoutProfileResponse()
