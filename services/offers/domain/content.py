"""Content: what a block shows, plain JSON whose texts may hold placeholders such as `{points}`.

Placeholders come from a closed list and are replaced in one pass: nothing is looked up in a
value, and a value that looks like a placeholder stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PERSONAL_PLACEHOLDERS = {
    "points": "the shopper's points",
    "tier": "the shopper's tier in the loyalty programme",
    "next_tier": "the tier above",
    "points_to_next_tier": "how many points are missing to it",
}
PLACEHOLDERS = PERSONAL_PLACEHOLDERS | {
    "points_to_earn": "the points that this order would earn",
    "referrer": "the site that sent the shopper here",
}
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Content:
    """A block's content and the placeholders that it needs, in alphabetical order."""

    body: Mapping[str, Any]
    placeholders: tuple[str, ...]

    @property
    def personal(self) -> bool:
        """Whether it shows something that only the shopper may see."""
        return any(name in PERSONAL_PLACEHOLDERS for name in self.placeholders)

    def missing(self, values: Mapping[str, Any]) -> tuple[str, ...]:
        """The placeholders that have no value in `values`."""
        return tuple(name for name in self.placeholders if values.get(name) is None)

    def render(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The content with every placeholder replaced; each needed value must be in `values`.

        A text that is one placeholder and nothing else becomes the value itself, so that
        `points: "{points}"` gives a number.
        """
        return {key: _render(value, values) for key, value in self.body.items()}


def _render(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        whole = PLACEHOLDER.fullmatch(value)
        if whole:
            return values[whole[1]]
        return PLACEHOLDER.sub(lambda match: str(values[match[1]]), value)
    if isinstance(value, list):
        return [_render(item, values) for item in value]
    if isinstance(value, dict):
        return {key: _render(item, values) for key, item in value.items()}
    return value
