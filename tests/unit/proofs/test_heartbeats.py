"""Heartbeats: what of a call's time the machine ran none of its processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.proofs.heartbeats import Stall, read_stalls, stalled_seconds

STALLS = [Stall(5, 9), Stall(1, 2), Stall(1.5, 3), Stall(0, 0.5)]


@pytest.mark.parametrize(
    ("began", "ended", "seconds"),
    [(0, 10, 6.5), (2.5, 6, 1.5), (3, 5, 0), (6, 7, 1), (0.25, 1.75, 1.0)],
)
def test_stalls_of_several_processes_count_once(began: float, ended: float, seconds: float) -> None:
    assert stalled_seconds(STALLS, began, ended) == seconds


def test_a_line_that_is_being_written_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "1.stalls").write_text("1.0 2.0\n5.0")
    (tmp_path / "2.stalls").write_text("3.0 4.5\n")
    assert sorted(read_stalls(tmp_path)) == [Stall(1.0, 2.0), Stall(3.0, 4.5)]
