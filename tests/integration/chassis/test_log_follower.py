from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

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
