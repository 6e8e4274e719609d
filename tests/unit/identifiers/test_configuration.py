"""What `identity.yaml` may say."""

from __future__ import annotations

from pathlib import Path

import pytest

from chassis.core.errors import InvalidInput
from identifiers import accept, load_types, read_types

TYPE = "{normaliser: exact, assurance: device, priority: 1}"


def test_the_shipped_file_knows_the_usual_types():
    types = load_types().by_name
    assert set(types) == {"user_id", "loyalty_id", "device_id", "anonymous_id", "email", "phone"}
    assert (types["user_id"].assurance, types["user_id"].at_most) == ("verified", 1)


def test_a_file_in_the_configuration_directory_replaces_the_shipped_one(tmp_path: Path):
    (tmp_path / "identity.yaml").write_text(f"types: {{till_id: {TYPE}}}")
    assert list(load_types(tmp_path).by_name) == ["till_id"]


def test_without_a_file_in_the_configuration_directory_the_shipped_one_holds(tmp_path: Path):
    assert load_types(tmp_path) == load_types()


def test_a_shop_adds_its_own_placeholders_and_patterns():
    types = read_types(
        f"types: {{till_id: {TYPE}}}\nplaceholders: [Walk-In]\npatterns: ['store-\\d+']"
    )
    for value in ("walk-in", "STORE-17"):
        assert "placeholder" in accept({"till_id": value}, types, b"k").ignored[0].reason
    assert accept({"till_id": "t-1"}, types, b"k").keys


@pytest.mark.parametrize(
    ("text", "subject", "message"),
    [
        ("[", "identity.yaml", "not YAML"),
        ("", "identity.yaml", "must be a mapping"),
        ("types: {}", "identity.yaml: types", "at least one"),
        ("typos: {}", "identity.yaml: typos", "did you mean types?"),
        ("types: {'A b': " + TYPE + "}", "identity.yaml: types.A b", "small letters"),
        (
            "types: {a: {assurance: device, priority: 1}}",
            "identity.yaml: types.a.normaliser",
            "one of",
        ),
        (
            "types: {a: {normaliser: exact, assurance: sure, priority: 1}}",
            "identity.yaml: types.a.assurance",
            "verified, device, claimed",
        ),
        (
            "types: {a: {normaliser: exact, assurance: device, priority: 0}}",
            "identity.yaml: types.a.priority",
            "from 1 up",
        ),
        (
            "types: {a: " + TYPE + ", b: " + TYPE + "}",
            "identity.yaml: types.b.priority",
            "that of a",
        ),
        (
            "types: {a: {normaliser: exact, assurance: device, priority: 1, limit: 3}}",
            "identity.yaml: types.a.limit",
            "is unknown",
        ),
        (
            "default_region: XX\ntypes: {a: " + TYPE + "}",
            "identity.yaml: default_region",
            "two letters",
        ),
        (
            "placeholders: [null]\ntypes: {a: " + TYPE + "}",
            "identity.yaml: placeholders[0]",
            "quotes",
        ),
        (
            "patterns: ['(']\ntypes: {a: " + TYPE + "}",
            "identity.yaml: patterns[0]",
            "regular expression",
        ),
    ],
)
def test_a_wrong_entry_is_refused_by_its_path_with_the_fix(text: str, subject: str, message: str):
    with pytest.raises(InvalidInput) as refused:
        read_types(text)
    assert refused.value.subject == subject
    assert message in refused.value.message
