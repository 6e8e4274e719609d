"""What commands say about a database that they cannot use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from chassis.core.errors import Conflict, Refused, Unavailable
from chassis.database.engine import driver_uri
from chassis.database.tables import EVENTS

# Insufficient privilege, unknown role: PostgreSQL's message names what is missing.
_NOT_ALLOWED = {"42501", "42704"}


@contextmanager
def explained(service: str, variable: str) -> Iterator[None]:
    """Raise a ServiceError of one line for a database of `variable` that cannot be used."""
    try:
        yield
    except sa.exc.NoSuchTableError:
        raise _without_tables(service) from None
    except sa.exc.DatabaseError as error:
        reason = (str(error.orig).strip() or "it did not respond").splitlines()[0]
        if getattr(error.orig, "pgcode", None) in _NOT_ALLOWED:
            raise Refused(variable, f"the database does not allow it: {reason}") from None
        # SQLite's "file is not a database" has no more specific class.
        if isinstance(error, sa.exc.OperationalError) or type(error) is sa.exc.DatabaseError:
            raise Unavailable(variable, f"the database is out of reach: {reason}") from None
        raise


def check_database(service: str, uri: str, variable: str) -> None:
    """Refuse a database that is out of reach or has no tables yet."""
    engine = sa.create_engine(driver_uri(uri))
    try:
        with explained(service, variable):
            migrated = sa.inspect(engine).has_table(EVENTS.name)
    finally:
        engine.dispose()
    if not migrated:
        raise _without_tables(service)


def _without_tables(service: str) -> Conflict:
    return Conflict(f"database of {service}", f"has no tables yet; run `cdp migrate {service}`")
