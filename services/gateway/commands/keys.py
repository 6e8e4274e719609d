"""Keys and secrets of sources: made, exchanged, revoked. Each is in clear text here alone, once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from chassis.config.sealing import Seal
from chassis.core.errors import Conflict, InvalidInput, NotFound
from chassis.core.suggest import nearest
from chassis.eventlog.unit_of_work import UnitOfWork
from services.gateway import store
from services.gateway.domain.keys import key_digest, key_prefix, new_key
from services.gateway.domain.sources import KeyKind

SHORTEST_SECRETS = {"webhooks": 16, "users": 32}  # HS256 wants 32: RFC 7518, 3.2


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made; nobody can read it again."""

    key_id: str
    source_id: str
    kind: KeyKind
    key: str = field(repr=False)


def check_source(unit: UnitOfWork, source_id: str) -> None:
    """NotFound if there is no such source, with the nearest name."""
    names = [each["source_id"] for each in store.list_sources(unit)]
    if source_id in names:
        return
    close = nearest(source_id, names)
    meant = f"did you mean `{close}`? " if close else ""
    fix = f"{meant}`cdp keys sources` lists them, `cdp keys source` makes one"
    raise NotFound(source_id, f"is no source; {fix}")


def create_key(unit: UnitOfWork, source_id: str, kind: KeyKind) -> NewKey:
    """Make a key of a source; NotFound if there is no such source."""
    check_source(unit, source_id)
    key = new_key(kind)
    key_id = store.put_key(unit, source_id, kind, key_digest(key), key_prefix(key))
    return NewKey(key_id, source_id, kind, key)


def rotate_key(unit: UnitOfWork, key_id: str, keep: int) -> NewKey:
    """Make a key in place of another one, which opens for `keep` microseconds more."""
    old = _key(unit, key_id)
    new = create_key(unit, old["source_id"], old["kind"])
    store.end_key(unit, old["key_id"], unit.now + keep)
    return new


def revoke_key(unit: UnitOfWork, key_id: str) -> str:
    """Let a key open nothing any more, within seconds; its id."""
    old = _key(unit, key_id)
    store.end_key(unit, old["key_id"], unit.now)
    return str(old["key_id"])


def add_secret(
    unit: UnitOfWork, seal: Seal, source_id: str, purpose: str, secret: str, keep: int
) -> str:
    """Sign by another secret from now on; earlier ones count for `keep` microseconds more."""
    shortest = SHORTEST_SECRETS[purpose]
    if len(secret) < shortest:
        message = f"needs at least {shortest} characters; `openssl rand -hex 32` makes one"
        raise InvalidInput("secret", message)
    check_source(unit, source_id)
    secret_id = store.put_secret(unit, seal, source_id, purpose, secret)
    store.end_other_secrets(unit, source_id, purpose, secret_id, unit.now + keep)
    return secret_id


def _key(unit: UnitOfWork, key_id: str) -> dict[str, Any]:
    key = store.load_key(unit, key_id)
    if key is None:
        raise NotFound(key_id, "is the id or the beginning of no one key; see `cdp keys list`")
    if key["ends_at"] is not None and key["ends_at"] <= unit.now:
        raise Conflict(key_id, "has ended already")
    return key
