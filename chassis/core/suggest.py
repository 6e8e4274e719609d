"""The one did-you-mean: which of the names that exist comes nearest to one that does not."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_LONGEST = 64  # comparing is quadratic, and a name may come from anybody


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The name in `names` that is most like `name`, whatever its case; None if none is close."""
    close = difflib.get_close_matches(name[:_LONGEST].lower(), list(names), n=1)
    return close[0] if close else None


def suggest(name: str, names: Iterable[str]) -> str:
    """What to write in place of a name that does not exist."""
    names = tuple(names)
    if close := nearest(name, names):
        return f"did you mean `{close}`?"
    return "known: " + ", ".join(names) if names else "none exists"
