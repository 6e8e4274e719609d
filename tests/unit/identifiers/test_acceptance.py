"""Which values are accepted as identifiers, and under which key."""

from __future__ import annotations

import hmac
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identifiers import accept, load_types, read_types
from identifiers.acceptance import hmac_sha256

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


@given(st.binary(max_size=200), st.binary())
def test_the_keyed_hash_is_hmac_sha256(key: bytes, message: bytes) -> None:
    assert hmac_sha256(key, message) == hmac.digest(key, message, "sha256").hex()


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


@pytest.mark.parametrize(
    "value",
    [
        "Gast", "invité", "Invite", "invitado", "ospite", "convidado", "GÄST", "гость", "ゲスト",
        "visitor", "Besucher", "visiteur", "walk-in", "Walk In", "walkin_customer", "Laufkunde",
        "cash customer", "POS-customer", "guest_checkout", "anonyme", "cash", "anon", "anon-user",
        "Anónimo", "unbekannt", "inconnu", "desconocido", "niemand", "Consumidor Final", "k.A.",
        "Web Customer", "Público en general", "unregistered", "non-registered", "gast@shop.example",
    ],
)  # fmt: skip
def test_a_name_for_a_shopper_whom_nobody_knows_is_a_placeholder_in_any_language(
    value: str,
) -> None:
    for spelling in (value, value.upper(), f" {value} ", f'"{value}"'):
        for kind in ("user_id", "loyalty_id", "anonymous_id"):
            assert "placeholder" in reason_for(kind, spelling)


@pytest.mark.parametrize(
    "value",
    [
        "9774d56d682e549c", "9774D56D682E549C", "02:00:00:00:00:00", "02-00-00-00-00-00",
        "127.0.0.1", "::1", "localhost",
    ],
)  # fmt: skip
def test_what_many_devices_say_of_themselves_alike_is_a_placeholder(value: str) -> None:
    for kind in ("device_id", "anonymous_id"):
        assert "placeholder" in reason_for(kind, value)
    assert key_of("device_id", f"{value}-7")


@pytest.mark.parametrize(
    "value",
    [
        "user-0",
        "gastón",
        "Gastmann",
        "visitor-83748374",
        "guestfriend",
        "0815",
        "kundera",
        "clienta-7",
        "anon-1234",
        "cash-7",
        "web-1",
    ],
)
def test_a_name_that_merely_begins_so_is_somebodys(value: str) -> None:
    assert key_of("user_id", value)


def test_a_shops_own_placeholders_are_refused_by_their_list() -> None:
    own = read_types(
        "types: {user_id: {normaliser: exact, assurance: verified, priority: 1}}\n"
        "placeholders: [Till 4]\npatterns: ['store-[0-9]+']"
    )
    for value in ("till 4", "STORE-17"):
        (ignored,) = accept({"user_id": value}, own, KEY).ignored
        assert "identity.yaml" in ignored.reason
    assert accept({"user_id": "till 44"}, own, KEY).keys


@pytest.mark.parametrize("value", ["", " ", "\t\n"])
def test_a_blank_value_is_refused(value: str) -> None:
    assert reason_for("user_id", value) == "is blank"


def test_a_value_of_254_characters_is_accepted_and_one_of_255_is_refused() -> None:
    assert key_of("user_id", "u" * 254)
    assert "254" in reason_for("user_id", "u" * 255)
    assert "254" in reason_for("user_id", "u" * 10_240)


@pytest.mark.parametrize(
    "value",
    ["a\x00b", "a\x1fb", "a\u200bb", "a\u2028b", "\ufeffab", "ab\ufe0f", "a\u00adb", "\u202eab"],
)
def test_characters_that_nobody_sees_are_left_out(value: str) -> None:
    assert key_of("user_id", value) == key_of("user_id", "ab")


def test_a_value_of_invisible_characters_alone_is_blank() -> None:
    assert reason_for("user_id", "\u200b \u2060\ufeff") == "is blank"


