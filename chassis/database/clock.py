"""The database's clock, by which whatever several processes compare is dated.

    connection.scalar(sa.select(database_now()))

On SQLite it is the clock of this machine, to the millisecond.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class database_now(FunctionElement[int]):  # noqa: N801 - it reads like `sa.func.now`
    """The instant at which the statement asks, in microseconds since the epoch."""

    name = "database_now"
    type = sa.BigInteger()
    inherit_cache = True


# The same in statements that are written as text, by dialect.
NOW = {
    "postgresql": "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)",
    "sqlite": "CAST(round((julianday('now') - 2440587.5) * 86400000000.0) AS integer)",
}


@compiles(database_now)
def _compiled(_element: Any, compiler: Any, **_options: Any) -> str:
    return NOW[compiler.dialect.name]
