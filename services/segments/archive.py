"""The archive: every definition there ever was, as rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

_METADATA = sa.MetaData()

# Every definition there ever was. The latest version of each segment is in force. `origin` says
# whether it came from segments.yaml or by `define`. The newest row's `id` stands for all of them: a
# generation whose transaction was rolled back is given again, an id is not.
DEFINITIONS = sa.Table(
    "definitions",
    _METADATA,
    sa.Column("generation", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("segment", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("defined_at", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("segment", "version"),
)


def create_archive(op: Any) -> None:
    """Migration step: the table of definitions."""
    _METADATA.create_all(op.get_bind(), checkfirst=False)


@dataclass(frozen=True, slots=True)
class Written:
    """A row of the definitions, as somebody wrote it."""

    generation: int
    id: str
    segment: str
    version: int
    rule: str
    description: str
    origin: str

    def says(self, rule: str, description: str) -> bool:
        """Whether it says the same."""
        return (self.rule, self.description) == (rule, description)


def newest_definition(connection: sa.Connection) -> str | None:
    """The id of the definition that was added last; None when there is none."""
    query = sa.select(DEFINITIONS.c.id).order_by(DEFINITIONS.c.generation.desc()).limit(1)
    return connection.execute(query).scalar()


def load_written(connection: sa.Connection) -> list[Written]:
    """Every definition there ever was, in their order."""
    query = sa.select(DEFINITIONS).order_by(DEFINITIONS.c.generation)
    return [
        Written(r.generation, r.id, r.segment, r.version, r.rule, r.description, r.origin)
        for r in connection.execute(query)
    ]


def add_written(connection: sa.Connection, written: Sequence[Written], now: int) -> None:
    """Add definitions; of two writers of one generation the later one is to be run again."""
    rows = [
        {
            "generation": one.generation,
            "id": one.id,
            "segment": one.segment,
            "version": one.version,
            "rule": one.rule,
            "description": one.description,
            "origin": one.origin,
            "defined_at": now,
        }
        for one in written
    ]
    connection.execute(sa.insert(DEFINITIONS), rows)
