"""The service `categories`: one call, and the events that it follows."""

from __future__ import annotations

from typing import Any

from chassis import InvalidInput, Upcasters
from chassis.projections.inbox import Projection
from chassis.runtime.service import Service, rpc, subscribe
from contracts.event_types import EVENT_STEPS
from examples.own_service.projections import CategoryOrders
from examples.own_service.store import most_ordered

_MOST = 100


class CategoriesService(Service):
    """Which categories are ordered from most?"""

    name = "categories"
    upcasters = Upcasters(EVENT_STEPS)

    @rpc
    def top(self, limit: Any = 10) -> dict[str, int]:
        """The number of orders of the `limit` categories that have the most."""
        if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= _MOST:
            raise InvalidInput("limit", f"must be a whole number from 1 to {_MOST}")
        return self.work.read(lambda unit: most_ordered(unit, limit))

    @subscribe("profiles")
    def profile_events(self) -> Projection:
        """Counts orders as profiles records them."""
        return CategoryOrders()
