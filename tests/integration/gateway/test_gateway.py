"""The gateway over real HTTP, on RabbitMQ and PostgreSQL, with the services in a process."""

from __future__ import annotations

import base64
import gzip
import json
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from chassis import SystemClock, new_id
from services.gateway import store
from services.gateway.commands import revoke_key
from services.gateway.domain.keys import key_prefix
from services.gateway.domain.sources import EventSource
from services.gateway.domain.user_tokens import sign_user
from tests.proofs.bad_documents import DOCUMENTS
from tests.proofs.bad_requests import ODD_HEADERS
from tests.support.running_gateway import ORIGIN, TOKEN_SECRET, RunningGateway
from tests.support.servers import Databases, VirtualHosts


@pytest.fixture(scope="module")
def gateway(
    databases: Databases, virtual_hosts: VirtualHosts, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningGateway]:
    directory: Path = tmp_path_factory.mktemp("gateway")
    running_ones = ("identity", "profiles", "offers")
    with RunningGateway(databases, virtual_hosts, directory, services=running_ones) as running:
        yield running


def page_viewed(name: str, **identifiers: str) -> dict[str, Any]:
    return {
        "id": name,
        "type": "page_viewed",
        "time": "2026-11-21T19:00:00Z",
        "identifiers": identifiers,
        "authenticated": "user_id" in identifiers,
        "data": {"path": "/"},
    }


def until(condition: Callable[[], Any]) -> Any:
    """Wait until something is true; the test's own time limit ends it."""
    while not (found := condition()):
        time.sleep(0.05)
    return found


ODD_ADDRESSES = dict.fromkeys(("Origin", "Host", "Referer", "X-Forwarded-Proto"), "http://[")


@pytest.mark.parametrize("name", [*ODD_HEADERS, *ODD_ADDRESSES])
def test_no_header_makes_a_request_fail(gateway: RunningGateway, name: str) -> None:
    keys = gateway.add_source(EventSource("odd", "Odd", "browser"))
    odd = {name: (ODD_HEADERS | ODD_ADDRESSES)[name]}
    document = {"placement": "checkout", "batch": [{"type": "page", "anonymousId": "a"}]}
    asked = (f"/v1/projects/{keys[0]}/settings", "/sourceConfig", "/v1/fallbacks", "/ready")
    answers = [
        *(gateway.post(path, document, key, odd) for path in DOCUMENTS for key in keys),
        *(gateway.get(path, keys[0], odd) for path in asked),
    ]
    assert 500 not in {answer.status for answer in answers}


def test_an_event_is_in_the_log_once_it_is_answered(gateway: RunningGateway) -> None:
    user = new_id()
    events = [page_viewed(new_id(), user_id=user)]
    for status in ("appended", "duplicate"):
        answer = gateway.post("/v1/record", {"events": events}, gateway.server_key)
        assert answer.status == 200
        (receipt,) = answer.body["receipts"]
        assert receipt["status"] == status
    profile = gateway.call("profiles", "get", identifiers={"user_id": user})
    assert profile["profile_id"] == receipt["profile_id"]
    answered = gateway.get(f"/v1/profile?user_id={user}", gateway.server_key)
    assert answered.body["profile_id"] == profile["profile_id"]
    assert answered.headers["cache-control"] == "private, no-store"


def test_single_events_that_come_together_are_gathered_and_each_counts_once(
    gateway: RunningGateway,
) -> None:
    user = new_id()
    token = sign_user(TOKEN_SECRET, user, SystemClock().now())

    def send(number: int) -> int:
        event = page_viewed(f"{user}-{number}", user_id=user)
        document = {"events": [event], "userToken": token}
        answer = gateway.post("/v1/record", document, gateway.browser_key)
        assert answer.body["receipts"][0]["status"] == "appended"
        return answer.status

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(send, range(40))) == {200}
    assert gateway.call("profiles", "get", identifiers={"user_id": user})["events"] == 40


def test_sdks_are_understood_in_their_own_paths(gateway: RunningGateway) -> None:
    device = new_id()
    item = {"event": "Product Viewed", "anonymousId": device, "properties": {"product_id": "p-1"}}
    basic = base64.b64encode(f"{gateway.browser_key}:".encode()).decode()
    headers = {"Authorization": f"Basic {basic}", "Content-Type": "text/plain"}
    answer = gateway.request("POST", "/v1/t", json.dumps(item).encode(), headers)
    assert answer.status == 200
    batch = gzip.compress(json.dumps({"batch": [{"type": "track", **item}]}).encode())
    zipped = {**headers, "Content-Encoding": "gzip"}
    assert gateway.request("POST", "/v1/batch", batch, zipped).status == 200
    profile = gateway.call("profiles", "get", identifiers={"anonymous_id": device})
    assert profile["events"] == 2


