"""Single events that come within some milliseconds share one call of `profiles.record`.

Each request waits for its own receipts. While as many calls are under way as is useful, the next
one goes on gathering: under load the calls grow, and each event costs less.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from chassis.core.errors import Failure, InvalidInput, ServiceError, Unavailable
from chassis.core.json import dump_json
from services.gateway.server.metrics import GATHERED

_SECONDS = 0.003
_MOST_EVENTS = 100
_MOST_BYTES = 1024 * 1024
_MOST_GATHERED = 10  # events of a request; a batch of its own gains nothing
_CALLS_AT_ONCE = 2
_TURN_SECONDS = 5.0  # that a group waits for its call; the call has a limit of its own

_PLACE = re.compile(r"^events\[(\d+)\]")

Record = Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]


@dataclass(slots=True)
class _Group:
    """The requests that will share a call."""

    events: list[Any] = field(default_factory=list)
    size: int = 0
    places: list[tuple[int, int, asyncio.Future[dict[str, Any]]]] = field(default_factory=list)
    is_full: asyncio.Event = field(default_factory=asyncio.Event)


class Gatherer:
    """Records events by `record`, which takes the arguments of `profiles.record`."""

    def __init__(
        self, record: Record, seconds: float = _SECONDS, turn_seconds: float = _TURN_SECONDS
    ) -> None:
        self._record = record
        self._seconds = seconds
        self._turn_seconds = turn_seconds
        self._groups: dict[str, _Group] = {}
        self._turns = asyncio.Semaphore(_CALLS_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()

    async def record(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The receipts of some events, and a token for them."""
        events, origin = arguments.get("events"), arguments.get("origin")
        size = _size(events) if _can_gather(arguments) else _MOST_BYTES
        if size > _MOST_BYTES // 4:
            return await self._record(arguments)
        group = self._group(str(origin), size)
        reply: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        group.places.append((len(group.events), len(events), reply))  # type: ignore[arg-type]
        group.events.extend(events)  # type: ignore[arg-type]
        group.size += size
        if len(group.events) >= _MOST_EVENTS:
            group.is_full.set()
        return await reply

    def _group(self, origin: str, size: int) -> _Group:
        """The group of an origin that has room for so many bytes more."""
        group = self._groups.get(origin)
        if group is not None:
            if len(group.events) < _MOST_EVENTS and group.size + size <= _MOST_BYTES:
                return group
            group.is_full.set()
        group = self._groups[origin] = _Group()
        task = asyncio.create_task(self._send(origin, group))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return group

    async def _send(self, origin: str, group: _Group) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._seconds):
                await group.is_full.wait()
        try:
            async with asyncio.timeout(self._turn_seconds):
                await self._turns.acquire()
        except TimeoutError:
            _fail(group, Unavailable("profiles", "has as many calls as it answers; try again"))
            return
        finally:
            if self._groups.get(origin) is group:
                del self._groups[origin]
        try:
            await self._call(origin, group)
        finally:
            self._turns.release()

    async def _call(self, origin: str, group: _Group) -> None:
        GATHERED.observe(len(group.events))
        try:
            response = await self._record({"events": group.events, "origin": origin})
        except (InvalidInput, Failure) as error:
            await self._each_alone(origin, group, error)
        except ServiceError as error:
            _fail(group, error)
        except BaseException:
            _fail(group, Unavailable("profiles", "was not reached; try again"))
            raise
        else:
            _answer(group, response["receipts"])

    async def _each_alone(self, origin: str, group: _Group, error: ServiceError) -> None:
        """One of several requests failed with all of them: find out which.

        Once there is no answer, the rest is not tried: each try would take its whole time.
        """
        if len(group.places) == 1:
            _fail(group, error)
            return
        for first, count, reply in group.places:
            part = {"events": group.events[first : first + count], "origin": origin}
            try:
                response = await self._record(part)
            except Unavailable as own:
                _fail(group, own)  # all that has no answer yet
                return
            except ServiceError as own:
                _set_error(reply, own)
            else:
                _set_result(reply, response)


def _can_gather(arguments: Mapping[str, Any]) -> bool:
    events, origin = arguments.get("events"), arguments.get("origin")
    return (
        arguments.keys() == {"events", "origin"}
        and isinstance(origin, str)
        and isinstance(events, list)
        and 0 < len(events) <= _MOST_GATHERED
    )


def _size(events: Any) -> int:
    """How large events are as JSON; too large to be gathered if they cannot be that."""
    try:
        return len(dump_json(events))
    except TypeError:
        return _MOST_BYTES


def _answer(group: _Group, receipts: Sequence[Mapping[str, Any]]) -> None:
    for first, count, reply in group.places:
        own = [_as_if_alone(each, first) for each in receipts[first : first + count]]
        token: dict[str, int] = {}
        for receipt in own:
            for stream, version in receipt.get("token", {}).items():
                token[stream] = max(version, token.get(stream, 0))
        _set_result(reply, {"receipts": own, "token": token})


def _as_if_alone(receipt: Mapping[str, Any], first: int) -> dict[str, Any]:
    """A receipt whose fields are named by the event's place in its own request."""
    changed = dict(receipt)
    for name in ("errors", "warnings"):
        if receipt.get(name):
            changed[name] = [_moved(each, first) for each in receipt[name]]
    if "error" in receipt:
        changed["error"] = _moved(receipt["error"], first)
    return changed


def _moved(message: Mapping[str, Any], first: int) -> dict[str, Any]:
    field_ = _PLACE.sub(lambda found: f"events[{int(found[1]) - first}]", message["field"], 1)
    return {**message, "field": field_}


def _fail(group: _Group, error: ServiceError) -> None:
    for _first, _count, reply in group.places:
        _set_error(reply, error)


def _set_result(reply: asyncio.Future[dict[str, Any]], value: dict[str, Any]) -> None:
    if not reply.done():
        reply.set_result(value)


def _set_error(reply: asyncio.Future[dict[str, Any]], error: ServiceError) -> None:
    if not reply.done():
        reply.set_exception(type(error)(error.subject, error.message))
