"""Settings, read from the environment."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from environs import Env

from chassis.config.door import read_address, read_keys
from chassis.config.keys import read_key
from chassis.config.uris import check_database_uri
from chassis.core.clock import Clock, clock_from
from chassis.core.errors import InvalidInput

Role = Literal["rpc", "events", "all"]
N = TypeVar("N", int, float)

# Development default; a shop sets its own, and never changes it: identifiers are stored under it.
_DEVELOPMENT_KEY = "development-only-identifier-key"
_LAST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one service in one process."""

    service: str
    database_uri: str
    amqp_uri: str
    clock: Clock
    identifier_key: bytes
    config_dir: Path | None = None
    role: Role = "all"
    batch_size: int = 100
    workers: int = 10
    reconcile_seconds: float = 5.0
    http_port: int = 0
    spool: Path | None = None
    door_address: tuple[str, int] | None = None
    door_keys: tuple[bytes, ...] = ()  # digests

    @property
    def serves_rpc(self) -> bool:
        """Whether this process answers RPC calls."""
        return self.role in ("rpc", "all")

    @property
    def follows_events(self) -> bool:
        """Whether this process consumes events and runs timers."""
        return self.role in ("events", "all")

    @property
    def embedded(self) -> bool:
        """Whether the broker is the one inside this process."""
        return self.amqp_uri.startswith("embedded:")


def read_settings(service: str, role: Role = "all", *, has_door: bool = True) -> Settings:
    """The settings of `service` in the environment; InvalidInput names the variable to correct.

    Without `has_door` it answers nobody over HTTP, or by settings of its own.
    """
    env = Env()
    prefix = f"CDP_{service.upper()}_"
    door_address, door_keys = _door(env, prefix) if has_door else (None, ())
    return Settings(
        service=service,
        database_uri=_database(prefix + "DATABASE_URI", _required(env, prefix + "DATABASE_URI")),
        amqp_uri=env.str(prefix + "AMQP_URI", "") or _required(env, "CDP_AMQP_URI"),
        clock=clock_from(env.str("CDP_CLOCK", "system")),
        identifier_key=_key(env),
        config_dir=_directory(env),
        role=role,
        batch_size=_positive(env, "CDP_BATCH_SIZE", 100),
        workers=_positive(env, "CDP_WORKERS", 10),
        reconcile_seconds=_positive(env, "CDP_RECONCILE_SECONDS", 5.0),
        http_port=_port(env, "CDP_HTTP_PORT"),
        spool=Path(spool) if (spool := env.str(prefix + "SPOOL", "")) else None,
        door_address=door_address,
        door_keys=door_keys,
    )


def owner_database(settings: Settings) -> tuple[str, str]:
    """Where the owner of a service's tables reaches them, and the variable that says so."""
    prefix = f"CDP_{settings.service.upper()}_"
    variable = prefix + "OWNER_DATABASE_URI"
    if uri := os.environ.get(variable):
        return _database(variable, uri), variable
    return settings.database_uri, prefix + "DATABASE_URI"


def _required(env: Env, name: str) -> str:
    value = env.str(name, "")
    if not value:
        raise InvalidInput(name, "is not set; `make run` and docker-compose.yml show examples")
    return value


def _database(name: str, uri: str) -> str:
    check_database_uri(name, uri)
    return uri


def _number(env: Env, name: str, default: N) -> N:
    text = env.str(name, "") or str(default)
    try:
        return type(default)(text)
    except ValueError:
        kind = "a whole number" if type(default).__name__ == "int" else "a number"
        raise InvalidInput(name, f"must be {kind}, such as {default or 8080}") from None


def _positive(env: Env, name: str, default: N) -> N:
    value = _number(env, name, default)
    if not 0 < value < math.inf:
        raise InvalidInput(name, "must be more than 0")
    return value


def _port(env: Env, name: str) -> int:
    """The number of a port; 0 opens none."""
    port = _number(env, name, 0)
    if not 0 <= port <= _LAST_PORT:
        raise InvalidInput(name, f"must be a port from 1 to {_LAST_PORT}; 0 opens none")
    return port


def _door(env: Env, prefix: str) -> tuple[tuple[str, int] | None, tuple[bytes, ...]]:
    """Where the HTTP door listens, if there is one, and the digests of its keys."""
    address = read_address(prefix + "HTTP", env.str(prefix + "HTTP", ""))
    keys = read_keys(prefix + "KEYS", env.str(prefix + "KEYS", ""))
    if address is not None and not keys:
        message = f"is not set, and {prefix}HTTP is: nobody could call; `openssl rand -hex 32`"
        raise InvalidInput(prefix + "KEYS", message)
    return address, keys


def _key(env: Env) -> bytes:
    key = env.str("CDP_IDENTIFIER_KEY", _DEVELOPMENT_KEY)
    if not key:
        raise InvalidInput("CDP_IDENTIFIER_KEY", "is empty; set it once, or do not set it at all")
    return read_key(key, env.str("CDP_MASTER_KEY", None))


def _directory(env: Env) -> Path | None:
    text = env.str("CDP_CONFIG_DIR", "")
    if text and not Path(text).is_dir():
        raise InvalidInput("CDP_CONFIG_DIR", "is not a directory")
    return Path(text) if text else None
