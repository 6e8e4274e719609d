"""The messages about a broker that cannot be used."""

from __future__ import annotations

import socket

import amqp
import pytest
from kombu.exceptions import OperationalError

from chassis.config.uris import broker_refusal, check_broker_uri
from chassis.core.errors import InvalidInput, Refused, Unavailable

URI = "amqp://ann:secret@mq.example/shop"
LOGIN = amqp.AccessRefused("Login was refused using authentication mechanism PLAIN")


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (LOGIN, Refused, "the broker at mq.example refused the user ann or the password"),
        (
            amqp.NotAllowed("NOT_ALLOWED - vhost shop not found"),
            Refused,
            "the broker at mq.example has no virtual host shop, or ann may not use it",
        ),
        (socket.gaierror(-2, "unknown"), Unavailable, "host mq.example is not known"),
        (
            ConnectionRefusedError(111, "ECONNREFUSED"),
            Unavailable,
            "the broker at mq.example:5672 is out of reach: Connection refused",
        ),
        (
            TimeoutError("timed out"),
            Unavailable,
            "the broker at mq.example:5672 is out of reach: timed out",
        ),
        (
            OSError(),
            Unavailable,
            "the broker at mq.example:5672 is out of reach: it did not answer",
        ),
    ],
)
def test_a_broker_that_cannot_be_used_is_explained(
    error: Exception, kind: type[Exception], message: str
) -> None:
    wrapped = OperationalError("what kombu makes of it")
    wrapped.__cause__ = error
    for each in (error, wrapped):
        refusal = broker_refusal("CDP_AMQP_URI", URI, each)
        assert isinstance(refusal, kind)
        assert str(refusal) == f"CDP_AMQP_URI: {message}"


def test_a_broker_of_this_process_needs_no_check() -> None:
    check_broker_uri("CDP_AMQP_URI", "embedded://localhost")


@pytest.mark.parametrize("uri", ["amqp://ann:se[cret@mq/", "amqp://mq:70000/", "redis://mq", ""])
def test_what_is_no_uri_of_a_broker_is_refused_by_its_variable(uri: str) -> None:
    with pytest.raises(InvalidInput, match=r"^CDP_AMQP_URI: is not the URI of a broker; write"):
        check_broker_uri("CDP_AMQP_URI", uri)
