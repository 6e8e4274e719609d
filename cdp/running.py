"""Running and migrating services, with settings from the environment."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import structlog
from kombu import Connection

from cdp.databases import check_database, explained
from cdp.embedded import EMBEDDED_BROKER, EmbeddedSuite, database_path, migrate
from chassis.config.settings import Role, Settings, owner_database, read_settings
from chassis.config.uris import broker_refusal, check_broker_uri
from chassis.core.errors import InvalidInput, Unavailable
from chassis.messaging.amqp import BROKER_ERRORS
from chassis.messaging.exchanges import declare_own
from chassis.observability.logging import configure_logging
from chassis.runtime.runner import exit_on_signals

EMBEDDED = Path(".run/embedded")
_CONNECT_SECONDS = 5
_ALLOCATIONS_A_COLLECTION = 20_000


def run_services(names: Sequence[str], role: Role, embedded: bool) -> None:
    """Run services until SIGTERM or SIGINT; a ServiceError says why they cannot start."""
    log_format = _log_format()
    settings = _embedded(names, role) if embedded else [read_settings(n, role) for n in names]
    for each in settings:
        check_database(each.service, each.database_uri, f"CDP_{each.service.upper()}_DATABASE_URI")
        if not each.embedded:
            open_broker(each)
    configure_logging(log_format, _log_level())
    exit_on_signals()
    suite = EmbeddedSuite(settings)
    try:
        suite.start()
    except OSError as error:
        raise Unavailable("CDP_HTTP_PORT", f"the port cannot be opened: {error}") from None
    _collect_less_garbage()
    structlog.get_logger("cdp").info("running", services=list(names), role=role)
    suite.run_until_stopped()


def _collect_less_garbage() -> None:
    """Exempt what lives as long as the process, and collect the rest less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS_A_COLLECTION)


def migrate_services(names: Sequence[str]) -> Iterator[str]:
    """Migrate services one by one, yielding the name of each when it is done."""
    for name in names:
        # Migrations need no broker, so they run without one.
        os.environ.setdefault("CDP_AMQP_URI", EMBEDDED_BROKER)
        settings = read_settings(name)
        owner, variable = owner_database(settings)
        with explained(name, variable):
            migrate(settings, owner if owner != settings.database_uri else None)
        yield name


def open_broker(settings: Settings) -> None:
    """Declare what the service owns on the broker, so that others can follow it from the start.

    Raises a ServiceError that says why the broker is out of reach.
    """
    variable = f"CDP_{settings.service.upper()}_AMQP_URI or CDP_AMQP_URI"
    check_broker_uri(variable, settings.amqp_uri)
    try:
        with Connection(settings.amqp_uri, connect_timeout=_CONNECT_SECONDS) as connection:
            connection.ensure_connection(max_retries=1, timeout=_CONNECT_SECONDS)
            declare_own(connection, settings.service)
    except BROKER_ERRORS as error:
        raise broker_refusal(variable, settings.amqp_uri, error) from None


def _embedded(names: Sequence[str], role: Role) -> list[Settings]:
    EMBEDDED.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("CDP_AMQP_URI", EMBEDDED_BROKER)
    for name in names:
        database = f"sqlite:///{database_path(EMBEDDED, name)}"
        os.environ[f"CDP_{name.upper()}_DATABASE_URI"] = database
    settings = [read_settings(name, role) for name in names]
    for each in settings:
        migrate(each)
    return settings


def _log_format() -> Literal["json", "text"]:
    log_format = os.environ.get("CDP_LOG", "text" if sys.stderr.isatty() else "json")
    if log_format not in ("json", "text"):
        raise InvalidInput("CDP_LOG", "must be json or text")
    return "json" if log_format == "json" else "text"


def _log_level() -> str:
    level = os.environ.get("CDP_LOG_LEVEL", "INFO").upper()
    if level not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise InvalidInput("CDP_LOG_LEVEL", "must be debug, info, warning or error")
    return level
