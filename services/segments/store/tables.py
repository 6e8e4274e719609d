"""The tables of evaluation: when profiles are due, their memberships, and those that fail."""

from __future__ import annotations

import sqlalchemy as sa

from chassis.database.personal import NOT_PERSONAL, PERSONAL, PSEUDONYMOUS
from services.segments.store.metadata import METADATA

# The evaluation state of each profile, and the lock of its evaluation. The time is not in a table
# of its own, since two rows, locked one after the other, would deadlock. `due` maps each segment
# whose rule may turn to when it does, `members` each segment to [since, version of the definition].
PROFILES = sa.Table(
    "profiles",
    METADATA,
    sa.Column("profile_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("next_at", sa.BigInteger, index=True, info=NOT_PERSONAL),
    sa.Column("generation", sa.Integer, nullable=False, index=True, info=NOT_PERSONAL),
    sa.Column("watermark", sa.BigInteger, nullable=False, server_default="0", info=NOT_PERSONAL),
    sa.Column("due", sa.JSON, info=PERSONAL),
    sa.Column("members", sa.JSON, info=PERSONAL),
    sa.Column(
        "is_settled", sa.Boolean, nullable=False, server_default=sa.false(), info=NOT_PERSONAL
    ),
    postgresql_with={"fillfactor": 70},
)

# Who is in which segment, as segments' own log says.
MEMBERSHIPS = sa.Table(
    "memberships",
    METADATA,
    sa.Column("profile_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("segment", sa.Text, primary_key=True, info=PERSONAL),
    sa.Column("since", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Column("definition_version", sa.Integer, nullable=False, info=NOT_PERSONAL),
    sa.Index("memberships_by_segment", "segment", "profile_id"),
)

# The profiles whose evaluation fails: they stay due, and are left alone until `try_at` (by the
# database's clock), so that they delay nobody else.
FAILING = sa.Table(
    "failing_evaluations",
    METADATA,
    sa.Column("profile_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("failures", sa.Integer, nullable=False, info=NOT_PERSONAL),
    sa.Column("try_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
)
