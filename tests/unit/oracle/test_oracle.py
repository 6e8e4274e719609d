"""The oracle on rows made by hand: it judges the others, so it must be right itself."""

import ast
from pathlib import Path
from typing import Any

import tests.support.oracle
from tests.support.oracle import (
    LoggedEvent,
    differences,
    entries_and_exits,
    fold,
    identifiers,
    identity_flaws,
    labels,
    log_flaws,
    memberships,
    profiles,
    read_summary,
    view,
)

DAY = 24 * 3_600_000_000
NOW = 1_000 * DAY


def event(
    kind: str,
    at: int,
    data: Any = None,
    id_: str | None = None,
    stream: str = "s",
    version: int = 1,
) -> LoggedEvent:
    return LoggedEvent(stream, version, id_ or f"{kind}@{at}", kind, data or {}, at)


def moved(
    version: int,
    profile: str,
    epoch: int,
    stream: str = "s",
    tenure: int = 1,
    key: str = "user_id:1",
    fact: str = "f",
) -> LoggedEvent:
    entry = {"stream": stream, "version": version, "profile_id": profile, "epoch": epoch}
    entry["identifiers"] = [{"key": key, "tenure": tenure, "assurance": "verified"}]
    data = {"fact_id": fact, "streams": [entry]}
    return LoggedEvent(
        stream, version, f"{fact}/{stream}", "identity_changed", data, 0, {"joint": True}
    )


def order(order_id: str, at: int, revenue: int = 100_00, currency: str = "USD") -> LoggedEvent:
    lines = [{"quantity": 2, "category": "music"}, {"quantity": 1}]
    data = {"order_id": order_id, "revenue": revenue, "currency": currency, "products": lines}
    return event("order_completed", at, data)


def test_the_oracle_imports_nothing_that_it_judges() -> None:
    imported = {
        name.split(".")[0]
        for path in Path(tests.support.oracle.__path__[0]).glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
    }
    ours = {path.name for path in Path(tests.support.oracle.__path__[0]).parents[2].iterdir()} - {
        "tests"
    }
    assert not imported & ours


def test_the_highest_epoch_is_the_label_in_whatever_order_it_is_told() -> None:
    events = [moved(3, "c", 3, fact="3"), moved(1, "a", 1, fact="1"), moved(2, "b", 2, fact="2")]
    assert labels(events) == {"s": ("c", 3)}
    assert profiles(events) == {"c": ["s"]}


def test_an_identifier_leads_to_the_stream_of_its_latest_tenure() -> None:
    events = [moved(1, "t", 1, stream="t", tenure=2), moved(1, "s", 1, tenure=1)]
    assert identifiers(events) == {"user_id:1": ("t", 2, 1, "verified")}


def test_a_gap_and_a_second_copy_of_an_id_are_flaws_of_a_log() -> None:
    events = [event("a", 1, id_="x"), event("b", 2, id_="x", version=3)]
    assert [flaw.split(":")[1] for flaw in log_flaws("p", events)] == [
        " stream s has versions [1, 3]",
        " x is in the log 2 times",
    ]


def test_a_fact_that_one_of_its_streams_lacks_is_a_flaw_of_a_log() -> None:
    fact = moved(1, "s", 1)
    fact.data["streams"].append({"stream": "t", "version": 1})
    assert "fact f is told to" in log_flaws("p", [fact])[0]


def test_two_accounts_in_one_profile_are_a_flaw() -> None:
    events = [moved(1, "s", 1), moved(1, "s", 1, stream="t", key="user_id:2", fact="g")]
    assert "holds the accounts" in identity_flaws("p", events)[0]


def test_an_event_before_its_identity_is_a_flaw() -> None:
    flaws = identity_flaws("p", [event("order_completed", 1), moved(2, "s", 1)])
    assert flaws == ["p: stream s begins with order_completed, not with whose it is"]


