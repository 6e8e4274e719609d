"""What the checkout may send, what is left out of it, and the little that is refused."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import InvalidInput, parse_instant
from contracts.offers import read_request
from services.offers.commands import seconds_left
from services.offers.domain.request import DecisionRequest

FULL: dict[str, Any] = {
    "placement": "checkout",
    "identifiers": {"user_id": "ann"},
    "authenticated": True,
    "context": {
        "items": [{"sku": "W-1", "category": "running watch", "quantity": 2, "price": 900}],
        "value": 1800,
        "currency": "USD",
        "device": "Mobile",
        "referrer": "https://www.Running-Club.example/u/ann?mail=ann%40example.com",
        "language": "en-GB",
        "stock": {"strap": 0},
    },
    "at_least": {"s-1": 4},
    "sent_at": "2026-11-21T19:30:00Z",
    "deadline_ms": 150,
    "explain": True,
    "dry_run": True,
}


def test_a_whole_request_is_read() -> None:
    request = DecisionRequest(**read_request(FULL))
    assert request.context["device"] == "mobile"
    assert request.context["language"] == "en-GB"
    assert request.sent_at == parse_instant("2026-11-21T19:30:00Z")
    assert request.at_least == {"s-1": 4}


def test_only_the_host_of_a_referrer_is_kept() -> None:
    request = read_request(FULL)
    assert request["context"]["referrer"] == "running-club.example"
    assert "ann" not in str(request["context"])


@pytest.mark.parametrize(
    "referrer", ["", "about:blank", "http://[", "javascript:x", "<b>", "x" * 300]
)
def test_a_referrer_without_a_host_is_no_error(referrer: str) -> None:
    request = read_request({"placement": "checkout", "context": {"referrer": referrer}})
    assert request["context"]["referrer"] is None


@pytest.mark.parametrize(
    "odd",
    ["half an emoji \ud83d", "a\0b", float("nan"), 2**70, {1}],
    ids=["half", "nul", "nan", "long", "set"],
)
def test_what_no_json_has_spoils_nothing_beside_it(odd: object) -> None:
    context = {
        "items": [{"sku": "A", "name": odd, "price": 5}, {"sku": odd}, {"sku": "B"}, odd],
        "stock": {"A": 1, "B": odd},
        "device": odd,
        "value": 500,
        "currency": "EUR",
    }
    read = read_request({"placement": "checkout", "context": context})
    assert read["context"] == {
        "items": [{"sku": "A", "price": 5, "quantity": 1}, {"sku": "B", "quantity": 1}],
        "stock": {"A": 1},
        "value": 500,
        "currency": "EUR",
    }
    left_out = {note.split(": ")[0] for note in read["notes"]}
    assert left_out == {
        "ignored:context.items[0].name", "ignored:context.items[1].sku",
        "ignored:context.items[1]", "ignored:context.items[3]", "ignored:context.stock.B",
        "ignored:context.device",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("de-AT", "de-AT"),
        ("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", "fr-CH"),
        ("de;q=0.8", "de"),
        ("x" * 36, None),
        (", de", None),
    ],
)
def test_of_a_header_with_languages_the_first_counts(sent: str, read: str | None) -> None:
    request = read_request({"placement": "checkout", "context": {"language": sent}})
    assert request["context"].get("language") == read
    assert bool(request["notes"]) is (read is None)


def test_a_country_that_the_european_union_writes_otherwise_is_that_of_iso_3166() -> None:
    for sent, read in (("uk", "GB"), ("GB", "GB"), ("EL", "GR"), ("xx", "XX")):
        request = read_request({"placement": "checkout", "context": {"country": sent}})
        assert (request["context"]["country"], request["notes"]) == (read, ())


def test_without_a_placement_it_says_where_placements_are() -> None:
    with pytest.raises(InvalidInput, match=r"placement: is missing: name a placement of offers"):
        read_request({"placment": "checkout"})


def test_a_placement_is_enough() -> None:
    request = DecisionRequest(**read_request({"placement": "checkout"}))
    assert (request.identifiers, request.context, request.at_least) == ({}, {}, {})
    assert (request.authenticated, request.explain, request.dry_run) == (False, False, False)


def test_null_is_as_good_as_absent() -> None:
    nothing = dict.fromkeys(set(FULL) - {"placement"})
    assert read_request({"placement": "checkout", **nothing}) == read_request(
        {"placement": "checkout"}
    )
    empty = dict.fromkeys(FULL["context"])
    assert read_request({"placement": "checkout", "context": empty})["context"] == {}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"placement": None}, "placement"),
        ({"placement": 3}, "placement"),
        ({"placement": "x" * 70_000}, "placement"),
        ({"placement": "x\0"}, "placement"),
        ({"identifiers": {"user_id": 7.5}}, "identifiers.user_id"),
        ({"identifiers": {"user_id": float("nan")}}, "identifiers.user_id"),
        ({"identifiers": ["ann"]}, "identifiers"),
        ({"identifiers": {f"id_{n}": "x" for n in range(11)}}, "identifiers"),
        ({"identifiers": {"user_id": "x" * 70_000}}, "identifiers"),
    ],
)
def test_a_wrong_placement_and_wrong_identifiers_are_refused_by_name(
    change: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_request({**FULL, **change})
    assert refused.value.subject == field
    assert refused.value.message


@pytest.mark.parametrize(
    ("change", "left_out"),
    [
        ({"placment": "x"}, "placment"),
        ({"authenticated": "perhaps"}, "authenticated"),
        ({"context": ["web"]}, "context"),
        ({"context": {"valeu": 3}}, "context.valeu"),
        ({"context": {"value": 18.0}}, "context.value"),
        ({"context": {"value": -1}}, "context.value"),
        ({"context": {"value": float("nan")}}, "context.value"),
        ({"context": {"currency": "dollars"}}, "context.currency"),
        ({"context": {"items": {"a": 1}}}, "context.items"),
        ({"context": {"items": [{"quantity": 1}]}}, "context.items[0]"),
        ({"context": {"items": [{"sku": "a"}, {"sku": "a", "quantity": -1}]}}, "context.items[1]"),
        ({"context": {"items": [{"sku": "a", "price": 0.5}]}}, "context.items[0].price"),
        ({"context": {"items": [{"sku": "a", "colour": "red"}]}}, "context.items[0].colour"),
        ({"context": {"items": [{"sku": "a", "category": {"a": 1}}]}}, "context.items[0].category"),
        ({"context": {"items": [None, "tip"]}}, "context.items[0]"),
        ({"context": {"items": [{"sku": "a"}] * 201}}, "context.items"),
        ({"context": {"items": [[[[[[[]]]]]]]}}, "context.items[0]"),
        ({"context": {"stock": {"a": 0.5}}}, "context.stock.a"),
        ({"context": {"stock": {"a": "many"}}}, "context.stock.a"),
        ({"context": {"device": "\u0000"}}, "context.device"),
        ({"context": {"device": "x" * 65}}, "context.device"),
        ({"context": {"language": "x" * 70_000}}, "context.language"),
        ({"at_least": {"s": "4"}}, "at_least.s"),
        ({"at_least": {f"s-{n}": 1 for n in range(101)}}, "at_least"),
        ({"sent_at": "2026-11-21T19:30:00"}, "sent_at"),
        ({"sent_at": 17952894}, "sent_at"),
        ({"deadline_ms": 0}, "deadline_ms"),
        ({"deadline_ms": 60_001}, "deadline_ms"),
        ({"explain": 2}, "explain"),
        ({"dry_run": "maybe"}, "dry_run"),
        ({"x": "y" * 70_000}, "x"),
    ],
)  # fmt: skip
def test_any_other_wrong_part_is_left_out_and_said(change: dict[str, Any], left_out: str) -> None:
    request = {**FULL, **change}
    read = read_request(request)
    assert read["notes"][0].startswith(f"ignored:{left_out}: ")
    DecisionRequest(**read)


def test_of_a_basket_that_is_too_long_the_first_lines_are_read() -> None:
    lines = [{"sku": f"a-{n}"} for n in range(300)]
    stock = {f"a-{n}": n for n in range(300)}
    request = read_request({**FULL, "context": {"items": lines, "stock": stock}})
    assert [each["sku"] for each in request["context"]["items"]] == list(stock)[:200]
    assert list(request["context"]["stock"]) == list(stock)[:200]
    assert request["notes"] == (
        "ignored:context.items: of 300 entries the first 200 are read",
        "ignored:context.stock: of 300 entries the first 200 are read",
    )


def test_of_many_notes_the_first_are_made_and_the_others_counted() -> None:
    lines = [{"sku": "a"}, *[None] * 50, {"sku": "b"}]
    request = read_request({**FULL, "context": {"items": lines}})
    assert [each["sku"] for each in request["context"]["items"]] == ["a", "b"]
    assert len(request["notes"]) == 21
    assert request["notes"][-1] == "ignored:request: 30 more parts were left out or mended"


@pytest.mark.parametrize(
    ("change", "meant"),
    [
        ({"authenticated": 1}, {"authenticated": True}),
        ({"dry_run": "no"}, {"dry_run": False}),
        ({"context": []}, {"context": {}}),
        ({"context": {"items": {"0": {"sku": "a", "quantity": "2"}}}}, None),
        ({"identifiers": {"userId": "ann"}}, {"identifiers": {"user_id": "ann"}}),
        ({"deadline_ms": "150"}, {"deadline_ms": 150}),
    ],
)
def test_a_slip_that_can_mean_one_thing_is_mended_and_said(
    change: dict[str, Any], meant: dict[str, Any] | None
) -> None:
    read = read_request({**FULL, **change})
    assert read["notes"]
    assert all(note.startswith("mended:") for note in read["notes"])
    for name, value in (meant or {}).items():
        assert read[name] == value
    DecisionRequest(**read)


def test_what_is_left_of_an_article_is_read_as_shops_send_it() -> None:
    sent = {"a": 3, "b": "3", "c": 2.0, "oversold": -2, "unknown": None, "text": "-1"}
    read = read_request({"placement": "cart", "context": {"stock": sent}})
    assert read["context"]["stock"] == {"a": 3, "b": 3, "c": 2, "oversold": 0, "text": 0}
    assert read["notes"] == (
        "mended:context.stock.b: was read as the whole number 3; send it so",
        "mended:context.stock.c: was read as the whole number 2; send it so",
        "mended:context.stock.oversold: is below 0, and was read as 0: nothing is left",
        "mended:context.stock.text: is below 0, and was read as 0: nothing is left",
    )


@pytest.mark.parametrize("rating", ["4.6", "4,6"])
def test_a_rating_in_a_text_is_a_number(rating: str) -> None:
    read = read_request({"placement": "cart", "context": {"rating": rating}})
    assert read["context"]["rating"] == 4.6
    assert read["notes"][0].startswith("mended:context.rating: is text")


@pytest.mark.parametrize(("sign", "code"), [("€", "EUR"), (" € ", "EUR"), ("₹", "INR")])
def test_a_sign_that_one_currency_alone_has_is_that_currency(sign: str, code: str) -> None:
    read = read_request({"placement": "cart", "context": {"currency": sign}})
    assert read["context"]["currency"] == code


@pytest.mark.parametrize("sign", ["$", "¥"])
def test_a_sign_of_several_currencies_is_none_of_them(sign: str) -> None:
    read = read_request({"placement": "cart", "context": {"currency": sign}})
    assert not read["context"].get("currency")


def test_what_is_right_beside_a_wrong_part_is_kept() -> None:
    tip, odd = {"name": "tip", "price": 200}, {"sku": "b", "quantity": 2, "price": 0.5, "url": 7}
    items = [{"sku": "a"}, tip, odd]
    context = {**FULL["context"], "items": items, "stock": {"a": 3, "b": "none"}, "value": "x"}
    read = read_request({**FULL, "context": context})
    assert read["context"] == {
        "items": [{"sku": "a", "quantity": 1}, {"sku": "b", "quantity": 2}],
        "currency": "USD",
        "device": "mobile",
        "referrer": "running-club.example",
        "language": "en-GB",
        "stock": {"a": 3},
    }
    assert {note.split(": ")[0] for note in read["notes"]} == {
        "ignored:context.items[1]",
        "ignored:context.items[2].price",
        "ignored:context.items[2].url",
        "ignored:context.stock.b",
        "ignored:context.value",
    }


@pytest.mark.parametrize(
    ("quantity", "pieces"), [(0.5, [1]), (2.1, [3]), (0, []), (None, [1]), (..., [1]), (3, [3])]
)
def test_a_quantity_may_be_a_decimal_or_absent_and_of_0_the_line_was_removed(
    quantity: Any, pieces: list[int]
) -> None:
    line = {"sku": "a"} if quantity is ... else {"sku": "a", "quantity": quantity}
    read = read_request({"placement": "checkout", "context": {"items": [line]}})
    assert [item["quantity"] for item in read["context"]["items"]] == pieces
    assert read["notes"] == ()


def test_slips_that_can_mean_one_thing_only_are_mended_and_said() -> None:
    slips = {"value": "1800", "currency": "usd", "items": [{"sku": 7, "quantity": "2"}]}
    read = read_request({**FULL, "authenticated": "true", "deadline_ms": "150", "context": slips})
    assert (read["authenticated"], read["deadline_ms"]) == (True, 150)
    assert read["context"] == {
        "value": 1800,
        "currency": "USD",
        "items": [{"sku": "7", "quantity": 2}],
    }
    assert {note.split(": ")[0] for note in read["notes"]} == {
        "mended:authenticated",
        "mended:deadline_ms",
        "mended:context.value",
        "mended:context.currency",
        "mended:context.items[0].sku",
        "mended:context.items[0].quantity",
    }


@pytest.mark.parametrize("request_", [None, [], "checkout", 3])
def test_what_is_no_object_is_refused(request_: Any) -> None:
    with pytest.raises(InvalidInput):
        read_request(request_)


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*FULL, *FULL["context"], "x"]), inner, max_size=4)
    ),
)


@given(json)
def test_whatever_is_sent_only_placement_and_identifiers_are_refused(anything: Any) -> None:
    with suppress(InvalidInput):
        DecisionRequest(**read_request(anything))
    DecisionRequest(**read_request({"placement": "checkout", "context": anything}))
    rest = anything if isinstance(anything, dict) else {}
    rest = {name: part for name, part in rest.items() if name not in {"placement", "identifiers"}}
    read = read_request({"placement": "checkout", "identifiers": {"user_id": "ann"}, **rest})
    assert DecisionRequest(**read).identifiers == {"user_id": "ann"}
    assert len(read["notes"]) <= 20


def test_the_deadline_counts_from_when_the_request_was_sent() -> None:
    request = DecisionRequest("checkout", sent_at=1_000_000, deadline_ms=200)
    assert seconds_left(request, 1_000_000) == pytest.approx(0.19)
    assert seconds_left(request, 1_080_000) == pytest.approx(0.114)


@pytest.mark.parametrize("late", [100_000, 200_000, 86_400_000_000])
def test_the_way_counts_for_half_the_deadline_at_most(late: int) -> None:
    request = DecisionRequest("checkout", sent_at=1_000_000, deadline_ms=200)
    assert seconds_left(request, 1_000_000 + late) == pytest.approx(0.095)


def test_without_a_time_of_sending_the_deadline_counts_from_the_receipt() -> None:
    assert seconds_left(DecisionRequest("checkout", deadline_ms=200), 5) == pytest.approx(0.19)


def test_a_sender_whose_clock_is_ahead_gets_the_deadline_and_no_more() -> None:
    request = DecisionRequest("checkout", sent_at=9_000_000, deadline_ms=200)
    assert seconds_left(request, 1_000_000) == pytest.approx(0.19)
