"""Running and migrating services, with settings from the environment."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import structlog
from kombu import Connection

from cdp.databases import check_database, explained
from cdp.embedded import EMBEDDED_BROKER, EmbeddedSuite, database_path, migrate
from cdp.main import ALLOCATIONS_A_COLLECTION
from chassis.config.settings import Role, Settings, owner_database, read_settings
from chassis.config.uris import broker_refusal, check_broker_uri
from chassis.core.deadline import DeadlineExceeded, run_within
from chassis.core.errors import Unavailable
from chassis.messaging.amqp import BROKER_ERRORS
from chassis.messaging.exchanges import declare_own
from chassis.observability.logging import configure_logging, read_log_form, read_log_level
from chassis.runtime.runner import exit_on_signals

EMBEDDED = Path(".run/embedded")
_CONNECT_SECONDS = 5
_DOOR_SECONDS = 2.0  # whoever calls over HTTP does not wait for servers


def run_services(names: Sequence[str], role: Role, embedded: bool) -> None:
    """Run services until SIGTERM or SIGINT; a ServiceError says why they cannot start."""
    log_format = read_log_form()
    settings = _embedded(names, role) if embedded else [read_settings(n, role) for n in names]
    configure_logging(log_format, read_log_level())
    for each in settings:
        _check_servers(each)
    exit_on_signals()
    suite = EmbeddedSuite(settings)
    try:
        suite.start()
    except OSError as error:
        raise Unavailable("CDP_HTTP_PORT", f"the port cannot be opened: {error}") from None
    _collect_less_garbage()
    structlog.get_logger("cdp").info("running", services=list(names), role=role)
    suite.run_until_stopped()


def _check_servers(settings: Settings) -> None:
    """Refuse servers that cannot be used; only a service with an HTTP door starts without them."""
    has_door = settings.door_address is not None and settings.serves_rpc
    variable = f"CDP_{settings.service.upper()}_DATABASE_URI"
    checks = [partial(check_database, settings.service, settings.database_uri, variable)]
    if not settings.embedded:
        checks.append(partial(open_broker, settings))
    for check in checks:
        if not has_door:
            check()
            continue
        try:
            run_within(_DOOR_SECONDS, check)
        except (Unavailable, DeadlineExceeded) as error:
            structlog.get_logger("cdp").warning("started_without", reason=str(error) or "no answer")


def _collect_less_garbage() -> None:
    """Exempt what lives as long as the process, and collect the rest less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(ALLOCATIONS_A_COLLECTION)


def migrate_services(names: Sequence[str]) -> Iterator[str]:
    """Migrate services one by one, yielding the name of each when it is done."""
    for name in names:
        # Migrations need no broker, so they run without one.
        os.environ.setdefault("CDP_AMQP_URI", EMBEDDED_BROKER)
        settings = read_settings(name, has_door=False)
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
