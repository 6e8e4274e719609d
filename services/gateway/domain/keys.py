"""The text of a key: how it is made, and what is kept of it."""

from __future__ import annotations

import hashlib
import secrets

from services.gateway.domain.sources import KeyKind

SERVER_PREFIX = "cdp_sec_"
_PREFIXES: dict[KeyKind, str] = {"browser": "cdp_pub_", "server": SERVER_PREFIX}
_RANDOM_BYTES = 24
_LISTED_CHARS = 14
MAX_KEY_CHARS = 200


def new_key(kind: KeyKind) -> str:
    """A key that nobody has: its kind can be seen, the rest is random."""
    return _PREFIXES[kind] + secrets.token_urlsafe(_RANDOM_BYTES)


def key_digest(key: str) -> str:
    """What is kept of a key, and compared: its SHA-256. Keys are random, so it tells nothing."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def key_prefix(key: str) -> str:
    """The beginning of a key, by which people tell keys apart."""
    return key[:_LISTED_CHARS]
