"""How a rebuild shows how far it is: bars in a terminal, elsewhere a line now and then."""

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


@contextmanager
def bars(out: Console, drawn: bool = True) -> Iterator[Report]:
    """A bar for each thing that is done; none unless `drawn`."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=out, disable=not drawn) as progress:
        tasks: dict[str, TaskID] = {}

        def report(step: RebuildProgress) -> None:
            if step.doing not in tasks:
                tasks[step.doing] = progress.add_task(step.doing, total=step.total)
            progress.update(tasks[step.doing], completed=step.done, total=step.total)

        yield report


@contextmanager
def lines(seconds: float = _SECONDS_A_LINE) -> Iterator[Report]:
    """A line on standard error every `seconds`, also while nothing moves."""
    began = time.monotonic()
    ended = threading.Event()
    last: list[RebuildProgress] = []

    def tell() -> None:
        while not ended.wait(seconds):
            far = f"{last[0].doing}, {last[0].done:,} of {last[0].total:,}" if last else "beginning"
            click.echo(f"{time.monotonic() - began:.0f} s: {far}", err=True)

    def report(step: RebuildProgress) -> None:
        last[:] = [step]

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield report
    finally:
        ended.set()
        teller.join()
