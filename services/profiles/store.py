"""The tables and queries of profiles: its log, and the directory kept in step with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from chassis import Draft, JointDraft
from chassis.database.bulk import RowStatement, among
from chassis.database.engine import upsert
from chassis.database.prepared import PreparedStatement
from chassis.database.tables import EVENTS, STREAMS
from chassis.eventlog.log import AppendResult
from chassis.eventlog.unit_of_work import UnitOfWork
from profile_index import apply_identity, fold_events, load_summaries, save_summaries
from profile_index.tables import IDENTIFIERS, LABELS
from rules import Summary
from services.profiles.vault import SealedValue

_PAGE = 1_000
# A summary is stored again once this many events have come after the one in the table.
_TAIL = 20

METADATA = sa.MetaData()
_SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")

# Events that were accepted while identity did not answer, by their place in the queue. `sealed` is
# the event as it was sent; what can never be recorded stays here, with the reason in `refused`.
WAITING = sa.Table(
    "waiting",
    METADATA,
    sa.Column("place", _SERIAL, primary_key=True, autoincrement=True),
    sa.Column("event_id", sa.Text, nullable=False, unique=True),
    sa.Column("received_at", sa.BigInteger, nullable=False),
    sa.Column("sealed", sa.Text, nullable=False),
    sa.Column("refused", sa.Text),
)

# Who works the queue off, and until when (µs of the machine's clock) nobody else may.
LEASE = sa.Table(
    "waiting_lease",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("until", sa.BigInteger, nullable=False),
)

# The plain values of identifiers, sealed, by key.
SEALED_VALUES = sa.Table(
    "sealed_values",
    METADATA,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("sealed", sa.Text, nullable=False),
    sa.Column("kept_until", sa.BigInteger, index=True),
)

_KEEP = RowStatement(
    """
    INSERT INTO sealed_values (key, sealed, kept_until)
    SELECT text[key], text[sealed], number[kept_until] FROM {rows} WHERE true
    ON CONFLICT (key) DO UPDATE SET sealed = excluded.sealed, kept_until = excluded.kept_until
    WHERE coalesce(excluded.kept_until, 0) <> coalesce(sealed_values.kept_until, 0)
    """
)
_EPOCHS = PreparedStatement(
    sa.select(LABELS.c.stream_id, LABELS.c.epoch).where(among(LABELS.c.stream_id, "streams"))
)
_IS_ANYTHING_WAITING = PreparedStatement(sa.select(sa.exists().where(WAITING.c.refused.is_(None))))
_WAIT = RowStatement(
    """
    INSERT INTO waiting (event_id, received_at, sealed)
    SELECT text[event_id], number[received_at], text[sealed] FROM {rows} WHERE true
    ON CONFLICT (event_id) DO NOTHING
    """
)


@dataclass(frozen=True, slots=True)
class DeferredEvent:
    """An event that waits for identity."""

    place: int
    event_id: str
    received_at: int
    sealed: str


def epochs(unit: UnitOfWork, streams: Iterable[str]) -> dict[str, int]:
    """The last epoch in our log of each of `streams` that is in it."""
    rows = _EPOCHS.execute(unit.connection, streams=sorted(set(streams)))
    return {row.stream_id: row.epoch for row in rows}


def append(
    unit: UnitOfWork, facts: Sequence[JointDraft], drafts: Sequence[Draft]
) -> tuple[list[AppendResult], list[AppendResult]]:
    """Append identity's facts and then the events; labels follow in the same transaction.

    Returns the outcome of each, in order. What is in the log already is not appended again.
    """
    outcomes = unit.append([*facts, *drafts])
    told, recorded = outcomes[: len(facts)], outcomes[len(facts) :]
    apply_identity(unit.connection, [fact.event for fact in told if not fact.duplicate])
    return told, recorded


def summaries(unit: UnitOfWork, streams: Sequence[str]) -> dict[str, tuple[int, Summary]]:
    """The version and summary of each stream as of now, whatever the table of summaries holds."""
    stored = load_summaries(unit.connection, streams)
    versions = {stream: stored.get(stream, (0, None))[0] for stream in streams}
    current = {stream: Summary.load(stored.get(stream, (0, {}))[1]) for stream in streams}
    while True:
        events = unit.history(versions, _PAGE)
        fold_events(current, events)
        versions |= {event.stream: event.version for event in events}
        if len(events) < _PAGE:
            break
    save_summaries(
        unit.connection,
        {
            stream: (version, current[stream].dump())
            for stream, version in versions.items()
            if version - stored.get(stream, (0, None))[0] >= _TAIL
        },
    )
    return {stream: (versions[stream], current[stream]) for stream in streams}


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
        "events": events.where(EVENTS.c.type != "identity_changed"),
        "profiles": sa.select(sa.func.count(LABELS.c.profile_id.distinct())),
        "orders": events.where(EVENTS.c.type == "order_completed"),
        "streams": sa.select(sa.func.count()).select_from(STREAMS),
        "waiting": sa.select(sa.func.count())
        .select_from(WAITING)
        .where(WAITING.c.refused.is_(None)),
    }
    return {name: unit.connection.execute(query).scalar_one() for name, query in queries.items()}


def is_anything_waiting(unit: UnitOfWork) -> bool:
    """Whether events wait for identity, behind which all later ones queue."""
    return bool(_IS_ANYTHING_WAITING.execute(unit.connection)[0][0])


def waiting(unit: UnitOfWork, limit: int) -> list[DeferredEvent]:
    """The events that have waited longest."""
    query = (
        sa.select(WAITING.c.place, WAITING.c.event_id, WAITING.c.received_at, WAITING.c.sealed)
        .where(WAITING.c.refused.is_(None))
        .order_by(WAITING.c.place)
        .limit(limit)
    )
    return [DeferredEvent(*row) for row in unit.connection.execute(query)]


def let_wait(unit: UnitOfWork, sealed: Sequence[tuple[str, str]]) -> None:
    """Put events (id, sealed body) at the end of the queue, those that are not in it yet."""
    rows = [{"event_id": id_, "received_at": unit.now, "sealed": body} for id_, body in sealed]
    _WAIT.execute(unit.connection, rows)


def remove_waiting(unit: UnitOfWork, places: Sequence[int]) -> None:
    """Take events out of the queue: they are in the log."""
    unit.connection.execute(sa.delete(WAITING).where(WAITING.c.place.in_(places)))


def set_aside(unit: UnitOfWork, refused: Mapping[str, str]) -> None:
    """Leave events, by id, in the table with the reason why they can never be recorded."""
    for event_id, reason in refused.items():
        query = sa.update(WAITING).where(WAITING.c.event_id == event_id).values(refused=reason)
        unit.connection.execute(query)


def take_lease(unit: UnitOfWork, holder: str, now: int, until: int) -> bool:
    """Whether `holder` alone may work the queue off until then."""
    name = "waiting"
    row = {"name": name, "holder": holder, "until": 0}
    insert = upsert(unit.connection, LEASE).values(row).on_conflict_do_nothing()
    unit.connection.execute(insert)
    query = (
        sa.update(LEASE)
        .where(LEASE.c.name == name, LEASE.c.until < now)
        .values(holder=holder, until=until)
    )
    return bool(unit.connection.execute(query).rowcount)


def hold_lease(unit: UnitOfWork, holder: str, until: int) -> bool:
    """Whether nobody has taken the lease from `holder`, who keeps it until then."""
    query = sa.update(LEASE).where(LEASE.c.holder == holder).values(until=until)
    return bool(unit.connection.execute(query).rowcount)


def give_lease_back(unit: UnitOfWork, holder: str) -> None:
    """Let others work the queue off."""
    query = sa.update(LEASE).where(LEASE.c.holder == holder).values(until=0)
    unit.connection.execute(query)


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
