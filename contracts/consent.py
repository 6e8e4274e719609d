"""The fact that an address has refused a channel, wherever the address was told."""

from __future__ import annotations

from chassis.validation.fields import Integer, ListOf, Nested, Text
from chassis.validation.schema import StrictSchema
from contracts.common import MAX_VERSION


class RefusalStreamSchema(StrictSchema):
    """A stream that the fact is recorded in; `version` is that of its copy there."""

    stream = Text(required=True)
    version = Integer(least=1, most=MAX_VERSION, required=True)


class ConsentRefused(StrictSchema):
    """The data of `consent_refused`: `event_id` has refused a `purpose` that is an address's.

    `address` is the key of that address, with which something was told in each of the streams.
    `fact_id` is the same in all copies.
    """

    purpose = Text(longest=64, required=True)
    address = Text(required=True)
    event_id = Text(required=True)
    fact_id = Text(required=True)
    streams = ListOf(Nested(RefusalStreamSchema()), fewest=1, required=True)
