"""Windows of time: `within="60d"` is the half-open (now - 60 days, now].

An event exactly at `now` counts; one exactly 60 days old does not, nor does one dated after `now`.
"""

from __future__ import annotations

from rules.language.units import describe_duration


def earliest(*instants: int | None) -> int | None:
    """The earliest of the instants that are not None; None if all are."""
    return min((instant for instant in instants if instant is not None), default=None)


def ago(within: int | None) -> str:
    """The words for a window; an empty text for all time."""
    return "" if within is None else f" in the last {describe_duration(within)}"
