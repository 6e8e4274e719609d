"""The table of routes: which handler answers at a path, and with which key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.gateway.domain.exchange import Handler

Method = Literal["GET", "POST", "DELETE"]
# browser: any key will do; server: a secret key alone; source: none, as the path's `{source}` names
# the sender and the handler checks a signature; none: anybody, and the request has no source.
KeyNeed = Literal["browser", "server", "source", "none"]
# Where a key may stand: the user name of Basic, Bearer, the header `X-Write-Key`, the query's or
# the body's `writeKey`, or the path's `{key}`.
KeyPlace = Literal["basic", "bearer", "header", "query", "body", "path"]

SECRET_PLACES: tuple[KeyPlace, ...] = ("bearer", "basic")
WRITE_KEY_PLACES: tuple[KeyPlace, ...] = ("basic", "bearer", "header", "query", "body")


@dataclass(frozen=True, slots=True)
class Route:
    """An entry point: `path` may have parameters, as in `/v1/projects/{key}/settings`.

    The key is looked for in `places`, in their order. With `reads_json` the body is parsed before
    the handler is called, and is its request's `document`; otherwise the body is as it came.
    `max_bytes` bounds the body, sent and inflated. `summary` is for the OpenAPI document.
    """

    method: Method
    path: str
    handler: Handler
    key: KeyNeed
    places: tuple[KeyPlace, ...] = SECRET_PLACES
    reads_json: bool = True
    max_bytes: int = 512 * 1024
    summary: str = ""
