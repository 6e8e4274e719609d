"""A source: one of the shop's pages, servers or systems, which sends events with its own keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

KeyKind = Literal["browser", "server"]


@dataclass(frozen=True, slots=True)
class EventSource:
    """Who sends a request, by its key.

    `key_kind` is `browser` for a public write key, which proves nothing, and `server` for a secret
    one. Events and decisions of a `test` source count nowhere. `emails_verified` says that the
    shop lets nobody register with an address that is not theirs. `webhook_secrets` and
    `token_secrets` are what the shop signs with: the newest first, two while one is exchanged.
    `settings` is what an entry point wants to know of the source, as it was written by hand.
    """

    source_id: str
    name: str
    key_kind: KeyKind
    store: str | None = None
    test: bool = False
    emails_verified: bool = False
    allowed_origins: tuple[str, ...] = ()
    webhook_secrets: tuple[str, ...] = field(default=(), repr=False)
    token_secrets: tuple[str, ...] = field(default=(), repr=False)
    settings: Mapping[str, Any] = field(default_factory=dict)


NOBODY = EventSource(source_id="", name="", key_kind="browser")  # of a route that takes no key
