"""The tables of identity."""

from __future__ import annotations

import sqlalchemy as sa

from chassis.database.personal import NOT_PERSONAL, PSEUDONYMOUS

METADATA = sa.MetaData()

# A row for each key that was ever seen: it can be locked before it leads anywhere.
KEYS = sa.Table("keys", METADATA, sa.Column("key", sa.Text, primary_key=True, info=PSEUDONYMOUS))

# See `state.Tenure`; `bond` is its `group`, and `parted` its `split_marks`. `opened_at` is -2^62
# for a guest's tenure before the first sign-in on a device.
TENURES = sa.Table(
    "tenures",
    METADATA,
    sa.Column("stream_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("key", sa.Text, nullable=False, info=PSEUDONYMOUS),
    sa.Column("number", sa.Integer, nullable=False, info=NOT_PERSONAL),
    sa.Column("opened_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Column("founded_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Column("profile_id", sa.Text, nullable=False, index=True, info=PSEUDONYMOUS),
    sa.Column("epoch", sa.Integer, nullable=False, info=NOT_PERSONAL),
    sa.Column("assurance", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("bond", sa.Text, nullable=False, index=True, info=PSEUDONYMOUS),
    sa.Column("current", sa.Boolean, nullable=False, info=NOT_PERSONAL),
    sa.Column("parted", sa.Text, nullable=False, server_default="", info=PSEUDONYMOUS),
    sa.Column("home", sa.Text, nullable=False, server_default="", info=PSEUDONYMOUS),
    sa.Column(
        "signed_in", sa.Boolean, nullable=False, server_default=sa.false(), info=NOT_PERSONAL
    ),
    sa.Column("owner", sa.Text, info=PSEUDONYMOUS),
    sa.Column("owned_at", sa.BigInteger, nullable=False, server_default="0", info=NOT_PERSONAL),
    sa.Column("beside", sa.Text, info=PSEUDONYMOUS),
    sa.Column("beside_at", sa.BigInteger, nullable=False, server_default="0", info=NOT_PERSONAL),
    sa.Column("prior", sa.Text, nullable=False, server_default="", info=PSEUDONYMOUS),
    sa.Column("typed", sa.Integer, nullable=False, server_default="0", info=NOT_PERSONAL),
    sa.Column("ordered", sa.Integer, nullable=False, server_default="0", info=NOT_PERSONAL),
    sa.Column("empty", sa.Boolean, nullable=False, server_default=sa.false(), info=NOT_PERSONAL),
    sa.Column("untied", sa.Boolean, nullable=False, server_default=sa.false(), info=NOT_PERSONAL),
    sa.Column("fused", sa.Text, info=PSEUDONYMOUS),
    sa.UniqueConstraint("key", "number"),
    # SQLite uses them if a statement has the very same words: `current`, and not `current = 1`.
    *(
        sa.Index(
            f"ix_tenures_{name}",
            *columns,
            postgresql_where=sa.text(flag),
            sqlite_where=sa.text(flag),
        )
        for name, columns, flag in (
            ("current", ("key",), "current"),
            ("empty", ("key",), "empty"),
            ("accounts", ("key", "opened_at"), "signed_in"),
        )
    ),
)

# The periods of devices, see `state.Period`; what is before the first one is a guest's.
PERIODS = sa.Table(
    "periods",
    METADATA,
    sa.Column("key", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("opened_at", sa.BigInteger, primary_key=True, info=NOT_PERSONAL),
    sa.Column("stream_id", sa.Text, info=PSEUDONYMOUS),
)

# Addresses that were proven or released, see `state.AddressTenure`; all others are held by nobody.
ADDRESSES = sa.Table(
    "addresses",
    METADATA,
    sa.Column("key", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("number", sa.Integer, primary_key=True, info=NOT_PERSONAL),
    sa.Column("opened_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Column("holder", sa.Text, index=True, info=PSEUDONYMOUS),
    sa.Column("withdrawn", sa.Boolean, nullable=False, info=NOT_PERSONAL),
    sa.Column("current", sa.Boolean, nullable=False, info=NOT_PERSONAL),
)

# Where addresses were told, and the address streams, see `state.Sighting`. `on_tenure` is the
# stream of a device's tenure or of an account's name; empty for the address by itself, and `nobody`
# for what strangers told with an address that was proven.
SIGHTINGS = sa.Table(
    "sightings",
    METADATA,
    sa.Column("address", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("address_tenure", sa.Integer, primary_key=True, info=NOT_PERSONAL),
    sa.Column("on_tenure", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("seen_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Column("own", sa.Boolean, nullable=False, info=NOT_PERSONAL),
    sa.Column("stream_id", sa.Text, unique=True, info=PSEUDONYMOUS),
    sa.Column("profile_id", sa.Text, index=True, info=PSEUDONYMOUS),
    sa.Column("epoch", sa.Integer, nullable=False, info=NOT_PERSONAL),
    sa.Column("pin", sa.Text, info=PSEUDONYMOUS),
    sa.Column("fused", sa.Text, info=PSEUDONYMOUS),
    sa.Column("untied", sa.Boolean, nullable=False, info=NOT_PERSONAL),
    sa.Column("beyond_proof", sa.Boolean, nullable=False, info=NOT_PERSONAL),
    sa.Index("ix_sightings_on_tenure", "on_tenure", "profile_id"),
    sa.Index(
        "ix_sightings_pin",
        "pin",
        postgresql_where=sa.text("pin IS NOT NULL"),
        sqlite_where=sa.text("pin IS NOT NULL"),
    ),
)

# Every id that was ever a profile's, to lock it by; one that was merged away has no tenures. See
# `state.ProfileFacts`.
PROFILES = sa.Table(
    "profiles",
    METADATA,
    sa.Column("profile_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("account", sa.Boolean, nullable=False, server_default=sa.false(), info=NOT_PERSONAL),
    sa.Column("tied", sa.Integer, nullable=False, server_default="0", info=NOT_PERSONAL),
)

# The splits and merges of a support desk, see `state.Repair`: `changed` is what each has changed,
# so that its inverse can take it back. `one` and `other` are the profiles it parted or joined.
REPAIRS = sa.Table(
    "repairs",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("kind", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("whole", sa.Text, nullable=False, index=True, info=PSEUDONYMOUS),
    sa.Column("one", sa.Text, nullable=False, index=True, info=PSEUDONYMOUS),
    sa.Column("other", sa.Text, nullable=False, index=True, info=PSEUDONYMOUS),
    sa.Column("takes_back", sa.Text, info=NOT_PERSONAL),
    sa.Column("changed", sa.JSON, nullable=False, info=PSEUDONYMOUS),
)

# Where events went whose call may be made again, see `state.KeptResolution`; a JSON list of
# `[type, reason]` says which identifiers were left out.
RESOLUTIONS = sa.Table(
    "resolutions",
    METADATA,
    sa.Column("event_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("digest", sa.Text, nullable=False, info=PSEUDONYMOUS),
    sa.Column("stream_id", sa.Text, nullable=False, index=True, info=PSEUDONYMOUS),
    sa.Column("came_from", sa.Text, info=PSEUDONYMOUS),
    sa.Column("ignored", sa.JSON, nullable=False, info=NOT_PERSONAL),
    sa.Column("resolved_at", sa.BigInteger, nullable=False, index=True, info=NOT_PERSONAL),
)

# The review list, see `review.ReviewSubject`; `done_at` is when an entry was taken off, `done_by`
# the name of who did, as they gave it.
REVIEWS = sa.Table(
    "reviews",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("kind", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("subject", sa.Text, nullable=False, info=PSEUDONYMOUS),
    sa.Column("about", sa.Text, nullable=False, info=PSEUDONYMOUS),
    sa.Column("reason", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("event_id", sa.Text, nullable=False, info=PSEUDONYMOUS),
    sa.Column("first_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Column("last_at", sa.BigInteger, nullable=False, index=True, info=NOT_PERSONAL),
    sa.Column("done_at", sa.BigInteger, info=NOT_PERSONAL),
    sa.Column("done_by", sa.Text, info=NOT_PERSONAL),
    sa.UniqueConstraint("kind", "subject", "about", "reason"),
)
