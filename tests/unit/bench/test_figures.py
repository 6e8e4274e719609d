"""Facts about how the bench measures and prints."""

from __future__ import annotations

import os
import time

import pytest

from bench.cpu import cpu_seconds
from bench.goals import Goal, scaled


def test_the_cpu_time_of_a_process_grows_while_it_works_and_not_while_it_sleeps() -> None:
    start = cpu_seconds([os.getpid()])
    time.sleep(0.2)
    idle = cpu_seconds([os.getpid()])
    end = time.process_time() + 0.2
    while time.process_time() < end:
        pass
    assert idle - start < 0.1
    assert cpu_seconds([os.getpid()]) - idle >= 0.15


@pytest.mark.parametrize(
    ("name", "figure", "expected"),
    [
        ("decide_p99_ms_8_callers", 12.0, 6.0),
        ("decide_cpu_ms_per_call", 3.0, 1.5),
        ("end_to_end_events_per_s", 500.0, 1_000.0),
        ("segments_state_us", 400.0, 200.0),
        ("define_100k_s", 8.0, 4.0),
        ("decide_p50_over_echo", 1.8, None),
        ("rules_1000_over_10", 1.1, None),
    ],
)
def test_times_and_rates_are_scaled_to_a_machine_twice_as_fast_and_ratios_are_not(
    name: str, figure: float, expected: float | None
) -> None:
    assert scaled(name, figure, slowness=2.0) == expected


def test_a_goal_is_met_from_the_side_on_which_better_figures_are() -> None:
    assert Goal(5, at_least=True).is_met(5)
    assert not Goal(5, at_least=True).is_met(4.9)
    assert Goal(8, at_least=False).is_met(8)
    assert not Goal(8, at_least=False).is_met(8.1)
