"""Spans by OpenTelemetry, sent over OTLP (http/protobuf); see `chassis.observability.tracing`.

Spans wait in a bounded queue for a greenlet of their own, which sends them in batches. While the
collector is slow or away the queue overflows, and spans are lost, but nobody waits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

import eventlet
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)
from opentelemetry.trace import Span as OpenTelemetrySpan

from chassis.core.addresses import split_address
from chassis.core.errors import Conflict, InvalidInput, NotFound, Refused
from chassis.core.event import Event
from chassis.observability.tracing import (
    ENDPOINT,
    Span,
    TraceContext,
    Tracer,
    Tracing,
    causes_of,
    common_trace,
    current,
    entered,
)

_PROTOCOL = "OTEL_EXPORTER_OTLP_PROTOCOL"
_HTTP = "http/protobuf"
_STOP_SECONDS = 3.0
_MOST_LINKS = 128  # as many as OpenTelemetry keeps
# The caller's mistakes: its span has failed, the service's has not.
_REFUSALS = (InvalidInput, NotFound, Conflict, Refused)


class SpanTracing(Tracing):
    """Tracers that record spans, which one exporter of the process sends."""

    def __init__(self, processor: SpanProcessor) -> None:
        self._processor = processor

    @classmethod
    def configured(cls, environment: Mapping[str, str]) -> Self:
        """As OpenTelemetry's variables say; InvalidInput names the one to correct."""
        if not _is_url(environment[ENDPOINT]):
            raise InvalidInput(ENDPOINT, "must be a URL such as http://localhost:4318")
        if environment.get(_PROTOCOL, _HTTP) != _HTTP:
            raise InvalidInput(_PROTOCOL, f"must be {_HTTP}, or not be set")
        return cls(BatchSpanProcessor(OTLPSpanExporter()))

    def tracer(self, service: str) -> Tracer:
        resource = Resource.create({"service.namespace": "checkout-cdp", "service.name": service})
        provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        provider.add_span_processor(self._processor)
        return SpanTracer(service, provider)

    def stop(self) -> None:
        with eventlet.Timeout(_STOP_SECONDS, False):
            self._processor.shutdown()


class RecordedSpan(Span):
    """A span that is recorded; errors of the kinds in `tolerated` are no failure of it."""

    def __init__(
        self, span: OpenTelemetrySpan, tolerated: tuple[type[Exception], ...] = ()
    ) -> None:
        self._span = span
        self._tolerated = tolerated

    def fail(self, error: BaseException) -> None:
        self._span.set_attribute("error.type", type(error).__name__)
        if not isinstance(error, self._tolerated):
            self._span.set_status(StatusCode.ERROR)


class SpanTracer(Tracer):
    """Records the calls of one service, those that it makes on behalf of a call, and its batches.

    Attributes follow OpenTelemetry's semantic conventions for RPC and messaging. They name
    services, methods, queues and errors; never an argument, a result or a message.
    """

    def __init__(self, service: str, provider: TracerProvider) -> None:
        self._service = service
        self._tracer = provider.get_tracer("chassis")

    @contextmanager
    def serving(self, method: str, caller: TraceContext | None) -> Iterator[Span]:
        name = f"{self._service}.{method}"
        span = self._start(name, SpanKind.SERVER, caller, _rpc(name))
        with _ended(RecordedSpan(span, _REFUSALS), span) as recorded, entered(_context_of(span)):
            yield recorded

    @contextmanager
    def applying(self, source: str, events: Sequence[Event]) -> Iterator[Span]:
        causes = causes_of(events)
        queue = f"{self._service}.{source}"
        attributes = {
            "messaging.system": "rabbitmq",
            "messaging.operation.type": "process",
            "messaging.operation.name": "apply",
            "messaging.destination.name": queue,
            "messaging.batch.message_count": len(events),
        }
        links = [Link(_span_context(cause)) for cause in causes[:_MOST_LINKS]]
        parent = common_trace(causes)
        span = self._start(f"apply {queue}", SpanKind.CONSUMER, parent, attributes, links)
        with _ended(RecordedSpan(span), span) as recorded, entered(_context_of(span)):
            yield recorded

    @contextmanager
    def calling(self, service: str, method: str) -> Iterator[TraceContext | None]:
        caller = current()
        if caller is None:  # the service's own background work, of which no trace would tell much
            yield None
            return
        name = f"{service}.{method}"
        span = self._start(name, SpanKind.CLIENT, caller, _rpc(name))
        with _ended(RecordedSpan(span), span):
            yield _context_of(span)

    def _start(
        self,
        name: str,
        kind: SpanKind,
        parent: TraceContext | None,
        attributes: Mapping[str, Any],
        links: Sequence[Link] = (),
    ) -> OpenTelemetrySpan:
        context = Context()
        if parent is not None:
            context = set_span_in_context(NonRecordingSpan(_span_context(parent)), context)
        return self._tracer.start_span(
            name, context, kind, attributes, links, record_exception=False
        )


@contextmanager
def _ended(recorded: RecordedSpan, span: OpenTelemetrySpan) -> Iterator[RecordedSpan]:
    try:
        yield recorded
    except BaseException as error:
        recorded.fail(error)
        raise
    finally:
        span.end()


def _is_url(text: str) -> bool:
    url = split_address(text)
    return url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0


def _rpc(method: str) -> dict[str, str]:
    return {"rpc.system.name": "nameko", "rpc.method": method}


def _span_context(context: TraceContext) -> SpanContext:
    return SpanContext(
        int(context.trace_id, 16),
        int(context.span_id, 16),
        is_remote=True,
        trace_flags=TraceFlags(context.flags),
    )


def _context_of(span: OpenTelemetrySpan) -> TraceContext:
    context = span.get_span_context()
    return TraceContext(f"{context.trace_id:032x}", f"{context.span_id:016x}", context.trace_flags)
