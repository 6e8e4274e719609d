"""Statements of the hot path: compiled once, planned seldom, and run by the driver itself.

Planning a small query takes several times as long as running it. psycopg2 does not prepare, so we
do: on PostgreSQL a statement becomes a PREPARE once for each connection, and an EXECUTE after that.
Plans age as tables grow: a connection drops them after a second, then after two, four and so on up
to a minute. SQLAlchemy's own work for an execution takes as long again as a small query, so these
statements bypass it; connections, transactions and exceptions are still those of SQLAlchemy.
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

# Options of a connection whose queries are by key. One plan serves all parameters, and it uses the
# indexes: for a table that is still small the planner would prefer to read it whole, and then keep
# that plan. Just-in-time compilation would cost more than any such query.
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


# What this connection has prepared is no longer valid: a column has another type now, or a pooler
# between us and the server has dropped the statement.
_FORGOTTEN = {"0A000", "26000"}


class PreparedStatement:
    """A statement in which the position of each parameter shows its type.

    Parameters are texts, numbers, lists of texts for `among`, and JSON as text; JSON in a row that
    comes back has been parsed. Constants in the statement are texts: PostgreSQL assumes text where
    the position shows no type. A statement that waits for the lock of a table sees the rows from
    before the wait, as every EXECUTE does.
    """

    def __init__(self, statement: sa.Executable) -> None:
        self._statement = statement
        self._driver_form: tuple[str, Mapping[str, Any]] | None = None

    def execute(self, connection: sa.Connection, **parameters: Any) -> Sequence[Any]:
        """The rows, with named columns; DBAPIError if the database refuses the statement."""
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
            raise _as_sqlalchemy_error(error, connection, text) from error
        except BaseException as error:
            if not isinstance(error, Exception):  # our greenlet was killed: the driver closed it
                connection.invalidate()
            raise

    def _compiled(self, dialect: sa.Dialect) -> tuple[str, Mapping[str, Any]]:
        """The statement in the driver's form, and the constants in it."""
        if self._driver_form is None:
            statement: Any = self._statement
            compiled = statement.compile(dialect=dialect)
            constants = {name: v for name, v in compiled.params.items() if v is not None}
            if not all(isinstance(value, str) for value in constants.values()):
                raise TypeError(f"a value that is not text must be a literal: {compiled}")
            self._driver_form = str(compiled), constants
        return self._driver_form


class _Plans:
    """The statements that one connection has prepared, each with its EXECUTE."""

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


def _as_sqlalchemy_error(error: Any, connection: sa.Connection, statement: str) -> DBAPIError:
    """`error` as SQLAlchemy raises it; a connection that can no longer be used leaves the pool."""
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
