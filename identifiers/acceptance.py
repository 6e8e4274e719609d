"""Acceptance: what a shop sent becomes keyed hashes, or is refused with a reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

from chassis.core.suggest import near_miss
from chassis.validation.slips import was_rounded
from identifiers.normalising import Unusable, bare_address, clean, normalise, without_alias
from identifiers.placeholders import is_listed, is_placeholder
from identifiers.types import Assurance, IdentifierType, IdentifierTypes

# The error for an event none of whose identifiers can be used.
NONE_USABLE: Mapping[str, str] = {
    "field": "identifiers",
    "message": "has none that can be used; ignored_identifiers says why",
}
_BLOCK = 64  # bytes that SHA-256 reads at once
_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))
_HEX_DIGITS = 32  # 128 bits: no two of 10^12 values collide by chance


@dataclass(frozen=True, slots=True)
class Identifier:
    """An accepted identifier: its key, `<type>:<32 hex digits>`, and what its type says of it.

    `mailbox` is the key of an e-mail address without its alias, where it has one.
    """

    key: str
    type: IdentifierType
    mailbox: str | None = None

    @property
    def contact(self) -> str:
        """The key by which an address is one person's for caps."""
        return self.mailbox or self.key

    @property
    def priority(self) -> int:
        """The priority of its type; 1 is the strongest."""
        return self.type.priority

    def assured(self, authenticated: bool) -> Assurance:
        """What it proves in an event that is authenticated, or is not."""
        return self.type.assured(authenticated)


@dataclass(frozen=True, slots=True)
class Ignored:
    """An identifier that was not used; `reason` says why, without its value."""

    type: str
    reason: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """The identifiers of one event: `keys` from the strongest type down, and those left out."""

    keys: tuple[Identifier, ...]
    ignored: tuple[Ignored, ...]


def list_ignored(ignored: Iterable[Ignored]) -> list[dict[str, str]]:
    """The ignored identifiers as responses list them."""
    return [{"type": each.type, "reason": each.reason} for each in ignored]


def accept(identifiers: Mapping[str, str], types: IdentifierTypes, key: bytes) -> Accepted:
    """The keys of `identifiers` (type: plain value), HMAC-SHA256 under `key` of their one form.

    The same value always gives the same identifier key under the same `key`. A value of an unknown
    type, a placeholder, and one that identifies nobody is ignored and never an error.
    """
    keys: list[Identifier] = []
    ignored: list[Ignored] = []
    for name, value in identifiers.items():
        try:
            keys.append(_identifier(name, value, types, key))
        except Unusable as reason:
            ignored.append(Ignored(name, str(reason)))
    if len(keys) > 1:
        keys.sort(key=_strength)
    return Accepted(tuple(keys), tuple(ignored))


def _identifier(name: str, value: str, types: IdentifierTypes, key: bytes) -> Identifier:
    kind = types.by_name.get(name)
    if kind is None:
        close = near_miss(name, frozenset(types.by_name))
        hint = f"did you mean {close}?" if close else f"known are {', '.join(types.by_name)}"
        raise Unusable(f"has an unknown type; {hint}")
    if not isinstance(value, str):
        raise Unusable("is not text; send it in quotes")
    value = clean(value)
    if kind.normaliser == "email":
        value = bare_address(value)
    if is_placeholder(value):
        raise Unusable("is a placeholder, which would stand for everybody")
    if was_rounded(value):
        raise Unusable("was rounded by a spreadsheet; export the column as text")
    if is_listed(value, types.placeholders, types.patterns):
        raise Unusable("is a placeholder of this shop, as identity.yaml lists it")
    form = normalise(value, kind.normaliser, types.default_region)
    if kind.normaliser == "email" and (mailbox := without_alias(form)) != form:
        return Identifier(_key(name, form, key), kind, _key(name, mailbox, key))
    return Identifier(_key(name, form, key), kind)


def _key(name: str, form: str, key: bytes) -> str:
    digest = hmac_sha256(key, f"{name}:{form}".encode())
    return f"{name}:{digest[:_HEX_DIGITS]}"


def hmac_sha256(key: bytes, message: bytes) -> str:
    """HMAC-SHA256 (RFC 2104) in hex digits, with the work for the key done once.

    `hmac.digest` looks its algorithm up in OpenSSL each time, which is most of its cost.
    """
    begun = _begun(key)
    inner, outer = begun[0].copy(), begun[1].copy()
    inner.update(message)
    outer.update(inner.digest())
    digest: str = outer.hexdigest()
    return digest


@lru_cache(maxsize=8)
def _begun(key: bytes) -> tuple[Any, Any]:
    """The inner and the outer hash as they are once they have read the key."""
    if len(key) > _BLOCK:
        key = sha256(key).digest()
    block = key.ljust(_BLOCK, b"\0")
    return sha256(block.translate(_INNER)), sha256(block.translate(_OUTER))


def _strength(identifier: Identifier) -> tuple[int, str]:
    return identifier.type.priority, identifier.key
