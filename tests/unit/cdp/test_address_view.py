from __future__ import annotations

from typing import Any

from cdp.views.address import address_view

REFUSAL: dict[str, Any] = {
    "purpose": "email",
    "granted": False,
    "at": "2026-11-20T11:00:00.000000Z",
    "source": "device",
    "origin": "browser",
    "authenticated": False,
    "event_id": "e-1",
}
USE: dict[str, Any] = {
    "stream_id": "s-1",
    "profile_id": "p-1",
    "kind": "account",
    "proven": True,
    "first_at": "2026-11-20T09:00:00.000000Z",
    "last_at": "2026-11-20T10:00:00.000000Z",
}
ADDRESS: dict[str, Any] = {
    "type": "email",
    "key": "email:1c1f2a33",
    "profile_id": "p-1",
    "orders": {"count": 2, "last_at": "2026-11-20T09:30:00.000000Z"},
    "consent": [REFUSAL],
    "streams": [USE],
}


def test_an_address_shows_its_account_orders_and_who_refused_what() -> None:
    assert address_view(ADDRESS).splitlines() == [
        "key      email:1c1f2a33",
        "account  p-1",
        "orders   2, the last 2026-11-20 09:30:00",
        "2026-11-20 11:00:00  email refused on a device, browser",
        "    event e-1",
        "told by an account, proven, last 2026-11-20 10:00:00",
        "    stream s-1, profile p-1",
    ]


def test_an_address_that_nobody_has_proven_says_so() -> None:
    unproven = {**ADDRESS, "profile_id": None, "orders": {"count": 0, "last_at": None}}
    unknown = {**REFUSAL, "source": None, "origin": None, "purpose": "\x1b[31memail"}
    lines = address_view({**unproven, "consent": [unknown], "streams": []}).splitlines()
    assert lines[1:3] == ["account  none has proven it", "orders   0"]
    assert "\x1b" not in lines[3]
    assert lines[3].endswith("refused elsewhere")
