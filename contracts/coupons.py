"""Pools of coupon codes: loading them into offers, and what is left of them."""

from __future__ import annotations

from chassis.validation.fields import Integer, ListOf, Name, Nested, Text
from chassis.validation.schema import StrictSchema

MAX_CODE = 64
MAX_CODES = 5_000  # of one call


class LoadCouponsRequest(StrictSchema):
    """The arguments of `offers.load_coupons`: codes for a pool, which may have some of them."""

    pool = Name(required=True)
    codes = ListOf(Text(longest=MAX_CODE, printable=True), most=MAX_CODES, required=True)


class CouponPoolSchema(StrictSchema):
    """A pool: how many codes are `free`, and how many are `taken` by grants."""

    pool = Name(required=True)
    free = Integer(least=0, required=True)
    taken = Integer(least=0, required=True)


class LoadCouponsResponse(CouponPoolSchema):
    """The pool after a load, and how many codes were `added`."""

    added = Integer(least=0, required=True)


class CouponsResponse(StrictSchema):
    """The answer of `offers.coupons`: the pools by name."""

    pools = ListOf(Nested(CouponPoolSchema()), most=10_000, required=True)


LOAD_COUPONS_REQUEST = LoadCouponsRequest()
