"""Frozen migration step: taking tables over from the processes of the release before.

Nothing here may change; see `chassis.database.migrations_v1`.
"""

from __future__ import annotations

import time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

_ATTEMPTS = 120
_PAUSE = 0.5  # seconds, in which others get on with the tables


def take_over(op: Any, tables: str) -> None:
    """Lock tables once what was under way there is committed, without a queue behind the wait.

    What precedes in the revision need not be done again for each attempt. On SQLite one transaction
    runs at a time anyhow.
    """
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with connection.begin_nested():
                connection.execute(sa.text(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE"))
        except OperationalError:
            if attempt == _ATTEMPTS:
                raise
            time.sleep(_PAUSE)
        else:
            return
