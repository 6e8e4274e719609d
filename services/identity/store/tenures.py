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
CURRENT_TENURES = PreparedStatement(SELECT_TENURES.where(among(_T.key, "keys"), _T.current))
TENURES_OF_KEYS = PreparedStatement(SELECT_TENURES.where(among(_T.key, "keys")))
TENURES_OF_STREAMS = PreparedStatement(SELECT_TENURES.where(among(_T.stream_id, "streams")))
TENURES_OF_PROFILES = PreparedStatement(SELECT_TENURES.where(among(_T.profile_id, "profiles")))
TENURES_OF_GROUPS = PreparedStatement(SELECT_TENURES.where(among(_T["bond"], "groups")))
PERIODS_OF_KEYS = PreparedStatement(
    sa.select(_P.key, _P.opened_at, _P.stream_id).where(among(_P.key, "keys"))
)
ADD_KEYS = RowStatement(
    "INSERT INTO keys (key) SELECT text[key] FROM {rows} WHERE true ON CONFLICT DO NOTHING"
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


def accounts_on(unit: UnitOfWork, keys: Collection[str]) -> dict[str, int]:
    """How many accounts have been signed in on each device of `keys`."""
    query = (
        sa.select(TENURES.c.key, sa.func.count(TENURES.c.profile_id.distinct()).label("accounts"))
        .where(TENURES.c.key.in_(sorted(keys)), TENURES.c.signed_in)
        .group_by(TENURES.c.key)
    )
    return {row.key: row.accounts for row in unit.connection.execute(query)}


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
