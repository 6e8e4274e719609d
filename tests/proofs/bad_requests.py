"""Requests as bytes, of which hardly any is one: heads, lengths, chunks, paths and endings."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.proofs.bad_documents import DOCUMENTS, KINDS, TIME, BadBody

_LINE = b"\r\n"


@dataclass(frozen=True, slots=True)
class BadRequest:
    """What is sent over a connection, in pieces with a pause (s) in between, and what may come.

    With `ends` the sender then says that no more will come, unless it is answered; with `resets` it
    goes away at once and reads nothing. `may_be_cut` if the gateway may close without a word.
    """

    kind: str
    pieces: tuple[bytes, ...]
    pause: float = 0.0
    responses: int = 1
    ends: bool = False
    resets: bool = False
    may_be_cut: bool = False
    has_no_body: bool = False


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of a source: a public one and a secret one."""

    browser: str
    server: str

    def header(self, source: random.Random) -> str:
        """A header with a key, as SDKs send it, mostly one that opens something."""
        key = source.choice([*[self.browser, self.server] * 4, "cdp_pub_none"])
        return source.choice([f"Authorization: Bearer {key}", f"X-Write-Key: {key}"])


@dataclass(frozen=True, slots=True)
class FuzzTask:
    """A gateway at a port of this machine, how many requests, made of which seed."""

    port: int
    browser_key: str
    server_key: str
    by_document: int
    by_hand: int
    slow: int
    seed: int

    @property
    def keys(self) -> Keys:
        """The keys of its source."""
        return Keys(self.browser_key, self.server_key)


def bad_request(source: random.Random, keys: Keys) -> BadRequest:
    """Any of all of them."""
    if source.random() < 0.6:
        kind = source.choices(list(KINDS), [12, 2, 2, 3, 3, 1, 1])[0]
        path = source.choice(list(DOCUMENTS))
        body = KINDS[kind](DOCUMENTS[path], source)
        return BadRequest(kind, (_posted(path, body, source, keys),))
    kind = source.choices(list(_MADE), [_WEIGHTS.get(name, 10) for name in _MADE])[0]
    return _MADE[kind](kind, source, keys)


def slow_request(source: random.Random, keys: Keys, seconds: float) -> BadRequest:
    """A body that comes so slowly that it is given up, or a head that does."""
    pieces = 40
    if source.random() < 0.5:
        head = _head("POST /v1/record", [keys.header(source), "Content-Length: 400"])
        parts = tuple(b" " * 10 for _ in range(pieces))
        return BadRequest("slow body", (head, *parts), seconds / pieces, may_be_cut=True)
    head = _head("GET /v1/segments?user_id=a", [f"X-{n}: y" for n in range(pieces)])
    size = len(head) // pieces
    parts = tuple(head[at : at + size] for at in range(0, len(head) - size, size))
    return BadRequest("slow head", parts, seconds / len(parts), may_be_cut=True)


def _head(line: str, headers: list[str]) -> bytes:
    lines = [f"{line} HTTP/1.1", "Host: gateway", *headers]
    return "\r\n".join(lines).encode("utf-8", "surrogatepass") + _LINE * 2


def _posted(path: str, body: BadBody, source: random.Random, keys: Keys) -> bytes:
    headers = [keys.header(source), f"Content-Length: {len(body.content)}"]
    if body.encoding:
        headers.append(f"Content-Encoding: {body.encoding}")
    if source.random() < 0.5:
        types = ["application/json", "text/plain", "multipart/form-data", "", "x/y; charset=utf-16"]
        headers.append(f"Content-Type: {source.choice(types)}")
    if path.startswith("/webhooks/"):
        headers += _signed(source)
    return _head(f"POST {path}", headers) + body.content


def _signed(source: random.Random) -> list[str]:
    """Headers of webhooks whose signatures are wrong."""
    time = source.choice(["1", "x", "", "9" * 400])
    return [
        f"X-Shopify-Topic: {source.choice(['orders/create', '', 'x' * 300])}",
        "X-Shopify-Hmac-Sha256: bm90IGl0",
        f"Stripe-Signature: t={time},v1=00",
        "Webhook-Id: 1",
        f"Webhook-Timestamp: {time}",
        "Webhook-Signature: v1,AAAA",
        "X-WC-Webhook-Signature: é",
    ]


