"""Another service's log, asked over RPC for what did not come as a message."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from itertools import islice

from chassis.core.errors import Unavailable
from chassis.eventlog.reader import RemoteLog
from chassis.projections.inbox import Inbox, Projection
from chassis.runtime.rpc import RemoteService

STREAMS_A_CALL = 100


class LogFollower:
    """The log of another service, and the inbox that follows it."""

    def __init__(self, inbox: Inbox, remote: RemoteService) -> None:
        self.inbox = inbox
        self.log = RemoteLog(remote.call)
        self._remote = remote

    def catch_up(
        self,
        at_least: Mapping[str, int],
        projection: Projection,
        seconds: float,
    ) -> bool:
        """Fetch and apply until each stream in `at_least` is at its version; False if too late.

        `projection` is that of the service's subscriber. What a joint fact needs of other streams
        is fetched too. Nothing is noted of versions that may not exist: a caller gave them.
        """
        deadline = time.monotonic() + seconds
        wanted = dict(at_least)
        while not self._has(at_least):
            behind = self.inbox.lagging(wanted)
            left = deadline - time.monotonic()
            if not behind or left <= 0:
                return False
            try:
                log = RemoteLog(partial(self._remote.call, timeout=left))
                events = log.history(dict(islice(behind.items(), STREAMS_A_CALL)))
                outcome = self.inbox.process(events, projection)
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
