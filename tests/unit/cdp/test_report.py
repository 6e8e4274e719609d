"""Facts about what commands print."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console, RenderableType

from cdp.views.report import (
    Figures,
    conflicts_table,
    dead_letters_table,
    decision_view,
    facts_table,
    figures_table,
    profile_view,
    unrecordable_table,
)


def printed(renderable: RenderableType) -> list[str]:
    """The lines that `renderable` makes on paper, with single spaces."""
    out = io.StringIO()
    Console(file=out, width=120).print(renderable)
    return [" ".join(line.split()) for line in out.getvalue().splitlines() if line.strip()]


def block(offer: str | None, title: str) -> dict[str, Any]:
    return {"offer_id": offer, "offer_version": offer and 2, "content": {"title": title}}


def decision(**changes: Any) -> dict[str, Any]:
    return {
        "profile_id": "p-1",
        "assurance": "verified",
        "slots": {
            "loyalty": [block("status", "You have 7 points")],
            "payment": [block(None, "Pay")],
        },
        "reasons": ["fallback:payment"],
        "degraded": [],
        "stale": False,
        "trace": {
            "loyalty": [
                {"offer_id": "join", "why": ["false: not enrolled"]},
                {"offer_id": "status", "why": ["true: enrolled"]},
            ]
        },
    } | changes


PROFILE: dict[str, Any] = {
    "profile_id": "p-1",
    "requested": None,
    "identifiers": [
        {"type": "user_id", "key": "k1"},
        {"type": "email", "key": "k2"},
        {"type": "email", "key": "k3"},
    ],
    "traits": {"language": "en"},
    "orders": {
        "count": 2,
        "items": 3,
        "revenue": {"USD": 129_900, "JPY": 500},
        "first_at": "1998-05-06T16:20:00.000000Z",
        "last_at": "1998-06-27T16:20:00.000000Z",
        "categories": {"outdoor": 3},
    },
    "loyalty": {"enrolled": True, "tier": "gold", "points": 1299},
    "consent": {"email": False},
    "events": 1234,
    "first_seen_at": "1998-05-06T16:20:00.000000Z",
    "last_seen_at": "1998-06-27T16:20:00.000000Z",
}


def test_figures_stand_side_by_side_with_what_a_segment_is() -> None:
    columns = {
        "CDNOW": Figures({"events": 6919, "profiles": 2357, "orders": 6919}, {"once": 1205}),
        "more": Figures({"events": 6920, "profiles": 2358, "orders": 6919}, {"once": 1206}),
    }
    lines = printed(figures_table(columns, {"once": "Bought once."}))
    assert "profiles 2,357 2,358" in lines
    assert "once 1,205 1,206 Bought once." in lines


def test_a_decision_shows_what_was_chosen_and_only_why_it_was() -> None:
    lines = printed(decision_view("Grace", decision(), ["high_value"]))
    assert lines[0] == "Grace"
    assert "p-1, assurance verified, high_value" in lines
    assert "loyalty You have 7 points true: enrolled" in lines
    assert "status v2" in lines
    assert not any("join" in line or "not enrolled" in line for line in lines)


def test_fallback_blocks_are_told_in_one_line() -> None:
    lines = printed(decision_view("Grace", decision(), []))
    assert "fallback: payment" in lines
    assert not any("Pay" in line for line in lines)


def test_in_full_each_offer_that_is_not_shown_says_why() -> None:
    trace = {
        "loyalty": [
            {"offer_id": "join", "offer_version": 1, "eligible": False, "why": ["false: x"]},
            {"offer_id": "status", "offer_version": 2, "eligible": True, "why": ["true: enrolled"]},
            {"offer_id": "points", "offer_version": 3, "eligible": True, "why": ["no rule"]},
        ],
        "payment": [
            {"offer_id": "wallet", "offer_version": 1, "eligible": False, "why": ["cap: 1 of 1"]}
        ],
    }
    lines = printed(decision_view("Grace", decision(trace=trace), [], in_full=True))
    assert lines[-4:] == [
        "loyalty join v1 false: x",
        "loyalty points v3 no rule",
        "eligible; others came first",
        "payment wallet v1 cap: 1 of 1",
    ]


def test_a_shopper_whom_nobody_knows_is_called_that() -> None:
    lines = printed(decision_view("x", decision(profile_id=None, assurance="none"), []))
    assert "unknown shopper, assurance none, no segment" in lines


def test_a_degraded_or_stale_decision_says_so() -> None:
    lines = printed(decision_view("x", decision(degraded=["overloaded"], stale=True), []))
    assert "degraded: overloaded" in lines
    assert any(line.startswith("stale:") for line in lines)


def test_a_profile_is_shown_with_money_in_major_units_and_identifiers_by_type() -> None:
    lines = printed(
        profile_view(PROFILE, [{"segment": "high_value", "since": "1998-06-27T16:20:00.000000Z"}])
    )
    assert "revenue 1299.00 USD, 500 JPY" in lines
    assert "known by user_id, 2 × email" in lines
    assert "loyalty gold, 1,299 points" in lines
    assert "consent email refused" in lines
    assert "segments high_value since 1998-06-27 16:20:00" in lines
    assert not any("k1" in line for line in lines)


def test_a_profile_without_orders_has_no_revenue() -> None:
    orders = {"count": 0, "items": 0, "revenue": {}, "first_at": None, "last_at": None}
    lines = printed(profile_view(PROFILE | {"orders": orders | {"categories": {}}}, []))
    assert "orders 0, with 0 items" in lines
    assert not any(line.startswith("revenue") for line in lines)


def test_what_went_back_without_an_order_shows_in_the_revenue() -> None:
    orders = {"count": 0, "items": 0, "revenue": {"EUR": -2750}, "first_at": None, "last_at": None}
    lines = printed(profile_view(PROFILE | {"orders": orders | {"categories": {}}}, []))
    assert "revenue -27.50 EUR" in lines


def test_a_dead_letter_is_listed_with_its_service_and_reason() -> None:
    letter = {
        "id": "l-1",
        "source": "profiles",
        "type": None,
        "reason": "undecodable: ValueError",
        "died_at": "1998-05-06T16:20:00.000000Z",
        "redriven_at": "1998-06-27T16:20:00.000000Z",
    }
    lines = printed(dead_letters_table([("segments", letter)]))
    assert "segments l-1 profiles 1998-05-06 16:20:00 (redriven) undecodable: ValueError" in lines
    letter["redrive_reason"] = "fixed"
    lines = printed(dead_letters_table([("segments", letter)]))
    assert any("(redriven: fixed)" in line for line in lines)


def test_facts_are_shown_one_a_line() -> None:
    assert printed(facts_table({"died_at": "1998-05-06T16:20:00.000000Z", "version": 3})) == [
        "died at 1998-05-06T16:20:00.000000Z",
        "version 3",
    ]


def test_text_of_a_shopper_reaches_the_terminal_neither_as_markup_nor_as_an_escape() -> None:
    traits = {"nick": "[/b] [red]x", "name": "\x1b[31mAda\x07", "note": "\u202egnp"}
    lines = printed(profile_view({**PROFILE, "traits": traits}, []))
    assert "trait nick [/b] [red]x" in lines
    assert "trait name \\x1b[31mAda\\x07" in lines
    assert "trait note \\u202egnp" in lines


def test_events_that_could_not_be_recorded_are_listed_with_the_reason() -> None:
    event = {
        "event_id": "e-1",
        "received_at": "2026-11-21T19:30:00.000000Z",
        "reason": "it is damaged",
    }
    assert printed(unrecordable_table([event]))[-1] == "e-1 2026-11-21 19:30:00 it is damaged"


def test_conflicts_are_listed_with_what_differs() -> None:
    conflict = {
        "event_id": "5001\x1b[31m",
        "first_at": "2026-11-21T19:30:00.000000Z",
        "last_at": "2026-11-21T20:30:00.000000Z",
        "times": 3,
        "differing": ["type", "data.revenue"],
    }
    (line,) = printed(conflicts_table([conflict]))[2:]
    assert line == (r"5001\x1b[31m 2026-11-21 19:30:00 2026-11-21 20:30:00 3 type, data.revenue")
