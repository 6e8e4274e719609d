"""The one did-you-mean: which of the names that exist comes nearest to one that does not."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from functools import lru_cache

_LONGEST = 64  # comparing is quadratic, and a name may come from anybody
_SIGNS = re.compile(r"[^a-z0-9]+")


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The name in `names` that is most like `name`, whatever its case; None if none is close."""
    close = difflib.get_close_matches(name[:_LONGEST].lower(), list(names), n=1)
    return close[0] if close else None


@lru_cache(maxsize=10_000)  # events of a shop have the same fields over and over
def near_misses(given: tuple[str, ...], names: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """Those of the names in `given` that are near misses, each with the name in `names`."""
    return tuple((each, close) for each in given if (close := near_miss(each, names)))


@lru_cache(maxsize=10_000)
def near_miss(name: str, names: frozenset[str]) -> str | None:
    """The name in `names` that `name` is given almost like, but not quite; None if there is none.

    One letter is missing, too many or another one, two neighbours have changed places, or the words
    are joined in another way: `ammount`, `revnue`, `orderId`.
    """
    if len(name) > _LONGEST or name in names:
        return None
    lower = name.lower()
    bare = _SIGNS.sub("", lower)
    for known in sorted(names):
        if bare == _SIGNS.sub("", known) or is_one_letter_off(lower, known):
            return known
    return None


def is_one_letter_off(one: str, other: str) -> bool:
    """Whether one insertion, deletion, substitution or exchange of neighbours parts the two."""
    if abs(len(one) - len(other)) > 1:
        return False
    shorter = min(len(one), len(other))
    begin = next((i for i in range(shorter) if one[i] != other[i]), shorter)
    end = next((i for i in range(shorter - begin) if one[-1 - i] != other[-1 - i]), shorter - begin)
    ours, theirs = one[begin : len(one) - end], other[begin : len(other) - end]
    if len(ours) <= 1 and len(theirs) <= 1:
        return True
    return len(ours) == 2 and ours == theirs[::-1]


def suggest(name: str, names: Iterable[str]) -> str:
    """What to write in place of a name that does not exist."""
    names = tuple(names)
    if close := nearest(name, names):
        return f"did you mean `{close}`?"
    return "known: " + ", ".join(names) if names else "none exists"
