"""Carries out the steps of a request: the calls that it yields, and their answers back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeVar

from chassis.core.errors import ServiceError, Unavailable
from services.gateway.domain.exchange import ServiceCall
from services.gateway.server.caches import ShortCache
from services.gateway.server.door import NotSent
from services.gateway.server.gathering import Gatherer
from services.gateway.server.metrics import CALLS
from services.gateway.server.own_calls import OwnDatabase
from services.gateway.server.rpc import RpcClient

_SECONDS = {"record": 10.0, "decide": 2.0}
_OTHERS = 5.0
_MOST_LANGUAGES = 200
# To map a body of half a megabyte takes a third of a second, in which nobody else would be served,
# and one of 4 MB may have forty times its size as Python objects.
_LARGE_BYTES = 64 * 1024
_LARGE_AT_ONCE = 2
_TURN_SECONDS = 5.0
T = TypeVar("T")
Calls = ServiceCall | list[ServiceCall]


class OffersDoor(Protocol):
    """The HTTP door of offers, which answers without the broker."""

    async def call(self, path: str, body: Any, seconds: float, traceparent: str | None) -> Any:
        """What it answers; Unavailable if it does not."""
        ...

    async def call_once(self, path: str, body: Any, seconds: float, traceparent: str | None) -> Any:
        """The same for what must not happen twice; NotSent if it has surely not happened."""
        ...


@dataclass(frozen=True, slots=True)
class CallOrigin:
    """Who a call is made for: its id for the logs of the services, and its trace."""

    call_id: str
    traceparent: str | None = None


_origin: ContextVar[CallOrigin] = ContextVar("origin")


class Services:
    """All that handlers may call: services by RPC, offers by its door, the gateway's database."""

    def __init__(self, rpc: RpcClient, own: OwnDatabase, door: OffersDoor | None) -> None:
        self._rpc = rpc
        self._own = own
        self._door = door
        self._gatherer = Gatherer(self._record)
        self._fallbacks: ShortCache[Any] = ShortCache(self._load_fallbacks, _MOST_LANGUAGES)
        self._aside = ThreadPoolExecutor(1, thread_name_prefix="large-bodies")
        self._turns = asyncio.Semaphore(_LARGE_AT_ONCE)

    async def carry_out(
        self, steps: Generator[Calls, Any, T], origin: CallOrigin, size: int = 0
    ) -> T:
        """What the steps come to: of a request, whose body has `size` bytes, its response.

        Those of large bodies are taken in a thread, beside all others, and a few at once.
        Unavailable if such a body gets no turn.
        """
        _origin.set(origin)
        if size <= _LARGE_BYTES:
            return await self._go_through(steps, _take_at_once)
        try:
            async with asyncio.timeout(_TURN_SECONDS):
                await self._turns.acquire()
        except TimeoutError:
            raise Unavailable("body", "is large, as others under way; try again") from None
        try:
            return await self._go_through(steps, self._take_aside)
        finally:
            self._turns.release()

    async def _go_through(self, steps: Generator[Calls, Any, T], take: TakeStep) -> T:
        answer: Any = None
        while True:
            step = await take(steps, answer)
            if step.calls is None:
                result: T = step.result
                return result
            try:
                answer = await self._answers_of(step.calls)
            except ServiceError as error:
                answer = error

    async def _take_aside(self, steps: Generator[Calls, Any, Any], answer: Any) -> _Step:
        run, loop = copy_context().run, asyncio.get_running_loop()
        return await loop.run_in_executor(self._aside, run, _take_step, steps, answer)

    async def _answers_of(self, calls: Calls) -> Any:
        if isinstance(calls, ServiceCall):
            return await self._call(calls)
        return await asyncio.gather(*(self._call(call) for call in calls))

    async def _call(self, call: ServiceCall) -> Any:
        if call.service == "gateway":
            return await self._own.call(call.method, call.arguments)
        if (call.service, call.method) == ("profiles", "record"):
            return await self._gatherer.record(call.arguments)
        if (call.service, call.method) == ("offers", "fallbacks"):
            return await self._fallbacks.get(call.arguments.get("language", ""))
        if (call.service, call.method) == ("offers", "decide") and self._door is not None:
            try:
                return await self._decided(self._door, call.arguments["request"])
            except NotSent:
                pass  # by RPC, then
            except Unavailable:
                if _reserves(call.arguments["request"]):
                    raise  # it may have been reserved: by RPC it would be so twice
        return await self._by_rpc(call.service, call.method, call.arguments)

    async def _decided(self, door: OffersDoor, request: Mapping[str, Any]) -> Any:
        ask = door.call_once if _reserves(request) else door.call
        with _Timed("offers", "decide"):
            return await ask("/v1/decide", request, _SECONDS["decide"], _origin.get().traceparent)

    async def _record(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """For a group of requests, the call is the first one's."""
        response: dict[str, Any] = await self._by_rpc("profiles", "record", arguments)
        return response

    async def _load_fallbacks(self, language: str) -> Any:
        """They are the same for everybody, and anybody may ask: once in ten seconds will do."""
        arguments = {"language": language} if language else {}
        return await self._by_rpc("offers", "fallbacks", arguments)

    async def _by_rpc(self, service: str, method: str, arguments: Mapping[str, Any]) -> Any:
        seconds = _SECONDS.get(method, _OTHERS)
        origin = _origin.get()
        with _Timed(service, method):
            return await self._rpc.call(
                service, method, arguments, seconds, origin.call_id, origin.traceparent
            )


class _Step(NamedTuple):
    """The calls to be made next, or None and what the steps have come to."""

    calls: Calls | None
    result: Any = None


def _take_step(steps: Generator[Calls, Any, Any], answer: Any) -> _Step:
    """Go on with the answer to the last calls, or with the error that came of them."""
    try:
        if isinstance(answer, ServiceError):
            return _Step(steps.throw(answer))
        return _Step(steps.send(answer))
    except StopIteration as end:
        return _Step(None, end.value)


async def _take_at_once(steps: Generator[Calls, Any, Any], answer: Any) -> _Step:
    return _take_step(steps, answer)


TakeStep = Callable[[Generator[Calls, Any, Any], Any], Coroutine[Any, Any, _Step]]


def _reserves(request: Mapping[str, Any]) -> bool:
    """Whether a decision may be one that reserves: only an honest `false`, or none, is not."""
    return request.get("reserve", False) not in (False, None)


class _Timed:
    """Times a call, and notes what became of it."""

    def __init__(self, service: str, method: str) -> None:
        self._service, self._method = service, method
        self._began = time.perf_counter()

    def __enter__(self) -> None:
        self._began = time.perf_counter()

    def __exit__(self, kind: type[BaseException] | None, *_error: object) -> None:
        outcome = "ok" if kind is None else kind.__name__
        seconds = time.perf_counter() - self._began
        CALLS.labels(self._service, self._method, outcome).observe(seconds)
