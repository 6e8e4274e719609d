"""Runs a service's migrations."""

from __future__ import annotations

import importlib

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations


def migrate(service: str, uri: str) -> None:
    """Create the tables of `service` in the database at `uri`."""
    module = importlib.import_module(f"services.{service}.migrations.0001_initial")
    engine = sa.create_engine(uri)
    try:
        with engine.begin() as connection:
            with Operations.context(MigrationContext.configure(connection)):
                module.upgrade()
    finally:
        engine.dispose()
