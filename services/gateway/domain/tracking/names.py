"""Names and values that a shop has chosen itself, as our events can hold them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from contracts.event_types import RESERVED, RESERVED_PREFIX
from services.gateway.domain.tracking.items import Unmappable, is_blank, storable_text

CUSTOM_EVENT = "custom_event"
_LONGEST = 64
_LONGEST_READ = 300
_MAX_LEVELS = 16  # of 20 that an event may have, with what stands around properties
_LARGEST = 2**63
_BETWEEN_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
# Addresses of the internet, by whatever name a program sends them, and what opens something.
_UNWANTED = frozenset(
    (
        *("write_key", "user_token"),
        *("ip", "ip_address", "ipaddress", "ipv4", "ipv6", "client_ip", "user_ip", "request_ip"),
        *("remote_ip", "remote_addr", "remote_address", "x_forwarded_for", "x_real_ip"),
    )
)


def snake_name(text: str) -> str:
    """A name as snake_case: `order_completed` of `Order Completed` and of `orderCompleted`."""
    return _snake_name(text[:_LONGEST_READ])


@lru_cache(maxsize=5_000)  # a shop's events and their fields have the same names every time
def _snake_name(text: str) -> str:
    return _BETWEEN_WORDS.sub("_", _latin(text)).strip("_").lower()


def event_name(text: str) -> str:
    """The type of a shop's own event; `custom_event` of a name that has no Latin letters."""
    latin = _latin(text[:_LONGEST_READ])
    name = snake_name(text)
    if not name or any(letter.isalpha() and not letter.isascii() for letter in latin):
        return CUSTOM_EVENT
    if name in RESERVED or name.startswith(RESERVED_PREFIX) or not name[0].isalpha():
        name = f"event_{name}"
    return name[:_LONGEST].rstrip("_")


def trait_name(text: str) -> str | None:
    """The name of a trait, as rules can ask for it; None if nothing is left of it."""
    if _WORD.fullmatch(text):
        return text
    name = snake_name(text)[:_LONGEST]
    return name if _WORD.fullmatch(name) else None


def storable(value: Any, path: str, levels: int = _MAX_LEVELS) -> Any:
    """A copy of JSON without what cannot be stored, nor keys, nor addresses of the internet.

    Unmappable if it has more levels than an event may have.
    """
    of = type(value)
    if of is str:
        return storable_text(value)
    if of is dict or of is list:
        if not levels:
            raise Unmappable(path, f"is nested deeper than {_MAX_LEVELS} levels; flatten it")
        if of is list:
            return [storable(part, path, levels - 1) for part in value]
        return {
            storable_text(name): storable(part, path, levels - 1)
            for name, part in value.items()
            if not is_unwanted(name)
        }
    if of is float:
        return value if value - value == 0 else None  # neither NaN nor infinite
    if of is int and not -_LARGEST <= value < _LARGEST:
        return str(value) if abs(value) < 10**40 else None
    return value


def is_unwanted(name: str) -> bool:
    """Whether a field is named as one that has a key, or an address of the internet."""
    return len(name) <= _LONGEST and snake_name(name) in _UNWANTED


def with_known_names(
    properties: Mapping[str, Any], known: frozenset[str] | set[str]
) -> dict[str, Any]:
    """Properties under the names that we know: `order_id` for `orderId`, unless both are set."""
    named: dict[str, Any] = {}
    for name, value in properties.items():
        known_name = name if name in known else snake_name(name)
        if known_name not in known or not (
            known_name == name or is_blank(properties.get(known_name))
        ):
            named[name] = value
        elif known_name not in named or not is_blank(value):
            named[known_name] = value
    return named


def _latin(text: str) -> str:
    """Text with the accents of its letters taken off."""
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
