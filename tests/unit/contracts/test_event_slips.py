"""Slips of senders: what can mean one thing only is mended and said, and all errors are told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import InvalidInput
from chassis.core.suggest import is_one_letter_off, near_miss
from contracts.event_types import EVENT_TYPES
from contracts.incoming import IncomingEvent, RejectedEvent
from contracts.ingest import read_data, read_events, read_origin
from tests.unit.contracts.test_event import NOW, event, order

LINE = {"sku": "w-1", "category": "watches", "quantity": 1, "price": 4_999}


def read(value: Any, origin: str = "server") -> IncomingEvent:
    checked = read_events([value], NOW, origin=origin)
    assert not checked.errors, checked.errors
    return checked.valid[0]


def rejected(value: Any, origin: str = "server") -> RejectedEvent:
    return read_events([value], NOW, origin=origin).errors[0]


def warned(value: IncomingEvent | RejectedEvent) -> list[str]:
    return [warning.field.removeprefix("events[0].") for warning in value.warnings]


def wrong(value: RejectedEvent) -> list[str]:
    return [error.field.removeprefix("events[0].") for error in value.errors]


def refund(**data: Any) -> dict[str, Any]:
    return event(type="order_refunded", data={"order_id": "o-1", **data})


# Slips that can mean one thing only.


def test_what_is_right_has_no_warning() -> None:
    assert read(order(products=[LINE], coupon="X", shipping=500)).warnings == ()


@pytest.mark.parametrize(
    ("field", "sent", "meant"),
    [
        ("order_id", 1001, "1001"),
        ("order_id", 1001.0, "1001"),
        ("revenue", "4999", 4_999),
        ("currency", "usd", "USD"),
        ("currency", " eur ", "EUR"),
        ("products", {"0": LINE, "1": LINE}, [LINE, LINE]),
        ("products", LINE, [LINE]),
        ("revision", "3", 3),
        ("store", 7, "7"),
        ("placed_at", "2026-11-20 10:00Z", "2026-11-20T10:00:00.000000Z"),
    ],
)
def test_a_slip_of_an_order_is_mended_and_said(field: str, sent: Any, meant: Any) -> None:
    mended = read(order(**{field: sent}))
    assert mended.data[field] == meant
    assert warned(mended) == [f"data.{field}"]


@pytest.mark.parametrize(
    ("field", "sent", "meant"),
    [
        ("sku", 17, "17"),
        ("quantity", "2", 2),
        ("quantity", "0.5", 0.5),
        ("price", "4999", 4_999),
        ("currency", "usd", "USD"),
    ],
)
def test_a_slip_of_a_line_is_mended_and_said(field: str, sent: Any, meant: Any) -> None:
    mended = read(order(products=[LINE, {**LINE, field: sent}]))
    assert mended.data["products"] == [LINE, {**LINE, field: meant}]
    assert warned(mended) == [f"data.products[1].{field}"]


@pytest.mark.parametrize(
    ("kind", "data", "field", "meant"),
    [
        ("consent_changed", {"purpose": "email", "granted": "false"}, "granted", False),
        ("consent_changed", {"purposes": {"email": "TRUE"}}, "purposes", {"email": True}),
        ("loyalty_points_changed", {"points": "-50"}, "points", -50),
        ("loyalty_tier_changed", {"tier": 3}, "tier", "3"),
        (
            "traits_changed",
            {"traits": {"loyalty_enrolled": "true", "vip": "true"}},
            "traits",
            {"loyalty_enrolled": True, "vip": "true"},
        ),
    ],
)
def test_a_slip_in_other_data_is_mended_and_said(
    kind: str, data: dict[str, Any], field: str, meant: Any
) -> None:
    mended = read(event(type=kind, data=data))
    assert mended.data[field] == meant
    assert len(mended.warnings) == 1


@pytest.mark.parametrize(
    ("field", "sent", "meant"),
    [("id", 5001, "5001"), ("authenticated", "true", True), ("authenticated", "False", False)],
)
def test_a_slip_of_the_event_itself_is_mended_and_said(field: str, sent: Any, meant: Any) -> None:
    mended = read(event(**{field: sent}))
    assert getattr(mended, field) == meant
    assert warned(mended) == [field]


def test_a_number_for_an_identifier_is_text_and_said_and_its_value_is_not() -> None:
    mended = read(event(identifiers={"user_id": 4711, "email": "ann@shop.example", "phone": None}))
    assert mended.identifiers["user_id"] == "4711"
    assert warned(mended) == ["identifiers.user_id"]
    assert "4711" not in mended.warnings[0].message


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21 19:00:00Z",
        "2026-11-21 19:00Z",
        "2026-11-21T19:00Z",
        "2026-11-21t19:00:00z",
        "2026-11-21 20:00:00 +0100",
        "2026-11-21 19:00:00 UTC",
        " 2026-11-21T19:00:00Z ",
        "20261121T190000Z",
    ],
)
def test_an_instant_that_is_written_in_another_way_is_read_and_said(text: str) -> None:
    mended = read(event(time=text))
    assert mended.time == read(event(time="2026-11-21T19:00:00Z")).time
    assert warned(mended) == ["time"]


@pytest.mark.parametrize(
    "text", ["2026-11-21T19:00:00Z", "2026-11-21T20:00:00+01:00", "2026-11-21T19:00:00.5Z"]
)
def test_an_instant_as_rfc_3339_has_it_is_read_without_a_warning(text: str) -> None:
    assert read(event(time=text)).warnings == ()


@pytest.mark.parametrize(
    "change",
    [
        {"revenue": "49.99"},
        {"revenue": "4,999"},
        {"revenue": 4999.0},
        {"revenue": True},
        {"currency": "$"},
        {"order_id": 10.5},
        {"order_id": True},
        {"products": {"a": LINE}},
    ],
)
def test_what_can_mean_two_things_is_rejected(change: dict[str, Any]) -> None:
    (field,) = change
    assert wrong(rejected(order(**change))) == [f"data.{field}"]


@pytest.mark.parametrize("value", ["", " ", "null", "perhaps", 2, 0.5, -1, [], {}, ["true"]])
def test_what_only_looks_like_true_is_rejected(value: Any) -> None:
    assert wrong(rejected(event(authenticated=value))) == ["authenticated"]


# Lines that cannot be read.


@pytest.mark.parametrize(
    "line",
    [
        {"name": "tip", "price": 200},
        {"sku": "a", "price": 0.5},
        {"sku": "a", "quantity": -1},
        {"sku": "a", "quantity": "many"},
        {"sku": ["a"]},
        "a",
        None,
    ],
)
@pytest.mark.parametrize("kind", ["order_completed", "cart_updated", "checkout_started"])
def test_a_line_that_cannot_be_read_is_left_out_and_the_others_count(kind: str, line: Any) -> None:
    data: dict[str, Any] = {"products": [LINE, line, LINE]}
    if kind == "order_completed":
        data |= {"order_id": "o-1", "revenue": 4_999, "currency": "USD"}
    taken = read(event(type=kind, data=data))
    assert taken.data == {**data, "products": [LINE, LINE]}
    assert warned(taken) == ["data.products[1]"]


@pytest.mark.parametrize("quantity", [0, 0.5, 2.25, ..., None])
def test_a_quantity_may_be_a_decimal_or_0_or_absent(quantity: Any) -> None:
    line = {"sku": "a"} if quantity is ... else {"sku": "a", "quantity": quantity}
    taken = read(order(products=[line]))
    assert taken.data["products"] == [{n: v for n, v in line.items() if v is not None}]
    assert taken.warnings == ()


def test_a_refund_without_an_amount_needs_each_of_its_lines() -> None:
    lines = [{"sku": "a", "price": 100}, {"sku": "b", "price": 0.5}]
    assert wrong(rejected(refund(products=lines))) == ["data.products[1].price"]
    taken = read(refund(products=lines, amount=100, currency="USD"))
    assert taken.data["products"] == lines[:1]


def test_a_refund_of_a_tip_is_one() -> None:
    lines = [{"name": "tip", "price": 200, "quantity": 1}]
    assert read(refund(products=lines)).data["products"] == lines


def test_an_order_of_more_lines_than_are_taken_counts_without_them() -> None:
    taken = read(order(products=[{"sku": "a"}] * 501))
    assert (taken.data["revenue"], "products" in taken.data) == (4_999, False)
    assert warned(taken) == ["data.products"]


def large(**data: Any) -> list[dict[str, Any]]:
    return [{**LINE, "description": "x" * 400, **data} for _ in range(90)]


def test_an_event_over_32_kilobytes_keeps_its_money_and_loses_its_lines() -> None:
    taken = read(order(products=large(), coupon="X"))
    assert taken.data == {"order_id": "o-1", "revenue": 4_999, "currency": "USD", "coupon": "X"}
    assert warned(taken) == ["data.products"]
    assert "32,768" in taken.warnings[0].message


def test_a_large_cart_is_no_empty_one() -> None:
    taken = read(event(type="cart_updated", data={"products": large()}))
    assert taken.data == {"products": [LINE] * 90}
    assert warned(taken) == ["data.products"]


def test_a_large_refund_that_only_its_lines_tell_the_amount_of_keeps_what_they_cost() -> None:
    assert read(refund(products=large(), total=100, currency="USD")).data["total"] == 100
    assert read(refund(products=large())).data["products"] == [LINE] * 90
    named = [{**LINE, "name": "x" * 400}] * 90
    assert rejected(refund(products=named)).subject == "events[0]"


def test_what_the_platform_does_not_read_costs_no_order() -> None:
    taken = read(order(products=[LINE], note="x" * 40_000, coupon="X"))
    assert taken.data == order(products=[LINE])["data"]
    assert warned(taken) == ["data.note", "data.coupon"]
    signed_in = event(type="signed_in", identifiers={"user_id": "u-1"}, authenticated=True)
    del signed_in["data"]
    taken = read(signed_in | {"context": {"page": "x" * 40_000}})
    assert (taken.context, warned(taken)) == (None, ["context"])
    taken = read(event(type="order_cancelled", data={"order_id": "o-1", "raw": "x" * 40_000}))
    assert taken.data == {"order_id": "o-1"}
    both = {**order(products=large(name="x" * 400)), "context": {"page": "x" * 40_000}}
    assert warned(read(both)) == ["context", "data.products"]


def test_what_is_large_in_what_the_platform_reads_or_a_shop_alone_knows_is_rejected() -> None:
    traits = event(type="traits_changed", data={"traits": {"a": "x" * 40_000}})
    no_object = order() | {"data": ["x" * 40_000]}
    for value in (traits, event(type="of_our_own", data={"a": "x" * 40_000}), no_object):
        assert rejected(value).subject == "events[0]"


# What JSON cannot hold.


def test_half_an_emoji_a_nul_and_a_pandas_blank_cost_no_order() -> None:
    nan = float("nan")
    lines = [{"sku": "a\0", "name": "a cut \ud83d", "category": nan}, {"sku": 10**20}]
    sent = order(products=lines, note=["\0"], cart_id=nan) | {"context": {"page": "\udc00"}}
    taken = read(sent | {"identifiers": {"user_id": "u-1", "email": nan, "loyalty_id": 10**20}})
    assert taken.data["products"] == [
        {"sku": "a", "name": "a cut \ufffd"},
        {"sku": "100000000000000000000"},
    ]
    assert (taken.data["note"], taken.context) == ([""], {"page": "\ufffd"})
    assert taken.identifiers == {"user_id": "u-1", "email": "", "loyalty_id": "1" + "0" * 20}
    assert "data.products[0].name" in warned(taken)


def test_half_a_surrogate_pair_is_no_part_of_who_it_is() -> None:
    who = event(identifiers={"user_id": "a\ud83d"})
    assert wrong(rejected(who)) == ["identifiers.user_id"]
    assert wrong(rejected(event() | {"id": "a\ud83d"})) == ["id"]
    assert rejected(order(products=[{"a\0": 1}])).message.startswith("has a name that")


@pytest.mark.parametrize("nothing", [False, [], {}])
@pytest.mark.parametrize("field", ["cart_id", "store", "revision", "placed_at"])
def test_what_php_writes_for_nothing_costs_no_order(field: str, nothing: Any) -> None:
    taken = read(order(**{field: nothing}))
    assert (field in taken.data, warned(taken)) == (False, [f"data.{field}"])


def test_what_php_writes_for_nothing_is_no_amount_of_a_refund_and_no_order_id() -> None:
    nothings: tuple[Any, ...] = (False, [], {})
    for nothing in nothings:
        assert wrong(rejected(refund(amount=nothing, currency="USD"))) == ["data.amount"]
        assert wrong(rejected(order(order_id=nothing))) == ["data.order_id"]


# Near misses.


@pytest.mark.parametrize(
    ("data", "field", "meant"),
    [
        ({"ammount": 500}, "ammount", "amount"),
        ({"amoun": 500}, "amoun", "amount"),
        ({"amuont": 500}, "amuont", "amount"),
        ({"refundId": "r"}, "refundId", "refund_id"),
        ({"Total": 5}, "Total", "total"),
        ({"products": [{"sku": "a", "prise": 5}]}, "products[0].prise", "price"),
    ],
)
def test_a_field_that_is_one_letter_off_a_known_one_is_named(
    data: dict[str, Any], field: str, meant: str
) -> None:
    taken = read(refund(**data))
    assert warned(taken) == [f"data.{field}"]
    assert f'did you mean "{meant}"?' in taken.warnings[0].message
    assert taken.data == {"order_id": "o-1", **data}


def test_a_type_and_a_trait_that_are_one_letter_off_a_known_one_are_named() -> None:
    for kind, meant in (
        ("order_canceled", "order_cancelled"),
        ("order_refund", "order_refunded"),
        ("account_update", "account_updated"),
        ("contact_relased", "contact_released"),
        ("order_cancel", "order_cancelled"),
        ("orders_completed", "order_completed"),
    ):
        taken = read(event(type=kind))
        assert warned(taken) == ["type"]
        assert taken.warnings[0].message.endswith(f'did you mean "{meant}"?')
    assert read(event(type="order_reviewed")).warnings == ()
    traits = {"traits": {"loyalty_teir": "gold"}}
    assert warned(read(event(type="traits_changed", data=traits))) == ["data.traits.loyalty_teir"]


def test_a_misspelt_field_is_named_beside_the_one_that_is_missing() -> None:
    refused = rejected(event(type="order_completed", data={"order_id": "o", "revenu": 5}))
    assert wrong(refused) == ["data.revenue", "data.currency"]
    assert warned(refused) == ["data.revenu"]


letters = st.text("abc_", min_size=1, max_size=6)


@given(letters, letters)
def test_one_letter_off_is_an_edit_distance_of_one(one: str, other: str) -> None:
    def edits(word: str) -> set[str]:
        parts = [(word[:i], word[i:]) for i in range(len(word) + 1)]
        alphabet = "abc_"
        return {
            *(a + b[1:] for a, b in parts if b),
            *(a + b[1] + b[0] + b[2:] for a, b in parts if len(b) > 1),
            *(a + c + b[1:] for a, b in parts if b for c in alphabet),
            *(a + c + b for a, b in parts for c in alphabet),
            word,
        }

    assert is_one_letter_off(one, other) == (other in edits(one))


def test_a_known_name_is_no_near_miss_of_another() -> None:
    names = frozenset({"price", "prices"})
    assert near_miss("price", names) is None
    assert near_miss("x" * 100, names) is None


# All errors at once.


def test_every_error_of_an_event_is_told_at_once() -> None:
    refused = rejected(
        {
            "type": "order_completed",
            "time": "soon",
            "identifiers": {"user_id": 1.5, "e mail": "a", "e-mail": "b"},
            "authenticated": "perhaps",
            "data": {
                "order_id": "",
                "revenue": 1.5,
                "products": "several",
                "context": {},
            },
        }
    )
    assert wrong(refused) == [
        "id",
        "time",
        "identifiers.user_id",
        "identifiers.e mail",
        "identifiers.e-mail",
        "authenticated",
        "data.context",
        "data.order_id",
        "data.revenue",
        "data.currency",
        "data.products",
    ]
    assert (refused.subject, refused.message) == refused.errors[0]


def test_what_is_no_plain_json_is_told_beside_the_other_errors() -> None:
    refused = rejected(order(revenue=float("nan"), currency=None, note="a\0"))
    assert wrong(refused) == ["data.revenue", "data.currency"]


def test_a_value_that_is_wrong_is_not_called_missing_as_well() -> None:
    assert wrong(rejected(refund(amount=5, currency="dollars"))) == ["data.currency"]
    consent = {"purpose": [], "granted": True}
    assert wrong(rejected(event(type="consent_changed", data=consent))) == ["data.purpose"]


def test_data_that_is_no_object_lacks_nothing_besides() -> None:
    assert wrong(rejected(event(type="order_refunded", data=["a"]))) == ["data"]
    assert wrong(rejected(event(type="order_refunded", data=...))) == ["data.order_id"]


def test_at_most_20_errors_are_told() -> None:
    lines = [{"price": 0.5}] * 400
    assert len(rejected(refund(products=lines)).errors) == 20


# Browsers.


def test_of_a_browser_nothing_is_authenticated_whatever_it_says() -> None:
    sent = event(authenticated=True, proven=["email"])
    taken = read(sent, "browser")
    assert (taken.origin, taken.authenticated, taken.proven) == ("browser", False, None)
    assert warned(taken) == ["authenticated", "proven"]
    assert read(event(), "browser").warnings == ()


def test_a_browser_cannot_tell_a_sign_in() -> None:
    who = event(type="signed_in", authenticated=True, identifiers={"user_id": "u-1"})
    assert wrong(rejected(who, "browser")) == ["authenticated"]


def test_an_origin_in_the_body_is_refused() -> None:
    assert wrong(rejected(event(origin="server"))) == ["origin"]


def test_a_shop_says_what_an_event_proves() -> None:
    both = {"user_id": "u", "email": "a@shop.example"}
    assert read(event(identifiers=both)).proven is None
    assert read(event(identifiers=both, proven=[])).proven == ()
    assert read(event(identifiers=both, proven=["email"])).proven == ("email",)
    assert warned(read(event(identifiers=both, proven=["phone"]))) == ["proven[0]"]
    mended = read(event(identifiers=both, proven="email"))
    assert (mended.proven, warned(mended)) == (("email",), ["proven"])


@pytest.mark.parametrize("origin", ["Server", "web", "", 1, [], {}])
def test_an_origin_that_there_is_not_is_refused_with_those_that_there_are(origin: Any) -> None:
    with pytest.raises(InvalidInput, match="must be one of server, browser"):
        read_origin(origin)


@pytest.mark.parametrize("name", ["account_created", "account_updated", "contact_released"])
def test_a_type_that_counts_by_its_identifiers_alone_has_no_warning(name: str) -> None:
    assert not warned(read(event(type=name, data={})))


def test_an_origin_on_an_event_is_refused_with_where_it_belongs() -> None:
    (error,) = read_events([event(origin="browser")], NOW).errors[0].errors
    assert error.field == "events[0].origin"
    assert "give it to the call" in error.message


def test_without_an_origin_it_is_the_server() -> None:
    assert [read_origin(origin) for origin in (None, "server", "browser")] == [
        "server",
        "server",
        "browser",
    ]


# Whatever is sent.

names = st.sampled_from(
    [
        *{name for schema in EVENT_TYPES.values() for name in schema.fields},
        "ammount",
        "sku",
        "price",
    ]
)
values = st.recursive(
    st.sampled_from(["5", "true", "usd", "2026-11-21 19:00Z", "", 5, 5.0, 0.5, -1, True, None]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(names, inner, max_size=4)
        | st.dictionaries(st.sampled_from("012"), inner, max_size=3)
    ),
    max_leaves=15,
)


@given(st.sampled_from([*EVENT_TYPES]), st.dictionaries(names, values, max_size=6))
def test_what_is_recorded_of_any_data_is_data_that_is_right(
    kind: str, data: dict[str, Any]
) -> None:
    who = {"user_id": "u-1"}
    sent = event(type=kind, data=data, authenticated=True, identifiers=who)
    before = json.dumps(sent)
    checked = read_events([sent], NOW)
    assert json.dumps(sent) == before
    for taken in checked.valid.values():
        again = read({**sent, "data": dict(taken.data)})
        assert again.data == taken.data == read_data(kind, taken.data)
        assert {warning.message for warning in again.warnings} <= {
            warning.message for warning in taken.warnings
        }
