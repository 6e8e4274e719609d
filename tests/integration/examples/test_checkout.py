"""Facts about examples/checkout/checkout.py, against doors that answer as they are told."""

from __future__ import annotations

import errno
import http.server
import json
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).parents[3] / "examples" / "checkout"
REQUEST = {"placement": "checkout"}
RESERVING = {**REQUEST, "reserve": True}
DECISION = {
    "decision_id": "d-1",
    "placement": "checkout",
    "slots": {
        "extras": [{"offer_id": "returns", "content": {"title": "Returns"}}],
        "thanks": [{"offer_id": None, "content": {"title": "Hello"}}],
    },
}


class FakeDoor:
    """A door: `answer(path, body)` is the status and value of each response.

    If it raises ConnectionAbortedError, the connection ends without one.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.ports: set[int] = set()  # from which it was called: one for each connection
        self.answer: Callable[[str, Any], tuple[int, Any]] = accept
        door = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                door.calls.append((self.path, body))
                door.ports.add(self.client_address[1])
                try:
                    status, value = door.answer(self.path, body)
                except ConnectionAbortedError:
                    self.close_connection = True
                    return
                data = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_args: Any) -> None:
                """Say nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def accept(path: str, body: Any) -> tuple[int, Any]:
    if path == "/v1/decide":
        return 200, DECISION
    return 200, {"receipts": [{"status": "appended"} for _ in body["outcomes"]]}


def fail(_path: str, _body: Any) -> tuple[int, Any]:
    return 503, {"error": "Unavailable", "field": "database", "message": "takes too long"}


@pytest.fixture(scope="module")
def module() -> Iterator[Any]:
    sys.path.insert(0, str(CHECKOUT))
    import checkout  # type: ignore[import-not-found] # a file for shops to copy

    yield checkout
    sys.path.remove(str(CHECKOUT))
    for name in ("checkout", "errors"):
        sys.modules.pop(name, None)


@pytest.fixture
def doors() -> Iterator[list[FakeDoor]]:
    with ExitStack() as stack:
        made = [FakeDoor(), FakeDoor()]
        for each in made:
            stack.callback(each.close)
        yield made


@pytest.fixture
def checkout(module: Any, doors: list[FakeDoor], tmp_path: Path) -> Any:
    return module.Checkout([door.address for door in doors], "key", tmp_path)


def test_the_first_address_answers_with_what_is_left_of_the_deadline(
    checkout: Any, doors: list[FakeDoor]
) -> None:
    assert checkout.decide(REQUEST, 2.0) == DECISION
    ((path, body),) = doors[0].calls
    assert (path, body["placement"]) == ("/v1/decide", "checkout")
    assert 0 < body["deadline_ms"] < 1_000
    assert doors[1].calls == []


@pytest.mark.parametrize(
    "answer", [(502, "gone"), (502, None), (200, {}), (200, []), (403, "no"), (400, 7)]
)
def test_what_is_no_answer_of_ours_is_followed_by_the_next_address(
    checkout: Any, doors: list[FakeDoor], answer: tuple[int, Any]
) -> None:
    doors[0].answer = lambda _path, _body: answer
    assert checkout.decide(REQUEST, 5.0) == DECISION


def test_a_report_that_cannot_be_read_holds_up_no_other(
    checkout: Any, doors: list[FakeDoor], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "reports" / "0.json").write_text("")
    checkout.report(DECISION, "shown")
    assert checkout.send_reports() == 0
    assert [path for path, _ in doors[0].calls] == ["/v1/outcomes"]
    assert "report unreadable: 0.json" in caplog.text


def test_an_address_that_fails_is_followed_by_the_next_and_avoided_for_a_while(
    checkout: Any, doors: list[FakeDoor]
) -> None:
    doors[0].answer = fail
    assert [checkout.decide(REQUEST, 5.0) for _ in range(3)] == [DECISION] * 3
    assert (len(doors[0].calls), len(doors[1].calls)) == (1, 3)


