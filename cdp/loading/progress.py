"""What a load prints: its progress, and at the end what became of the file."""

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

from cdp.loading.checkpoint import Checkpoint, CheckpointFolder, Counts
from cdp.loading.load import FINDING, Progress
from cdp.loading.rows import RowSource
from cdp.views.report import one_line

_REASONS_SHOWN = 10
_LINE_SECONDS = 10.0

Show = Callable[[Progress], None]


@contextmanager
def progress_display(
    err: Console, source: RowSource, first: int | None, *, visible: bool
) -> Iterator[Show]:
    """The progress of a load: a bar in a terminal, otherwise a line every ten seconds."""
    total = source.total if first is None else first
    if visible and not err.is_terminal:
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
    with Bar(*columns, console=err, disable=not visible) as bar:
        task = bar.add_task("Reading", total=total, events=0, rate=0.0)
        rate = Rate()

        def show(progress: Progress) -> None:
            if not progress.waiting.startswith(FINDING):
                rate.update(progress.counts.events, time.monotonic())
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
    """How much is done per second, since the first update."""

    a_second: float = 0.0
    _start: tuple[float, float] | None = None

    def update(self, done: float, now: float) -> None:
        """At the instant `now`, `done` is done."""
        self._start = self._start or (done, now)
        self.a_second = (done - self._start[0]) / max(now - self._start[1], 0.001)


@dataclass(slots=True)
class PlainLines:
    """Progress as lines of a log: `12,000 rows, 12,000 events, 800/s, 3:20 left`."""

    err: Console
    total: int
    by_rows: bool = False
    clock: Callable[[], float] = time.monotonic
    _last: float | None = None
    _events: Rate = field(default_factory=Rate)
    _units: Rate = field(default_factory=Rate)

    def __call__(self, progress: Progress) -> None:
        """Print where the load is, if the last line is long enough ago."""
        now = self.clock()
        done = progress.counts.rows if self.by_rows else progress.read
        finding = progress.waiting.startswith(FINDING)
        if not finding:
            self._events.update(progress.counts.events, now)
            self._units.update(done, now)
        self._last = now if self._last is None else self._last
        if now - self._last < _LINE_SECONDS:
            return
        self._last = now
        text = FINDING if finding else self._text(progress, max(0, self.total - done))
        self.err.print(text, markup=False, soft_wrap=True)

    def _text(self, progress: Progress, left: int) -> str:
        counts = progress.counts
        parts = [
            plural(counts.rows, "row"),
            plural(counts.events, "event"),
            f"{self._events.a_second:,.0f}/s",
        ]
        if self._units.a_second:
            minutes, seconds = divmod(round(left / self._units.a_second), 60)
            parts.append(f"{minutes}:{seconds:02} left")
        if progress.waiting:
            parts.append(progress.waiting[0].lower() + progress.waiting[1:])
        return ", ".join(parts)


def print_old_rejects(err: Console, paths: Sequence[Path]) -> None:
    """Where a restart keeps what the load before had rejected."""
    for path in paths:
        err.print(f"What was rejected before is kept in {path}", markup=False, soft_wrap=True)


def print_report(
    out: Console,
    checkpoint: Checkpoint,
    folder: CheckpointFolder,
    before: Checkpoint | None = None,
) -> None:
    """What became of a file, with the first reasons for rejections.

    `before` is the checkpoint at which the command began.
    """
    counts = checkpoint.counts
    earlier = before.counts.rows if before else 0
    if earlier and earlier == counts.rows:
        out.print("Nothing new was loaded. So far:")
    out.print(
        f"{plural(counts.rows, 'row')}: {plural(counts.new, 'new event')},"
        f" {counts.duplicate:,} recorded before, {counts.rejected:,} rejected."
    )
    if counts.left_out:
        out.print(f"The mapping leaves out {plural(counts.left_out, 'row')}.")
    if 0 < earlier < counts.rows:
        out.print(f"{plural(counts.rows - earlier, 'row')} of them in this run.")
    if counts.duplicate:
        out.print("Those recorded before have the id of an earlier event; each counts once.")
    if counts.accepted:
        out.print(f"{counts.accepted:,} of the events are deferred until identity responds.")
    if counts.warned:
        out.print(f"{plural(counts.warned, 'event')} recorded with a warning, such as:")
        _print_first(out, folder.warnings, counts.warned)
    if counts.rejected:
        if counts.warned:
            out.print(f"{counts.rejected:,} rejected, such as:")
        _print_rejected(out, counts, folder)


def _print_rejected(out: Console, counts: Counts, folder: CheckpointFolder) -> None:
    _print_first(out, folder.reasons, counts.rejected)
    if folder.rejected.exists():
        rows = plural(counts.rejected_rows, "rejected row")
        out.print(f"Correct the {rows}, and load this file:")
        out.print(f"  {folder.rejected}", markup=False, soft_wrap=True)
    else:
        out.print(
            f"The rejected rows were in {folder.rejected}, which no longer exists;"
            " --restart writes them again.",
            markup=False,
            soft_wrap=True,
        )


def _print_first(out: Console, path: Path, lines: int) -> None:
    if path.exists():
        with path.open(encoding="utf-8", errors="replace") as file:
            for line in islice(file, _REASONS_SHOWN):
                out.print(f"  {one_line(line.rstrip())}", markup=False, soft_wrap=True)
        if lines > _REASONS_SHOWN:
            out.print(f"  … all of them are in {path}", markup=False, soft_wrap=True)


def plural(number: int, thing: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"
