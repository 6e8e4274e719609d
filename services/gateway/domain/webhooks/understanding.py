"""A message that a webhook has brought, and what it comes to."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from contracts.event_schema import MAX_ID
from services.gateway.domain.sources import EventSource

WebhookEvent = dict[str, Any]
"""An event as `profiles.record` takes it"""

_DIGEST_BYTES = 6


@dataclass(frozen=True, slots=True)
class WebhookMessage:
    """What a sender has sent about a `topic`; `received_at` is in microseconds.

    `message_id` is the sender's own name of the message, where its signature covers that. `orders`
    are those that earlier messages of the sender have linked to what this one names.
    """

    source: EventSource
    topic: str
    document: Mapping[str, Any] = field(repr=False)
    received_at: int
    message_id: str = ""
    orders: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Understanding:
    """What a message comes to: its events, or the `reason` why it has none.

    `is_due`: somebody has to do what it asks for. `links` are orders by what other messages of the
    sender call them, such as a payment; with `is_unlinked` it waits for the link that it lacks.
    """

    events: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    reason: str = ""
    is_due: bool = False
    is_unlinked: bool = False
    links: Mapping[str, str] = field(default_factory=dict)


Understand = Callable[[WebhookMessage], Understanding]


def event_of(
    key: Sequence[str],
    kind: str,
    time: str,
    identifiers: Mapping[str, str],
    data: Mapping[str, Any],
    **more: Any,
) -> WebhookEvent:
    """An event whose id is its business `key` and a digest of all that it says but its time.

    Whoever delivers it, and however often, it is one event, and when it says something else it is
    another one: nothing depends on the ids and the order of deliveries. What may be said again
    later, after something else, has its time in the `key`.
    """
    content = {
        "type": kind,
        "identifiers": {name: value for name, value in identifiers.items() if value},
        "authenticated": False,
        **more,
        "data": {name: value for name, value in data.items() if value not in (None, "")},
    }
    return {"id": event_id(key, content), "time": time, **content}


def event_id(key: Sequence[str], content: Any) -> str:
    """An id of a business key and a digest; a key that is too long is a digest, too."""
    digest = blake2b(
        json.dumps(content, sort_keys=True).encode(), digest_size=_DIGEST_BYTES
    ).hexdigest()
    name = ":".join(key)
    if len(name) + 1 + len(digest) > MAX_ID or not name.isprintable():
        name = f"{key[0]}:{blake2b(name.encode(), digest_size=2 * _DIGEST_BYTES).hexdigest()}"
    return f"{name}:{digest}"
