"""Statements of the hot path: compiled once, planned now and then, run by the driver itself.

Planning a small query takes several times as long as running it. psycopg2 does not prepare, so we
do: on PostgreSQL a statement becomes a PREPARE, once a connection, and from then on an EXECUTE. As
tables grow, plans grow old: a connection drops them after a second, then after two, four and so on
up to a minute. What SQLAlchemy does for each execution takes as long again as a small query, so
these go past it; their connections and transactions, and what they raise, are its own.
"""

from __future__ import annotations

import re
import time
from collections import namedtuple
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import psycopg2 as driver
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

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


# The statement is no longer what this connection has prepared: a column has another type by now, or
# somebody between us and the server has forgotten it.
_FORGOTTEN = {"0A000", "26000"}


class PreparedStatement:
    """A statement, in which the type of each parameter is plain from its place.

    Parameters are texts, numbers, lists of texts for `among`, and JSON as text; what is JSON in a
    row that comes back has been read. Values that stand in the statement are texts: PostgreSQL
    takes them for such where their place says nothing. Where it has to wait for the lock of a
    table, it sees what was there before the wait, as every EXECUTE does.
    """

    def __init__(self, statement: sa.Executable) -> None:
        self._statement = statement
        self._driver_form: tuple[str, Mapping[str, Any]] | None = None

    def execute(self, connection: sa.Connection, **parameters: Any) -> Sequence[Any]:
        """The rows, with a name for each column; DBAPIError for what the database refuses."""
        if connection.dialect.name != "postgresql":
            result = connection.execute(self._statement, parameters)
            return result.all() if result.returns_rows else ()
        text, constants = self._compiled(connection.dialect)
        plans = connection.info.get("plans") or connection.info.setdefault("plans", _Plans())
        session: Any = connection.connection
        try:
            with session.cursor() as cursor:
                cursor.execute(plans.call(cursor, text), {**constants, **parameters})
                return _rows(cursor)
        except driver.Error as error:
            raise _as_sqlalchemy_says(error, connection, text) from error
        except BaseException as error:
            if not isinstance(error, Exception):  # nobody waits: the driver has closed it
                connection.invalidate()
            raise

    def _compiled(self, dialect: sa.Dialect) -> tuple[str, Mapping[str, Any]]:
        """The statement in the driver's words, and the values that stand in it."""
        if self._driver_form is None:
            statement: Any = self._statement
            compiled = statement.compile(dialect=dialect)
            constants = {name: v for name, v in compiled.params.items() if v is not None}
            if not all(isinstance(value, str) for value in constants.values()):
                raise TypeError(f"a value that is no text must be a literal: {compiled}")
            self._driver_form = str(compiled), constants
        return self._driver_form


class _Plans:
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


def _prepare(cursor: Any, statement: str, name: str) -> str:
    places = list(dict.fromkeys(_PLACE.findall(statement)))
    numbered = _PLACE.sub(lambda match: f"${places.index(match[1]) + 1}", statement)
    cursor.execute(f"PREPARE {name} AS {numbered.replace('%%', '%')}")
    arguments = ", ".join(f"%({place})s" for place in places)
    return f"EXECUTE {name}({arguments})" if places else f"EXECUTE {name}"


def _rows(cursor: Any) -> Sequence[Any]:
    if cursor.description is None:
        return ()
    row = _row_of(tuple(column.name for column in cursor.description))
    return [row._make(values) for values in cursor.fetchall()]


@cache
def _row_of(names: tuple[str, ...]) -> Any:
    return namedtuple("Row", names, rename=True)


def _as_sqlalchemy_says(error: Any, connection: sa.Connection, statement: str) -> DBAPIError:
    """`error` in SQLAlchemy's words; a connection that is of no more use leaves the pool."""
    lost = error.pgcode in _FORGOTTEN or connection.dialect.is_disconnect(
        error, connection.connection, None
    )
    if lost:
        connection.invalidate(error)
    wrapped: DBAPIError = DBAPIError.instance(
        statement,
        None,
        error,
        driver.Error,
        hide_parameters=True,
        connection_invalidated=lost,
        dialect=connection.dialect,
    )
    return wrapped
