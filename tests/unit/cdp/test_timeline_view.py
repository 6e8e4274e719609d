"""What `cdp profile events` prints of an event."""

from __future__ import annotations

from typing import Any

import pytest
from rich.text import Text

from cdp.views.timeline import timeline_view

AT = "2026-11-20T10:00:00.000000Z"


def entry(assurance: str) -> dict[str, Any]:
    return {
        "at": AT,
        "told_at": None,
        "recorded_at": AT,
        "type": "order_cancelled",
        "event_id": "e-1",
        "identity": None,
        "identifier": {"key": "user_id:3b1f09aa22334455", "type": "user_id"},
        "address": None,
        "assurance": assurance,
        "authenticated": False,
        "origin": "server",
        "data": {"order_id": "17"},
        "left_out": [],
    }


@pytest.mark.parametrize(("assurance", "words"), [("device", "device"), ("none", "names nobody")])
def test_an_event_says_how_surely_it_is_the_shoppers(assurance: str, words: str) -> None:
    page = {"profile_id": "p", "entries": [entry(assurance)], "next": None, "orders": []}
    view = timeline_view(page, "cdp")
    assert isinstance(view, Text)
    assert f"from user_id:3b1f09aa…, {words}, server, event e-1" in view.plain