def test_a_browser_decides_by_its_device_and_with_a_user_token_by_its_user(
    gateway: RunningGateway,
) -> None:
    user, device = new_id(), new_id()
    event = page_viewed(new_id(), user_id=user, device_id=device)
    gateway.post("/v1/record", {"events": [event]}, gateway.server_key)
    asked = {"placement": "checkout", "identifiers": {"user_id": user, "device_id": new_id()}}
    claimed = gateway.post("/v1/decide", {**asked, "authenticated": True}, gateway.browser_key)
    assert (claimed.status, claimed.body["assurance"]) == (200, "none")
    token = sign_user(TOKEN_SECRET, user, SystemClock().now())
    headers = {"X-Cdp-User-Token": token}

    def proven() -> Any:
        answer = gateway.post("/v1/decide", asked, gateway.browser_key, headers).body
        return answer["assurance"] == "verified" and answer

    decision = until(proven)
    assert "profile_id" not in decision
    report = {"decision_id": decision["decision_id"], "slot": "reassurance", "kind": "shown"}
    outcomes = gateway.post("/v1/outcomes", {"outcomes": [report]}, gateway.browser_key)
    assert outcomes.body["receipts"][0]["status"] == "appended"


def test_a_form_is_filled_for_a_verified_user_and_for_nobody_else(gateway: RunningGateway) -> None:
    user = new_id()
    headers = {"X-Cdp-User-Token": sign_user(TOKEN_SECRET, user, SystemClock().now())}
    path = "/v1/checkout-profile"
    saved = {
        **page_viewed(new_id(), user_id=user),
        "type": "address_saved",
        "data": {"address_id": "home", "address": {"line1": "1 Example Street"}},
    }
    (refused,) = gateway.post("/v1/record", {"events": [saved]}, gateway.browser_key).body[
        "receipts"
    ]
    assert refused["status"] == "rejected"
    by_token = gateway.post("/v1/record", {"events": [saved]}, gateway.browser_key, headers)
    assert by_token.body["receipts"][0]["status"] == "appended"
    for answer in (
        gateway.get(path, gateway.browser_key, headers),
        gateway.get(f"{path}?user_id={user}", gateway.server_key),
    ):
        assert answer.status == 200
        assert [each["address_id"] for each in answer.body["addresses"]] == ["home"]
        assert answer.headers["cache-control"] == "private, no-store"
    token_of_another = {"X-Cdp-User-Token": sign_user("another secret", user, SystemClock().now())}
    refusals = [
        gateway.get(f"{path}?user_id={user}", gateway.browser_key),
        gateway.get(f"{path}?user_id={new_id()}", gateway.browser_key),
        gateway.get(path, gateway.browser_key, token_of_another),
        gateway.get(f"{path}?device_id=d", gateway.server_key),
    ]
    assert {answer.status for answer in refusals} == {403}
    assert len({json.dumps(answer.body) for answer in refusals}) == 1
    assert {answer.headers["cache-control"] for answer in refusals} == {"private, no-store"}


def test_a_trace_and_the_id_of_a_request_go_on_to_the_service(gateway: RunningGateway) -> None:
    trace, request_id = f"{0xABC:032x}", f"req-{new_id()}"
    headers = {"traceparent": f"00-{trace}-{0xDEF:016x}-01", "X-Request-Id": request_id}
    answer = gateway.post("/v1/decide", {"placement": "checkout"}, gateway.browser_key, headers)
    assert answer.headers["x-request-id"] == request_id
    until(lambda: request_id in gateway.services.log())
    (line,) = [each for each in gateway.services.log().splitlines() if request_id in each]
    assert trace in line


@pytest.mark.parametrize(
    ("header", "carried"),
    [
        (f"00-{'b' * 32}-{'c' * 16}-01", f"00-{'b' * 32}-{'c' * 16}-01"),
        (f"00-{'0' * 32}-{'c' * 16}-01", None),
        ("no trace", None),
    ],
)
def test_a_trace_is_that_of_the_events_of_its_request_and_an_invalid_one_is_ignored(
    gateway: RunningGateway, header: str, carried: str | None
) -> None:
    document = {"events": [page_viewed(new_id(), device_id=new_id())]}
    answer = gateway.post("/v1/record", document, gateway.server_key, {"traceparent": header})
    (receipt,) = answer.body["receipts"]
    places = [{"stream": receipt["stream_id"], "after": 0}]
    events = gateway.call("profiles", "history", streams=places)["events"]
    assert {event.get("traceparent") for event in events} == {carried}


@pytest.mark.parametrize(
    ("path", "status"), [("/v1/profile?user_id=ann", 403), ("/v1/segments?user_id=ann", 403)]
)
def test_a_public_key_reads_nobody(gateway: RunningGateway, path: str, status: int) -> None:
    answer = gateway.get(path, gateway.browser_key)
    assert (answer.status, answer.body["code"]) == (status, "refused")


def test_a_revoked_key_opens_nothing_and_no_key_is_in_the_log(gateway: RunningGateway) -> None:
    key, server_key = gateway.add_source(EventSource(new_id(), "Other", "server"))
    gateway.run(partial(revoke_key, key_id=key_prefix(key)))
    document = {"events": [page_viewed(new_id(), device_id="d")]}
    assert gateway.post("/v1/record", document, key).status == 401
    assert gateway.post("/v1/record", document, server_key).status == 200
    assert gateway.post("/v1/record?writeKey=x", document, "wrong").status == 401
    printed = gateway.log() + gateway.services.log()
    for each in (key, server_key, gateway.server_key, gateway.browser_key):
        assert each not in printed


