"""What was granted of offers with caps, and how much of it counts.

Whoever grants takes, in one transaction, first the locks of all keys under which that may count, in
one order, and counts in a statement after that: a statement sees what is committed when it begins,
and what was granted while it waited for a lock it would not see. On SQLite a transaction has the
whole database to itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from chassis.core.json import dump_json
from chassis.database.bulk import RowStatement, among
from chassis.database.engine import SERVICE_LIMITS
from chassis.database.prepared import PreparedStatement
from chassis.eventlog.unit_of_work import UnitOfWork
from services.offers.domain.caps import (
    CONFIRMED,
    EVERYBODY,
    GRACE,
    OFFER,
    RESERVED,
    Cap,
    Holder,
    Lock,
    Usage,
    lock_of_order,
)
from services.offers.domain.own_reservations import DecisionGrant
from services.offers.store.tables import CARRIED, GRANT_KEYS, GRANTS

_LOCK = PreparedStatement(
    sa.text(
        """
        WITH limited AS MATERIALIZED (
            SELECT set_config('lock_timeout', CAST(:milliseconds AS text), true)
        )
        SELECT CASE WHEN CAST(lock ->> 1 AS boolean)
                    THEN pg_advisory_xact_lock_shared(CAST(lock ->> 0 AS bigint))
                    ELSE pg_advisory_xact_lock(CAST(lock ->> 0 AS bigint)) END
        FROM limited, json_array_elements(CAST(:locks AS json)) AS lock
        """
    )
)
_COUNT = RowStatement(
    """
    SELECT place, count(*) AS grants, coalesce(sum(amount), 0) AS amount
    FROM (
        SELECT DISTINCT number[place] AS place, grants.grant_id,
               CASE WHEN grants.currency = text[its_currency] THEN grants.amount END AS amount
        FROM {rows}
        JOIN grant_keys ON grant_keys.cap_id = text[offer] AND grant_keys.key = text[holder]
        JOIN grants ON grants.grant_id = grant_keys.grant_id
        WHERE text[holder] <> '*' AND grants.decided_at > number[since]
          AND grants.grant_id <> CAST(:besides AS text)
          AND (grants.state = 'confirmed'
               OR (flag[own] AND grants.state = 'reserved'
                   AND grants.expires_at > CAST(:live_after AS bigint)))
        UNION ALL
        SELECT number[place], grants.grant_id,
               CASE WHEN grants.currency = text[its_currency] THEN grants.amount END
        FROM {rows}
        JOIN grants ON text[holder] = '*' AND grants.cap_id = text[offer]
        WHERE grants.decided_at > number[since] AND grants.grant_id <> CAST(:besides AS text)
          AND grants.state IN ('reserved', 'confirmed')
          AND (grants.state = 'confirmed' OR grants.expires_at > CAST(:live_after AS bigint))
    ) AS counted
    GROUP BY place
    """
)
_CARRIED_IN = PreparedStatement(
    sa.select(CARRIED.c.contact).where(among(CARRIED.c.stream_id, "streams"))
)
_OWN = CARRIED.alias("own")
_CARRIERS = sa.select(CARRIED.c.contact, CARRIED.c.stream_id)
# Two queries: where one condition or the other holds, PostgreSQL reads the whole table.
_SHARED = PreparedStatement(
    sa.union(
        _CARRIERS.where(among(CARRIED.c.contact, "contacts")),
        _CARRIERS.join(_OWN, _OWN.c.contact == CARRIED.c.contact).where(
            among(_OWN.c.stream_id, "streams")
        ),
    )
)
_LOAD = PreparedStatement(sa.select(GRANTS).where(GRANTS.c.grant_id == sa.bindparam("grant_id")))
_OF_DECISIONS = PreparedStatement(
    sa.select(GRANTS.c.grant_id, GRANTS.c.cap_id, GRANTS.c.decision_id, GRANTS.c.expires_at)
    .distinct()
    .join_from(GRANT_KEYS, GRANTS, GRANTS.c.grant_id == GRANT_KEYS.c.grant_id)
    .where(
        among(GRANT_KEYS.c.cap_id, "caps"),
        among(GRANT_KEYS.c.key, "keys"),
        sa.or_(among(GRANT_KEYS.c.key, "streams"), GRANTS.c.stream_id.is_(None)),
        GRANTS.c.state == RESERVED,
        GRANTS.c.decision_id.is_not(None),
        GRANTS.c.expires_at > sa.bindparam("live_after", type_=sa.BigInteger),
    )
)
_KEYS = RowStatement(
    """
    INSERT INTO grant_keys (cap_id, key, grant_id)
    SELECT text[cap_id], text[key], text[grant_id] FROM {rows} WHERE true
    ON CONFLICT (cap_id, key, grant_id) DO NOTHING
    """
)
_GRANTS = RowStatement(
    """
    INSERT INTO grants (grant_id, cap_id, stream_id, amount, currency, state, decided_at,
                        expires_at, decision_id)
    SELECT text[grant_id], text[cap_id], text[stream_id], number[amount], text[currency],
           'reserved', number[decided_at], number[expires_at], text[decision_id]
    FROM {rows}
    """
)
_ADOPT_KEYS = RowStatement(
    """
    INSERT INTO grant_keys (cap_id, key, grant_id)
    SELECT DISTINCT named.cap_id, text[home], named.grant_id
    FROM {rows}
    JOIN grant_keys AS named ON named.key = text[name]
    WHERE true
    ON CONFLICT (cap_id, key, grant_id) DO NOTHING
    """
)
# Whoever has the device next is somebody else.
_DROP_NAMES = RowStatement(
    """
    DELETE FROM grant_keys WHERE key IN (SELECT text[name] FROM {rows})
    """
)
_ADOPT_GRANTS = RowStatement(
    """
    UPDATE grants SET stream_id = named.home
    FROM (
        SELECT grant_keys.grant_id, min(text[home]) AS home
        FROM {rows} JOIN grant_keys ON grant_keys.key = text[name]
        GROUP BY grant_keys.grant_id
    ) AS named
    WHERE grants.grant_id = named.grant_id AND grants.stream_id IS NULL
    """
)


def lock_caps(unit: UnitOfWork, locks: Sequence[Lock], seconds: float | None = None) -> None:
    """Wait for the locks, which are sorted, until the transaction ends; for `seconds` at most."""
    if unit.connection.dialect.name != "postgresql":
        return
    milliseconds = SERVICE_LIMITS.lock if seconds is None else max(1, int(seconds * 1_000))
    _LOCK.execute(
        unit.connection,
        locks=dump_json([list(lock) for lock in locks]),
        milliseconds=str(milliseconds),
    )


def lock_order(unit: UnitOfWork, store: str, order_id: str) -> None:
    """Wait for whoever confirms by an order, or gives back what it has returned."""
    lock_caps(unit, [lock_of_order(store, order_id)])


def count_usage(
    unit: UnitOfWork,
    caps: Sequence[tuple[str, Cap]],
    own: Iterable[str],
    others: Iterable[str],
    besides: str = "",
) -> list[Usage]:
    """What counts against each of the caps (its id and itself), see `domain.caps.usage`.

    The grant `besides` does not count.
    """
    own, others = set(own), set(others)
    rows = [
        {
            "place": number,
            "offer": cap_id,
            "holder": key,
            "since": cap.since(unit.now),
            "its_currency": cap.currency,
            "own": is_own,
        }
        for number, (cap_id, cap) in enumerate(caps)
        for key, is_own in _counted_keys(cap, own, others)
    ]
    found = {}
    if rows:
        counted = _COUNT.execute(
            unit.connection, rows, besides=besides, live_after=unit.now - GRACE
        )
        found = {row.place: Usage(int(row.grants), int(row.amount)) for row in counted}
    return [found.get(number, Usage()) for number in range(len(caps))]


def _counted_keys(cap: Cap, own: set[str], others: set[str]) -> list[tuple[str, bool]]:
    if cap.by == OFFER:
        return [(EVERYBODY, True)]
    return [(key, True) for key in sorted(own)] + [(key, False) for key in sorted(others - own)]


def load_decision_grants(
    unit: UnitOfWork, cap_ids: Iterable[str], holder: Holder
) -> list[DecisionGrant]:
    """What decisions have reserved of offers for a shopper and what still counts.

    By a name of hers only what nobody is known for: whoever has a device next is somebody else.
    """
    caps = sorted(cap_ids)
    if not caps or not holder.own:
        return []
    rows = _OF_DECISIONS.execute(
        unit.connection,
        caps=caps,
        keys=sorted(holder.own),
        streams=sorted(holder.streams),
        live_after=unit.now - GRACE,
    )
    return [DecisionGrant(r.grant_id, r.cap_id, r.decision_id, r.expires_at) for r in rows]


def carried_in(unit: UnitOfWork, streams: Iterable[str]) -> set[str]:
    """The contacts that streams carry."""
    wanted = sorted(streams)
    rows = _CARRIED_IN.execute(unit.connection, streams=wanted) if wanted else ()
    return {row.contact for row in rows}


def keys_of_carriers(unit: UnitOfWork, streams: Iterable[str], contacts: Iterable[str]) -> set[str]:
    """The contacts that streams carry, `contacts`, and the streams that carry any of all these."""
    rows = _SHARED.execute(unit.connection, streams=sorted(streams), contacts=sorted(contacts))
    return {*contacts, *(key for row in rows for key in (row.contact, row.stream_id))}


def put_grants(unit: UnitOfWork, grants: Sequence[Mapping[str, Any]], keys: Iterable[str]) -> None:
    """Reserve for one shopper; each grant is a row of `grants`, and counts under the keys."""
    _GRANTS.execute(unit.connection, grants)
    put_grant_keys(unit, [(each["cap_id"], each["grant_id"], keys) for each in grants])


def put_grant_keys(unit: UnitOfWork, keys: Iterable[tuple[str, str, Iterable[str]]]) -> None:
    """Have grants (the id of the cap, that of the grant) count under further keys."""
    rows = [
        {"cap_id": cap_id, "grant_id": grant_id, "key": key}
        for cap_id, grant_id, each in keys
        for key in sorted(each)
    ]
    if rows:
        _KEYS.execute(unit.connection, rows)


def adopt_grants(unit: UnitOfWork, names: Iterable[tuple[str, str]]) -> None:
    """Have what was granted by a name, before anybody was known by it, count by its first stream
    and no longer by the name.

    `names` are keys of identifiers, each with a stream that is new.
    """
    rows = [{"name": key, "home": stream} for key, stream in sorted(set(names))]
    if rows:
        _ADOPT_KEYS.execute(unit.connection, rows)
        _ADOPT_GRANTS.execute(unit.connection, rows)
        _DROP_NAMES.execute(unit.connection, [{"name": row["name"]} for row in rows])


def load_grant(unit: UnitOfWork, grant_id: str, *, lock: bool = False) -> Any:
    """The row of a grant, locked if that is asked for; None if there is none."""
    if not lock:
        return next(iter(_LOAD.execute(unit.connection, grant_id=grant_id)), None)
    query = sa.select(GRANTS).where(GRANTS.c.grant_id == grant_id).with_for_update()
    return unit.connection.execute(query).first()


def keys_of_grant(unit: UnitOfWork, grant_id: str) -> set[str]:
    """The keys under which a grant counts."""
    query = sa.select(GRANT_KEYS.c.key).where(GRANT_KEYS.c.grant_id == grant_id)
    return set(unit.connection.execute(query).scalars())


def change_grant(unit: UnitOfWork, grant_id: str, state: str, **columns: Any) -> None:
    """Give a grant, whose row is locked, another state."""
    statement = sa.update(GRANTS).where(GRANTS.c.grant_id == grant_id)
    unit.connection.execute(statement.values(state=state, **columns))


def overdue_grants(unit: UnitOfWork, limit: int) -> list[str]:
    """The ids of up to `limit` reservations whose time is over; their rows are locked."""
    overdue = (
        sa.select(GRANTS.c.grant_id)
        .where(GRANTS.c.state == RESERVED, GRANTS.c.expires_at <= unit.now - GRACE)
        .order_by(GRANTS.c.expires_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list(unit.connection.execute(overdue).scalars())


def lock_overdue(unit: UnitOfWork, grant_ids: Iterable[str]) -> list[str]:
    """Those of the grants that are reservations whose time is over; their rows are locked."""
    query = (
        sa.select(GRANTS.c.grant_id)
        .where(
            GRANTS.c.grant_id.in_(sorted(grant_ids)),
            GRANTS.c.state == RESERVED,
            GRANTS.c.expires_at <= unit.now,
        )
        .order_by(GRANTS.c.grant_id)
        .with_for_update()
    )
    return list(unit.connection.execute(query).scalars())


def grants_of_order(unit: UnitOfWork, store: str, order_id: str) -> Sequence[Any]:
    """The rows of the confirmed grants of an order, locked."""
    query = (
        sa.select(GRANTS)
        .where(GRANTS.c.store == store, GRANTS.c.order_id == order_id, GRANTS.c.state == CONFIRMED)
        .order_by(GRANTS.c.grant_id)
        .with_for_update()
    )
    return unit.connection.execute(query).all()
