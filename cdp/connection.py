"""How commands reach the services: over the broker, or in this process for the last demo."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cdp.embedded import (
    EMBEDDED_BROKER,
    EmbeddedSuite,
    database_path,
    embedded_settings,
    migrate,
)
from chassis.config.uris import check_broker_uri
from chassis.core.clock import clock_from
from chassis.core.errors import NotFound
from chassis.observability.logging import configure_logging
from chassis.runtime.client import Client
from contracts.topology import SERVICE_NAMES

LOCAL_BROKER = "amqp://guest:guest@localhost:5672/"
DEMO = Path(".demo")
CLOCK = "clock"


@contextmanager
def connected(demo: bool, timeout: float = 10.0) -> Iterator[Client]:
    """A client of the services on the broker, or of those the last demo left in `.demo`.

    Its calls are in the trace that the environment's TRACEPARENT names, as scripts hand it on.
    """
    traceparent = os.environ.get("TRACEPARENT")
    if demo:
        with _last_demo().running(), Client(EMBEDDED_BROKER, timeout, traceparent) as client:
            yield client
        return
    with Client(broker_uri(), timeout, traceparent) as client:
        yield client


def broker_uri() -> str:
    """The broker over which commands reach the services; InvalidInput for an invalid URI."""
    uri = os.environ.get("CDP_AMQP_URI") or LOCAL_BROKER
    check_broker_uri("CDP_AMQP_URI", uri)
    return uri


def _last_demo() -> EmbeddedSuite:
    missing = [name for name in SERVICE_NAMES if not database_path(DEMO, name).exists()]
    if missing or not (DEMO / CLOCK).exists():
        raise NotFound(str(DEMO), "has no demo; run `cdp demo` in this directory first")
    configure_logging("text", "ERROR")
    settings = embedded_settings(DEMO, clock_from((DEMO / CLOCK).read_text().strip()))
    for each in settings:
        migrate(each)
    return EmbeddedSuite(settings)
