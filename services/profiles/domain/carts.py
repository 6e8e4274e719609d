"""Carts that were bought, pure: which streams are told that a cart of theirs is an order."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from chassis import MINUTE, Draft, JointDraft
from contracts.incoming import IncomingEvent
from services.profiles.domain.orders import (
    BROWSER,
    COMPLETED,
    IDS,
    OrderEvent,
    OrderPlace,
    at_home,
)
from services.profiles.domain.owners import OwnerHistory, Owners

_CARTS = frozenset({"cart_updated", "checkout_started"})
_ECHO = 10 * MINUTE
"""Pages tell of a cart once more when it has been bought. What comes later fills it anew."""


@dataclass(frozen=True, slots=True)
class CartPurchase:
    """When a cart was bought, and the stream in which that order is at home."""

    at: int
    stream: str

    def is_echo(self, at: int) -> bool:
        """Whether what is told of the cart at that time merely follows from the purchase."""
        return self.at < at <= self.at + _ECHO


@dataclass(frozen=True, slots=True)
class CartEvent:
    """An event of a cart, the `place`th of its call, and the stream that it goes to."""

    event: IncomingEvent
    cart: str
    stream: str
    place: int


def checkouts(event: IncomingEvent, streams: Mapping[str, int], owners: Owners) -> list[Draft]:
    """What tells streams, without content, that a cart was bought: at which time each.

    `event` is what has led to that: the completed order, or what is told of the cart after it.
    """
    drafts = []
    for stream, at in sorted(streams.items()):
        profile_id = owners.profile_of(stream)
        if profile_id is not None:
            metadata: dict[str, Any] = {"profile_id": profile_id, "causation_id": event.id}
            if event.arrival is not None:
                metadata["arrival"] = list(event.arrival)
            drafts.append(
                Draft(
                    id=str(uuid.uuid5(IDS, f"checkout {event.id} {stream}")),
                    stream=stream,
                    type="checkout_completed",
                    data={},
                    occurred_at=at,
                    metadata=metadata,
                )
            )
    return drafts


def cart_id(event: IncomingEvent) -> str | None:
    """The cart that an event of a device is about."""
    value = event.data.get("cart_id") if event.type in _CARTS else None
    return value if isinstance(value, str) else None


def bought_cart(event: IncomingEvent) -> str | None:
    """The cart that a completed order was, if a shop tells it."""
    if event.type != COMPLETED or event.origin == "browser":
        return None
    value = event.data.get("cart_id")
    return value if isinstance(value, str) else None


def drafts_at_home(
    telling: OrderEvent,
    draft: Draft,
    order: OrderPlace,
    carts: Mapping[str, Mapping[str, int]],
    history: OwnerHistory,
) -> list[Draft | JointDraft]:
    """What is recorded of an event: that its order has moved, the event, and who has bought."""
    owners = history.at(telling.place)
    drafts: list[Draft | JointDraft] = [] if order.moved is None else [order.moved]
    drafts.append(at_home(draft, order))
    if telling.event.type == COMPLETED and telling.strength != BROWSER:
        streams = _devices_of(telling, order, carts, owners)
        drafts += checkouts(telling.event, streams, owners)
    return drafts


def _devices_of(
    telling: OrderEvent,
    order: OrderPlace,
    carts: Mapping[str, Mapping[str, int]],
    owners: Owners,
) -> dict[str, int]:
    """The streams whose carts were bought by an order that is recorded in another one, and when.

    That of the device from which it came is told whoever it belongs to: an address may be proven
    later, and take the order away. Other streams of the profile have been told by the order, unless
    something was told of the cart just after it.
    """
    own, cart = telling.resolution, carts.get(bought_cart(telling.event) or "", {})
    always = set() if own is None or own.tenure_stream is None else {own.tenure_stream}
    others = {*cart, *(() if own is None else (own.stream,))}
    other = {stream for stream in others if owners.profile_of(stream) != order.profile_id}
    bought = CartPurchase(telling.event.time, order.stream)
    echoes = {stream: at for stream, at in cart.items() if bought.is_echo(at)}
    return dict.fromkeys((always | other) - {order.stream}, bought.at) | echoes


def purchases(
    events: Iterable[OrderEvent], places: Mapping[str, OrderPlace]
) -> dict[str, CartPurchase]:
    """The last purchase of each cart that orders name; `places` are theirs, by event id."""
    found: dict[str, CartPurchase] = {}
    for telling in events:
        cart, order = bought_cart(telling.event), places.get(telling.event.id)
        if cart is not None and order is not None:
            bought = CartPurchase(telling.event.time, order.stream)
            found[cart] = max(found.get(cart, bought), bought, key=lambda each: each.at)
    return found


def late_checkouts(
    events: Iterable[CartEvent],
    bought: Mapping[str, CartPurchase],
    known: Mapping[str, Collection[str]],
    owners: OwnerHistory,
) -> list[Draft]:
    """What tells of carts that had been `bought` before the call in which they are told of.

    Streams in which a cart was `known` have learnt of its purchase, unless this is told after it.
    """
    drafts: dict[tuple[str, str], list[Draft]] = {}
    for each in sorted(events, key=lambda each: each.event.time):
        purchase = bought.get(each.cart)
        if purchase is None:
            continue
        then = owners.at(each.place)
        at = each.event.time if purchase.is_echo(each.event.time) else purchase.at
        is_own = then.profile_of(each.stream) == then.profile_of(purchase.stream)
        is_new = not is_own and each.stream not in known.get(each.cart, ())
        if at > purchase.at or (is_new and each.event.time <= purchase.at):
            drafts[each.cart, each.stream] = checkouts(each.event, {each.stream: at}, then)
    return [draft for of_stream in drafts.values() for draft in of_stream]
