"""The tables of profiles beside its log and its index."""

from __future__ import annotations

import sqlalchemy as sa

from chassis.database.personal import NOT_PERSONAL, PERSONAL, PSEUDONYMOUS

METADATA = sa.MetaData()
_SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")
# Deferred events, by their place in the queue. `sealed` is the event as it was sent. What cannot be
# recorded leaves the queue and stays here, with the reason in `refused`: after so many `failures`
# it is tried again at `try_at` (µs of the database's clock), or else when an operator says so.
DEFERRED = sa.Table(
    "waiting",
    METADATA,
    sa.Column("place", _SERIAL, primary_key=True, autoincrement=True, info=NOT_PERSONAL),
    sa.Column("event_id", sa.Text, nullable=False, unique=True, info=PSEUDONYMOUS),
    sa.Column("received_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Column("sealed", sa.Text, nullable=False, info=PERSONAL),
    sa.Column("refused", sa.Text, info=PERSONAL),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0", info=NOT_PERSONAL),
    sa.Column("try_at", sa.BigInteger, info=NOT_PERSONAL),
)
WAITS = DEFERRED.c.refused.is_(None)
sa.Index("waiting_in_queue", DEFERRED.c.place, sqlite_where=WAITS, postgresql_where=WAITS)
sa.Index("waiting_refused", DEFERRED.c.place, sqlite_where=~WAITS, postgresql_where=~WAITS)
sa.Index(
    "waiting_to_try",
    DEFERRED.c.try_at,
    sqlite_where=DEFERRED.c.try_at.is_not(None),
    postgresql_where=DEFERRED.c.try_at.is_not(None),
)
# Who records the deferred events, and until when (µs of the database's clock) nobody else may.
LEASE = sa.Table(
    "waiting_lease",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("holder", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("until", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
)
# Events that were not recorded as their id stands for another one: how often, and the names of the
# fields that differ, as a JSON list.
CONFLICTS = sa.Table(
    "conflicts",
    METADATA,
    sa.Column("event_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("first_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Column("last_at", sa.BigInteger, nullable=False, index=True, info=NOT_PERSONAL),
    sa.Column("times", sa.Integer, nullable=False, info=NOT_PERSONAL),
    sa.Column("differing", sa.Text, nullable=False, info=PERSONAL),
)
# The plain values of identifiers, sealed, by key.
SEALED_VALUES = sa.Table(
    "sealed_values",
    METADATA,
    sa.Column("key", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("sealed", sa.Text, nullable=False, info=PERSONAL),
    sa.Column("kept_until", sa.BigInteger, index=True, info=NOT_PERSONAL),
)
# The stream where each order is at home. `strength` says how well who told it knew whose it is, and
# `address` is the key of the address that it was told with (see `domain.orders.OrderHome`).
# `state` is what is known of the order; null if it has to be read from its home, as an earlier
# release has recorded it or it has many refunds. `reused` are the homes of other orders of the same
# id, with the same; the streams in `apart` are those of them whose events say so.
ORDER_HOMES = sa.Table(
    "order_homes",
    METADATA,
    sa.Column("store", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("order_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("stream_id", sa.Text, nullable=False, index=True, info=PSEUDONYMOUS),
    sa.Column("strength", sa.Integer, nullable=False, info=NOT_PERSONAL),
    sa.Column("address", sa.Text, info=PSEUDONYMOUS),
    sa.Column("state", sa.JSON(none_as_null=True), info=PERSONAL),
    sa.Column("reused", sa.JSON, nullable=False, info=PERSONAL),
    sa.Column("apart", sa.JSON, nullable=False, server_default="[]", info=PSEUDONYMOUS),
)
# Orders that somebody should look at, until that is done: by `kind`, those whose id stands for
# another order too, and those with refunds that do not count.
ORDER_REVIEWS = sa.Table(
    "order_reviews",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("store", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("order_id", sa.Text, nullable=False, info=PSEUDONYMOUS),
    sa.Column("home_stream", sa.Text, nullable=False, info=PSEUDONYMOUS),
    sa.Column("stream_id", sa.Text, nullable=False, info=PSEUDONYMOUS),
    sa.Column("event_id", sa.Text, nullable=False, info=PSEUDONYMOUS),
    sa.Column("first_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Column("last_at", sa.BigInteger, nullable=False, index=True, info=NOT_PERSONAL),
    sa.Column("done_at", sa.BigInteger, info=NOT_PERSONAL),
    sa.Column("kind", sa.Text, nullable=False, server_default="order_id_reused", info=NOT_PERSONAL),
)

# Each cart that was told of, to lock it by; when it was bought last, and the home of that order.
CARTS = sa.Table(
    "carts",
    METADATA,
    sa.Column("cart_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("seen_at", sa.BigInteger, nullable=False, index=True, info=NOT_PERSONAL),
    sa.Column("bought_at", sa.BigInteger, info=NOT_PERSONAL),
    sa.Column("stream_id", sa.Text, info=PSEUDONYMOUS),
)

# The streams of devices in which a cart was told of: when it was recorded there last, to the day,
# and the time of the last event.
CART_STREAMS = sa.Table(
    "cart_streams",
    METADATA,
    sa.Column("cart_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("stream_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("seen_at", sa.BigInteger, nullable=False, index=True, info=NOT_PERSONAL),
    sa.Column("last_at", sa.BigInteger, nullable=False, server_default="0", info=NOT_PERSONAL),
)
# Each address that was ever told, to lock it by, and how many refusals of it there were.
KNOWN_ADDRESSES = sa.Table(
    "known_addresses",
    METADATA,
    sa.Column("address", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("refusals", sa.Integer, nullable=False, info=NOT_PERSONAL),
)
# The streams in which each address was told, see `domain.addresses.AddressUse`.
ADDRESS_USES = sa.Table(
    "address_uses",
    METADATA,
    sa.Column("address", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("stream_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("kind", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("proven", sa.Boolean, nullable=False, info=NOT_PERSONAL),
    sa.Column("first_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Column("last_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Column("refusals", sa.Integer, nullable=False, info=NOT_PERSONAL),
    sa.Index("ix_address_uses_stream_id", "stream_id"),
)
# What an address has refused, as far as whoever meets it has to learn of it, see
# `domain.addresses.AddressRefusal`.
ADDRESS_REFUSALS = sa.Table(
    "address_refusals",
    METADATA,
    sa.Column("address", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("number", sa.Integer, primary_key=True, info=NOT_PERSONAL),
    sa.Column("purpose", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("event_id", sa.Text, nullable=False, info=PSEUDONYMOUS),
    sa.Column("at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Column("arrived_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Column("arrival_place", sa.Integer, nullable=False, info=NOT_PERSONAL),
)
# The addresses and payment methods that the accounts of a stream keep, see `domain.saved_details`.
SAVED_DETAILS = sa.Table(
    "saved_details",
    METADATA,
    sa.Column("stream_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("state", sa.JSON, nullable=False, info=PERSONAL),
)
