"""Identity is killed while shops send: all is accepted, and recorded in order afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.proofs.observer import SuiteObserver
from tests.support.system import ProcessSuite


def event(number: int, person: int) -> dict[str, Any]:
    return {
        "id": f"event-{number:05}",
        "type": "page_read",
        "time": "2026-11-21T19:00:00Z",
        "identifiers": {"anonymous_id": f"device-{person}"},
        "authenticated": False,
        "data": {"number": number},
    }


def test_what_is_sent_while_identity_is_dead_is_accepted_and_recorded_in_order(
    suite: Callable[..., ProcessSuite], size: Callable[[int, int], int]
) -> None:
    calls = size(30, 200)
    system = suite(
        services=("identity", "profiles"),
        environment={"CDP_CLOCK": "2026-11-21T19:30:00Z"},
        replicas=2,
    )
    events = [event(number, number % 7) for number in range(calls * 10)]
    statuses: list[str] = []

    def send(part: int) -> None:
        with system.proxy() as proxy:
            for start in range(part * len(events) // 3, (part + 1) * len(events) // 3, 10):
                receipts = proxy.profiles.record(events=events[start : start + 10])["receipts"]
                statuses.extend(receipt["status"] for receipt in receipts)

    send(0)
    for process in system.alive("identity"):
        system.kill(process)
    send(1)
    assert set(statuses[len(events) // 3 + 10 :]) == {"accepted"}
    system.kill(system.alive("profiles")[0])
    system.start("identity")
    send(2)
    observer = SuiteObserver(system)
    seconds = observer.wait_until_quiet()
    print(f"{statuses.count('accepted')} of {len(events)} waited; quiet after {seconds:.1f} s")
    rows = observer.rows(
        "profiles",
        "SELECT stream_id, id FROM events WHERE type = 'page_read' ORDER BY stream_id, version",
    )
    observer.close()
    assert sorted(id_ for _, id_ in rows) == [each["id"] for each in events]
    for stream in {stream for stream, _ in rows}:
        ids = [id_ for other, id_ in rows if other == stream]
        assert ids == sorted(ids)
    deadline = time.monotonic() + 30
    while system.call("profiles", "record", events=[event(99_999, 1)])["receipts"][0][
        "status"
    ] not in ("appended", "duplicate"):
        assert time.monotonic() < deadline
        time.sleep(0.5)
