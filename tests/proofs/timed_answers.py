"""Runs `cdp` in a process that notes of each decision by how much its answer missed the deadline.

    CDP_ANSWERS=file python -m tests.proofs.timed_answers run offers

The time is that at which the answer goes to the socket. The deadline is counted from when the
process has received the request; and once more from its `sent_at`, so that all waiting counts that
nobody but the sender can know of: in the broker, and in sockets that nobody has read.
"""

from __future__ import annotations

import os
import struct
import time
from pathlib import Path
from typing import Any, NamedTuple

VARIABLE = "CDP_ANSWERS"
_LAYOUT = struct.Struct("qqq")


class TimedAnswer(NamedTuple):
    """When a decision was answered, and how long after its deadline (µs; negative if before).

    `late` is counted from when the process received the request, `late_for_sender` from when it was
    sent.
    """

    at: int
    late: int
    late_for_sender: int


def read_answers(path: Path) -> list[TimedAnswer]:
    """What a process has noted so far."""
    data = path.read_bytes() if path.exists() else b""
    whole = len(data) // _LAYOUT.size * _LAYOUT.size
    return [TimedAnswer(*each) for each in _LAYOUT.iter_unpack(data[:whole])]


def _note_answers(path: str) -> None:
    """Have the process note all its decisions in a file."""
    from eventlet import getcurrent

    from chassis import parse_instant
    from chassis.runtime.http_server import CONNECTION, HttpServer
    from chassis.runtime.rpc import SafeRpcConsumer
    from services.offers.commands import DecisionHandler

    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    requests: dict[Any, Any] = {}  # by the greenlet that answers it
    decide, answer_at_once, serve, respond = (
        DecisionHandler.decide,
        DecisionHandler.answer_at_once,
        HttpServer.__call__,
        SafeRpcConsumer.handle_result,
    )

    def note(received: float) -> None:
        request = requests.pop(getcurrent(), None)
        if request is None:
            return
        now, deadline = time.time_ns() // 1_000, 1_000 * request["deadline_ms"]
        passed = int(1_000_000 * (time.monotonic() - received))
        sent = parse_instant(request["sent_at"])
        os.write(file, _LAYOUT.pack(now, passed - deadline, now - sent - deadline))

    def decide_noting(self: Any, raw: Any, *arguments: Any) -> Any:
        if "sent_at" in raw:
            requests[getcurrent()] = raw
        return decide(self, raw, *arguments)

    def answer_at_once_noting(self: Any, raw: Any, now: int) -> Any:
        if "sent_at" in raw:
            requests[getcurrent()] = raw
        return answer_at_once(self, raw, now)

    def serve_noting(self: Any, environ: Any, start: Any) -> Any:
        body = serve(self, environ, start)
        note(environ[CONNECTION].received_at)
        return body

    def respond_noting(self: Any, message: Any, result: Any, exc_info: Any) -> Any:
        responded = respond(self, message, result, exc_info)
        note(message.received_at)
        return responded

    DecisionHandler.decide = decide_noting  # type: ignore[method-assign, assignment]
    DecisionHandler.answer_at_once = answer_at_once_noting  # type: ignore[method-assign]
    HttpServer.__call__ = serve_noting  # type: ignore[method-assign]
    SafeRpcConsumer.handle_result = respond_noting  # type: ignore[method-assign]


def _main() -> None:
    import warnings

    warnings.filterwarnings("ignore")  # as `cdp` does, before nameko is imported

    import chassis.runtime.green  # noqa: F401 - before all that it makes cooperative

    if VARIABLE in os.environ:
        _note_answers(os.environ[VARIABLE])
    from cdp.main import main

    main()


if __name__ == "__main__":
    _main()
