"""When a call is past its time, and when a process stood still."""

from __future__ import annotations

from typing import Any

import pytest

from chassis.messaging.exchanges import CALL_SECONDS
from chassis.runtime.expiry import StallDetector, expiry_headers, lifetime


def test_a_call_states_how_long_its_sender_waits() -> None:
    headers = expiry_headers(0.25)
    assert headers["expires_at"] - headers["sent_at"] == 250_000
    assert lifetime(headers) == 0.25


@pytest.mark.parametrize(
    ("headers", "expiration", "seconds"),
    [
        ({}, None, CALL_SECONDS),
        ({}, "1500", 1.5),
        ({}, "soon", CALL_SECONDS),
        ({"sent_at": 5}, "1500", 1.5),
        ({"sent_at": 5, "expires_at": "later"}, None, CALL_SECONDS),
        ({"sent_at": 5, "expires_at": 4}, None, CALL_SECONDS),
        ({"sent_at": 10**18, "expires_at": 10**18 + 2_000_000}, "1500", 2.0),
    ],
)
def test_the_lifetime_is_a_duration_whatever_the_clocks_say(
    headers: dict[str, Any], expiration: Any, seconds: float
) -> None:
    assert lifetime(headers, expiration) == seconds


def test_a_process_that_turned_in_time_did_not_stand_still() -> None:
    now = [0.0]
    stalls = StallDetector(1.0, lambda: now[0])
    for now[0] in (0.5, 1.5, 2.4):
        stalls.turn()
    assert stalls.ended_at == float("-inf")
    now[0] = 33.0
    stalls.turn()
    stalls.turn()
    assert stalls.ended_at == 33.0
