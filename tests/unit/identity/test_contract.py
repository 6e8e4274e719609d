"""What `identity.resolve` takes."""

from __future__ import annotations

from typing import Any

import pytest

from chassis.core.errors import InvalidInput
from contracts.identity.calls import read_observations
from tests.unit.identity.shop import OBSERVER, observation


def test_a_time_is_read_as_microseconds() -> None:
    (read,) = read_observations([observation(time="1970-01-01T00:00:01+00:00")])
    assert read["time"] == 1_000_000


@pytest.mark.parametrize(
    ("observations", "field"),
    [
        ("all", "observations"),
        ([observation(time="2026-11-21T19:00:00")], "observations[0].time"),
        ([observation(), observation(identifiers={})], "observations[1].identifiers"),
        ([observation(identifiers={"user_id": 7.5})], "observations[0].identifiers.user_id"),
        ([observation(authenticated="yes")], "observations[0].authenticated"),
        ([observation(identifiers={"user_id": "a\0b"})], "observations[0].identifiers.user_id"),
        ([observation(user="u-1")], "observations[0].user"),
        ([observation()] * 1_001, "observations"),
    ],
)
def test_a_wrong_call_is_refused_by_its_field(observations: Any, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_observations(observations)
    assert refused.value.subject == field


def test_a_support_desk_names_identifiers_by_value_or_by_key() -> None:
    keys = OBSERVER.keys({"anonymous_id": "d", "user_id": "null"})
    assert {key.partition(":")[0] for key in keys} == {"anonymous_id"}
    assert OBSERVER.keys(sorted(keys)) == keys
