"""Documents that are nearly right, and bodies that are not: what a random source makes of them."""

from __future__ import annotations

import copy
import gzip
import json
import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

TIME = "2026-11-21T19:00:00Z"
_BOMB_BYTES = 64 * 1024 * 1024

_EVENT = {
    "id": "e-1",
    "type": "order_completed",
    "time": TIME,
    "identifiers": {"user_id": "u-1", "email": "u-1@shop.example", "device_id": "d-1"},
    "authenticated": True,
    "context": {"device": "mobile", "channel": "web", "page": {"url": "https://shop.example/"}},
    "data": {
        "order_id": "o-1",
        "revenue": 5900,
        "currency": "USD",
        "products": [{"product_id": "lamp", "quantity": 1, "price": 5900, "category": "home"}],
    },
}
_ITEM = {
    "type": "track",
    "event": "Order Completed",
    "userId": "u-1",
    "anonymousId": "a-1",
    "messageId": "m-1",
    "timestamp": TIME,
    "sentAt": TIME,
    "properties": {
        "order_id": "o-1",
        "revenue": 59.0,
        "currency": "USD",
        "coupon": "SAVE",
        "products": [{"product_id": "lamp", "price": 59.0, "quantity": 1}],
    },
    "traits": {"email": "u-1@shop.example", "age": 40, "address": {"country": "DE"}},
    "context": {
        "ip": "203.0.113.7",
        "userAgent": "Mozilla/5.0",
        "locale": "de-DE",
        "page": {"url": "https://shop.example/?utm_source=x", "referrer": "https://example.org"},
        "campaign": {"source": "x", "name": "y"},
        "consent": {"categoryPreferences": {"stats": True}},
        "device": {"type": "ios", "id": "d-1"},
    },
}
_DECIDE = {
    "placement": "checkout",
    "identifiers": {"device_id": "d-1", "user_id": "u-1"},
    "authenticated": True,
    "context": {
        "value": 2400,
        "currency": "USD",
        "device": "mobile",
        "items": [{"sku": "lamp", "category": "home", "quantity": 1, "price": 2400}],
    },
    "deadline_ms": 500,
    "at_least": {},
    "explain": True,
    "reserve": False,
}
_OUTCOME = {
    "outcome_id": "x-1",
    "decision_id": "01a1ffd7-910e-76b4-9199-249d0c6db5df",
    "slot": "loyalty",
    "offer_id": "points",
    "kind": "converted",
    "time": TIME,
    "value": 2400,
    "currency": "USD",
}
_WEBHOOK = {"id": 1, "email": "a@shop.example", "total_price": "59.00", "line_items": [{"id": 1}]}

# The paths that take documents, with one that each of them takes.
DOCUMENTS: dict[str, Any] = {
    "/v1/record": {"events": [_EVENT]},
    "/v1/decide": _DECIDE,
    "/v1/outcomes": {"outcomes": [_OUTCOME]},
    "/v1/batch": {"batch": [_ITEM, {**_ITEM, "type": "identify"}], "sentAt": TIME},
    "/v1/import": {"batch": [{**_ITEM, "type": "page"}]},
    "/v1/t": _ITEM,
    "/v1/identify": {**_ITEM, "type": "identify"},
    "/v1/page": {**_ITEM, "type": "page", "name": "Home"},
    "/v1/group": {**_ITEM, "type": "group", "groupId": "g"},
    "/v1/alias": {**_ITEM, "type": "alias", "previousId": "u-0"},
    "/v1/screen": {**_ITEM, "type": "screen", "name": "Home"},
    "/api/s/track": _ITEM,
    "/api/s/s2s/batch": {"batch": [_ITEM]},
    "/v1/m": {"series": [{"type": "Counter"}]},
    "/webhooks/web/shopify": _WEBHOOK,
    "/webhooks/web/woocommerce": _WEBHOOK,
    "/webhooks/web/stripe": {"id": "evt_1", "type": "charge.refunded", "data": {"object": {}}},
    "/webhooks/web/standard": {"type": "order", "data": {"id": 1}},
}

# What stands where something else is wanted. The raw ones are no value that Python could write.
_ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, -0.0, 1e308, 5e-324, 2**31, 2**53, 2**63, 2**64, -(2**63) - 1),
    *("", " ", "\x00", "\u202e", "😀" * 300, "x" * 40_000, "é", "null", "NaN", "-0", "1e999"),
    *("0x10", "2026-13-45T99:99:99Z", "0000-00-00T00:00:00Z", "9999-12-31T23:59:59.999999Z"),
    *("4111 1111 1111 1111", "a@b", "<script>", "'; DROP TABLE keys; --", "../../etc/passwd"),
    *([], {}, [[]], [None], {"": {}}, {"\x00": 1}, [{}] * 50, {"a": [{"b": [{}]}]}),
    *({f"k{i}": i for i in range(300)}, ["x"] * 2_000, {"x" * 3_000: "y"}, [1, "1", 1.0, True]),
)
_RAW = (
    *("NaN", "-Infinity", "1e400", "-1e400", "1" * 400, "1." + "0" * 400 + "1", "0e0", "-"),
    *('"\\ud800"', '"\\udc00\\ud800"', '"\\u0000"', "01", "+1", "'x'", "undefined", '"\x01"'),
)
_MARK = "@@RAW@@"


@dataclass(frozen=True, slots=True)
class BadBody:
    """A body, and how it says to be compressed."""

    content: bytes
    encoding: str = ""


