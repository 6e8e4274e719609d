"""The demo: real purchases and five shoppers go in, decisions for the checkout come out."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cdp.connection import CLOCK, DEMO
from cdp.demo.purchases import MASTER, SAMPLE, read_purchases
from cdp.embedded import (
    EMBEDDED_BROKER,
    EmbeddedSuite,
    database_path,
    embedded_settings,
    migrate,
)
from cdp.views.report import COUNTS, Figures, decision_view, figures_table
from chassis.core.clock import clock_from
from chassis.core.errors import Failure, NotFound
from chassis.observability.logging import configure_logging
from chassis.runtime.client import Client
from contracts.topology import SERVICE_NAMES

EXAMPLES = Path(__file__).parents[2] / "examples"
SHOPPERS = (
    ("A first-time guest", "first-time-guest.json"),
    ("A one-time buyer who has just signed in", "one-time-buyer.json"),
    ("A loyal gold customer", "gold-customer.json"),
    ("An anonymous buyer of a running watch", "anonymous-watch.json"),
)
DEMO_CLOCK = "1998-07-01T00:00:00Z"  # where CDNOW's data ends
_BATCH = 200
_DEADLINE_MS = 10_000  # so that a busy machine shows no degraded decisions
_PATIENCE = 60.0  # seconds without progress after which a service counts as stuck


@dataclass(slots=True)
class Demo:
    """One run with a fresh suite in `.demo`, which stays there for `--demo` of other commands."""

    console: Console
    progress: bool
    client: Client = field(init=False)
    suite: EmbeddedSuite = field(init=False)

    def run(self, full: bool) -> None:
        """Record, wait until all services have followed, and print the results."""
        began = time.monotonic()
        path = cdnow_directory() / (MASTER if full else SAMPLE)
        if not path.exists():
            raise NotFound(str(path), "is missing; run `make demo`, or set CDP_CDNOW_DIR")
        purchases = list(read_purchases(path))
        self.suite = fresh_suite(DEMO, DEMO_CLOCK)
        self.console.print(
            f"[bold]{len(purchases):,} purchases[/] of CDNOW's customers, "
            f"{min(p.day for p in purchases)} to {max(p.day for p in purchases)}. "
            f"The clock stands at {DEMO_CLOCK}."
        )
        with self.suite.running(), Client(EMBEDDED_BROKER, timeout=60.0) as self.client:
            self._record("purchases", [purchase.as_event() for purchase in purchases])
            self._catch_up()
            columns = {"CDNOW": self._figures()}
            self._record("stories", read_events(EXAMPLES / "shoppers.ndjson"))
            self._catch_up()
            columns["with stories"] = self._figures()
            rules = {s["segment"]: s["description"] for s in self._segments()}
            self.console.print(figures_table(columns, rules))
            self.console.print("[bold]What four shoppers see at the checkout, and why[/]\n")
            for title, name in SHOPPERS:
                self._show_decision(title, json.loads((EXAMPLES / "requests" / name).read_text()))
        self.console.print(f"Done in {time.monotonic() - began:.0f} s.\n")

    def _record(self, what: str, events: Sequence[Mapping[str, Any]]) -> None:
        with self._bar(f"Recording {what}") as show:
            for start in range(0, len(events), _BATCH):
                batch = list(events[start : start + _BATCH])
                self._append(batch)
                show(start + len(batch), len(events))

    def _append(self, events: Sequence[Mapping[str, Any]]) -> None:
        """Record events until they are in the log; a busy machine may only accept them at first."""
        end = time.monotonic() + _PATIENCE
        rest = list(events)
        while rest:
            response = self.client.call("profiles", "record", events=rest)
            for receipt in response["receipts"]:
                if receipt["status"] not in {"appended", "duplicate", "accepted"}:
                    raise Failure(str(receipt["event_id"]), f"was not appended: {receipt}")
            pairs = zip(rest, response["receipts"], strict=True)
            rest = [event for event, receipt in pairs if receipt["status"] == "accepted"]
            if rest:
                if time.monotonic() > end:
                    raise Failure(str(rest[0]["id"]), "is accepted, but identity does not answer")
                time.sleep(1.0)

    def _catch_up(self) -> None:
        """Wait until every service has applied all events of its sources."""
        with self._bar("Services follow") as show:
            lags = self.suite.lags()
            before, moved = lags, time.monotonic()
            while any(lag.applied < lag.total for lag in lags):
                show(sum(lag.applied for lag in lags), sum(lag.total for lag in lags))
                if lags != before:
                    before, moved = lags, time.monotonic()
                for lag in lags:
                    if lag.halted or time.monotonic() - moved > _PATIENCE:
                        raise Failure(
                            lag.subscriber, "makes no progress; see `cdp dead-letters list --demo`"
                        )
                time.sleep(0.1)
                lags = self.suite.lags()
            show(sum(lag.applied for lag in lags), sum(lag.total for lag in lags))

    def _figures(self) -> Figures:
        counts = self.client.call("profiles", "statistics")
        members = {each["segment"]: each["members"] for each in self._segments()}
        return Figures({name: counts[name] for name in COUNTS}, members)

    def _segments(self) -> list[dict[str, Any]]:
        segments: list[dict[str, Any]] = self.client.call("segments", "list")
        return segments

    def _show_decision(self, title: str, request: Mapping[str, Any]) -> None:
        request = {**request, "explain": True, "deadline_ms": _DEADLINE_MS}
        decision = self.client.call("offers", "decide", request=request)
        segments: list[str] = []
        if decision["profile_id"]:
            response = self.client.call(
                "segments", "memberships", profile_id=decision["profile_id"]
            )
            segments = [membership["segment"] for membership in response["segments"]]
        self.console.print(decision_view(title, decision, segments))

    @contextmanager
    def _bar(self, title: str) -> Iterator[Callable[[int, int], None]]:
        columns = (
            TextColumn("{task.description:<20}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self.console, disable=not self.progress) as progress:
            task = progress.add_task(title)
            yield lambda done, total: progress.update(task, completed=done, total=total)


def cdnow_directory() -> Path:
    """The directory of CDNOW's files: CDP_CDNOW_DIR, or where `make` puts them."""
    default = Path(sys.prefix) / "data" / "lifetimes" / "datasets"
    return Path(os.environ.get("CDP_CDNOW_DIR", default))


def fresh_suite(directory: Path, clock: str) -> EmbeddedSuite:
    """An empty suite in `directory`, whose clock stands at an RFC 3339 instant."""
    directory.mkdir(exist_ok=True)
    for name in SERVICE_NAMES:
        database = database_path(directory, name)
        for path in (database, Path(f"{database}-wal"), Path(f"{database}-shm")):
            path.unlink(missing_ok=True)
    (directory / CLOCK).write_text(clock + "\n")
    configure_logging("text", "ERROR")
    settings = embedded_settings(directory, clock_from(clock))
    for each in settings:
        migrate(each)
    return EmbeddedSuite(settings)


def read_events(path: Path) -> list[dict[str, Any]]:
    """The events of a file with one as JSON on each line."""
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
