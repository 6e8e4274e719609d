"""Many rows in one statement: they go to the database as one parameter, a JSON array of arrays.

That is a fraction of the work, on both sides, of a list of values; and where a statement upserts
without RETURNING, SQLAlchemy would even send it row by row.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from chassis.database import dump_json

# How each database takes the array apart, and what text[i], number[i], flag[i] and json[i] become.
_SOURCE = {
    "postgresql": "json_array_elements(CAST(:rows AS json)) AS item(value)",
    "sqlite": "json_each(:rows) AS item",
}
_PLACES = {
    "postgresql": {
        "text": r"(value ->> \1)",
        "number": r"CAST(value ->> \1 AS bigint)",
        "flag": r"CAST(value ->> \1 AS boolean)",
        "json": r"(value -> \1)",
    },
    "sqlite": dict.fromkeys(("text", "number", "flag", "json"), r"json_extract(value, '$[\1]')"),
}


class RowStatement:
    """A statement over rows, written once for both databases.

    It selects from `{rows}`, and names the places of a row text[0], number[1], flag[2], json[3].
    An upsert says `WHERE true` before ON CONFLICT, which SQLite's parser needs.
    """

    def __init__(self, statement: str) -> None:
        self._statements = {dialect: sa.text(_translate(statement, dialect)) for dialect in _SOURCE}

    def execute(
        self, connection: sa.Connection, rows: Iterable[Sequence[Any]], **parameters: Any
    ) -> sa.CursorResult[Any]:
        """Run it over `rows`, in their order."""
        values = {"rows": dump_json(list(rows)), **parameters}
        return connection.execute(self._statements[connection.dialect.name], values)


def _translate(statement: str, dialect: str) -> str:
    statement = statement.replace("{rows}", _SOURCE[dialect])
    for kind, place in _PLACES[dialect].items():
        statement = re.sub(rf"\b{kind}\[(\d)\]", place, statement)
    return statement
