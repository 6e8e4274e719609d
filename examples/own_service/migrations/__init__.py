"""The migrations of the service, in Alembic's form."""

from __future__ import annotations

from pathlib import Path

from chassis.database.migration import upgrade


def migrate(owner_uri: str, user: str | None = None) -> None:
    """Run the migrations as the owner of the tables, who grants `user` what the service needs."""
    upgrade(Path(__file__).parent, owner_uri, user)
