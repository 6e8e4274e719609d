"""The URIs that an operator writes: what is wrong with one, and why the broker refused us.

No message contains a password.
"""

from __future__ import annotations

import os
import socket
from urllib.parse import unquote, urlsplit

import amqp
import psycopg2
import sqlalchemy as sa
from kombu import Connection
from kombu.exceptions import OperationalError
from psycopg2.extensions import make_dsn

from chassis.core.errors import InvalidInput, Refused, ServiceError, Unavailable

BROKER_PORT = 5672
_BROKERS = ("amqp", "amqps", "pyamqp")
_IN_PROCESS = ("embedded", "memory")
_NO_BROKER = (
    "is not the URI of a broker; write amqp://USER:PASSWORD@HOST:5672/VHOST, with / @ : and # of a"
    " password as %2F %40 %3A and %23"
)
_DATABASES = ("postgresql", "postgresql+psycopg2", "sqlite", "sqlite+pysqlite")
_NO_DATABASE = (
    "is not the URI of a database; write postgresql://USER:PASSWORD@HOST:5432/DATABASE or"
    " sqlite:///FILE"
)


def check_broker_uri(variable: str, uri: str) -> None:
    """Raise InvalidInput, with the variable's name, for what is not the URI of a broker."""
    scheme, separator, _rest = uri.partition("://")
    if separator and scheme in _IN_PROCESS:
        return
    if not separator or scheme not in _BROKERS:
        raise InvalidInput(variable, _NO_BROKER)
    try:
        urlsplit(uri).port  # noqa: B018 - it raises
        Connection(uri)  # reads the URI, and connects to nothing
    except (TypeError, ValueError):
        raise InvalidInput(variable, _NO_BROKER) from None


def broker_refusal(variable: str, uri: str, error: Exception) -> ServiceError:
    """The error for a broker that is out of reach (Unavailable) or refused us (Refused)."""
    parts = urlsplit(uri)
    host, user = parts.hostname or "localhost", unquote(parts.username or "guest")
    cause = error.__cause__ if isinstance(error, OperationalError) and error.__cause__ else error
    message = str(cause)
    if isinstance(cause, amqp.AccessRefused) and "ogin was refused" in message:
        message = f"the broker at {host} refused the user {user} or the password"
        return Refused(variable, message)
    if isinstance(cause, amqp.NotAllowed) and "vhost" in message:
        name = unquote(parts.path.removeprefix("/")) or "/"
        message = f"the broker at {host} has no virtual host {name}, or {user} may not use it"
        return Refused(variable, message)
    if isinstance(cause, socket.gaierror):
        return Unavailable(variable, f"host {host} is not known")
    number = cause.errno if isinstance(cause, OSError) else None
    why = os.strerror(number) if number else message or "it did not answer"
    place = f"{host}:{parts.port or BROKER_PORT}"
    return Unavailable(variable, f"the broker at {place} is out of reach: {why}")


def check_database_uri(variable: str, uri: str) -> None:
    """Raise InvalidInput, with the variable's name, for no URI of PostgreSQL or SQLite."""
    try:
        url = sa.make_url(uri)
        if url.drivername not in _DATABASES:
            raise InvalidInput(variable, _NO_DATABASE)
        _args, options = url.get_dialect()().create_connect_args(url)
    except (sa.exc.ArgumentError, ValueError):
        raise InvalidInput(variable, _NO_DATABASE) from None
    if url.get_backend_name() == "postgresql":
        try:
            make_dsn(**options)
        except psycopg2.ProgrammingError as error:
            reason = str(error).strip().removeprefix("invalid dsn: ")
            raise InvalidInput(variable, f"is not the URI of a database: {reason}") from None