def mutated(document: Any, source: random.Random) -> BadBody:
    """A document with some of its parts gone, doubled or replaced by what nobody expects."""
    changed = copy.deepcopy(document)
    raw = source.choice(_RAW) if source.random() < 0.3 else None
    for _ in range(source.randint(1, 4)):
        changed = _changed(changed, source, copy.deepcopy(source.choice(_ODD_VALUES)))
    if raw is not None:
        changed = _changed(changed, source, _MARK)
    text = json.dumps(changed, ensure_ascii=source.random() < 0.5)
    return BadBody(text.replace(f'"{_MARK}"', raw or "null").encode("utf-8", "surrogatepass"))


def doubled_keys(document: Any, source: random.Random) -> BadBody:
    """A document whose object says some of its members twice, and not the same."""
    members = [f"{json.dumps(name)}:{json.dumps(part)}" for name, part in document.items()]
    name = source.choice(list(document))
    members.append(f"{json.dumps(name)}:{json.dumps(source.choice(_ODD_VALUES))}")
    source.shuffle(members)
    return BadBody(("{" + ",".join(members * source.randint(1, 3)) + "}").encode())


def deep(_document: Any, source: random.Random) -> BadBody:
    """Brackets in brackets, closed or not."""
    opening, closing = source.choice([("[", "]"), ('{"a":', "}"), ('{"batch":[', "]}")])
    depth = source.choice([31, 33, 500, 1_024, 20_000, 200_000])
    inner = source.choice(["", "1", "null"])
    end = closing * depth if source.random() < 0.7 else ""
    return BadBody((opening * depth + inner + end)[: 480 * 1024].encode())


def broken_text(document: Any, source: random.Random) -> BadBody:
    """Text in another encoding, cut in a character, or with bytes that are none."""
    text = json.dumps(document | {"name": "é😀ü"}, ensure_ascii=False)
    content = text.encode()
    cut = source.randrange(len(content))
    return BadBody(
        source.choice(
            [
                text.encode("utf-16"),
                text.encode("utf-32"),
                text.encode("latin-1", "replace"),
                b"\xef\xbb\xbf" + content,
                content[:cut],
                content[:cut] + b"\xff\xfe\xc0\x80\xed\xa0\x80" + content[cut:],
                content[:cut] + bytes([source.randrange(256)]) + content[cut + 1 :],
                content + content,
                source.randbytes(source.randrange(2_000)),
                b"",
                b" " * 1_000,
                content.decode().encode("utf-7"),
            ]
        )
    )


def wrong_encoding(document: Any, source: random.Random) -> BadBody:
    """A compression that is not what the header says, or is broken."""
    content = json.dumps(document).encode()
    zipped, deflated = gzip.compress(content), zlib.compress(content)
    cut = source.randrange(1, len(zipped))
    damaged = zipped[:cut] + bytes([source.randrange(256)]) + zipped[cut + 1 :]
    return source.choice(
        [
            BadBody(content, "gzip"),
            BadBody(zipped, "deflate"),
            BadBody(deflated, "gzip"),
            BadBody(deflated, "deflate"),
            BadBody(zipped, "gzip, gzip"),
            BadBody(zipped, "br"),
            BadBody(zipped, ""),
            BadBody(zipped, "x" * 3_000),
            BadBody(zipped[:cut], "gzip"),
            BadBody(damaged, "gzip"),
            BadBody(zipped + zipped, "GZIP"),
            BadBody(gzip.compress(zipped), "gzip"),
            BadBody(b"", "gzip"),
        ]
    )


def bomb(_document: Any, source: random.Random) -> BadBody:
    """A few bytes that become very many."""
    return BadBody(source.choice(_bombs()), "gzip")


def bulky(_document: Any, source: random.Random) -> BadBody:
    """Very many small values, which take most as objects in memory."""
    part = source.choice([b"[],", b"{},", b'{"":0},', b"0,", b'"",'])
    name = source.choice([b"batch", b"events", b"outcomes"])
    size = source.choice([60, 500, 511, 3_000, 5_000]) * 1024
    content = b'{"' + name + b'":[' + part * (size // len(part)) + b"0]}"
    return BadBody(gzip.compress(content, 1), "gzip") if source.random() < 0.5 else BadBody(content)


KINDS: dict[str, Callable[[Any, random.Random], BadBody]] = {
    "mutated": mutated,
    "doubled keys": doubled_keys,
    "deep": deep,
    "broken text": broken_text,
    "wrong encoding": wrong_encoding,
    "bomb": bomb,
    "bulky": bulky,
}


@lru_cache
def _bombs() -> tuple[bytes, ...]:
    plain = (b"\0", b"[", b" ", b'{"a":')
    made = [gzip.compress(each * (_BOMB_BYTES // len(each)), 9) for each in plain]
    return (*made, gzip.compress(made[0], 9))


def _changed(document: Any, source: random.Random, value: Any) -> Any:
    """The document, changed at one place, which is found by going down at random."""
    if not isinstance(document, dict | list) or not document or source.random() < 0.12:
        return value
    if isinstance(document, list):
        place: Any = source.randrange(len(document))
    else:
        place = source.choice(list(document))
    how = source.random()
    if how < 0.08:
        del document[place]
    elif how < 0.14 and isinstance(document, dict):
        document[source.choice(["", "\x00", "x" * 300, "__proto__", "id ", "ID"])] = value
    else:
        document[place] = _changed(document[place], source, value)
    return document
