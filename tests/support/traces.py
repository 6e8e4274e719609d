"""A caller's trace, and where it shows: tests of traces share this."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import structlog

from chassis.observability.tracing import add_trace
from chassis.runtime.client import Client
from tests.support.toy_services import Wire

CALLER = "00f067aa0ba902b7"  # the span that the call begins in
_numbers = itertools.count(1)

Line = Mapping[str, Any]


class Trace:
    """A trace that begins in a shop, and a stream for it to be about."""

    def __init__(self) -> None:
        number = next(_numbers)
        self.id = f"{number:032x}"
        self.stream = f"traced-{number}"
        self.header = f"00-{self.id}-{CALLER}-01"

    def call(self, wire: Wire, service: str, method: str, /, **arguments: Any) -> Any:
        """Call a service of the toy in this trace."""
        with Client(wire.uri_of("client"), traceparent=self.header) as client:
            return client.call(service, method, **arguments)

    def shows_in(self, lines: list[Line]) -> set[tuple[str, str, str]]:
        """Which services logged what in this trace, and under which span."""
        return {
            (line.get("service", "?"), line["event"], line["span_id"])
            for line in lines
            if line.get("trace_id") == self.id
        }


@contextmanager
def lines_taken() -> Iterator[list[Line]]:
    """What services of this process log meanwhile."""
    lines: list[Line] = []

    def take(_logger: object, _level: str, line: Line) -> Any:
        lines.append(dict(line))
        raise structlog.DropEvent

    processors = structlog.get_config()["processors"]
    structlog.configure(processors=[add_trace, take])
    yield lines
    structlog.configure(processors=processors)
