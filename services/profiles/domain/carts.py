"""Carts that were bought, pure: which streams are told that a cart of theirs is an order."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from chassis import Draft, JointDraft
from contracts.ingest import IncomingEvent
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


def checkouts(event: IncomingEvent, streams: Iterable[str], owners: Owners) -> list[Draft]:
    """What tells `streams` of a completed order, without its content, that the cart was bought."""
    drafts = []
    for stream in sorted(streams):
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
                    occurred_at=event.time,
                    metadata=metadata,
                )
            )
    return drafts


def cart_id(event: IncomingEvent) -> str | None:
    """The cart that an event of a device is about."""
    value = event.data.get("cart_id") if event.type in _CARTS else None
    return value if isinstance(value, str) else None


def bought_cart(telling: OrderEvent) -> str | None:
    """The cart that a completed order was, if a shop tells it."""
    if telling.event.type != COMPLETED or telling.strength == BROWSER:
        return None
    value = telling.event.data.get("cart_id")
    return value if isinstance(value, str) else None


def drafts_at_home(
    telling: OrderEvent,
    draft: Draft,
    order: OrderPlace,
    carts: Mapping[str, Iterable[str]],
    history: OwnerHistory,
) -> list[Draft | JointDraft]:
    """What is recorded of an event: that its order has moved, the event, and who has bought."""
    owners = history.at(telling.place)
    drafts: list[Draft | JointDraft] = [] if order.moved is None else [order.moved]
    drafts.append(at_home(draft, order))
    if telling.event.type == COMPLETED and telling.strength != BROWSER:
        drafts += checkouts(telling.event, _devices_of(telling, order, carts, owners), owners)
    return drafts


def _devices_of(
    telling: OrderEvent, order: OrderPlace, carts: Mapping[str, Iterable[str]], owners: Owners
) -> set[str]:
    """The streams whose carts were bought by an order that is recorded in another one.

    That of the device from which it came is told whoever it belongs to: an address may be proven
    later, and take the order away. Other streams of the profile have been told by the order.
    """
    own = telling.resolution
    if own is not None and own.tenure_stream is not None:
        always, others = {own.tenure_stream}, {own.stream}
    else:
        always, others = set(), set(carts.get(bought_cart(telling) or "", ()))
        others |= set() if own is None else {own.stream}
    other = {stream for stream in others if owners.profile_of(stream) != order.profile_id}
    return (always | other) - {order.stream}
