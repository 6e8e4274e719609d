"""When a delivery is tried again that could not be recorded."""

from __future__ import annotations

from chassis.core.instants import SECOND
from services.gateway.domain.webhooks.retries import (
    LONGEST_OUTAGE_PAUSE,
    LONGEST_PAUSE,
    pause_before_retry,
)


def test_each_pause_is_about_twice_the_one_before_up_to_the_longest() -> None:
    for longest in (LONGEST_PAUSE, LONGEST_OUTAGE_PAUSE):
        for tries in (1, 2, 5, 12, 10_000):
            most = min(longest, 5 * SECOND * 2 ** min(tries - 1, 30))
            assert most / 2 < pause_before_retry("d-1", tries, longest) <= most


def test_deliveries_that_failed_together_do_not_come_back_together() -> None:
    pauses = {pause_before_retry(f"d-{number}", 5) for number in range(100)}
    assert len(pauses) > 50
