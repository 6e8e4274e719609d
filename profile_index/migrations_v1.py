"""Frozen migration step: the tables of the profile index as a service's first revision makes them.

Nothing here may change, as databases were made by it. What the tables become later is a revision
of its own in each service that has them.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa


def create_profile_index(op: Any) -> None:
    """Labels, identifiers and summaries."""
    op.create_table(
        "labels",
        sa.Column("stream_id", sa.Text, primary_key=True),
        sa.Column("profile_id", sa.Text, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
    )
    op.create_index("ix_labels_profile_id", "labels", ["profile_id"])
    op.create_table(
        "identifiers",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("stream_id", sa.Text, nullable=False),
        sa.Column("tenure", sa.Integer, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("assurance", sa.Text, nullable=False),
    )
    op.create_index("ix_identifiers_stream_id", "identifiers", ["stream_id"])
    op.create_table(
        "summaries",
        sa.Column("stream_id", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("summary", sa.JSON, nullable=False),
    )
