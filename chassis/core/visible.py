"""Text without what nobody sees: two texts that look alike are to be one."""

from __future__ import annotations

import unicodedata

# Format characters, such as zero-width joiners and byte order marks; controls; line separators.
_INVISIBLE = frozenset(("Cf", "Cc", "Zl", "Zp"))
_VARIATION_SELECTORS = range(0xFE00, 0xFE10)


def visible(text: str) -> str:
    """The text without its invisible characters."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(filter(_is_visible, text))


def _is_visible(character: str) -> bool:
    return (
        unicodedata.category(character) not in _INVISIBLE
        and ord(character) not in _VARIATION_SELECTORS
    )
