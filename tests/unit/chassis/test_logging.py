from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FAILING = """
import logging, sys
import structlog
from chassis.observability.logging import configure_logging

configure_logging(sys.argv[1])
structlog.get_logger("x").info("applied", service="segments", events=3)
structlog.get_logger("x").debug("unheard")
logging.getLogger("library").warning("a library speaks")
logging.getLogger("amqp").warning("Received method %s during closing channel %s", (60, 80), 1)

def fail(email):
    raise KeyError("profile")

try:
    fail(sys.argv[2])
except KeyError:
    structlog.get_logger("x").exception("failed")
    logging.getLogger("library").exception("failed too")
"""


def lines(form: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FAILING, form, "jane@example.com"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "", "answers go to standard output, logs to standard error"
    return done.stderr.splitlines()


def test_in_production_every_line_is_json_the_libraries_too() -> None:
    records = [json.loads(line) for line in lines("json")]
    assert [line["event"] for line in records] == [
        "applied",
        "a library speaks",
        "failed",
        "failed too",
    ]
    first = records[0]
    assert (first["service"], first["events"], first["level"]) == ("segments", 3, "info")
    assert all("timestamp" in line for line in records)
    assert all("KeyError" in line["exception"] for line in records[2:])


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_traceback_shows_no_values(form: str) -> None:
    assert not any("jane" in line for line in lines(form))
