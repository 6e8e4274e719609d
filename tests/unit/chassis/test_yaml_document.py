"""The one reader of YAML files: values with their path and place, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chassis.config.yaml_document import Entry, read_document
from chassis.core.errors import InvalidInput


def entry(text: str) -> Entry:
    return read_document(f"value: {text}", "shop.yaml").fields()["value"]


def refusal(read: Callable[[], Any]) -> str:
    with pytest.raises(InvalidInput) as refused:
        read()
    assert refused.value.subject.startswith("value")
    assert refused.value.message.startswith("shop.yaml line 1, column 8: ")
    return refused.value.message.removeprefix("shop.yaml line 1, column 8: ")


@pytest.mark.parametrize(
    ("text", "value"),
    [("x", "x"), ("3", 3), ("2.5", 2.5), ("true", True), ("null", None), ("", None), ("'3'", "3")],
)
def test_a_single_value_is_what_json_has(text: str, value: Any) -> None:
    assert entry(text).scalar() == value


def test_a_single_value_is_neither_a_date_nor_a_list() -> None:
    assert "put it in quotes" in refusal(entry("2026-01-01").scalar)
    assert refusal(entry("[1]").scalar) == "must be a single value; it is a list"


def test_a_whole_number_keeps_its_bounds() -> None:
    assert entry("3").whole(1) == 3
    assert refusal(lambda: entry("0").whole(1)) == "is 0; it must be at least 1"
    assert refusal(lambda: entry("9").whole(1, 8)) == "is 9; it must be between 1 and 8"
    assert "whole number" in refusal(lambda: entry("1.5").whole(1))


def test_a_list_is_no_text() -> None:
    assert refusal(lambda: entry("[a]").literal()) == "must be text; it is a list"


def test_what_an_anchor_says_is_merged_and_what_stands_here_counts() -> None:
    root = read_document("a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {<<: [*a, *b], z: 3}\n", "f")
    merged = root.fields()["c"].fields()
    assert {name: each.whole(0) for name, each in merged.items()} == {"x": 1, "y": 1, "z": 3}
    assert merged["x"].path == "c.x"


def test_only_a_mapping_can_be_merged() -> None:
    with pytest.raises(InvalidInput, match="`<<` must name a mapping"):
        read_document("a: &a 1\nb: {<<: *a}\n", "f").fields()["b"].fields()


def test_a_key_that_is_no_text_or_stands_there_twice_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"f: line 1, column 1: a key must be text"):
        read_document("1: a", "f").fields()
    with pytest.raises(InvalidInput, match=r"f: line 2, column 1: `a` appears twice"):
        read_document("a: 1\na: 2\n", "f").fields()


def test_an_anchor_that_merges_another_one_can_be_merged_before_it_is_read_itself() -> None:
    text = "a: &a {x: 1}\nb: &b {<<: *a, x: 2}\nc: {<<: *b, y: 3}\n"
    root = read_document(text, "f").fields()
    for name in ("c", "b", "a"):
        assert root[name].fields()["x"].whole(0) == (1 if name == "a" else 2)


def test_a_whole_number_without_a_bound_may_be_as_large_as_one_likes() -> None:
    assert entry("99999999999999999999").whole(1) == 99999999999999999999


@pytest.mark.parametrize("text", ["!mine {a: 1}", "!!set {a}", "!!omap [a: 1]"])
def test_a_tag_that_means_nothing_here_is_refused(text: str) -> None:
    read = entry(text).items if text.endswith("]") else entry(text).fields
    assert "which means nothing here; remove it" in refusal(read)
