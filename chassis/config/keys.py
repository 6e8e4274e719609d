"""The identifier key, wrapped by a master key: the environment alone does not reveal it.

A wrapped key is `wrapped:` and the base64 of AES key wrap with padding (RFC 5649), under a key that
HKDF-SHA256 derives from the master key's text.
"""

from __future__ import annotations

import base64
import binascii

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import (
    InvalidUnwrap,
    aes_key_unwrap_with_padding,
    aes_key_wrap_with_padding,
)

from chassis.core.errors import InvalidInput

WRAPPED = "wrapped:"
SHORTEST_MASTER_KEY = 16
_PURPOSE = b"checkout cdp: wraps the identifier key"


def wrap(key: bytes, master: str, variable: str = "CDP_MASTER_KEY") -> str:
    """The key, wrapped; InvalidInput names `variable` if its master key is too short to be one."""
    wrapped = aes_key_wrap_with_padding(_wrapping_key(master, variable), key)
    return WRAPPED + base64.b64encode(wrapped).decode()


def unwrap(wrapped: str, master: str) -> bytes:
    """The key inside a wrapped one; InvalidInput if another master key wrapped it."""
    try:
        raw = base64.b64decode(wrapped.removeprefix(WRAPPED), validate=True)
        return aes_key_unwrap_with_padding(_wrapping_key(master), raw)
    except (InvalidUnwrap, binascii.Error):
        message = "is not wrapped by this CDP_MASTER_KEY; set the one that wrapped it"
        raise InvalidInput("CDP_IDENTIFIER_KEY", message) from None


def read_key(text: str, master: str | None) -> bytes:
    """The key that CDP_IDENTIFIER_KEY stands for: as it is, or wrapped by CDP_MASTER_KEY."""
    if not text.startswith(WRAPPED):
        return text.encode()
    if not master:
        raise InvalidInput("CDP_MASTER_KEY", "is not set; CDP_IDENTIFIER_KEY is wrapped by it")
    return unwrap(text, master)


def rotate(text: str, master: str | None, new_master: str) -> str:
    """The same key, wrapped by `new_master`: no hash that was made with it changes."""
    return wrap(read_key(text, master), new_master, "CDP_NEW_MASTER_KEY")


def _wrapping_key(master: str, variable: str = "CDP_MASTER_KEY") -> bytes:
    if len(master) < SHORTEST_MASTER_KEY:
        message = (
            f"needs at least {SHORTEST_MASTER_KEY} characters; `openssl rand -hex 32` makes one"
        )
        raise InvalidInput(variable, message)
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(master.encode())
