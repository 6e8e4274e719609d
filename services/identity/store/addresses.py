"""Rows of addresses: who has proven them, and where they were told."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import sqlalchemy as sa

from chassis.database.bulk import RowStatement, among
from chassis.database.prepared import PreparedStatement
from chassis.eventlog.unit_of_work import UnitOfWork
from services.identity.domain.state import NOBODY, AddressTenure, Sighting
from services.identity.store.tables import ADDRESSES, SIGHTINGS

_S, _A = SIGHTINGS.c, ADDRESSES.c
# The columns in the order of the fields of `Sighting`: reading rows by name, field by field, makes
# resolving known events half as slow again.
_SIGHTING = [
    *(_S.address, _S.address_tenure, _S.on_tenure, _S.seen_at, _S.own),
    sa.func.coalesce(_S.stream_id, sa.literal_column("''")).label("stream_id"),
    sa.func.coalesce(_S.profile_id, sa.literal_column("''")).label("profile_id"),
    *(_S.epoch, _S.pin, _S.fused, _S.untied, _S.beyond_proof),
]
_ADDRESS = [_A.key, _A.number, _A.opened_at, _A.holder, _A.withdrawn, _A.current]
SELECT_SIGHTINGS = sa.select(*_SIGHTING)
SELECT_ADDRESSES = sa.select(*_ADDRESS)
_STREAM = _S.stream_id.is_not(None)
CURRENT_ADDRESSES = PreparedStatement(SELECT_ADDRESSES.where(among(_A.key, "keys"), _A.current))
ADDRESSES_OF_KEYS = PreparedStatement(SELECT_ADDRESSES.where(among(_A.key, "keys")))
HELD = PreparedStatement(SELECT_ADDRESSES.where(among(_A.holder, "streams")))
SIGHTINGS_OF_STREAMS = PreparedStatement(SELECT_SIGHTINGS.where(among(_S.stream_id, "streams")))
SIGHTINGS_OF_PROFILES = PreparedStatement(SELECT_SIGHTINGS.where(among(_S.profile_id, "profiles")))
SIGHTINGS_ON = PreparedStatement(
    SELECT_SIGHTINGS.where(among(_S.on_tenure, "streams"), sa.or_(_STREAM, _S.own))
)
SIGHTINGS_WITH = PreparedStatement(
    SELECT_SIGHTINGS.where(
        among(_S.on_tenure, "streams"), among(_S.profile_id, "profiles"), _STREAM
    )
)
SIGHTINGS_PINNED_TO = PreparedStatement(
    SELECT_SIGHTINGS.where(among(_S.pin, "streams"), _S.pin.is_not(None))
)
_RANKED = (
    SELECT_SIGHTINGS.add_columns(
        sa.func.row_number()
        .over(
            partition_by=(_S.address, _S.address_tenure),
            order_by=(_S.seen_at.desc(), _S.stream_id.desc()),
        )
        .label("place")
    )
    .where(
        among(_S.address, "keys"),
        _STREAM,
        _S.on_tenure != sa.literal_column(f"'{NOBODY}'"),
        sa.not_(_S.beyond_proof),
    )
    .subquery()
)
MOVABLE = PreparedStatement(
    sa.select(*list(_RANKED.c)[: len(_SIGHTING)]).where(
        _RANKED.c.place <= sa.bindparam("most", type_=sa.BigInteger)
    )
)
SIGHTINGS_OF_PAIRS = RowStatement(
    """
    SELECT s.address, s.address_tenure, s.on_tenure, s.seen_at, s.own,
           coalesce(s.stream_id, '') AS stream_id, coalesce(s.profile_id, '') AS profile_id,
           s.epoch, s.pin, s.fused, s.untied, s.beyond_proof
    FROM {rows} JOIN sightings AS s
      ON s.address = text[key] AND s.on_tenure = text[stream]
    """,
    [*_SIGHTING],
)
SAVE_ADDRESSES = RowStatement(
    """
    INSERT INTO addresses (key, number, opened_at, holder, withdrawn, current)
    SELECT text[key], number[number], number[opened_at], text[holder], flag[withdrawn],
           flag[current]
    FROM {rows} WHERE true
    ON CONFLICT (key, number) DO UPDATE
    SET opened_at = excluded.opened_at, holder = excluded.holder, withdrawn = excluded.withdrawn,
        current = excluded.current
    """
)
SAVE_SIGHTINGS = RowStatement(
    """
    INSERT INTO sightings (address, address_tenure, on_tenure, seen_at, own, stream_id, profile_id,
                           epoch, pin, fused, untied, beyond_proof)
    SELECT text[address], number[address_tenure], text[on_tenure], number[seen_at], flag[own],
           text[stream_id], text[profile_id], number[epoch], text[pin], text[fused], flag[untied],
           flag[beyond_proof]
    FROM {rows} WHERE true
    ON CONFLICT (address, address_tenure, on_tenure) DO UPDATE
    SET own = excluded.own, stream_id = excluded.stream_id, profile_id = excluded.profile_id,
        epoch = excluded.epoch, pin = excluded.pin, fused = excluded.fused,
        untied = excluded.untied,
        beyond_proof = sightings.beyond_proof OR excluded.beyond_proof
    """
)
# The streams of an address that were there before a proof moved the newest of them.
LEAVE_BEYOND = RowStatement(
    """
    UPDATE sightings SET beyond_proof = true
    WHERE stream_id IN (
        SELECT s.stream_id FROM {rows}
        JOIN sightings AS s
          ON s.address = text[key] AND s.address_tenure = number[number]
         AND (s.seen_at < number[until]
              OR s.seen_at = number[until] AND s.stream_id < text[stream])
        WHERE s.on_tenure <> 'nobody' AND NOT s.beyond_proof
    )
    """
)


def held_addresses(unit: UnitOfWork, names: Collection[str]) -> list[AddressTenure]:
    """The tenures of addresses that the accounts of name streams hold."""
    rows = HELD.execute(unit.connection, streams=sorted(names))
    return [tenure for row in rows if (tenure := AddressTenure(*row)).held_by]


def sightings_of_rows(rows: Iterable[Any]) -> list[Sighting]:
    return [Sighting._make(row) for row in rows]


def sighting_row(sighting: Sighting) -> dict[str, Any]:
    return {
        "address": sighting.address,
        "address_tenure": sighting.number,
        "on_tenure": sighting.on,
        "seen_at": sighting.seen_at,
        "own": sighting.own,
        "stream_id": sighting.stream or None,
        "profile_id": sighting.profile or None,
        "epoch": sighting.epoch,
        "pin": sighting.pin,
        "fused": sighting.fused,
        "untied": sighting.untied,
        "beyond_proof": sighting.beyond_proof,
    }