def test_half_of_a_surrogate_pair_is_refused() -> None:
    assert "surrogate" in reason_for("user_id", "a\ud800b")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("eva@gro\u00df.example", "eva@gross.example"),
        ("stra\u00dfe@shop.example", "strasse@shop.example"),
        ("\u212aim@shop.example", "kim@shop.example"),
        ("kim@\u212a.example", "kim@k.example"),
        ("\u017fam@shop.example", "sam@shop.example"),
        ("\ufb01@shop.example", "fi@shop.example"),
        ("\u2126@shop.example", "\u03c9@shop.example"),
        ("\uff41nn@shop.example", "ann@shop.example"),
        ("\u0131lk@shop.example", "ilk@shop.example"),
    ],
)
def test_addresses_that_merely_look_alike_are_two_people(one: str, other: str) -> None:
    assert key_of("email", one) != key_of("email", other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("eva@gro\u00df.example", "EVA@xn--gro-7ka.example"),
        ("jo@b\u00fccher.example", "jo@B\u00dcCHER.example"),
        ("jo@m\u00fcnchen.example", "jo@mu\u0308nchen.example"),
        ("jo@b\u00fccher\u3002example", "jo@b\u00fccher.example"),
        ("J\u00d6RG@shop.example", "j\u00f6rg@shop.example"),
        ("mailto:ann@shop.example", "ann@shop.example"),
        ("ann@shop.example,", "ann@shop.example"),
        ("ann@shop.example; ", "ann@shop.example"),
        ("'ann@shop.example'", '"Ann@shop.example"'),
        ('"ann@shop.example",', "ann@shop.example"),
        ("<ann@shop.example>", "ann@shop.example"),
        ("\u201cann@shop.example\u201d", "ann@shop.example"),
        ("<MAILTO:ann@shop.example?subject=Hi>", "ann@shop.example"),
        ("Ann Lee <ann@shop.example>", "ann@shop.example"),
        ('"Lee, Ann" <Ann@shop.example>,', "ann@shop.example"),
        ('"<ann@shop.example>"', "ann@shop.example"),
        ("\u201eann@shop.example\u201c", "ann@shop.example"),
        ("\u00abann@shop.example\u00bb", "ann@shop.example"),
        ("mailto: ann@shop.example", "ann@shop.example"),
        ("mailto://ann@shop.example", "ann@shop.example"),
        ("mailto%3Aann@shop.example", "ann@shop.example"),
    ],
)
def test_one_address_in_two_spellings_is_one_person(one: str, other: str) -> None:
    assert key_of("email", one) == key_of("email", other)


@pytest.mark.parametrize(
    "value",
    [
        "mailto:guest@shop.example", "mailto:noreply@shop.example", "<test@test.example>",
        "deleted@site.invalid,", '"mailto:kasse@shop.example"', "kasse@shop.example;", '"",',
    ],
)  # fmt: skip
def test_what_stands_around_an_address_makes_no_person_of_a_placeholder(value: str) -> None:
    text = (
        "types: {email: {normaliser: email, assurance: claimed, priority: 1}}\n"
        "placeholders: [kasse@shop.example]\n"
    )
    accepted = accept({"email": value}, read_types(text), KEY)
    assert accepted.keys == ()
    assert "placeholder" in accepted.ignored[0].reason


@pytest.mark.parametrize(
    "value", ['"ann"@shop.example', "'ann@shop.example", ".ann@shop.example", "o'ann@shop.example"]
)
def test_a_sign_that_is_part_of_an_address_stays(value: str) -> None:
    assert key_of("email", value) != key_of("email", "ann@shop.example")


def test_a_domain_that_idna_does_not_know_stays_as_it_is() -> None:
    assert key_of("email", "a@\u2603.example") == key_of("email", "A@\u2603.EXAMPLE")
    assert key_of("email", "a@\u2603.example") != key_of("email", "a@\u2604.example")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("+55 11 98765-4321", "+55 11 8765-4321"),
        ("+5521999998877", "+552199998877"),
        ("+52 1 55 1234 5678", "+52 55 1234 5678"),
        ("+5218112345678", "+528112345678"),
        ("tel:+44-20-7946-0958", "+442079460958"),
        ("0044 20 7946 0958", "+442079460958"),
        ("(00) 52 1 55 1234 5678", "+52 55 1234 5678"),
    ],
)
def test_old_and_new_forms_of_a_phone_number_are_one(one: str, other: str) -> None:
    assert key_of("phone", one) == key_of("phone", other)


@pytest.mark.parametrize(
    ("region", "value"),
    [
        ("US", "555-2671"),
        (None, "+1 555 2671"),
        ("BR", "98765-4321"),
        ("GB", "7946 0958"),
        ("AU", "9374 4000"),
        (None, "+7 223 45 67"),
        (None, "+49 151"),
    ],
)
def test_a_phone_number_without_its_area_code_is_a_telephone_of_every_town(
    region: str | None, value: str
) -> None:
    (ignored,) = accept({"phone": value}, replace(TYPES, default_region=region), KEY).ignored
    assert "area code" in ignored.reason


def test_a_phone_number_that_has_no_area_code_anywhere_is_taken() -> None:
    assert key_of("phone", "+55 4004 1234") == key_of("phone", "0055 4004-1234")


def test_a_landline_in_brazil_gets_no_ninth_digit() -> None:
    assert key_of("phone", "+55 11 3333 4444") != key_of("phone", "+55 11 93333 4444")


def test_an_extension_is_another_telephone() -> None:
    spellings = {key_of("phone", f"+442079460958{ext}") for ext in (" ext. 12", "x12", ";ext=12")}
    assert len(spellings) == 1
    assert spellings != {key_of("phone", "+442079460958")}


@pytest.mark.parametrize("value", ["+49 111 1111111", "+1 999 999 9999", "+1 123 456 7890"])
def test_a_phone_number_of_one_key_or_of_all_in_a_row_is_a_placeholder(value: str) -> None:
    assert "placeholder" in reason_for("phone", value)


