"""Reading a body within bounds: of bytes, of what they inflate to, and of time."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import suppress
from typing import Any

from chassis.core.errors import InvalidInput, Unavailable
from services.gateway.domain.problems import TooLarge, TooSlow
from services.gateway.server.budget import BodyAccount

BODY_SECONDS = 10.0
_DRAIN_SECONDS = 1.0
_MOST_DRAINED = 1024 * 1024
_AT_ONCE = 64 * 1024
_WINDOW_BITS = {"gzip": 31, "x-gzip": 31, "deflate": 15}

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class ClientGone(Exception):
    """The client has closed the connection: nobody reads a response."""


async def read_body(
    receive: Receive,
    headers: Mapping[str, str],
    most: int,
    account: BodyAccount,
    seconds: float = BODY_SECONDS,
) -> bytes:
    """The body, inflated; TooLarge, TooSlow or InvalidInput say what is wrong with it.

    Unavailable if all bodies together are too large.
    """
    inflater = _inflater(headers.get("content-encoding", ""), most, account)
    try:
        async with asyncio.timeout(seconds):
            if _length(headers) > most:
                raise _too_large(most)
            body = await _received(receive, most, account)
    except TimeoutError:
        message = f"did not come within {seconds:g} s; send it again"
        raise TooSlow("body", message) from None
    except (TooLarge, Unavailable):
        with suppress(TimeoutError, ClientGone):
            async with asyncio.timeout(_DRAIN_SECONDS):
                await _drain(receive)
        raise
    return body if inflater is None else inflater.inflate(body)


class Inflater:
    """Inflates up to a limit, and never more at once than what is still allowed."""

    def __init__(self, window_bits: int, most: int, account: BodyAccount) -> None:
        self._decompressor = zlib.decompressobj(window_bits)
        self._most = most
        self._account = account

    def inflate(self, body: bytes) -> bytes:
        """What a body inflates to; TooLarge as soon as that is too much."""
        parts: list[bytes] = []
        left = self._most
        data = body
        try:
            while data and not self._decompressor.eof:
                part = self._decompressor.decompress(data, min(left + 1, _AT_ONCE))
                left -= len(part)
                if left < 0:
                    raise _too_large(self._most)
                self._account.take(len(part))
                parts.append(part)
                data = self._decompressor.unconsumed_tail
        except zlib.error as error:
            raise InvalidInput("body", f"cannot be inflated ({error})") from None
        if not self._decompressor.eof:
            raise InvalidInput("body", "ends before its compressed data does")
        if self._decompressor.unused_data:
            raise InvalidInput("body", "goes on after its compressed data; compress it as a whole")
        return b"".join(parts)


def _inflater(encoding: str, most: int, account: BodyAccount) -> Inflater | None:
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return None
    if name not in _WINDOW_BITS:
        message = f"must be gzip, deflate or nothing, not {name[:40]}"
        raise InvalidInput("Content-Encoding", message)
    return Inflater(_WINDOW_BITS[name], most, account)


def _length(headers: Mapping[str, str]) -> int:
    """The length that the client has given; 0 if there is none that can be read."""
    text = headers.get("content-length", "")
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 20 else 0


async def _received(receive: Receive, most: int, account: BodyAccount) -> bytes:
    parts: list[bytes] = []
    size = 0
    message = await receive()
    while message["type"] == "http.request":
        part = message.get("body", b"")
        size += len(part)
        if size > most:
            raise _too_large(most)
        account.take(len(part))
        parts.append(part)
        if not message.get("more_body"):
            return parts[0] if len(parts) == 1 else b"".join(parts)
        message = await receive()
    raise ClientGone


async def _drain(receive: Receive) -> None:
    """Read the rest, lest the client miss the response; not more than is reasonable."""
    left = _MOST_DRAINED
    while left > 0:
        message = await receive()
        if message["type"] != "http.request" or not message.get("more_body"):
            return
        left -= len(message.get("body", b""))


def _too_large(most: int) -> TooLarge:
    return TooLarge("body", f"is larger than {most:,} bytes; send less in a request")
