"""Aggregates of what is in a window, as time passes: each event comes in once and goes once."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Protocol

from rules.language.windows import Window


class Tally(Protocol):
    """The aggregate of the events in a window; the first that came in is the first to go."""

    def add(self, values: Sequence[Any]) -> None:
        """An event with these values has come in."""
        ...

    def remove(self, values: Sequence[Any]) -> None:
        """The oldest event has gone; these were its values."""
        ...

    def result(self) -> Any:
        """The aggregate as it stands."""
        ...


@dataclass(slots=True)
class Total:
    """The sum of all values, how many there are, and how many events."""

    ask: Callable[[Total], Any]
    events: int = 0
    number: int = 0
    total: int | Fraction = 0

    def add(self, values: Sequence[Any]) -> None:
        self.events += 1
        self.number += len(values)
        self.total += sum(values)

    def remove(self, values: Sequence[Any]) -> None:
        self.events -= 1
        self.number -= len(values)
        self.total -= sum(values)

    def result(self) -> Any:
        return self.ask(self)


@dataclass(slots=True)
class Extreme:
    """The largest or smallest value: those that one of a later event exceeds are forgotten."""

    choose: Callable[..., Any]
    added: int = 0
    removed: int = 0
    best: deque[tuple[int, Any]] = field(default_factory=deque)

    def add(self, values: Sequence[Any]) -> None:
        self.added += 1
        if values:
            value = self.choose(values)
            while self.best and self.choose(self.best[-1][1], value) == value:
                self.best.pop()
            self.best.append((self.added, value))

    def remove(self, values: Sequence[Any]) -> None:  # noqa: ARG002
        self.removed += 1
        if self.best and self.best[0][0] == self.removed:
            self.best.popleft()

    def result(self) -> Any:
        return self.best[0][1] if self.best else None


@dataclass(slots=True)
class Distinct:
    """How many different values there are."""

    seen: Counter[Any] = field(default_factory=Counter)

    def add(self, values: Sequence[Any]) -> None:
        self.seen.update(values)

    def remove(self, values: Sequence[Any]) -> None:
        for value in values:
            if self.seen[value] == 1:
                del self.seen[value]
            else:
                self.seen[value] -= 1

    def result(self) -> Any:
        return len(self.seen)


@dataclass(slots=True)
class End:
    """The value of the first or of the last event: the place is 0 or -1."""

    place: int
    events: deque[Sequence[Any]] = field(default_factory=deque)

    def add(self, values: Sequence[Any]) -> None:
        self.events.append(values)

    def remove(self, values: Sequence[Any]) -> None:  # noqa: ARG002
        self.events.popleft()

    def result(self) -> Any:
        values = self.events[self.place] if self.events else ()
        return values[0] if values else None


@dataclass(slots=True)
class Sliding:
    """The curve of an aggregate: events come into the window and go as time passes."""

    instants: Sequence[int]
    values: Sequence[Sequence[Any]]
    window: Window
    tally: Tally
    gone: int = 0
    come: int = 0

    def value(self, at: int) -> Any:
        after, upto = self.window.limits(at)
        instants = self.instants
        if after is not None and not self.come:
            while self.gone < len(instants) and instants[self.gone] <= after:
                self.gone += 1
            self.come = self.gone
        while self.come < len(instants) and instants[self.come] <= upto:
            self.tally.add(self.values[self.come])
            self.come += 1
        while after is not None and self.gone < self.come and instants[self.gone] <= after:
            self.tally.remove(self.values[self.gone])
            self.gone += 1
        return self.tally.result()

    def next(self, at: int) -> int | None:
        return self.window.next(self.instants, at)
