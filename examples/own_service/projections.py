"""What the service makes of profiles' events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from chassis import Event
from chassis.eventlog.unit_of_work import UnitOfWork
from examples.own_service.store import add_orders


class CategoryOrders:
    """Counts each order once in every category that it has a product of.

    The inbox applies every event exactly once, in the transaction of the count: nothing here
    remembers what was counted.
    """

    def apply(self, unit: UnitOfWork, events: Sequence[Event]) -> None:
        counts: Counter[str] = Counter()
        for event in events:
            # One with `order_home` tells of an order that counts in another stream.
            if event.type == "order_completed" and "order_home" not in event.metadata:
                counts.update(_categories(event))
        add_orders(unit, counts)


def _categories(event: Event) -> set[str]:
    lines = event.data.get("products", [])
    return {line["category"] for line in lines if "category" in line}
