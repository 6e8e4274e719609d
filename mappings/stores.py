"""The store of orders that name none: the one whose file or webhook tells them."""

from __future__ import annotations

from typing import Any

from contracts.event_types import EVENT_TYPES

_FIELD = "store"


def with_store(event: Any, store: str | None) -> Any:
    """An event as one of a store, if it is of a kind that has one and names none itself."""
    if store is None or not isinstance(event, dict):
        return event
    kind, data = event.get("type"), event.get("data")
    known = EVENT_TYPES.get(kind) if isinstance(kind, str) else None
    if known is None or _FIELD not in known.load_fields or not isinstance(data, dict):
        return event
    return {**event, "data": {_FIELD: store, **data}}
