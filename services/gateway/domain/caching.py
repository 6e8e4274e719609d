"""Responses that are the same for everybody: caches keep them, and ask whether they changed."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from services.gateway.domain.exchange import EdgeRequest, EdgeResponse, Handler, Steps

_WEEK = 7 * 24 * 3600
_STALE = f"stale-while-revalidate={_WEEK}, stale-if-error={_WEEK}"


def public_response(
    body: Any, media_type: str = "application/json", max_age: int = 300
) -> EdgeResponse:
    """A response that any cache may keep for `max_age` seconds.

    For a week more it may be shown while the cache asks again, or if nobody answers.
    """
    content = body if isinstance(body, bytes) else _encoded(body)
    return EdgeResponse(
        body=content,
        headers={
            "Content-Type": media_type,
            "Cache-Control": f"public, max-age={max_age}, {_STALE}",
            "ETag": f'"{hashlib.sha256(content).hexdigest()[:32]}"',
        },
    )


def static_handler(content: bytes, media_type: str, max_age: int = 300) -> Handler:
    """A handler that answers the same bytes to everybody."""
    response = public_response(content, media_type, max_age)

    def handle(_request: EdgeRequest) -> Steps:
        yield from ()
        return response

    return handle


def _encoded(body: Any) -> bytes:
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False, sort_keys=True)
    return text.encode()
