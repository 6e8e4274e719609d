"""Statements that PostgreSQL plans now and then, not at every execution.

Planning a small query takes several times as long as running it. psycopg2 does not prepare, so we
do: a statement with the execution option `prepared` becomes a PREPARE, once a connection, and from
then on an EXECUTE. As tables grow, plans grow old: a connection drops them after a second, then
after two, four and so on up to a minute.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import event

S = TypeVar("S", bound=sa.Executable)

# Options of a connection that asks by key. One plan does for all parameters, and it is one that
# goes from index to index: for a table that is still small the planner would rather read it whole,
# and then stay with that. Just-in-time compilation would cost more than any such query.
OPTIONS_BY_KEY = " ".join(
    f"-c {option}"
    for option in (
        "plan_cache_mode=force_generic_plan",
        "enable_seqscan=off",
        "enable_hashjoin=off",
        "enable_mergejoin=off",
        "jit=off",
    )
)
_PLACE = re.compile(r"%\((\w+)\)s")
_FIRST_AGE = 1.0
_OLDEST = 60.0


def prepared(statement: S) -> S:
    """`statement`, to be prepared; the type of each parameter must be plain from its place."""
    return statement.execution_options(prepared=True)


def listen(engine: sa.Engine) -> None:
    """Prepare what asks for it on the connections of a PostgreSQL `engine`."""
    event.listen(engine, "do_execute", _execute)


class _Prepared:
    """What one connection has prepared: the call of each statement."""

    def __init__(self) -> None:
        self._calls: dict[str, str] = {}
        self._age = _FIRST_AGE
        self._until = time.monotonic() + _FIRST_AGE

    def call(self, cursor: Any, statement: str) -> str:
        """The EXECUTE of `statement`, which takes the same parameters."""
        if time.monotonic() > self._until:
            cursor.execute("DISCARD PLANS")
            self._age = min(2 * self._age, _OLDEST)
            self._until = time.monotonic() + self._age
        call = self._calls.get(statement)
        if call is None:
            call = self._calls[statement] = _prepare(cursor, statement, f"p{len(self._calls)}")
        return call


def _execute(cursor: Any, statement: str, parameters: Mapping[str, Any], context: Any) -> bool:
    if not context.execution_options.get("prepared"):
        return False
    info = context.root_connection.info
    if (known := info.get("prepared")) is None:
        known = info["prepared"] = _Prepared()
    cursor.execute(known.call(cursor, statement), parameters)
    return True


def _prepare(cursor: Any, statement: str, name: str) -> str:
    places = list(dict.fromkeys(_PLACE.findall(statement)))
    numbered = _PLACE.sub(lambda found: f"${places.index(found[1]) + 1}", statement)
    cursor.execute(f"PREPARE {name} AS {numbered.replace('%%', '%')}")
    arguments = ", ".join(f"%({place})s" for place in places)
    return f"EXECUTE {name}({arguments})" if places else f"EXECUTE {name}"
