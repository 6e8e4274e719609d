"""Addresses of the web as people and their programs write them."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

_NONE = SplitResult("", "", "", "", "")


def split_address(text: str) -> SplitResult:
    """The parts of an address, each of them empty if the text is none, such as `http://[`."""
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - it raises
    except ValueError:
        return _NONE
    return parts
