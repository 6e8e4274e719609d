"""Sessions of others that hold locks which ours wait for."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

_BLOCKERS = sa.text(
    """
    SELECT blocker.pid, blocker.usename, blocker.application_name,
           to_char(
               coalesce(blocker.xact_start, waits.began) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'
           ) AS since,
           waits.waiting
    FROM (
        SELECT holder.pid, min(ours.waitstart) AS began, count(DISTINCT ours.pid) AS waiting
        FROM pg_locks AS ours
        JOIN pg_stat_activity AS session ON session.pid = ours.pid
        CROSS JOIN LATERAL unnest(pg_blocking_pids(ours.pid)) AS holder(pid)
        WHERE NOT ours.granted AND session.usename = current_user
            AND session.datname = current_database()
        GROUP BY holder.pid
    ) AS waits
    JOIN pg_stat_activity AS blocker ON blocker.pid = waits.pid
    WHERE blocker.usename IS DISTINCT FROM current_user
    ORDER BY waits.waiting DESC, blocker.pid
    """
)


@dataclass(frozen=True, slots=True)
class Blocker:
    """A session that holds locks for which `waiting` sessions of ours wait.

    `since` (UTC) is when its transaction began, or, as the rights to see that are rarely given,
    since when ours wait at the least; None if it is not known.
    """

    pid: int
    user: str
    application: str
    since: str | None
    waiting: int


def blockers(connection: sa.Connection) -> list[Blocker]:
    """The foreign sessions that ours wait for; whoever holds up the most comes first."""
    if connection.dialect.name != "postgresql":
        return []
    return [
        Blocker(row.pid, row.usename or "", row.application_name or "", row.since, row.waiting)
        for row in connection.execute(_BLOCKERS)
    ]
