"""What may change within a version, and how a forbidden change is detected."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from contracts.export import Direction, Document, breaks, documents
from contracts.export.files import broken, drifted, write

ORDER: dict[str, Any] = {
    "type": "object",
    "properties": {
        "order_id": {"type": "string", "maxLength": 200},
        "revenue": {"type": "integer", "minimum": 0},
        "status": {"type": "string", "enum": ["paid", "open"]},
        "tier": {"type": ["string", "null"]},
        "coupon": {"type": "string"},
        "lines": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"sku": {"type": "string"}, "note": {"type": "string"}},
                "required": ["sku"],
            },
        },
        "stock": {"type": "object", "additionalProperties": {"type": "integer"}},
    },
    "required": ["order_id", "revenue", "tier"],
    "additionalProperties": True,
}
EVERY_DIRECTION: tuple[Direction, ...] = ("arguments", "result", "event")


def changed(change: Callable[..., object]) -> dict[str, Any]:
    after = copy.deepcopy(ORDER)
    change(after, after["properties"], after["properties"]["lines"]["items"])
    return after


def test_what_stays_breaks_nothing() -> None:
    for direction in EVERY_DIRECTION:
        assert breaks(ORDER, ORDER, direction) == []


@pytest.mark.parametrize("direction", EVERY_DIRECTION)
def test_a_field_that_is_removed_is_found(direction: Direction) -> None:
    after = changed(lambda order, fields, line: fields.pop("coupon"))
    assert breaks(ORDER, after, direction) == ["coupon: is removed"]


@pytest.mark.parametrize("direction", EVERY_DIRECTION)
def test_a_field_that_is_renamed_is_found(direction: Direction) -> None:
    after = changed(lambda order, fields, line: fields.update(voucher=fields.pop("coupon")))
    assert breaks(ORDER, after, direction) == ["coupon: is removed"]


@pytest.mark.parametrize("direction", EVERY_DIRECTION)
def test_a_field_that_is_retyped_is_found(direction: Direction) -> None:
    after = changed(lambda order, fields, line: fields["revenue"].update(type="string"))
    assert breaks(ORDER, after, direction) == ["revenue: is retyped, from integer to string"]


@pytest.mark.parametrize("direction", ["arguments", "event"])
def test_a_field_that_is_newly_required_is_found(direction: Direction) -> None:
    after = changed(lambda order, fields, line: order["required"].append("coupon"))
    assert breaks(ORDER, after, direction) == ["coupon: is newly required"]


@pytest.mark.parametrize("direction", ["arguments", "event"])
def test_a_new_field_that_is_required_is_found(direction: Direction) -> None:
    def change(order: Any, fields: Any, line: Any) -> None:
        fields["channel"] = {"type": "string"}
        order["required"].append("channel")

    assert breaks(ORDER, changed(change), direction) == ["channel: is newly required"]
    assert breaks(ORDER, changed(change), "result") == []


@pytest.mark.parametrize("direction", EVERY_DIRECTION)
def test_a_new_field_that_is_optional_breaks_nothing(direction: Direction) -> None:
    after = changed(lambda order, fields, line: fields.update(channel={"type": "string"}))
    assert breaks(ORDER, after, direction) == []


@pytest.mark.parametrize("direction", EVERY_DIRECTION)
def test_a_change_inside_a_list_is_found(direction: Direction) -> None:
    after = changed(lambda order, fields, line: line["properties"].pop("note"))
    assert breaks(ORDER, after, direction) == ["lines[].note: is removed"]


@pytest.mark.parametrize("direction", EVERY_DIRECTION)
def test_a_change_of_the_values_of_a_map_is_found(direction: Direction) -> None:
    after = changed(
        lambda order, fields, line: fields["stock"].update(additionalProperties={"type": "string"})
    )
    assert breaks(ORDER, after, direction) == ["stock.*: is retyped, from integer to string"]


def test_a_reader_must_not_lose_what_was_always_there() -> None:
    after = changed(lambda order, fields, line: order["required"].remove("revenue"))
    for direction in ("result", "event"):
        assert breaks(ORDER, after, direction) == ["revenue: is no longer always there"]
    assert breaks(ORDER, after, "arguments") == []


def test_a_reader_must_not_meet_null_where_there_was_none() -> None:
    after = changed(lambda order, fields, line: fields["revenue"].update(type=["integer", "null"]))
    for direction in ("result", "event"):
        assert breaks(ORDER, after, direction) == [
            "revenue: is retyped, from integer to integer or null"
        ]
    assert breaks(ORDER, after, "arguments") == []


def test_a_writer_must_be_able_to_send_null_where_it_was_taken() -> None:
    after = changed(lambda order, fields, line: fields["tier"].update(type="string"))
    for direction in ("arguments", "event"):
        assert breaks(ORDER, after, direction) == [
            "tier: is retyped, from string or null to string"
        ]
    assert breaks(ORDER, after, "result") == []


def test_a_whole_number_may_be_sent_where_any_number_is_taken() -> None:
    after = changed(lambda order, fields, line: fields["revenue"].update(type="number"))
    assert breaks(ORDER, after, "arguments") == []
    assert breaks(ORDER, after, "result") == ["revenue: is retyped, from integer to number"]


def test_a_reader_bears_further_values_and_a_writer_does_not_bear_fewer() -> None:
    more = changed(lambda order, fields, line: fields["status"]["enum"].append("void"))
    fewer = changed(lambda order, fields, line: fields["status"]["enum"].remove("open"))
    for direction in EVERY_DIRECTION:
        assert breaks(ORDER, more, direction) == []
    for direction in ("arguments", "event"):
        assert breaks(ORDER, fewer, direction) == ["status: takes fewer values, now paid"]
    assert breaks(ORDER, fewer, "result") == []


def test_tighter_bounds_are_found_and_wider_ones_break_nothing() -> None:
    shorter = changed(lambda order, fields, line: fields["order_id"].update(maxLength=100))
    longer = changed(lambda order, fields, line: fields["order_id"].update(maxLength=300))
    new = changed(lambda order, fields, line: fields["coupon"].update(minLength=3))
    higher = changed(lambda order, fields, line: fields["revenue"].update(minimum=1))
    free = changed(lambda order, fields, line: fields["revenue"].pop("minimum"))
    assert breaks(ORDER, shorter, "arguments") == ["order_id: has a tighter maxLength, 100"]
    assert breaks(ORDER, new, "event") == ["coupon: has a tighter minLength, 3"]
    assert breaks(ORDER, higher, "event") == ["revenue: has a tighter minimum, 1"]
    assert breaks(ORDER, shorter, "result") == []
    for after in (longer, free):
        assert breaks(ORDER, after, "event") == []


def test_a_new_pattern_and_a_new_rule_across_fields_are_found() -> None:
    pattern = changed(lambda order, fields, line: fields["coupon"].update(pattern="^[A-Z]+$"))
    rule = changed(lambda order, fields, line: order.update(dependencies={"coupon": ["status"]}))
    assert breaks(ORDER, pattern, "arguments") == ["coupon: has another pattern"]
    assert breaks(ORDER, rule, "event") == ["it: has another dependencies"]


def test_an_object_that_was_open_must_not_close() -> None:
    after = changed(lambda order, fields, line: order.update(additionalProperties=False))
    assert breaks(ORDER, after, "arguments") == ["it: takes no further fields any more"]


def test_each_of_several_ways_to_give_arguments_is_compared() -> None:
    other = {"type": "object", "properties": {"key": {"type": "string"}}}
    after = changed(lambda order, fields, line: fields.pop("coupon"))
    both, more = {"anyOf": [ORDER, other]}, {"anyOf": [ORDER, other, other]}
    assert breaks(both, {"anyOf": [after, other]}, "arguments") == ["coupon: is removed"]
    assert breaks(both, more, "arguments") == []
    assert breaks(more, both, "arguments") == ["it: has another anyOf"]


def test_descriptions_may_change() -> None:
    after = changed(lambda order, fields, line: fields["coupon"].update(description="A code."))
    assert breaks(ORDER, after, "event") == []


AGAIN = "run: python -m contracts.export"
NEW_VERSION = "give the event a new version and an upcaster: docs/reference/contracts.md"
NEW_NAME = "keep it, and offer a call of another name: docs/reference/contracts.md"
EVENT = Document(PurePosixPath("events/profiles/order_completed.v1.json"), ORDER)
CALL = Document(
    PurePosixPath("calls/profiles/get.json"),
    {"properties": {"arguments": ORDER, "result": ORDER}},
)


def test_a_change_that_breaks_nothing_is_only_drift(tmp_path: Path) -> None:
    write(tmp_path, [EVENT])
    after = changed(lambda order, fields, line: fields.update(channel={"type": "string"}))
    again = Document(EVENT.path, after)
    assert broken(tmp_path, [again]) == []
    assert drifted(tmp_path, [again]) == [f"{EVENT.path}: is not what the schemas say; {AGAIN}"]
    assert write(tmp_path, [again]) == [EVENT.path]
    assert drifted(tmp_path, [again]) == []


def test_a_break_is_told_with_its_document_and_what_to_do(tmp_path: Path) -> None:
    write(tmp_path, [EVENT, CALL])
    after = changed(lambda order, fields, line: fields.pop("coupon"))
    call = Document(CALL.path, {"properties": {"arguments": ORDER, "result": after}})
    assert broken(tmp_path, [Document(EVENT.path, after), call]) == [
        f"{EVENT.path}: event: coupon: is removed; {NEW_VERSION}",
        f"{CALL.path}: result: coupon: is removed; {NEW_NAME}",
    ]


def test_a_document_that_is_missing_or_left_behind_is_found(tmp_path: Path) -> None:
    write(tmp_path, [CALL])
    assert drifted(tmp_path, [EVENT]) == [
        f"{EVENT.path}: is missing; {AGAIN}",
        f"{CALL.path}: is there no longer; {NEW_NAME}",
    ]


COMMITTED = [document for document in documents() if document.path.suffix == ".json"]


@pytest.mark.parametrize("document", COMMITTED, ids=lambda document: str(document.path))
def test_removing_any_field_of_any_document_is_found(document: Document, tmp_path: Path) -> None:
    write(tmp_path, [document])
    for half in ("data",) if document.path.parts[0] == "events" else ("arguments", "result"):
        after = json.loads(json.dumps(document.content))
        part = after["properties"][half]
        fields = part.get("items", part).get("properties", {})
        for name in list(fields):
            kept = fields.pop(name)
            faults = broken(tmp_path, [Document(document.path, after)])
            assert any(f"{name}: is removed" in fault for fault in faults)
            fields[name] = kept
