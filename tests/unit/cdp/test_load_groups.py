"""Which rows become one record: those of one order, wherever a file has them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp.loading.load import line_numbers
from cdp.loading.mapping import Grouping
from cdp.loading.records import Record, group
from cdp.loading.rows import Row

ALONE = Grouping(("id",), blank="alone")
NEAR = Grouping(("id",), blank="alone", within=3)


def row(number: int, key: str | None) -> Row:
    """A row of the order `key`; None: one that cannot be read."""
    if key is None:
        return Row(number, b"", number, f"r-{number}", fault="is torn")
    return Row(number, b"", number, f"r-{number}", {"id": key})


def records(keys: Sequence[str | None], grouping: Grouping) -> list[Record]:
    return list(group((row(n, key) for n, key in enumerate(keys, 1)), grouping))


def lines(found: Sequence[Record]) -> list[list[int]]:
    return [[each.number for each in record.rows] for record in found]


def faulty(found: Sequence[Record]) -> list[list[int]]:
    return lines([record for record in found if record.fault])


def test_a_row_that_names_no_order_is_alone_or_belongs_to_the_order_above_it() -> None:
    keys = ["", "a", "", "", "b", "b", ""]
    assert lines(records(keys, ALONE)) == [[1], [2], [3], [4], [5, 6], [7]]
    above = Grouping(("id",), blank="above")
    assert lines(records(keys, above)) == [[1], [2, 3, 4], [5, 6, 7]]
    assert lines(records(keys, Grouping(("id",)))) == [[1], [2], [3, 4], [5, 6], [7]]


def test_the_rows_of_an_order_are_gathered_from_between_those_of_others() -> None:
    found = records(["a", "b", "", "a", "b", "c", "c"], NEAR)
    assert sorted(lines(found)) == [[1, 4], [2, 5], [3], [6, 7]]
    assert not faulty(found)
    assert sorted(map(line_numbers, found)) == ["line 3", "lines 1 and 4", "lines 2 and 5",
                                                "lines 6 to 7"]  # fmt: skip


def test_an_order_that_goes_on_too_late_is_refused_with_what_to_do() -> None:
    (late,) = [each for each in records([*"abcdea"], NEAR) if each.fault]
    assert [each.number for each in late.rows] == [6]
    assert "sort the file by its group, or set a larger `within`" in late.fault


def test_a_torn_row_is_rejected_with_the_orders_beside_it() -> None:
    found = records(["a", "b", None, "c", "a", "b"], Grouping(("id",), "alone", within=5))
    assert sorted(faulty(found)) == [[2, 6], [3], [4]]
    assert lines([each for each in found if not each.fault]) == [[1, 5]]


@given(
    st.lists(st.sampled_from(["", "a", "b", "c", None]), max_size=30),
    st.integers(1, 6),
    st.integers(0, 30),
)
def test_every_row_is_in_one_record_and_a_second_reading_repeats_them(
    keys: list[str | None], within: int, stop: int
) -> None:
    grouping = Grouping(("id",), blank="alone", within=within)
    found = records(keys, grouping)
    assert sorted(number for each in lines(found) for number in each) == [*range(1, len(keys) + 1)]
    assert records(keys, grouping) == found
    for record in found:
        assert len({each.cells.get("id") for each in record.rows}) == 1
        assert record.fault or len(record.rows) == 1 or record.rows[0].cells["id"]
        numbers = [each.number for each in record.rows]
        assert all(b - a <= within for a, b in pairwise(numbers))
    # A record that is complete does not change with what comes later in the file.
    complete = [
        each for each in records(keys[:stop], grouping) if each.rows[-1].number + within < stop
    ]
    assert all(each in found for each in complete if not each.fault)


@pytest.mark.parametrize("keys", [["a"] * 9, [*"abab"], []])
def test_rows_within_reach_make_one_record_an_order(keys: list[str]) -> None:
    assert len(records(keys, NEAR)) == len(set(keys))
