"""Reading a whole log: another service's over RPC, or the service's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from chassis.core.event import Event
from chassis.eventlog.log import HEADS_A_PAGE, Head
from chassis.eventlog.unit_of_work import UnitOfWork

EVENTS_A_PAGE = 500


class LogReader(Protocol):
    """A log, read page by page."""

    def history(self, after: Mapping[str, int]) -> Sequence[Event]:
        """The next events of the streams in `after`, each past its version there."""
        ...

    def heads(self, changed_since: int, after: str) -> Sequence[Head]:
        """The next page of the log's heads, in order of change."""
        ...


class RemoteLog:
    """Another service's log; `call(method, **arguments)` calls the service over RPC."""

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call

    def history(self, after: Mapping[str, int]) -> Sequence[Event]:
        streams = [{"stream": stream, "after": version} for stream, version in after.items()]
        page = self._call("history", streams=streams, limit=EVENTS_A_PAGE)
        return [Event.from_wire(wire) for wire in page["events"]]

    def heads(self, changed_since: int, after: str) -> Sequence[Head]:
        page = self._call("streams", changed_since=changed_since, after=after, limit=HEADS_A_PAGE)
        return [Head(h["stream"], h["version"], h["changed_at"]) for h in page["streams"]]


class OwnLog:
    """The service's own log; `read` runs a function in a unit of work on its database."""

    def __init__(self, read: Callable[[Callable[[UnitOfWork], Any]], Any]) -> None:
        self._read = read

    def history(self, after: Mapping[str, int]) -> Sequence[Event]:
        events: Sequence[Event] = self._read(lambda unit: unit.raw_history(after, EVENTS_A_PAGE))
        return events

    def heads(self, changed_since: int, after: str) -> Sequence[Head]:
        read = self._read
        page: Sequence[Head] = read(lambda unit: unit.heads(changed_since, after, HEADS_A_PAGE))
        return page
