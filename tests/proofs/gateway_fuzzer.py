"""`python -m tests.proofs.gateway_fuzzer TASK`: bad requests to a gateway, and what came of them.

A program of its own, as it must not share an interpreter with the one that looks on.
"""

from __future__ import annotations

import json
import random
import select
import socket
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any

import hypothesis
import schemathesis
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.proofs.bad_requests import BadRequest, FuzzTask, bad_request, slow_request

_CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
_STATUSES = {200, 204, 304, 400, 401, 403, 404, 405, 408, 409, 413, 429, 431, 503}
_BODILESS = {204, 304}
_PATIENCE = 30.0
_ENDS_AFTER = 0.5
_THREADS = 8
_LEAST_EXAMPLES = 5
_SLOW_SECONDS = 12.0  # the gateway waits for ten
_MOST_PROBLEMS = 30


@dataclass(slots=True)
class FuzzReport:
    """How many requests were sent, the statuses of their answers by kind, and what is wrong."""

    sent: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def note(self, kind: str, status: int) -> None:
        """Count an answer."""
        self.statuses[f"{kind}: {status}"] += 1

    def blame(self, problem: str) -> None:
        """Keep what is wrong with an answer, of very many only some."""
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(problem)


# By the OpenAPI document


def fuzz_by_document(task: FuzzTask, report: FuzzReport) -> None:
    """Send what the served document allows, and what it forbids, to its operations.

    Of each some requests, as most of the time goes into the first: few go to some operations only.
    """
    schema = schemathesis.openapi.from_url(f"http://127.0.0.1:{task.port}/openapi.json")
    operations = [each.ok() for each in schema.get_all_operations() if isinstance(each, Ok)]
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    wanted = [(operation, mode) for mode in modes for operation in operations]
    source = random.Random(task.seed)
    source.shuffle(wanted)
    for left, (operation, mode) in zip(range(len(wanted), 0, -1), wanted, strict=True):
        number = max(_LEAST_EXAMPLES, (task.by_document - report.sent) // left)
        if report.sent >= task.by_document:
            return
        strategy = operation.as_strategy(generation_mode=mode)
        settings = hypothesis.settings(
            max_examples=number,
            deadline=None,
            database=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )

        @hypothesis.seed(task.seed)
        @settings
        @hypothesis.given(strategy)
        def send(case: Any) -> None:
            _send_case(task, report, source, case)

        with suppress(Unsatisfiable):  # what has no body cannot be wrong
            send()


def _send_case(task: FuzzTask, report: FuzzReport, source: random.Random, case: Any) -> None:
    key = source.choice([task.server_key, task.server_key, task.browser_key, "none"])
    _make_known(case, source, task)
    response = case.call(headers={"Authorization": f"Bearer {key}"}, timeout=_PATIENCE)
    report.sent += 1
    report.note(case.operation.label, response.status_code)
    if response.status_code not in _STATUSES:
        report.blame(f"{case.operation.label}: {response.status_code} {response.text[:200]}")
    try:
        case.validate_response(response, checks=_CHECKS)
    except FailureGroup as failures:
        for failure in failures.exceptions:
            report.blame(f"{case.operation.label}: {failure}")


def _make_known(case: Any, source: random.Random, task: FuzzTask) -> None:
    """Name a source, a key and a placement that there are, now and then."""
    if source.random() < 0.5:
        return
    known = {"source": "web", "key": task.browser_key, "type": "track"}
    for name in case.path_parameters or {}:
        case.path_parameters[name] = known[name]
    if isinstance(case.body, dict) and "placement" in case.body:
        case.body["placement"] = "checkout"


# By hand


def fuzz_by_hand(task: FuzzTask, report: FuzzReport) -> None:
    """Send bytes, over as many connections at once as there are threads."""
    source = random.Random(task.seed)
    seeds = [source.randrange(2**32) for _ in range(task.by_hand)]
    slow_seeds = [source.randrange(2**32) for _ in range(task.slow)]

    def send(seed: int) -> None:
        _send_bytes(task, report, bad_request(random.Random(seed), task.keys), seed)

    def send_slowly(seed: int) -> None:
        request = slow_request(random.Random(seed), task.keys, _SLOW_SECONDS)
        _send_bytes(task, report, request, seed)

    with ThreadPoolExecutor(_THREADS) as pool, ThreadPoolExecutor(max(1, task.slow)) as slow_pool:
        slow = slow_pool.map(send_slowly, slow_seeds)
        list(pool.map(send, seeds))
        list(slow)


def _send_bytes(task: FuzzTask, report: FuzzReport, request: BadRequest, seed: int) -> None:
    with closing(socket.create_connection(("127.0.0.1", task.port), _PATIENCE)) as connection:
        with suppress(OSError):  # the gateway may have closed, which is its answer
            _send_pieces(connection, request)
        report.sent += 1
        if request.resets:
            linger = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            return
        reader = AnswerReader(connection)
        answers = 0
        try:
            while answers < request.responses and (status := reader.next(request.has_no_body)):
                answers += 1
                report.note(request.kind, status)
        except AnswerWrong as wrong:
            report.blame(f"{request.kind} ({seed}): {wrong}")
        except TimeoutError:
            report.blame(f"{request.kind} ({seed}): neither answered nor closed")
        except OSError:
            pass  # it was reset: nothing but the answers before it came
        if not answers and not request.may_be_cut:
            report.blame(f"{request.kind} ({seed}): closed without an answer")


def _send_pieces(connection: socket.socket, request: BadRequest) -> None:
    for piece in request.pieces:
        connection.sendall(piece)
        time.sleep(request.pause)
    if request.ends and not select.select([connection], [], [], _ENDS_AFTER)[0]:
        connection.shutdown(
            socket.SHUT_WR
        )  # the gateway waits for more, and takes that for its end


class AnswerWrong(Exception):
    """An answer is none, or not as the document has it."""


class AnswerReader:
    """Reads the answers of a connection one by one."""

    def __init__(self, connection: socket.socket) -> None:
        self._file = connection.makefile("rb")

    def next(self, has_no_body: bool) -> int:
        """The status of the next answer; 0 if there is none, AnswerWrong if it is not right."""
        line = self._file.readline()
        if not line:
            return 0
        words = line.split()
        if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
            raise AnswerWrong(f"begins with {line[:80]!r}")
        status, headers = int(words[1]), self._headers()
        if status == 100:
            return self.next(has_no_body)
        if status not in _STATUSES:
            content = self._file.read(int(headers.get("content-length", 0)))
            raise AnswerWrong(f"{status} is not documented: {content[:300]!r}")
        if has_no_body or status in _BODILESS:
            return status
        _check_content(status, headers, self._file.read(int(headers["content-length"])))
        return status

    def _headers(self) -> dict[str, str]:
        headers = {}
        while (line := self._file.readline().strip()) != b"":
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        return headers


def _check_content(status: int, headers: dict[str, str], content: bytes) -> None:
    if len(content) != int(headers["content-length"]):
        raise AnswerWrong(f"{status} is shorter than it says")
    if not headers.get("content-type", "").startswith("application/json"):
        if status >= 400:
            raise AnswerWrong(f"{status} is no JSON: {content[:100]!r}")
        return
    try:
        document = json.loads(content)
    except ValueError:
        raise AnswerWrong(f"{status} is no JSON: {content[:100]!r}") from None
    if status >= 400 and not (
        isinstance(document, dict)
        and isinstance(document.get("code"), str)
        and isinstance(document.get("message"), str)
    ):
        raise AnswerWrong(f"{status} says neither what nor why: {content[:100]!r}")


def main() -> None:
    """Carry out the task, and print the report."""
    task = FuzzTask(**json.loads(sys.argv[1]))
    report = FuzzReport()
    steps: list[Callable[[FuzzTask, FuzzReport], None]] = [fuzz_by_hand, fuzz_by_document]
    for step in steps:
        before, report.sent = report.sent, 0
        step(task, report)
        report.sent += before
    parts = {"sent": report.sent, "statuses": report.statuses, "problems": report.problems}
    print(json.dumps(parts))


if __name__ == "__main__":
    main()
