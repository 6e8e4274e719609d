"""Loyalty points for an order, pure: of which order they are where an id stands for several."""

from __future__ import annotations

from contracts.incoming import IncomingEvent
from services.profiles.domain.orders import (
    OrderEvent,
    OrderHome,
    OrderKey,
    OrderPlace,
    OrderRow,
    is_of_profile,
)
from services.profiles.domain.owners import Owners
from services.profiles.domain.recording import ResolvedEvent

POINTS = "loyalty_points_changed"


def order_of_points(event: IncomingEvent) -> OrderKey | None:
    """The order that points are for; None if they are for none, or it is no event of points."""
    order_id = event.data.get("order_id")
    if event.type != POINTS or not isinstance(order_id, str):
        return None
    return OrderKey(event.data.get("store") or "", order_id)


def place_points(
    telling: OrderEvent, own: ResolvedEvent, row: OrderRow, owners: Owners
) -> OrderPlace:
    """Where points are recorded: as identity says, with the home of an order that is kept apart.

    Where the order is not kept apart from another of its id, nothing has to be said of its home.
    """
    home = _home_of(telling, own, row, owners)
    if home is None or not home.is_apart:
        return OrderPlace(own.stream, own.profile_id)
    elsewhere = None if home.stream == own.stream else home.stream
    return OrderPlace(own.stream, own.profile_id, home=elsewhere, is_apart=True)


def _home_of(
    telling: OrderEvent, own: ResolvedEvent, row: OrderRow, owners: Owners
) -> OrderHome | None:
    """The profile's, by address and then by stream; without one, the only one of the address."""
    mine = [home for home in row.homes if is_of_profile(home, own, owners)]
    if mine:
        return min(mine, key=lambda h: (h.address != telling.address, h.stream != own.stream))
    if telling.address is None:
        return None
    found = [home for home in row.homes if home.address == telling.address]
    return found[0] if len(found) == 1 else None
