"""Sources, their keys and their secrets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
import structlog
from cryptography.exceptions import InvalidTag

from chassis import new_id
from chassis.config.sealing import Seal
from chassis.eventlog.unit_of_work import UnitOfWork
from services.gateway.domain.sources import EventSource, KeyKind
from services.gateway.store.tables import KEYS, SECRETS, SOURCES

_log = structlog.get_logger("gateway")


@dataclass(frozen=True, slots=True)
class SourceKey:
    """A key in force, and whose it is."""

    key_id: str
    source: EventSource
    ends_at: int | None


def put_source(unit: UnitOfWork, source: EventSource) -> None:
    """Add a source, or change the one of this id."""
    values = {
        "name": source.name,
        "store": source.store,
        "is_test": source.test,
        "emails_verified": source.emails_verified,
        "allowed_origins": list(source.allowed_origins),
        "settings": dict(source.settings),
    }
    place = SOURCES.c.source_id == source.source_id
    changed = unit.connection.execute(sa.update(SOURCES).where(place).values(**values))
    if not changed.rowcount:
        row = {"source_id": source.source_id, "created_at": unit.now, **values}
        unit.connection.execute(sa.insert(SOURCES), [row])


def load_source(
    unit: UnitOfWork, seal: Seal, source_id: str, kind: KeyKind = "server"
) -> EventSource | None:
    """A source as a key of a `kind` stands for it, with its secrets; None if there is none."""
    query = sa.select(SOURCES).where(SOURCES.c.source_id == source_id)
    row = unit.connection.execute(query).one_or_none()
    if row is None:
        return None
    return EventSource(
        source_id=row.source_id,
        name=row.name,
        key_kind=kind,
        store=row.store,
        test=row.is_test,
        emails_verified=row.emails_verified,
        allowed_origins=tuple(row.allowed_origins),
        webhook_secrets=_secrets(unit, seal, source_id, "webhooks"),
        token_secrets=_secrets(unit, seal, source_id, "users"),
        settings=row.settings,
    )


def list_sources(unit: UnitOfWork) -> list[dict[str, Any]]:
    """All sources by id, without their secrets."""
    rows = unit.connection.execute(sa.select(SOURCES).order_by(SOURCES.c.source_id))
    return [dict(row) for row in rows.mappings()]


def all_origins(unit: UnitOfWork) -> set[str]:
    """The origins that any source allows."""
    rows = unit.connection.execute(sa.select(SOURCES.c.allowed_origins))
    return {origin for (origins,) in rows for origin in origins}


def put_key(unit: UnitOfWork, source_id: str, kind: KeyKind, digest: str, prefix: str) -> str:
    """Add a key by its digest; its id."""
    key_id = new_id()
    row = {
        "key_id": key_id,
        "source_id": source_id,
        "kind": kind,
        "digest": digest,
        "prefix": prefix,
        "created_at": unit.now,
    }
    unit.connection.execute(sa.insert(KEYS), [row])
    return key_id


def find_key(unit: UnitOfWork, seal: Seal, digest: str) -> SourceKey | None:
    """The key of a digest, if it is in force."""
    query = sa.select(KEYS).where(KEYS.c.digest == digest)
    row = unit.connection.execute(query).one_or_none()
    if row is None or (row.ends_at is not None and row.ends_at <= unit.now):
        return None
    source = load_source(unit, seal, row.source_id, row.kind)
    return None if source is None else SourceKey(row.key_id, source, row.ends_at)


def load_key(unit: UnitOfWork, key_id: str) -> dict[str, Any] | None:
    """A key by its id or the beginning that is listed; None if that is none, or several."""
    is_meant = sa.or_(KEYS.c.key_id == key_id, KEYS.c.prefix == key_id)
    rows = unit.connection.execute(sa.select(KEYS).where(is_meant).limit(2)).mappings().all()
    return dict(rows[0]) if len(rows) == 1 else None


def end_key(unit: UnitOfWork, key_id: str, ends_at: int) -> None:
    """Let a key open nothing from an instant on; one that ends earlier stays as it is."""
    earlier = sa.func.coalesce(KEYS.c.ends_at, ends_at) >= ends_at
    place = sa.and_(KEYS.c.key_id == key_id, earlier)
    unit.connection.execute(sa.update(KEYS).where(place).values(ends_at=ends_at))


def list_keys(unit: UnitOfWork, source_id: str | None = None) -> list[dict[str, Any]]:
    """The keys of a source, or of all, the newest first: never the keys themselves."""
    query = sa.select(*(c for c in KEYS.columns if c.name != "digest"))
    if source_id is not None:
        query = query.where(KEYS.c.source_id == source_id)
    rows = unit.connection.execute(query.order_by(KEYS.c.created_at.desc(), KEYS.c.key_id))
    return [dict(row) for row in rows.mappings()]


def note_used_keys(unit: UnitOfWork, used: Mapping[str, int]) -> None:
    """Note when keys were used last, by id."""
    for key_id in sorted(used):
        unit.connection.execute(
            sa.update(KEYS).where(KEYS.c.key_id == key_id).values(last_used_at=used[key_id])
        )


def put_secret(unit: UnitOfWork, seal: Seal, source_id: str, purpose: str, secret: str) -> str:
    """Add a secret of a source, sealed; its id."""
    secret_id = new_id()
    row = {
        "secret_id": secret_id,
        "source_id": source_id,
        "purpose": purpose,
        "sealed": seal.close(secret, secret_id),
        "created_at": unit.now,
    }
    unit.connection.execute(sa.insert(SECRETS), [row])
    return secret_id


def end_other_secrets(
    unit: UnitOfWork, source_id: str, purpose: str, kept: str, ends_at: int
) -> None:
    """Let all secrets of a purpose but one end at an instant, or earlier if they do already."""
    others = sa.and_(
        SECRETS.c.source_id == source_id,
        SECRETS.c.purpose == purpose,
        SECRETS.c.secret_id != kept,
        sa.func.coalesce(SECRETS.c.ends_at, ends_at) >= ends_at,
    )
    unit.connection.execute(sa.update(SECRETS).where(others).values(ends_at=ends_at))


def list_secrets(unit: UnitOfWork, source_id: str) -> Sequence[Mapping[str, Any]]:
    """The secrets of a source, the newest first: never what they are."""
    query = sa.select(*(c for c in SECRETS.columns if c.name != "sealed"))
    query = query.where(SECRETS.c.source_id == source_id).order_by(SECRETS.c.created_at.desc())
    return [dict(row) for row in unit.connection.execute(query).mappings()]


def _secrets(unit: UnitOfWork, seal: Seal, source_id: str, purpose: str) -> tuple[str, ...]:
    query = (
        sa.select(SECRETS)
        .where(SECRETS.c.source_id == source_id, SECRETS.c.purpose == purpose)
        .order_by(SECRETS.c.created_at.desc(), SECRETS.c.secret_id.desc())
    )
    in_force = (
        row
        for row in unit.connection.execute(query)
        if row.ends_at is None or row.ends_at > unit.now
    )
    opened = (_opened(seal, source_id, row) for row in in_force)
    return tuple(secret for secret in opened if secret is not None)


def _opened(seal: Seal, source_id: str, row: sa.Row[Any]) -> str | None:
    """A secret; None if it was sealed under another key: the source has its keys all the same."""
    try:
        return seal.open(row.sealed, row.secret_id)
    except InvalidTag:
        fix = "run all with one CDP_IDENTIFIER_KEY, or set it again by `cdp keys secret`"
        _log.error("secret_unreadable", source=source_id, purpose=row.purpose, fix=fix)
        return None
