"""Whether a service may write what it has to, in its database."""

from __future__ import annotations

import sqlalchemy as sa

from chassis.database.tables import METADATA, PRIVILEGES, READ_MODEL_PRIVILEGES

_STATE = sa.text("SELECT pg_is_in_recovery(), current_setting('transaction_read_only') = 'on'")
_MISSING = sa.text(
    """
    SELECT name, privilege
    FROM unnest(CAST(:names AS text[]), CAST(:privileges AS text[])) AS needed(name, privilege)
    WHERE to_regclass(name) IS NOT NULL AND NOT has_table_privilege(to_regclass(name), privilege)
    ORDER BY name, privilege LIMIT 1
    """
)
_NEEDED = [
    (table, privilege)
    for table in METADATA.tables
    for privilege in PRIVILEGES.get(table, READ_MODEL_PRIVILEGES).split(", ")
]


def write_problem(connection: sa.Connection) -> str | None:
    """In words why the service cannot write to its own tables; None if it can.

    A file of SQLite says so only when something is written.
    """
    if connection.dialect.name != "postgresql":
        return None
    standby, read_only = connection.execute(_STATE).one()
    if standby:
        return "is a standby, which takes no writes; name the primary"
    if read_only:
        return "is read-only; set default_transaction_read_only to off"
    names, privileges = zip(*_NEEDED, strict=True)
    parameters = {"names": list(names), "privileges": list(privileges)}
    missing = connection.execute(_MISSING, parameters).one_or_none()
    if missing is None:
        return None
    return f"does not let the service {missing.privilege} on {missing.name}; run cdp migrate"
