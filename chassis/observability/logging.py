"""Logging: a line of JSON for each event in production, readable lines in a terminal."""

from __future__ import annotations

import logging
import os
import sys
from typing import Literal

import structlog
from structlog.typing import Processor

from chassis.core.errors import InvalidInput
from chassis.observability.tracing import add_trace


def configure_logging(form: Literal["json", "text"], level: str = "INFO") -> None:
    """Write our lines and the libraries' in the same form, to standard error."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        add_trace,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # Plain tracebacks: one with local variables would show personal values.
    tail: list[Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if form == "json"
        else [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    )
    structlog.configure(
        processors=[*shared, *tail],
        wrapper_class=structlog.make_filtering_bound_logger(level.lower()),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *tail,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    # Whoever closes a channel has no use for what the broker sends on it meanwhile.
    logging.getLogger("amqp").addFilter(_is_relevant)
    # nameko logs refusals, which are the caller's mistake, with a stack trace.
    logging.getLogger("nameko.containers").setLevel(logging.ERROR)


def read_log_form() -> Literal["json", "text"]:
    """The form that CDP_LOG asks for: by default text in a terminal, else JSON."""
    form = os.environ.get("CDP_LOG", "text" if sys.stderr.isatty() else "json")
    if form not in ("json", "text"):
        raise InvalidInput("CDP_LOG", "must be json or text")
    return "json" if form == "json" else "text"


def read_log_level() -> str:
    """The least severe level that CDP_LOG_LEVEL lets through: by default INFO."""
    level = os.environ.get("CDP_LOG_LEVEL", "INFO").upper()
    if level not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise InvalidInput("CDP_LOG_LEVEL", "must be debug, info, warning or error")
    return level


def _is_relevant(record: logging.LogRecord) -> bool:
    return "during closing channel" not in str(record.msg)
