"""A caller's trace goes on through calls, events and log lines, over both brokers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import eventlet
import pytest
from kombu import Connection, Queue

from cdp.connection import connected
from chassis import Event, Unavailable
from chassis.messaging.exchanges import events_exchange
from tests.support.toy_services import Segments, Wire, wait_until
from tests.support.traces import CALLER, Line, Trace, lines_taken

JSON = {"content_type": "application/json", "content_encoding": "utf-8"}


@pytest.fixture
def trace() -> Trace:
    return Trace()


@pytest.fixture
def lines(logged: None) -> Iterator[list[Line]]:
    with lines_taken() as taken:
        yield taken


def recorded(wire: Wire, trace: Trace) -> list[dict[str, Any]]:
    places = [{"stream": trace.stream, "after": 0}]
    return list(wire.call("profiles", "history", streams=places)["events"])


def test_the_trace_of_a_call_is_in_the_events_and_log_lines_of_every_service(
    wire: Wire, trace: Trace, lines: list[Line]
) -> None:
    arguments = {"method": "put", "arguments": {"streams": [trace.stream]}}
    trace.call(wire, "segments", "call_profiles", **arguments)
    wait_until(lambda: ("segments", "applied", CALLER) in trace.shows_in(lines))
    assert trace.shows_in(lines) == {
        ("segments", "answered", CALLER),  # no span of ours is recorded: the ids are the caller's
        ("profiles", "answered", CALLER),
        ("segments", "applied", CALLER),
    }
    (event,) = recorded(wire, trace)
    assert event["traceparent"] == trace.header
    assert Event.from_wire(event).metadata["traceparent"] == trace.header
    (applied,) = [line for line in lines if line["event"] == "applied"]
    assert applied["trace_ids"] == [trace.id]
    assert event["correlationid"] in applied["caused_by"]


def test_the_header_has_its_standard_name_on_every_message(
    wire: Wire, trace: Trace, broker: Any
) -> None:
    """A caller may be no nameko, and so may whoever reads the events."""
    with Connection(broker.operator_uri()) as connection:
        queue = Queue(f"other-{trace.stream}", events_exchange("profiles"), "#", durable=False)
        bound = queue(connection.channel())
        bound.declare()
        body = json.dumps({"args": [], "kwargs": {"streams": [trace.stream]}})
        headers = {"traceparent": trace.header}
        response = wire.request(body, key="profiles.put", headers=headers, **JSON)
        assert response["error"] is None
        wait_until(lambda: any(_is_about(message, trace) for message in iter(bound.get, None)))
        bound.delete()
    wait_until(lambda: wire.versions([trace.stream]) == {trace.stream: 1})


def _is_about(message: Any, trace: Trace) -> bool:
    event = message.payload
    if event["subject"] != trace.stream:
        return False
    return bool(message.headers["traceparent"] == event["traceparent"] == trace.header)


def test_a_command_takes_the_trace_from_its_environment(
    wire: Wire, trace: Trace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDP_AMQP_URI", wire.uri_of("client"))
    for header in (trace.header, "nonsense"):
        monkeypatch.setenv("TRACEPARENT", header)
        with connected(None) as client:
            client.call("profiles", "put", streams=[trace.stream])
    events = recorded(wire, trace)
    assert [event.get("traceparent") for event in events] == [trace.header, None]
    wait_until(lambda: wire.versions([trace.stream]) == {trace.stream: 2})


@pytest.mark.parametrize(
    "header",
    ["", "nonsense", "00-" + "0" * 32 + f"-{CALLER}-01", "x" * 100_000, 5, ["00"], {"a": 1}, None],
)
def test_an_invalid_trace_is_ignored_and_the_call_is_handled(
    wire: Wire, trace: Trace, lines: list[Line], header: Any
) -> None:
    body = json.dumps({"args": [], "kwargs": {"streams": [trace.stream]}})
    response = wire.request(body, key="profiles.put", headers={"traceparent": header}, **JSON)
    assert response == {"result": {trace.stream: 1}, "error": None}
    wait_until(lambda: wire.versions([trace.stream]) == {trace.stream: 1})
    (event,) = recorded(wire, trace)
    assert "traceparent" not in event
    about = [line for line in lines if event["correlationid"] in _calls_of(line)]
    assert {line["event"] for line in about} == {"answered", "applied"}
    assert not [line for line in about if "trace_id" in line or "trace_ids" in line]


def _calls_of(line: Line) -> set[str]:
    return {line.get("correlation_id", ""), *line.get("caused_by", ())}


def test_an_event_with_an_invalid_trace_is_applied(wire: Wire, trace: Trace) -> None:
    for version, traceparent in enumerate(["nonsense", 5, {"a": 1}], start=1):
        wire.call("profiles", "put", streams=[trace.stream])
        body = {**recorded(wire, trace)[version - 1], "traceparent": traceparent}
        wire.publish("profiles", "profiles.events", "noted", json.dumps(body), **JSON)
    wait_until(lambda: wire.versions([trace.stream]) == {trace.stream: 3})


def test_a_batch_that_is_tried_again_or_comes_again_keeps_its_trace(
    wire: Wire, trace: Trace, lines: list[Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    troubles = [Unavailable("database", "is away"), Unavailable("database", "is away")]

    def trouble(event: Event) -> None:
        if event.stream == trace.stream and troubles:
            raise troubles.pop()

    monkeypatch.setattr(Segments, "trouble", staticmethod(trouble))
    trace.call(wire, "profiles", "put", streams=[trace.stream])
    wait_until(lambda: ("segments", "applied", CALLER) in trace.shows_in(lines))
    assert not troubles
    body = json.dumps(recorded(wire, trace)[0])
    before = len(lines)
    wire.publish("profiles", "profiles.events", "noted", body, **JSON)
    wait_until(lambda: ("segments", "applied", CALLER) in trace.shows_in(lines[before:]))
    assert wire.versions([trace.stream]) == {trace.stream: 1}


def test_the_line_of_a_batch_lists_all_its_traces(
    wire: Wire, lines: list[Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    traces = [Trace(), Trace()]
    outage = [Unavailable("database", "is away")]

    def trouble(_event: Event) -> None:
        if outage:
            raise outage[0]

    monkeypatch.setattr(Segments, "trouble", staticmethod(trouble))
    first = Trace()
    first.call(wire, "profiles", "put", streams=[first.stream])
    eventlet.sleep(0.1)  # this one is being tried; the next ones come together
    for trace in traces:
        trace.call(wire, "profiles", "put", streams=[trace.stream])
    eventlet.sleep(0.1)
    outage.clear()
    ids = {trace.id for trace in traces}
    wait_until(lambda: ids <= _logged_ids(lines))  # a batch is applied, and then it is logged
    streams = [trace.stream for trace in traces]
    assert wire.versions(streams) == dict.fromkeys(streams, 1)


def _logged_ids(lines: list[Line]) -> set[str]:
    """The traces in the lines of all batches."""
    return {id_ for line in lines if line["event"] == "applied" for id_ in line["trace_ids"]}
