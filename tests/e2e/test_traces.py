"""One trace of a shop, seen in the log of every service that its call leads to."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from chassis.runtime.client import Client
from contracts.topology import SERVICE_NAMES
from tests.support.system import ProcessSuite

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
HEADER = f"00-{TRACE}-{CALLER}-01"


def services_with(suite: ProcessSuite, trace_id: str) -> set[str]:
    """The services that have a line of this trace in the log of one of their processes."""
    return {process.service for process in suite.processes for _ in lines(process, trace_id)}


def lines(process: Any, trace_id: str) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for line in process.log.read_text().splitlines()
        if trace_id in line and line.endswith("}")
    ]


def order(number: int) -> dict[str, Any]:
    return {
        "id": f"order-{number}",
        "type": "order_completed",
        "time": "2026-11-20T19:30:00Z",
        "identifiers": {"user_id": f"grace-{number}"},
        "authenticated": True,
        "data": {
            "order_id": f"A-{number}",
            "revenue": 90_000,
            "currency": "USD",
            "products": [{"product_id": "espresso-machine", "quantity": 1, "price": 90_000}],
        },
    }


def record(suite: ProcessSuite, trace_id: str, number: int) -> dict[str, Any]:
    with Client(suite.client_uri, 30.0, HEADER.replace(TRACE, trace_id)) as client:
        (receipt,) = client.call("profiles", "record", events=[order(number)])["receipts"]
        return dict(receipt)


def test_one_trace_shows_in_every_service_and_event_and_a_redelivery_keeps_it(
    suite: Callable[..., ProcessSuite],
) -> None:
    running = suite()
    receipt = record(running, TRACE, 1)
    running.wait_for(
        lambda: services_with(running, TRACE) == set(SERVICE_NAMES), "all log the trace"
    )
    places = [{"stream": receipt["stream_id"], "after": 0}]
    events = running.call("profiles", "history", streams=places)["events"]
    assert [event["type"] for event in events] == ["identity_changed", "order_completed"]
    assert {event["traceparent"] for event in events} == {HEADER}

    profile = [{"stream": receipt["profile_id"], "after": 0}]

    def entered() -> list[dict[str, Any]]:
        return list(running.call("segments", "history", streams=profile)["events"])

    running.wait_for(entered, "segments tells an entry")
    assert {event["traceparent"] for event in entered()} == {HEADER}
    assert {event["correlationid"] for event in entered()} == {events[-1]["correlationid"]}

    # A process dies with what it was given; the broker gives it to another one.
    other = "a" * 32
    (segments,) = running.alive("segments")
    running.freeze(segments)
    record(running, other, 2)
    running.wait_for(lambda: "offers" in services_with(running, other), "offers logs the trace")
    running.kill(segments)
    successor = running.start("segments")
    running.wait_for(lambda: lines(successor, other), "segments logs the trace")
    applied = [line for line in lines(successor, other) if line["event"] == "applied"]
    assert [(line["trace_id"], line["trace_ids"]) for line in applied] == [(other, [other])]
