"""The tables and queries of segments: standings, memberships and definitions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from chassis.database.bulk import RowStatement, among
from chassis.database.prepared import PreparedStatement
from chassis.database.tables import POSITIONS, STREAMS
from profile_index.tables import LABELS
from services.segments.domain.evaluation import Membership

METADATA = sa.MetaData()

# One row a profile: the lock of its evaluation, when it is due again, and by which definitions it
# was last evaluated. The time is here and not in a table of its own: two rows would deadlock.
PROFILES = sa.Table(
    "profiles",
    METADATA,
    sa.Column("profile_id", sa.Text, primary_key=True),
    sa.Column("next_at", sa.BigInteger, index=True),
    sa.Column("generation", sa.Integer, nullable=False, index=True),
)

# What was last told in segments' own log of who is in which segment.
MEMBERSHIPS = sa.Table(
    "memberships",
    METADATA,
    sa.Column("profile_id", sa.Text, primary_key=True),
    sa.Column("segment", sa.Text, primary_key=True),
    sa.Column("since", sa.BigInteger, nullable=False),
    sa.Column("definition_version", sa.Integer, nullable=False),
    sa.Index("memberships_by_segment", "segment"),
)


# Every definition there ever was. The latest version of each segment is in force. `origin` says
# whether it came from segments.yaml or by `define`. The newest row's `id` stands for all of them: a
# generation whose transaction was rolled back is given again, an id is not.
DEFINITIONS = sa.Table(
    "definitions",
    METADATA,
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


@dataclass(frozen=True, slots=True)
class EvaluationState:
    """When a profile is due to be evaluated again, and by which generation it last was."""

    next_at: int | None
    generation: int

    def is_due(self, now: int, generation: int) -> bool:
        """Whether time or a new definition may have changed its memberships."""
        return self.generation < generation or (self.next_at is not None and self.next_at <= now)

    def reason(self, generation: int) -> str:
        """Why a profile that is due may have changed: only a rebuild leaves one unevaluated."""
        if self.generation == 0:
            return "rebuild"
        return "definition" if self.generation < generation else "time"


_LOCK = RowStatement(
    """
    INSERT INTO profiles (profile_id, next_at, generation)
    SELECT text[profile_id], NULL, 0 FROM {rows} WHERE true
    ON CONFLICT (profile_id) DO UPDATE SET generation = profiles.generation
    RETURNING profile_id, next_at, generation
    """
)
_SAVE_STANDINGS = RowStatement(
    """
    INSERT INTO profiles (profile_id, next_at, generation)
    SELECT text[profile_id], number[next_at], number[generation] FROM {rows} WHERE true
    ON CONFLICT (profile_id) DO UPDATE
    SET next_at = excluded.next_at, generation = excluded.generation
    """
)
_ENTER = RowStatement(
    """
    INSERT INTO memberships (profile_id, segment, since, definition_version)
    SELECT text[profile_id], text[segment], number[since], number[definition_version] FROM {rows}
    """
)
_EXIT = RowStatement(
    """
    DELETE FROM memberships
    WHERE (profile_id, segment) IN (SELECT text[profile_id], text[segment] FROM {rows})
    """
)
_MEMBERSHIPS = PreparedStatement(
    sa.select(MEMBERSHIPS).where(among(MEMBERSHIPS.c.profile_id, "profile_ids"))
)
_VERSIONS = PreparedStatement(
    sa.select(POSITIONS.c.stream_id, POSITIONS.c.version).where(
        POSITIONS.c.source == "profiles", among(POSITIONS.c.stream_id, "streams")
    )
)
_TOLD = PreparedStatement(
    sa.select(STREAMS.c.stream_id, STREAMS.c.version).where(
        among(STREAMS.c.stream_id, "profile_ids")
    )
)
_NEWEST = PreparedStatement(
    sa.select(DEFINITIONS.c.id)
    .order_by(DEFINITIONS.c.generation.desc())
    .limit(sa.literal_column("1"))
)


def lock_profiles(
    connection: sa.Connection, profile_ids: Iterable[str]
) -> dict[str, EvaluationState]:
    """Lock the rows of `profile_ids` in sorted order, made first where they are new."""
    rows = [{"profile_id": profile_id} for profile_id in sorted(set(profile_ids))]
    result = _LOCK.execute(connection, rows)
    return {row.profile_id: EvaluationState(row.next_at, row.generation) for row in result}


def lock_due(
    connection: sa.Connection, now: int, generation: int, limit: int
) -> dict[str, EvaluationState]:
    """Lock up to `limit` due profiles that no other replica has locked; the longest due first."""
    found: dict[str, EvaluationState] = {}
    for due, order in (
        (PROFILES.c.next_at <= now, PROFILES.c.next_at),
        (PROFILES.c.generation < generation, PROFILES.c.generation),
    ):
        query = sa.select(PROFILES).where(due).order_by(order).limit(limit - len(found))
        for row in connection.execute(query.with_for_update(skip_locked=True)):
            found[row.profile_id] = EvaluationState(row.next_at, row.generation)
        if len(found) >= limit:
            break
    return found


def load_standing(connection: sa.Connection, profile_id: str) -> EvaluationState | None:
    """The standing of one profile, without locking it."""
    query = sa.select(PROFILES).where(PROFILES.c.profile_id == profile_id)
    row = connection.execute(query).one_or_none()
    return EvaluationState(row.next_at, row.generation) if row else None


def save_standings(connection: sa.Connection, standings: Mapping[str, EvaluationState]) -> None:
    """Store when each profile is due again; the caller holds them locked."""
    rows = [
        {"profile_id": profile_id, "next_at": state.next_at, "generation": state.generation}
        for profile_id, state in sorted(standings.items())
    ]
    _SAVE_STANDINGS.execute(connection, rows)


def load_memberships(
    connection: sa.Connection, profile_ids: Iterable[str]
) -> dict[str, dict[str, Membership]]:
    """What was last told of each of `profile_ids`, by segment."""
    wanted = sorted(set(profile_ids))
    found: dict[str, dict[str, Membership]] = {profile_id: {} for profile_id in wanted}
    for row in _MEMBERSHIPS.execute(connection, profile_ids=wanted):
        found[row.profile_id][row.segment] = Membership(row.since, row.definition_version)
    return found


def save_entries(connection: sa.Connection, entries: Mapping[tuple[str, str], Membership]) -> None:
    """Store who entered: (profile, segment) -> membership."""
    if entries:
        rows = [
            {
                "profile_id": profile_id,
                "segment": segment,
                "since": membership.since,
                "definition_version": membership.definition_version,
            }
            for (profile_id, segment), membership in sorted(entries.items())
        ]
        _ENTER.execute(connection, rows)


def delete_exits(connection: sa.Connection, exits: Iterable[tuple[str, str]]) -> None:
    """Remove who left: (profile, segment)."""
    rows = [{"profile_id": profile_id, "segment": segment} for profile_id, segment in sorted(exits)]
    if rows:
        _EXIT.execute(connection, rows)


def count_members(connection: sa.Connection) -> dict[str, int]:
    """The number of members by segment."""
    query = sa.select(MEMBERSHIPS.c.segment, sa.func.count().label("members")).group_by(
        MEMBERSHIPS.c.segment
    )
    return {row.segment: row.members for row in connection.execute(query)}


def oldest_generation(connection: sa.Connection) -> int | None:
    """The oldest generation by which some profile was last evaluated; None without profiles."""
    return connection.execute(sa.select(sa.func.min(PROFILES.c.generation))).scalar()


def count_profiles(connection: sa.Connection) -> int:
    """How many profiles have streams."""
    query = sa.select(sa.func.count(LABELS.c.profile_id.distinct()))
    return connection.execute(query).scalar() or 0


def page_of_profiles(connection: sa.Connection, after: str, limit: int) -> Sequence[str]:
    """The next `limit` profile ids past `after`, in their order."""
    query = (
        sa.select(PROFILES.c.profile_id)
        .where(PROFILES.c.profile_id > after)
        .order_by(PROFILES.c.profile_id)
        .limit(limit)
    )
    return [row.profile_id for row in connection.execute(query)]


def page_of_unjudged(connection: sa.Connection, after: str, limit: int) -> Sequence[str]:
    """The next `limit` profiles past `after` that no definitions were ever applied to."""
    query = (
        sa.select(PROFILES.c.profile_id)
        .where(PROFILES.c.generation == 0, PROFILES.c.profile_id > after)
        .order_by(PROFILES.c.profile_id)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def versions_of(connection: sa.Connection, streams: Iterable[str]) -> dict[str, int]:
    """The version that is applied of each of `streams` of profiles' log."""
    rows = _VERSIONS.execute(connection, streams=sorted(set(streams)))
    return {row.stream_id: row.version for row in rows}


def told_versions(connection: sa.Connection, profile_ids: Iterable[str]) -> dict[str, int]:
    """How many events segments' own log has of each of `profile_ids` that it has any of."""
    rows = _TOLD.execute(connection, profile_ids=sorted(set(profile_ids)))
    return {row.stream_id: row.version for row in rows}


@dataclass(frozen=True, slots=True)
class StoredDefinition:
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
    return next((row.id for row in _NEWEST.execute(connection)), None)


def load_written(connection: sa.Connection) -> list[StoredDefinition]:
    """Every definition there ever was, in their order."""
    query = sa.select(DEFINITIONS).order_by(DEFINITIONS.c.generation)
    return [
        StoredDefinition(r.generation, r.id, r.segment, r.version, r.rule, r.description, r.origin)
        for r in connection.execute(query)
    ]


def add_written(connection: sa.Connection, written: Sequence[StoredDefinition], now: int) -> None:
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
