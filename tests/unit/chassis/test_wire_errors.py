"""Errors on the wire: one path for each, which every release writes and reads."""

from __future__ import annotations

import pytest
from nameko.exceptions import RemoteError, deserialize

from chassis.core import errors
from chassis.core.errors import ServiceError
from chassis.runtime.wire_errors import register_errors, serialize_error

ERRORS = sorted(
    (kind for kind in vars(errors).values() if isinstance(kind, type)),
    key=lambda kind: kind.__name__,
)


@pytest.mark.parametrize("kind", ERRORS)
def test_an_error_of_ours_is_sent_under_the_path_of_every_release(kind: type[ServiceError]) -> None:
    wire = serialize_error(kind("events[0].time", "has no time zone"))
    assert wire["exc_path"] == f"chassis.errors.{kind.__name__}"
    assert wire["exc_args"] == ["events[0].time", "has no time zone"]


@pytest.mark.parametrize("module", ["chassis.errors", "chassis.core.errors"])
@pytest.mark.parametrize("kind", ERRORS)
def test_an_error_of_ours_is_read_as_its_class(kind: type[ServiceError], module: str) -> None:
    register_errors()
    wire = serialize_error(kind("subject", "message")) | {"exc_path": f"{module}.{kind.__name__}"}
    error = deserialize(wire)
    assert type(error) is kind
    assert (error.subject, error.message) == ("subject", "message")


def test_any_other_error_is_sent_and_read_as_nameko_does() -> None:
    error = deserialize(serialize_error(ZeroDivisionError("by zero")))
    assert isinstance(error, RemoteError)
    assert error.exc_type == "ZeroDivisionError"