def _right(source: random.Random, keys: Keys) -> bytes:
    """A request that is right, to stand before or behind one that is not."""
    body = b'{"placement":"checkout"}'
    return _head("POST /v1/decide", [keys.header(source), f"Content-Length: {len(body)}"]) + body


def _lengths(kind: str, source: random.Random, keys: Keys) -> BadRequest:
    body = b'{"events":[]}'
    near = (0, 1, len(body) - 1, len(body) + 50)
    length = source.choice([*near, *_ODD_LENGTHS])
    headers = [keys.header(source), f"Content-Length: {length}"]
    if source.random() < 0.3:
        headers.append(f"Content-Length: {len(body)}")
    if source.random() < 0.2:
        headers.append("Transfer-Encoding: chunked")
    if source.random() < 0.2:
        headers.append("Expect: 100-continue")
    content = _head("POST /v1/record", headers) + body
    return BadRequest(kind, (content,), ends=True, may_be_cut=True, responses=2)


def _chunks(kind: str, source: random.Random, keys: Keys) -> BadRequest:
    head = _head("POST /v1/batch", [keys.header(source), "Transfer-Encoding: chunked"])
    good = b"d\r\n" + b'{"batch":[1]}' + _LINE
    nonsense = source.choice(
        [
            b"0\r\n\r\n",
            good + b"0\r\n\r\n",
            good + b"0\r\nX-Trailer: 1\r\n\r\n",
            good + b"0\r\n" + b"X-T: y\r\n" * 5_000,
            b"ffffffffffffffff\r\n{}",
            b"-1\r\n{}",
            b"zz\r\n{}\r\n",
            b"5;" + b"x" * 40_000 + b"\r\n{}",
            b"5\r\n{}\r\n0\r\n\r\n",
            b"1\r\n{\r\n" * 2_000,
            b"\x00" * 100,
            good * 200,
        ]
    )
    return BadRequest(kind, (head, nonsense), ends=True, may_be_cut=True)


def _headers(kind: str, source: random.Random, keys: Keys) -> BadRequest:
    odd = source.choice(
        [
            *(f"{name}: {value}" for name, value in ODD_HEADERS.items()),
            "\r\n".join(f"X-{n}: {n}" for n in range(900)),
            "\r\n".join(["X-Same: y"] * 900),
            "\r\n".join(f"X-{n}: {'y' * 100}" for n in range(900)),
            "X-Long: " + "y" * 70_000,
            "Cookie: " + "; ".join(f"ajs_anonymous_id={n}" for n in range(300)),
            "No colon at all",
            "Bad name: x",
            ": no name",
            "X-Folded: a\r\n b",
            "X-Null: \x00",
            "X-Control: \x07\x1b",
        ]
    )
    path = source.choice(list(DOCUMENTS))
    body = b'{"placement":"checkout","batch":[{"type":"page","anonymousId":"a"}]}'
    headers = [odd, keys.header(source), f"Content-Length: {len(body)}"]
    content = _head(f"POST {path}", headers) + body
    return BadRequest(kind, (content,), ends=True, may_be_cut=True)


def _paths(kind: str, source: random.Random, keys: Keys) -> BadRequest:
    path = source.choice([*_ODD_PATHS, "/" + "a" * 20_000, "/v1/profile?" + "a=1&" * 3_000])
    if source.random() < 0.5:
        path += source.choice(_ODD_QUERIES)
    method = source.choice(_METHODS)
    headers = [keys.header(source)]
    if method == "OPTIONS":
        asked = source.choice(["POST", "GET", "X" * 300, "", "é"])
        headers += ["Origin: https://shop.example", f"Access-Control-Request-Method: {asked}"]
        headers.append(
            f"Access-Control-Request-Headers: {source.choice(['authorization', 'é', ','])}"
        )
    is_head = method == "HEAD"
    content = _head(f"{method} {path}", headers)
    return BadRequest(kind, (content,), ends=True, may_be_cut=True, has_no_body=is_head)


def _pipelined(kind: str, source: random.Random, keys: Keys) -> BadRequest:
    number = source.choice([2, 5, 20, 100])
    content = _right(source, keys) * number
    if source.random() < 0.4:
        content += source.choice([b"nonsense\r\n\r\n", b"\x16\x03\x01", b"POST /v1/t HTTP/1.1\r\n"])
    return BadRequest(kind, (content,), ends=True, responses=number, may_be_cut=True)


