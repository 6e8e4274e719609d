"""The gateway's own database, asked from the event loop: by threads, and with a limit of time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from math import nan
from typing import Any

import structlog

from chassis import SECOND
from chassis.core.errors import ServiceError, Unavailable
from services.gateway import store
from services.gateway.commands import OwnCalls
from services.gateway.domain.sources import EventSource
from services.gateway.server.caches import ShortCache
from services.gateway.server.limits import DailyAllowance, RateLimit
from services.gateway.server.metrics import REJECTED, REJECTS_DROPPED

THREADS = 4
_SECONDS = 4.0
_FLUSH_SECONDS = 60.0
_SWEEP_SECONDS = 3600.0
_MOST_UNKNOWN = 10_000

_log = structlog.get_logger("gateway")


class OwnDatabase:
    """Answers `ServiceCall("gateway", …)`: what every request asks from memory, the rest by SQL."""

    def __init__(self, calls: OwnCalls, key_limit: RateLimit, rejects: DailyAllowance) -> None:
        self._calls = calls
        self._key_limit = key_limit
        self._rejects = rejects
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="database")
        self._keys: ShortCache[store.SourceKey | None] = ShortCache(self._find_key, _MOST_UNKNOWN)
        self._sources: ShortCache[EventSource | None] = ShortCache(self._load_source, 1_000)
        self._origins: ShortCache[set[str]] = ShortCache(self._all_origins, 1)
        self._used: dict[str, int] = {}

    async def call(self, method: str, arguments: Mapping[str, Any]) -> Any:
        """What a call returns; Unavailable if the database does not answer in time."""
        if method == "find_key":
            return await self._key_in_force(arguments["digest"])
        if method == "load_source":
            return await self._sources.get(arguments["source_id"])
        if method == "all_origins":
            return await self._origins.get("")
        if method in ("keep_rejects", "keep_public_rejects"):
            REJECTED.labels(arguments["source_id"]).inc(len(arguments["rejects"]))
        if method == "keep_public_rejects":
            return await self._keep_public_rejects(**arguments)
        return await self._ask(method, arguments)

    async def problem(self) -> str | None:
        """In words why the database cannot be used; None if it can."""
        try:
            await self._ask("all_origins", {})
        except ServiceError as error:
            return str(error)
        return None

    async def waiting_age(self) -> float:
        """Seconds since the oldest webhook came that waits; 0.0: none; NaN: nobody can tell."""
        try:
            microseconds: int = await self._ask("waiting_age", {})
        except ServiceError:
            return nan
        return microseconds / SECOND

    async def run(self) -> None:
        """Note which keys were used, and forget what is old, for ever."""
        loop = asyncio.get_running_loop()
        swept_at = float("-inf")
        while True:
            if loop.time() - swept_at > _SWEEP_SECONDS:
                swept_at = loop.time()
                await self._in_background(self._calls.sweep)
            await asyncio.sleep(_FLUSH_SECONDS)
            await self.flush()

    async def flush(self) -> None:
        """Note which keys were used."""
        used, self._used = self._used, {}
        if used:
            note = partial(store.note_used_keys, used=used)
            await self._in_background(partial(self._calls.work.run, note))

    def close(self) -> None:
        """End the threads, once what they do is done."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _key_in_force(self, digest: str) -> store.SourceKey | None:
        key = await self._keys.get(digest)
        now = self._calls.work.clock.now()
        if key is None or (key.ends_at is not None and key.ends_at <= now):
            return None
        self._key_limit.take(key.key_id)
        self._used[key.key_id] = now
        return key

    async def _keep_public_rejects(
        self, source_id: str, rejects: Sequence[Mapping[str, Any]]
    ) -> int:
        """Keep what a public key sent, up to a source's share: anybody may send anything by it."""
        kept = [
            each for each in rejects if self._rejects.allows(source_id, store.reject_size(each))
        ]
        if len(kept) < len(rejects):
            REJECTS_DROPPED.labels(source_id).inc(len(rejects) - len(kept))
        if not kept:
            return 0
        arguments = {"source_id": source_id, "rejects": kept}
        number: int = await self._ask("keep_public_rejects", arguments)
        return number

    async def _find_key(self, digest: str) -> store.SourceKey | None:
        key: store.SourceKey | None = await self._ask("find_key", {"digest": digest})
        return key

    async def _load_source(self, source_id: str) -> EventSource | None:
        source: EventSource | None = await self._ask("load_source", {"source_id": source_id})
        return source

    async def _all_origins(self, _name: str) -> set[str]:
        origins: set[str] = await self._ask("all_origins", {})
        return origins

    async def _ask(self, method: str, arguments: Mapping[str, Any]) -> Any:
        loop = asyncio.get_running_loop()
        asked = loop.run_in_executor(self._threads, self._calls.call, method, arguments)
        try:
            async with asyncio.timeout(_SECONDS):
                return await asked
        except TimeoutError:
            raise Unavailable("database", f"did not answer in {_SECONDS:g} s; try again") from None

    async def _in_background(self, function: Any) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(self._threads, function)
        except ServiceError as error:
            _log.warning("housekeeping_failed", reason=str(error))
