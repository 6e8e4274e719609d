"""Assignment to variants: the published examples, and what holds for every split."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.offers.domain.assignment import (
    HashNamespace,
    Split,
    bucket_ranges,
    fnv1a_32,
    variant_hash,
)

SHARES = st.lists(st.integers(1, 100), min_size=2, max_size=6)
VALUES = st.text(min_size=1, max_size=40)


def split_of(
    parts: list[int], coverage: float = 1.0, namespace: HashNamespace | None = None
) -> Split:
    return Split("test", tuple(part / sum(parts) for part in parts), coverage, namespace)


def test_the_hash_has_the_published_values_of_fnv_1a() -> None:
    assert [fnv1a_32(text) for text in ("", "a", "foobar")] == [0x811C9DC5, 0xE40C292C, 0xBF9CF968]


@pytest.mark.parametrize(
    ("seed", "value", "hashed"),
    [
        ("seed", "a", 0.0505),
        ("seed", "b", 0.2696),
        ("foo", "ab", 0.2575),
        ("foo", "def", 0.2019),
        ("89123klj", "8952klfjas09ujkasdf", 0.124),
        ("90850943850283058242805", "123", 0.7516),
        ("()**(%$##$%#$#", '___)((*":&', 0.0128),
    ],
)
def test_version_2_has_the_published_values(seed: str, value: str, hashed: float) -> None:
    assert variant_hash(seed, value) == hashed


def test_a_range_begins_where_it_would_with_everybody() -> None:
    assert bucket_ranges(split_of([3, 1], 0.5)) == [(0, 0.375), (0.75, 0.875)]


@given(SHARES, VALUES, st.floats(0, 1), st.floats(0, 1))
def test_a_larger_coverage_moves_nobody(
    parts: list[int], value: str, one: float, other: float
) -> None:
    fewer, more = sorted((one, other))
    before = split_of(parts, fewer).assign(value)
    assert before is None or split_of(parts, more).assign(value) == before


@given(SHARES, VALUES, st.integers(0, 1_000))
def test_parts_of_a_namespace_that_do_not_overlap_never_share_a_shopper(
    parts: list[int], value: str, cut: int
) -> None:
    lower = split_of(parts, namespace=HashNamespace("checkout", 0, cut / 1_000))
    upper = split_of(parts, namespace=HashNamespace("checkout", cut / 1_000, 1))
    assert lower.assign(value) is None or upper.assign(value) is None


@given(SHARES, VALUES)
def test_nobody_is_in_an_experiment_that_covers_nobody(parts: list[int], value: str) -> None:
    assert split_of(parts, 0.0).assign(value) is None
    assert split_of(parts, 1.0, HashNamespace("checkout", 0.5, 0.5)).assign(value) is None
