"""The history of a log over a broker that takes no message over some size."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from chassis.core.errors import Refused
from chassis.database.engine import Database
from chassis.eventlog.reader import EVENTS_A_PAGE, RemoteLog
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from chassis.projections.inbox import Inbox
from chassis.runtime.log_follower import LogFollower
from tests.support.toy import Notes, append, fold_of, folds, note, whole_log, work_on

LARGEST = 4_000


class SmallBroker:
    """Calls to a source, whose responses a broker refuses if they are over LARGEST bytes."""

    def __init__(self, log: UnitOfWorkRunner) -> None:
        self._log = log
        self.largest = LARGEST
        self.calls = 0
        self.refusals = 0

    def call(self, method: str, streams: Any, limit: int, timeout: float = 1.0) -> Any:
        assert (method, timeout > 0) == ("history", True)
        self.calls += 1
        after = {each["stream"]: each["after"] for each in streams}
        events = self._log.read(lambda unit: unit.raw_history(after, limit))
        response = {"events": [event.to_wire() for event in events]}
        if len(json.dumps(response)) > self.largest:
            self.refusals += 1
            raise Refused("response", "is larger than the broker takes in one message")
        return response


@pytest.fixture
def log(toy: Callable[[], Database]) -> UnitOfWorkRunner:
    return work_on(toy())


@pytest.fixture
def inbox(toy: Callable[[], Database]) -> Inbox:
    return Inbox(work_on(toy(), "follower"), "notes")


def put(log: UnitOfWorkRunner, stream: str, characters: int) -> None:
    append(log, note(stream, 1, data={"amount": 1, "text": "x" * characters}))


def test_one_event_that_no_message_holds_is_found_alone(log: UnitOfWorkRunner) -> None:
    streams = [f"s{number:02}" for number in range(100)]
    append(log, *(note(stream) for stream in streams if stream != "s41"))
    put(log, "s41", LARGEST)
    source = RemoteLog(SmallBroker(log).call)
    wanted, seen, too_large = dict.fromkeys(streams, 0), set(), set()
    while wanted:
        page = source.history(wanted)
        seen |= {event.stream for event in page.events}
        too_large |= set(page.asked) if page.too_large else set()
        wanted = {stream: 0 for stream in streams if stream not in seen | too_large}
    assert (too_large, len(seen)) == ({"s41"}, 99)


def test_a_page_says_that_it_was_cut_off_however_small_it_is(log: UnitOfWorkRunner) -> None:
    for number in range(12):
        put(log, f"s{number % 2}", LARGEST // 8)
    broker = SmallBroker(log)
    source = RemoteLog(broker.call)
    after, cut_off, pages = {"s0": 0, "s1": 0}, True, 0
    while cut_off:
        page = source.history(after)
        assert len(page.events) < EVENTS_A_PAGE
        assert page.asked == ["s0", "s1"]
        after |= {event.stream: event.version for event in page.events}
        cut_off, pages = page.cut_off, pages + 1
    assert after == {"s0": 6, "s1": 6}
    assert broker.refusals <= 4 + pages // 2, "the size that worked is kept"


def test_who_reads_its_own_writes_is_told_at_once_that_one_is_too_large(
    log: UnitOfWorkRunner, inbox: Inbox
) -> None:
    put(log, "large", LARGEST)
    append(log, note("small"))
    broker = SmallBroker(log)
    follower = LogFollower(inbox, broker)  # type: ignore[arg-type]
    assert not follower.catch_up({"large": 1}, Notes(), 60.0)
    assert broker.calls < 10
    assert follower.catch_up({"small": 1}, Notes(), 60.0)
    broker.largest = 10 * LARGEST
    assert follower.catch_up({"large": 1}, Notes(), 60.0)
    read = inbox.work.read(lambda unit: folds(unit.connection, ["large", "small"]))
    events = whole_log(log)
    assert read == {stream: (1, fold_of(events[stream])) for stream in ("large", "small")}
