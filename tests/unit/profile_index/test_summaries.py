from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chassis import Event
from chassis.eventlog.unit_of_work import UnitOfWork
from profile_index import fold_events, load_summaries, save_summaries, update_summaries
from rules import Summary


def event(stream: str, version: int, type_: str, data: Mapping[str, Any], **more: Any) -> Event:
    return Event(
        id=f"{stream}-{version}",
        source="profiles",
        stream=stream,
        version=version,
        type=type_,
        data=data,
        occurred_at=version,
        recorded_at=version,
        **more,
    )


def points(stream: str, version: int, number: int) -> Event:
    return event(stream, version, "loyalty_points_changed", {"points": number})


def test_a_summary_comes_back_with_its_version(unit: UnitOfWork) -> None:
    summary = {"orders": {"A-1": {"revenue": 950}}, "text": "Ω"}
    save_summaries(unit, {"s1": (3, summary), "s2": (1, {})})
    assert load_summaries(unit, ["s2", "s1", "s3"]) == {"s1": (3, summary), "s2": (1, {})}


def test_a_summary_is_replaced_by_a_later_one_alone(unit: UnitOfWork) -> None:
    save_summaries(unit, {"s1": (3, {"n": 3})})
    save_summaries(unit, {"s1": (2, {"n": 2})})
    assert load_summaries(unit, ["s1"]) == {"s1": (3, {"n": 3})}
    save_summaries(unit, {"s1": (4, {"n": 4})})
    assert load_summaries(unit, ["s1"]) == {"s1": (4, {"n": 4})}


def test_nothing_is_saved_and_loaded_without_a_query_that_fails(unit: UnitOfWork) -> None:
    save_summaries(unit, {})
    assert load_summaries(unit, []) == {}


def test_events_are_folded_into_the_summary_of_their_stream() -> None:
    summaries: dict[str, Summary] = {}
    fold_events(summaries, [points("s1", 1, 10), points("s2", 1, 5)])
    fold_events(summaries, [points("s1", 2, -4)])
    assert {stream: summary.points() for stream, summary in summaries.items()} == {"s1": 6, "s2": 5}


def test_stored_summaries_go_on_from_where_they_were(unit: UnitOfWork) -> None:
    update_summaries(unit, [points("s1", 1, 10)])
    updated = update_summaries(unit, [points("s1", 2, 1), points("s1", 3, 2)])
    assert updated["s1"].points() == 13
    assert load_summaries(unit, ["s1"]) == {"s1": (3, updated["s1"].dump())}


def test_a_joint_fact_brings_every_stream_of_it_to_its_version(unit: UnitOfWork) -> None:
    places = [{"stream": "s1", "version": 4}, {"stream": "s2", "version": 7}]
    data = {"order_id": "A", "from": "s1", "to": "s2", "state": {"first": 1}, "streams": places}
    update_summaries(unit, [event("s1", 4, "order_moved", data, metadata={"joint": True})])
    summaries = load_summaries(unit, ["s1", "s2"])
    assert {stream: version for stream, (version, _) in summaries.items()} == {"s1": 4, "s2": 7}
    assert [stream for stream, (_, dump) in summaries.items() if "orders" in dump] == ["s2"]


def test_a_summary_knows_whether_an_account_signs_in_to_its_stream(unit: UnitOfWork) -> None:
    proof = {"key": "user_id:1", "tenure": 1, "type": "user_id", "assurance": "verified"}
    places = [
        {"stream": "s1", "version": 1, "identifiers": [{**proof, "assurance": "device"}]},
        {"stream": "s2", "version": 1, "identifiers": [proof]},
    ]
    fact = event("s1", 1, "identity_changed", {"streams": places}, metadata={"joint": True})
    updated = update_summaries(unit, [fact])
    assert {stream: summary.state.is_account for stream, summary in updated.items()} == {"s2": True}


def test_without_events_no_summary_is_made(unit: UnitOfWork) -> None:
    assert update_summaries(unit, []) == {}
