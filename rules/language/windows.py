"""Windows of time: `within="60d"` is the half-open (now - 60 days, now].

An event exactly at `now` counts; one exactly 60 days old does not, nor does one dated after `now`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from rules.language.units import describe_duration


def earliest(*instants: int | None) -> int | None:
    """The earliest of the instants that are not None; None if all are."""
    found: int | None = None
    for instant in instants:  # quicker than min of a generator, and asked for each comparison
        if instant is not None and (found is None or instant < found):
            found = instant
    return found


def ago(within: int | None) -> str:
    """The words for a window; an empty text for all time."""
    return "" if within is None else f" in the last {describe_duration(within)}"


@dataclass(frozen=True, slots=True)
class Window:
    """Which events count at `now`: those of (now - `oldest`, now - `newest`], µs, None for ever.

    Of these only those of [`since`, `before`), instants, each None without a bound.
    """

    oldest: int | None = None
    newest: int = 0
    since: int | None = None
    before: int | None = None
    words: str = ""

    def limits(self, now: int) -> tuple[int | None, int]:
        """(after, upto): an event counts if it is after the one and not after the other."""
        after = None if self.oldest is None else now - self.oldest
        if self.since is not None:
            after = self.since - 1 if after is None else max(after, self.since - 1)
        upto = now - self.newest
        return after, upto if self.before is None else min(upto, self.before - 1)

    def next(self, instants: Sequence[int], now: int) -> int | None:
        """When an event at one of the ascending `instants` next begins or ceases to count."""
        after, upto = self.limits(now)
        begins = ceases = None
        entering = bisect_right(instants, now - self.newest)
        if self.since is not None:
            entering = max(entering, bisect_right(instants, self.since - 1))
        if entering < len(instants) and (self.before is None or instants[entering] < self.before):
            begins = instants[entering] + self.newest
        if self.oldest is not None:
            leaving = 0 if after is None else bisect_right(instants, after)
            if leaving < len(instants) and instants[leaving] <= upto:
                ceases = instants[leaving] + self.oldest
        return earliest(begins, ceases)

    @property
    def is_plain(self) -> bool:
        """Whether it ends now and begins a time ago, or has no bounds at all."""
        return self.newest == 0 and self.since is None and self.before is None

    @property
    def depth(self) -> int | None:
        """How far back it looks, in µs; None is all time."""
        return self.oldest


ALWAYS = Window()
