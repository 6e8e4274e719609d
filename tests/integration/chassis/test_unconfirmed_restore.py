"""A log that an operator must confirm after a restore says so in its status."""

from __future__ import annotations

from functools import partial

import pytest
import sqlalchemy as sa

from chassis.core.clock import SystemClock
from chassis.core.errors import Unavailable
from chassis.database.engine import Database
from chassis.database.tables import LOG_INCARNATIONS
from chassis.eventlog.log import HeadCursor
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from chassis.observability.status import read_status
from deploy.services import upgrade
from tests.support.servers import Databases

_FIRST = HeadCursor(1, 0, "")


@pytest.mark.parametrize("confirmed", [True, False])
def test_status_says_whether_a_log_waits_for_its_operator(
    databases: Databases, confirmed: bool
) -> None:
    owner, user = databases.create("identity", partial(upgrade, "identity"))
    elsewhere = Database(owner)
    with elsewhere.transaction() as connection:
        connection.execute(sa.update(LOG_INCARNATIONS).values(fingerprint="a/1/b/c"))
    elsewhere.close()
    database = Database(user)
    work = UnitOfWorkRunner(database, "identity", SystemClock())
    work.log.incarnation.confirmed_by_operator = confirmed
    try:
        status = work.read(lambda unit: read_status(unit, None, (), ()))
        assert status["restore_unconfirmed"] is confirmed
        assert status["write_problem"] is None
        if confirmed:
            with pytest.raises(Unavailable, match="--restored identity"):
                work.read(lambda unit: unit.heads(_FIRST, 1))
    finally:
        database.close()
