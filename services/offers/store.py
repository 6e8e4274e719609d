"""The tables and queries of offers: what a decision reads, in two queries, and how it is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from chassis.database import upsert
from chassis.schema import POSITIONS
from directory.tables import IDENTIFIERS, LABELS, SUMMARIES
from services.offers.recognition import Held, Lead, Membership

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


_OTHER_LABELS = LABELS.alias("other_labels")
_OTHER_IDENTIFIERS = IDENTIFIERS.alias("other_identifiers")
_IS_ACCOUNT = (
    sa.select(sa.literal(1))
    .select_from(
        _OTHER_LABELS.join(
            _OTHER_IDENTIFIERS, _OTHER_IDENTIFIERS.c.stream_id == _OTHER_LABELS.c.stream_id
        )
    )
    .where(
        _OTHER_LABELS.c.profile_id == LABELS.c.profile_id,
        _OTHER_IDENTIFIERS.c.assurance == "verified",
    )
    .exists()
)
_LEADS = (
    sa.select(
        IDENTIFIERS.c.key,
        IDENTIFIERS.c.assurance,
        LABELS.c.profile_id,
        _IS_ACCOUNT.label("verified"),
        MEMBERSHIPS.c.version,
        MEMBERSHIPS.c.segments,
        MEMBERSHIPS.c.as_of,
    )
    .select_from(
        IDENTIFIERS.join(LABELS, LABELS.c.stream_id == IDENTIFIERS.c.stream_id).outerjoin(
            MEMBERSHIPS, MEMBERSHIPS.c.profile_id == LABELS.c.profile_id
        )
    )
    .where(IDENTIFIERS.c.key.in_(sa.bindparam("keys", expanding=True)))
)
_HELD = (
    sa.select(LABELS.c.stream_id, POSITIONS.c.version, SUMMARIES.c.summary)
    .select_from(
        LABELS.outerjoin(
            POSITIONS,
            sa.and_(POSITIONS.c.source == "profiles", POSITIONS.c.stream_id == LABELS.c.stream_id),
        ).outerjoin(SUMMARIES, SUMMARIES.c.stream_id == LABELS.c.stream_id)
    )
    .where(LABELS.c.profile_id == sa.bindparam("profile_id"))
    .order_by(LABELS.c.stream_id)
)


def leads(connection: sa.Connection, keys: Sequence[str]) -> dict[str, Lead]:
    """Where each of the identifier `keys` that is known leads."""
    if not keys:
        return {}
    return {
        row.key: Lead(
            row.profile_id,
            bool(row.verified),
            row.assurance,
            None if row.version is None else Membership(row.version, row.segments, row.as_of),
        )
        for row in connection.execute(_LEADS, {"keys": list(keys)})
    }


def held(connection: sa.Connection, profile_id: str) -> list[Held]:
    """What is held of each stream of a profile, sorted by stream."""
    return [
        Held(row.stream_id, row.version or 0, row.summary)
        for row in connection.execute(_HELD, {"profile_id": profile_id})
    ]


def load_memberships(
    connection: sa.Connection, profile_ids: Iterable[str]
) -> dict[str, Membership]:
    """What segments has said of each of `profile_ids`; an empty one for who is new."""
    wanted = sorted(set(profile_ids))
    query = sa.select(MEMBERSHIPS).where(MEMBERSHIPS.c.profile_id.in_(wanted))
    found = {
        row.profile_id: Membership(row.version, row.segments, row.as_of)
        for row in connection.execute(query)
    }
    return {profile_id: found.get(profile_id) or Membership() for profile_id in wanted}


def save_memberships(connection: sa.Connection, memberships: Mapping[str, Membership]) -> None:
    """Store what segments has said; the caller holds the profiles' positions locked."""
    statement = upsert(connection, MEMBERSHIPS)
    columns = ("version", "segments", "as_of")
    statement = statement.on_conflict_do_update(
        index_elements=[MEMBERSHIPS.c.profile_id],
        set_={name: statement.excluded[name] for name in columns},
    )
    rows = [
        {"profile_id": profile_id, **{name: getattr(membership, name) for name in columns}}
        for profile_id, membership in sorted(memberships.items())
    ]
    connection.execute(statement, rows)
