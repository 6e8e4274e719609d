"""The tables and queries of profiles: its log, and the index kept in step with it.

Transactions lock rows in one order, so that no two wait for each other:

    1. positions      of identity's streams, sorted (`IdentityProjection` only)
    -. cart_streams   sorted by cart, and then order_homes, sorted by order: `record` alone
    -. known_addresses and then address_uses, sorted by address: `record` alone
    2. streams        of the log, sorted, when facts and events are appended
    3. labels         sorted by stream, and then identifiers, sorted by key
    4. sealed_values  sorted by key (`record` and `record_deferred`)
    5. waiting_lease, then the rows of waiting (`record_deferred` only)
    6. conflicts      sorted by event id, in a transaction of their own
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from chassis import DAY, Draft, JointDraft
from chassis.core.json import dump_json, load_json
from chassis.database.bulk import RowStatement, among
from chassis.database.clock import database_now
from chassis.database.engine import upsert
from chassis.database.personal import NOT_PERSONAL, PERSONAL, PSEUDONYMOUS
from chassis.database.prepared import PreparedStatement
from chassis.database.tables import EVENTS, STREAMS
from chassis.eventlog.log import AppendResult
from chassis.eventlog.unit_of_work import UnitOfWork
from contracts.event_types import RESERVED
from profile_index import apply_identity, fold_events, load_summaries
from profile_index import save_summaries as save_summary_rows
from profile_index.tables import IDENTIFIERS, LABELS
from rules import Summary
from services.profiles.domain.addresses import (
    MAX_RECIPIENTS,
    AddressBook,
    AddressRefusal,
    AddressUse,
    remembered,
)
from services.profiles.domain.orders import OrderHome, OrderKey, OrderRow, Owners, summary_key
from services.profiles.domain.timeline import TimelinePlace
from services.profiles.vault import SealedValue

_PAGE = 1_000
# Of a cart the newest few streams are told of its order; what nobody has told of for so long is
# forgotten.
_STREAMS_OF_A_CART = 10
_CART_DAYS = 60
# What failed is tried again after this pause, which doubles, in seconds. A time to try that lies
# further ahead than the longest was set before the database's clock was set back.
_FIRST_PAUSE = 5
_LONGEST_PAUSE = 60
_BY_HAND = "an operator set it aside"
# Up to so many rows are counted one by one.
_COUNTED = 10_000
_CONFLICT_DAYS = 90
_MOST_CONFLICTS = 10_000
# So many of the streams that changed last tell whether anything was recorded lately.
_LAST_STREAMS = 20

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
_WAITS = DEFERRED.c.refused.is_(None)
sa.Index("waiting_in_queue", DEFERRED.c.place, sqlite_where=_WAITS, postgresql_where=_WAITS)
sa.Index("waiting_refused", DEFERRED.c.place, sqlite_where=~_WAITS, postgresql_where=~_WAITS)
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
# `state` is what is known of the order; null if it has to be read from the log. `reused` are the
# homes of other orders of the same id.
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
)

# Orders whose id stands for another order too, until somebody has looked at them.
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
)

# The streams of devices in which a cart was told of, and when last.
CART_STREAMS = sa.Table(
    "cart_streams",
    METADATA,
    sa.Column("cart_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("stream_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("seen_at", sa.BigInteger, nullable=False, index=True, info=NOT_PERSONAL),
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

_USE = [
    ADDRESS_USES.c.address,
    ADDRESS_USES.c.stream_id,
    ADDRESS_USES.c.kind,
    ADDRESS_USES.c.proven,
    ADDRESS_USES.c.first_at,
    ADDRESS_USES.c.last_at,
    ADDRESS_USES.c.refusals,
]
_ADDRESS_USES = RowStatement(
    """
    SELECT used.address, used.stream_id, used.kind, used.proven, used.first_at, used.last_at,
           used.refusals, known.refusals AS total
    FROM {rows}
    JOIN address_uses AS used
      ON used.address = text[key] AND used.stream_id = text[stream]
    JOIN known_addresses AS known ON known.address = used.address
    """,
    [*_USE, sa.column("total", sa.Integer)],
)
_LOCK_ADDRESSES = RowStatement(
    """
    INSERT INTO known_addresses (address, refusals)
    SELECT text[address], 0 FROM {rows} WHERE true
    ON CONFLICT (address) DO UPDATE SET refusals = known_addresses.refusals
    RETURNING address, refusals
    """,
    KNOWN_ADDRESSES.c,
)
_RANKED_USES = sa.select(
    *_USE,
    sa.func.row_number()
    .over(
        partition_by=ADDRESS_USES.c.address,
        # Accounts come first, then streams of the address itself, and then devices.
        order_by=(ADDRESS_USES.c.kind, ADDRESS_USES.c.last_at.desc(), ADDRESS_USES.c.stream_id),
    )
    .label("place"),
).where(among(ADDRESS_USES.c.address, "addresses"))
_ranked = _RANKED_USES.subquery()
_NEWEST_USES = PreparedStatement(
    sa.select(*(_ranked.c[column.name] for column in _USE)).where(
        _ranked.c.place <= sa.literal_column(str(MAX_RECIPIENTS))
    )
)
_REFUSALS = PreparedStatement(
    sa.select(ADDRESS_REFUSALS).where(among(ADDRESS_REFUSALS.c.address, "addresses"))
)
_SAVE_USES = RowStatement(
    """
    INSERT INTO address_uses (address, stream_id, kind, proven, first_at, last_at, refusals)
    SELECT text[address], text[stream], text[kind], flag[proven], number[first_at],
           number[last_at], number[refusals]
    FROM {rows} WHERE true
    ON CONFLICT (address, stream_id) DO UPDATE
    SET kind = excluded.kind, proven = excluded.proven,
        first_at = CASE WHEN excluded.first_at < address_uses.first_at
                        THEN excluded.first_at ELSE address_uses.first_at END,
        last_at = CASE WHEN excluded.last_at > address_uses.last_at
                       THEN excluded.last_at ELSE address_uses.last_at END,
        refusals = CASE WHEN excluded.refusals > address_uses.refusals
                        THEN excluded.refusals ELSE address_uses.refusals END
    """
)
_COUNT_REFUSALS = RowStatement(
    """
    INSERT INTO known_addresses (address, refusals)
    SELECT text[address], number[refusals] FROM {rows} WHERE true
    ON CONFLICT (address) DO UPDATE SET refusals = excluded.refusals
    """
)
_SAVE_REFUSALS = RowStatement(
    """
    INSERT INTO address_refusals
        (address, number, purpose, event_id, at, arrived_at, arrival_place)
    SELECT text[address], number[number], text[purpose], text[event_id], number[at],
           number[arrived_at], number[arrival_place]
    FROM {rows} WHERE true
    """
)
_LOCK_ORDERS = RowStatement(
    """
    INSERT INTO order_homes (store, order_id, stream_id, strength, address, state, reused)
    SELECT text[store], text[order_id], '', 0, NULL, json[state], json[reused]
    FROM {rows} WHERE true
    ON CONFLICT (store, order_id) DO UPDATE SET strength = order_homes.strength
    RETURNING store, order_id, stream_id, strength, address, state, reused
    """,
    ORDER_HOMES.c,
)
_SAVE_ORDERS = RowStatement(
    """
    INSERT INTO order_homes (store, order_id, stream_id, strength, address, state, reused)
    SELECT text[store], text[order_id], text[stream], number[strength], text[address],
           json[state], json[reused]
    FROM {rows} WHERE true
    ON CONFLICT (store, order_id) DO UPDATE
    SET stream_id = excluded.stream_id, strength = excluded.strength, address = excluded.address,
        state = excluded.state, reused = excluded.reused
    """
)
_NOTE_REUSE = RowStatement(
    """
    INSERT INTO order_reviews (id, store, order_id, home_stream, stream_id, event_id, first_at,
                               last_at)
    SELECT text[id], text[store], text[order_id], text[home_stream], text[stream], text[event_id],
           number[now], number[now]
    FROM {rows} WHERE true
    ON CONFLICT (id) DO UPDATE
    SET event_id = excluded.event_id, last_at = excluded.last_at, done_at = NULL
    """
)
_NOTE_CARTS = RowStatement(
    """
    INSERT INTO cart_streams (cart_id, stream_id, seen_at)
    SELECT text[cart_id], text[stream], number[now] FROM {rows} WHERE true
    ON CONFLICT (cart_id, stream_id) DO UPDATE SET seen_at = excluded.seen_at
    WHERE excluded.seen_at > cart_streams.seen_at + 86400000000
    """
)
_CARTS = PreparedStatement(
    sa.select(CART_STREAMS.c.cart_id, CART_STREAMS.c.stream_id)
    .where(among(CART_STREAMS.c.cart_id, "carts"))
    .order_by(CART_STREAMS.c.seen_at.desc(), CART_STREAMS.c.stream_id)
    .limit(sa.literal_column("1000"))
)
_ACCOUNTS = PreparedStatement(
    sa.select(LABELS.c.profile_id)
    .distinct()
    .select_from(LABELS.join(IDENTIFIERS, IDENTIFIERS.c.stream_id == LABELS.c.stream_id))
    .where(
        among(LABELS.c.profile_id, "profiles"),
        IDENTIFIERS.c.assurance == sa.literal_column("'verified'"),
    )
)
_KEEP = RowStatement(
    """
    INSERT INTO sealed_values (key, sealed, kept_until)
    SELECT text[key], text[sealed], number[kept_until] FROM {rows} WHERE true
    ON CONFLICT (key) DO UPDATE SET sealed = excluded.sealed, kept_until = excluded.kept_until
    WHERE coalesce(excluded.kept_until, 0) <> coalesce(sealed_values.kept_until, 0)
    """
)
_NOTE_CONFLICTS = RowStatement(
    """
    INSERT INTO conflicts (event_id, first_at, last_at, times, differing)
    SELECT text[event_id], number[now], number[now], 1, text[differing] FROM {rows} WHERE true
    ON CONFLICT (event_id) DO UPDATE
    SET last_at = excluded.last_at, times = conflicts.times + 1, differing = excluded.differing
    """
)
_EPOCHS = PreparedStatement(
    sa.select(LABELS.c.stream_id, LABELS.c.last_epoch).where(among(LABELS.c.stream_id, "streams"))
)
_LABELS = PreparedStatement(
    sa.select(LABELS.c.stream_id, LABELS.c.profile_id, LABELS.c.last_epoch).where(
        among(LABELS.c.stream_id, "streams")
    )
)
_HAS_DEFERRED = PreparedStatement(sa.select(sa.exists().where(_WAITS)))
_DEFER = RowStatement(
    """
    INSERT INTO waiting (event_id, received_at, sealed)
    SELECT text[event_id], number[received_at], text[sealed] FROM {rows} WHERE true
    ON CONFLICT (event_id) DO NOTHING
    """
)


@dataclass(frozen=True, slots=True)
class DeferredEvent:
    """An event that was accepted while identity did not answer, sealed."""

    place: int
    event_id: str
    received_at: int
    sealed: str
    failures: int = 0


@dataclass(frozen=True, slots=True)
class UnrecordableEvent:
    """A deferred event that could not be recorded, and why; received at (µs) by profiles."""

    event_id: str
    received_at: int
    reason: str


@dataclass(frozen=True, slots=True)
class EventConflict:
    """An event whose id stands for another one; instants are in microseconds."""

    event_id: str
    first_at: int
    last_at: int
    times: int
    differing: Sequence[str]


@dataclass(frozen=True, slots=True)
class DeferredCounts:
    """How many events wait, for how many seconds the first does, and how many are unrecordable."""

    waiting: int
    seconds: float
    unrecordable: int


@dataclass(frozen=True, slots=True)
class CurrentSummary:
    """The summary of a stream up to `version`, and the version of the stored one, 0 for none."""

    version: int
    summary: Summary
    stored_version: int


def epochs(unit: UnitOfWork, streams: Iterable[str]) -> dict[str, int]:
    """The last epoch in our log of each of `streams` that is in it."""
    rows = _EPOCHS.execute(unit.connection, streams=sorted(set(streams)))
    return {row.stream_id: row.last_epoch for row in rows}


def append(
    unit: UnitOfWork, facts: Sequence[JointDraft], drafts: Sequence[Draft | JointDraft]
) -> tuple[list[AppendResult], list[AppendResult]]:
    """Append identity's facts and then the events; labels follow in the same transaction.

    Returns the result of each, in order. What is in the log already is not appended again.
    """
    results = unit.append([*facts, *drafts])
    fact_results, event_results = results[: len(facts)], results[len(facts) :]
    apply_identity(unit, [fact.event for fact in fact_results if not fact.duplicate])
    return fact_results, event_results


def current_summaries(unit: UnitOfWork, streams: Sequence[str]) -> dict[str, CurrentSummary]:
    """The summary of each stream as of now: the stored one, and the events that came after it."""
    rows = load_summaries(unit, streams)
    stored = {stream: rows.get(stream, (0, {})) for stream in streams}
    versions = {stream: version for stream, (version, _) in stored.items()}
    summaries = {stream: Summary.load(state) for stream, (_, state) in stored.items()}
    while True:
        events = unit.history(versions, _PAGE)
        fold_events(summaries, events)
        versions |= {event.stream: event.version for event in events}
        if len(events) < _PAGE:
            break
    return {
        stream: CurrentSummary(versions[stream], summaries[stream], stored[stream][0])
        for stream in streams
    }


def timeline_places(
    unit: UnitOfWork,
    streams: Sequence[str],
    types: Sequence[str] | None,
    before: TimelinePlace | None,
    limit: int,
) -> list[TimelinePlace]:
    """The places of the events of streams, the newest first, that come before one of them."""
    place = [
        EVENTS.c.occurred_at,
        EVENTS.c.recorded_at,
        EVENTS.c.version,
        EVENTS.c.stream_id,
    ]
    query = sa.select(*place).where(among(EVENTS.c.stream_id, "streams"))
    if types:
        query = query.where(EVENTS.c.type.in_(types))
    if before:
        query = query.where(sa.tuple_(*place) < sa.tuple_(*map(sa.literal, before)))
    query = query.order_by(*(column.desc() for column in place)).limit(limit)
    rows = unit.connection.execute(query, {"streams": list(streams)})
    return [TimelinePlace(*row) for row in rows]


def known_keys(unit: UnitOfWork, start: str, limit: int) -> dict[str, str | None]:
    """The keys that begin with `start`, with the stream that each leads to, if to any."""
    found: dict[str, str | None] = {}
    for table, stream in ((SEALED_VALUES, sa.null()), (IDENTIFIERS, IDENTIFIERS.c.stream_id)):
        query = (
            sa.select(table.c.key, stream)
            .where(sa.func.substr(table.c.key, 1, len(start)) == start)
            .order_by(table.c.key)
            .limit(limit)
        )
        found |= {row[0]: row[1] for row in unit.connection.execute(query)}
    return found


def deferred_state(unit: UnitOfWork, event_id: str) -> tuple[bool, str | None]:
    """Whether an event is deferred, and the reason if it could not be recorded."""
    query = sa.select(DEFERRED.c.refused).where(DEFERRED.c.event_id == event_id)
    row = unit.connection.execute(query).first()
    return row is not None, None if row is None else row.refused


def save_summaries(unit: UnitOfWork, summaries: Mapping[str, CurrentSummary]) -> None:
    """Store the summaries of streams."""
    rows = {stream: (each.version, each.summary.dump()) for stream, each in summaries.items()}
    save_summary_rows(unit, rows)


def lock_orders(unit: UnitOfWork, keys: Iterable[OrderKey]) -> dict[OrderKey, OrderRow]:
    """Lock the rows of orders, sorted; those that are not there yet are inserted first.

    What is known of an order that an earlier release has recorded is read from its home.
    """
    empty: dict[str, Any] = {"state": {}, "reused": []}
    rows = [{**key._asdict(), **empty} for key in sorted(set(keys))]
    locked: dict[OrderKey, OrderRow] = {}
    unread: list[OrderRow] = []
    for row in _LOCK_ORDERS.execute(unit.connection, rows) if rows else ():
        key = OrderKey(row.store, row.order_id)
        home = OrderHome(row.stream_id, row.strength, row.address, row.state or {})
        locked[key] = OrderRow(key, home, [OrderHome(**each) for each in row.reused])
        if row.state is None:
            unread.append(locked[key])
    if unread:
        summaries = current_summaries(unit, sorted({row.home.stream for row in unread}))
        for row in unread:
            orders = summaries[row.home.stream].summary.state.orders
            row.home.state = orders.get(summary_key(*row.key), {})
        # The next order of these streams has to fold no more than what comes after this.
        grown = {s: each for s, each in summaries.items() if each.version > each.stored_version}
        save_summaries(unit, grown)
    return locked


def save_orders(unit: UnitOfWork, rows: Iterable[OrderRow]) -> None:
    """Store the rows of locked orders."""
    values = [
        {
            **row.key._asdict(),
            "stream": row.home.stream,
            "strength": row.home.strength,
            "address": row.home.address,
            "state": row.home.state,
            "reused": [asdict(each) for each in row.reused],
        }
        for row in sorted(rows, key=lambda row: row.key)
    ]
    if values:
        _SAVE_ORDERS.execute(unit.connection, values)


def owners(
    unit: UnitOfWork,
    streams: Iterable[str],
    facts: Iterable[JointDraft],
    contested: Mapping[str, str | None],
) -> Owners:
    """Whose `streams` are once `facts` are appended.

    Which profiles are accounts' is found out for the `contested` streams alone, with the profiles
    that identity has named: that of an account of many devices would be read each time.
    """
    found: dict[str, tuple[int, str]] = {
        row.stream_id: (row.last_epoch, row.profile_id)
        for row in _LABELS.execute(unit.connection, streams=sorted(set(streams)))
    }
    proven = set()
    for fact in facts:
        for stream, entry in fact.entries.items():
            found[stream] = max(found.get(stream, (0, "")), (entry["epoch"], entry["profile_id"]))
            if any(each["assurance"] == "verified" for each in entry["identifiers"]):
                proven.add(entry["profile_id"])
    by_stream = {stream: profile_id for stream, (_, profile_id) in found.items()}
    profiles = (by_stream.get(stream) or named for stream, named in contested.items())
    wanted = sorted({profile for profile in profiles if profile} - proven)
    if wanted:
        proven |= {row.profile_id for row in _ACCOUNTS.execute(unit.connection, profiles=wanted)}
    return Owners(by_stream, frozenset(proven))


def load_address_uses(
    unit: UnitOfWork, places: Sequence[tuple[str, str]]
) -> tuple[dict[tuple[str, str], AddressUse], dict[str, int]]:
    """The uses of pairs of an address and a stream that are known, and how many refusals of their
    addresses there are."""
    rows = [{"key": address, "stream": stream} for address, stream in places]
    found = [
        (AddressUse(*row[:7]), row.total) for row in _ADDRESS_USES.execute(unit.connection, rows)
    ]
    return {use.place: use for use, _ in found}, {use.address: total for use, total in found}


def lock_addresses(unit: UnitOfWork, addresses: Sequence[str]) -> dict[str, int]:
    """Lock addresses, sorted; how many refusals of each there are."""
    rows = _LOCK_ADDRESSES.execute(unit.connection, [{"address": each} for each in addresses])
    return {row.address: row.refusals for row in rows}


def load_refusals(unit: UnitOfWork, addresses: Sequence[str]) -> dict[str, list[AddressRefusal]]:
    """What addresses have refused, as far as it is remembered."""
    refusals: dict[str, list[AddressRefusal]] = {}
    for row in _REFUSALS.execute(unit.connection, addresses=list(addresses)):
        refusals.setdefault(row.address, []).append(
            AddressRefusal(
                row.address,
                row.number,
                row.purpose,
                row.event_id,
                row.at,
                (row.arrived_at, row.arrival_place),
            )
        )
    return refusals


def newest_uses(unit: UnitOfWork, addresses: Sequence[str]) -> dict[str, list[AddressUse]]:
    """The uses of each address that are told of its refusals."""
    uses: dict[str, list[AddressUse]] = {}
    for row in _NEWEST_USES.execute(unit.connection, addresses=list(addresses)):
        uses.setdefault(row.address, []).append(AddressUse(*row))
    return uses


def uses_in(unit: UnitOfWork, streams: Sequence[str], limit: int) -> list[AddressUse]:
    """The addresses that were told in streams, the newest first."""
    query = (
        sa.select(*_USE)
        .where(among(ADDRESS_USES.c.stream_id, "streams"))
        .order_by(ADDRESS_USES.c.last_at.desc(), ADDRESS_USES.c.address, ADDRESS_USES.c.stream_id)
        .limit(limit)
    )
    rows = unit.connection.execute(query, {"streams": list(streams)})
    return [AddressUse(*row) for row in rows]


def save_addresses(unit: UnitOfWork, book: AddressBook) -> None:
    """Store what has changed of addresses; what nobody has to learn of any more is forgotten."""
    uses = [asdict(use) for _, use in sorted(book.changed_uses.items())]
    if uses:
        _SAVE_USES.execute(unit.connection, uses)
    if not book.changed_refusals:
        return
    changed = sorted(book.changed_refusals)
    counts = [{"address": address, "refusals": book.counts[address]} for address in changed]
    _COUNT_REFUSALS.execute(unit.connection, counts)
    unit.connection.execute(
        sa.delete(ADDRESS_REFUSALS).where(ADDRESS_REFUSALS.c.address.in_(changed))
    )
    rows = [
        {
            "address": each.address,
            "number": each.number,
            "purpose": each.purpose,
            "event_id": each.event_id,
            "at": each.at,
            "arrived_at": each.arrival[0],
            "arrival_place": each.arrival[1],
        }
        for address in changed
        for each in remembered(book.refusals[address], unit.now)
    ]
    _SAVE_REFUSALS.execute(unit.connection, rows)


def note_carts(unit: UnitOfWork, carts: Iterable[tuple[str, str]]) -> None:
    """Note pairs of a cart and the stream in which it was told of."""
    rows = [{"cart_id": c, "stream": s, "now": unit.now} for c, s in sorted(set(carts))]
    if rows:
        _NOTE_CARTS.execute(unit.connection, rows)


def streams_of_carts(unit: UnitOfWork, carts: Iterable[str]) -> dict[str, list[str]]:
    """The streams in which each cart was told of, the newest few."""
    streams: dict[str, list[str]] = {}
    wanted = sorted(set(carts))
    for row in _CARTS.execute(unit.connection, carts=wanted) if wanted else ():
        of_cart = streams.setdefault(row.cart_id, [])
        if len(of_cart) < _STREAMS_OF_A_CART:
            of_cart.append(row.stream_id)
    return streams


def forget_carts(unit: UnitOfWork) -> int:
    """Delete what is known of carts that nobody has told of for long; how many."""
    before = unit.now - _CART_DAYS * DAY
    query = sa.delete(CART_STREAMS).where(CART_STREAMS.c.seen_at < before)
    return int(unit.connection.execute(query).rowcount)


def note_reuse(unit: UnitOfWork, reviews: Iterable[Mapping[str, str]]) -> None:
    """Put orders whose id stands for another order too on the review list, open again if done."""
    rows = [{**each, "now": unit.now} for each in sorted(reviews, key=lambda each: each["id"])]
    if rows:
        _NOTE_REUSE.execute(unit.connection, rows)


def list_order_reviews(unit: UnitOfWork, limit: int) -> list[sa.Row[Any]]:
    """The open entries of the review list of orders, those seen last first."""
    query = (
        sa.select(ORDER_REVIEWS)
        .where(ORDER_REVIEWS.c.done_at.is_(None))
        .order_by(ORDER_REVIEWS.c.last_at.desc(), ORDER_REVIEWS.c.id)
    )
    return list(unit.connection.execute(query.limit(limit)))


def close_order_review(unit: UnitOfWork, review_id: str) -> bool:
    """Take an entry off the review list of orders; whether it was on it."""
    query = sa.update(ORDER_REVIEWS).where(
        ORDER_REVIEWS.c.id == review_id, ORDER_REVIEWS.c.done_at.is_(None)
    )
    return bool(unit.connection.execute(query.values(done_at=unit.now)).rowcount)


def identifier_keys(unit: UnitOfWork, streams: Iterable[str]) -> list[str]:
    """The keys of the identifiers that lead to `streams`, sorted."""
    query = (
        sa.select(IDENTIFIERS.c.key)
        .where(IDENTIFIERS.c.stream_id.in_(sorted(set(streams))))
        .order_by(IDENTIFIERS.c.key)
    )
    return list(unit.connection.execute(query).scalars())


def statistics(unit: UnitOfWork) -> dict[str, int]:
    """How many events shops have sent, profiles, completed orders and streams there are."""
    events = sa.select(sa.func.count()).select_from(EVENTS)
    queries = {
        "events": events.where(EVENTS.c.type.not_in(sorted(RESERVED))),
        "profiles": sa.select(sa.func.count(LABELS.c.profile_id.distinct())),
        "orders": events.where(EVENTS.c.type == "order_completed"),
        "streams": sa.select(sa.func.count()).select_from(STREAMS),
    }
    counts = {name: unit.connection.execute(query).scalar_one() for name, query in queries.items()}
    return {**counts, "waiting": _count(unit, _WAITS)}


def has_deferred_events(unit: UnitOfWork) -> bool:
    """Whether there are deferred events, behind which all later ones have to queue."""
    return bool(_HAS_DEFERRED.execute(unit.connection)[0][0])


def load_deferred(unit: UnitOfWork, limit: int, after: int = 0) -> list[DeferredEvent]:
    """The deferred events past a place that have waited longest."""
    query = _SELECT_DEFERRED.where(_WAITS, DEFERRED.c.place > after).order_by(DEFERRED.c.place)
    return _deferred(unit, query.limit(limit))


def load_deferred_by_id(unit: UnitOfWork, event_ids: Sequence[str]) -> list[DeferredEvent]:
    """The deferred events among `event_ids`."""
    return _deferred(unit, _SELECT_DEFERRED.where(DEFERRED.c.event_id.in_(sorted(event_ids))))


def load_due(unit: UnitOfWork, limit: int) -> list[DeferredEvent]:
    """The events that could not be recorded and are to be tried again by now."""
    query = _SELECT_DEFERRED.where(_due()).order_by(DEFERRED.c.try_at, DEFERRED.c.place)
    return _deferred(unit, query.limit(limit))


def last_place(unit: UnitOfWork) -> int:
    """The place of the last event in the queue, 0 for none."""
    query = sa.select(DEFERRED.c.place).where(_WAITS).order_by(DEFERRED.c.place.desc()).limit(1)
    return unit.connection.execute(query).scalar() or 0


def is_work_waiting(unit: UnitOfWork) -> bool:
    """Whether there are deferred events, or others that are to be tried again by now."""
    query = sa.select(sa.or_(sa.exists().where(_WAITS), sa.exists().where(_due())))
    return bool(unit.connection.execute(query).scalar())


def recorded_lately(unit: UnitOfWork, seconds: float) -> bool:
    """Whether an event of a shop was recorded in the last seconds, as the last streams tell."""
    last = (
        sa.select(STREAMS.c.stream_id, STREAMS.c.version)
        .order_by(STREAMS.c.changed_in.desc(), STREAMS.c.stream_id.desc())
        .limit(_LAST_STREAMS)
        .subquery()
    )
    query = sa.select(EVENTS.c.recorded_at).where(
        EVENTS.c.stream_id == last.c.stream_id,
        EVENTS.c.version == last.c.version,
        EVENTS.c.type != "identity_changed",
        EVENTS.c.recorded_at > unit.now - int(seconds * 1_000_000),
    )
    return unit.connection.execute(query.limit(1)).first() is not None


_SELECT_DEFERRED = sa.select(
    DEFERRED.c.place,
    DEFERRED.c.event_id,
    DEFERRED.c.received_at,
    DEFERRED.c.sealed,
    DEFERRED.c.failures,
)


def _deferred(unit: UnitOfWork, query: sa.Select[Any]) -> list[DeferredEvent]:
    return [DeferredEvent(*row) for row in unit.connection.execute(query)]


def _due() -> sa.ColumnElement[bool]:
    """Its time has come, or lies further ahead than any that we set."""
    now = sa.select(database_now()).scalar_subquery()  # asked once, so that the index is of use
    never = sa.select(database_now() + _LONGEST_PAUSE * 1_000_000).scalar_subquery()
    return sa.and_(
        ~_WAITS,
        DEFERRED.c.try_at.is_not(None),
        sa.or_(DEFERRED.c.try_at <= now, DEFERRED.c.try_at > never),
    )


def defer(unit: UnitOfWork, sealed: Sequence[tuple[str, str]]) -> None:
    """Put events (id, sealed body) at the end of the queue, those that are not in it yet."""
    rows = [{"event_id": id_, "received_at": unit.now, "sealed": body} for id_, body in sealed]
    _DEFER.execute(unit.connection, rows)


def remove_deferred(unit: UnitOfWork, places: Sequence[int]) -> None:
    """Take events out of the queue, as they are in the log."""
    unit.connection.execute(sa.delete(DEFERRED).where(DEFERRED.c.place.in_(places)))


def keep_unrecordable(unit: UnitOfWork, reasons: Mapping[str, str]) -> int:
    """Set events, by id, aside with the reason why they cannot be recorded; how many there were."""
    changed = 0
    for event_id, reason in reasons.items():
        query = sa.update(DEFERRED).where(DEFERRED.c.event_id == event_id)
        result = unit.connection.execute(query.values(refused=reason, try_at=None))
        changed += int(result.rowcount)
    return changed


def note_failure(unit: UnitOfWork, event_id: str, reason: str, failures: int) -> None:
    """An event has failed so many times: it is tried again after a pause."""
    pause = min(_FIRST_PAUSE * 2 ** max(0, failures - 1), _LONGEST_PAUSE)
    try_at = database_now() + pause * 1_000_000
    query = sa.update(DEFERRED).where(DEFERRED.c.event_id == event_id)
    unit.connection.execute(query.values(refused=reason, failures=failures, try_at=try_at))


def list_unrecordable(unit: UnitOfWork, limit: int) -> list[UnrecordableEvent]:
    """The unrecordable events that came last."""
    query = (
        sa.select(DEFERRED.c.event_id, DEFERRED.c.received_at, DEFERRED.c.refused)
        .where(DEFERRED.c.refused.is_not(None))
        .order_by(DEFERRED.c.place.desc())
        .limit(limit)
    )
    return [
        UnrecordableEvent(row.event_id, row.received_at, row.refused)
        for row in unit.connection.execute(query)
    ]


def defer_again(unit: UnitOfWork, event_ids: Sequence[str]) -> int:
    """Let unrecordable events wait again, where they were in the queue; all of them for none."""
    again = {"refused": None, "failures": 0, "try_at": None}
    query = sa.update(DEFERRED).where(DEFERRED.c.refused.is_not(None)).values(again)
    if event_ids:
        query = query.where(DEFERRED.c.event_id.in_(event_ids))
    return int(unit.connection.execute(query).rowcount)


def set_aside(unit: UnitOfWork, event_ids: Sequence[str]) -> int:
    """Take events out of the queue for an operator, not to be tried again; how many."""
    return keep_unrecordable(unit, dict.fromkeys(sorted(set(event_ids)), _BY_HAND))


def count_deferred(unit: UnitOfWork) -> DeferredCounts:
    """How many deferred events there are, and how long the first has waited.

    It costs the same however many there are: past some thousands their places tell how many.
    """
    first = sa.select(DEFERRED.c.received_at).where(_WAITS).order_by(DEFERRED.c.place).limit(1)
    age = unit.connection.execute(sa.select(database_now() - first.scalar_subquery())).scalar_one()
    return DeferredCounts(_count(unit, _WAITS), max(0, age or 0) / 1_000_000, _count(unit, ~_WAITS))


def _count(unit: UnitOfWork, which: sa.ColumnElement[bool]) -> int:
    some = sa.select(DEFERRED.c.place).where(which).limit(_COUNTED).subquery()
    counted = unit.connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()
    if counted < _COUNTED:
        return int(counted)
    ends = sa.select(sa.func.max(DEFERRED.c.place) - sa.func.min(DEFERRED.c.place) + 1)
    return int(unit.connection.execute(ends.where(which)).scalar_one())


def take_lease(unit: UnitOfWork, holder: str, seconds: float) -> bool:
    """Whether `holder` alone may record deferred events for so long.

    A lease that runs for longer than that was taken before the database's clock was set back: it
    counts as run out.
    """
    name = "waiting"
    until = database_now() + int(seconds * 1_000_000)
    row = {"name": name, "holder": holder, "until": 0}
    insert = upsert(unit.connection, LEASE).values(row).on_conflict_do_nothing()
    unit.connection.execute(insert)
    query = (
        sa.update(LEASE)
        .where(
            LEASE.c.name == name,
            sa.or_(LEASE.c.until < database_now(), LEASE.c.until > until),
        )
        .values(holder=holder, until=until)
    )
    return bool(unit.connection.execute(query).rowcount)


def hold_lease(unit: UnitOfWork, holder: str, seconds: float) -> bool:
    """Whether `holder` still has the lease, which is then renewed for so long."""
    until = database_now() + int(seconds * 1_000_000)
    query = sa.update(LEASE).where(LEASE.c.holder == holder).values(until=until)
    return bool(unit.connection.execute(query).rowcount)


def give_lease_back(unit: UnitOfWork, holder: str) -> None:
    """Let others record deferred events."""
    query = sa.update(LEASE).where(LEASE.c.holder == holder).values(until=0)
    unit.connection.execute(query)


def note_conflicts(unit: UnitOfWork, conflicts: Mapping[str, Sequence[str]]) -> None:
    """Note events, by id, whose id stands for another one, with the fields that differ."""
    rows = [
        {"event_id": event_id, "now": unit.now, "differing": dump_json(list(conflicts[event_id]))}
        for event_id in sorted(conflicts)
    ]
    _NOTE_CONFLICTS.execute(unit.connection, rows)


def list_conflicts(unit: UnitOfWork, limit: int) -> list[EventConflict]:
    """The conflicts that were seen last."""
    query = sa.select(CONFLICTS).order_by(CONFLICTS.c.last_at.desc(), CONFLICTS.c.event_id)
    return [
        EventConflict(row.event_id, row.first_at, row.last_at, row.times, load_json(row.differing))
        for row in unit.connection.execute(query.limit(limit))
    ]


def forget_conflicts(unit: UnitOfWork) -> int:
    """Delete the conflicts that are old, or too many; how many."""
    newest = sa.select(CONFLICTS.c.last_at).order_by(CONFLICTS.c.last_at.desc())
    limit = newest.offset(_MOST_CONFLICTS).limit(1).scalar_subquery()
    query = sa.delete(CONFLICTS).where(
        sa.or_(CONFLICTS.c.last_at < unit.now - _CONFLICT_DAYS * DAY, CONFLICTS.c.last_at <= limit)
    )
    return int(unit.connection.execute(query).rowcount)


def sample_sealed_values(unit: UnitOfWork, limit: int) -> dict[str, str]:
    """Some sealed values of identifiers, by key."""
    query = sa.select(SEALED_VALUES.c.key, SEALED_VALUES.c.sealed).limit(limit)
    return {row.key: row.sealed for row in unit.connection.execute(query)}


def keep_sealed(unit: UnitOfWork, values: Sequence[SealedValue]) -> None:
    """Keep sealed values of identifiers, sorted by key."""
    if values:
        rows = [{"key": v.key, "sealed": v.sealed, "kept_until": v.kept_until} for v in values]
        _KEEP.execute(unit.connection, rows)


def sealed_values(unit: UnitOfWork, keys: Sequence[str]) -> dict[str, str]:
    """The sealed value of each identifier whose time has not run out."""
    query = sa.select(SEALED_VALUES.c.key, SEALED_VALUES.c.sealed).where(
        SEALED_VALUES.c.key.in_(keys),
        sa.or_(SEALED_VALUES.c.kept_until.is_(None), SEALED_VALUES.c.kept_until > unit.now),
    )
    return {row.key: row.sealed for row in unit.connection.execute(query)}


def forget_expired(unit: UnitOfWork) -> int:
    """Delete the sealed values whose time has run out; how many."""
    query = sa.delete(SEALED_VALUES).where(SEALED_VALUES.c.kept_until <= unit.now)
    return int(unit.connection.execute(query).rowcount)
