"""How much a key or an address may send: a bucket for each, which fills steadily."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address, IPv6Network

from services.gateway.domain.problems import TooManyRequests
from services.gateway.server.metrics import LIMITED

_MOST_BUCKETS = 50_000
_BURST_SECONDS = 2.0
_DAY_SECONDS = 24 * 3600


def network_of(address: str) -> str:
    """What an address is counted by: of IPv6 its /64, of which each customer has one at least."""
    if ":" not in address:
        return address
    try:
        found = IPv6Address(address)
    except ValueError:
        return address
    return str(found.ipv4_mapped or IPv6Network((found, 64), strict=False))


class RateLimit:
    """So many requests a second for each name, and twice as many at once."""

    def __init__(
        self, kind: str, per_second: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._kind = kind
        self._rate = per_second
        self._buckets = _Buckets(per_second, per_second * _BURST_SECONDS, clock)

    def take(self, name: str) -> None:
        """Count a request; TooManyRequests if it is one too many."""
        lacking = self._buckets.take(name, 1)
        if lacking > 0:
            LIMITED.labels(self._kind).inc()
            seconds = max(1, math.ceil(lacking / self._rate))
            message = f"has sent more than {self._rate:g} requests a second; wait {seconds} s"
            raise TooManyRequests(self._kind, message, seconds)

    def charge(self, name: str, requests: int) -> None:
        """Count so many requests more, be they too many: later ones wait for them."""
        if requests:
            self._buckets.charge(name, requests)


class DailyAllowance:
    """So many bytes a day for each name: those of a day at once, and then steadily."""

    def __init__(self, most: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._buckets = _Buckets(most / _DAY_SECONDS, most, clock)

    def allows(self, name: str, size: int) -> bool:
        """Count so many bytes, if they may still be had."""
        return self._buckets.take(name, size) == 0


class AtOnceLimit:
    """So many requests of each name under way at once."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._numbers: dict[str, int] = {}

    @contextmanager
    def one(self, name: str) -> Iterator[None]:
        """Count a request while it is under way; TooManyRequests if it is one too many."""
        number = self._numbers.get(name, 0)
        if number >= self._most:
            LIMITED.labels("connections").inc()
            message = f"has {self._most} requests under way; wait until some are answered"
            raise TooManyRequests("address", message)
        self._numbers[name] = number + 1
        try:
            yield
        finally:
            self._numbers[name] -= 1
            if not self._numbers[name]:
                del self._numbers[name]


class _Buckets:
    """A bucket for each name, which holds so much and fills steadily."""

    def __init__(self, per_second: float, most: float, clock: Callable[[], float]) -> None:
        self._rate = per_second
        self._most = most
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}  # what is left, and as of when

    def take(self, name: str, amount: float) -> float:
        """Take so much out of a bucket, or nothing if that is not in it: how much it lacks."""
        left = self._left(name)
        lacking = max(0.0, amount - left)
        self._put(name, left if lacking else left - amount)
        return lacking

    def charge(self, name: str, amount: float) -> None:
        """Take so much out of a bucket, also what is not in it."""
        self._put(name, self._left(name) - amount)

    def _left(self, name: str) -> float:
        now = self._clock()
        left, since = self._buckets.get(name, (self._most, now))
        return min(self._most, left + (now - since) * self._rate)

    def _put(self, name: str, left: float) -> None:
        self._buckets.pop(name, None)
        self._buckets[name] = left, self._clock()
        if len(self._buckets) > _MOST_BUCKETS:
            del self._buckets[next(iter(self._buckets))]  # the one that was used longest ago
