"""Orders of three lines, as the back end of a shop sends them."""

from __future__ import annotations

import random
import uuid
from datetime import UTC, datetime
from typing import Any

_CATEGORIES = ("music", "running watch", "running shoes", "kitchen", "garden")


def order(shopper: int) -> dict[str, Any]:
    """An order of this moment, with an id of its own."""
    lines: list[dict[str, Any]] = [
        {
            "product_id": f"p-{random.randrange(500)}",
            "category": random.choice(_CATEGORIES),
            "quantity": random.randint(1, 3),
            "price": random.randint(500, 9_900),
        }
        for _ in range(3)
    ]
    event_id = str(uuid.uuid4())
    return {
        "id": event_id,
        "type": "order_completed",
        "time": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "identifiers": {"user_id": shopper_id(shopper)},
        "authenticated": True,
        "data": {
            "order_id": event_id,
            "revenue": sum(line["quantity"] * line["price"] for line in lines),
            "currency": "USD",
            "products": lines,
        },
    }


def shopper_id(shopper: int) -> str:
    """The account of a shopper."""
    return f"bench-{shopper}"


def batch(shoppers: int, size: int) -> list[dict[str, Any]]:
    """`size` orders by shoppers drawn at random from `shoppers`."""
    return [order(random.randrange(shoppers)) for _ in range(size)]
