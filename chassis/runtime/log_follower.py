"""Another service's log, read over RPC for events that no message brought."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from itertools import islice
from typing import Any

from nameko.extensions import DependencyProvider

from chassis.core.errors import Unavailable
from chassis.eventlog.reader import RemoteLog
from chassis.projections.inbox import Inbox, Projection
from chassis.runtime.rpc import RemoteService, SafeReplyListener, background_remote
from chassis.runtime.shared import SharedResources

STREAMS_A_CALL = 100
_HISTORY_SECONDS = 5.0


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
        is fetched too. The versions are not noted as seen: a caller may have made them up.
        """
        deadline = time.monotonic() + seconds
        targets = dict(at_least)
        while not self._reached(at_least):
            behind = self.inbox.lagging(targets)
            seconds_left = deadline - time.monotonic()
            if not behind or seconds_left <= 0:
                return self._reached(at_least)  # another worker may have applied the rest just now
            try:
                log = RemoteLog(partial(self._remote.call, timeout=seconds_left))
                events = log.history(dict(islice(behind.items(), STREAMS_A_CALL)))
                result = self.inbox.process(events, projection)
            except Unavailable:
                return self._reached(at_least)
            if not result.applied:
                for event in events:
                    for stream, version in event.versions.items():
                        targets[stream] = max(targets.get(stream, 0), version)
                time.sleep(min(0.005, seconds_left))  # another replica may be applying it
        return True

    def _reached(self, at_least: Mapping[str, int]) -> bool:
        versions = self.inbox.versions(at_least)
        return all(versions[stream] >= version for stream, version in at_least.items())


class FollowedLog(DependencyProvider):
    """Dependency on another service's log: `self.profiles_log.catch_up(at_least, …)`."""

    shared = SharedResources()
    listener = SafeReplyListener()

    def __init__(self, source: str) -> None:
        self.source_name = source
        self._follower: LogFollower | None = None

    def get_dependency(self, worker_ctx: Any) -> LogFollower:
        del worker_ctx
        if self._follower is None:
            self._follower = open_log_follower(self, self.source_name)
        return self._follower


def open_log_follower(extension: Any, source: str) -> LogFollower:
    """The log of `source`, as the service of a nameko extension follows it."""
    container = extension.container
    runner = extension.shared.unit_of_work_runner()
    inbox = Inbox(runner, source, container.service_cls.upcasters)
    remote = background_remote(container, source, extension.listener, _HISTORY_SECONDS)
    return LogFollower(inbox, remote)
