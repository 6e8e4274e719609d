"""The progress of a rebuild: bars in a terminal, otherwise a line every ten seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from chassis.projections.rebuild import RebuildProgress

Report = Callable[[RebuildProgress], None]
_SECONDS_A_LINE = 10.0
_LATE_SECONDS = 2.0


@contextmanager
def bars(out: Console, visible: bool = True) -> Iterator[Report]:
    """A bar for each step; none unless `visible`."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=out, disable=not visible) as progress:
        tasks: dict[str, TaskID] = {}

        def report(step: RebuildProgress) -> None:
            if step.doing not in tasks:
                tasks[step.doing] = progress.add_task(step.doing, total=step.total)
            progress.update(tasks[step.doing], completed=step.done, total=step.total)

        yield report


@contextmanager
def lines(seconds: float = _SECONDS_A_LINE) -> Iterator[Report]:
    """A line on standard error every `seconds`, even without progress."""
    began = time.monotonic()
    stopped = threading.Event()
    last: list[RebuildProgress] = []

    def print_lines() -> None:
        while not stopped.wait(seconds):
            step = f"{last[0].doing}, {last[0].done:,} of {last[0].total:,}" if last else "starting"
            click.echo(f"{time.monotonic() - began:.0f} s: {step}", err=True)

    def report(step: RebuildProgress) -> None:
        last[:] = [step]

    printer = threading.Thread(target=print_lines, daemon=True)
    printer.start()
    try:
        yield report
    finally:
        stopped.set()
        printer.join()


@contextmanager
def late_line(seconds: float = _LATE_SECONDS) -> Iterator[Callable[[str], None]]:
    """A line on standard error that names what is waited for, if that takes over `seconds`."""
    doing: list[str] = []
    timer = threading.Timer(seconds, lambda: click.echo(f"Asking {doing[-1]} …", err=True))
    timer.daemon = True
    timer.start()
    try:
        yield doing.append
    finally:
        timer.cancel()