def test_pages_of_listed_origins_may_ask_from_a_browser(gateway: RunningGateway) -> None:
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,x-retry-count",
    }
    answer = gateway.request("OPTIONS", "/v1/t", None, asked)
    assert answer.status == 204
    assert answer.headers["access-control-allow-headers"] == "authorization,x-retry-count"
    evil = gateway.request("OPTIONS", "/v1/t", None, {**asked, "Origin": "https://evil.example"})
    assert evil.status == 403
    assert "access-control-allow-origin" not in evil.headers


HEAD = "POST /v1/record HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer KEY\r\n"


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        ("GARBAGE\r\n\r\n", 400),
        (HEAD + "Content-Length: 99999999999\r\n\r\n", 413),
        (HEAD + "Content-Length: -1\r\n\r\n", 400),
        (HEAD + "Content-Length: 4\r\nContent-Length: 5\r\n\r\n{}  ", 400),
        (HEAD + "Transfer-Encoding: chunked\r\n\r\nZZ\r\n", 400),
        (HEAD + "X-Flood: " + "a" * 40_000, 431),
        (HEAD + "Content-Length: 2\r\nContent-Encoding: br\r\n\r\n{}", 400),
        (HEAD + "Content-Length: 2\r\n\r\n\xff\xfe", 400),
        (HEAD + "Content-Length: 2\r\n\r\n[]", 400),
        ("POST /v1/%00%ff HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 404),
        ("GET /api/s/%0Atrack HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        ("GET /v1/%0A HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        ("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        ("DELETE /ready HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        ("PATCH /v1/record HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 405),
        ("GET /v1/profile?" + "a&" * 200 + " HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    ],
    ids=lambda value: str(value)[-30:].strip() if isinstance(value, str) else str(value),
)
def test_what_a_client_does_wrong_is_its_own_mistake_and_said_in_json(
    gateway: RunningGateway, raw: str, status: int
) -> None:
    request = raw.replace("KEY", gateway.server_key)
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=20) as connection:
        connection.sendall(request.encode("latin-1"))
        connection.shutdown(socket.SHUT_WR) if status == 431 else None
        received = b""
        while b"}" not in received and (part := connection.recv(65_536)):
            received += part
    head, _, body = received.partition(b"\r\n\r\n")
    assert int(head.split()[1]) == status, received
    assert json.loads(body).keys() >= {"code", "message"}


def test_a_bomb_is_refused_while_decisions_are_answered(gateway: RunningGateway) -> None:
    bomb = gzip.compress(b"\0" * 64_000_000)
    headers = {"Authorization": f"Bearer {gateway.browser_key}", "Content-Encoding": "gzip"}
    with ThreadPoolExecutor(4) as pool:
        bombs = [pool.submit(gateway.request, "POST", "/v1/batch", bomb, headers) for _ in range(4)]
        decision = gateway.post("/v1/decide", {"placement": "checkout"}, gateway.browser_key)
        assert decision.status == 200
        assert {each.result().status for each in bombs} == {413}


def test_bombs_of_nobody_are_counted_by_what_they_inflate_to(gateway: RunningGateway) -> None:
    bomb = gzip.compress(b"\0" * 4_000_000)
    headers = {"Authorization": "Bearer of nobody", "Content-Encoding": "gzip"}
    with ThreadPoolExecutor(4) as pool:
        bombs = [
            pool.submit(gateway.request, "POST", "/v1/batch", bomb, headers) for _ in range(30)
        ]
    refused = Counter(each.result().status for each in bombs)
    assert refused.keys() == {401, 429}
    assert refused[401] < 20
    until(lambda: gateway.request("GET", "/openapi.json").status == 200)


def test_rejected_items_are_kept_sealed_with_their_reasons(gateway: RunningGateway) -> None:
    secret = new_id()
    bad = {"batch": [{"type": "track", "anonymousId": secret}]}
    assert gateway.post("/v1/batch", bad, gateway.browser_key).status == 200
    rows = gateway.run(lambda unit: unit.connection.execute(store.REJECTS.select()).all())
    assert any(row.source_id == "web" and row.reason for row in rows)
    assert not any(secret.encode() in bytes(row.payload) for row in rows)


def test_cut_off_from_the_broker_calls_fail_at_once_and_work_again_afterwards(
    gateway: RunningGateway,
) -> None:
    document = {"events": [page_viewed(new_id(), device_id=new_id())]}
    gateway.services.virtual_host.cut_connections()
    until(lambda: gateway.post("/v1/record", document, gateway.server_key).status == 200)
    gateway.wait_until_ready()
    gateway.services.wait_until_ready()


def test_a_service_that_is_not_running_is_told_at_once(gateway: RunningGateway) -> None:
    answer = gateway.get("/v1/segments?user_id=ann", gateway.server_key)
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert answer.body["message"] == "segments: is not running; try again"


def test_a_process_that_is_told_to_stop_ends_well(gateway: RunningGateway) -> None:
    assert gateway.stop() == 0
    assert "request_failed" not in gateway.log()
    gateway.start()
