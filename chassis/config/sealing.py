"""Sealing: values that only their service reads again, encrypted where they are stored.

The key of a seal is derived from the identifier key, so a rotation of the master key encrypts
nothing again: it only wraps the same identifier key again.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12


class Seal:
    """Encrypts with AES-256-GCM, bound to what it is about; each `purpose` has a key of its own."""

    def __init__(
        self, key: bytes, purpose: bytes, entropy: Callable[[int], bytes] = os.urandom
    ) -> None:
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(key)
        self._cipher = AESGCM(derived)
        self._entropy = entropy

    def close(self, text: str, about: str) -> str:
        """The text, sealed; `about` is needed again to open it."""
        return base64.b64encode(self.close_bytes(text.encode(), about)).decode()

    def open(self, sealed: str, about: str) -> str:
        """The text; cryptography's InvalidTag if it was sealed under another key or name."""
        return self.open_bytes(base64.b64decode(sealed), about).decode()

    def close_bytes(self, data: bytes, about: str) -> bytes:
        """The same of bytes."""
        nonce = self._entropy(_NONCE)
        return nonce + self._cipher.encrypt(nonce, data, about.encode())

    def open_bytes(self, sealed: bytes, about: str) -> bytes:
        """The bytes that `close_bytes` has sealed; InvalidTag if they cannot be opened."""
        return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], about.encode())
