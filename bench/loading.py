"""Beside a load: how long a checkout's calls take while `cdp load` runs, and while it does not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import eventlet

from bench.calls import decide_request
from bench.flow import record_first_orders
from bench.orders import order
from bench.statistics import milliseconds, percentile, timed
from tests.support.system import ProcessSuite, rows_loaded

SHOPPERS = 2_000
LINES = 60_000  # more than a load gets through in the time
SECONDS = 20
_PAUSE = 0.05  # shoppers come to a checkout one by one

Durations = dict[str, list[float]]


def beside(suite: ProcessSuite) -> dict[str, float]:
    """p50 and p99 in ms of `decide` and of `record` of one event, and what a load adds."""
    record_first_orders(suite, SHOPPERS)
    with suite.proxy(timeout=60) as proxy:
        _calls(proxy, 2)  # warms up
        quiet = _calls(proxy, SECONDS)
        with tempfile.TemporaryDirectory() as folder, _load(suite, Path(folder)) as rows:
            while not rows():
                eventlet.sleep(0.1)
            start, before = time.monotonic(), rows()
            busy = _calls(proxy, SECONDS)
            rate = (rows() - before) / (time.monotonic() - start)
    figures: dict[str, float] = {"load_events_per_s": round(rate)}
    for name, durations in busy.items():
        figures[f"{name}_p50_ms_while_loading"] = milliseconds(durations, 50)
        figures[f"{name}_p99_ms_while_loading"] = milliseconds(durations, 99)
        ratio = percentile(durations, 50) / percentile(quiet[name], 50)
        figures[f"{name}_p50_loading_over_quiet"] = round(ratio, 2)
    return figures


def _calls(proxy: Any, seconds: float) -> Durations:
    calls: dict[str, Callable[[int], object]] = {
        "decide": lambda number: proxy.offers.decide(request=decide_request(number % SHOPPERS)),
        "record": lambda number: proxy.profiles.record([order(number % SHOPPERS)]),
    }
    durations: Durations = {name: [] for name in calls}
    end, number = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        for name, call in calls.items():
            durations[name].append(timed(partial(call, number)))
        number += 7
        eventlet.sleep(_PAUSE)
    return durations


@contextmanager
def _load(suite: ProcessSuite, folder: Path) -> Iterator[Callable[[], int]]:
    """A load of orders of other shoppers; yields a function that counts the rows done."""
    path = folder / "orders.ndjson"
    with path.open("w") as file:
        file.writelines(json.dumps(order(SHOPPERS + n % 20_000)) + "\n" for n in range(LINES))
    command = [sys.executable, "-W", "ignore", "-m", "cdp", "load", str(path), "--no-progress"]
    environment = os.environ | {"CDP_AMQP_URI": suite.client_uri}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            yield partial(rows_loaded, folder / "orders.ndjson.load")
        finally:
            process.kill()
