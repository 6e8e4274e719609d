"""The one did-you-mean: which of the names that exist comes nearest to one that does not."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_LONGEST = 64  # comparing is quadratic, and a name may come from anybody


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The name in `known` that is most like `name`, whatever its case; None if none is close."""
    close = difflib.get_close_matches(name[:_LONGEST].lower(), list(known), n=1)
    return close[0] if close else None


def suggest(name: str, known: Iterable[str]) -> str:
    """What to write in place of a name that does not exist."""
    known = tuple(known)
    if close := nearest(name, known):
        return f"did you mean `{close}`?"
    return "known: " + ", ".join(known) if known else "none exists"
