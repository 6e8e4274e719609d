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

# The outcomes whose decision is not in the log yet, or never will be: see
# `domain.outcomes.OfferOutcome`. Nearly always empty.
UNJOINED_OUTCOMES = sa.Table(
    "unjoined_outcomes",
    METADATA,
    sa.Column("outcome_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("decision_id", sa.Text, nullable=False, info=PSEUDONYMOUS),
    sa.Column("data", sa.JSON, nullable=False, info=PERSONAL),
    sa.Column("recorded_at", sa.BigInteger, nullable=False, index=True, info=NOT_PERSONAL),
)

# The streams in which each contact (an e-mail address without its alias, a phone number) was told,
# by its key: whoever carries the same contact shares caps. Nothing is ever deleted from it.
CARRIED = sa.Table(
    "carried",
    METADATA,
    sa.Column("contact", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("stream_id", sa.Text, primary_key=True, index=True, info=PSEUDONYMOUS),
)

# The refunds and cancellations of orders, each once; `amount` is null for the whole order.
# `is_settled`: what it gives back of caps and budgets has been given back. `stream_id` is the home
# of the order, null for what an earlier release has kept; `is_apart`: its id was another order's.
ORDER_RETURNS = sa.Table(
    "order_returns",
    METADATA,
    sa.Column("store", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("order_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("return_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("amount", sa.BigInteger, info=PERSONAL),
    sa.Column("is_settled", sa.Boolean, nullable=False, info=NOT_PERSONAL),
    sa.Column("stream_id", sa.Text, info=PSEUDONYMOUS),
    sa.Column("is_apart", sa.Boolean, nullable=False, server_default=sa.false(), info=NOT_PERSONAL),
)
sa.Index(
    "order_returns_open",
    ORDER_RETURNS.c.store,
    ORDER_RETURNS.c.order_id,
    postgresql_where=sa.text("NOT is_settled"),
    sqlite_where=sa.text("NOT is_settled"),
)

# The ids that stand for several orders, each within its store.
REUSED_ORDER_IDS = sa.Table(
    "reused_order_ids",
    METADATA,
    sa.Column("store", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("order_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
)

# What events say of loyalty points, each once by its `entry_key`: see `domain.ledger.LedgerEntry`.
POINT_ENTRIES = sa.Table(
    "point_entries",
    METADATA,
    sa.Column("stream_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("entry_key", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("kind", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("entry_id", sa.Text, nullable=False, info=PSEUDONYMOUS),
    sa.Column("order_key", sa.Text, info=PSEUDONYMOUS),
    sa.Column("at", sa.BigInteger, nullable=False, info=PSEUDONYMOUS),
    sa.Column("arrived_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Column("place", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Column("amount", sa.BigInteger, info=PERSONAL),
    sa.Column("currency", sa.Text, info=NOT_PERSONAL),
)

# The codes of coupons by pool; `grant_id` is that of the grant that has taken one.
COUPONS = sa.Table(
    "coupons",
    METADATA,
    sa.Column("pool", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("code", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("grant_id", sa.Text, index=True, unique=True, info=PSEUDONYMOUS),
    sa.Column("added_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
)
sa.Index(
    "coupons_free",
    COUPONS.c.pool,
    COUPONS.c.code,
    postgresql_where=COUPONS.c.grant_id.is_(None),
    sqlite_where=COUPONS.c.grant_id.is_(None),
)

# What was granted of offers with caps or a budget: see `domain.caps.Grant`. `cap_id` is the offer.
GRANTS = sa.Table(
    "grants",
    METADATA,
    sa.Column("grant_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("cap_id", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("stream_id", sa.Text, info=PSEUDONYMOUS),
    sa.Column("amount", sa.BigInteger, info=PERSONAL),
    sa.Column("currency", sa.Text, info=NOT_PERSONAL),
    sa.Column("state", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("decided_at", sa.BigInteger, nullable=False, info=PSEUDONYMOUS),
    sa.Column("expires_at", sa.BigInteger, nullable=False, info=PSEUDONYMOUS),
    sa.Column("decision_id", sa.Text, info=PSEUDONYMOUS),
    sa.Column("store", sa.Text, info=NOT_PERSONAL),
    sa.Column("order_id", sa.Text, info=PSEUDONYMOUS),
    sa.Column("order_value", sa.BigInteger, info=PERSONAL),
)
sa.Index(
    "grants_reserved",
    GRANTS.c.expires_at,
    postgresql_where=GRANTS.c.state == sa.literal_column("'reserved'"),
    sqlite_where=GRANTS.c.state == sa.literal_column("'reserved'"),
)
_COUNTED = GRANTS.c.state.in_([sa.literal_column("'reserved'"), sa.literal_column("'confirmed'")])
sa.Index(
    "grants_counted",
    GRANTS.c.cap_id,
    GRANTS.c.decided_at,
    postgresql_where=_COUNTED,
    sqlite_where=_COUNTED,
)
sa.Index(
    "grants_of_orders",
    GRANTS.c.store,
    GRANTS.c.order_id,
    postgresql_where=GRANTS.c.order_id.is_not(None),
    sqlite_where=GRANTS.c.order_id.is_not(None),
)

# By whom grants count: the streams and contacts of their shopper. What `reserve` was told of the
# shopper stands there too, as keys by which nothing counts.
GRANT_KEYS = sa.Table(
    "grant_keys",
    METADATA,
    sa.Column("cap_id", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("key", sa.Text, primary_key=True, index=True, info=PSEUDONYMOUS),
    sa.Column("grant_id", sa.Text, primary_key=True, index=True, info=PSEUDONYMOUS),
)

# How much of each budget is used, and by which grants; what has no `expires_at` is used for good.
BUDGETS = sa.Table(
    "budgets",
    METADATA,
    sa.Column("budget_id", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("used", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
)
BUDGET_HOLDS = sa.Table(
    "budget_holds",
    METADATA,
    sa.Column("grant_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("budget_id", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("amount", sa.BigInteger, nullable=False, info=PERSONAL),
    sa.Column("expires_at", sa.BigInteger, index=True, info=PSEUDONYMOUS),
)

# The profiles that have got streams with grants or exposures: whether they exceed a cap by that, or
# have seen two variants, has to be looked at. Nearly always empty.
MOVED_HOLDERS = sa.Table(
    "moved_holders",
    METADATA,
    sa.Column("profile_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
)

# By experiment and keyed hash of the identifier, the first time that a shopper saw a block which
# depended on it, once for each variant: several where she was in two, as after a sign-in.
EXPOSURES = sa.Table(
    "exposures",
    METADATA,
    sa.Column("experiment", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("key", sa.Text, primary_key=True, index=True, info=PSEUDONYMOUS),
    sa.Column("variant", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("hash_attribute", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("at", sa.BigInteger, nullable=False, info=PSEUDONYMOUS),
)

# Clicks and conversions by the keyed hashes of the identifiers that led to their shopper.
RESPONSES = sa.Table(
    "responses",
    METADATA,
    sa.Column("outcome_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("key", sa.Text, primary_key=True, index=True, info=PSEUDONYMOUS),
    sa.Column("kind", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("at", sa.BigInteger, nullable=False, info=PSEUDONYMOUS),
    sa.Column("value", sa.BigInteger, info=PERSONAL),
    sa.Column("currency", sa.Text, info=NOT_PERSONAL),
    sa.Column("store", sa.Text, info=NOT_PERSONAL),
    sa.Column("order_id", sa.Text, info=PSEUDONYMOUS),
)

# What became of the offers that bandits have drawn, by slot (`placement.slot`) and cell, see
# `domain.cells`. Processes read what has changed.
OUTCOME_COUNTS = sa.Table(
    "outcome_counts",
    METADATA,
    sa.Column("slot", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("offer_id", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("cell", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("views", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Column("clicks", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Column("conversions", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Column("changed_at", sa.BigInteger, nullable=False, index=True, info=NOT_PERSONAL),
)
