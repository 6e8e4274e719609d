"""The facts of orders: which stream is an order's home."""

from __future__ import annotations

from chassis.validation.fields import Integer, JsonObject, ListOf, Nested, Text
from chassis.validation.schema import StrictSchema
from contracts.common import MAX_VERSION
from contracts.event_fields import MAX_STORE, MAX_TEXT


class OrderStreamSchema(StrictSchema):
    """A stream that the fact is recorded in; `version` is that of its copy there."""

    stream = Text(required=True)
    version = Integer(least=1, most=MAX_VERSION, required=True)


class OrderMoved(StrictSchema):
    """The data of `order_moved`: an order has its home in the stream `to`, and in `from` no longer.

    `state` is what summaries hold of the order. `fact_id` is the same in both copies.
    """

    order_id = Text(longest=MAX_TEXT, required=True)
    store = Text(longest=MAX_STORE)
    state = JsonObject(required=True)
    fact_id = Text(required=True)
    streams = ListOf(Nested(OrderStreamSchema()), fewest=1, required=True)

    class Meta:
        include = {  # noqa: RUF012 - marshmallow reads it so: `from` is a keyword
            "from": Text(required=True),
            "to": Text(required=True),
        }
