"""Migrations: each service's Alembic revisions, run by the owner of its tables."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from chassis.core.retry import retry
from chassis.database.engine import (
    MIGRATION_LIMITS,
    driver_uri,
    is_contention,
    session_options,
)
from chassis.database.tables import PRIVILEGES, READ_MODEL_PRIVILEGES

_PATIENCE = 60.0  # seconds that the tables may be in use
_PAUSE = 0.5


def upgrade(revisions: Path, owner_uri: str, user: str | None = None) -> None:
    """Bring a database up to the newest of the `revisions`, as the owner of its tables.

    On PostgreSQL the service's own `user` is then granted what it needs and nothing else: the
    log can be read and added to. While others use the tables it waits for at most a minute, and
    never so long at once that they would queue up behind it.
    """
    engine = _engine(owner_uri)
    try:
        retry(
            partial(_upgrade, revisions, engine, user),
            lambda error: isinstance(error, DBAPIError) and is_contention(error),
            first_pause=_PAUSE,
            longest_pause=_PAUSE,
            patience=_PATIENCE,
        )
    finally:
        engine.dispose()


def _upgrade(revisions: Path, engine: sa.Engine, user: str | None) -> None:
    """Each revision in a transaction of its own, with what the `user` may do to its tables."""
    from alembic import command  # noqa: PLC0415 - which takes long, and services never migrate
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("path_separator", "newline")
    config.set_main_option("script_location", _quoted(Path(__file__).parent / "alembic"))
    config.set_main_option("version_locations", _quoted(revisions))

    def grant_to_user(connection: sa.Connection) -> None:
        if user and connection.dialect.name == "postgresql":
            grant(connection, user)

    config.attributes["after_revision"] = lambda ctx, **_: grant_to_user(ctx.connection)
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    with engine.begin() as connection:
        grant_to_user(connection)


def _engine(owner_uri: str) -> sa.Engine:
    url = driver_uri(owner_uri)
    options: dict[str, Any] = {}
    if url.get_backend_name() == "postgresql":
        options["connect_args"] = {"options": session_options(MIGRATION_LIMITS)}
    return sa.create_engine(url, **options)


def grant(connection: sa.Connection, user: str) -> None:
    """Grant the service's own `user` what it needs of the tables that there are."""
    quoted = connection.dialect.identifier_preparer.quote(user)
    connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA public TO {quoted}")
    inspector = sa.inspect(connection)
    for table in inspector.get_table_names():
        privileges = (
            "SELECT" if table == "alembic_version" else PRIVILEGES.get(table, READ_MODEL_PRIVILEGES)
        )
        connection.exec_driver_sql(f'GRANT {privileges} ON "{table}" TO {quoted}')
    for sequence in inspector.get_sequence_names():
        connection.exec_driver_sql(f'GRANT USAGE ON SEQUENCE "{sequence}" TO {quoted}')


def _quoted(path: Path) -> str:
    """A path as Alembic's configuration wants it."""
    return str(path).replace("%", "%%")
