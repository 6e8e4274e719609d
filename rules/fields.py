"""Fields of plain JSON, read leniently: None for what is absent or of another type."""

from __future__ import annotations

from typing import Any


def text_or_none(value: Any) -> str | None:
    """The value if it is text."""
    return value if isinstance(value, str) else None


def whole_or_none(value: Any) -> int | None:
    """The value if it is a whole number; True and False are not."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None
