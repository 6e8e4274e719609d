"""A collector of OpenTelemetry's protocol, as far as tests need one."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import eventlet
import eventlet.wsgi
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True, slots=True)
class ReceivedSpan:
    """A span as it came; ids are hex digits, "" for no parent."""

    service: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    attributes: Mapping[str, Any]
    linked: frozenset[str]  # the ids of spans
    failed: bool


@dataclass(slots=True)
class Collector:
    """Receives spans at `url`."""

    url: str = ""
    spans: list[ReceivedSpan] = field(default_factory=list)

    def __call__(self, environ: Mapping[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        assert (environ["REQUEST_METHOD"], environ["PATH_INFO"]) == ("POST", "/v1/traces")
        assert environ["CONTENT_TYPE"] == "application/x-protobuf"
        body = environ["wsgi.input"].read()
        if environ.get("HTTP_CONTENT_ENCODING") == "gzip":
            body = gzip.decompress(body)
        self.spans += _spans(ExportTraceServiceRequest.FromString(body))
        start("200 OK", [("Content-Type", "application/x-protobuf")])
        return [b""]

    def of_trace(self, trace_id: str) -> list[ReceivedSpan]:
        """The spans of one trace."""
        return [span for span in self.spans if span.trace_id == trace_id]


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector that runs."""
    collector = Collector()
    socket = eventlet.listen(("127.0.0.1", 0))
    collector.url = f"http://127.0.0.1:{socket.getsockname()[1]}"
    serving = eventlet.spawn(eventlet.wsgi.server, socket, collector, log_output=False)
    try:
        yield collector
    finally:
        serving.kill()
        socket.close()


@contextmanager
def hanging() -> Iterator[str]:
    """The URL of a server that takes connections and requests, and never answers."""
    socket = eventlet.listen(("127.0.0.1", 0))
    taken: list[Any] = []
    serving = eventlet.spawn(eventlet.serve, socket, lambda connection, _: taken.append(connection))
    try:
        yield f"http://127.0.0.1:{socket.getsockname()[1]}"
    finally:
        serving.kill()
        socket.close()
        for connection in taken:
            connection.close()


def _spans(request: Any) -> Iterator[ReceivedSpan]:
    for resource in request.resource_spans:
        service = _attributes(resource.resource)["service.name"]
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield ReceivedSpan(
                    service=service,
                    name=span.name,
                    kind=span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
                    trace_id=span.trace_id.hex(),
                    span_id=span.span_id.hex(),
                    parent_id=span.parent_span_id.hex(),
                    attributes=_attributes(span),
                    linked=frozenset(link.span_id.hex() for link in span.links),
                    failed=span.status.code == span.status.STATUS_CODE_ERROR,
                )


def _attributes(message: Any) -> dict[str, Any]:
    return {
        each.key: getattr(each.value, each.value.WhichOneof("value")) for each in message.attributes
    }
