"""The ids of events that come with a public key.

Ids are one space for all who send. Whoever has read the key in a page could otherwise take the id
of an event that the shop is about to send, which would be refused as a conflict then.
"""

from __future__ import annotations

import hashlib

from contracts.event_schema import MAX_ID
from services.gateway.domain.sources import EventSource


def own_id(source: EventSource, event_id: str) -> str:
    """An id that no other source can take by a public key; that of a server stands as it is."""
    if source.key_kind == "server":
        return event_id
    name = f"browser:{source.source_id}:{event_id}"
    if len(name) <= MAX_ID and name.isprintable():
        return name
    return f"browser:{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:32]}"
