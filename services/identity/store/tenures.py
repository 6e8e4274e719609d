"""Rows of account names, and of devices with their periods."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import sqlalchemy as sa

from chassis.database.bulk import RowStatement, among
from chassis.database.prepared import PreparedStatement
from chassis.eventlog.unit_of_work import UnitOfWork
from services.identity.domain.state import Tenure
from services.identity.store.tables import KEYS, PERIODS, TENURES

_T, _P = TENURES.c, PERIODS.c
_COUNTED = 16  # tenures of accounts on a device
# The columns in the order of the fields of `Tenure`: reading rows by name, field by field, makes
# resolving known events half as slow again.
_TENURE = [
    *(_T.stream_id, _T.key, _T.number, _T.opened_at, _T.founded_at, _T.profile_id, _T.epoch),
    *(
        _T.assurance,
        _T["bond"],
        _T.home,
        _T.current,
        _T.signed_in,
        _T.owner,
        _T.owned_at,
        _T.beside,
    ),
    *(_T.beside_at, _T.prior, _T.typed, _T.ordered, _T.empty, _T.untied, _T.fused, _T["parted"]),
]
SELECT_TENURES = sa.select(*_TENURE)
CURRENT_TENURES = PreparedStatement(
    SELECT_TENURES.where(among(_T.key, "keys"), sa.text("tenures.current"))
)
TENURES_OF_KEYS = PreparedStatement(SELECT_TENURES.where(among(_T.key, "keys")))
TENURES_OF_STREAMS = PreparedStatement(SELECT_TENURES.where(among(_T.stream_id, "streams")))
TENURES_OF_PROFILES = PreparedStatement(SELECT_TENURES.where(among(_T.profile_id, "profiles")))
TENURES_OF_GROUPS = PreparedStatement(SELECT_TENURES.where(among(_T["bond"], "groups")))
PERIODS_OF_KEYS = PreparedStatement(
    sa.select(_P.key, _P.opened_at, _P.stream_id).where(among(_P.key, "keys"))
)
# Of each device, its newest periods. On a till they are few of many.
NEWEST_PERIODS = RowStatement(
    """
    SELECT p.key, p.opened_at, p.stream_id
    FROM {rows} JOIN periods AS p
      ON p.key = text[device]
     AND p.opened_at >= coalesce(
            (SELECT q.opened_at FROM periods AS q WHERE q.key = text[device]
             ORDER BY q.opened_at DESC LIMIT 1 OFFSET :skipped),
            -4611686018427387904)
    """,
    [_P.key, _P.opened_at, _P.stream_id],
)
# Of each device, the periods around a time: as many that had opened by then as open later.
PERIODS_AROUND = RowStatement(
    """
    SELECT DISTINCT p.key, p.opened_at, p.stream_id
    FROM {rows} JOIN periods AS p
      ON p.key = text[device]
     AND p.opened_at >= coalesce(
            (SELECT q.opened_at FROM periods AS q
             WHERE q.key = text[device] AND q.opened_at <= number[instant]
             ORDER BY q.opened_at DESC LIMIT 1 OFFSET :skipped),
            -4611686018427387904)
     AND p.opened_at <= coalesce(
            (SELECT q.opened_at FROM periods AS q
             WHERE q.key = text[device] AND q.opened_at > number[instant]
             ORDER BY q.opened_at LIMIT 1 OFFSET :skipped),
            4611686018427387904)
    """,
    [_P.key, _P.opened_at, _P.stream_id],
)
PERIODS_AT = RowStatement(
    """
    SELECT p.key, p.opened_at, p.stream_id
    FROM {rows} JOIN periods AS p ON p.key = text[device] AND p.opened_at = number[instant]
    """,
    [_P.key, _P.opened_at, _P.stream_id],
)
# Of each device, the tenures that a decision at a time, or about a stream, may depend on: the
# current and the spare one, the one with the greatest number, those of accounts that were opened
# at that time, and of the accounts' the newest.
TENURES_AROUND = RowStatement(
    """
    SELECT t.stream_id, t.key, t.number, t.opened_at, t.founded_at, t.profile_id, t.epoch,
           t.assurance, t.bond, t.home, t.current, t.signed_in, t.owner, t.owned_at, t.beside,
           t.beside_at, t.prior, t.typed, t.ordered, t.empty, t.untied, t.fused, t.parted
    FROM tenures AS t
    WHERE t.stream_id IN (
        SELECT text[led_to] FROM {rows}
        UNION
        SELECT c.stream_id FROM {rows}
        JOIN tenures AS c ON c.key = text[device] AND c.current
        UNION
        SELECT (SELECT e.stream_id FROM tenures AS e WHERE e.key = text[device] AND e.empty LIMIT 1)
        FROM {rows}
        UNION
        SELECT n.stream_id FROM {rows}
        JOIN tenures AS n ON n.key = text[device] AND n.number = (
            SELECT m.number FROM tenures AS m WHERE m.key = text[device]
            ORDER BY m.number DESC LIMIT 1)
        UNION
        SELECT o.stream_id FROM {rows}
        JOIN tenures AS o
          ON o.key = text[device] AND o.opened_at = number[instant] AND o.signed_in
        UNION
        SELECT a.stream_id FROM {rows}
        JOIN tenures AS a
          ON a.key = text[device] AND a.signed_in AND a.opened_at >= coalesce(
            (SELECT b.opened_at FROM tenures AS b WHERE b.key = text[device] AND b.signed_in
             ORDER BY b.opened_at DESC LIMIT 1 OFFSET :skipped),
            -4611686018427387904)
    )
    """,
    _TENURE,
)
NEWEST_ACCOUNTS = RowStatement(
    """
    SELECT a.key, count(*) AS tenures, count(DISTINCT a.profile_id) AS accounts
    FROM {rows} JOIN tenures AS a
      ON a.key = text[device] AND a.signed_in AND a.opened_at >= coalesce(
            (SELECT b.opened_at FROM tenures AS b WHERE b.key = text[device] AND b.signed_in
             ORDER BY b.opened_at DESC LIMIT 1 OFFSET :skipped),
            -4611686018427387904)
    GROUP BY a.key
    """
)
# It returns those that nobody had before. Whoever makes one at the same time waits for the other.
ADD_KEYS = RowStatement(
    """
    INSERT INTO keys (key) SELECT text[key] FROM {rows} WHERE true ON CONFLICT DO NOTHING
    RETURNING key
    """
)
LOCK_KEYS = PreparedStatement(
    sa.select(KEYS.c.key).where(among(KEYS.c.key, "keys")).order_by(KEYS.c.key).with_for_update()
)
SAVE_PERIODS = RowStatement(
    """
    INSERT INTO periods (key, opened_at, stream_id)
    SELECT text[key], number[opened_at], text[stream_id] FROM {rows} WHERE true
    ON CONFLICT (key, opened_at) DO UPDATE SET stream_id = excluded.stream_id
    """
)
SAVE_TENURES = RowStatement(
    """
    INSERT INTO tenures (stream_id, key, number, opened_at, founded_at, profile_id, epoch,
                         assurance, bond, home, current, signed_in, owner, owned_at, beside,
                         beside_at, prior, typed, ordered, empty, untied, fused, parted)
    SELECT text[stream_id], text[key], number[number], number[opened_at], number[founded_at],
           text[profile_id], number[epoch], text[assurance], text[bond], text[home], flag[current],
           flag[signed_in], text[owner], number[owned_at], text[beside], number[beside_at],
           text[prior], number[typed], number[ordered], flag[empty], flag[untied], text[fused],
           text[parted]
    FROM {rows} WHERE true
    ON CONFLICT (stream_id) DO UPDATE
    SET number = excluded.number, opened_at = excluded.opened_at, profile_id = excluded.profile_id,
        epoch = excluded.epoch, assurance = excluded.assurance, bond = excluded.bond,
        home = excluded.home, current = excluded.current, signed_in = excluded.signed_in,
        owner = excluded.owner, owned_at = excluded.owned_at, beside = excluded.beside,
        beside_at = excluded.beside_at, prior = excluded.prior, typed = excluded.typed,
        ordered = excluded.ordered, empty = excluded.empty, untied = excluded.untied,
        fused = excluded.fused, parted = excluded.parted
    """
)


def accounts_on(unit: UnitOfWork, keys: Collection[str], enough: int) -> dict[str, int]:
    """How many accounts have been signed in on each device of `keys`.

    Of a till we count those of the newest tenures, unless they are fewer than `enough`.
    """
    rows = [{"device": key} for key in sorted(keys)]
    newest = NEWEST_ACCOUNTS.execute(unit.connection, rows, skipped=_COUNTED - 1)
    accounts = {row.key: row.accounts for row in newest}
    unsure = [row.key for row in newest if row.tenures >= _COUNTED and row.accounts < enough]
    if unsure:
        query = (
            sa.select(_T.key, sa.func.count(_T.profile_id.distinct()).label("accounts"))
            .where(_T.key.in_(unsure), _T.signed_in)
            .group_by(_T.key)
        )
        accounts |= {row.key: row.accounts for row in unit.connection.execute(query)}
    return accounts


def tenures_of_rows(rows: Iterable[Any]) -> list[Tenure]:
    return [Tenure._make(row) for row in rows]


def tenure_row(tenure: Tenure) -> dict[str, Any]:
    return {
        "stream_id": tenure.stream,
        "key": tenure.key,
        "number": tenure.number,
        "opened_at": tenure.opened_at,
        "founded_at": tenure.founded_at,
        "profile_id": tenure.profile,
        "epoch": tenure.epoch,
        "assurance": tenure.assurance,
        "bond": tenure.group,
        "home": tenure.home,
        "current": tenure.current,
        "signed_in": tenure.signed_in,
        "owner": tenure.owner,
        "owned_at": tenure.owned_at,
        "beside": tenure.beside,
        "beside_at": tenure.beside_at,
        "prior": tenure.prior,
        "typed": tenure.typed,
        "ordered": tenure.ordered,
        "empty": tenure.empty,
        "untied": tenure.untied,
        "fused": tenure.fused,
        "parted": tenure.split_marks,
    }
