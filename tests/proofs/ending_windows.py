"""What is done to a suite while windows end: segments is killed, and runs without its timer.

Half of the shoppers are found by the timer alone. To the others something happens after the kill,
and a process without a timer applies it: what time had changed by then must come out of the events.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from chassis import HOUR, SECOND, format_instant
from tests.proofs.observer import SuiteObserver
from tests.support.oracle import LoggedEvent, labels
from tests.support.system import ProcessSuite

SEGMENT = "recent_watcher"
WATCHED = "video_watched"
DEFINITION = f"""
{SEGMENT}:
  rule: exists("{WATCHED}", within="1h")
  description: Has watched a video within the last hour.
"""
UNTIMED: dict[str, Any] = {
    "program": "tests.proofs.spoiled",
    "environment": {"CDP_SPOILED": "untimed"},
}
_BATCH = 100


@dataclass(slots=True)
class WindowCourse:
    """What was done, and the logs at the end.

    `killed_after` has the number of exits at each kill, and `untimed` how many there were before
    and after the time in which only events found any.
    """

    shoppers: int
    killed_after: list[int] = field(default_factory=list)
    untimed: tuple[int, int] = (0, 0)
    profiles: Sequence[LoggedEvent] = ()
    segments: Sequence[LoggedEvent] = ()
    recorded: dict[str, int] = field(default_factory=dict)


def happened(shopper: int, at: int, kind: str = WATCHED) -> dict[str, Any]:
    return {
        "id": f"{kind}-{shopper}-{at}",
        "type": kind,
        "time": format_instant(at),
        "identifiers": {"anonymous_id": f"watcher-{shopper}"},
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
    """An event for every other shopper: a video, or a page, of which the rule reads nothing."""
    return [
        happened(shopper, now() - 1, (WATCHED, "help_read")[shopper % 4 // 2])
        for shopper in range(shoppers)
        if not is_quiet_shopper(shopper)
    ]


def end_windows(
    system: ProcessSuite,
    observer: SuiteObserver,
    shoppers: int,
    span: int,
    size: Callable[[int, int], int],
) -> WindowCourse:
    """Have as many windows end within `span` (µs) as there are shoppers, and kill meanwhile."""
    course = WindowCourse(shoppers)
    began = now()
    record(system, [happened(n, began - HOUR, "help_read") for n in range(shoppers)])
    observer.wait_until_quiet()
    # The slower the machine, the longer until the first window ends.
    first_end = now() + size(1, 5) * SECOND + 2 * (now() - began)
    ends = [first_end + span * shopper // shoppers for shopper in range(shoppers)]
    record(system, [happened(n, end - HOUR) for n, end in enumerate(ends)])
    system.wait_for(lambda: count(observer, "entered") == shoppers, "everybody has entered")
    assert now() < first_end, "the machine is too slow for this proof: let it lead by more"
    kill_when(system, observer, shoppers // 4, course)
    time.sleep(max(ends[shoppers * 3 // 4] - now(), 0) / SECOND)
    before = count(observer, "exited")
    record(system, later_events(shoppers))
    for is_last in (False, True)[-size(1, 2) :]:
        system.start("segments", **UNTIMED, wait=False)
        if is_last:
            observer.wait_until_quiet()
        kill_when(system, observer, 0 if is_last else before + 1, course)
    course.untimed = before, count(observer, "exited")
    time.sleep(max(ends[-1] - now(), 0) / SECOND)
    for _ in range(size(0, 1)):
        system.start("segments", wait=False)
        kill_when(system, observer, course.killed_after[-1] + 1, course)
    system.start("segments")
    observer.wait_until_quiet()
    system.wait_for(lambda: not due(observer), "nobody is due")
    course.recorded = dict(observer.rows("profiles", "SELECT id, recorded_at FROM events"))
    course.profiles, course.segments = observer.log("profiles"), observer.log("segments")
    return course


def kill_when(
    system: ProcessSuite, observer: SuiteObserver, exits: int, course: WindowCourse
) -> None:
    """Kill segments once there are so many exits, and note how many there were then."""
    system.wait_for(lambda: count(observer, "exited") >= exits, f"{exits} exits")
    for process in system.alive("segments"):
        system.kill(process)
    course.killed_after.append(count(observer, "exited"))


def count(observer: SuiteObserver, change: str) -> int:
    query = (
        f"SELECT count(*) FROM events WHERE type = 'segment_{change}'"
        f" AND data ->> 'segment' = '{SEGMENT}'"
    )
    [[number]] = observer.rows("segments", query)
    return int(number)


def due(observer: SuiteObserver) -> int:
    [[number]] = observer.rows(
        "segments", f"SELECT count(*) FROM profiles WHERE next_at <= {now()}"
    )
    return int(number)


def changes_by_history(course: WindowCourse) -> dict[str, list[tuple[str, int | None]]]:
    """What each profile's log must say: an exit at the end of a window that nothing prolonged.

    What prolongs it counts once it was recorded. Of an entry no instant is promised.
    """
    profile_of = {stream: profile for stream, (profile, _) in labels(course.profiles).items()}
    expected: dict[str, list[tuple[str, int | None]]] = {}
    ends: dict[str, int] = {}
    for event in course.profiles:
        if event.type != WATCHED:
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


def changes_in_log(course: WindowCourse) -> dict[str, list[tuple[str, int | None]]]:
    """What each profile's log says of the segment."""
    found: dict[str, list[tuple[str, int | None]]] = {}
    for event in course.segments:
        if event.data.get("segment") == SEGMENT:
            at = event.at if event.type == "segment_exited" else None
            found.setdefault(event.stream, []).append((event.type, at))
    return found
