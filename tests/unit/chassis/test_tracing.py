"""W3C trace context: what is accepted as `traceparent`, and what asks for spans."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import Event, InvalidInput
from chassis.observability import tracing
from chassis.observability.tracing import (
    TraceContext,
    Tracer,
    Tracing,
    causes_of,
    common_trace,
    current,
    entered,
    open_tracing,
    parse_traceparent,
)

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
HEADER = f"00-{TRACE}-{SPAN}-01"
ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"}


def ids(length: int) -> st.SearchStrategy[str]:
    return st.integers(1, 16**length - 1).map(lambda number: f"{number:0{length}x}")


flags = st.integers(0, 255)
later_versions = st.integers(1, 254)


def event(traceparent: Any) -> Event:
    metadata = {} if traceparent is None else {"traceparent": traceparent}
    return Event("e", "profiles", "noted", "s", 1, {}, 0, 0, metadata=metadata)


@given(ids(32), ids(16), flags)
def test_a_header_of_version_00_keeps_its_ids_and_the_flags_that_we_know(
    trace_id: str, span_id: str, bits: int
) -> None:
    context = parse_traceparent(f"00-{trace_id}-{span_id}-{bits:02x}")
    assert context == TraceContext(trace_id, span_id, bits & 0b11)
    assert parse_traceparent(context.traceparent) == context


@given(later_versions, ids(32), ids(16), flags, st.text(max_size=400))
def test_a_later_version_may_say_more_and_is_handed_on_as_version_00(
    version: int, trace_id: str, span_id: str, bits: int, more: str
) -> None:
    header = f"{version:02x}-{trace_id}-{span_id}-{bits:02x}"
    context = TraceContext(trace_id, span_id, bits & 1)
    assert parse_traceparent(header) == parse_traceparent(f"{header}-{more}") == context
    assert context.traceparent.startswith("00-")
    if not more.startswith("-"):
        assert parse_traceparent(f"{header}{more or 'x'}") is None


@pytest.mark.parametrize(
    "header",
    [
        None,
        5,
        b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        [HEADER],
        "",
        HEADER[:-1],
        HEADER + "\n",
        " " + HEADER,
        HEADER.upper(),
        HEADER.replace("-", "_"),
        HEADER.replace("4bf9", "4bg9"),
        HEADER.replace("4bf9", "٤bf9"),
        HEADER + "-more",  # version 00 has no more
        f"ff-{TRACE}-{SPAN}-01",
        f"0-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE[1:]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}0-01",
        f"00-{TRACE}-{SPAN}-1",
        f"01-{TRACE}-{SPAN}-01more",
        f"01-{TRACE}-{SPAN}-01-{'x' * 10_000}",
    ],
)
def test_an_invalid_header_is_ignored(header: Any) -> None:
    assert parse_traceparent(header) is None


@given(st.text(max_size=80) | st.from_regex(r"[0-9a-f-]{50,60}", fullmatch=True))
def test_no_header_is_an_error_and_what_is_accepted_is_handed_on_as_it_should_be(
    header: str,
) -> None:
    context = parse_traceparent(header)
    if context is not None:
        version, trace_id, span_id, bits = context.traceparent.split("-")
        assert (version, len(trace_id), len(span_id), len(bits)) == ("00", 32, 16, 2)
        assert all(set(part) <= set("0123456789abcdef") for part in (trace_id, span_id, bits))
        assert set(trace_id) != {"0"}
        assert set(span_id) != {"0"}


def test_a_place_in_a_trace_is_left_as_it_was_entered() -> None:
    outer, inner = (parse_traceparent(f"00-{TRACE}-{n:016x}-01") for n in (1, 2))
    assert outer
    assert inner
    assert current() is None
    with entered(outer):
        with suppress(ZeroDivisionError), entered(inner):
            assert current() == inner
            raise ZeroDivisionError
        assert current() == outer
    assert current() is None


def test_a_batch_is_in_a_trace_if_all_its_causes_are() -> None:
    other = f"00-{'a' * 32}-{SPAN}-01"
    sibling = f"00-{TRACE}-{'1' * 16}-01"
    assert common_trace(causes_of([event(None), event("nonsense"), event(7)])) is None
    assert common_trace(causes_of([event(HEADER), event(HEADER), event(None)])) == (
        parse_traceparent(HEADER)
    )
    assert len(causes_of([event(HEADER), event(sibling), event(HEADER)])) == 2
    assert common_trace(causes_of([event(HEADER), event(sibling)])) is not None
    assert common_trace(causes_of([event(HEADER), event(other)])) is None


def test_what_follows_from_an_event_knows_the_call_behind_it() -> None:
    caused = Event(
        "e", "profiles", "noted", "s", 1, {}, 0, 0,
        metadata={"correlation_id": "c", "traceparent": HEADER, "profile_id": "p"},
    )  # fmt: skip
    assert caused.origin == {"correlation_id": "c", "traceparent": HEADER}
    assert event(None).origin == {}


# Spans are an extra


@pytest.mark.parametrize(
    "environment",
    [{}, {"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, {**ENDPOINT, "OTEL_SDK_DISABLED": "TRUE"}],
)
def test_spans_are_recorded_only_if_they_are_asked_for(environment: dict[str, str]) -> None:
    opened = open_tracing(environment)
    assert type(opened) is Tracing
    assert type(opened.tracer("profiles")) is Tracer
    opened.stop()


def test_without_the_variable_opentelemetry_is_not_even_imported() -> None:
    program = (
        "import chassis.runtime.green, sys; import services.offers.service, cdp.running;"
        "from chassis.observability.tracing import open_tracing; open_tracing({});"
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True, timeout=120)


def test_without_the_extra_the_variable_is_named_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "chassis.observability.spans", raising=False)
    for name in [name for name in sys.modules if name.startswith("opentelemetry.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(InvalidInput) as caught:
        open_tracing(ENDPOINT)
    assert caught.value.subject == tracing.ENDPOINT
    assert "install checkout-cdp[otel]" in caught.value.message


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4317"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "grpc://collector"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://[collector"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:grpc"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
    ],
)
def test_a_setting_that_cannot_work_is_named(variable: str, value: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        open_tracing({**ENDPOINT, variable: value})
    assert caught.value.subject == variable
