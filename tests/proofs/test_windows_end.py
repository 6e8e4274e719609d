"""Windows that end while segments is killed: every exit is published once, at its instant.

Half of the shoppers are found by the timer alone. To the others something happens after the kill,
and a process without a timer applies it: what time had changed by then must come out of the events.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from chassis import HOUR, SECOND, format_instant
from tests.proofs.observer import SuiteObserver
from tests.support.oracle import LoggedEvent, differences, labels
from tests.support.system import ProcessSuite

pytestmark = pytest.mark.timeout(900)

SEGMENTS = """
recent_viewer:
  rule: exists("product_viewed", within="1h")
  description: Has viewed a product within the last hour.
"""
UNTIMED: dict[str, Any] = {
    "program": "tests.proofs.spoiled",
    "environment": {"CDP_SPOILED": "untimed"},
}
_BATCH = 100


@dataclass(frozen=True, slots=True)
class Course:
    """The logs at the end; `killed_after` has the number of exits at each kill."""

    profiles: Sequence[LoggedEvent]
    segments: Sequence[LoggedEvent]
    recorded: dict[str, int]
    killed_after: Sequence[int]
    shoppers: int


def viewed(shopper: int, at: int, kind: str = "product_viewed") -> dict[str, Any]:
    return {
        "id": f"{kind}-{shopper}-{at}",
        "type": kind,
        "time": format_instant(at),
        "identifiers": {"anonymous_id": f"device-{shopper}"},
        "authenticated": False,
        "data": {"product_id": "lamp"},
    }


def now() -> int:
    return time.time_ns() // 1_000


def record(system: ProcessSuite, events: Sequence[dict[str, Any]]) -> None:
    with system.proxy() as proxy:
        for start in range(0, len(events), _BATCH):
            receipts = proxy.profiles.record(events=events[start : start + _BATCH])["receipts"]
            assert {receipt["status"] for receipt in receipts} == {"appended"}


def is_quiet_shopper(shopper: int) -> bool:
    """Whether only the timer tells this shopper's exit."""
    return shopper % 2 == 0


def later_events(shoppers: int) -> list[dict[str, Any]]:
    """An event for every other shopper: a view, or a page, of which the rule reads nothing."""
    return [
        viewed(shopper, now() - 1, ("product_viewed", "page_read")[shopper % 4 // 2])
        for shopper in range(shoppers)
        if not is_quiet_shopper(shopper)
    ]


@pytest.fixture(scope="module")
def course(
    databases: Any,
    virtual_hosts: Any,
    size: Callable[[int, int], int],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Course]:
    directory = tmp_path_factory.mktemp("windows")
    (directory / "segments.yaml").write_text(SEGMENTS)
    shoppers, span = size(80, 2_000), size(3, 40) * SECOND
    environment = {"CDP_CONFIG_DIR": str(directory), "CDP_RECONCILE_SECONDS": "2"}
    services = ("identity", "profiles", "segments")
    began = now()
    with ProcessSuite(
        databases, virtual_hosts, services=services, environment=environment, directory=directory
    ) as system:
        observer = SuiteObserver(system)
        # The slower the machine, the longer until the first window ends.
        first_end = now() + (now() - began) * size(2, 12) // 3
        ends = [first_end + span * shopper // shoppers for shopper in range(shoppers)]
        record(system, [viewed(n, end - HOUR) for n, end in enumerate(ends)])
        system.wait_for(
            lambda: count(observer, "segment_entered") == shoppers, "everybody has entered"
        )
        assert now() < first_end, "the machine is too slow for this proof: let it lead by more"
        killed_after = [kill_when(system, observer, shoppers // 4)]
        time.sleep(max(ends[shoppers * 3 // 4] - now(), 0) / SECOND)
        visits = later_events(shoppers)
        record(system, visits)
        for goal in (killed_after[0] + 1, 0)[-size(1, 2) :]:
            system.start("segments", **UNTIMED, wait=False)
            if not goal:
                observer.wait_until_quiet()
            killed_after.append(kill_when(system, observer, goal))
        time.sleep(max(ends[-1] - now(), 0) / SECOND)
        system.start("segments", wait=False)
        killed_after.append(kill_when(system, observer, killed_after[-1] + 1))
        system.start("segments")
        observer.wait_until_quiet()
        system.wait_for(lambda: not due(observer), "nobody is due")
        recorded = dict(observer.rows("profiles", "SELECT id, recorded_at FROM events"))
        yield Course(
            observer.log("profiles"), observer.log("segments"), recorded, killed_after, shoppers
        )
        observer.close()


def kill_when(system: ProcessSuite, observer: SuiteObserver, exits: int) -> int:
    """Kill segments once there are so many exits; how many there were then."""
    system.wait_for(lambda: count(observer, "segment_exited") >= exits, f"{exits} exits")
    for process in system.alive("segments"):
        system.kill(process)
    return count(observer, "segment_exited")


def count(observer: SuiteObserver, kind: str) -> int:
    [[number]] = observer.rows("segments", f"SELECT count(*) FROM events WHERE type = '{kind}'")
    return int(number)


def due(observer: SuiteObserver) -> int:
    [[number]] = observer.rows(
        "segments", f"SELECT count(*) FROM profiles WHERE next_at <= {now()}"
    )
    return int(number)


def changes_by_history(course: Course) -> dict[str, list[tuple[str, int | None]]]:
    """What each profile's log must say: an exit at the end of a window that nothing prolonged.

    What prolongs it counts once it was recorded. Of an entry no instant is promised.
    """
    profile_of = {stream: profile for stream, (profile, _) in labels(course.profiles).items()}
    expected: dict[str, list[tuple[str, int | None]]] = {}
    ends: dict[str, int] = {}
    for event in course.profiles:
        if event.type != "product_viewed":
            continue
        changes = expected.setdefault(profile_of[event.stream], [])
        end = ends.get(event.stream)
        if end is not None and end < course.recorded[event.id]:
            changes.append(("segment_exited", end))
            end = None
        if end is None:
            changes.append(("segment_entered", None))
        ends[event.stream] = event.at + HOUR
    for stream, end in ends.items():
        if end <= max(course.recorded.values()) + HOUR // 2:
            expected[profile_of[stream]].append(("segment_exited", end))
    return expected


def test_every_exit_is_published_once_and_dated_to_its_instant(course: Course) -> None:
    found: dict[str, list[tuple[str, int | None]]] = {}
    for event in course.segments:
        if event.type.startswith("segment_"):
            at = event.at if event.type == "segment_exited" else None
            found.setdefault(event.stream, []).append((event.type, at))
    expected = changes_by_history(course)
    assert len(expected) == course.shoppers
    flaws = differences("changes", expected, found)
    assert not flaws, "\n".join(flaws)


def test_segments_was_killed_in_the_middle_of_the_exits(course: Course) -> None:
    """With few shoppers the last kill may come when all is done."""
    exits = sum(event.type == "segment_exited" for event in course.segments)
    assert 0 < course.killed_after[0] < course.killed_after[1] < exits
    assert list(course.killed_after) == sorted(course.killed_after)
    print(f"{course.shoppers} shoppers, {exits} exits; killed after {course.killed_after}")


def test_exits_were_found_by_the_timer_and_by_events_both(course: Course) -> None:
    """A process without a timer has told those of the shoppers to whom something happened."""
    quiet = {
        event.stream
        for event in course.segments
        if event.type == "segment_exited" and event.data["reason"] == "time"
    }
    first, applied = course.killed_after[0], course.killed_after[-2]
    assert applied - first > course.shoppers // 8
    assert len(quiet) > applied
