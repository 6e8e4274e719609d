"""The settings of a service's HTTP door: where it listens, and whose calls it answers."""

from __future__ import annotations

from hashlib import sha256

from chassis.core.addresses import split_address
from chassis.core.errors import InvalidInput

SHORTEST_KEY = 16


def read_address(variable: str, text: str) -> tuple[str, int] | None:
    """The host and port that a text such as `0.0.0.0:8090` or `[::]:8090` has; None if empty."""
    if not text:
        return None
    parts = split_address(f"//{text}")
    host, port = parts.hostname, parts.port
    if host is None or port is None or parts.netloc != text or "@" in text:
        raise InvalidInput(variable, "must be a host and a port, such as 0.0.0.0:8090")
    return host, port


def read_keys(variable: str, text: str) -> tuple[bytes, ...]:
    """What is kept of the keys that a text has, separated by commas: their digests."""
    keys = [each.strip() for each in text.split(",") if each.strip()]
    for key in keys:
        if len(key) < SHORTEST_KEY or not key.isascii() or not key.isprintable() or " " in key:
            raise InvalidInput(
                variable,
                f"must be keys of at least {SHORTEST_KEY} letters and digits, separated by commas; "
                "`openssl rand -hex 32` makes one",
            )
    return tuple(key_digest(key) for key in keys)


def key_digest(key: str) -> bytes:
    """What is kept of a key, and compared: its SHA-256."""
    return sha256(key.encode("utf-8", "surrogateescape")).digest()
