"""`make bench`, or `make bench ONLY=part`: prints a table and writes bench/results.json.

Figures depend on the machine, and on what else it does. So each run measures nameko's echo, too:
the table has each figure also as it would be where that takes 2 ms, with the goal for it.
"""

from __future__ import annotations

# First of all: like a service, this process is green before anything else is imported.
import chassis.runtime.green  # noqa: F401  # isort: skip

import json
import os
import platform
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import (
    appends,
    calls,
    decision_cpu,
    decisions,
    door,
    evaluation,
    flow,
    gateway,
    lifetime_values,
    loading,
    preview,
    resolve,
    script,
    segment_flow,
    segments,
)
from bench.goals import GOALS, REFERENCE_ECHO_MS, scaled
from tests.support.servers import Databases, VirtualHosts
from tests.support.system import ProcessSuite

_WIDTH = 110  # of a table with whole names
_QUIET = 0.5  # the load average below which a machine has nothing else to do
RESULTS = Path(__file__).with_name("results.json")

Figures = dict[str, float]
ALONE: dict[str, Callable[[Databases], Figures]] = {
    "appends": appends.measure,
    "resolve": resolve.measure,
    "segments": segments.measure,
    "evaluation": lambda _databases: evaluation.measure(),
    "preview": preview.measure,
    "decision_cpu": decision_cpu.measure,
    "lifetime_values": lambda _databases: lifetime_values.measure(),
    "script": lambda _databases: script.measure(),
}
WITH_SEGMENTS: dict[str, Callable[[ProcessSuite], Figures]] = {
    "segments_events": segment_flow.events_per_second,
    "timers": segment_flow.timers,
}
WITH_SUITE: dict[str, Callable[[ProcessSuite], Figures]] = {
    "calls": calls.measure,
    "decisions": decisions.measure,
    "throughput": flow.throughput,
    "freshness": flow.freshness,
    "segment_entry": segment_flow.entries,
    "resolve_call": resolve.over_echo,
    "loading": loading.beside,
    "gateway_decisions": gateway.decisions,
}
WITH_PROFILES: dict[str, Callable[[ProcessSuite], Figures]] = {"gateway": gateway.intake}
PARTS = (*ALONE, *WITH_SEGMENTS, *WITH_PROFILES, *WITH_SUITE)


def main(only: str | None = None) -> int:
    """Measure all parts, or one; the exit status is 2 if there is no such part."""
    if only and only not in PARTS:
        print(f"bench: {only} is not a part; there are {', '.join(PARTS)}", file=sys.stderr)
        return 2
    console = Console(width=max(_WIDTH, Console().width))
    figures: Figures = {"load_average": round(os.getloadavg()[0], 2)}
    if figures["load_average"] > _QUIET:
        console.print("Other work goes on: times are longer than they need be, and rates lower.")
    databases = Databases()
    virtual_hosts = VirtualHosts(databases)
    suites = (
        (WITH_SEGMENTS, partial(ProcessSuite, services=("profiles", "segments"))),
        (WITH_PROFILES, partial(ProcessSuite, services=("identity", "profiles"))),
        (WITH_SUITE, partial(ProcessSuite, others=["echo"], environment=door.ENVIRONMENT)),
    )
    try:
        figures |= _timed(console, "echo", partial(calls.echo_alone, virtual_hosts))
        for part, measure in ALONE.items():
            if only in (None, part):
                figures |= _timed(console, part, partial(measure, databases))
        for parts, make_suite in suites:
            for part, with_suite in parts.items():
                if only in (None, part):
                    with make_suite(databases, virtual_hosts) as suite:
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
    echo = figures.get("echo_p50_ms", figures["reference_echo_p50_ms"])
    slowness = echo / REFERENCE_ECHO_MS
    table.add_column(f"scaled to an echo of {REFERENCE_ECHO_MS} ms", justify="right")
    table.add_column("goal", justify="right")
    for name, value in figures.items():
        there, goal = scaled(name, value, slowness), GOALS.get(name)
        row = [name, f"{value:,}", "" if there is None else f"{there:,}"]
        if goal is not None:
            met = goal.is_met(value if there is None else there)
            row.append(f"{goal} {'met' if met else 'missed'}")
        table.add_row(*row)
    console.print(table)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
