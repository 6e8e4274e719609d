"""Reading what the call `status` answers: see `contracts.common.StatusResponse`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chassis.core.instants import parse_instant

RECENT_MS = 10_000  # who is killed or hangs is counted for no longer
LIVING_MS = 20_000  # since the last sign of life, of which one is due every five seconds
STARTING_MS = 10_000  # since the first sign of life: two more are due by then
LOST_MS = 600_000  # who has been silent for longer is not missed any more


def gauge_value(status: Mapping[str, Any], name: str) -> float:
    """The sum of a gauge's values; 0 if the service has none of that name."""
    return sum(float(each["value"]) for each in status["gauges"] if each["name"] == name)


def by_source(status: Mapping[str, Any], name: str) -> dict[str, int]:
    """A gauge's value by source."""
    return {
        each["labels"]["source"]: int(each["value"])
        for each in status["gauges"]
        if each["name"] == name and "source" in each["labels"]
    }


def living(status: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The processes that have just given a sign of life."""
    return [each for each in status["replicas"] if each["seen_ms"] < LIVING_MS]


def lives(status: Mapping[str, Any], role: str) -> bool:
    """Whether a process lives that serves `role`."""
    return any(each["role"] in (role, "all") for each in living(status))


def is_starting(replica: Mapping[str, Any], status: Mapping[str, Any]) -> bool:
    """Whether a process had no time yet to hear itself through the broker and to say so."""
    age = parse_instant(status["now"]) - parse_instant(replica["started_at"])
    return age < 1_000 * STARTING_MS


def is_lost(replica: Mapping[str, Any], status: Mapping[str, Any]) -> bool:
    """Whether a process vanished, and none of its role was started in its place."""
    if not LIVING_MS <= replica["seen_ms"] < LOST_MS:
        return False
    seen = parse_instant(status["now"]) - 1_000 * replica["seen_ms"]
    return not any(
        each["role"] == replica["role"] and parse_instant(each["started_at"]) >= seen
        for each in living(status)
    )
