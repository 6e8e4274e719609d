"""`make bench`, or `make bench ONLY=part`: prints a table and writes bench/results.json."""

from __future__ import annotations

# First of all: like a service, this process is green before anything else is imported.
import chassis.runtime.green  # noqa: F401  # isort: skip

import json
import platform
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import appends, calls, flow, lifetime_values, loading, preview, resolve, segments
from tests.support.servers import Databases, VirtualHosts
from tests.support.system import ProcessSuite

RESULTS = Path(__file__).with_name("results.json")
REFERENCE_ECHO_MS = 2.0  # of the machine to which absolute goals refer

Figures = dict[str, float]
WITH_SUITE: dict[str, Callable[[ProcessSuite], Figures]] = {
    "calls": calls.measure,
    "throughput": flow.throughput,
    "freshness": flow.freshness,
    "resolve_call": resolve.over_echo,
    "loading": loading.beside,
}
ALONE: dict[str, Callable[[Databases], Figures]] = {
    "appends": appends.measure,
    "resolve": resolve.measure,
    "segments": segments.measure,
    "preview": preview.measure,
    "lifetime_values": lambda _databases: lifetime_values.measure(),
}
PARTS = (*ALONE, *WITH_SUITE)


def main(only: str | None = None) -> int:
    """Measure all parts, or one; the exit status is 2 if there is no such part."""
    if only and only not in PARTS:
        print(f"bench: {only} is not a part; there are {', '.join(PARTS)}", file=sys.stderr)
        return 2
    console = Console()
    figures: Figures = {}
    databases = Databases()
    virtual_hosts = VirtualHosts(databases)
    try:
        for part, measure in ALONE.items():
            if only in (None, part):
                figures |= _timed(console, part, partial(measure, databases))
        for part, with_suite in WITH_SUITE.items():
            if only in (None, part):
                with ProcessSuite(databases, virtual_hosts, others=["echo"]) as suite:
                    figures |= _timed(console, part, partial(with_suite, suite))
    finally:
        virtual_hosts.close()
        databases.close()
    _show(console, figures)
    others = json.loads(RESULTS.read_text()) if only and RESULTS.exists() else {}
    RESULTS.write_text(json.dumps(others | figures, indent=2, sort_keys=True) + "\n")
    return 0


def _timed(console: Console, part: str, measure: Callable[[], Figures]) -> Figures:
    start = time.monotonic()
    with console.status(f"Measuring {part} …"):
        figures = measure()
    console.print(f"{part}: {time.monotonic() - start:.0f} s")
    return figures


def _show(console: Console, figures: Figures) -> None:
    table = Table(title=f"On {platform.machine()}, Python {platform.python_version()}")
    table.add_column("figure")
    table.add_column("value", justify="right")
    echo = figures.get("echo_p50_ms")
    if echo:
        table.add_column(f"scaled to an echo of {REFERENCE_ECHO_MS} ms", justify="right")
    for name, value in figures.items():
        row = [name, f"{value:,}"]
        if echo and (there := scaled(name, value, echo / REFERENCE_ECHO_MS)) is not None:
            row.append(f"{there:,}")
        table.add_row(*row)
    console.print(table)


def scaled(name: str, value: float, slowness: float) -> float | None:
    """A figure as it would be on the reference machine; None for a ratio, which stays the same."""
    if "_ms" in name:
        return round(value / slowness, 2)
    return round(value * slowness) if name.endswith("_per_s") else None


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
