"""A process whose clock is wrong behaves as the others do: the database's clock counts."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

from chassis import MINUTE, format_instant, new_id, parse_instant
from tests.support.system import ProcessSuite

DAY_AHEAD, THREE_MINUTES_BEHIND = 86_400, -180
ERRORS = {"identity": DAY_AHEAD, "profiles": DAY_AHEAD, "offers": THREE_MINUTES_BEHIND}


def test_a_process_with_a_wrong_clock_dates_nothing_wrong(
    suite: Callable[..., ProcessSuite],
) -> None:
    system = suite(services=tuple(ERRORS))
    right = list(system.processes)
    for service, error in ERRORS.items():
        environment = {"CDP_CLOCK_ERROR": str(error)}
        program = "tests.support.wrong_clock"
        system.start(service, program=program, environment=environment, wait=False)
    for process in right:
        system.kill(process)
    system.wait_until_ready()
    _record(system)
    assert _is_now(system.call("profiles", "ping")["now"])
    (recorded,) = _column(system, "profiles", "SELECT recorded_at FROM events WHERE type = 'paid'")
    assert _is_now(recorded)
    decision = _decide(system)
    assert decision["degraded"] == []
    assert _is_now(decision["decided_at"])


def _record(system: ProcessSuite) -> None:
    event = {
        "id": new_id(),
        "type": "paid",
        "time": format_instant(time.time_ns() // 1_000),
        "identifiers": {"user_id": "u-1"},
        "authenticated": True,
    }
    response = system.call("profiles", "record", events=[event])
    assert [receipt["status"] for receipt in response["receipts"]] == ["appended"]


def _decide(system: ProcessSuite) -> Any:
    request = {
        "placement": "checkout",
        "identifiers": {"user_id": "u-1"},
        "authenticated": True,
        "deadline_ms": 20_000,
    }
    return system.call("offers", "decide", request=request)


def _column(system: ProcessSuite, service: str, query: str) -> list[Any]:
    with closing(system.administrator(service)) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return [value for (value,) in cursor]


def _is_now(instant: str | int) -> bool:
    at = parse_instant(instant) if isinstance(instant, str) else instant
    return abs(at - time.time_ns() // 1_000) < MINUTE
