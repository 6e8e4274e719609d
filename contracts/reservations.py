"""Reserving offers with caps and budgets: requests and responses of offers."""

from __future__ import annotations

from chassis.validation.fields import Amount, Boolean, Choice, Instant, Integer, ListOf, Text
from chassis.validation.schema import StrictSchema
from contracts.event_fields import MAX_STORE, Reference
from contracts.fields import Currency, OptionalIdentifiers

MAX_KEY = 200
STATES = ("reserved", "confirmed", "released", "expired", "returned", "refused")


class ReserveRequest(StrictSchema):
    """The arguments of `offers.reserve`: the same `key` is the same reservation.

    `amount`, in minor units of `currency`, is what the offer costs the shop this time, where that
    is not as its `cost` says.
    """

    key = Text(longest=MAX_KEY, required=True)
    offer_id = Text(longest=200, required=True)
    identifiers = OptionalIdentifiers(load_default=dict)
    authenticated = Boolean(load_default=False)
    amount = Amount()
    currency = Currency()


class ConfirmRequest(StrictSchema):
    """The arguments of `offers.confirm`: a reservation by its key, and the order that it is for.

    `identifiers` are those of the order: whoever carries the same contact shares caps. If the order
    is refunded in all, or cancelled, it gives the grant back: `value`, in minor units, is how much
    all of it is; without it any refund is.
    """

    key = Text(longest=MAX_KEY, required=True)
    identifiers = OptionalIdentifiers(load_default=dict)
    authenticated = Boolean(load_default=False)
    order_id = Reference()
    store = Reference(longest=MAX_STORE)
    value = Amount()


class ReleaseRequest(StrictSchema):
    """The argument of `offers.release`: a reservation by its key."""

    key = Text(longest=MAX_KEY, required=True)


class ReservationResponse(StrictSchema):
    """A reservation as it stands; what is `refused` says why, and nothing of it is kept.

    A confirmation that is refused leaves the reservation as it is until it expires. `code` is the
    coupon code that the reservation has taken from its offer's pool.
    """

    key = Text(required=True)
    offer_id = Text(required=True)
    state = Choice(*STATES, required=True)
    expires_at = Instant(allow_none=True, required=True)
    reasons = ListOf(Text(), required=True)
    code = Text()


class CapUsageSchema(StrictSchema):
    """A cap by shopper, in grants or in minor units of `currency`, and how much of it is used.

    `within` is in seconds, null for ever.
    """

    most = Integer(required=True)
    within = Integer(required=True, allow_none=True)
    currency = Text(required=True, allow_none=True)
    used = Integer(required=True)
    exceeded = Boolean(required=True)


RESERVE_REQUEST = ReserveRequest()
CONFIRM_REQUEST = ConfirmRequest()
RELEASE_REQUEST = ReleaseRequest()