def _not_http(kind: str, source: random.Random, keys: Keys) -> BadRequest:
    content = source.choice(
        [
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + source.randbytes(200),
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"GET /\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            b"\r\n" * 200 + _right(source, keys),
            source.randbytes(3_000),
            b"\x00" * 50_000,
            b"A" * 100_000,
            _head(
                "GET /v1/t", ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: x"]
            ),
            _head("GET /v1/t", ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c"])
            + b"\x00" * 99,
            b"POST /v1/decide HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}",
        ]
    )
    return BadRequest(kind, (content,), ends=True, may_be_cut=True)


def _resets(kind: str, source: random.Random, keys: Keys) -> BadRequest:
    path = source.choice(list(DOCUMENTS))
    whole = _posted(path, KINDS["mutated"](DOCUMENTS[path], source), source, keys)
    cut = source.choice([0, 1, source.randrange(len(whole)), len(whole) - 1, len(whole)])
    return BadRequest(kind, (whole[:cut],), resets=True, responses=0, may_be_cut=True)


_MADE: Mapping[str, Callable[[str, random.Random, Keys], BadRequest]] = {
    "lying length": _lengths,
    "chunked nonsense": _chunks,
    "header flood": _headers,
    "odd path": _paths,
    "pipelined": _pipelined,
    "no HTTP": _not_http,
    "reset": _resets,
}
_WEIGHTS = {"pipelined": 2}
_ODD_LENGTHS = (10**6, 10**12, 10**30, -1, "x", "1,2", "+5", "0x10", "1 3", "")
_METHODS = (
    *("GET", "GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT"),
    *("M-SEARCH", "get", "X"),
)
_ODD_QUERIES = (
    *("?writeKey=%ff", "?user_id=%00", "?user_id=" + "x" * 9_000, "?&&=", "?a=%", "?profile_id=é"),
    *("?user_id=a&user_id=b", "?since=x", "?slot=x&user_id=a"),
)
_ODD_PATHS = (
    *("/", "//", "/v1", "/v1/", "/V1/T", "/v1/t/", "/v1/t%00", "/v1/%2e%2e/x", "/v1/../v1/t"),
    *("/v1/t%0a", "/ready", "/ready/", "/healthz", "/healthz%0a", "/openapi.json", "/cdp.js"),
    *("*", "/%ff", "/v1/segments"),
    *("/v1/projects/%00/settings", "/v1/projects/a%2fb/settings", "/v1/projects/é/settings"),
    *("/analytics.js/v1/x/analytics.min.js", "/webhooks/%00/shopify", "/webhooks/web/other"),
    *("/webhooks/%0a/stripe", "http://other/v1/t", "http://[::1/v1/t", "/v1/profile"),
    *("/api/recommendations", "/sourceConfig", "/sourceConfig/", "/api/s/%ff", "/api/s/s2s/"),
)  # fmt: skip
ODD_HEADERS = {
    "Authorization": "Basic \xff\xfe",
    "authorization": "Basic =" + "=" * 100,
    "AUTHORIZATION": "Bearer " + "x" * 5_000,
    "X-Cdp-User-Token": "a.b.c",
    "X-CDP-User-Token": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1In0.",
    "x-cdp-user-token": "eyJhbGciOiJIUzI1NiJ9.W10.AAAA",
    "traceparent": "00-" + "0" * 32 + "-" + "f" * 16 + "-zz",
    "X-Request-Id": "\xe9" * 200,
    "X-Forwarded-For": ", ,unknown, 1.2.3.4:5, [::1]:99999, " + "9" * 500,
    "X-Forwarded-Proto": "https, x, \xff",
    "Origin": "http://[",
    "origin": "null",
    "If-None-Match": 'W/"x", ' * 300,
    "Content-Type": "\xff/\xff; boundary=",
    "Content-Encoding": "gzip;q=1",
    "Expect": "200-ok",
    "Host": "a b c",
    "Connection": "close, keep-alive, upgrade",
    "Transfer-Encoding": "gzip, chunked",
    "Range": "bytes=0-, 5-1, -0",
    "User-Agent": "\xff" * 3_000,
    "Sec-GPC": "1, 1",
    "Accept-Language": TIME * 100,
    "Date": "never",
}
