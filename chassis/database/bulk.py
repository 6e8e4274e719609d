"""Many rows or keys in one statement, passed to the database as one parameter.

Rows are one JSON array, which costs both sides a fraction of a list of values; and where a
statement upserts without RETURNING, SQLAlchemy would even send it row by row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement

from chassis.core.json import dump_json
from chassis.database.clock import NOW
from chassis.database.prepared import PreparedStatement

_FIELD = re.compile(r"\b(text|number|flag|json)\[(\w+)\]")
# By this number, within an incarnation of the log, heads are compared. PostgreSQL's transactions
# may commit in another order: whoever reads heads goes no further than the oldest that runs. On
# SQLite one transaction runs at a time.
TRANSACTION = {
    "postgresql": "CAST(CAST(pg_current_xact_id() AS text) AS bigint)",
    "sqlite": (
        "(1 + coalesce((SELECT changed_in FROM streams"
        " ORDER BY incarnation DESC, changed_in DESC LIMIT 1), 0))"
    ),
}
# No key changes, so a row that others refer to by its key may still be read by them. On SQLite the
# transaction has locked everything.
_LOCK = {"postgresql": "FOR NO KEY UPDATE", "sqlite": ""}
_TYPES = {"text": "text", "number": "bigint", "flag": "boolean", "json": "json"}


class RowStatement:
    """A statement over rows, written once for both databases.

    It selects from `{rows}`, and names the fields of a row with their types: text[stream],
    number[version], flag[halted], json[data]. An upsert says `WHERE true` before ON CONFLICT,
    which SQLite's parser needs. PostgreSQL prepares it: where the position of a parameter does
    not show its type, the statement says CAST. `columns` are what it selects, where their types
    matter. `{transaction}` is the number of the transaction in the order of the heads, `{now}` the
    instant by the database's clock in microseconds, `{lock}` has the rows that are read locked.
    """

    def __init__(self, statement: str, columns: Iterable[sa.ColumnElement[Any]] = ()) -> None:
        kinds = {name: kind for kind, name in _FIELD.findall(statement)}
        names = list(kinds)
        self._names = frozenset(names)
        fields = ", ".join(f"{name} {_TYPES[kind]}" for name, kind in kinds.items())
        self._values = _values_of(names)
        self._statements = {
            # One pass over each row, whatever is in it.
            "postgresql": _statement(
                _in_dialect(statement, "postgresql"),
                f"json_to_recordset(CAST(:rows AS json)) AS item({fields})",
                lambda field: field[2],
                columns,
            ),
            # SQLite looks for a name in an object field by field: an array is faster.
            "sqlite": _statement(
                _in_dialect(statement, "sqlite"),
                "json_each(:rows) AS item",
                lambda field: f"json_extract(value, '$[{names.index(field[2])}]')",
                columns,
            ),
        }

    def execute(
        self, connection: sa.Connection, rows: Sequence[Mapping[str, Any]], **parameters: Any
    ) -> Sequence[Any]:
        """Run it over `rows`, in their order; the rows that it returns, with named columns.

        All rows have the fields of the first, which is checked: PostgreSQL would take NULL for a
        field that is missing.
        """
        if rows and (missing := self._names - rows[0].keys()):
            raise ValueError(f"rows lack the fields {', '.join(sorted(missing))}")
        dialect = connection.dialect.name
        values = rows if dialect == "postgresql" else [self._values(row) for row in rows]
        return self._statements[dialect].execute(connection, rows=dump_json(values), **parameters)


def _in_dialect(statement: str, dialect: str) -> str:
    for name, part in (("{transaction}", TRANSACTION), ("{now}", NOW), ("{lock}", _LOCK)):
        statement = statement.replace(name, part[dialect])
    return statement


def _values_of(names: Sequence[str]) -> Callable[[Mapping[str, Any]], Sequence[Any]]:
    """What makes a list of a row, its fields in the order of `names`."""
    if len(names) == 1:
        (name,) = names
        return lambda row: (row[name],)
    return itemgetter(*names)


def _statement(
    statement: str,
    source: str,
    field: Callable[[re.Match[str]], str],
    columns: Iterable[sa.ColumnElement[Any]],
) -> PreparedStatement:
    text = sa.text(_FIELD.sub(field, statement.replace("{rows}", source)))
    return PreparedStatement(text.columns(*columns) if columns else text)


class _Texts(sa.types.TypeDecorator[Sequence[str]]):
    """A list of texts as one parameter: psycopg2 makes an array of it, SQLite gets JSON."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> Any:
        return value if dialect.name == "postgresql" else dump_json(value)


class _Among(FunctionElement[Any]):
    # Not a Boolean: of one SQLAlchemy would make `… IN (…) = 1` on SQLite, which then reads the
    # whole table and uses no index.
    type = sa.types.NullType()
    inherit_cache = True


def among(column: sa.ColumnElement[Any], name: str) -> sa.ColumnElement[bool]:
    """Whether `column` is one of the texts of the parameter `name`, a list of them."""
    return _Among(column, sa.bindparam(name, type_=_Texts()))


@compiles(_Among, "postgresql")
def _among_array(element: _Among, compiler: Any, **options: Any) -> str:
    column, values = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} = ANY({values})"


@compiles(_Among, "sqlite")
def _among_json(element: _Among, compiler: Any, **options: Any) -> str:
    column, values = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - compiled names
