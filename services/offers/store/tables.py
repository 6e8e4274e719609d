"""The tables of offers beside those of every follower."""

from __future__ import annotations

import sqlalchemy as sa

from chassis.database.personal import NOT_PERSONAL, PERSONAL, PSEUDONYMOUS

METADATA = sa.MetaData()

# The segments of each profile: see `domain.recognition.ProfileSegments`.
MEMBERSHIPS = sa.Table(
    "memberships",
    METADATA,
    sa.Column("profile_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("version", sa.Integer, nullable=False, info=NOT_PERSONAL),
    sa.Column("segments", sa.JSON, nullable=False, info=PERSONAL),
    sa.Column("as_of", sa.JSON, nullable=False, info=PSEUDONYMOUS),
)

# The streams of profiles that segments has halted, as it said when it was last called: what it says
# of their profiles is out of date. Nearly always empty.
HALTED_IN_SEGMENTS = sa.Table(
    "halted_in_segments",
    METADATA,
    sa.Column("stream_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
)


# The segments whose rules a release cannot read, as segments said when it was last called: their
# memberships are those from before `since` (µs). Nearly always empty.
UNREADABLE_SEGMENTS = sa.Table(
    "unreadable_segments",
    METADATA,
    sa.Column("segment", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("since", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
)

# The catalogues that were in force, by fingerprint, kept for ever: decisions are made again by
# them. The one in force has the highest number.
CATALOGUES = sa.Table(
    "catalogues",
    METADATA,
    sa.Column("fingerprint", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("number", sa.Integer, nullable=False, unique=True, info=NOT_PERSONAL),
    sa.Column("text", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("is_shipped", sa.Boolean, nullable=False, info=NOT_PERSONAL),
    sa.Column("applied_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
)
