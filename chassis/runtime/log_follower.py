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
from chassis.runtime.remote import RemoteService, SafeReplyListener, background_remote
from chassis.runtime.shared import SharedResources

STREAMS_A_CALL = 100
_MOST_WAITING = 4  # of a process: whoever makes versions up leaves room for everybody else
_HISTORY_SECONDS = 5.0
_LEAST_SECONDS = 0.001


class LogFollower:
    """The log of another service, and the inbox that follows it."""

    def __init__(self, inbox: Inbox, remote: RemoteService) -> None:
        self.inbox = inbox
        self.log = RemoteLog(remote.call)
        self._remote = remote
        self._waiting = 0

    def catch_up(
        self,
        at_least: Mapping[str, int],
        projection: Projection,
        seconds: float,
    ) -> bool:
        """Fetch and apply until each stream in `at_least` is at its version; False if too late.

        `projection` is that of the service's subscriber. What a joint fact needs of other streams
        is fetched too. The versions are not noted as seen: a caller may have made them up. For the
        same reason only a few wait at once; the others are told at once how it is.
        """
        if self._reached(at_least):
            return True
        if self._waiting >= _MOST_WAITING:
            return False
        self._waiting += 1
        try:
            return self._catch_up(at_least, projection, seconds)
        finally:
            self._waiting -= 1

    def _catch_up(
        self, at_least: Mapping[str, int], projection: Projection, seconds: float
    ) -> bool:
        deadline = time.monotonic() + seconds
        targets = dict(at_least)
        log = RemoteLog(partial(self._call_before, deadline))
        while not self._reached(at_least):
            behind = self.inbox.lagging(targets)
            if not behind or time.monotonic() >= deadline:
                return self._reached(at_least)  # another worker may have applied the rest just now
            try:
                page = log.history(dict(islice(behind.items(), STREAMS_A_CALL)))
                result = self.inbox.process(page.events, projection)
            except Unavailable:
                return self._reached(at_least)
            if page.too_large:  # it will not come
                return self._reached(at_least)
            if not result.applied:
                for event in page.events:
                    for stream, version in event.versions.items():
                        targets[stream] = max(targets.get(stream, 0), version)
                time.sleep(0.005)  # another replica may be applying it
        return True

    def _call_before(self, deadline: float, method: str, **arguments: Any) -> Any:
        seconds = max(_LEAST_SECONDS, deadline - time.monotonic())
        return self._remote.call(method, timeout=seconds, **arguments)

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
