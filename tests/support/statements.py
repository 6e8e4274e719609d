"""What the driver of a database gets, prepared statements among it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from psycopg2 import extensions as driver


def record_statements(engine: sa.Engine) -> list[str]:
    """A list to which every statement that the driver gets from now on is added."""
    statements: list[str] = []

    class Cursor(driver.cursor):
        def execute(self, query: Any, vars: Any = None) -> None:  # noqa: A002 - psycopg2's name
            statements.append(str(query))
            super().execute(query, vars)

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    def use(_dialect: Any, _record: Any, _arguments: Any, parameters: dict[str, Any]) -> None:
        parameters["cursor_factory"] = Cursor

    if engine.dialect.name == "postgresql":
        engine.dispose()
        sa.event.listen(engine, "do_connect", use)
    else:
        sa.event.listen(engine, "before_cursor_execute", note)
    return statements
