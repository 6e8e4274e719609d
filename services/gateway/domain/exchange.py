"""What a handler takes and gives: a request, calls of services, a response.

A handler is a generator without I/O, so that any server can run it: it yields a `ServiceCall`, or a
list of them to be made side by side, is sent what they returned, and returns its `EdgeResponse`. A
call that fails is thrown into it, as one of the errors of `chassis.core.errors`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.gateway.domain.sources import EventSource


@dataclass(frozen=True, slots=True)
class EdgeRequest:
    """An HTTP request whose key has been checked; the names of `headers` are in lower case.

    `body` is as it came, but inflated, and `document` is what it says if the route reads JSON;
    `parameters` are those of the route's path; `received_at` is in microseconds, by the clock of
    the process. `user_id` is that of a valid user token in the header `X-Cdp-User-Token`, or beside
    the document's other members as `userToken` (elsewhere: see `domain.user_tokens`). `country`
    (ISO 3166) is what a trusted proxy said.
    """

    method: str
    path: str
    source: EventSource
    received_at: int
    body: bytes = b""
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    document: Any = None
    user_id: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class ServiceCall:
    """A call of a service: `profiles`, `record`, its arguments by name."""

    service: str
    method: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EdgeResponse:
    """An HTTP response; a `body` that is neither text nor bytes is sent as JSON.

    Without a `Cache-Control` it is private and not stored. A response with an `ETag` becomes a 304
    for whoever has it; `domain.caching` makes such responses.
    """

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


Steps = Generator["ServiceCall | list[ServiceCall]", Any, EdgeResponse]
Handler = Callable[[EdgeRequest], Steps]
