"""What shops' programs send: PHP, Liquid, tag managers, spreadsheets, and what is made of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.validation import slips
from contracts.currencies import CURRENCIES, SIGNS, currencies_of
from contracts.incoming import IncomingEvent
from contracts.ingest import read_events
from rules import order_key
from tests.unit.contracts.test_event import NOW, event, order

LINE = {"sku": "w-1", "quantity": 1, "price": 4_999}


def read(value: Any) -> IncomingEvent:
    checked = read_events([value], NOW)
    assert not checked.errors, checked.errors
    return checked.valid[0]


def warned(taken: IncomingEvent) -> list[str]:
    return [warning.field.removeprefix("events[0].") for warning in taken.warnings]


def errors(value: Any) -> dict[str, str]:
    rejected = read_events([value], NOW).errors[0]
    return {error.field.removeprefix("events[0]."): error.message for error in rejected.errors}


def consent(granted: Any) -> dict[str, Any]:
    return event(type="consent_changed", data={"purpose": "email", "granted": granted})


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        *[(value, True) for value in (1, 1.0, "1", "yes", "YES", "on", "ja", "oui", "true ", "y")],
        *[(value, False) for value in (0, 0.0, "0", "no", "No", "off", "nein", "non", "FALSE")],
        ("granted", True),
        ("denied", False),
        ("subscribed", True),
        ("Unsubscribed", False),
    ],
)
def test_a_word_for_yes_or_no_is_consent_or_a_refusal(sent: Any, meant: bool) -> None:
    taken = read(consent(sent))
    assert taken.data["granted"] is meant
    assert warned(taken) == ["data.granted"]
    assert f"read as {str(meant).lower()}" in taken.warnings[0].message
    several = read(event(type="consent_changed", data={"purposes": {"marketing.email": sent}}))
    assert several.data["purposes"] == {"marketing.email": meant}


@pytest.mark.parametrize("sent", ["", " ", "null", "perhaps", "pending", 2, -1, 0.5, [], {}])
def test_what_is_neither_yes_nor_no_gives_no_consent_and_no_refusal(sent: Any) -> None:
    assert "true or false" in errors(consent(sent))["data.granted"]


@pytest.mark.parametrize(("sent", "meant"), [(1, True), ("1", True), (0, False), ("no", False)])
def test_a_flag_of_the_event_is_one_too(sent: Any, meant: bool) -> None:
    taken = read(event(authenticated=sent, identifiers={"user_id": "u-1"}))
    assert (taken.authenticated, warned(taken)) == (meant, ["authenticated"])


def test_a_purpose_among_several_has_any_name_that_a_single_one_may_have() -> None:
    purposes = {"marketing.email": False, "e-mail news": True}
    taken = read(event(type="consent_changed", data={"purposes": purposes}))
    assert (taken.data["purposes"], taken.warnings) == (purposes, ())
    for name in ("", "x" * 65):
        assert errors(event(type="consent_changed", data={"purposes": {name: True}}))


@pytest.mark.parametrize(
    ("field", "sent", "meant"),
    [
        ("data", [], {}),
        ("data", "", {}),
        ("data", '{"page": "/"}', {"page": "/"}),
        ("context", [], {}),
        ("context", " ", None),
        ("context", '{"device": "mobile"}', {"device": "mobile"}),
        ("id", " 5001\n", "5001"),
        ("type", "Product_Viewed", "product_viewed"),
        ("type", "productViewed", "product_viewed"),
        ("type", " product viewed", "product_viewed"),
        ("identifiers", {"anonymousId": "a-1"}, {"anonymous_id": "a-1"}),
        ("identifiers", '{"anonymous_id": "a-1"}', {"anonymous_id": "a-1"}),
        ("proven", {"0": "anonymous_id"}, ("anonymous_id",)),
        ("proven", '["anonymous_id"]', ("anonymous_id",)),
    ],
)
def test_a_slip_of_the_event_can_mean_one_thing(field: str, sent: Any, meant: Any) -> None:
    value = event(**{field: sent})
    if field == "type":
        value["data"] = {"sku": "w-1"}
    taken = read(value)
    assert getattr(taken, field) == meant
    assert [path.partition(".")[0] for path in warned(taken)] == [field]


def test_an_event_as_a_text_of_json_is_the_event() -> None:
    taken = read_events([json.dumps(event())], NOW).valid[0]
    assert taken.id == "e-1"
    assert [warning.field for warning in taken.warnings] == ["events[0]"]


def test_no_identifiers_as_php_writes_them_are_none() -> None:
    assert "give at least one" in errors(event(identifiers=[]))["identifiers"]
    follow_up = event(type="order_cancelled", identifiers=[], data={"order_id": "o-1"})
    assert read(follow_up).identifiers == {}


def test_two_names_of_one_kind_of_identifier_are_not_guessed_at() -> None:
    both = {"userId": "u-1", "user_id": "u-2"}
    assert 'write "user_id"' in errors(event(identifiers=both))["identifiers.userId"]


@pytest.mark.parametrize(
    "sent", ["soon", "", 0, 12, "2026-11-21 10:00", "21.11.2026", True, [], {}, "null"]
)
def test_a_send_time_that_cannot_be_read_is_ignored_and_said(sent: Any) -> None:
    taken = read(event(sent_at=sent))
    assert (taken.sent_at, taken.time) == (None, read(event()).time)
    assert warned(taken) == ["sent_at"]


INSTANT = "2026-11-21T19:00:00.000000Z"


@pytest.mark.parametrize(
    "sent",
    [
        1_795_287_600,
        1_795_287_600.0,
        "1795287600",
        "1795287600.000",
        1_795_287_600_000,
        "1795287600000",
        1_795_287_600_000_000,
        1_795_287_600_000_000_000,
        "2026-11-21 19:00:00+00",
        "2026-11-21T20:00:00+01:00[Europe/Berlin]",
        "Sat, 21 Nov 2026 19:00:00 +0000",
        "Sat, 21 Nov 2026 19:00:00 GMT",
        "21 Nov 2026 20:00:00 +0100",
        "Sat Nov 21 2026 20:00:00 GMT+0100 (Central European Standard Time)",
    ],
)
def test_an_instant_that_leaves_no_choice_is_read_and_said(sent: Any) -> None:
    taken = read(event(time=sent))
    assert taken.time == read(event(time=INSTANT)).time
    assert warned(taken) == ["time"]
    assert INSTANT in taken.warnings[0].message
    assert read(order(placed_at=sent)).data["placed_at"] == INSTANT


@pytest.mark.parametrize(
    "sent",
    [
        "2026-11-21 19:00:00",
        "2026-11-21",
        "11/21/2026 19:00",
        "21.11.2026 19:00:00",
        "Sat, 21 Nov 2026 19:00:00",
        "21 Nov 2026 19:00:00 CST",
        20_261_121,
        "20261121190000",
        46_347.79,
        178_027_200,
        True,
        "",
        0,
    ],
)
def test_an_instant_that_could_be_several_is_refused_with_how_to_write_it(sent: Any) -> None:
    message = errors(event(time=sent))["time"]
    assert any(fix in message for fix in ("2026-11-21T19:30:00Z", "such as +02:00"))


@pytest.mark.parametrize(
    ("field", "sent", "meant"),
    [
        ("revenue", " 4999 ", 4_999),
        ("revenue", "+4999", 4_999),
        ("revision", "3.0", 3),
        ("revision", 3.0, 3),
        ("revision", "", ...),
        ("currency", "€", "EUR"),
        ("currency", "US$", "USD"),
        ("currency", "zł", "PLN"),
        ("store", "", ...),
        ("cart_id", " c-1 ", "c-1"),
        ("placed_at", "", ...),
        ("placed_at", "null", ...),
        ("products", "", ...),
        ("products", [], []),
        ("products", LINE, [LINE]),
        ("products", {"3": LINE, "7": LINE}, [LINE, LINE]),
        ("products", '[{"sku": "w-1", "quantity": "1", "price": "4999"}]', [LINE]),
        ("products", '{"sku": "w-1", "quantity": 1, "price": 4999}', [LINE]),
    ],
)
def test_a_slip_of_an_order_can_mean_one_thing(field: str, sent: Any, meant: Any) -> None:
    taken = read(order(**{field: sent}))
    assert taken.data.get(field, ...) == meant
    assert not taken.warnings if field == "products" and sent == [] else taken.warnings


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (" 2 ", 2),
        ("0,5", 0.5),
        ("0,500", 0.5),
        ("2.50", 2.5),
        ("1,234.50", 1_234.5),
        ("1.234,50", 1_234.5),
    ],
)
def test_a_quantity_in_text_is_a_number(sent: Any, meant: Any) -> None:
    taken = read(order(products=[{**LINE, "quantity": sent}]))
    assert taken.data["products"][0]["quantity"] == meant
    assert warned(taken) == ["data.products[0].quantity"]


@pytest.mark.parametrize("field", ["quantity", "price", "currency", "name", "category"])
@pytest.mark.parametrize("sent", ["", "  "])
def test_a_blank_of_a_line_is_absent_and_the_line_counts(field: str, sent: str) -> None:
    taken = read(order(products=[{**LINE, field: sent}]))
    (line,) = taken.data["products"]
    assert line.get(field) is None or line[field].isspace()
    assert line["sku"] == "w-1"


@pytest.mark.parametrize(
    "change",
    [
        {"revenue": "49.99"},
        {"revenue": "1,234.50"},
        {"revenue": "1.234,50"},
        {"revenue": "4,999"},
        {"revenue": "4 999"},
        {"revenue": 4999.0},
        {"revenue": "$4999"},
        {"revenue": "4999 EUR"},
        {"revenue": ""},
        {"revenue": True},
        {"currency": "$"},
        {"currency": "kr"},
        {"currency": "£"},
        {"currency": "840"},
        {"currency": "dollars"},
        {"order_id": ["o-1"]},
    ],
)
def test_money_that_could_be_several_amounts_is_refused_with_the_fix(change: Any) -> None:
    ((field, message),) = errors(order(**change)).items()
    assert field == f"data.{next(iter(change))}"
    assert "such as" in message or "4999 for 49.99" in message or "text" in message


@pytest.mark.parametrize("field", ["amount", "total"])
@pytest.mark.parametrize("sent", ["", "null"])
def test_a_blank_amount_is_no_refund_of_the_whole_order(field: str, sent: str) -> None:
    data = {"order_id": "o-1", field: sent, "currency": "USD"}
    assert "not empty text" in errors(event(type="order_refunded", data=data))[f"data.{field}"]


IDS: list[tuple[str, dict[str, Any], str]] = [
    ("order_completed", {"order_id": "1", "revenue": 5, "currency": "USD"}, "order_id"),
    ("order_completed", {"order_id": "1", "revenue": 5, "currency": "USD"}, "store"),
    ("order_completed", {"order_id": "1", "revenue": 5, "currency": "USD"}, "cart_id"),
    ("order_refunded", {"order_id": "1", "amount": 5, "currency": "USD"}, "refund_id"),
    ("order_cancelled", {"order_id": "1"}, "order_id"),
    ("cart_updated", {"products": []}, "cart_id"),
    ("loyalty_points_changed", {"points": 5}, "reference"),
    ("product_viewed", {}, "product_id"),
    ("product_viewed", {}, "sku"),
]


@pytest.mark.parametrize(
    "unseen", ["\x1f", "\n", "\t", "\x7f", "\u200b", "\u2028", "\u202e", "\ufeff"]
)
@pytest.mark.parametrize(("kind", "data", "field"), IDS)
def test_characters_of_an_id_that_nobody_sees_are_left_out_with_a_warning(
    kind: str, data: dict[str, Any], field: str, unseen: str
) -> None:
    taken = read(event(type=kind, data={**data, field: f"{unseen}a{unseen}b"}))
    assert taken.data[field] == "ab"
    assert warned(taken) == [f"data.{field}"]


@pytest.mark.parametrize(
    "sent",
    [
        "null", "unknown", "<NA>", "(none)", "(not provided)", "not set", "#REF!", "#NV",
        "%%ORDER_ID%%", "%order_id%", "{order.id}", "[order_id]", "__ORDER__", "@@ORDER@@",
        "[object Object]",
    ],
)  # fmt: skip
@pytest.mark.parametrize(("kind", "data", "field"), IDS)
def test_a_programs_word_for_nothing_names_no_order_cart_refund_or_article(
    kind: str, data: dict[str, Any], field: str, sent: str
) -> None:
    checked = read_events([event(type=kind, data={**data, field: sent})], NOW)
    fields = {each.field for each in checked.errors[0].errors} if checked.errors else set()
    assert fields or warned(checked.valid[0]) == [f"data.{field}"]
    assert not checked.valid or checked.valid[0].data.get(field) is None


@pytest.mark.parametrize(
    "sent", ["#1001", "NA-17", "unknown-17", "[DE] 17", "{3F25}", "100%", "O_1_2", "<1@shop>", "0"]
)
def test_an_id_that_a_shop_may_give_stays_as_it_is(sent: str) -> None:
    taken = read(order(order_id=sent))
    assert (taken.data["order_id"], taken.warnings) == (sent, ())
    assert read(order(store="NA")).data["store"] == "NA"  # North America


@pytest.mark.parametrize("sent", ["2.02611E+13", "2,02611e+13"])
def test_an_order_that_a_spreadsheet_has_numbered_alike_with_others_is_refused(sent: str) -> None:
    assert "rounded by a spreadsheet" in errors(order(order_id=sent))["data.order_id"]
    assert "rounded by a spreadsheet" in errors(order(cart_id=sent))["data.cart_id"]
    taken = read(order(products=[{"sku": "4.00638E+12"}]))
    assert taken.data["products"] == [{"sku": "4.00638E+12"}]


@pytest.mark.parametrize("sent", ["null", "", " ", "(not set)"])
def test_a_refusal_is_taken_though_a_purpose_beside_it_has_no_name(sent: str) -> None:
    taken = read(event(type="consent_changed", data={"purposes": {sent: False, "email": False}}))
    assert taken.data == {"purposes": {"email": False}}
    assert warned(taken) == [f"data.purposes.{sent}"]


@pytest.mark.parametrize("sent", [0, "0", "000", " 0 "])
def test_a_cart_0_is_none(sent: Any) -> None:
    for taken in (read(order(cart_id=sent)), read(cart(cart_id=sent))):
        assert taken.data.get("cart_id") is None
        assert {*warned(taken)} == {"data.cart_id"}


def cart(**data: Any) -> dict[str, Any]:
    return event(type="cart_updated", data={"products": [], **data})


@pytest.mark.parametrize("sent", ["null", "undefined", "(not set)", "-", "NaN"])
def test_a_programs_word_for_nothing_is_no_category_and_no_purpose(sent: str) -> None:
    taken = read(order(products=[{**LINE, "category": sent}]))
    assert taken.data["products"] == [LINE]
    assert warned(taken) == ["data.products[0].category"]
    for refused in ({"purpose": sent, "granted": False}, {"purposes": {sent: False}}):
        assert errors(event(type="consent_changed", data=refused))


@pytest.mark.parametrize("sent", ["null", "None", "-", " ", "n/a", "#N/A"])
def test_a_programs_word_for_nothing_is_no_loyalty_tier(sent: str) -> None:
    enrolled = read(event(type="loyalty_enrolled", data={"tier": sent}))
    assert (enrolled.data, warned(enrolled)) == ({}, ["data.tier"])
    traits = read(event(type="traits_changed", data={"traits": {"loyalty_tier": sent}}))
    assert traits.data == {"traits": {"loyalty_tier": None}}
    assert warned(traits) == ["data.traits.loyalty_tier"]
    refused = errors(event(type="loyalty_tier_changed", data={"tier": sent}))
    assert "send traits_changed with loyalty_tier: null" in refused["data.tier"]


def test_an_order_id_of_such_characters_alone_is_refused() -> None:
    assert "data.order_id" in errors(order(order_id="\x1f\u200b"))


def test_the_id_of_an_event_is_refused_if_nobody_can_see_all_of_it() -> None:
    assert errors(event(id="a\x1fb")) == {
        "id": "must not have control characters, nor spaces at either end"
    }


@given(*[st.text(st.sampled_from("ab1\x1f\u200b "), max_size=4)] * 4)
def test_orders_have_one_key_only_if_their_ids_and_stores_are_alike(
    store: str, order_id: str, other_store: str, other_id: str
) -> None:
    sent = [order(store=store, order_id=order_id), order(store=other_store, order_id=other_id)]
    checked = read_events([{**one, "id": f"e-{n}"} for n, one in enumerate(sent)], NOW).valid
    names = {(one.data.get("store"), one.data["order_id"]) for one in checked.values()}
    assert len({order_key(one.data) for one in checked.values()}) == len(names)


BLANKS = ["", " ", "\u00a0", "null", "N/A", "-", "—", "{{ amount }}", "*|AMOUNT|*", False, [], {}]


@pytest.mark.parametrize("blank", BLANKS)
@pytest.mark.parametrize(
    ("field", "given", "counts"),
    [
        ("amount", {"total": 400}, "total"),
        ("amount", {"total": "400"}, "total"),
        ("amount", {"products": [{"sku": "w-1", "price": 400}]}, "products"),
        ("total", {"amount": 0}, "amount"),
        ("without_order", {}, "order_id"),
        ("order_id", {"without_order": True, "amount": 400}, "without_order"),
    ],
)
def test_a_blank_beside_what_can_stand_for_it_is_absent_and_the_receipt_says_what_counts(
    field: str, given: Any, counts: str, blank: Any
) -> None:
    data = {"order_id": "o-1", "currency": "USD", **given, field: blank}
    taken = read(event(type="order_refunded", data=data))
    if field == "without_order" and blank is False:
        assert (taken.data[field], warned(taken)) == (False, [])
        return
    assert field not in taken.data
    assert counts in taken.data
    messages = {each.field: each.message for each in taken.warnings}
    assert f"what counts is {counts}" in messages[f"events[0].data.{field}"]


def test_a_blank_counts_for_nothing_where_what_could_stand_for_it_says_nothing_either() -> None:
    beside: list[dict[str, Any]] = [
        {"total": " "},
        {"products": [{"sku": "w-1"}]},
        {"products": []},
    ]
    for fields in beside:
        data = {"order_id": "o-1", "currency": "USD", "amount": "", **fields}
        assert "data.amount" in errors(event(type="order_refunded", data=data))


@pytest.mark.parametrize("blank", ["", "null", [], {}])
def test_a_blank_beside_several_purposes_is_absent_and_a_refusal_is_none(blank: Any) -> None:
    purposes = {"purposes": {"email": True}}
    sent = event(type="consent_changed", data={"purpose": "", "granted": blank, **purposes})
    assert read(sent).data == purposes
    refusal = event(type="consent_changed", data={"granted": False, **purposes})
    assert "data.purposes" in errors(refusal)


def test_points_of_a_spreadsheet_are_whole() -> None:
    for sent in (50.0, "50.0", " 50 "):
        taken = read(event(type="loyalty_points_changed", data={"points": sent}))
        assert taken.data["points"] == 50
    assert errors(event(type="loyalty_points_changed", data={"points": "1,000"}))


def test_traits_as_json_in_a_text_are_traits() -> None:
    sent = event(type="traits_changed", data={"traits": '{"loyalty_enrolled": 1, "vip": "1"}'})
    assert read(sent).data["traits"] == {"loyalty_enrolled": True, "vip": "1"}


@pytest.mark.parametrize(
    "sent", ['{"a": NaN}', '{"a": 1e999}', '{"a": 99999999999999999999}', '{"a"', "[" * 5_000]
)
def test_json_in_a_text_that_is_no_plain_json_is_refused(sent: str) -> None:
    assert "must be an object" in errors(event(data=sent))["data"]


def test_json_in_a_text_is_not_nested_deeper_than_an_event_may_be() -> None:
    for levels, taken in ((10, True), (18, False)):
        checked = read_events([event(data='{"a":' * levels + "1" + "}" * levels)], NOW)
        assert bool(checked.valid) is taken


def test_a_sign_is_of_currencies_that_there_are() -> None:
    for sign, codes in SIGNS.items():
        assert sign == sign.upper()
        assert codes <= CURRENCIES, sign
    assert currencies_of(" kr. ") == {"DKK", "EEK", "ISK", "NOK", "SEK"}
    assert currencies_of("usd") == {"USD"}
    assert currencies_of("bitcoin") == frozenset()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=25),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(json_values)
def test_what_is_meant_by_anything_is_nothing_or_what_is_read_without_a_slip(value: Any) -> None:
    if (instant := slips.meant_instant(value)) is not None:
        assert slips.meant_instant(instant) == instant
    assert slips.meant_flag(value) in {True, False, None}
    assert slips.meant_round(value) is None or type(value) in {str, float}
    if type(value) is str:
        number, whole = slips.meant_number(value), slips.meant_whole(value)
        assert number is None or slips.meant_number(str(number)) == number or "e" in str(number)
        assert whole is None or slips.meant_whole(str(whole)) == whole
        assert slips.meant_name(slips.meant_name(value)) == slips.meant_name(value)


NOTHINGS = ["null", "None", "undefined", "NaN", "N/A", "#N/A", "-", "{{ product.id }}", "(not set)"]


@pytest.mark.parametrize("word", NOTHINGS)
def test_a_word_for_nothing_is_no_article_and_the_receipt_says_so(word: str) -> None:
    both = {"sku": "w-1", "product_id": word, "quantity": 1, "price": 10}
    taken = read(order(products=[both, {**LINE, "sku": word}]))
    assert [line["sku"] for line in taken.data["products"]] == ["w-1"]
    assert not taken.data["products"][0].get("product_id")
    assert warned(taken) == [
        "data.products[0].product_id",
        "data.products[1].sku",
        "data.products[1]",
    ]
    viewed = event(type="product_viewed", data={"product_id": word})
    assert "data.product_id" in errors(viewed)
