"""Spans reach a collector, over both brokers, and a collector that is in trouble stops nobody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import eventlet
import pytest

from chassis import ServiceError
from chassis.runtime.client import Client
from tests.support.collector import Collector, collecting, hanging
from tests.support.toy_services import Wire, wait_until
from tests.support.traces import CALLER, Line, Trace, lines_taken


@pytest.fixture
def trace() -> Trace:
    return Trace()


@pytest.fixture
def lines(logged: None) -> Iterator[list[Line]]:
    with lines_taken() as taken:
        yield taken


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as made:
        yield made


def traced_wire(
    monkeypatch: pytest.MonkeyPatch, broker: Any, toy_uris: Mapping[str, str], url: str
) -> Wire:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
    wire = Wire(broker.uri, toy_uris)
    wire.start()
    return wire


def test_spans_reach_a_collector_and_name_no_person(
    broker: Any, toy_uris: Any, collector: Collector, monkeypatch: pytest.MonkeyPatch,
    trace: Trace, lines: list[Line],
) -> None:  # fmt: skip
    wire = traced_wire(monkeypatch, broker, toy_uris, collector.url)
    try:
        arguments = {"method": "put", "arguments": {"streams": [trace.stream], "amount": 7}}
        trace.call(wire, "segments", "call_profiles", **arguments)
        wait_until(lambda: len(collector.of_trace(trace.id)) == 4)
    finally:
        wire.stop()
    spans = {(span.service, span.kind, span.name): span for span in collector.of_trace(trace.id)}
    served = spans["segments", "SERVER", "segments.call_profiles"]
    called = spans["segments", "CLIENT", "profiles.put"]
    put = spans["profiles", "SERVER", "profiles.put"]
    applied = spans["segments", "CONSUMER", "apply segments.profiles"]
    assert [span.parent_id for span in (served, called, put, applied)] == [
        CALLER, served.span_id, called.span_id, put.span_id,
    ]  # fmt: skip
    assert applied.linked == {put.span_id}
    assert put.attributes == {"rpc.system.name": "nameko", "rpc.method": "profiles.put"}
    assert applied.attributes == {
        "messaging.system": "rabbitmq",
        "messaging.operation.type": "process",
        "messaging.operation.name": "apply",
        "messaging.destination.name": "segments.profiles",
        "messaging.batch.message_count": 1,
    }
    assert not any(span.failed for span in spans.values())
    assert trace.shows_in(lines) == {
        ("segments", "answered", served.span_id),
        ("profiles", "answered", put.span_id),
        ("segments", "applied", applied.span_id),
    }


@pytest.mark.parametrize(
    ("kind", "name", "is_fault"),
    [
        ("InvalidInput", "InvalidInput", False),
        ("Unavailable", "Unavailable", True),
        ("unexpected", "Failure", True),
    ],
)
def test_a_span_has_the_kind_of_an_error_and_never_its_message(
    broker: Any, toy_uris: Any, collector: Collector, monkeypatch: pytest.MonkeyPatch,
    trace: Trace, kind: str, name: str, is_fault: bool,
) -> None:  # fmt: skip
    wire = traced_wire(monkeypatch, broker, toy_uris, collector.url)
    try:
        arguments = {"method": "fail", "arguments": {"kind": kind}}
        with pytest.raises(ServiceError):
            trace.call(wire, "segments", "call_profiles", **arguments)
    finally:
        wire.stop()
    spans = {(span.kind, span.name): span for span in collector.of_trace(trace.id)}
    failed = spans["SERVER", "profiles.fail"]
    assert (failed.attributes["error.type"], failed.failed) == (name, is_fault)
    assert spans["CLIENT", "profiles.fail"].failed
    assert "jane" not in repr(collector.spans)
    assert "has no time zone" not in repr(collector.spans)


def test_what_was_not_sent_yet_is_sent_on_stop_and_background_work_makes_no_noise(
    broker: Any, toy_uris: Any, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    wire = Wire(broker.uri, toy_uris)
    wire.start()
    try:
        wait_until(lambda: wire.call("profiles", "echo", value="jane") == ["jane", None])
        assert not collector.spans
    finally:
        wire.stop()
    assert {span.name for span in collector.spans} == {"profiles.echo"}  # no heads, no history
    assert all(not span.parent_id for span in collector.spans)


@pytest.mark.parametrize("state", ["hanging", "away"])
def test_a_collector_that_hangs_or_is_away_holds_up_nobody(
    broker: Any, toy_uris: Any, monkeypatch: pytest.MonkeyPatch, trace: Trace, state: str
) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "20")
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "10")
    with hanging() as url:
        wire = traced_wire(
            monkeypatch, broker, toy_uris, url if state == "hanging" else "http://127.0.0.1:1"
        )
        with Client(wire.uri_of("client"), timeout=5, traceparent=trace.header) as client:
            for number in range(100):  # many times what the queue of spans holds
                assert client.call("profiles", "echo", value=number) == [number, None]
        with eventlet.Timeout(20, AssertionError("the stop waits for the collector")):
            wire.stop()
