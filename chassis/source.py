"""Another service's log, asked over RPC for what did not come as a message."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from itertools import islice

from chassis.errors import Unavailable
from chassis.event import Event
from chassis.inbox import HEADS_A_PAGE, Batch, Inbox, Outcome
from chassis.log import Head
from chassis.rpc import RemoteService

STREAMS_A_CALL = 100
EVENTS_A_CALL = 500


class Source:
    """The log of another service, and the inbox that follows it."""

    def __init__(self, inbox: Inbox, remote: RemoteService) -> None:
        self.inbox = inbox
        self._remote = remote

    def history(self, after: Mapping[str, int], timeout: float | None = None) -> list[Event]:
        """The next events of the streams in `after`, each past the version given."""
        streams = [{"stream": stream, "after": version} for stream, version in after.items()]
        found = self._remote.call("history", timeout, streams=streams, limit=EVENTS_A_CALL)
        return [Event.from_wire(wire) for wire in found["events"]]

    def heads(self, changed_since: int, after: str) -> Sequence[Head]:
        """The next page of the log's heads, in order of their change."""
        page = self._remote.call(
            "streams", changed_since=changed_since, after=after, limit=HEADS_A_PAGE
        )
        return [Head(h["stream"], h["version"], h["changed_at"]) for h in page["streams"]]

    def catch_up(
        self,
        at_least: Mapping[str, int],
        apply: Callable[[Batch], Outcome],
        seconds: float,
    ) -> bool:
        """Fetch and apply until each stream in `at_least` is at its version; False if too late.

        `apply` is the service's own subscriber method. What a joint fact needs of other streams
        is fetched too. Nothing is noted of versions that may not exist: a caller gave them.
        """
        deadline = time.monotonic() + seconds
        wanted = dict(at_least)
        while not self._has(at_least):
            behind = self.inbox.short_of(wanted)
            left = deadline - time.monotonic()
            if not behind or left <= 0:
                return False
            try:
                events = self.history(dict(islice(behind.items(), STREAMS_A_CALL)), timeout=left)
                outcome = apply(Batch(self.inbox, events))
            except Unavailable:
                return self._has(at_least)
            if not outcome.applied:
                for event in events:
                    for stream, version in event.versions.items():
                        wanted[stream] = max(wanted.get(stream, 0), version)
                time.sleep(min(0.005, left))  # another replica may hold what is missing
        return True

    def _has(self, at_least: Mapping[str, int]) -> bool:
        versions = self.inbox.versions(at_least)
        return all(versions[stream] >= version for stream, version in at_least.items())
