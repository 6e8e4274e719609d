"""What a load says: how far it is, and at its end what became of the file."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from cdp.loading.checkpoint import Bookmark, CheckpointFolder, Counts
from cdp.loading.load import FINDING, Progress
from cdp.loading.rows import RowSource

_REASONS_SHOWN = 10
_LINE_SECONDS = 10.0

Show = Callable[[Progress], None]


@contextmanager
def shown(err: Console, source: RowSource, first: int | None, *, wanted: bool) -> Iterator[Show]:
    """How far a load is: a bar in a terminal, elsewhere a line every ten seconds."""
    total = source.total if first is None else first
    if wanted and not err.is_terminal:
        yield PlainLines(err, total, by_rows=first is not None)
        return
    columns = (
        TextColumn("{task.description:<24}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[events]:,} events, {task.fields[rate]:,.0f}/s"),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    with Bar(*columns, console=err, disable=not wanted) as bar:
        task = bar.add_task("Reading", total=total, events=0, rate=0.0)
        rate = Rate()

        def show(progress: Progress) -> None:
            if not progress.waiting.startswith(FINDING):
                rate.reached(progress.counts.events, time.monotonic())
            bar.update(
                task,
                description=progress.waiting or "Loading",
                completed=progress.read if first is None else progress.counts.rows,
                events=progress.counts.events,
                rate=rate.a_second,
            )

        yield show


@dataclass(slots=True)
class Rate:
    """How much is done a second, since the first time that it was told how much."""

    a_second: float = 0.0
    _start: tuple[float, float] | None = None

    def reached(self, done: float, now: float) -> None:
        """So much is done now."""
        self._start = self._start or (done, now)
        self.a_second = (done - self._start[0]) / max(now - self._start[1], 0.001)


@dataclass(slots=True)
class PlainLines:
    """Progress as lines for a log: `12,000 rows, 12,000 events, 800/s, 3:20 left`."""

    err: Console
    total: int
    by_rows: bool = False
    clock: Callable[[], float] = time.monotonic
    _said: float | None = None
    _events: Rate = field(default_factory=Rate)
    _units: Rate = field(default_factory=Rate)

    def __call__(self, progress: Progress) -> None:
        """Say where the load is, if the last line is long enough ago."""
        now = self.clock()
        done = progress.counts.rows if self.by_rows else progress.read
        finding = progress.waiting.startswith(FINDING)
        if not finding:
            self._events.reached(progress.counts.events, now)
            self._units.reached(done, now)
        self._said = now if self._said is None else self._said
        if now - self._said < _LINE_SECONDS:
            return
        self._said = now
        text = FINDING if finding else self._text(progress, max(0, self.total - done))
        self.err.print(text, markup=False, soft_wrap=True)

    def _text(self, progress: Progress, left: int) -> str:
        counts = progress.counts
        parts = [
            many(counts.rows, "row"),
            many(counts.events, "event"),
            f"{self._events.a_second:,.0f}/s",
        ]
        if self._units.a_second:
            minutes, seconds = divmod(round(left / self._units.a_second), 60)
            parts.append(f"{minutes}:{seconds:02} left")
        if progress.waiting:
            parts.append(progress.waiting[0].lower() + progress.waiting[1:])
        return ", ".join(parts)


def print_kept(err: Console, kept: Sequence[Path]) -> None:
    """Where the rejected lines of the load before are, after a restart."""
    for path in kept:
        err.print(f"What was rejected before is kept in {path}", markup=False, soft_wrap=True)


def print_report(
    out: Console, mark: Bookmark, place: CheckpointFolder, before: Bookmark | None = None
) -> None:
    """What became of a file, with the first reasons for what was rejected.

    `before` is where the load stood when the command began.
    """
    counts = mark.counts
    known = before.counts.rows if before else 0
    if known and known == counts.rows:
        out.print("Nothing new was loaded. What became of the file before:")
    out.print(
        f"{many(counts.rows, 'row')}: {many(counts.new, 'new event')},"
        f" {counts.duplicate:,} recorded before, {counts.rejected:,} rejected."
    )
    if 0 < known < counts.rows:
        out.print(f"{many(counts.rows - known, 'row')} of them by this run.")
    if counts.duplicate:
        out.print("Those recorded before have the id of an earlier event; they count once.")
    if counts.accepted:
        out.print(f"{counts.accepted:,} of the events wait at profiles for identity.")
    if counts.rejected:
        _print_rejected(out, counts, place)


def _print_rejected(out: Console, counts: Counts, place: CheckpointFolder) -> None:
    if place.reasons.exists():
        with place.reasons.open(encoding="utf-8", errors="replace") as file:
            for line in islice(file, _REASONS_SHOWN):
                out.print(f"  {line.rstrip()}", markup=False, soft_wrap=True)
        if counts.rejected > _REASONS_SHOWN:
            out.print(f"  … all of them are in {place.reasons}", markup=False, soft_wrap=True)
    if place.rejected.exists():
        rows = many(counts.rejected_rows, "rejected row")
        out.print(f"Mend the {rows}, and load {'it' if counts.rejected_rows == 1 else 'them'}:")
        out.print(f"  {place.rejected}", markup=False, soft_wrap=True)
    else:
        out.print(
            f"The rejected rows were in {place.rejected}, which is there no longer;"
            " --restart writes them again.",
            markup=False,
            soft_wrap=True,
        )


def many(number: int, thing: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"
