"""Bodies and rates have bounds: no client costs more than it may."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.core.errors import InvalidInput, ServiceError, Unavailable
from services.gateway.domain.problems import TooLarge, TooManyRequests, TooSlow
from services.gateway.server.bodies import ClientGone, read_body
from services.gateway.server.budget import BodyBudget
from services.gateway.server.caches import ShortCache
from services.gateway.server.limits import RateLimit, network_of

MOST = 1_000


def receiving(*parts: bytes, ends: bool = True) -> Callable[[], Awaitable[dict[str, Any]]]:
    """A client that sends a body in parts, and then nothing, or goes on for ever."""
    left = list(parts)

    async def receive() -> dict[str, Any]:
        if not left and not ends:
            await asyncio.sleep(3_600)
        if not left:
            return {"type": "http.disconnect"}
        part = left.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(left) or not ends}

    return receive


def body_of(
    *parts: bytes, ends: bool = True, seconds: float = 5.0, encoding: str = "", length: str = ""
) -> bytes:
    headers = {"content-encoding": encoding, "content-length": length}

    async def read() -> bytes:
        with BodyBudget(64 * MOST).account() as account:
            return await read_body(receiving(*parts, ends=ends), headers, MOST, account, seconds)

    return asyncio.run(read())


@given(st.binary(max_size=MOST), st.sampled_from(["gzip", "deflate", ""]))
def test_a_body_within_bounds_is_read_whole(body: bytes, encoding: str) -> None:
    sent = {"gzip": gzip.compress(body), "deflate": zlib.compress(body), "": body}[encoding]
    half = len(sent) // 2
    if len(sent) <= MOST:
        assert body_of(sent[:half], sent[half:], encoding=encoding) == body


@pytest.mark.parametrize(
    ("parts", "headers"),
    [
        ([b"x" * (MOST + 1)], {}),
        ([b"x" * MOST, b"x"], {}),
        ([b"{}"], {"length": "99999999"}),
        ([gzip.compress(b"\0" * 900_000)], {"encoding": "gzip"}),
        ([zlib.compress(b"\0" * 900_000)], {"encoding": "deflate"}),
    ],
)
def test_a_body_that_is_or_becomes_too_large_is_refused(
    parts: list[bytes], headers: dict[str, str]
) -> None:
    with pytest.raises(TooLarge, match="1,000 bytes"):
        body_of(*parts, encoding=headers.get("encoding", ""), length=headers.get("length", ""))


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(b"{}", "gzip"), (gzip.compress(b"{}" * 40)[:-9], "gzip"), (b"", "gzip"), (b"{}", "br")],
)
def test_what_cannot_be_inflated_is_the_clients_mistake(body: bytes, encoding: str) -> None:
    with pytest.raises(InvalidInput):
        body_of(body, encoding=encoding)


def test_a_body_that_does_not_come_in_time_is_refused() -> None:
    with pytest.raises(TooSlow):
        body_of(b"{", ends=False, seconds=0.05)


def test_a_client_that_goes_away_is_let_go() -> None:
    with pytest.raises(ClientGone):
        body_of()


def test_a_length_that_lies_is_no_reason_to_fail() -> None:
    assert body_of(b"{}", length="-5") == b"{}"
    assert body_of(b"{}", length="9" * 400) == b"{}"


def test_a_name_may_send_a_burst_and_then_its_rate() -> None:
    at = [0.0]
    limit = RateLimit("key", 10, clock=lambda: at[0])
    for _ in range(20):
        limit.take("k")
    with pytest.raises(TooManyRequests) as refused:
        limit.take("k")
    assert refused.value.seconds == 1
    limit.take("another")
    at[0] += 0.5
    for _ in range(5):
        limit.take("k")
    with pytest.raises(TooManyRequests):
        limit.take("k")


def test_a_cache_asks_once_for_all_that_wait_and_lives_on_while_the_database_is_away() -> None:
    at, asked = [0.0], []

    async def load(name: str) -> int:
        asked.append(name)
        await asyncio.sleep(0)
        if at[0] > 5:
            raise errors[-1]
        return len(asked)

    errors: list[ServiceError] = []

    async def run() -> None:
        errors.append(Unavailable("database", "did not answer"))
        cache: ShortCache[int] = ShortCache(load, most=2, seconds=5, clock=lambda: at[0])
        assert await asyncio.gather(*(cache.get("a") for _ in range(10))) == [1] * 10
        at[0] = 6.0
        assert await cache.get("a") == 1
        at[0] = 1_000.0
        with pytest.raises(Unavailable):
            await cache.get("a")

    asyncio.run(run())
    assert asked == ["a", "a", "a"]


def test_while_the_database_hangs_nobody_waits_long_for_what_was_known() -> None:
    later = [0.0]

    async def load(name: str) -> int:
        if later[0] or name == "b":
            await asyncio.sleep(0.4)
            raise Unavailable("database", "did not answer in 4 s; try again")
        return 1

    async def run() -> float:
        loop = asyncio.get_running_loop()
        cache: ShortCache[int] = ShortCache(
            load, seconds=5, clock=lambda: later[0] + loop.time(), patience=0.05
        )
        assert await cache.get("a") == 1
        later[0] = 6.0
        began = loop.time()
        assert [await cache.get("a") for _ in range(10)] == [1] * 10
        waited = loop.time() - began
        with pytest.raises(Unavailable):
            await cache.get("b")
        return waited

    assert asyncio.run(run()) < 0.2


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("not:an:address", "not:an:address"),
    ],
)
def test_addresses_of_one_customer_are_counted_together(address: str, network: str) -> None:
    assert network_of(address) == network


@pytest.mark.parametrize("more", [gzip.compress(b"{}"), b"x"])
def test_what_follows_compressed_data_is_not_left_out_in_silence(more: bytes) -> None:
    with pytest.raises(InvalidInput, match="goes on"):
        body_of(gzip.compress(b"{}") + more, encoding="gzip")
