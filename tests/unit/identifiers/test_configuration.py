"""What `identity.yaml` may say."""

from __future__ import annotations

from pathlib import Path

import pytest

from chassis.core.errors import InvalidInput
from identifiers import accept, load_types, read_types

TYPE = "{normaliser: exact, assurance: device, priority: 1}"


def test_the_shipped_file_knows_the_usual_types() -> None:
    types = load_types().by_name
    assert set(types) == {"user_id", "loyalty_id", "device_id", "anonymous_id", "email", "phone"}
    assert (types["user_id"].assurance, types["user_id"].at_most) == ("verified", 1)


def test_a_file_in_the_configuration_directory_replaces_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "identity.yaml").write_text(f"types: {{till_id: {TYPE}}}")
    assert list(load_types(tmp_path).by_name) == ["till_id"]


def test_without_a_file_in_the_configuration_directory_the_shipped_one_holds(
    tmp_path: Path,
) -> None:
    assert load_types(tmp_path) == load_types()


def test_a_shop_adds_its_own_placeholders_and_patterns() -> None:
    types = read_types(
        f"types: {{till_id: {TYPE}}}\nplaceholders: [Walk-In]\npatterns: ['store-\\d+']"
    )
    for value in ("walk-in", "STORE-17"):
        assert "placeholder" in accept({"till_id": value}, types, b"k").ignored[0].reason
    assert accept({"till_id": "t-1"}, types, b"k").keys


@pytest.mark.parametrize(
    ("text", "subject", "message"),
    [
        ("[", "identity.yaml", "not valid YAML"),
        ("", "identity.yaml", "is empty"),
        ("types: {}", "types", "at least one"),
        ("typos: {}", "typos", "did you mean `types`?"),
        ("types: {'A b': " + TYPE + "}", "types.A b", "lower-case letters"),
        (
            "types: {a: {assurance: device, priority: 1}}",
            "types.a",
            "`normaliser` is missing",
        ),
        (
            "types: {a: {normaliser: [], assurance: device, priority: 1}}",
            "types.a.normaliser",
            "must be a single value; it is a list",
        ),
        (
            "types: {a: {normaliser: exactly, assurance: device, priority: 1}}",
            "types.a.normaliser",
            "must be one of exact, lower, email, phone",
        ),
        ("- types", "identity.yaml", "must be a mapping"),
        ("types: {a: 1}", "types.a", "must be a mapping"),
        ("types: {a: " + TYPE + "}\nplaceholders: x", "placeholders", "must be a list"),
        (
            "types: {a: {normaliser: exact, assurance: sure, priority: 1}}",
            "types.a.assurance",
            "verified, device, claimed",
        ),
        (
            "types: {a: {normaliser: exact, assurance: device, priority: 0}}",
            "types.a.priority",
            "at least 1",
        ),
        (
            "types: {a: " + TYPE + ", b: " + TYPE + "}",
            "types.b.priority",
            "that of a",
        ),
        (
            "types: {a: {normaliser: exact, assurance: device, priority: 1, limit: 3}}",
            "types.a.limit",
            "`limit` is not known here",
        ),
        (
            "default_region: XX\ntypes: {a: " + TYPE + "}",
            "default_region",
            "two letters",
        ),
        (
            "placeholders: [null]\ntypes: {a: " + TYPE + "}",
            "placeholders[0]",
            "quotes",
        ),
        (
            "patterns: ['(']\ntypes: {a: " + TYPE + "}",
            "patterns[0]",
            "regular expression",
        ),
    ],
)
def test_a_wrong_entry_is_refused_by_its_path_with_the_fix(
    text: str, subject: str, message: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_types(text)
    assert refused.value.subject == subject
    assert message in refused.value.message


def test_a_wrong_entry_is_refused_by_its_line() -> None:
    with pytest.raises(InvalidInput) as refused:
        read_types(f"default_region: null\ntypes:\n  a: {TYPE}\n  b: {TYPE}\n")
    place = "identity.yaml line 4, column 55"
    assert str(refused.value) == f"types.b.priority: {place}: is also that of a; change one"


def test_types_may_share_what_an_anchor_says() -> None:
    text = "types:\n  a: &a {normaliser: exact, assurance: device, priority: 1}\n"
    types = read_types(text + "  b:\n    <<: *a\n    priority: 2\n").by_name
    assert (types["b"].normaliser, types["b"].priority) == ("exact", 2)


def test_an_empty_list_of_placeholders_or_patterns_may_be_left_blank() -> None:
    types = read_types(f"types: {{a: {TYPE}}}\nplaceholders:\npatterns: []\n")
    assert (types.placeholders, types.patterns) == (frozenset(), ())


@pytest.mark.parametrize("empty", ["", "~", "[]", "{}", '""'])
def test_no_placeholders_may_be_written_in_any_empty_form(empty: str) -> None:
    types = "types: {user_id: {normaliser: exact, assurance: verified, priority: 1}}"
    assert read_types(f"{types}\nplaceholders: {empty}\npatterns: {empty}\n").patterns == ()


@pytest.mark.parametrize(("text", "verified"), [("verified", True), ("unverified", False)])
def test_a_shop_says_whether_the_contacts_of_accounts_are_verified(
    text: str, verified: bool
) -> None:
    types = "types: {user_id: {normaliser: exact, assurance: verified, priority: 1}}"
    assert read_types(f"{types}\naccount_contacts: {text}").contacts_verified is verified
    assert read_types(types).contacts_verified
