"""What the shadow of a read model does on either database, and what both ways of it share.

The shadow is a second set of the read model's tables, which a rebuild fills and then exchanges for
the ones in use. `open_shadow` in `chassis.projections.rebuild` opens the one for a database.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from chassis.core.errors import Conflict, Refused
from chassis.database.engine import Database, is_session_lost
from chassis.database.tables import DEAD_LETTERS, GAPS, POSITIONS, RECONCILED
from chassis.eventlog.log import HeadCursor
from chassis.projections.read_model import LockMode

_LOCK_REFUSED = {"55P03", "40P01"}  # PostgreSQL: lock timeout, deadlock
# The fingerprint of the code that fills the tables: rows made by other code must not join them.
_RELEASE = sa.Table("release", sa.MetaData(), sa.Column("fingerprint", sa.Text, primary_key=True))


@dataclass(frozen=True, slots=True)
class StreamGap:
    """A stream of which the model in use has seen events that the shadow has not applied.

    `version` and `seen` are those of the model in use, and so is `restored_to`: up to there both
    agree, if the source has lost what comes later.
    """

    stream: str
    version: int
    seen: int
    shadow_version: int
    restored_to: int | None = None

    @property
    def lost(self) -> bool:
        """Whether the source has lost what the model in use has more."""
        return self.restored_to is not None


class Shadow(Protocol):
    """The shadow of one read model; `database` has its tables and the inbox's, and no others."""

    database: Database

    def exclusive(self) -> AbstractContextManager[None]:
        """Context: Conflict if another rebuild of the same database is running."""
        ...

    def prepare(self) -> None:
        """Create the tables that do not exist; those of an interrupted rebuild stay.

        Refused if another release has created them, Conflict if those in use have another form.
        """
        ...

    def analyse(self) -> None:
        """Update the statistics that the database plans queries by."""
        ...

    def lock(self, connection: sa.Connection, tables: Sequence[sa.Table], mode: LockMode) -> None:
        """Lock `tables` of the model in use until the transaction ends."""
        ...

    def gaps(self, connection: sa.Connection, source: str) -> list[StreamGap]:
        """The streams of `source` in which the model in use has seen more than this one."""
        ...

    def unapplied(
        self, connection: sa.Connection, service: str, since: HeadCursor
    ) -> dict[str, int]:
        """Heads of the service's own log from the place `since` on, not applied here."""
        ...

    def exchange(self, connection: sa.Connection, sources: Sequence[str], now: int) -> None:
        """Put the new tables into use, with the dead letters and halted streams of `sources`."""
        ...

    def remove(self) -> None:
        """Delete the tables that are not in use; Refused if that is for another user to do."""
        ...


def is_refused_lock(error: DBAPIError) -> bool:
    """Whether the locks were not to be had, or not to be kept: a later attempt may succeed.

    A session that is idle for too long with its locks is ended by the database.
    """
    refused = getattr(error.orig, "pgcode", None) in _LOCK_REFUSED
    return refused or is_session_lost(error)


def create_tables(connection: sa.Connection, tables: Sequence[sa.Table], release: str) -> None:
    """Create the tables that are missing, the inbox's too; Refused if `release` is another."""
    for table in dict.fromkeys((_RELEASE, *tables, POSITIONS, GAPS, RECONCILED, DEAD_LETTERS)):
        table.create(connection, checkfirst=True)
    creator = connection.execute(sa.select(_RELEASE.c.fingerprint)).scalar()
    if creator is None:
        connection.execute(sa.insert(_RELEASE), {"fingerprint": release})
    elif creator != release:
        raise Refused("rebuild", "was begun by another release; start it again, without --resume")


def different_form(table: str) -> Conflict:
    """The error for a table in use that has other columns than this release gives it."""
    return Conflict(
        f"table {table}",
        "is not as this release makes it; run `cdp migrate`, and rebuild again by this release",
    )


def retire_dead_letters(connection: sa.Connection, sources: Sequence[str], now: int) -> None:
    """Mark the dead letters of `sources` as redriven.

    The rebuild has tried all their events again: what still fails has a new dead letter.
    """
    statement = (
        sa.update(DEAD_LETTERS)
        .where(DEAD_LETTERS.c.redriven_at.is_(None), DEAD_LETTERS.c.event_id.is_not(None))
        .where(DEAD_LETTERS.c.source.in_(list(sources)))
        .values(redriven_at=now)
    )
    connection.execute(statement)
