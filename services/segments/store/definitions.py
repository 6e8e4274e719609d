"""The table of definitions and its statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

import sqlalchemy as sa

from chassis.database.personal import NOT_PERSONAL
from chassis.database.prepared import PreparedStatement
from chassis.eventlog.unit_of_work import UnitOfWork
from services.segments.domain.definitions import Definition
from services.segments.store.metadata import METADATA

# Every version of every definition; the latest of each segment is in force. `origin` says whether
# it came from segments.yaml or by `define`. The newest row's `id` identifies the whole set: the
# number of a generation that was rolled back is used again, an id is not.
DEFINITIONS = sa.Table(
    "definitions",
    METADATA,
    sa.Column("generation", sa.Integer, primary_key=True, autoincrement=False, info=NOT_PERSONAL),
    sa.Column("id", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("segment", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("version", sa.Integer, nullable=False, info=NOT_PERSONAL),
    sa.Column("rule", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("description", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("origin", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("defined_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.UniqueConstraint("segment", "version"),
)

_NEWEST = PreparedStatement(
    sa.select(DEFINITIONS.c.id)
    .order_by(DEFINITIONS.c.generation.desc())
    .limit(sa.literal_column("1"))
)


@dataclass(frozen=True, slots=True)
class StoredDefinition:
    """A row of the definitions."""

    generation: int
    id: str
    segment: str
    version: int
    rule: str
    description: str
    origin: str

    def says_the_same(self, definition: Definition) -> bool:
        """Whether it has the same rule and description."""
        return (self.rule, self.description) == (definition.rule.text, definition.description)


def newest_definition(unit: UnitOfWork) -> str | None:
    """The id of the definition that was added last; None when there is none."""
    return next((row.id for row in _NEWEST.execute(unit.connection)), None)


def load_definitions(unit: UnitOfWork) -> Sequence[StoredDefinition]:
    """Every version of every definition, in the order in which they were added."""
    columns = [DEFINITIONS.c[field.name] for field in fields(StoredDefinition)]
    query = sa.select(*columns).order_by(DEFINITIONS.c.generation)
    return [StoredDefinition(**row) for row in unit.connection.execute(query).mappings()]


def add_definitions(unit: UnitOfWork, definitions: Sequence[StoredDefinition]) -> None:
    """Add definitions; of two writers of one generation the later one is to be run again."""
    rows = [{**asdict(definition), "defined_at": unit.now} for definition in definitions]
    unit.connection.execute(sa.insert(DEFINITIONS), rows)
