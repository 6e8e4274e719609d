"""Items that were not recorded, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag

from chassis import DAY, new_id
from chassis.config.sealing import Seal
from chassis.core.json import dump_json, load_json
from chassis.database.deletion import delete_oldest
from chassis.eventlog.unit_of_work import UnitOfWork
from services.gateway.store.tables import REJECTS

KEPT_DAYS = 30
_MOST_BYTES = 32 * 1024
_ROW_BYTES = 256  # of what is kept beside the item
_TOO_LARGE = {"left_out": f"larger than {_MOST_BYTES:,} bytes"}

_UNREADABLE = {"left_out": "sealed under another CDP_IDENTIFIER_KEY"}


def keep_rejects(
    unit: UnitOfWork, seal: Seal, source_id: str, rejects: Sequence[Mapping[str, Any]]
) -> int:
    """Keep items of a source, each `{"reason", "field", "payload"}`; how many."""
    rows = []
    for reject in rejects:
        reject_id = new_id()
        payload = dump_json(reject.get("payload")).encode()
        if len(payload) > _MOST_BYTES:
            payload = dump_json(_TOO_LARGE).encode()
        rows.append(
            {
                "reject_id": reject_id,
                "source_id": source_id,
                "received_at": unit.now,
                "field": reject.get("field"),
                "reason": reject["reason"],
                "payload": seal.close_bytes(payload, reject_id),
            }
        )
    if rows:
        unit.connection.execute(sa.insert(REJECTS), rows)
    return len(rows)


def reject_size(reject: Mapping[str, Any]) -> int:
    """About how many bytes it takes to keep a reject."""
    payload = len(dump_json(reject.get("payload")))
    return _ROW_BYTES + len(reject["reason"]) + min(payload, _MOST_BYTES)


def list_rejects(
    unit: UnitOfWork,
    seal: Seal,
    *,
    source_id: str | None = None,
    reveal: bool = False,
    limit: int = 100,
) -> list[dict[str, Any]]:
    """The newest rejects, of a source or of all; with `reveal` with what was sent."""
    query = sa.select(REJECTS)
    if source_id is not None:
        query = query.where(REJECTS.c.source_id == source_id)
    newest = (REJECTS.c.received_at.desc(), REJECTS.c.reject_id.desc())
    rejects = []
    for row in unit.connection.execute(query.order_by(*newest).limit(limit)):
        reject = {name: getattr(row, name) for name in ("reject_id", "source_id", "received_at")}
        reject |= {"field": row.field, "reason": row.reason}
        if reveal:
            reject["payload"] = _payload(seal, row)
        rejects.append(reject)
    return rejects


def _payload(seal: Seal, row: sa.Row[Any]) -> Any:
    try:
        return load_json(seal.open_bytes(row.payload, row.reject_id))
    except InvalidTag:
        return _UNREADABLE


def forget_rejects(unit: UnitOfWork) -> int:
    """Delete some of the rejects that are too old; how many."""
    age = REJECTS.c.received_at
    return delete_oldest(unit.connection, REJECTS, age < unit.now - KEPT_DAYS * DAY, age)