@pytest.mark.parametrize(
    "value",
    [
        "\\N", "#N/A", "#REF!", "<nil>", "[redacted]", "{{ user.id }}", "{{email}}", "${id}",
        "%email%", "%%email%%", "*|EMAIL|*", "[[email]]", "<%= user.id %>", "{user_id}", "#{id}",
        "-1", "-17", "-1.0", "ffffffff-ffff-ffff-ffff-ffffffffffff", "FFFFFFFF",
        "00000000-0000-0000-0000-000000000000", "deleted", "Not Set", "not-set", "(not set)",
        "not provided", "n.a.", "anonymized", "0.0", "--", "?", "no@no.com", "na@na.na",
        "x@x.com", "XX@xx.de", "1@1.com", "unknown@shop.example", "test1@test.de",
        "test.user@testshop.com", "deleted@site.invalid", "guest123@shop.example",
        "root@localhost", "—", "0,0", "@@user@@", "::user::", "$USER_ID", "%7B%7Buser.id%7D%7D",
        "user-{{id}}", "${first}@shop.example", "null-null", "undefined undefined", "nil:nil",
        "Unknown User", "no customer", "guest_customer", "Not logged in", "NOT_LOGGED_IN",
        "logged-out", "not signed in", "#NV", "#BEZUG!", "walk-in@shop.example", "nan@nan.example",
        "walkin2@shop.example", "cash.customer@shop.example", "dummy@shop.example",
        "dummy7@shop.example", "dummy_07@shop.example", "test7@shop.example", "guest.7.8@x.example",
        "asdf1@asdf.example", "na3@na.example", "testuser3@shop.example", "guestuser@shop.example",
        "placeholder3@shop.example",
    ],
)  # fmt: skip
def test_what_programs_write_for_nobody_is_a_placeholder(value: str) -> None:
    accepted = accept({"user_id": value, "email": value}, TYPES, KEY)
    assert accepted.keys == ()
    assert any("placeholder" in each.reason for each in accepted.ignored)


@pytest.mark.parametrize(
    "value",
    [
        "bob@bob.example", "ann@test.example", "contest@shop.example", "tester@acme.example",
        "email@shop.example", "noah@noah.example", "invalidenheim@shop.example",
        "walkinshaw@shop.example", "cash@shop.example", "nan@shop.example", "user@shop.example",
        "testa7@shop.example", "dummyer@shop.example", "noah7@shop.example", "abc1@shop.example",
        "customer7@shop.example",
    ],
)  # fmt: skip
def test_a_mailbox_that_somebody_may_have_is_none(value: str) -> None:
    assert key_of("email", value)


@pytest.mark.parametrize(
    "value",
    [
        "42",
        "fff",
        "feedface1",
        "{3F2504E0-4F89-11D3-9A0C-0305E82C3301}",
        "u-0",
        "guest-list-7",
        "no.1",
        "a%b",
        "0x1F",
    ],
)
def test_a_user_id_that_somebody_may_have_is_no_placeholder(value: str) -> None:
    assert key_of("user_id", value)


@pytest.mark.parametrize("value", ["1.23457E+12", "1,23457E+12", "2e+15", "4.91511E+11"])
@pytest.mark.parametrize("kind", ["user_id", "loyalty_id", "anonymous_id", "phone"])
def test_a_number_that_a_spreadsheet_has_rounded_names_nobody(kind: str, value: str) -> None:
    assert "rounded by a spreadsheet" in reason_for(kind, value)


@pytest.mark.parametrize("value", ["12e4567", "1e12", "5E+c", "1.5E+1-7"])
def test_an_id_that_merely_looks_like_a_rounded_number_is_somebodys(value: str) -> None:
    assert key_of("user_id", value)


@pytest.mark.parametrize(
    "value",
    [
        "ann", "@shop.example", "ann@", "ann@shop", "a@b@c.example", "ann@shop.example>",
        "&lt;ann@shop.example&gt;", "email:ann@shop.example", "ann@shop.example;bob@shop.example",
        "\u201eann@shop.example", "[Ann](mailto:ann@shop.example)", 'ann@shop.example"',
    ],
)  # fmt: skip
def test_what_is_no_email_address_is_refused(value: str) -> None:
    assert "not an e-mail address" in reason_for("email", value)


def test_an_unknown_type_is_ignored_and_the_known_ones_are_named() -> None:
    assert "user_id" in reason_for("passport", "P-1")


def test_an_unknown_type_that_is_one_letter_off_a_known_one_is_told_so() -> None:
    assert reason_for("emial", "ann@shop.example").endswith("did you mean email?")


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


@pytest.mark.parametrize(
    ("address", "mailbox"),
    [
        ("ann+shop@example.com", "ann@example.com"),
        ("Ann+a+b@Example.com", "ann@example.com"),
        ("a.n.n+x@googlemail.com", "ann@gmail.com"),
        ("a.nn@gmail.com", "ann@gmail.com"),
        ("a.nn@example.com", "a.nn@example.com"),
        ("+ann@example.com", "+ann@example.com"),
    ],
)
def test_for_caps_an_address_is_the_mailbox_without_its_alias(address: str, mailbox: str) -> None:
    (accepted,) = accept({"email": address}, TYPES, KEY).keys
    (plain,) = accept({"email": mailbox}, TYPES, KEY).keys
    assert accepted.contact == plain.key
    assert (accepted.key == plain.key) is (address == mailbox)
