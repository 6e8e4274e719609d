"""What goes wrong in the database itself is no poison, and not the table owner's fault."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from chassis import Unavailable
from chassis.database.engine import Database
from chassis.database.tables import DEAD_LETTERS
from chassis.projections.inbox import Inbox
from chassis.projections.rebuild import open_shadow
from tests.support.toy import Notes, append, note, work_on


def test_an_error_of_the_inboxs_own_tables_is_no_poison(toy_file: Database) -> None:
    work = work_on(toy_file)
    events = append(work, note("a"))
    work.run(lambda unit: unit.connection.exec_driver_sql("ALTER TABLE positions RENAME TO gone"))
    with pytest.raises(Unavailable, match="database: does not fit this release"):
        Inbox(work, "notes").process(events, Notes())
    query = sa.select(sa.func.count()).select_from(DEAD_LETTERS)
    assert work.read(lambda unit: unit.connection.scalar(query)) == 0


def test_a_shadow_on_a_server_that_is_away_says_so() -> None:
    uri = "postgresql://nobody@127.0.0.1:1/nothing"
    live = Database(uri)
    with pytest.raises(OperationalError, match="refused"):
        open_shadow(live, uri, (), "1").remove()