def test_the_trait_told_last_wins_and_ties_go_to_what_came_last() -> None:
    events = [
        event("traits_changed", 5, {"traits": {"city": "Rome", "old": None}}, id_="b"),
        event("traits_changed", 5, {"traits": {"city": "Oslo"}}, id_="a"),
        event("loyalty_tier_changed", 9, {"tier": "gold"}),
        event("loyalty_enrolled", 7, {"tier": "silver"}),
    ]
    expected = {"city": "Rome", "loyalty_enrolled": True, "loyalty_tier": "gold"}
    assert view(fold(events, NOW), NOW)["traits"] == expected


def test_a_refund_told_first_counts_against_its_own_order() -> None:
    events = [
        event("order_refunded", 1, {"order_id": "o", "amount": 30_00, "currency": "USD"}),
        event("order_refunded", 2, {"order_id": "o", "amount": 1, "currency": "EUR"}),
        event("order_refunded", 3, {"order_id": "other"}),
        order("o", 4),
        order("p", 5, currency="EUR"),
    ]
    orders = view(fold(events, NOW), NOW)["orders"]
    assert orders["revenue"] == {"USD": 70_00, "EUR": 100_00}
    assert (orders["count"], orders["items"], orders["categories"]) == (2, 6, {"music": 4})


def test_a_cancelled_order_is_no_order() -> None:
    events = [order("o", 1), event("order_cancelled", 2, {"order_id": "o"})]
    assert view(fold(events, NOW), NOW)["orders"]["count"] == 0
    assert memberships(fold(events), NOW) == {"first_time_visitor"}


def test_what_is_dated_later_does_not_count_yet() -> None:
    later = NOW + 1
    known = [
        event("traits_changed", NOW - 1, {"traits": {"city": "Rome"}}),
        event("loyalty_points_changed", NOW, {"points": 5}),
        event("consent_changed", NOW, {"purposes": {"email": True}}),
        event("cart_updated", NOW - DAY, {"products": [{"quantity": 1}]}),
        order("o", NOW - 2 * DAY),
    ]
    coming = [
        event("traits_changed", later, {"traits": {"city": "Oslo"}}),
        event("loyalty_points_changed", later, {"points": 7}),
        event("consent_changed", later, {"purposes": {"email": False}}),
        event("consent_refused", later, {"purpose": "sms"}),
        event("cart_updated", later, {"products": []}),
        event("order_cancelled", later, {"order_id": "o"}),
        order("p", later),
    ]
    assert fold([*known, *coming], NOW) == fold(known)
    seen = view(fold([*known, *coming], NOW), NOW)
    assert seen == view(fold(known), NOW)
    assert (seen["events"], seen["orders"]["count"], seen["last_seen_at"]) == (
        5,
        1,
        "1972-09-27T00:00:00.000000Z",
    )
    assert view(fold([*known, *coming], later), later)["consent"] == {"email": False, "sms": False}


def segments_of(*events: LoggedEvent) -> set[str]:
    return memberships(fold(events), NOW)


def test_each_segment_begins_where_its_description_says() -> None:
    once = {"returning_one_time_buyer", "new_buyer"}
    assert segments_of() == {"first_time_visitor"}
    assert segments_of(order("o", NOW, 149_99)) == once
    assert segments_of(order("o", NOW, 150_00)) == {*once, "high_basket_first_purchase"}
    assert "high_value" not in segments_of(order("o", NOW, 499_99))
    assert "high_value" in segments_of(order("o", NOW, 500_00))
    assert segments_of(order("o", NOW + 1)) == {"first_time_visitor"}
    assert segments_of(event("checkout_completed", NOW, {})) == set()
    enrolled = event("loyalty_enrolled", NOW, {"tier": "gold"})
    assert segments_of(order("o", NOW, 1), enrolled) == {"new_buyer"}
    recent = [order(f"o{n}", NOW - n * DAY, 1) for n in range(5)]
    assert segments_of(*recent, order("old", NOW - 60 * DAY, 1)) == {"regular_buyer"}
    assert segments_of(*recent, order("new", NOW - 60 * DAY + 1, 1)) == {"frequent_buyer"}
    assert segments_of(*recent[:2]) == {"occasional_buyer"}
    assert segments_of(*recent, enrolled) == {"regular_buyer", "gold_and_recent"}
    assert segments_of(*recent[:3], enrolled) == {"regular_buyer"}


