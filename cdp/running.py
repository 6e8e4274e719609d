"""Running and migrating services with the settings of the environment."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import amqp
import sqlalchemy as sa
import structlog
from kombu import Connection
from kombu.exceptions import KombuError

from cdp.suite import EMBEDDED_BROKER, Suite, database_path, migrate
from chassis.database import driver_uri
from chassis.errors import Conflict, InvalidInput, Unavailable
from chassis.logging import configure_logging
from chassis.schema import EVENTS
from chassis.settings import Role, Settings, read_settings
from chassis.topology import declare_own

EMBEDDED = Path(".run/embedded")
_CONNECT_SECONDS = 5
_ALLOCATIONS_A_COLLECTION = 20_000


def run_services(names: Sequence[str], role: Role, embedded: bool) -> None:
    """Run services until a signal; a ServiceError says what keeps them from starting."""
    form = _log_form()
    settings = _embedded(names, role) if embedded else [read_settings(n, role) for n in names]
    for each in settings:
        check_database(each)
        if not each.embedded:
            open_broker(each)
    configure_logging(form, _log_level())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))  # until the services are up, and stop in turn
    suite = Suite(settings)
    try:
        suite.start()
    except OSError as error:
        raise Unavailable("CDP_HTTP_PORT", f"no port can be opened there: {error}") from None
    _collect_less_garbage()
    structlog.get_logger("cdp").info("running", services=list(names), role=role)
    suite.run_until_stopped()


def _collect_less_garbage() -> None:
    """Leave what lives as long as the process alone, and look at the rest less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS_A_COLLECTION)


def migrate_services(names: Sequence[str]) -> Iterator[str]:
    """Migrate one service after the other, yielding each that is done."""
    for name in names:
        # The broker is of no concern here, so that migrations run where there is none.
        os.environ.setdefault("CDP_AMQP_URI", EMBEDDED_BROKER)
        settings = read_settings(name)
        owner = os.environ.get(f"CDP_{name.upper()}_OWNER_DATABASE_URI")
        try:
            migrate(settings, owner)
        except sa.exc.OperationalError as error:
            raise _unreachable(name, error) from None
        yield name


def check_database(settings: Settings) -> None:
    """Refuse to start on a database that is out of reach or has no tables yet."""
    engine = sa.create_engine(driver_uri(settings.database_uri))
    try:
        migrated = sa.inspect(engine).has_table(EVENTS.name)
    except sa.exc.OperationalError as error:
        raise _unreachable(settings.service, error) from None
    finally:
        engine.dispose()
    if not migrated:
        name = settings.service
        raise Conflict(f"database of {name}", f"has no tables yet; run `cdp migrate {name}`")


def open_broker(settings: Settings) -> None:
    """Declare what the service owns there, so that others can follow it before it tells anything.

    Refuses to start without the broker, and says why it is out of reach.
    """
    variable = f"CDP_{settings.service.upper()}_AMQP_URI or CDP_AMQP_URI"
    try:
        with Connection(settings.amqp_uri, connect_timeout=_CONNECT_SECONDS) as connection:
            connection.ensure_connection(max_retries=1, timeout=_CONNECT_SECONDS)
            declare_own(connection.channel(), settings.service)
    except (OSError, amqp.AMQPError, KombuError) as error:
        raise Unavailable(variable, f"the broker is out of reach: {error}") from None
    except (KeyError, ValueError) as error:
        raise InvalidInput(variable, f"is no URI of a broker: {error}") from None


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


def _log_form() -> Literal["json", "text"]:
    form = os.environ.get("CDP_LOG", "text" if sys.stderr.isatty() else "json")
    if form not in ("json", "text"):
        raise InvalidInput("CDP_LOG", "is json or text")
    return "json" if form == "json" else "text"


def _log_level() -> str:
    level = os.environ.get("CDP_LOG_LEVEL", "INFO").upper()
    if level not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise InvalidInput("CDP_LOG_LEVEL", "is debug, info, warning or error")
    return level


def _unreachable(service: str, error: sa.exc.OperationalError) -> Unavailable:
    variable = f"CDP_{service.upper()}_DATABASE_URI"
    said = str(error.orig).strip().splitlines()
    return Unavailable(variable, f"the database is out of reach: {said[0] if said else error}")
