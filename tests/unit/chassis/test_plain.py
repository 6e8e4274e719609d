"""Plain data goes through JSON unchanged; what is not plain is refused."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.core.json import dump_json, load_json

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda parts: st.lists(parts) | st.dictionaries(st.text(), parts),
)


@dataclass
class Point:
    """Something that is no plain data."""

    x: int


@given(VALUES)
def test_plain_data_comes_back_as_it_was_and_others_read_it(value: Any) -> None:
    text = dump_json(value)
    assert load_json(text) == value
    assert json.loads(text) == value


@pytest.mark.parametrize("value", [{1, 2}, Point(1), datetime.now(UTC), {1: "one"}, b"x", 2**64])
def test_what_is_not_plain_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        dump_json({"value": value})


@pytest.mark.parametrize("text", ["", "{", "NaN", "[Infinity]", "{'a': 1}", b"\xff", "[" * 2_000])
def test_what_is_no_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError, match="line"):
        load_json(text)
