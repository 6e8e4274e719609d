"""Card numbers are never recorded, and what is none of them is."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import fields

from chassis.validation.schema import StrictSchema
from contracts.card_numbers import (
    card_fields,
    is_card_number,
    mask_text,
    may_hold_cards,
    without_card_numbers,
)
from contracts.event_types import EVENT_TYPES, ORDER_FOLLOW_UPS
from contracts.incoming import IncomingEvent
from contracts.ingest import read_events
from tests.unit.contracts.test_event import NOW, event, order

# What payment providers give out for tests.
CARDS = [
    "4111111111111111",
    "4242424242424242",
    "4222222222222",
    "5555555555554444",
    "2223003122003222",
    "378282246310005",
    "371449635398431",
    "30569309025904",
    "36227206271667",
    "6011111111111117",
    "3566002020360505",
    "6200000000000005",
    "6759649826438453",
    "2200000000000053",
]
WHERE_CARDS_STAND = [
    "{}",
    "my card is {}",
    "card {}, 12/27, 123",
    "{} 12 27",
    "Order 1234567 {}",
    "({})",
    '{{"pan":"{}"}}',
    "tok_{}",
    "https://shop.example/pay?pan={}&cvv=123",
]


def grouped(card: str, between: str) -> str:
    sizes = [4, 6, 5] if len(card) == 15 else [4, 4, 4, 4]
    groups, start = [], 0
    for size in sizes:
        groups.append(card[start : start + size])
        start += size
    return between.join(groups)


def own(**data: Any) -> dict[str, Any]:
    return event(type="note_taken", data=data)


def rejected(value: Any) -> dict[str, str]:
    checked = read_events([value], NOW)
    assert checked.errors, checked.valid
    found = checked.errors[0].errors
    return {error.field.removeprefix("events[0]."): error.message for error in found}


def taken(value: Any) -> IncomingEvent:
    checked = read_events([value], NOW)
    assert not checked.errors, checked.errors
    return checked.valid[0]


@pytest.mark.parametrize("card", CARDS)
@pytest.mark.parametrize("where", WHERE_CARDS_STAND)
def test_a_card_number_is_found_wherever_it_stands_in_a_text(card: str, where: str) -> None:
    text = where.format(card)
    assert card not in mask_text(text)
    assert mask_text(text) == where.format("*" * (len(card) - 4) + card[-4:])
    assert may_hold_cards(text)


@pytest.mark.parametrize("between", [" ", "-", "  ", " - ", "\u00a0", "\u2011", "\u2013"])
@pytest.mark.parametrize("card", [card for card in CARDS if len(card) in (15, 16)])
def test_blanks_and_hyphens_between_its_digits_hide_no_card_number(card: str, between: str) -> None:
    text = f"pay with {grouped(card, between)} please"
    assert list(card_fields({"note": text})) == [("note",)]
    assert mask_text(text).count("*") == len(card) - 4
    assert may_hold_cards(text)


@pytest.mark.parametrize("zero", "\u0660\u06f0\u0966\uff10")
@pytest.mark.parametrize("between", ["", "-", "\uff0d", "\u3000"])
def test_digits_of_other_scripts_hide_no_card_number(zero: str, between: str) -> None:
    number = grouped(CARDS[0], between).translate({48 + n: chr(ord(zero) + n) for n in range(10)})
    text = f"\u756a\u53f7 {number}"
    assert may_hold_cards({"note": text})
    assert list(card_fields({"note": text})) == [("note",)]
    masked = mask_text(text)
    assert (masked[:3], masked[-4:]) == (text[:3], text[-4:])
    assert masked.count("*") == 12
    assert without_card_numbers({"note": text}) == {"note": masked}
    assert not may_hold_cards({"note": masked})


def test_a_wide_hyphen_between_plain_digits_hides_none_either() -> None:
    assert mask_text("4111\uff0d1111\uff0d1111\uff0d1111").count("*") == 12


def test_digits_in_odd_groups_are_one_number_where_nothing_else_stands_beside_them() -> None:
    assert mask_text("41 11 11 11 11 11 11 11") == "** ** ** ** ** ** 11 11"


@pytest.mark.parametrize("card", CARDS)
def test_one_wrong_digit_makes_no_card_number(card: str) -> None:
    assert is_card_number(card)
    wrong = card[:-1] + str((int(card[-1]) + 1) % 10)
    assert not is_card_number(wrong)


@pytest.mark.parametrize(
    "text",
    [
        "4006381333931",  # an EAN
        "+49 151 1234 5678 90",
        "+4915112345678",
        "1795000000000000",  # an instant in microseconds
        "1795000000000",
        "1795000000000000000",
        "2026-11-27 18:50:42.123456",
        "2026-11-27T18:50:42.123456Z",
        "20261127185042",
        "DE89 3704 0044 0532 0130 00",
        "GB33BUKB20201555555555",
        "550e8400-e29b-41d4-a716-446655440000",
        "0.4111111111111111",
        "4111111111111111.25",
        "4111111111111111a",
        "ORD4111111111111111",
        "52.520008, 13.404954",
        "192.168.100.200 192.168.100.201",
        "4111 1111 1111 1112",
        "4111111111111111" * 2,
    ],
)
def test_what_a_shop_sends_every_day_is_no_card_number(text: str) -> None:
    assert mask_text(text) == text


def test_an_iban_is_none_though_a_part_of_it_could_be_one() -> None:
    account = "4111 1111 1111 1111 00"
    right = 98 - int(f"{account.replace(' ', '')}131400") % 97
    assert (
        mask_text(f"back to DE{right} {account}, please") == f"back to DE{right} {account}, please"
    )
    assert mask_text(f"DE{right + 1} {account}") == f"DE{right + 1} **** **** **** 1111 00"


@pytest.mark.parametrize(
    "name",
    [
        *("order_id", "orderId", "OrderID", "id", "ids", "sku", "product_id", "variant_id", "ean"),
        *("gtin", "isbn", "barcode", "tracking_number", "trackingNumber", "invoice_no"),
        *("order_number", "phone", "mobile", "created_ts", "timestamp", "discount_code"),
        *("gift_card_number", "loyaltyCardNumber", "loyalty_id", "ean13", "IBAN", "payment_ref"),
    ],
)
def test_a_field_of_identifiers_takes_any_number(name: str) -> None:
    for value in (CARDS[0], int(CARDS[0]), [CARDS[0]]):
        assert list(card_fields({name: value})) == []
        assert taken(own(**{name: value})).data == {name: value}


@pytest.mark.parametrize(
    "name",
    [
        *("note", "card_number", "cardNumber", "pan", "PAN", "number", "code", "card_id", "token"),
        *("cc_number", "cardnumber", "value", "account", "message", "video", "paid", "1"),
    ],
)
def test_any_other_field_takes_no_card_number(name: str) -> None:
    for value, path in ((CARDS[0], ""), ([CARDS[0]], "[0]")):
        refused = rejected(own(**{name: value}))
        assert refused.keys() == {f"data.{name}{path}"}
        assert CARDS[0] not in json.dumps(refused)


@pytest.mark.parametrize("value", [int(CARDS[0]), float(CARDS[0])])
def test_a_number_is_as_good_as_its_digits(value: float) -> None:
    assert rejected(own(card=value)).keys() == {"data.card"}
    assert rejected(own(note=value)).keys() == {"data.note"}
    assert taken(own(total=value)).data == {"total": value}


def test_within_a_card_no_name_makes_its_number_an_identifier() -> None:
    assert rejected(own(card={"number": CARDS[0]})).keys() == {"data.card.number"}
    assert rejected(own(card={"id": CARDS[0], "sku": "x"})).keys() == {"data.card.id"}
    assert rejected(own(payment={"card": {"refs": {"order_id": CARDS[0]}}}))


def test_traits_and_context_and_names_of_fields_take_none_either() -> None:
    traits = event(
        type="traits_changed",
        identifiers={"user_id": "u"},
        data={"traits": {"wallet": {"cards": ["x", CARDS[1]]}}},
    )
    assert rejected(traits).keys() == {"data.traits.wallet.cards[1]"}
    assert rejected(event(context={"page": {"title": CARDS[1]}})).keys() == {"context.page.title"}
    named = rejected(own(**{CARDS[0]: {"note": CARDS[1]}}))
    assert named.keys() == {"data", "data.************1111.note"}


def test_the_message_says_what_to_send_instead() -> None:
    (message,) = rejected(own(note=CARDS[0])).values()
    assert "card number" in message
    assert "token" in message
    assert "order_id" in message


def test_what_else_is_wrong_is_said_with_it() -> None:
    assert rejected(own(note=CARDS[0]) | {"time": "yesterday"}).keys() == {"time", "data.note"}
    assert rejected(own(note=CARDS[0]) | {"type": ["note"]}).keys() == {"type", "data.note"}


def test_an_identifier_of_a_shopper_may_look_like_one() -> None:
    identifiers = {"loyalty_id": CARDS[0], "user_id": CARDS[1]}
    assert taken(event(identifiers=identifiers)).identifiers == identifiers


def test_an_order_is_recorded_with_the_number_masked_and_a_warning() -> None:
    recorded = taken(
        {
            **order(note=f"card {CARDS[0]}", extra={"n": [int(CARDS[0])]}, total=4999),
            "context": {"page": {"title": f"paid {CARDS[3]}"}},
        }
    )
    assert recorded.data["note"] == "card ************1111"
    assert recorded.data["extra"] == {"n": ["************1111"]}
    assert (recorded.data["order_id"], recorded.data["total"]) == ("o-1", 4999)
    assert recorded.context == {"page": {"title": "paid ************4444"}}
    assert {warning.field.removeprefix("events[0].") for warning in recorded.warnings} == {
        "data.note",
        "data.extra.n[0]",
        "context.page.title",
    }
    assert CARDS[0] not in repr(recorded)


@pytest.mark.parametrize("kind", sorted(ORDER_FOLLOW_UPS))
def test_whatever_tells_of_an_order_is_kept(kind: str) -> None:
    data = {"order_id": CARDS[0], "reason": CARDS[1], "amount": 100, "currency": "USD"}
    if kind == "order_updated":
        data |= {"revenue": 100}
    recorded = taken(event(type=kind, data=data))
    assert (recorded.data["order_id"], recorded.data["reason"]) == (CARDS[0], "************4242")


def test_an_order_that_is_wrong_for_another_reason_is_told_of_its_card_number_too() -> None:
    assert rejected(order(note=CARDS[0], currency="EURO")).keys() == {"data.currency", "data.note"}


def known_numbers(schema: StrictSchema) -> Iterator[tuple[str, Any]]:
    for name, field in schema.load_fields.items():
        inner = getattr(field, "inner", field)
        if isinstance(inner, fields.Nested):
            yield from known_numbers(inner.schema)  # type: ignore[arg-type]
        elif isinstance(inner, fields.Number) or "umber" in type(inner).__name__:
            yield name, inner


def test_no_number_that_the_platform_reads_is_ever_masked() -> None:
    schemas = [EVENT_TYPES[kind] for kind in (*ORDER_FOLLOW_UPS, "order_completed")]
    names = {name for schema in schemas for name, _ in known_numbers(schema)}
    assert {"amount", "price", "quantity", "revision"} <= names
    for name in names:
        assert without_card_numbers({name: int(CARDS[0])}) == {name: int(CARDS[0])}


@given(st.recursive(st.text() | st.integers() | st.floats() | st.none(), st.lists))
def test_what_is_masked_holds_none_and_the_fast_look_misses_none(value: Any) -> None:
    masked = without_card_numbers({"note": value})
    assert list(card_fields(masked)) == []


@given(
    st.lists(
        st.sampled_from([*CARDS, "4111", "1111", " ", "-", "1", "x", "+", ".", "é", "\u00a0"]),
        max_size=12,
    )
)
def test_the_fast_look_misses_nothing_that_the_slow_one_finds(parts: list[str]) -> None:
    text = "".join(parts)
    if mask_text(text) != text:
        assert may_hold_cards({"note": text})
    assert mask_text(mask_text(text)) == mask_text(text)


# By the number of digits: of how many random numbers the docstring says that they are refused.
RATES = {13: 0.010, 14: 0.004, 15: 0.002, 16: 0.031, 17: 0.002, 18: 0.002, 19: 0.016}


@pytest.mark.parametrize(("length", "rate"), RATES.items())
def test_random_numbers_are_taken_for_card_numbers_as_rarely_as_is_said(
    length: int, rate: float
) -> None:
    source = random.Random(length)
    number = 100_000
    texts = (str(source.randrange(10 ** (length - 1), 10**length)) for _ in range(number))
    refused = sum(map(is_card_number, texts)) / number
    assert abs(refused - rate) < 0.0015


def test_no_ean_of_thirteen_digits_is_ever_refused() -> None:
    source = random.Random(13)
    for _ in range(20_000):
        digits = f"4{source.randrange(10**11):011}"
        weighed = sum(int(each) * (1 + 2 * (place % 2)) for place, each in enumerate(digits))
        assert not is_card_number(f"{digits}{-weighed % 10}")
