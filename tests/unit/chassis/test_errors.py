from __future__ import annotations

import pytest
from nameko.exceptions import deserialize, serialize

import chassis.runtime.rpc  # noqa: F401 - registers our errors
from chassis import Conflict, InvalidInput, NotFound, Refused, ServiceError, Unavailable
from chassis.core.errors import Failure

KINDS = [InvalidInput, NotFound, Conflict, Refused, Unavailable, Failure, ServiceError]


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_crosses_the_wire_as_itself(kind: type[ServiceError]) -> None:
    arrived = deserialize(serialize(kind("events[3].time", "has no time zone")))
    assert type(arrived) is kind
    assert (arrived.subject, arrived.message) == ("events[3].time", "has no time zone")
    assert arrived.args == ("events[3].time", "has no time zone")


def test_an_error_reads_as_one_sentence_that_names_the_field() -> None:
    assert str(InvalidInput("time", "has no time zone")) == "time: has no time zone"
    assert str(Refused("", "not today")) == "not today"
