"""How commands reach the services: over the broker, or in this process on files of SQLite."""

from __future__ import annotations

import os
import time
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
from chassis.config.settings import Settings
from chassis.config.uris import check_broker_uri
from chassis.core.clock import clock_from
from chassis.core.errors import InvalidInput, NotFound
from chassis.observability.logging import configure_logging
from chassis.runtime.client import Client
from contracts.topology import SERVICE_NAMES

LOCAL_BROKER = "amqp://guest:guest@localhost:5672/"
DEMO = Path(".demo")
CLOCK = "clock"
_PATIENCE = 3.0  # seconds without progress, as of a halted stream
_POLL_SECONDS = 0.05
_MOST_DUE = 1_000


@contextmanager
def connected(suite: Path | None, timeout: float = 10.0) -> Iterator[Client]:
    """A client of the services on the broker, or of the embedded suite in the directory `suite`.

    An embedded suite runs only as long as a command does. So it first catches up with what the
    command before has left, and with what time has changed since.

    Its calls are in the trace that the environment's TRACEPARENT names, as scripts hand it on.
    """
    traceparent = os.environ.get("TRACEPARENT")
    if suite is not None:
        embedded = _embedded(suite)
        with embedded.running(), Client(EMBEDDED_BROKER, timeout, traceparent) as client:
            _catch_up(embedded, client)
            yield client
        return
    with Client(broker_uri(), timeout, traceparent) as client:
        yield client


def broker_uri() -> str:
    """The broker over which commands reach the services; InvalidInput for an invalid URI."""
    uri = os.environ.get("CDP_AMQP_URI") or LOCAL_BROKER
    check_broker_uri("CDP_AMQP_URI", uri)
    return uri


def make_suite(directory: Path) -> None:
    """Make an embedded suite in a directory that has none; its clock is that of the machine."""
    if (directory / CLOCK).exists():
        return
    try:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / CLOCK).write_text("system\n")
    except OSError as error:
        raise InvalidInput(
            str(directory), f"cannot be written ({error.strerror}); name another directory"
        ) from None
    for each in suite_settings(directory):
        migrate(each)


def suite_clock(directory: Path) -> str:
    """The clock of the embedded suite in a directory: "system", or where it stands."""
    return (directory / CLOCK).read_text().strip()


def suite_settings(directory: Path) -> list[Settings]:
    """The settings of the services of the embedded suite in a directory."""
    return embedded_settings(directory, clock_from(suite_clock(directory)))


def _embedded(directory: Path) -> EmbeddedSuite:
    missing = [name for name in SERVICE_NAMES if not database_path(directory, name).exists()]
    if missing or not (directory / CLOCK).exists():
        raise NotFound(
            str(directory),
            "has no demo; run `cdp demo` in this directory first"
            if directory == DEMO
            else f"has no suite; `cdp load FILE --into {directory}` makes one",
        )
    configure_logging("text", "ERROR")
    settings = suite_settings(directory)
    for each in settings:
        migrate(each)
    return EmbeddedSuite(settings)


def _catch_up(suite: EmbeddedSuite, client: Client) -> None:
    """Wait until services have applied all events and segments have evaluated everybody.

    What makes no progress is left: events and profiles that fail.
    """
    before, moved = _left_to_do(suite, client), time.monotonic()
    left = before
    while any(left) and time.monotonic() - moved < _PATIENCE:
        time.sleep(_POLL_SECONDS)
        left = _left_to_do(suite, client)
        if left != before:
            before, moved = left, time.monotonic()


def _left_to_do(suite: EmbeddedSuite, client: Client) -> tuple[int, int, int]:
    """How many events, evaluations by new definitions, and evaluations due by time are left."""
    events = sum(lag.total - lag.applied for lag in suite.lags())
    segments = client.call("segments", "list")
    backfill = sum(each["total"] - each["done"] for each in segments if "done" in each)
    return events, backfill, suite.due_evaluations(_MOST_DUE)
