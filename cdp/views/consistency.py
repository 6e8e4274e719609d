"""What `cdp check consistency` prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from cdp.consistency import LostStream, RestoreResult, SourceComparison
from cdp.views.report import one_line
from chassis.projections.rebuild import RebuildResult

_LISTED = 20


def comparison_lines(comparison: SourceComparison) -> Iterator[str]:
    """What differs between a consumer and its source, in words."""
    each = comparison
    if each.is_consistent:
        yield (
            f"{each.consumer} has applied all of {each.source}:"
            f" {each.events:,} events of {each.streams:,} streams."
        )
    if each.behind_streams:
        yield (
            f"{each.consumer} is behind {each.source} by {each.behind_events:,} events in"
            f" {_streams(each.behind_streams)}; it fetches them."
        )
    if each.halted:
        yield (
            f"{each.consumer} has halted {_streams(each.halted)} of {each.source};"
            f" see `cdp dead-letters list {each.consumer}`."
        )
    if each.lost:
        yield (
            f"{each.consumer} is ahead of {each.source}, which was restored from a backup:"
            f" {each.source} has lost {sum(lost.events for lost in each.lost):,} events of"
            f" {_streams(len(each.lost))} that {each.consumer} has applied."
            " `cdp check consistency --repair` heals it."
        )


def lost_lines(lost: Sequence[LostStream]) -> Iterator[str]:
    """The streams that lost events, with the versions."""
    for stream in lost[:_LISTED]:
        first, last = stream.restored_to + 1, stream.version
        versions = f"version {last}" if first == last else f"versions {first} to {last}"
        yield f"  {one_line(stream.stream)}: {versions}"
    if len(lost) > _LISTED:
        yield f"  and {_streams(len(lost) - _LISTED)} more; --json lists them all"


def forgotten_line(consumer: str, result: RebuildResult) -> str:
    """What a repair has forgotten."""
    return (
        f"{consumer}: rebuilt from {result.events:,} events; it forgot"
        f" {result.forgotten_events:,} events of {_streams(result.forgotten_streams)}, and"
        f" {result.changes:,} changes were appended."
    )


def confirmed_line(whole: int, other: int) -> str:
    """How profiles follows identity again."""
    line = f"profiles: identity has {_streams(whole)} whole again, which it follows."
    if not other:
        return line
    return f"{line}\n{_streams(other)} have another history there since, and stay halted."


def restored_lines(result: RestoreResult) -> Iterator[str]:
    """What a service's log is after a restore."""
    yield (
        f"{result.service}: incarnation {result.incarnation} of its log begins, with"
        f" {result.events:,} events of {_streams(result.streams)}."
    )
    if result.facts:
        yield f"It took back {result.facts:,} facts from the log of profiles."
    if result.left_out:
        yield f"{result.left_out:,} facts could not be taken back: an earlier one is nowhere."
    yield "Its consumers compare themselves within half a minute; then `cdp check consistency`."


def comparisons_json(comparisons: Sequence[SourceComparison]) -> list[dict[str, Any]]:
    """All of it, for scripts."""
    return [{**asdict(each), "consistent": each.is_consistent} for each in comparisons]


def _streams(count: int) -> str:
    return "1 stream" if count == 1 else f"{count:,} streams"
