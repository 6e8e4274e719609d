"""Percentiles of durations."""

from __future__ import annotations

from collections.abc import Sequence


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile of `values`."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def milliseconds(values: Sequence[float], percent: float) -> float:
    """The percentile of durations in seconds, in milliseconds with two decimals."""
    return round(1_000 * percentile(values, percent), 2)
