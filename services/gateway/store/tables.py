"""The tables of the gateway. It has no log: what it learns is recorded by profiles."""

from __future__ import annotations

import sqlalchemy as sa

from chassis.database.personal import NOT_PERSONAL, PERSONAL, PSEUDONYMOUS

METADATA = sa.MetaData()

# Who sends: see `domain.sources.EventSource`.
SOURCES = sa.Table(
    "sources",
    METADATA,
    sa.Column("source_id", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("name", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("store", sa.Text, info=NOT_PERSONAL),
    sa.Column("is_test", sa.Boolean, nullable=False, info=NOT_PERSONAL),
    sa.Column("emails_verified", sa.Boolean, nullable=False, info=NOT_PERSONAL),
    sa.Column("allowed_origins", sa.JSON, nullable=False, info=NOT_PERSONAL),
    sa.Column("settings", sa.JSON, nullable=False, info=NOT_PERSONAL),
    sa.Column("created_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
)

# The keys of sources by their SHA-256: a key itself is printed once, and kept nowhere. `prefix` is
# its beginning, to tell keys apart. After `ends_at` it opens nothing: it was revoked, or another
# one has taken its place. `last_used_at` is known to some minutes.
KEYS = sa.Table(
    "keys",
    METADATA,
    sa.Column("key_id", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("source_id", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("kind", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("digest", sa.Text, nullable=False, unique=True, info=NOT_PERSONAL),
    sa.Column("prefix", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("created_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Column("ends_at", sa.BigInteger, info=NOT_PERSONAL),
    sa.Column("last_used_at", sa.BigInteger, info=NOT_PERSONAL),
)

# What shops sign with, sealed: webhooks (`webhooks`) or the tokens of their users (`users`).
SECRETS = sa.Table(
    "secrets",
    METADATA,
    sa.Column("secret_id", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("source_id", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("purpose", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("sealed", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("created_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Column("ends_at", sa.BigInteger, info=NOT_PERSONAL),
)

# The webhooks that shops have sent, before anybody understands them; `headers` and `body` are
# sealed. What must be done by a date, such as an erasure, has `due_at`; what could not be recorded
# yet waits until `next_try_at`.
DELIVERIES = sa.Table(
    "deliveries",
    METADATA,
    sa.Column("delivery_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("source_id", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("topic", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("received_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Column("status", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("attempts", sa.Integer, nullable=False, info=NOT_PERSONAL),
    sa.Column("reason", sa.Text, info=PSEUDONYMOUS),
    sa.Column("due_at", sa.BigInteger, info=NOT_PERSONAL),
    sa.Column("settled_at", sa.BigInteger, info=NOT_PERSONAL),
    sa.Column("headers", sa.LargeBinary, nullable=False, info=PERSONAL),
    sa.Column("body", sa.LargeBinary, nullable=False, info=PERSONAL),
    sa.Column("next_try_at", sa.BigInteger, info=NOT_PERSONAL),
)
sa.Index("deliveries_by_time", DELIVERIES.c.received_at, DELIVERIES.c.delivery_id)
sa.Index("deliveries_by_status", DELIVERIES.c.status, DELIVERIES.c.received_at)

# The orders of payments, whose refunds name no order.
ORDER_LINKS = sa.Table(
    "order_links",
    METADATA,
    sa.Column("source_id", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("reference", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("order_id", sa.Text, nullable=False, info=PSEUDONYMOUS),
    sa.Column("linked_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
)
sa.Index("order_links_by_time", ORDER_LINKS.c.linked_at)

# The items that were not recorded, and why; `payload` is the item as JSON, sealed.
REJECTS = sa.Table(
    "rejects",
    METADATA,
    sa.Column("reject_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("source_id", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("received_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Column("field", sa.Text, info=NOT_PERSONAL),
    sa.Column("reason", sa.Text, nullable=False, info=PSEUDONYMOUS),
    sa.Column("payload", sa.LargeBinary, nullable=False, info=PERSONAL),
)
sa.Index("rejects_by_time", REJECTS.c.received_at, REJECTS.c.reject_id)
