from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import DAY, HOUR, SECOND, InvalidInput, format_instant, parse_instant

FIRST = parse_instant("0001-01-01T00:00:00Z")
LAST = parse_instant("9999-12-31T23:59:59.999999Z")


def refusal(text: object) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        parse_instant(text, "sent_at")
    return caught.value


def test_an_instant_counts_microseconds_since_1970_in_utc() -> None:
    assert parse_instant("1970-01-01T00:00:00Z") == 0
    assert parse_instant("1970-01-02T00:00:00.000001Z") == DAY + 1
    assert parse_instant("1969-12-31T23:59:59Z") == -SECOND


def test_an_offset_is_taken_into_account() -> None:
    assert parse_instant("1970-01-01T02:00:00+02:00") == 0
    assert parse_instant("1970-01-01T00:00:00-01:30") == HOUR + HOUR // 2


def test_an_instant_is_written_in_utc_with_six_decimals() -> None:
    assert format_instant(parse_instant("2026-11-21T21:30:00+02:00")) == (
        "2026-11-21T19:30:00.000000Z"
    )


@given(st.integers(FIRST, LAST))
def test_every_instant_that_can_be_written_can_be_read(instant: int) -> None:
    text = format_instant(instant)
    assert len(text) == len("2026-11-21T19:30:00.000000Z")
    assert parse_instant(text) == instant


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("2026-11-21T19:30:00", "zone"),
        ("2026-11-21 19:30:00.5", "zone"),
        ("2026-11-21", "time of day"),
        ("2026-02-30T00:00:00Z", "no date"),
        ("yesterday", "no date"),
        ("", "no date"),
        ("1763753400", "no date"),
        ("0001-01-01T00:00:00+00:01", "years"),
        ("9999-12-31T23:59:59-00:01", "years"),
        (None, "text"),
        (1_763_753_400, "text"),
        (True, "text"),
    ],
)
def test_what_is_no_instant_is_refused_with_the_field_and_the_reason(
    text: object, word: str
) -> None:
    error = refusal(text)
    assert error.subject == "sent_at"
    assert word in error.message
