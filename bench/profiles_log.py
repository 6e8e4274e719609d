"""Events in profiles' log, published as profiles does, at a rate that no shop reaches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import eventlet

from bench.flow import PipelineDatabases
from chassis import Draft, SystemClock, new_id
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from chassis.messaging.publisher import BrokerPublisher
from tests.support.system import ProcessSuite

_EVENTS_A_UNIT = 100
_PUBLISH_SECONDS = 60.0


class ProfilesLogWriter:
    """Profiles' log, written by this process: for benches that are not about recording."""

    def __init__(self, runner: UnitOfWorkRunner, publisher: BrokerPublisher) -> None:
        self._runner = runner
        self._publisher = publisher

    def know(self, streams: Sequence[str]) -> None:
        """Have each stream begin, as a profile of its own."""
        now = self._runner.clock.now()
        self.append([Draft(new_id(), s, "identity_changed", _created(s), now) for s in streams])

    def append(self, drafts: Sequence[Draft]) -> None:
        """Append events, and return when the broker has confirmed all of them."""
        for first in range(0, len(drafts), _EVENTS_A_UNIT):
            page = drafts[first : first + _EVENTS_A_UNIT]
            self._runner.run(partial(UnitOfWork.append, drafts=page))
            eventlet.sleep(0)
        self._publisher.flush(_PUBLISH_SECONDS)


@contextmanager
def profiles_log(suite: ProcessSuite) -> Iterator[ProfilesLogWriter]:
    """The log of the suite's profiles."""
    database = Database(suite.user_uris["profiles"])
    runner = UnitOfWorkRunner(database, "profiles", SystemClock())
    publisher = BrokerPublisher(suite.virtual_host.uri("profiles"), runner)
    runner.publisher = publisher
    publishing = eventlet.spawn(publisher.run)
    try:
        yield ProfilesLogWriter(runner, publisher)
    finally:
        publishing.kill()
        publisher.close()
        database.close()


def wait_until_applied(databases: PipelineDatabases) -> int:
    """Wait until segments has applied all of profiles' log; how many events that has."""
    logged = databases.logged("profiles")
    while databases.applied("segments", "profiles") < logged:
        eventlet.sleep(0.02)
    return logged


def _created(stream: str) -> Mapping[str, Any]:
    entry = {"stream": stream, "profile_id": stream, "epoch": 1, "identifiers": []}
    return {"reason": "created", "streams": [{**entry, "version": 1}]}
