"""The turn among those who resolve entangled observations."""

from __future__ import annotations

import sqlalchemy as sa

from chassis.database.engine import SERVICE_LIMITS
from chassis.database.prepared import PreparedStatement
from chassis.eventlog.unit_of_work import UnitOfWork

_TURN = 0x1DE7
# The wait for the turn alone is longer than others: the locks after it are waited for as ever.
_TAKE_TURN = PreparedStatement(
    sa.text(
        """
        WITH limited AS MATERIALIZED (
            SELECT set_config('lock_timeout', CAST(:milliseconds AS text), true)
        ), taken AS MATERIALIZED (
            SELECT CAST(pg_advisory_xact_lock(CAST(:turn AS bigint)) AS text) AS turn FROM limited
        )
        SELECT set_config('lock_timeout', CAST(:afterwards AS text), true)
        FROM taken WHERE turn IS NOT NULL
        """
    )
)


def take_turn(unit: UnitOfWork, seconds: float) -> None:
    """Wait until nobody else has the turn, and have it until the transaction ends.

    Those who wait, for `seconds` at most, come one after the other: whoever waits in several pieces
    loses the place each time. On SQLite a transaction has the turn as it is.
    """
    if unit.connection.dialect.name == "postgresql":
        _TAKE_TURN.execute(
            unit.connection,
            turn=_TURN,
            milliseconds=str(max(1, int(seconds * 1_000))),
            afterwards=str(SERVICE_LIMITS.lock),
        )