def test_an_address_that_fails_is_logged_where_another_one_answers_for_reports_too(
    module: Any, doors: list[FakeDoor], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    doors[0].answer = lambda *_: (401, {"error": "Unauthorized", "message": "must be a key"})
    addresses = [door.address for door in doors]
    failed = f"{addresses[0]}: 401 must be a key"
    checkout = module.Checkout(addresses, "key", tmp_path)
    for _ in range(2):
        assert checkout.decide(REQUEST, 5.0) == DECISION
    reason = f"answered by {addresses[1]}, as others failed: {failed}"
    assert caplog.messages == [reason]
    other = module.Checkout(addresses, "key", tmp_path)
    other.report(DECISION, "shown")
    assert other.send_reports() == 0
    assert caplog.messages == [reason, reason]


def test_an_address_that_hangs_leaves_time_for_the_next(
    checkout: Any, doors: list[FakeDoor]
) -> None:
    ending = threading.Event()

    def hang(_path: str, _body: Any) -> tuple[int, Any]:
        ending.wait()
        return fail("", None)

    doors[0].answer = hang
    assert checkout.decide(REQUEST, 2.0) == DECISION
    ending.set()


def fault(_path: str, _body: Any) -> tuple[int, Any]:
    return 500, {"error": "Failure", "field": "offers", "message": "failed"}


def break_off(_path: str, _body: Any) -> tuple[int, Any]:
    raise ConnectionAbortedError


class FakeCdp:
    """RPC that answers, and keeps the requests."""

    def __init__(self) -> None:
        self.requests: list[Any] = []

    def call(self, _service: str, _method: str, wait: float, request: Any) -> Any:
        assert wait > 0
        self.requests.append(request)
        return DECISION


@pytest.mark.parametrize("answer", [fault, break_off, None], ids=["fails", "breaks off", "hangs"])
def test_what_may_have_reserved_is_not_sent_again(
    module: Any, doors: list[FakeDoor], tmp_path: Path, answer: Any
) -> None:
    ending = threading.Event()

    def hang(path: str, body: Any) -> tuple[int, Any]:
        ending.wait()
        return break_off(path, body)

    doors[0].answer = answer or hang
    cdp = FakeCdp()
    checkout = module.Checkout([door.address for door in doors], "key", tmp_path, cdp)
    decision = checkout.decide(RESERVING, 0.5)
    ending.set()
    assert decision["decision_id"] is None
    assert decision["degraded"][0].endswith("; it may have reserved, and is not sent again")
    assert (len(doors[0].calls), doors[1].calls, cdp.requests) == (1, [], [])
    for reserve in (False, None):
        assert checkout.decide({**REQUEST, "reserve": reserve}, 5.0) == DECISION


def test_what_has_reserved_nothing_for_sure_is_sent_to_the_next_address_and_by_rpc(
    module: Any, doors: list[FakeDoor], tmp_path: Path
) -> None:
    for door in doors:
        door.answer = fail
    cdp = FakeCdp()
    addresses = ["127.0.0.1:9", *(door.address for door in doors)]
    checkout = module.Checkout(addresses, "key", tmp_path, cdp)
    assert checkout.decide(RESERVING, 5.0) == DECISION
    assert [len(door.calls) for door in doors] == [1, 1]
    assert [request["reserve"] for request in cdp.requests] == [True]


def test_what_is_sent_once_has_all_the_time_and_a_connection_that_nobody_has_used(
    module: Any, doors: list[FakeDoor], tmp_path: Path
) -> None:
    checkout = module.Checkout([door.address for door in doors], "key", tmp_path)
    checkout._doors[0]._threads = module.ThreadPoolExecutor(1)
    for asked in (REQUEST, RESERVING, REQUEST, REQUEST):
        assert checkout.decide(asked, 5.0) == DECISION
    assert [body["deadline_ms"] > 2_500 for _, body in doors[0].calls] == [
        False,
        True,
        False,
        False,
    ]
    assert len(doors[0].ports) == 2


def test_without_an_address_rpc_answers(module: Any, tmp_path: Path) -> None:
    class Cdp:
        def call(self, service: str, method: str, wait: float, **arguments: Any) -> Any:
            assert (service, method, arguments["request"]["placement"]) == (
                "offers",
                "decide",
                "checkout",
            )
            assert 0 < wait <= 5
            return DECISION

    checkout = module.Checkout(["127.0.0.1:9"], "key", tmp_path, Cdp())
    assert checkout.decide(REQUEST, 5.0) == DECISION


def test_without_any_answer_the_last_fallback_blocks_are_shown(
    module: Any, checkout: Any, doors: list[FakeDoor], tmp_path: Path
) -> None:
    shipped = json.loads((CHECKOUT / "fallback.json").read_text())["checkout"]
    assert checkout.decide(REQUEST, 5.0) == DECISION
    for door in doors:
        door.answer = fail
    for each in (checkout, module.Checkout([door.address for door in doors], "key", tmp_path)):
        decision = each.decide(REQUEST, 5.0)
        assert decision["decision_id"] is None
        assert decision["slots"] == {**shipped, "thanks": DECISION["slots"]["thanks"]}  # type: ignore[index]
        assert "503 takes too long" in decision["degraded"][0]


def greet(_path: str, body: Any) -> tuple[int, Any]:
    """Answer with a fallback block in the language of the request."""
    words = {"de": "Hallo", "fr": "Bonjour"}.get(body["context"].get("language"), "Hello")
    return 200, {**DECISION, "slots": {"thanks": [{"offer_id": None, "content": {"title": words}}]}}


def asking(language: Any) -> dict[str, Any]:
    return {**REQUEST, "context": {"language": language}}


def titles(checkout: Any, *languages: Any) -> list[str | None]:
    """The titles of the slot `thanks` in these languages."""
    slots = [checkout.decide(asking(each), 5.0)["slots"] for each in languages]
    return [each["thanks"][0]["content"]["title"] if "thanks" in each else None for each in slots]


def test_the_last_fallback_blocks_are_those_of_the_requests_language(
    module: Any,
    checkout: Any,
    doors: list[FakeDoor],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    syncs: list[int] = []
    monkeypatch.setattr(module.os, "fsync", syncs.append)
    for door in doors:
        door.answer = greet
    for _ in range(3):
        assert titles(checkout, "en", "de", None) == ["Hello", "Hallo", "Hello"]
    assert len(syncs) == 3, "only what has changed is written"
    for door in doors:
        door.answer = fail
    for each in (checkout, module.Checkout([door.address for door in doors], "key", tmp_path)):
        assert titles(each, "en", "de", None) == ["Hello", "Hallo", "Hello"]
        assert titles(each, "DE,en;q=0.5", "en ", "fr") == ["Hallo", "Hello", None]
        for none in (7, "../..", "x" * 99, ["de"]):
            assert titles(each, none) == ["Hello"]


def test_the_fallback_blocks_that_are_kept_are_bounded(
    module: Any,
    checkout: Any,
    doors: list[FakeDoor],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_FALLBACKS", 2)
    for door in doors:
        door.answer = greet
    titles(checkout, "en", "de", "fr", "de", "en")
    assert json.loads((tmp_path / "fallbacks.json").read_text()).keys() == {
        "checkout fr",
        "checkout en",
    }
    for door in doors:
        door.answer = fail
    assert titles(checkout, "en", "de", "fr") == ["Hello", None, "Bonjour"]


def test_a_disk_that_takes_nothing_is_in_no_answers_way(checkout: Any, tmp_path: Path) -> None:
    (tmp_path / "fallbacks.json").mkdir()  # nothing can be written in its place
    assert checkout.decide(REQUEST, 5.0) == DECISION


@pytest.mark.parametrize("kept", ["", "{", "\0\0", "null", "[1]"])
def test_fallback_blocks_that_cannot_be_read_keep_no_checkout_from_starting(
    module: Any, doors: list[FakeDoor], tmp_path: Path, kept: str
) -> None:
    (tmp_path / "fallbacks.json").write_text(kept)
    checkout = module.Checkout([door.address for door in doors], "key", tmp_path)
    assert checkout.decide(REQUEST, 5.0) == DECISION
    for door in doors:
        door.answer = fail
    slots = checkout.decide(REQUEST, 0.5)["slots"]
    assert slots["thanks"] == [{"offer_id": None, "content": {"title": "Hello"}}]


def test_a_report_that_the_disk_does_not_take_is_in_no_pages_way_and_leaves_nothing_behind(
    checkout: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail_to_write(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail_to_write)
    assert checkout.report(DECISION, "shown") is False
    assert "report not kept" in caplog.text
    assert list((tmp_path / "reports").iterdir()) == []
    checkout.decide(REQUEST, 5.0)
    assert [each.name for each in tmp_path.iterdir()] == ["reports"]


def test_a_wrong_request_is_told_at_once(module: Any, checkout: Any, doors: list[FakeDoor]) -> None:
    doors[0].answer = lambda _path, _body: (400, {"field": "placement", "message": "is missing"})
    with pytest.raises(module.WrongRequest, match="placement: is missing"):
        checkout.decide({}, 5.0)
    assert doors[1].calls == []


def test_reports_are_kept_until_they_are_accepted_also_by_the_next_process(
    module: Any, checkout: Any, doors: list[FakeDoor], tmp_path: Path
) -> None:
    for door in doors:
        door.answer = fail
    assert checkout.report(DECISION, "shown", store="berlin")
    assert checkout.report(DECISION, "clicked", ["extras"])
    assert checkout.send_reports() == 2
    for door in doors:
        door.answer = accept
        door.calls.clear()
    following = module.Checkout([door.address for door in doors], "key", tmp_path)
    assert following.send_reports() == 0
    ((_, body),) = doors[0].calls
    assert [(each["kind"], each["slot"]) for each in body["outcomes"]] == [
        ("shown", "extras"),
        ("shown", "thanks"),
        ("clicked", "extras"),
    ]
    assert body["outcomes"][0]["store"] == "berlin"
    assert "offer_id" not in body["outcomes"][1]
    assert checkout.send_reports() == 0


def test_what_is_sent_again_is_the_same_report(checkout: Any, doors: list[FakeDoor]) -> None:
    for door in doors:
        door.answer = fail
    checkout.report(DECISION, "shown")
    checkout.send_reports()
    checkout.send_reports()
    bodies = [body for door in doors for _, body in door.calls]
    assert len(bodies) == 4
    assert all(body == bodies[0] for body in bodies)


def test_a_report_that_is_refused_holds_up_no_other(
    checkout: Any, doors: list[FakeDoor], caplog: pytest.LogCaptureFixture
) -> None:
    def picky(path: str, body: Any) -> tuple[int, Any]:
        if any(each["kind"] == "eaten" for each in body["outcomes"]):
            return 400, {"field": "outcomes[0].kind", "message": "is no kind"}
        return accept(path, body)

    doors[0].answer = picky
    checkout.report(DECISION, "eaten", ["extras"])
    checkout.report(DECISION, "shown")
    with caplog.at_level(logging.ERROR):
        assert checkout.send_reports() == 0
    assert "report refused: outcomes[0].kind: is no kind" in caplog.text
    assert len(doors[0].calls[-1][1]["outcomes"]) == 2


def test_the_stored_fallback_is_not_reported(checkout: Any) -> None:
    assert checkout.report({"decision_id": None, "slots": DECISION["slots"]}, "shown")
    # It may lack a slot that the page names, as one that no answer and no file has had yet.
    assert checkout.report({"decision_id": None, "slots": {}}, "shown", ["extras"])
    assert checkout.send_reports() == 0


def test_reports_on_disk_are_bounded(
    module: Any, checkout: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_REPORTS", 1)
    assert checkout.report(DECISION, "shown")
    assert not checkout.report(DECISION, "clicked")
