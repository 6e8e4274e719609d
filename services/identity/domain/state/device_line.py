"""The line of a device's tenures, as far as it was loaded. Pure.

A till has thousands of periods, and what is decided about it is local in time. So a line may have
gaps. What would depend on a period in one of them is Incomplete, and asked again of a longer line.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from services.identity.domain.state.facts import BEGINNING, Period
from services.identity.domain.state.needs import Incomplete, Moment, Needs

END = 2**62  # after all times
_LONGER = 4  # times as many periods are asked for as were not enough


@dataclass(slots=True)
class DeviceLine:
    """Periods of a device. Of one that was made without `stretches` nothing is missing.

    In a stretch, from its first to its last instant, no period is missing. `instants` are those of
    which all tenures of accounts that were opened there are loaded, `has_all_accounts` says that
    all tenures of accounts on the device are.
    """

    key: str
    stretches: list[tuple[int, int]] = field(default_factory=lambda: [(BEGINNING, END)])
    instants: frozenset[int] | None = None
    has_all_accounts: bool = True
    _periods: dict[int, Period] = field(default_factory=dict)
    _times: list[int] = field(default_factory=list)

    def copy(self) -> DeviceLine:
        """A line of the same periods, which changes apart from this one."""
        return replace(
            self,
            stretches=self.stretches.copy(),
            _periods=self._periods.copy(),
            _times=self._times.copy(),
        )

    def put(self, period: Period) -> None:
        """Add a period, or put another in its place."""
        if period.opened_at not in self._periods:
            insort(self._times, period.opened_at)
        self._periods[period.opened_at] = period

    def __len__(self) -> int:
        return len(self._times)

    def __iter__(self) -> Iterator[Period]:
        return iter(self._periods.values())

    @property
    def newest(self) -> int:
        """When the newest period opened that was loaded."""
        return self._times[-1]

    def opening(self, time: int) -> Period | None:
        """The period that opens at an instant, if it was loaded."""
        return self._periods.get(time)

    def until(self, time: int) -> Iterator[Period]:
        """The periods that had opened by a time, the newest first; Incomplete at a gap."""
        while time >= BEGINNING:
            first, _ = self._stretch(time)
            place = bisect_right(self._times, time) - 1
            if place < 0 or self._times[place] < first:
                return
            yield self._periods[self._times[place]]
            time = self._times[place] - 1

    def after(self, time: int) -> Iterator[Period]:
        """The periods that open later than at a time, in order; Incomplete at a gap."""
        while True:
            _, last = self._stretch(time + 1)
            place = bisect_right(self._times, time)
            if place == len(self._times) or self._times[place] > last:
                return
            time = self._times[place]
            yield self._periods[time]

    def is_latest(self, time: int) -> bool:
        """Whether no period opens later than at a time: the newest ones are always here."""
        return not self._times or self._times[-1] <= time

    def loaded_before(self, time: int) -> list[Period]:
        """The periods before a time that are here, whatever is missing; the newest first."""
        return [self._periods[at] for at in reversed(self._times[: bisect_left(self._times, time)])]

    def begun_at(self, time: int) -> None:
        """Incomplete if an account's tenure that was opened at an instant may be missing."""
        if self.instants is not None and time not in self.instants:
            raise self._incomplete(time)

    def knows(self, moments: Iterable[Moment], newest: int) -> None:
        """Say what of the line is here: so many of its newest periods, and those around moments.

        Of a moment, `reach` periods that had opened by then, and as many that open later.
        """
        times = self._times
        found = [(times[-newest] if len(times) >= newest else BEGINNING, END)]
        for _, time, reach in moments:
            begun = bisect_right(times, time)
            first = times[begun - reach] if begun >= reach else BEGINNING
            last = times[begun + reach - 1] if begun + reach <= len(times) else END
            found.append((first, last))
        self.stretches = _joined(found)

    def _stretch(self, time: int) -> tuple[int, int]:
        for first, last in self.stretches:
            if first <= time <= last:
                return first, last
        raise self._incomplete(time)

    def _incomplete(self, time: int) -> Incomplete:
        return Incomplete(Needs(moments=frozenset([(self.key, time, _LONGER * len(self._times))])))


def _joined(stretches: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Stretches, of which those that overlap are one."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(stretches):
        if joined and first <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined
