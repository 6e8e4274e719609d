"""The tables of definitions and of the files that were applied, and their statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace

import sqlalchemy as sa

from chassis import new_id
from chassis.core.applied_files import AppliedFile
from chassis.database.clock import database_now
from chassis.database.engine import upsert
from chassis.database.personal import NOT_PERSONAL
from chassis.database.prepared import PreparedStatement
from chassis.eventlog.unit_of_work import UnitOfWork
from chassis.observability.gauges import GaugeQuery, Sample
from services.segments.domain.definitions import (
    DefinitionFile,
    StandingDefinition,
)
from services.segments.domain.stability import STANDARD_WATCH, WatchSettings
from services.segments.store.metadata import METADATA

FROM_FILE = "file"
DEFINED = "defined"
_ONLY = "definitions"
# Whoever cannot read a rule says so again this often; a note that is older was left by nobody.
_FORGOTTEN_AFTER = 30 * 1_000_000

# Every version of every definition; the latest of each segment is in force. `generation` is its
# place among the changes of all segments. `origin` says whether it came from a file or by a
# command. With `is_end` the segment was deleted.
DEFINITIONS = sa.Table(
    "definitions",
    METADATA,
    sa.Column("segment", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False, info=NOT_PERSONAL),
    sa.Column("generation", sa.Integer, nullable=False, unique=True, info=NOT_PERSONAL),
    sa.Column("rule", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("description", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("origin", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("is_end", sa.Boolean, nullable=False, info=NOT_PERSONAL),
    sa.Column("renamed_from", sa.Text, info=NOT_PERSONAL),
    sa.Column("defined_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
)

# One row, which whoever changes a definition locks. Its id is another after every change, even of
# a description, so that processes know when to read the definitions again; an id of a transaction
# that was rolled back never comes back.
DEFINITION_SET = sa.Table(
    "definition_set",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("id", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("generation", sa.Integer, nullable=False, info=NOT_PERSONAL),
)

# The files that were applied, by the SHA-256 of their bytes; the one in force has the highest
# number. `watch` is what it says beside the segments; null in rows of earlier releases.
DEFINITION_FILES = sa.Table(
    "definition_files",
    METADATA,
    sa.Column("sha256", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("number", sa.Integer, nullable=False, unique=True, info=NOT_PERSONAL),
    sa.Column("is_shipped", sa.Boolean, nullable=False, info=NOT_PERSONAL),
    sa.Column("applied_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Column("watch", sa.JSON, info=NOT_PERSONAL),
)

# The versions that a running process of some release cannot read; `since` and `noted_at`, the first
# and the last time that it was noted, are by the database's clock.
UNREADABLE = sa.Table(
    "unreadable_definitions",
    METADATA,
    sa.Column("segment", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False, info=NOT_PERSONAL),
    sa.Column("message", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("noted_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Column("since", sa.BigInteger, nullable=False, server_default="0", info=NOT_PERSONAL),
)

_SET = PreparedStatement(sa.select(DEFINITION_SET.c.id))


@dataclass(frozen=True, slots=True)
class UnreadableNote:
    """That a running process cannot read a version: why, and since when (µs)."""

    version: int
    message: str
    since: int


@dataclass(frozen=True, slots=True)
class StoredDefinition:
    """A row of the definitions."""

    segment: str
    version: int
    generation: int
    rule: str
    description: str
    origin: str
    is_end: bool = False
    renamed_from: str | None = None


def definition_set(unit: UnitOfWork) -> str | None:
    """The id of the definitions in force, which is another after every change; None at first."""
    return next((row.id for row in _SET.execute(unit.connection)), None)


def lock_definitions(unit: UnitOfWork) -> None:
    """Lock the definitions: whoever changes them waits for the others who do."""
    row = {"name": _ONLY, "id": new_id(), "generation": 0}
    unit.connection.execute(
        upsert(unit.connection, DEFINITION_SET).values(row).on_conflict_do_nothing()
    )
    unit.connection.execute(sa.select(DEFINITION_SET).with_for_update()).one()


def load_definitions(unit: UnitOfWork) -> Sequence[StoredDefinition]:
    """Every version of every definition, in the order in which they were added."""
    columns = [DEFINITIONS.c[each.name] for each in fields(StoredDefinition)]
    query = sa.select(*columns).order_by(DEFINITIONS.c.generation)
    return [StoredDefinition(**row) for row in unit.connection.execute(query).mappings()]


def standing_definitions(unit: UnitOfWork) -> Mapping[str, StandingDefinition]:
    """The newest version of each segment, also of one that was deleted."""
    standing: dict[str, StandingDefinition] = {}
    file_rules: dict[str, str] = {}
    for row in sorted(load_definitions(unit), key=lambda row: (row.segment, row.version)):
        if row.origin == FROM_FILE:
            file_rules[row.segment] = row.rule
        standing[row.segment] = StandingDefinition(
            segment=row.segment,
            version=row.version,
            rule=row.rule,
            description=row.description,
            is_end=row.is_end,
            file_rule=file_rules.get(row.segment),
        )
    return standing


def defined_at(unit: UnitOfWork) -> Mapping[str, int]:
    """When the newest version of each segment was defined (µs); of other words nothing is said."""
    query = sa.select(DEFINITIONS).order_by(DEFINITIONS.c.version)
    return {row.segment: row.defined_at for row in unit.connection.execute(query)}


def add_definitions(unit: UnitOfWork, definitions: Sequence[StoredDefinition]) -> None:
    """Add versions, each with the next generation instead of its own; the caller has the lock."""
    for definition in definitions:
        row = asdict(replace(definition, generation=_next_generation(unit)))
        unit.connection.execute(sa.insert(DEFINITIONS).values(defined_at=unit.now, **row))


def describe(unit: UnitOfWork, segment: str, version: int, description: str) -> None:
    """Change the words of a version; the caller has the lock."""
    unit.connection.execute(
        sa.update(DEFINITIONS)
        .where(DEFINITIONS.c.segment == segment, DEFINITIONS.c.version == version)
        .values(description=description)
    )
    _note_change(unit)


def judge_anew(unit: UnitOfWork, segment: str, version: int) -> None:
    """Have every profile evaluated by a version once more; the caller has the lock."""
    unit.connection.execute(
        sa.update(DEFINITIONS)
        .where(DEFINITIONS.c.segment == segment, DEFINITIONS.c.version == version)
        .values(generation=_next_generation(unit))
    )


def applied_files(unit: UnitOfWork) -> Sequence[AppliedFile]:
    """The files that were applied, the one in force last."""
    query = sa.select(DEFINITION_FILES).order_by(DEFINITION_FILES.c.number)
    rows = unit.connection.execute(query)
    return [AppliedFile(row.sha256, bool(row.is_shipped)) for row in rows]


def watch_settings(unit: UnitOfWork) -> WatchSettings:
    """How segments are watched, by the file in force."""
    query = sa.select(DEFINITION_FILES.c.watch).order_by(DEFINITION_FILES.c.number.desc())
    stored = unit.connection.execute(query.limit(1)).scalar()
    if not stored:
        return STANDARD_WATCH
    return WatchSettings(tuple(stored["sensitive"]), stored["drift_threshold"])


def note_file(unit: UnitOfWork, file: DefinitionFile) -> None:
    """Say that a file is the one in force; the caller has the lock."""
    newest = sa.select(sa.func.coalesce(sa.func.max(DEFINITION_FILES.c.number), 0))
    number = unit.connection.execute(newest).scalar_one() + 1
    row = {
        "number": number,
        "is_shipped": file.is_shipped,
        "applied_at": unit.now,
        "watch": asdict(file.watch),
    }
    statement = upsert(unit.connection, DEFINITION_FILES).values(sha256=file.sha256, **row)
    unit.connection.execute(
        statement.on_conflict_do_update(index_elements=[DEFINITION_FILES.c.sha256], set_=row)
    )


def note_unreadable(unit: UnitOfWork, segment: str, version: int, message: str) -> None:
    """Say that a running process cannot read a version."""
    row = {"message": message, "noted_at": database_now()}
    new = {"segment": segment, "version": version, "since": database_now(), **row}
    statement = upsert(unit.connection, UNREADABLE).values(new)
    unit.connection.execute(
        statement.on_conflict_do_update(
            index_elements=[UNREADABLE.c.segment, UNREADABLE.c.version], set_=row
        )
    )


def list_unreadable(unit: UnitOfWork) -> Mapping[str, UnreadableNote]:
    """By segment the version that a running process cannot read, and why."""
    fresh = UNREADABLE.c.noted_at >= database_now() - _FORGOTTEN_AFTER
    query = sa.select(UNREADABLE).where(fresh).order_by(UNREADABLE.c.version)
    return {
        row.segment: UnreadableNote(row.version, row.message, row.since)
        for row in unit.connection.execute(query)
    }


def take_readable_again(unit: UnitOfWork) -> Sequence[tuple[str, int]]:
    """Drop the notes that no process has renewed; the segments and versions that they were of."""
    old = UNREADABLE.c.noted_at < database_now() - _FORGOTTEN_AFTER
    statement = sa.delete(UNREADABLE).where(old)
    rows = unit.connection.execute(statement.returning(UNREADABLE.c.segment, UNREADABLE.c.version))
    return sorted((row.segment, row.version) for row in rows)


def has_old_notes(unit: UnitOfWork) -> bool:
    """Whether there is a note of an unreadable version that no process has renewed."""
    old = UNREADABLE.c.noted_at < database_now() - _FORGOTTEN_AFTER
    return unit.connection.execute(sa.select(UNREADABLE.c.version).where(old)).first() is not None


def _measure_unreadable(unit: UnitOfWork) -> list[Sample]:
    return [
        ("cdp_definitions_unreadable", [segment], note.version)
        for segment, note in list_unreadable(unit).items()
    ]


def _measure_file(unit: UnitOfWork) -> list[Sample]:
    files = applied_files(unit)
    return [("cdp_definitions_file", [files[-1].fingerprint], len(files))] if files else []


UNREADABLE_GAUGE = GaugeQuery(
    {"cdp_definitions_unreadable": "The version of a segment that a process cannot read."},
    _measure_unreadable,
    labels=["segment"],
)
FILE_GAUGE = GaugeQuery(
    {"cdp_definitions_file": "How many segments.yaml were applied, by SHA-256 the one in force."},
    _measure_file,
    labels=["sha256"],
)


def _next_generation(unit: UnitOfWork) -> int:
    _note_change(unit)
    statement = sa.update(DEFINITION_SET).values(generation=DEFINITION_SET.c.generation + 1)
    unit.connection.execute(statement)
    return int(unit.connection.execute(sa.select(DEFINITION_SET.c.generation)).scalar_one())


def _note_change(unit: UnitOfWork) -> None:
    unit.connection.execute(sa.update(DEFINITION_SET).values(id=new_id()))
