"""Facts about bodies that are read as JSON."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.core.errors import InvalidInput
from chassis.core.json import dump_json
from services.gateway.domain.documents import MAX_DEPTH, read_document


@pytest.mark.parametrize(
    ("body", "document"),
    [
        (b'{"a": [1, 2.5, "x", null, true]}', {"a": [1, 2.5, "x", None, True]}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{"a": NaN, "b": [Infinity, -Infinity, 1e999]}', {"a": None, "b": [None, None, None]}),
        (b'{"a": "cut \\ud83d", "b": "\\ud83d\\ude00"}', {"a": "cut \ufffd", "b": "\U0001f600"}),
        (b'{"a": NaN, "b": 1' + b"0" * 24 + b"}", {"a": None, "b": 1e24}),
        (b'{"a": NaN, "b": -9223372036854775808}', {"a": None, "b": -(2**63)}),
        (b'{"a": ' + b"1" * 5_000 + b"}", {"a": None}),
        (b'{"\\udc00": NaN}', {"\ufffd": None}),
        (b"[" + b"[1]," * 50 + b"NaN]", [*[[1]] * 50, None]),
    ],
)
def test_a_value_that_is_no_json_costs_nothing_but_itself(body: bytes, document: Any) -> None:
    assert read_document(body) == document


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" \n",
        b"{",
        b"a=1&b=2",
        b"\xff\xfe",
        '{"a": "é"}'.encode("latin-1"),
        '{"a": 1}'.encode("utf-16"),
        b"[" * 100_000,
        b'{"a": NaN, "b": ' + b"[" * 900 + b"]" * 900 + b"}",
        b"[" * (MAX_DEPTH + 2) + b"]" * (MAX_DEPTH + 2),
    ],
)
def test_what_cannot_be_read_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput, match="body"):
        read_document(body)


@given(st.binary() | st.text(alphabet='{}[]",:nulNaIfity0123456789e.-\\ud8').map(str.encode))
def test_no_body_whatever_does_worse_than_to_be_refused(body: bytes) -> None:
    try:
        document = read_document(body)
    except InvalidInput:
        return
    dump_json(document)


def test_a_compressed_body_that_does_not_say_so_is_told_how() -> None:
    with pytest.raises(InvalidInput, match="Content-Encoding: gzip"):
        read_document(gzip.compress(b'{"batch": []}'))
