"""What a shop knows when one of its rules is checked: its zone, its segments, what was told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo

from rules.field_names import Fields


@dataclass(frozen=True, slots=True)
class ShopContext:
    """What a rule is checked against; None is not known, and not checked.

    - `zone`: where the days of the shop begin
    - `segments`: the names of all segments
    - `event_types`: the types of which events were recorded, each with the fields of its data
    - `traits`: the traits that were recorded
    - `keeps`: for how long the data of events is kept, in µs
    """

    zone: tzinfo = UTC
    segments: frozenset[str] | None = None
    event_types: Mapping[str, Fields] | None = None
    traits: Fields | None = None
    keeps: int | None = None


ANY_SHOP = ShopContext()
