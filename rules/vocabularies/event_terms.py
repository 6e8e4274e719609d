"""Terms over a shopper's events: how often, when, how long ago."""

from __future__ import annotations

from collections.abc import Callable

from rules.language.curves import Trend
from rules.language.data import Asked, Happened, SinceLast
from rules.language.reads import Reads
from rules.language.terms import Holds, Kind, Term
from rules.language.windows import Window, ago, earliest
from rules.summary.summary import MOST_COUNTED, Summary


def _reads(event: str) -> Reads:
    return Reads(event_types=frozenset({event}))


def _next_event(event: str) -> Callable[[Summary, int], int | None]:
    return lambda summary, now: summary.next(event, now)


def count(event: str, within: int | None = None) -> Term[Summary]:
    """How often it happened, in a window or ever."""
    label = f"the number of {event} events{ago(within)}"
    if within is None:
        return Term(
            Kind.NUMBER,
            label,
            lambda summary, now: summary.count(event, now),
            _next_event(event),
            missable=False,
            range=(0, None),
            reads=_reads(event),
            meaning=Asked("count", event),
        )

    def until(summary: Summary, now: int, holds: Holds, bounds: tuple[int, ...]) -> int | None:
        coming = summary.next(event, now)
        before = holds(summary.count(event, now, now - within))
        for leaving in sorted(
            last + within
            for bound in bounds
            for rank in (bound, bound + 1)
            if rank > 0 and (last := summary.last(event, now, rank)) is not None
        ):
            if leaving > now and holds(summary.count(event, now, leaving - within)) != before:
                return earliest(coming, leaving)
        return coming

    def step(summary: Summary, now: int) -> int | None:
        number = summary.count(event, now, now - within)
        oldest = summary.last(event, now, number) if number else None
        leaving = None if oldest is None else oldest + within
        return earliest(summary.next(event, now), leaving)

    return Term(
        Kind.NUMBER,
        label,
        lambda summary, now: summary.count(event, now, now - within),
        step,
        until=until,
        coming=_next_event(event),
        missable=False,
        range=(0, None),
        most=MOST_COUNTED,
        reads=_reads(event),
        meaning=Asked("count", event, window=Window(within)),
    )


def never(event: str) -> Term[Summary]:
    """Whether it has not happened yet."""
    return Term(
        Kind.TRUTH,
        f"no {event} event ever",
        lambda summary, now: summary.first(event, now) is None,
        _next_event(event),
        missable=False,
        reads=_reads(event),
        meaning=Happened(Asked("count", event), happened=False),
    )


def first(event: str) -> Term[Summary]:
    """When it first happened."""
    return Term(
        Kind.INSTANT,
        f"the first {event}",
        lambda summary, now: summary.first(event, now),
        _next_event(event),
        reads=_reads(event),
        meaning=Asked("first", event),
    )


def last(event: str) -> Term[Summary]:
    """When it last happened."""
    return Term(
        Kind.INSTANT,
        f"the last {event}",
        lambda summary, now: summary.last(event, now),
        _next_event(event),
        reads=_reads(event),
        meaning=Asked("last", event),
    )


def since_last(event: str) -> Term[Summary]:
    """How long ago it last happened."""

    def read(summary: Summary, now: int) -> int | None:
        last = summary.last(event, now)
        return None if last is None else now - last

    def until(summary: Summary, now: int, holds: Holds, bounds: tuple[int, ...]) -> int | None:
        coming = summary.next(event, now)
        last = summary.last(event, now)
        if last is None:
            return coming
        before = holds(now - last)
        for bound in sorted(bounds):
            for instant in (last + bound, last + bound + 1):
                if instant > now and holds(instant - last) != before:
                    return earliest(coming, instant)
        return coming

    return Term(
        Kind.DURATION,
        f"the time since the last {event}",
        read,
        _next_event(event),
        until=until,
        coming=_next_event(event),
        trend=Trend.LINEAR,
        reads=_reads(event),
        meaning=SinceLast(Asked("last", event)),
    )
