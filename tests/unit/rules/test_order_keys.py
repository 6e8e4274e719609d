"""Of which order of a profile something tells, where an id stands for several."""

from __future__ import annotations

import pytest

from rules import OrderKeys, home_apart, key_apart, order_key

SECOND, THIRD = key_apart("1", "s-2"), key_apart("1", "s-3")


@pytest.mark.parametrize(
    ("orders", "stream", "key", "meant"),
    [
        ({"1"}, "s-1", "1", "1"),
        ({"1", SECOND}, "s-1", "1", "1"),
        ({"1", SECOND}, "s-2", "1", SECOND),
        ({"1", SECOND, THIRD}, "s-3", SECOND, SECOND),
        ({SECOND}, "s-1", "1", SECOND),  # its home has moved
        ({"1", THIRD}, "s-2", SECOND, THIRD),  # so has this one's
        ({SECOND, THIRD}, "s-1", "1", "1"),  # nobody can say of which
        ({"2", key_apart("2", "s-1")}, "s-1", "1", "1"),
        ({key_apart("de\x1f1", "s-1")}, "s-1", "1", "1"),
        ((), "s-1", SECOND, SECOND),
    ],
)
def test_what_is_told_in_a_stream_is_of_its_own_order_else_of_the_first(
    orders: set[str], stream: str, key: str, meant: str
) -> None:
    assert OrderKeys(orders).meant_in(stream, key) == meant


def test_a_key_that_is_apart_names_its_home() -> None:
    key = order_key({"order_id": "1", "store": "de"}, "s-2")
    assert key is not None
    assert (home_apart(key), home_apart("1")) == ("s-2", "")
