"""What offers keeps of what segments says of itself when it is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from chassis import NotFound, Unavailable, parse_instant
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from services.offers import store


def refresh_halted(work: UnitOfWorkRunner, halted: Callable[[str], Mapping[str, Any]]) -> None:
    """Keep which streams of profiles segments has halted; `halted(after)` is its next page.

    While segments does not answer, or its release does not have the call, what it said last stands.
    """
    streams: list[str] = []
    try:
        while page := halted(streams[-1] if streams else "")["streams"]:
            streams += page
    except (Unavailable, NotFound):
        return
    if work.read(store.load_halted_in_segments) != set(streams):
        work.run(partial(store.save_halted_in_segments, streams=streams))


def refresh_unreadable(
    work: UnitOfWorkRunner, standstills: Callable[[], Mapping[str, Any]]
) -> None:
    """Keep which segments stand still, as `standstills()` says.

    While segments does not answer, or its release does not have the call, what it said last stands.
    """
    try:
        still = standstills()["segments"]
    except (Unavailable, NotFound):
        return
    segments = {each["segment"]: parse_instant(each["since"]) for each in still if each["since"]}
    if work.read(store.load_unreadable_segments) != segments:
        work.run(partial(store.save_unreadable_segments, segments=segments))
