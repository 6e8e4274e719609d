"""Traces: the W3C trace context of a call, on its way through calls, events and log lines.

A shop that traces its requests sends the header `traceparent` with a call. It goes on with every
call and event that this leads to, and its ids are in their log lines. Spans of our own are recorded
by `chassis.observability.spans`, if OpenTelemetry is configured; without them, and without a
header, a call costs nothing here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass

from structlog.typing import EventDict

from chassis.core.errors import InvalidInput
from chassis.core.event import Event

TRACEPARENT = "traceparent"  # the header, and the attribute of events
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
_DISABLED = "OTEL_SDK_DISABLED"

# https://www.w3.org/TR/trace-context-2/#traceparent-header
_GRAMMAR = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.DOTALL)
_LONGEST = 512  # characters; later versions may add to the 55 of version 00
_KNOWN_FLAGS = 0b11  # sampled, random
_SAMPLED = 0b01  # the only flag that may be read from a later version


@dataclass(frozen=True, slots=True)
class TraceContext:
    """A place in a trace: its id (32 hex digits), the id of a span (16), and the flags."""

    trace_id: str
    span_id: str
    flags: int

    @property
    def traceparent(self) -> str:
        """The header, in version 00."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags:02x}"


def parse_traceparent(header: object) -> TraceContext | None:
    """The trace context of a header; None if it is missing or invalid, as W3C demands."""
    if not isinstance(header, str) or len(header) > _LONGEST:
        return None
    match = _GRAMMAR.fullmatch(header)
    if match is None:
        return None
    version, trace_id, span_id, flags, rest = match.groups()
    if (
        version == "ff"
        or (version == "00" and rest)
        or not (int(trace_id, 16) and int(span_id, 16))
    ):
        return None
    known = _KNOWN_FLAGS if version == "00" else _SAMPLED
    return TraceContext(trace_id, span_id, int(flags, 16) & known)


_current: ContextVar[TraceContext | None] = ContextVar("trace_context", default=None)


def current() -> TraceContext | None:
    """Where in a trace the present greenlet is; None outside of any."""
    return _current.get()


@contextmanager
def entered(context: TraceContext) -> Iterator[None]:
    """Be at this place of a trace meanwhile: in calls, in events and in log lines."""
    token = _current.set(context)
    try:
        yield
    finally:
        _current.reset(token)


def add_trace(_logger: object, _level: str, line: EventDict) -> EventDict:
    """A processor of structlog: puts the trace that the present greenlet is in into the line."""
    context = _current.get()
    if context is not None:
        line["trace_id"], line["span_id"] = context.trace_id, context.span_id
    return line


def causes_of(events: Sequence[Event]) -> list[TraceContext]:
    """The trace contexts under which the events came about, each once."""
    headers = [event.metadata[TRACEPARENT] for event in events if TRACEPARENT in event.metadata]
    texts = {header for header in headers if isinstance(header, str)}
    contexts = set(filter(None, map(parse_traceparent, texts)))
    return sorted(contexts, key=lambda context: context.traceparent)


class Span:
    """Work that is timed; this one is not recorded."""

    def fail(self, error: BaseException) -> None:
        """Note the kind of an error, never its message, which may quote a value."""


_UNRECORDED = nullcontext(Span())


class Tracer:
    """Takes traces on through one service; this one records no spans."""

    def serving(self, method: str, caller: TraceContext | None) -> AbstractContextManager[Span]:
        """While a call of `method` is handled."""
        del method
        return self._within(caller)

    def applying(self, source: str, events: Sequence[Event]) -> AbstractContextManager[Span]:
        """While a batch of events of `source` is applied."""
        del source
        return self._within(common_trace(causes_of(events)))

    def calling(self, service: str, method: str) -> AbstractContextManager[TraceContext | None]:
        """While another service is called; the context to send with the call."""
        del service, method
        return nullcontext(current())

    @staticmethod
    def _within(context: TraceContext | None) -> AbstractContextManager[Span]:
        return _entered_unrecorded(context) if context else _UNRECORDED


@contextmanager
def _entered_unrecorded(context: TraceContext) -> Iterator[Span]:
    with entered(context):
        yield Span()


def common_trace(causes: Sequence[TraceContext]) -> TraceContext | None:
    """The context to be in on behalf of all `causes`; None if these are of several traces."""
    return causes[0] if len({context.trace_id for context in causes}) == 1 else None


class Tracing:
    """Tracers of the services of a process; these record no spans."""

    def tracer(self, service: str) -> Tracer:
        """The tracer of a service."""
        del service
        return Tracer()

    def stop(self) -> None:
        """Send what is recorded, within a few seconds."""


def open_tracing(environment: Mapping[str, str] = os.environ) -> Tracing:
    """Tracing as OpenTelemetry's variables ask for it; InvalidInput names the one to correct."""
    disabled = environment.get(_DISABLED, "").strip().lower() == "true"
    if disabled or not environment.get(ENDPOINT):
        return Tracing()
    try:
        # Imported only where it is asked for: it is an extra, and costs memory and time.
        from chassis.observability.spans import SpanTracing  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise InvalidInput(
            ENDPOINT,
            f"is set, but there is no module {error.name}: "
            "install checkout-cdp[otel], or unset the variable",
        ) from None
    return SpanTracing.configured(environment)
