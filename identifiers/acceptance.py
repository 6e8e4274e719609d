"""Acceptance: what a shop sent becomes keyed hashes, or is refused with a reason."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from chassis.core.suggest import near_miss
from identifiers.normalising import Unusable, clean, normalise
from identifiers.placeholders import is_listed, is_placeholder
from identifiers.types import Assurance, IdentifierType, IdentifierTypes

# The error for an event none of whose identifiers can be used.
NONE_USABLE: Mapping[str, str] = {
    "field": "identifiers",
    "message": "has none that can be used; ignored_identifiers says why",
}
_HEX_DIGITS = 32  # 128 bits: no two of 10^12 values collide by chance


@dataclass(frozen=True, slots=True)
class Identifier:
    """An accepted identifier: its key, `<type>:<32 hex digits>`, and what its type says of it."""

    key: str
    type: IdentifierType

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
    if is_placeholder(value):
        raise Unusable("is a placeholder, which would stand for everybody")
    if is_listed(value, types.placeholders, types.patterns):
        raise Unusable("is a placeholder of this shop, as identity.yaml lists it")
    form = normalise(value, kind.normaliser, types.default_region)
    digest = hmac.digest(key, f"{name}:{form}".encode(), "sha256").hex()
    return Identifier(f"{name}:{digest[:_HEX_DIGITS]}", kind)


def _strength(identifier: Identifier) -> tuple[int, str]:
    return identifier.type.priority, identifier.key
