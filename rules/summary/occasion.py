"""The occasion of an event: when it happened, when it arrived, and who told it."""

from __future__ import annotations

from typing import Any, NamedTuple

from rules.summary.history import Statement


class Occasion(NamedTuple):
    """When an event happened (µs), and what decides between it and others of the same instant.

    `arrival` is the recording machine's clock at receipt (µs) and the place in the call.
    `recorded_at` (µs) moves the watermark. `by_browser`: a browser told it, and no shop.
    `is_unproven`: nothing shows that the shopper whom it names has to do with it. `is_foreign`: it
    tells of an order that has its home in another stream. `apart`: the stream where the order is at
    home that it tells of, if the id of that stood for another one before.
    """

    at: int
    event_id: str
    arrival: tuple[int, int] = (0, 0)
    recorded_at: int = 0
    by_browser: bool = False
    is_unproven: bool = False
    is_foreign: bool = False
    apart: str = ""

    def statement(self, value: Any, lead: int = 0, tie: int = 0) -> Statement:
        """A statement that is made on this occasion."""
        return [lead, self.at, tie, *self.arrival, self.event_id, value]
