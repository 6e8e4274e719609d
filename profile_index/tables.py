"""The tables of the profile index."""

from __future__ import annotations

import sqlalchemy as sa

from chassis.database.personal import NOT_PERSONAL, PERSONAL, PSEUDONYMOUS

METADATA = sa.MetaData()

# The profile that each stream belongs to. A profile is named after its first stream, so a row's
# `stream_id` is also a profile id, and `profile_id` is what that id resolves to today.
LABELS = sa.Table(
    "labels",
    METADATA,
    sa.Column("stream_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("profile_id", sa.Text, nullable=False, index=True, info=PSEUDONYMOUS),
    sa.Column("last_epoch", sa.Integer, nullable=False, info=NOT_PERSONAL),
)

# The stream of each identifier's latest tenure.
IDENTIFIERS = sa.Table(
    "identifiers",
    METADATA,
    sa.Column("key", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("stream_id", sa.Text, nullable=False, index=True, info=PSEUDONYMOUS),
    sa.Column("tenure", sa.Integer, nullable=False, info=NOT_PERSONAL),
    sa.Column("epoch", sa.Integer, nullable=False, info=NOT_PERSONAL),
    sa.Column("assurance", sa.Text, nullable=False, info=NOT_PERSONAL),
)

# By which form of the code the whole index was folded from the first event on, see `forms`: one
# row. What is applied after that has the form of the code that applies it.
INDEX_FORMS = sa.Table(
    "index_forms",
    METADATA,
    sa.Column("form", sa.Integer, primary_key=True, autoincrement=False, info=NOT_PERSONAL),
)

# The summary of each stream, up to `version`: its `state`, see `rules.summary`.
SUMMARIES = sa.Table(
    "summaries",
    METADATA,
    sa.Column("stream_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("version", sa.Integer, nullable=False, info=NOT_PERSONAL),
    sa.Column("state", sa.JSON, nullable=False, info=PERSONAL),
)
