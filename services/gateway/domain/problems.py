"""What is wrong with a request, as its sender is told: always JSON with a code and a message.

SDKs read `code` and `message`, and repeat some statuses: 408, 429 and most of 5xx. So a 503 is
answered only where the same request can succeed later, and 4xx where it never will.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from chassis.core.errors import (
    ServiceError,
    Unavailable,
)
from chassis.core.http_statuses import HTTP_STATUSES
from services.gateway.domain.exchange import EdgeResponse


class Unauthorized(ServiceError):
    """No key came with the request, or one that opens nothing."""


class WrongMethod(ServiceError):
    """There is something at the path, and not by this method: `subject` lists those there are."""


class TooLarge(ServiceError):
    """The body, or what it inflates to, is larger than the entry point takes."""


class TooSlow(ServiceError):
    """The body did not come in time."""


class TooManyRequests(ServiceError):
    """The key or the address has sent more than its share."""

    def __init__(self, subject: str, message: str, seconds: int = 1) -> None:
        super().__init__(subject, message)
        self.seconds = seconds


_STATUSES: Mapping[type[ServiceError], int] = {
    **HTTP_STATUSES,
    Unauthorized: 401,
    WrongMethod: 405,
    TooSlow: 408,
    TooLarge: 413,
    TooManyRequests: 429,
}
_WORD = re.compile(r"(?<!^)(?=[A-Z])")
# After these there may be a body on the connection that nobody has read.
_CLOSES = (TooSlow, TooLarge)


def problem_response(error: ServiceError) -> EdgeResponse:
    """The response that tells what is wrong: the field, and what to send instead."""
    kind = next(kind for kind in _STATUSES if isinstance(error, kind))
    code = _WORD.sub("_", kind.__name__).lower()
    body = {"code": code, "message": str(error), "field": error.subject}
    return EdgeResponse(_STATUSES[kind], body, _headers(error))


def _headers(error: ServiceError) -> Mapping[str, str]:
    if isinstance(error, TooManyRequests):
        return {"Retry-After": str(error.seconds)}
    if isinstance(error, Unavailable):
        return {"Retry-After": "1"}
    if isinstance(error, Unauthorized):
        return {"WWW-Authenticate": "Bearer"}  # for Basic, a browser would ask the shopper
    if isinstance(error, WrongMethod):
        return {"Allow": error.subject}
    return {"Connection": "close"} if isinstance(error, _CLOSES) else {}
