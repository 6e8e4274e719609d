"""What the process remembers of its database for some seconds: keys, sources, origins."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from chassis.core.errors import Unavailable

T = TypeVar("T")

SECONDS = 10.0  # after which a key that was revoked opens nothing anywhere
_STALE_SECONDS = 600.0  # while the database does not answer, what is no older than that counts
_PATIENCE = 0.2  # seconds: a page that waits for a decision has no more to spare


@dataclass(slots=True)
class _Entry(Generic[T]):
    value: T
    since: float


@dataclass(frozen=True, slots=True)
class _Loading(Generic[T]):
    task: asyncio.Task[T]
    since: float


class ShortCache(Generic[T]):
    """Values by name, each asked for again after some seconds, by one caller for all that wait.

    While the database does not answer, a value that was known is used for ten minutes more; nobody
    who could use one waits longer than `patience`. Of names above `most`, those asked for longest
    ago are forgotten.
    """

    def __init__(
        self,
        load: Callable[[str], Awaitable[T]],
        most: int = 10_000,
        seconds: float = SECONDS,
        clock: Callable[[], float] = time.monotonic,
        patience: float = _PATIENCE,
    ) -> None:
        self._load = load
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._patience = patience
        self._entries: dict[str, _Entry[T]] = {}
        self._loading: dict[str, _Loading[T]] = {}

    async def get(self, name: str) -> T:
        """The value of a name; raises what loading it raises."""
        entry = self._entries.get(name)
        if entry is not None and self._clock() - entry.since < self._seconds:
            return entry.value
        loading = self._loading.get(name) or self._begin(name)
        if entry is None or self._clock() - entry.since >= _STALE_SECONDS:
            return await asyncio.shield(loading.task)
        left = loading.since + self._patience - self._clock()
        await asyncio.wait((loading.task,), timeout=max(0.0, left))
        if not loading.task.done():
            return entry.value
        try:
            return loading.task.result()
        except Unavailable:
            return entry.value

    def _begin(self, name: str) -> _Loading[T]:
        loading = self._loading[name] = _Loading(
            asyncio.create_task(self._loaded(name)), self._clock()
        )
        loading.task.add_done_callback(partial(self._end, name))
        return loading

    def _end(self, name: str, task: asyncio.Task[T]) -> None:
        del self._loading[name]
        if not task.cancelled():
            task.exception()  # perhaps nobody has waited for it

    async def _loaded(self, name: str) -> T:
        value = await self._load(name)
        self._entries.pop(name, None)
        self._entries[name] = _Entry(value, self._clock())
        if len(self._entries) > self._most:
            del self._entries[next(iter(self._entries))]
        return value
