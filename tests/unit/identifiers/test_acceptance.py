"""Which values are accepted as identifiers, and under which key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identifiers import accept, load_types, read_types

KEY = b"a key for tests"
TYPES = load_types()


def key_of(kind: str, value: str) -> str:
    (identifier,) = accept({kind: value}, TYPES, KEY).keys
    return identifier.key


def reason_for(kind: str, value: str) -> str:
    accepted = accept({kind: value}, TYPES, KEY)
    assert accepted.keys == ()
    (ignored,) = accepted.ignored
    assert ignored.type == kind
    return ignored.reason


def test_a_key_is_the_type_and_32_hex_digits_of_a_keyed_hash() -> None:
    kind, _, digits = key_of("user_id", "u-1").partition(":")
    assert kind == "user_id"
    assert len(digits) == 32
    assert set(digits) <= set("0123456789abcdef")


def test_the_same_value_has_another_key_under_another_type_and_another_secret() -> None:
    assert key_of("user_id", "x-1").split(":")[1] != key_of("loyalty_id", "x-1").split(":")[1]
    (other,) = accept({"user_id": "x-1"}, TYPES, b"another").keys
    assert other.key != key_of("user_id", "x-1")


@pytest.mark.parametrize(
    "spelling", ["Ann@Shop.Example", " ann@shop.example ", "ANN@SHOP.EXAMPLE."]
)
def test_an_email_is_compared_without_case_and_spaces(spelling: str) -> None:
    assert key_of("email", spelling) == key_of("email", "ann@shop.example")


@pytest.mark.parametrize("spelling", ["+44 20 7946 0958", "+44 (0)20 7946-0958", "+442079460958"])
def test_a_phone_number_is_compared_in_its_international_form(spelling: str) -> None:
    assert key_of("phone", spelling) == key_of("phone", "+442079460958")


def test_a_phone_number_without_a_country_code_needs_the_default_region() -> None:
    assert "country code" in reason_for("phone", "020 7946 0958")
    local = read_types(
        "default_region: GB\ntypes: {phone: {normaliser: phone, assurance: claimed, priority: 1}}"
    )
    (identifier,) = accept({"phone": "020 7946 0958"}, local, KEY).keys
    assert identifier.key == key_of("phone", "+442079460958")


def test_a_user_id_is_compared_with_its_case() -> None:
    assert key_of("user_id", "Ab") != key_of("user_id", "aB")


def test_an_identifier_of_the_normaliser_lower_is_compared_without_case() -> None:
    types = read_types("types: {coupon: {normaliser: lower, assurance: claimed, priority: 1}}")
    spellings = [accept({"coupon": value}, types, KEY).keys[0] for value in ("Spring", "SPRING")]
    assert spellings[0].key == spellings[1].key


def test_an_identifier_has_the_priority_of_its_type() -> None:
    accepted = accept({"anonymous_id": "d", "user_id": "u"}, TYPES, KEY)
    assert [identifier.priority for identifier in accepted.keys] == [1, 3]


def test_a_letter_and_its_accent_are_the_same_as_the_accented_letter() -> None:
    assert key_of("user_id", "cafe\u0301") == key_of("user_id", "caf\u00e9")


@pytest.mark.parametrize(
    "value",
    [
        "null", '"null"', "'null'", "NULL", "none", "None", "NaN", "undefined", "[object Object]",
        "true", "false", "0", "-1", "000", "00000000-0000-0000-0000-000000000000", "---",
        "anonymous", "guest", "Guest", "not_authenticated",
        "guest@shop.example", "test@test.com", "noemail@shop.example", "no-email@shop.example",
        "noreply@shop.example", "no-reply@shop.example",
    ],
)  # fmt: skip
def test_a_placeholder_is_refused_whatever_its_type(value: str) -> None:
    for kind in ("user_id", "email", "anonymous_id", "loyalty_id"):
        assert "placeholder" in reason_for(kind, value)


@pytest.mark.parametrize("value", ["", " ", "\t\n"])
def test_a_blank_value_is_refused(value: str) -> None:
    assert reason_for("user_id", value) == "is blank"


def test_a_value_of_254_characters_is_accepted_and_one_of_255_is_refused() -> None:
    assert key_of("user_id", "u" * 254)
    assert "254" in reason_for("user_id", "u" * 255)
    assert "254" in reason_for("user_id", "u" * 10_240)


@pytest.mark.parametrize("value", ["a\x00b", "a\x1fb", "a\u200bb", "a\u2028b", "a\ud800b"])
def test_a_value_with_characters_that_nobody_sees_is_refused(value: str) -> None:
    assert "control" in reason_for("user_id", value)


@pytest.mark.parametrize("value", ["ann", "@shop.example", "ann@", "ann@shop", "a@b@c.example"])
def test_what_is_no_email_address_is_refused(value: str) -> None:
    assert "not an e-mail address" in reason_for("email", value)


def test_an_unknown_type_is_ignored_and_the_known_ones_are_named() -> None:
    assert "user_id" in reason_for("passport", "P-1")


def test_what_is_not_text_is_ignored() -> None:
    accepted = accept({"user_id": 7}, TYPES, KEY)  # type: ignore[dict-item]
    assert accepted.ignored[0].reason == "is not text; send it in quotes"


def test_identifiers_come_from_the_strongest_type_down() -> None:
    accepted = accept(
        {"phone": "+442079460958", "email": "a@b.example", "anonymous_id": "d", "user_id": "u"},
        TYPES,
        KEY,
    )
    assert [i.type.name for i in accepted.keys] == ["user_id", "anonymous_id", "email", "phone"]


def test_only_an_authenticated_event_verifies_and_a_device_never_is() -> None:
    user, device, email = accept(
        {"user_id": "u", "anonymous_id": "d", "email": "a@b.example"}, TYPES, KEY
    ).keys
    assert [i.assured(authenticated=True) for i in (user, device, email)] == [
        "verified", "device", "verified",
    ]  # fmt: skip
    assert [i.assured(authenticated=False) for i in (user, device, email)] == [
        "claimed", "device", "claimed",
    ]  # fmt: skip


@given(st.dictionaries(st.sampled_from([*TYPES.by_name, "other"]), st.text()))
def test_any_text_is_accepted_or_ignored_and_never_shown(values: dict[str, str]) -> None:
    accepted = accept(values, TYPES, KEY)
    assert len(accepted.keys) + len(accepted.ignored) == len(values)
    text = repr(accepted)
    assert not any(len(value) > 8 and value in text for value in values.values())
