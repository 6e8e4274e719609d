"""What a shop knows when one of its rules is checked: its zone, its segments, what was told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo


@dataclass(frozen=True, slots=True)
class ShopContext:
    """What a rule is checked against; None is not known, and not checked.

    - `zone`: where the days of the shop begin
    - `segments`: the names of all segments
    - `event_types`: the types that were ever told, each with the names of the fields of its data
    - `traits`: the names of the traits that were ever told
    - `keeps`: for how long the data of events is kept, in µs
    """

    zone: tzinfo = UTC
    segments: frozenset[str] | None = None
    event_types: Mapping[str, frozenset[str]] | None = None
    traits: frozenset[str] | None = None
    keeps: int | None = None


ANY_SHOP = ShopContext()
