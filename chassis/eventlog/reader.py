"""Reading a whole log: another service's over RPC, or the service's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from chassis.core.errors import NotFound, Refused, Unavailable
from chassis.core.event import Event
from chassis.eventlog.log import HEADS_A_PAGE, Head, HeadCursor, HeadsPage
from chassis.eventlog.unit_of_work import UnitOfWork

EVENTS_A_PAGE = 500
_LESS = 4  # so many times fewer events are asked for, if the response is too large
_MORE = 4  # a part of this size more are asked for, if it was not


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Events, sorted by stream and version, of the streams that were `asked` for.

    Those are fewer than were wanted if the next event of one is too large for a message; if it is
    found, it is alone and `too_large`. A page that is `cut_off` had no room for more: a stream that
    it has nothing of may have more events, and any other stream has no more than those here.
    """

    events: Sequence[Event]
    asked: Sequence[str]
    cut_off: bool = False
    too_large: bool = False


class LogReader(Protocol):
    """A log, read page by page."""

    def history(self, after: Mapping[str, int]) -> HistoryPage:
        """The next events of the streams in `after`, each past its version there."""
        ...

    def heads(self, after: HeadCursor) -> HeadsPage:
        """The next page of the log's heads, in the order of the log's transactions."""
        ...

    def heads_of(self, streams: Sequence[str]) -> HeadsPage:
        """The heads of those of `streams` (a page of them at most) that the log has."""
        ...


class RemoteLog:
    """Another service's log; `call(method, **arguments)` calls the service over RPC.

    The next page of a history has about as many events as a message held the last time.
    """

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call
        self._limit = EVENTS_A_PAGE

    def history(self, after: Mapping[str, int]) -> HistoryPage:
        asked, limit = list(after), self._limit
        while True:
            streams = [{"stream": stream, "after": after[stream]} for stream in asked]
            try:
                page = self._call("history", streams=streams, limit=limit)
            except Refused:  # a page of events as large as they may be is more than a message holds
                if limit == 1 and len(asked) == 1:
                    return HistoryPage([], asked, too_large=True)
                if limit == 1:  # the first event of all is too large: in which half is it?
                    asked = asked[: len(asked) // 2]
                self._limit = limit = max(1, limit // _LESS)
            else:
                self._limit = min(EVENTS_A_PAGE, limit + limit // _MORE + 1)
                events = [Event.from_wire(wire) for wire in page["events"]]
                return HistoryPage(events, asked, cut_off=len(events) >= limit)

    def heads(self, after: HeadCursor) -> HeadsPage:
        return self._page(after=after._asdict(), limit=HEADS_A_PAGE)

    def heads_of(self, streams: Sequence[str]) -> HeadsPage:
        return self._page(streams=list(streams))

    def _page(self, **arguments: Any) -> HeadsPage:
        try:
            page = self._call("heads", **arguments)
        except NotFound:  # its release knows heads by the clock alone, which may miss some
            raise Unavailable("heads", "are not known to the source's release yet") from None
        heads = [Head(**head) for head in page["streams"]]
        return HeadsPage(heads, page["horizon"], page["incarnation"])


class OwnLog:
    """The service's own log; `read` runs a function in a unit of work on its database."""

    def __init__(self, read: Callable[[Callable[[UnitOfWork], Any]], Any]) -> None:
        self._read = read

    def history(self, after: Mapping[str, int]) -> HistoryPage:
        events: Sequence[Event] = self._read(lambda unit: unit.raw_history(after, EVENTS_A_PAGE))
        return HistoryPage(events, list(after), cut_off=len(events) >= EVENTS_A_PAGE)

    def heads(self, after: HeadCursor) -> HeadsPage:
        page: HeadsPage = self._read(lambda unit: unit.heads(after, HEADS_A_PAGE))
        return page

    def heads_of(self, streams: Sequence[str]) -> HeadsPage:
        page: HeadsPage = self._read(lambda unit: unit.heads_of(streams))
        return page
