"""What plain JSON cannot hold, but programs write all the same, where it can mean one thing only.

A name that was cut in the middle of an emoji ends in half of a surrogate pair, C programs leave a
NUL at the end of a text, pandas writes NaN for an empty cell, and the digits of a long number are
what it is called by.
"""

from __future__ import annotations

import re
from typing import Any

from chassis.validation.plain import LARGEST, MAX_DEPTH, SMALLEST
from chassis.validation.schema import Mending, Parts

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_REPLACEMENT = "\ufffd"


def make_storable(
    value: Any, mending: Mending, parts: Parts = (), *, levels: int = MAX_DEPTH
) -> Any:
    """The value without what cannot be stored in its first `levels`, each with a warning.

    Names of fields stay as they are, and so does whatever could mean two things.
    """
    of = type(value)
    if of is dict and levels:
        return {
            name: make_storable(part, mending, (*parts, name), levels=levels - 1)
            for name, part in value.items()
        }
    if of is list and levels:
        return [
            make_storable(part, mending, (*parts, place), levels=levels - 1)
            for place, part in enumerate(value)
        ]
    if of is str and _UNSTORABLE.search(value):
        mending.warn(parts, "has NUL or half of a surrogate pair, and was read without them")
        return _UNSTORABLE.sub(lambda found: "" if found[0] == "\0" else _REPLACEMENT, value)
    if of is float and value != value:  # noqa: PLR0124 - NaN alone differs from itself
        mending.warn(parts, "is NaN, and was read as null; leave it out")
        return None
    if of is int and not SMALLEST <= value <= LARGEST:
        mending.warn(parts, "does not fit in 64 bits, and was read as text; put it in quotes")
        return str(value)
    return value
