"""The HTTP statuses of errors that cross the wire, for all who answer over HTTP."""

from __future__ import annotations

from collections.abc import Mapping

from chassis.core.errors import (
    Conflict,
    Failure,
    InvalidInput,
    NotFound,
    Refused,
    ServiceError,
    Unavailable,
)

HTTP_STATUSES: Mapping[type[ServiceError], int] = {
    InvalidInput: 400,
    Refused: 403,
    NotFound: 404,
    Conflict: 409,
    Failure: 500,
    Unavailable: 503,
}
