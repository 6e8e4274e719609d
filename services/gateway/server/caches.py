"""What the process remembers of its database for some seconds: keys, sources, origins."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from chassis.core.errors import Unavailable

T = TypeVar("T")

SECONDS = 10.0  # after which a key that was revoked opens nothing anywhere
_STALE_SECONDS = 600.0  # while the database does not answer, what is older than that counts


@dataclass(slots=True)
class _Entry(Generic[T]):
    value: T
    since: float


class ShortCache(Generic[T]):
    """Values by name, each asked for again after some seconds, by one caller for all that wait.

    While the database does not answer, a value that was known is used for ten minutes more. Of
    names above `most`, those asked for longest ago are forgotten.
    """

    def __init__(
        self,
        load: Callable[[str], Awaitable[T]],
        most: int = 10_000,
        seconds: float = SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load = load
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._entries: dict[str, _Entry[T]] = {}
        self._loading: dict[str, asyncio.Task[T]] = {}

    async def get(self, name: str) -> T:
        """The value of a name; raises what loading it raises."""
        entry = self._entries.get(name)
        if entry is not None and self._clock() - entry.since < self._seconds:
            return entry.value
        task = self._loading.get(name)
        if task is None:
            task = self._loading[name] = asyncio.create_task(self._loaded(name))
            task.add_done_callback(lambda _: self._loading.pop(name, None))
        try:
            return await asyncio.shield(task)
        except Unavailable:
            if entry is not None and self._clock() - entry.since < _STALE_SECONDS:
                return entry.value
            raise

    async def _loaded(self, name: str) -> T:
        value = await self._load(name)
        self._entries.pop(name, None)
        self._entries[name] = _Entry(value, self._clock())
        if len(self._entries) > self._most:
            del self._entries[next(iter(self._entries))]
        return value
