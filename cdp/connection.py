"""How commands reach the services: over the broker, or in this process on files of SQLite."""

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


@contextmanager
def connected(suite: Path | None, timeout: float = 10.0) -> Iterator[Client]:
    """A client of the services on the broker, or of the embedded suite in the directory `suite`.

    Its calls are in the trace that the environment's TRACEPARENT names, as scripts hand it on.
    """
    traceparent = os.environ.get("TRACEPARENT")
    if suite is not None:
        with _embedded(suite).running(), Client(EMBEDDED_BROKER, timeout, traceparent) as client:
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
