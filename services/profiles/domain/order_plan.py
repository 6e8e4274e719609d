"""Where the events of a call that tell of orders go, and what else follows from them. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.profiles.domain.order_points import POINTS, place_points
from services.profiles.domain.orders import (
    ACCOUNT,
    BROWSER,
    COMPLETED,
    IDS,
    SHOP,
    OrderEvent,
    OrderKey,
    OrderPlace,
    OrderRow,
    place,
)
from services.profiles.domain.owners import OwnerHistory
from services.profiles.domain.recording import ResolvedEvent

REUSED, UNCOUNTED = "order_id_reused", "refund_not_counted"
"""Why somebody should look at an order."""

_UNCOUNTED = (
    "is not that of all refunds of the order: those in {} do not count; send each again in the"
    " currency of the order, with its refund_id"
)
_ANOTHER = (
    "is that of another order too, so this one is recorded by itself; send store, or an order_id"
    " that no other order has"
)
_UNCLEAR = (
    "is that of several orders, and none of them is known to be meant: no other shopper's order is"
    " changed; send store, or an order_id that no other order has, or whose order it is"
)


def streams_of(
    events: Iterable[OrderEvent],
    rows: Mapping[OrderKey, OrderRow],
    carts: Mapping[str, Iterable[str]],
) -> set[str]:
    """The streams whose owners matter for where orders are at home, and who is told of them."""
    streams = {home.stream for row in rows.values() for home in row.homes}
    streams |= {stream for of_cart in carts.values() for stream in of_cart}
    for telling in events:
        if telling.resolution is not None:
            streams |= {telling.resolution.stream, telling.resolution.tenure_stream or ""}
    return streams - {""}


def contested(
    events: Iterable[OrderEvent], rows: Mapping[OrderKey, OrderRow]
) -> dict[str, str | None]:
    """The streams of orders that an account tells and somebody less sure has told, or tells too.

    Of these it matters whether they are an account's. With the profiles of the events among them.
    """
    events = list(events)
    keys = {t.key for t in events if t.strength == ACCOUNT and t.event.type == COMPLETED}
    streams: dict[str, str | None] = {
        home.stream: None for key in keys for home in rows[key].homes if home.strength < ACCOUNT
    }
    for telling in events:
        if telling.key in keys and telling.strength < ACCOUNT and telling.resolution is not None:
            streams[telling.resolution.stream] = telling.resolution.profile_id
    return streams


@dataclass(slots=True)
class OrderPlan:
    """Where the events of a batch that tell of orders go, by event id, and what else follows.

    `reviews` are the rows for the review list, and `reused` the warnings of ids used again.
    """

    places: dict[str, OrderPlace] = field(default_factory=dict)
    errors: dict[str, Mapping[str, str]] = field(default_factory=dict)
    reviews: list[dict[str, str]] = field(default_factory=list)
    reused: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def warnings(self) -> dict[str, Mapping[str, str]]:
        """What the receipts say of orders with refunds that never count, and of ids used again."""
        return {**self.reused, **_of_uncounted(self.places)}

    def refusals(self, resolutions: Mapping[str, ResolvedEvent]) -> dict[str, Mapping[str, Any]]:
        """The events that are refused for their orders' sake, as identity refuses some."""
        return {
            event_id: {
                "error": error,
                "ignored_identifiers": list(resolutions[event_id].ignored)
                if event_id in resolutions
                else [],
            }
            for event_id, error in self.errors.items()
        }


def plan(
    events: Iterable[OrderEvent], rows: Mapping[OrderKey, OrderRow], owners: OwnerHistory
) -> OrderPlan:
    """Where each of the events goes, in their order; the rows are brought up to date.

    An event is in neither part of the plan if no identifier of it can be used, and it is a
    completion that does not find its order at home.
    """
    found = OrderPlan()
    for telling in events:
        row = rows[telling.key]
        if telling.event.type == POINTS:
            if (own := telling.resolution) is not None:
                order = place_points(telling, own, row, owners.at(telling.place))
                found.places[telling.event.id] = order
            continue
        if (
            telling.resolution is None
            and telling.event.type == COMPLETED
            and (telling.strength == BROWSER or row.home.strength < SHOP or row.reused)
        ):
            continue
        order = place(telling, row, owners.at(telling.place))
        if order.error is not None:
            found.errors[telling.event.id] = order.error
            continue
        found.places[telling.event.id] = order
        if order.is_reused:
            message = _ANOTHER if telling.event.type == COMPLETED else _UNCLEAR
            found.reused[telling.event.id] = {"field": "data.order_id", "message": message}
            found.reviews.append(_review(telling, row, order, REUSED, row.home.stream))
        if order.uncounted:
            found.reviews.append(_review(telling, row, order, UNCOUNTED, order.stream))
    return found


def _of_uncounted(places: Mapping[str, OrderPlace]) -> dict[str, Mapping[str, str]]:
    return {
        event_id: {"field": "data.currency", "message": _UNCOUNTED.format(", ".join(found))}
        for event_id, place in places.items()
        if (found := place.uncounted)
    }


def _review(
    telling: OrderEvent, row: OrderRow, order: OrderPlace, kind: str, home: str
) -> dict[str, str]:
    name = "reused" if kind == REUSED else kind
    return {
        "id": str(uuid.uuid5(IDS, f"{name} {len(row.key.store)} {row.key} {order.stream}")),
        "kind": kind,
        **row.key._asdict(),
        "home_stream": home,
        "stream": order.stream,
        "event_id": telling.event.id,
    }
