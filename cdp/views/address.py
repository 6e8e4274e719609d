"""What people read of an address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cdp.views.report import joined, one_line, when

_SOURCES = {
    "account": "by its account",
    "address": "by the address alone",
    "device": "on a device",
    None: "elsewhere",
}


_PLACES = {
    "account": "told by an account",
    "address": "told by nobody but the address",
    "device": "told on a device",
}


def address_view(address: Mapping[str, Any]) -> str:
    """An address: its account, its orders, what was consented to and refused, and where it was."""
    return joined(_lines(address))


def _lines(address: Mapping[str, Any]) -> Iterator[str]:
    orders = address["orders"]
    last = f", the last {when(orders['last_at'])}" if orders["count"] else ""
    yield f"key      {address['key']}"
    yield f"account  {address['profile_id'] or 'none has proven it'}"
    yield f"orders   {orders['count']:,}{last}"
    for each in address["consent"]:
        word = "granted" if each["granted"] else "refused"
        origin = f", {each['origin']}" if each["origin"] else ""
        source = _SOURCES[each["source"]]
        yield f"{when(each['at'])}  {one_line(each['purpose'])} {word} {source}{origin}"
        yield f"    event {one_line(each['event_id'])}"
    for use in address["streams"]:
        proven = ", proven" if use["proven"] else ""
        place = _PLACES.get(use["kind"]) or one_line(use["kind"])
        yield f"{place}{proven}, last {when(use['last_at'])}"
        yield f"    stream {use['stream_id']}, profile {use['profile_id'] or 'nobody'}"
