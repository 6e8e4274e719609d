"""What a shop knows when one of its rules is checked: its zone, its segments, what was told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from enum import Enum

from rules.field_names import Fields


class TraitKind(Enum):
    """What the value of a trait was told as; the text completes "has had ..."."""

    TEXT = "a text"
    DATE = "a date"  # a text that says one
    NUMBER = "a number"
    TRUTH = "a yes or no"
    LIST = "a list"


@dataclass(frozen=True, slots=True)
class ShopContext:
    """What a rule is checked against; None is not known, and not checked.

    - `zone`: where the days of the shop begin
    - `segments`: the names of all segments
    - `event_types`: the types of which events were recorded, each with the fields of its data
    - `traits`: the traits that were recorded
    - `trait_kinds`: those that were recorded with a value of each kind
    - `categories`, `currencies`: those of products and amounts that were recorded
    - `keeps`: for how long the data of events is kept, in µs
    """

    zone: tzinfo = UTC
    segments: frozenset[str] | None = None
    event_types: Mapping[str, Fields] | None = None
    traits: Fields | None = None
    trait_kinds: Mapping[TraitKind, Fields] | None = None
    categories: frozenset[str] | None = None
    currencies: frozenset[str] | None = None
    keeps: int | None = None


ANY_SHOP = ShopContext()
