"""Facts about the reading of CDNOW's files."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp.demo.purchases import read_purchases
from chassis import InvalidInput

SAMPLE = """\
 00004 0001 19970101  2   29.33
 00004 0001 19970118  2   29.73
 00021 0002 19970101  3   63.34
"""
MASTER = """\
 customer_id  date number_of_cds  dollar_value
 00001 19970101  1   11.77
 00001 19970101  1   11.77
"""


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    path = tmp_path / "CDNOW_sample.txt"
    path.write_bytes(SAMPLE.replace("\n", "\r\n").encode())
    return path


@pytest.fixture
def master(tmp_path: Path) -> Path:
    path = tmp_path / "CDNOW_master.txt"
    path.write_text(MASTER)
    return path


def test_a_line_is_an_order_of_its_customer_at_noon(sample: Path) -> None:
    event = next(read_purchases(sample)).as_event()
    assert event == {
        "id": "cdnow-sample-1",
        "type": "order_completed",
        "time": "1997-01-01T12:00:00Z",
        "identifiers": {"user_id": "cdnow-00004"},
        "authenticated": True,
        "data": {
            "order_id": "cdnow-sample-1",
            "revenue": 2933,
            "currency": "USD",
            "products": [{"product_id": "cd", "category": "music", "quantity": 2, "price": 1466}],
        },
    }


def test_the_heading_of_the_master_is_no_purchase(master: Path) -> None:
    assert [p.customer for p in read_purchases(master)] == ["00001", "00001"]


def test_identical_lines_are_separate_orders(master: Path) -> None:
    first, second = read_purchases(master)
    assert (first.revenue, first.day) == (second.revenue, second.day)
    assert first.as_event()["id"] != second.as_event()["id"]
    assert first.as_event()["data"]["order_id"] != second.as_event()["data"]["order_id"]


@pytest.mark.parametrize(
    "line",
    ["hello", " 00004 0001 19970231  2   29.33", " 00004 0001 19970101  0   29.33", "00004,1,1,1"],
)
def test_a_line_that_is_no_purchase_is_refused_by_its_number(tmp_path: Path, line: str) -> None:
    path = tmp_path / "CDNOW_sample.txt"
    path.write_text(SAMPLE + line + "\n")
    with pytest.raises(InvalidInput, match="line 4: is not a purchase"):
        list(read_purchases(path))


def test_a_missing_file_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"CDNOW_sample\.txt: cannot be read"):
        list(read_purchases(tmp_path / "CDNOW_sample.txt"))
