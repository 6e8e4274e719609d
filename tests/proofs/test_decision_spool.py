"""The spool under fire: offers is killed while it answers, again and again, and started again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import eventlet

from chassis.core.errors import ServiceError
from chassis.runtime.client import Client
from tests.support.system import ProcessSuite

CALLERS = 6
REQUEST = {"placement": "checkout", "context": {}, "deadline_ms": 5_000}


def answer(suite: ProcessSuite, answered: list[dict[str, Any]]) -> None:
    """Ask for ever; what gets no answer is asked no more."""
    while True:
        try:
            with Client(suite.client_uri, timeout=2.0) as client:
                while True:
                    answered.append(client.call("offers", "decide", request=REQUEST))
        except ServiceError:
            eventlet.sleep(0.05)


def logged(suite: ProcessSuite) -> set[str]:
    connection = suite.administrator("offers")
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM events WHERE type = 'offer_decided'")
        ids = {row[0] for row in cursor.fetchall()}
    connection.close()
    return ids


def test_no_answered_decision_is_missing_however_often_offers_is_killed(
    suite: Callable[..., ProcessSuite], size: Callable[[int, int], int]
) -> None:
    started = suite(services=("offers",))
    answered: list[dict[str, Any]] = []
    callers = [eventlet.spawn(answer, started, answered) for _ in range(CALLERS)]
    for _ in range(size(1, 30)):
        before = len(answered)
        with eventlet.Timeout(60):
            while len(answered) < before + 60:
                eventlet.sleep(0.005)
        (process,) = started.alive("offers")
        started.kill(process)
        started.start("offers")
    for caller in callers:
        caller.kill()
    ids = {
        each["decision_id"] for each in answered if "decision_not_logged" not in each["degraded"]
    }
    started.wait_for(lambda: ids <= logged(started), "every decision that was answered is logged")
    print(f"{len(ids)} decisions were answered, and all of them are logged")
    started.wait_for(
        lambda: len(list((started.directory / "spool").iterdir())) <= 2,
        "what dead processes left is taken over",
    )
