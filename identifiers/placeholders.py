"""Placeholders: values that shops send when they know nobody, and that would fuse everybody."""

from __future__ import annotations

import re
from collections.abc import Collection

# Compared without case and without quotes around them.
_WORDS = re.compile(
    r"null|none|nil|nan|undefined|true|false|unknown|anonymous|guest|test|n/a|na|-1|"
    r"not_authenticated|not_available|distinct_?id|user_?id|id|email|phone|"
    r"\[object object\]|\(null\)|\(none\)|\(not set\)"
)
_ZEROS = re.compile(r"[0\-\s.+()]*")
_MAILBOXES = re.compile(
    r"(guest|test|no-?_?e?-?mail|no-?_?reply|do-?_?not-?_?reply|none|null|anonymous)@.*"
)
_QUOTES = "\"'`"


def is_placeholder(
    value: str,
    words: Collection[str] = (),
    patterns: Collection[re.Pattern[str]] = (),
) -> bool:
    """Whether `value` stands for nobody; `words` and `patterns` are the shop's own."""
    bare = value.strip().strip(_QUOTES).strip().casefold()
    return (
        bare in words
        or _WORDS.fullmatch(bare) is not None
        or _ZEROS.fullmatch(bare) is not None
        or _MAILBOXES.fullmatch(bare) is not None
        or any(pattern.fullmatch(bare) for pattern in patterns)
    )
