"""What is read without marshmallow is read as marshmallow would: the same values, and errors."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import Schema, ValidationError

from chassis.validation import StrictSchema
from contracts.export import EVENTS
from contracts.offers import DecideRequest

ROOT = Path(__file__).parents[3]
REQUEST = {
    "placement": "checkout",
    "identifiers": {"user_id": "grace", "anonymous_id": 7},
    "authenticated": True,
    "context": {
        "items": [
            {"sku": "w-1", "category": "watch", "quantity": 1, "price": 24_900},
            {"sku": "w-2", "quantity": 0.5},
        ],
        "value": 24_900,
        "currency": "USD",
        "device": "Mobile",
        "referrer": "https://www.example.com/path",
        "language": "en-GB",
        "stock": {"w-1": 2},
    },
    "at_least": {"s-1": 3},
    "sent_at": "2026-11-21T19:30:00Z",
    "deadline_ms": 500,
    "explain": False,
    "dry_run": None,
}
EXAMPLES = sorted((ROOT / "examples" / "requests").glob("*.json"))
GOLDEN = ROOT / "tests" / "golden"


def _samples() -> list[tuple[Schema, Any]]:
    decide = DecideRequest()
    requests = [(decide, json.loads(path.read_text())) for path in EXAMPLES]
    events = [
        (kind.data, json.loads(path.read_text())["data"])
        for kind in EVENTS
        if (path := GOLDEN / kind.source / f"{kind.type}.v{kind.version}.json").exists()
    ]
    return [(decide, REQUEST), *requests, *events]


SAMPLES = _samples()
ODD: list[Any] = [
    None, True, 0, -1, 1.5, 2.0, 10**16, "", " ", "x", "USD", "2026-11-21", [], {}, [None],
    {"": 1}, {"sku": "x"}, [{"sku": "x", "quantity": 2}], {"s-1": 1}, "x" * 2_000,
]  # fmt: skip


@st.composite
def spoilt(draw: st.DrawFn) -> tuple[Schema, Any]:
    """A sample with up to three parts replaced, left out or added, at any depth."""
    schema, value = draw(st.sampled_from(SAMPLES))
    value = deepcopy(value)
    for _ in range(draw(st.integers(0, 3))):
        part = value
        while True:
            places = list(part) if isinstance(part, dict) else list(range(len(part)))
            if not places:
                break
            place = draw(st.sampled_from(places))
            if isinstance(part[place], dict | list) and draw(st.booleans()):
                part = part[place]
                continue
            change = draw(st.sampled_from(("replace", "remove", "add")))
            if change == "replace":
                part[place] = deepcopy(draw(st.sampled_from(ODD)))
            elif change == "remove":
                del part[place]
            elif isinstance(part, dict):
                part[draw(st.sampled_from(("odd", "sku", "price", "items")))] = 1
            else:
                part.append(deepcopy(draw(st.sampled_from(ODD))))
            break
    return schema, value


def outcome(schema: Schema, value: Any) -> Any:
    try:
        return schema.load(value)
    except ValidationError as error:
        return error.messages


@given(spoilt())
def test_every_value_is_read_as_marshmallow_reads_it(case: tuple[Schema, Any]) -> None:
    schema, value = case
    ours = outcome(schema, value)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StrictSchema, "load", Schema.load)
        theirs = outcome(schema, value)
    assert ours == theirs
    assert list(ours) == list(theirs), "in the same order"


def test_a_common_request_does_not_go_through_marshmallow(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: Any, **_options: Any) -> None:
        raise AssertionError("marshmallow was called")

    monkeypatch.setattr(Schema, "load", fail)
    assert DecideRequest().load(REQUEST)["placement"] == "checkout"


def test_each_value_gets_empty_parts_of_its_own() -> None:
    first, second = (DecideRequest().load({"placement": "cart"}) for _ in range(2))
    assert first["context"] == {}
    assert first["context"] is not second["context"]