def test_whoever_has_viewed_something_without_an_account_has_an_anonymous_context() -> None:
    view_then = event("product_viewed", NOW - 30 * DAY + 1, {})
    assert "anonymous_context" in segments_of(view_then)
    assert "anonymous_context" not in segments_of(event("product_viewed", NOW - 30 * DAY, {}))
    assert "anonymous_context" in segments_of(event("cart_updated", NOW, {"products": [{}]}))
    proof = {"stream": "s", "identifiers": [{"assurance": "verified"}]}
    known = event("identity_changed", NOW, {"streams": [proof]}, stream="s")
    assert "anonymous_context" not in segments_of(view_then, known)


def test_a_cart_is_abandoned_from_a_day_to_thirty_days_unless_an_order_followed() -> None:
    def left(ago: int, pieces: int = 1, *events: LoggedEvent) -> bool:
        lines = [{"sku": "a", "quantity": pieces}] if pieces else []
        cart = event("cart_updated", NOW - ago, {"products": lines})
        return "abandoned_cart" in segments_of(cart, *events)

    def bought(at: int, sku: str = "a") -> LoggedEvent:
        return event("order_completed", at, {"order_id": "o", "products": [{"sku": sku}]})

    hour = DAY // 24
    assert not left(DAY - 1)
    assert left(DAY)
    assert left(30 * DAY - 1)
    assert not left(30 * DAY)
    assert not left(DAY, 0)
    assert left(DAY, 1, bought(NOW - DAY - hour))
    assert not left(DAY, 1, bought(NOW - DAY - hour + 1))
    assert left(DAY, 1, bought(NOW - DAY - 1, "b"))
    assert not left(DAY, 1, bought(NOW - DAY, "b"))
    assert left(DAY, 1, event("checkout_completed", NOW - DAY - 1, {}))
    assert not left(DAY, 1, event("checkout_completed", NOW - DAY, {}))


def test_entries_and_exits_add_up_and_must_alternate() -> None:
    def change(kind: str, version: int) -> LoggedEvent:
        data = {"segment": "high_value", "profile_id": "p"}
        return event(f"segment_{kind}", 1, data, stream="p", version=version)

    entered = [change("entered", 1), change("exited", 2), change("entered", 3)]
    assert entries_and_exits(entered) == ({"p": {"high_value"}}, [])
    _, flaws = entries_and_exits([change("exited", 1), change("entered", 2), change("entered", 3)])
    assert len(flaws) == 2


def test_a_stored_summary_is_read_as_the_shopper_it_describes() -> None:
    events = [
        event("cart_updated", 3, {"products": [{"quantity": 2}], "value": 5, "currency": "USD"}),
        event("consent_changed", 4, {"purposes": {"email": True}}),
        event("loyalty_points_changed", 5, {"points": -3}),
        event("order_refunded", 6, {"order_id": "o"}),
        order("o", 2),
    ]
    stored = {
        "types": {event.type: [1, event.at, [event.at]] for event in events},
        "consent": {"email": [[0, 4, 0, 0, 1, "x", True]]},
        "orders": {
            "o": {
                "first": 2,
                "content": [[0, 2, 0, 0, 1, "x", [[100_00, "USD"], [3, {"music": 2}], True, None]]],
                "last": 6,
                "refunds": {"order_refunded@6": [[0, 6, 0, 0, 1, "y", [None, None]]]},
            }
        },
        "cart": [[0, 3, 0, 0, 1, "x", [5, "USD", 2]]],
        "points": -3,
    }
    assert read_summary(stored) == fold(events)


def test_differences_name_what_is_missing_strange_or_wrong() -> None:
    lines = differences("labels", {"a": 1, "b": 2}, {"b": 3, "c": 4})
    assert lines == [
        "labels: missing, 1:",
        "    a: 1",
        "labels: not expected, 1:",
        "    c: 4",
        "labels: different, 1:",
        "    b: expected 2, found 3",
    ]
    assert differences("labels", {"a": 1}, {"a": 1}) == []
