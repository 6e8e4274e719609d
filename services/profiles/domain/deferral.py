"""What is kept of a deferred event, pure: the event as it was sent, and how it came in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.card_check import without_cards
from contracts.incoming import IncomingEvent
from contracts.ingest import read_event

_SENT = "sent"


def deferred_body(sent: Any, event: IncomingEvent) -> dict[str, Any]:
    """Plain JSON of an event that is deferred, in which every card number is masked."""
    arrival = None if event.arrival is None else list(event.arrival)
    return {_SENT: without_cards(sent), "origin": event.origin, "arrival": arrival}


def read_deferred(body: Any, received_at: int) -> IncomingEvent:
    """The event of such a body; InvalidInput if it is none that we take.

    What an earlier release has deferred is the event itself.
    """
    if not isinstance(body, Mapping) or _SENT not in body:
        return read_event(body, received_at)
    arrival = body["arrival"]
    return read_event(
        body[_SENT],
        received_at,
        origin=body["origin"],
        arrival=None if arrival is None else (arrival[0], arrival[1]),
    )
