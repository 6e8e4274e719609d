"""SQLite in a process of greenlets: whoever yields inside a transaction freezes nobody."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
YIELDING = """
import chassis.runtime.green
import sys
import eventlet
from chassis.database.engine import Database
from tests.support.toy import append, note, whole_log, work_on

first, second = (work_on(Database(sys.argv[1])) for _ in range(2))
if sys.argv[2] == "one":
    second = first
order = []

def slow(unit):
    unit.append([note("a")])
    order.append("slow began")
    eventlet.sleep(0.2)
    order.append("slow ends")

def quick(unit):
    order.append("quick began")
    unit.append([note("a")])

def tick():
    while True:
        eventlet.sleep(0.01)
        order.append("tick")

ticking = eventlet.spawn(tick)
greenlets = [eventlet.spawn(first.run, slow), eventlet.spawn(second.run, quick)]
for greenlet in greenlets:
    greenlet.wait()
ticking.kill()
assert [step for step in order if step != "tick"] == ["slow began", "slow ends", "quick began"]
assert order.index("tick") < order.index("slow ends"), "the process stood still"
assert [event.version for event in whole_log(first)["a"]] == [1, 2]
print("done")
"""


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("databases_in_process", ["one", "two"])
def test_a_yield_inside_a_transaction_freezes_nobody(
    toy_uri: Callable[[], str], databases_in_process: Any
) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", YIELDING, toy_uri(), databases_in_process],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=25,
        check=False,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("done\n", "", 0)
