"""The edge of HTTP on real sockets, with an application that says what it was sent."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import eventlet
import pytest
from prometheus_client import REGISTRY

from chassis.config.door import key_digest
from chassis.runtime.http_handler import HttpEndpoint, HttpHandler
from chassis.runtime.http_server import HttpServer
from chassis.runtime.intake import Intake

KEY = {"Authorization": "Bearer a key for tests"}
Serve = Callable[..., HttpServer]


class Slow:
    """A call that lasts until it is told to end."""

    def __init__(self) -> None:
        self.begun = eventlet.event.Event()
        self.ending = eventlet.event.Event()

    def __call__(self, argument: Any, _headers: Any) -> Any:
        self.begun.send()
        self.ending.wait()
        return {"argument": argument}


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def serve(slow: Slow) -> Iterator[Serve]:
    """`serve(most_connections=2)`: a server that answers `/echo` and `/slow`."""
    endpoints = {
        "/echo": HttpEndpoint(lambda argument, _headers: {"argument": argument}),
        "/slow": HttpEndpoint(slow),
    }
    handler = HttpHandler(endpoints, [key_digest("a key for tests")], lambda: None)
    with ExitStack() as stack:

        def run(**limits: Any) -> HttpServer:
            server = HttpServer(("127.0.0.1", 0), handler.handle, **limits)
            server.start()
            stack.callback(server.stop, 1.0)
            return server

        yield run


def connect(server: HttpServer) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection(*server.address, timeout=20)
    connection.connect()
    return connection


def call(
    connection: http.client.HTTPConnection, path: str = "/echo", body: bytes = b"1", **headers: str
) -> tuple[int, Any, http.client.HTTPResponse]:
    connection.request("POST", path, body, {**KEY, **headers})
    return received(connection)


def received(
    connection: http.client.HTTPConnection,
) -> tuple[int, Any, http.client.HTTPResponse]:
    """The next response: only one that was read to its end lets go of its socket."""
    response = connection.getresponse()
    return response.status, json.loads(response.read()), response


def exchange(server: HttpServer, *parts: bytes) -> bytes:
    """All that a server sends, up to the end of the connection, for bytes that come as they do."""
    with socket.create_connection(server.address, timeout=20) as connection:
        for part in parts:
            connection.sendall(part)
        answer = b""
        while read := connection.recv(65536):
            answer += read
    return answer


def test_a_connection_answers_one_request_after_another(serve: Serve) -> None:
    with closing(connect(serve())) as connection:
        local = connection.sock.getsockname()
        for number in range(3):
            assert call(connection, body=b"%d" % number)[:2] == (200, {"argument": number})
        assert call(connection, "/nowhere")[0] == 404
        assert call(connection, Authorization="Bearer wrong")[0] == 401
        assert call(connection, body=b"{")[0] == 400
        assert call(connection)[0] == 200
        assert connection.sock.getsockname() == local


def test_a_body_may_come_in_pieces_and_in_chunks(serve: Serve) -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a key for tests\r\n"
    end = b"Connection: close\r\n"
    server = serve()
    whole = exchange(server, head, end + b"Content-Length: 4\r\n\r\n12", b"34")
    assert whole.endswith(b'{"argument":1234}')
    chunked = exchange(
        server, head, end + b"Transfer-Encoding: chunked\r\n\r\n2\r\n12\r\n", b"1\r\n3\r\n0\r\n\r\n"
    )
    assert chunked.endswith(b'{"argument":123}')


@pytest.mark.parametrize("size", [65_537, 600_000])
def test_a_client_that_sends_too_much_learns_so(serve: Serve, size: int) -> None:
    with closing(connect(serve())) as connection:
        status, error, response = call(connection, body=b" " * size)
    assert (status, error["field"]) == (413, "body")
    assert response.getheader("Connection") == "close"


@pytest.mark.parametrize(
    "request_line", [b"nonsense\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\r\n\r\n"]
)
def test_what_is_not_http_is_answered_in_json(serve: Serve, request_line: bytes) -> None:
    answer = exchange(serve(), request_line)
    assert b"400 Bad Request" in answer
    assert b'"error":"InvalidInput"' in answer
    assert b"Server:" not in answer


def test_a_client_that_sends_its_head_too_slowly_is_cut_off(serve: Serve) -> None:
    assert exchange(serve(read_seconds=0.1), b"POST /echo HTTP/1.1\r\nHost:") == b""


def test_a_client_that_sends_its_body_too_slowly_is_cut_off(serve: Serve) -> None:
    head = b"POST /echo HTTP/1.1\r\nAuthorization: Bearer a key for tests\r\n"
    answer = exchange(serve(read_seconds=0.1), head, b"Content-Length: 10\r\n\r\n12")
    assert answer.startswith(b"HTTP/1.1 408 Request Timeout")


def test_nothing_is_done_for_a_client_that_has_hung_up(serve: Serve, slow: Slow) -> None:
    server = serve()
    before = REGISTRY.get_sample_value("cdp_http_refused_total", {"reason": "gone"}) or 0.0
    with closing(connect(server)) as impatient:
        impatient.request("POST", "/slow", b"1", KEY)
    with closing(connect(server)) as patient:
        assert call(patient)[0] == 200
    assert REGISTRY.get_sample_value("cdp_http_refused_total", {"reason": "gone"}) == before + 1
    assert not slow.begun.ready()


def test_above_what_can_be_read_whoever_has_waited_too_long_is_told_so(serve: Serve) -> None:
    server = serve(intake=Intake(seconds=0.0, patience=0.0))
    with ExitStack() as stack:
        callers = [stack.enter_context(closing(connect(server))) for _ in range(9)]
        eventlet.sleep(0.1)  # all of them wait to be read
        for caller in callers:
            caller.request("POST", "/echo", b'"%s"' % (b"x" * 10_000), KEY)
        answers = [received(caller)[:2] for caller in callers]
        statuses = [status for status, _body in answers]
        assert set(statuses) == {200, 503}
        away = next(body for status, body in answers if status == 503)
        assert away["message"] == "has more requests than it can read; try another address"
    with closing(connect(server)) as alone:
        assert call(alone)[0] == 200


def test_a_client_that_sends_nothing_is_let_go(serve: Serve) -> None:
    assert exchange(serve(idle_seconds=0.05)) == b""


def test_the_time_that_a_call_takes_is_no_clients_slowness(serve: Serve, slow: Slow) -> None:
    with closing(connect(serve(read_seconds=0.05))) as connection:
        connection.request("POST", "/slow", b"1", KEY)
        slow.begun.wait()
        eventlet.sleep(0.1)
        slow.ending.send()
        assert received(connection)[0] == 200


def test_more_connections_than_there_may_be_are_told_at_once(serve: Serve, slow: Slow) -> None:
    server = serve(most_connections=2)
    with closing(connect(server)) as first, closing(connect(server)) as second:
        first.request("POST", "/slow", b"1", KEY)
        slow.begun.wait()
        refused = exchange(server)
        assert refused.startswith(b"HTTP/1.1 503 Service Unavailable")
        assert b'"field":"service"' in refused
        status, _, response = call(second)
        assert (status, response.getheader("Connection")) == (200, "close")
        slow.ending.send()
        assert received(first)[0] == 200


def test_when_it_stops_what_is_under_way_is_answered_and_nothing_else(
    serve: Serve, slow: Slow
) -> None:
    server = serve()
    with closing(connect(server)) as busy, closing(connect(server)) as idle:
        assert call(idle)[0] == 200
        busy.request("POST", "/slow", b"1", KEY)
        slow.begun.wait()
        stopping = eventlet.spawn(server.stop, 10.0)
        eventlet.sleep(0)
        slow.ending.send()
        status, _, response = received(busy)
        assert (status, response.getheader("Connection")) == (200, "close")
        stopping.wait()
        with pytest.raises((http.client.HTTPException, OSError)):
            call(idle)
    with pytest.raises(ConnectionRefusedError):
        connect(server)
