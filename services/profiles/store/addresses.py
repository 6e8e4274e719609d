"""The streams in which addresses were told, and what addresses have refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import sqlalchemy as sa

from chassis.database.bulk import RowStatement, among
from chassis.database.prepared import PreparedStatement
from chassis.eventlog.unit_of_work import UnitOfWork
from services.profiles.domain.addresses import (
    MAX_RECIPIENTS,
    AddressBook,
    AddressRefusal,
    AddressUse,
    remembered,
)
from services.profiles.store.tables import ADDRESS_REFUSALS, ADDRESS_USES, KNOWN_ADDRESSES

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
