"""Errors as they are answered: their statuses and codes are promised."""

from __future__ import annotations

import pytest

from chassis.core.errors import (
    Conflict,
    Failure,
    InvalidInput,
    NotFound,
    Refused,
    ServiceError,
    Unavailable,
)
from services.gateway.domain.problems import (
    TooLarge,
    TooManyRequests,
    TooSlow,
    Unauthorized,
    WrongMethod,
    problem_response,
)


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        (InvalidInput, 400, "invalid_input"),
        (Unauthorized, 401, "unauthorized"),
        (Refused, 403, "refused"),
        (NotFound, 404, "not_found"),
        (WrongMethod, 405, "wrong_method"),
        (TooSlow, 408, "too_slow"),
        (Conflict, 409, "conflict"),
        (TooLarge, 413, "too_large"),
        (TooManyRequests, 429, "too_many_requests"),
        (Failure, 500, "failure"),
        (Unavailable, 503, "unavailable"),
    ],
)
def test_an_error_is_answered_with_its_status_code_and_field(
    kind: type[ServiceError], status: int, code: str
) -> None:
    response = problem_response(kind("body", "is wrong"))
    assert response.status == status
    assert response.body == {"code": code, "message": "body: is wrong", "field": "body"}
