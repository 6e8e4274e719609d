"""Which calls of a queue are too many, by a queue whose times are worked out, not waited for."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import pytest

from chassis.runtime.backlog import Backlog

MS = 0.001  # seconds
SECONDS = 10


class MillisecondClock:
    """Shows whole milliseconds, in seconds."""

    def __init__(self) -> None:
        self.ms = 0

    def __call__(self) -> float:
        return self.ms * MS


@dataclass
class SimulatedReplica:
    """A process that handles a call in `ms`, and asks about the queue when it takes one."""

    clock: MillisecondClock
    ms: int = 5
    is_aware: bool = True
    free_at: int = 0
    waits: list[float] = field(default_factory=list)  # of the calls that it has handled, in seconds
    sent_away: int = 0
    backlog: Backlog = field(init=False)

    def __post_init__(self) -> None:
        self.backlog = Backlog(clock=self.clock)

    def work(self, queue: deque[int], replicas: int) -> None:
        """Take what there is time for."""
        while queue and self.free_at <= self.clock.ms:
            came = queue.popleft()
            if self.is_aware and self.backlog.is_due():
                self.backlog.read(len(queue), replicas)
            if self.backlog.take():
                self.sent_away += 1
                continue
            self.waits.append((self.clock.ms - came) * MS)
            self.free_at = self.clock.ms + self.ms
            self.backlog.note_handled()


def run(rate: float, *replicas: SimulatedReplica, burst: int = 0) -> tuple[list[float], int]:
    """Ten seconds of calls at a rate, after a burst: the waits, and how many were sent away."""
    clock = replicas[0].clock
    queue: deque[int] = deque([0] * burst)
    arrived = 0
    for clock.ms in range(SECONDS * 1_000):
        while arrived <= rate * clock():
            queue.append(clock.ms)
            arrived += 1
        for replica in replicas:
            replica.work(queue, len(replicas))
    waits = [wait for replica in replicas for wait in replica.waits]
    return waits, sum(replica.sent_away for replica in replicas)


def replicas(count: int) -> list[SimulatedReplica]:
    clock = MillisecondClock()
    return [SimulatedReplica(clock) for _ in range(count)]


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("times", [1.2, 2.0, 10.0])
def test_above_capacity_what_is_handled_has_not_waited_long(count: int, times: float) -> None:
    waits, sent_away = run(times * 200 * count, *replicas(count))
    assert max(waits) <= 0.1
    assert len(waits) == pytest.approx(SECONDS * 200 * count, rel=0.02), "no time is lost"
    surplus = SECONDS * 200 * count * (times - 1)
    assert sent_away == pytest.approx(surplus, rel=0.1)


def test_without_it_each_would_wait_for_all_before_it() -> None:
    waits, sent_away = run(400, SimulatedReplica(MillisecondClock(), is_aware=False))
    assert max(waits) > 4.0
    assert sent_away == 0


@pytest.mark.parametrize("count", [1, 3])
def test_below_capacity_nobody_is_sent_away(count: int) -> None:
    assert run(0.9 * 200 * count, *replicas(count))[1] == 0


def test_a_small_burst_is_handled() -> None:
    assert run(100, *replicas(1), burst=12)[1] == 0


def test_of_a_large_burst_those_are_sent_away_that_would_wait_too_long() -> None:
    waits, sent_away = run(1, *replicas(1), burst=500)
    assert sent_away > 450
    assert max(waits) < 0.2


def test_a_slow_replica_sends_nobody_away_whom_a_quick_one_has_time_for() -> None:
    clock = MillisecondClock()
    waits, sent_away = run(190, SimulatedReplica(clock), SimulatedReplica(clock, ms=100))
    assert sent_away == 0
    assert max(waits) < 0.1


def test_the_broker_is_asked_once_in_a_pause() -> None:
    clock = MillisecondClock()
    backlog = Backlog(clock=clock)
    asked = 0
    for clock.ms in range(1_000):
        asked += backlog.is_due()
    assert asked == 40


def test_what_was_read_long_ago_says_nothing() -> None:
    clock = MillisecondClock()
    backlog = Backlog(clock=clock)
    for clock.ms in (1_000, 2_000, 3_000):
        backlog.note_handled()
        backlog.read(1_000, 1)
        assert not backlog.take()


def test_nobody_is_sent_away_before_it_is_known_how_many_are_handled() -> None:
    clock = MillisecondClock()
    backlog = Backlog(clock=clock)
    for clock.ms in range(0, 250, 25):
        backlog.read(1_000, 1)
        assert not backlog.take()
