"""The tables and queries of offers: what a decision reads, in one query, and how it is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from chassis.database.bulk import RowStatement, among
from chassis.database.prepared import PreparedStatement
from chassis.database.tables import POSITIONS
from profile_index.tables import IDENTIFIERS, LABELS, SUMMARIES
from services.offers.domain.recognition import IdentifierMatch, ProfileSegments, StreamState

_METADATA = sa.MetaData()

# What segments has said of each profile: see `recognition.Membership`.
MEMBERSHIPS = sa.Table(
    "memberships",
    _METADATA,
    sa.Column("profile_id", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("segments", sa.JSON, nullable=False),
    sa.Column("as_of", sa.JSON, nullable=False),
)


def create_memberships(op: Any) -> None:
    """Migration step: the table of memberships."""
    _METADATA.create_all(op.get_bind(), checkfirst=False)


_STREAMS = LABELS.alias("streams")
_PROOFS = IDENTIFIERS.alias("proofs")
# Stream by stream, whatever the planner believes of how rare verified identifiers are. 1 and 0 are
# no parameters: nothing in their place says that they are numbers.
_IS_ACCOUNT = (
    sa.select(
        sa.func.max(
            sa.case(
                (
                    sa.exists().where(
                        _PROOFS.c.stream_id == _STREAMS.c.stream_id,
                        _PROOFS.c.assurance == "verified",
                    ),
                    sa.literal_column("1"),
                ),
                else_=sa.literal_column("0"),
            )
        )
    )
    .where(_STREAMS.c.profile_id == LABELS.c.profile_id)
    .scalar_subquery()
)
_LEADS = (
    sa.select(
        IDENTIFIERS.c.key,
        IDENTIFIERS.c.assurance,
        LABELS.c.profile_id,
        _IS_ACCOUNT.label("verified"),
        sa.null().label("stream_id"),
        MEMBERSHIPS.c.version,
        MEMBERSHIPS.c.segments.label("told"),
        MEMBERSHIPS.c.as_of,
    )
    .select_from(
        IDENTIFIERS.join(LABELS, LABELS.c.stream_id == IDENTIFIERS.c.stream_id).outerjoin(
            MEMBERSHIPS, MEMBERSHIPS.c.profile_id == LABELS.c.profile_id
        )
    )
    .where(among(IDENTIFIERS.c.key, "keys"))
    .cte("led")
)
_HELD = (
    sa.select(
        sa.null(),
        sa.null(),
        LABELS.c.profile_id,
        sa.null(),
        LABELS.c.stream_id,
        POSITIONS.c.version,
        SUMMARIES.c.summary,
        sa.null(),
    )
    .select_from(
        LABELS.outerjoin(
            POSITIONS,
            sa.and_(POSITIONS.c.source == "profiles", POSITIONS.c.stream_id == LABELS.c.stream_id),
        ).outerjoin(SUMMARIES, SUMMARIES.c.stream_id == LABELS.c.stream_id)
    )
    .where(LABELS.c.profile_id.in_(sa.select(_LEADS.c.profile_id)))
)
_MEMBERSHIPS = PreparedStatement(
    sa.select(MEMBERSHIPS).where(among(MEMBERSHIPS.c.profile_id, "profile_ids"))
)
_SAVE = RowStatement(
    """
    INSERT INTO memberships (profile_id, version, segments, as_of)
    SELECT text[0], number[1], json[2], json[3] FROM {rows} WHERE true
    ON CONFLICT (profile_id) DO UPDATE
    SET version = excluded.version, segments = excluded.segments, as_of = excluded.as_of
    """
)
# One query, as the shopper waits: first where the keys lead, then what is held of these profiles.
_RECOGNISE = PreparedStatement(sa.union_all(sa.select(_LEADS), _HELD))


def load_matches(
    connection: sa.Connection, keys: Sequence[str]
) -> tuple[dict[str, IdentifierMatch], dict[str, list[StreamState]]]:
    """Where each of the identifier `keys` that is known leads, and what is held of each profile.

    Held streams are sorted by their id.
    """
    leads: dict[str, IdentifierMatch] = {}
    held: dict[str, list[StreamState]] = {}
    for row in _RECOGNISE.execute(connection, keys=keys) if keys else ():
        if row.key is None:
            known = StreamState(row.stream_id, row.version or 0, row.told)
            held.setdefault(row.profile_id, []).append(known)
        else:
            told = (
                None if row.version is None else ProfileSegments(row.version, row.told, row.as_of)
            )
            leads[row.key] = IdentifierMatch(
                row.profile_id, bool(row.verified), row.assurance, told
            )
    for streams in held.values():
        streams.sort(key=lambda each: each.stream)
    return leads, held


def load_memberships(
    connection: sa.Connection, profile_ids: Iterable[str]
) -> dict[str, ProfileSegments]:
    """What segments has said of each of `profile_ids`; an empty one for who is new."""
    wanted = sorted(set(profile_ids))
    found = {
        row.profile_id: ProfileSegments(row.version, row.segments, row.as_of)
        for row in _MEMBERSHIPS.execute(connection, profile_ids=wanted)
    }
    return {profile_id: found.get(profile_id) or ProfileSegments() for profile_id in wanted}


def save_memberships(connection: sa.Connection, memberships: Mapping[str, ProfileSegments]) -> None:
    """Store what segments has said; the caller holds the profiles' positions locked."""
    rows = [
        [profile_id, told.version, told.segments, told.as_of]
        for profile_id, told in sorted(memberships.items())
    ]
    _SAVE.execute(connection, rows)
