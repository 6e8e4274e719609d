from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Event
from typing import Any

import eventlet
import pytest

from chassis import Unavailable
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from chassis.projections.inbox import Inbox
from chassis.runtime.log_follower import LogFollower
from tests.support.toy import Notes, append, note, work_on


class NobodyToCall:
    """The source, which nobody needs: another worker has applied everything."""

    def call(self, method: str, **_arguments: Any) -> Any:
        raise AssertionError(f"{method} was called")


@pytest.fixture
def log(toy: Callable[[], Database]) -> UnitOfWorkRunner:
    return work_on(toy())


@pytest.fixture
def inbox(toy: Callable[[], Database]) -> Inbox:
    return Inbox(work_on(toy(), "follower"), "notes")


def test_what_another_worker_applies_between_two_looks_is_not_stale(
    log: UnitOfWorkRunner, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = append(log, note("a"), note("a"))
    look = inbox.lagging

    def look_after_another_worker(wanted: Mapping[str, int]) -> dict[str, int]:
        inbox.process(events, Notes())
        return look(wanted)

    monkeypatch.setattr(inbox, "lagging", look_after_another_worker)
    follower = LogFollower(inbox, NobodyToCall())  # type: ignore[arg-type]
    assert follower.catch_up({"a": 2}, Notes(), 5.0)


class SilentSource:
    """The source, which does not answer before it is told to."""

    def __init__(self) -> None:
        self.answering = Event()
        self.calls = 0

    def call(self, _method: str, **_arguments: Any) -> Any:
        self.calls += 1
        self.answering.wait()
        raise Unavailable("notes", "does not answer")


def test_made_up_versions_by_the_hundred_leave_room_for_other_callers(
    log: UnitOfWorkRunner, inbox: Inbox
) -> None:
    source = SilentSource()
    follower = LogFollower(inbox, source)  # type: ignore[arg-type]
    forged = [
        eventlet.spawn(follower.catch_up, {f"forged-{number}": 9}, Notes(), 60.0)
        for number in range(100)
    ]
    while source.calls < 4 or sum(each.dead for each in forged) < 96:
        eventlet.sleep(0.01)
    inbox.process(append(log, note("a")), Notes())
    assert follower.catch_up({"a": 1}, Notes(), 60.0)
    source.answering.set()
    assert [each.wait() for each in forged] == [False] * 100
    assert source.calls == 4
    assert not follower.catch_up({"forged": 9}, Notes(), 60.0)  # there is room again
    assert source.calls == 5
