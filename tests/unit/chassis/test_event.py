from __future__ import annotations

import json
import uuid
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import Event, InvalidInput, copy_id, new_id, parse_instant

FIRST = parse_instant("0001-01-01T00:00:00Z")
LAST = parse_instant("9999-12-31T23:59:59.999999Z")
BIGGEST_VERSION = 2**31 - 1

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=10,
)
events = st.builds(
    Event,
    id=st.uuids().map(str),
    source=st.sampled_from(["profiles", "segments"]),
    type=st.sampled_from(["order_completed", "noted"]),
    stream=texts.filter(bool),
    version=st.integers(1, BIGGEST_VERSION),
    data=st.dictionaries(texts, plain, max_size=3),
    occurred_at=st.integers(FIRST, LAST),
    recorded_at=st.integers(FIRST, LAST),
    schema_version=st.integers(1, 9),
    metadata=st.dictionaries(
        st.sampled_from(["profile_id", "correlation_id", "causation_id"]), texts
    ),
)


def wire(**changes: Any) -> dict[str, Any]:
    event = Event(
        id="018f0000-0000-7000-8000-000000000001",
        source="profiles",
        type="order_completed",
        stream="s1",
        version=3,
        data={"order_id": "A-1"},
        occurred_at=parse_instant("2026-11-21T19:30:00Z"),
        recorded_at=parse_instant("2026-11-21T19:30:01.5Z"),
        metadata={"profile_id": "p1", "correlation_id": "c1", "causation_id": "e0"},
    )
    return {**event.to_wire(), **changes}


def joint_wire(entries: Any, **changes: Any) -> dict[str, Any]:
    return wire(data={"streams": entries}, joint=True, **changes)


def refused(message: object) -> str:
    with pytest.raises(InvalidInput) as caught:
        Event.from_wire(message)
    return caught.value.subject


def test_on_the_wire_an_event_is_a_cloudevent_with_our_extensions() -> None:
    assert wire() == {
        "specversion": "1.0",
        "id": "018f0000-0000-7000-8000-000000000001",
        "source": "/profiles",
        "type": "order_completed",
        "subject": "s1",
        "time": "2026-11-21T19:30:00.000000Z",
        "datacontenttype": "application/json",
        "sequence": 3,
        "recordedtime": "2026-11-21T19:30:01.500000Z",
        "schemaversion": 1,
        "profileid": "p1",
        "correlationid": "c1",
        "causationid": "e0",
        "data": {"order_id": "A-1"},
    }


def test_the_attributes_of_an_event_are_named_as_cloudevents_demands() -> None:
    assert all(name.isalnum() and name == name.lower() for name in joint_wire([]))


@given(events)
def test_an_event_survives_the_wire_as_text(event: Event) -> None:
    assert Event.from_wire(json.loads(json.dumps(event.to_wire(), allow_nan=False))) == event


@given(events)
def test_nothing_on_the_wire_needs_a_python_to_read_it(event: Event) -> None:
    def kinds(value: object) -> set[type]:
        if isinstance(value, dict):
            return {dict}.union(*map(kinds, value), *map(kinds, value.values()))
        if isinstance(value, list):
            return {list}.union(*map(kinds, value))
        return {type(value)}

    assert kinds(event.to_wire()) <= {dict, list, str, int, bool, type(None)}


def test_metadata_that_is_no_extension_stays_in_the_log() -> None:
    event = Event.from_wire(wire())
    attributes = replace(event, metadata={"note": "x"}).to_wire()
    assert "note" not in attributes
    assert "profileid" not in attributes


@pytest.mark.parametrize("message", [None, [], "text", 1, b"{}"])
def test_what_is_no_object_is_no_event(message: object) -> None:
    assert refused(message) == "event"


@pytest.mark.parametrize(
    "name", ["id", "source", "type", "subject", "sequence", "data", "schemaversion", "time"]
)
def test_each_missing_attribute_is_named(name: str) -> None:
    message = wire()
    del message[name]
    assert refused(message) == name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", 1),
        ("id", ""),
        ("source", None),
        ("type", ["order_completed"]),
        ("subject", {}),
        ("subject", ""),
        ("subject", "s\0"),
        ("subject", "s\ud800"),
        ("type", "t\0"),
        ("id", "\udc00"),
        ("sequence", "3"),
        ("sequence", True),
        ("sequence", 3.0),
        ("sequence", 0),
        ("sequence", -1),
        ("sequence", BIGGEST_VERSION + 1),
        ("schemaversion", None),
        ("schemaversion", False),
        ("schemaversion", 0),
        ("data", []),
        ("data", "{}"),
        ("time", "2026-11-21T19:30:00"),
        ("time", 1_700_000_000),
        ("recordedtime", "yesterday"),
        ("recordedtime", None),
    ],
)
def test_each_wrong_attribute_is_named(name: str, value: object) -> None:
    assert refused(wire(**{name: value})) == name


@pytest.mark.parametrize(
    "entries",
    [
        None,
        {},
        [],
        ["s1"],
        [{"stream": "s1"}],
        [{"version": 3}],
        [{"stream": 1, "version": 3}],
        [{"stream": "s1", "version": "3"}],
        [{"stream": "s1", "version": True}],
        [{"stream": "s1", "version": 3}, {"stream": "s2", "version": 0}],
        [{"stream": "s1", "version": 3}, {"stream": "s2", "version": BIGGEST_VERSION + 1}],
        [{"stream": "s1", "version": 3}, {"stream": "s2\0", "version": 1}],
        [{"stream": "s1", "version": 3}, {"stream": "s1", "version": 3}],
        [{"stream": "s2", "version": 3}],
        [{"stream": "s1", "version": 4}],
    ],
)
def test_a_joint_event_that_does_not_tell_its_copies_is_refused(entries: object) -> None:
    assert refused(joint_wire(entries)) == "data.streams"


def test_a_joint_event_knows_its_version_in_every_stream() -> None:
    entries = [{"stream": "s1", "version": 3}, {"stream": "s2", "version": 8, "epoch": 2}]
    event = Event.from_wire(joint_wire(entries))
    assert event.joint
    assert event.versions == {"s1": 3, "s2": 8}


def test_a_plain_event_does_not_read_its_data_for_versions() -> None:
    event = Event.from_wire(wire(data={"streams": "of customers"}))
    assert not event.joint
    assert event.versions == {"s1": 3}


def test_later_ids_sort_after_earlier_ones() -> None:
    ids = [new_id() for _ in range(1_000)]
    assert ids == sorted(set(ids))
    assert {uuid.UUID(id_).version for id_ in ids} == {7}


def test_a_copys_id_depends_on_the_fact_and_the_stream_alone() -> None:
    fact = new_id()
    assert copy_id(fact, "s1") == copy_id(fact, "s1")
    assert len({copy_id(fact, "s1"), copy_id(fact, "s2"), copy_id(new_id(), "s1")}) == 3


@pytest.mark.parametrize("name", ["id", "source", "type", "subject"])
def test_a_name_that_no_index_takes_is_refused(name: str) -> None:
    assert refused(wire(**{name: "n" * 501})) == name
    assert Event.from_wire(wire(**{name: "n" * 500})).id
