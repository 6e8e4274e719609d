"""Single events share calls, and each request gets its own receipts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from chassis.core.errors import InvalidInput, Unavailable
from services.gateway.server.gathering import Gatherer


def event(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, **more}


def arguments(*names: str, origin: str = "browser") -> dict[str, Any]:
    return {"events": [event(name) for name in names], "origin": origin}


class Recorder:
    """`profiles.record`, which notes what it was called with."""

    def __init__(self, poison: str = "") -> None:
        self.calls: list[Mapping[str, Any]] = []
        self._poison = poison

    async def __call__(self, given: Mapping[str, Any]) -> dict[str, Any]:
        self.calls.append(given)
        names = [each["id"] for each in given["events"]]
        if self._poison in names:
            raise InvalidInput("events", "are too large together")
        receipts = [
            {
                "event_id": name,
                "token": {"s": place},
                "warnings": [{"field": f"events[{place}].time", "message": "is odd"}],
            }
            for place, name in enumerate(names)
        ]
        return {"receipts": receipts, "token": {"s": len(names)}}


def gathered(record: Any, *given: Mapping[str, Any]) -> list[Any]:
    async def run() -> list[Any]:
        gatherer = Gatherer(record, seconds=0.01)
        answers: list[Any] = await asyncio.gather(
            *map(gatherer.record, given), return_exceptions=True
        )
        return answers

    return asyncio.run(run())


def test_requests_at_one_time_share_a_call_and_get_their_own_receipts() -> None:
    record = Recorder()
    answers = gathered(record, arguments("a"), arguments("b", "c"), arguments("d"))
    assert [[r["event_id"] for r in each["receipts"]] for each in answers] == [
        ["a"], ["b", "c"], ["d"],
    ]  # fmt: skip
    assert answers[1]["token"] == {"s": 2}
    assert len(record.calls) == 1


def test_a_receipt_names_fields_by_the_place_in_its_own_request() -> None:
    answers = gathered(Recorder(), arguments("a"), arguments("b", "c"))
    fields = [receipt["warnings"][0]["field"] for receipt in answers[1]["receipts"]]
    assert fields == ["events[0].time", "events[1].time"]


def test_what_came_by_another_entry_is_in_another_call() -> None:
    record = Recorder()
    gathered(record, arguments("a"), arguments("b", origin="server"))
    assert sorted(call["origin"] for call in record.calls) == ["browser", "server"]


def test_a_call_has_a_hundred_events_and_batches_go_alone() -> None:
    record = Recorder()
    gathered(record, *(arguments(f"e{number}") for number in range(250)))
    assert sum(len(call["events"]) for call in record.calls) == 250
    assert max(len(call["events"]) for call in record.calls) <= 100
    assert len(record.calls) <= 5
    batch = arguments(*(f"b{number}" for number in range(50)))
    alone = Recorder()
    gathered(alone, batch, arguments("a"))
    assert sorted(len(call["events"]) for call in alone.calls) == [1, 50]


def test_one_request_that_spoils_the_call_fails_alone() -> None:
    answers = gathered(Recorder(poison="p"), arguments("a"), arguments("p"), arguments("b"))
    assert [type(each) for each in answers] == [dict, InvalidInput, dict]


def test_if_the_service_is_away_every_request_is_told() -> None:
    async def away(_given: Mapping[str, Any]) -> dict[str, Any]:
        raise Unavailable("profiles", "is not running; try again")

    answers = gathered(away, arguments("a"), arguments("b"))
    assert [type(each) for each in answers] == [Unavailable, Unavailable]
    assert answers[0] is not answers[1]


@pytest.mark.parametrize("odd", [{"events": "all", "origin": "browser"}, {"events": []}])
def test_what_cannot_be_gathered_is_passed_on_as_it_is(odd: dict[str, Any]) -> None:
    calls: list[Mapping[str, Any]] = []

    async def record(given: Mapping[str, Any]) -> dict[str, Any]:
        calls.append(given)
        return {"receipts": [], "token": {}}

    gathered(record, odd)
    assert calls == [odd]


def test_whoever_gets_no_turn_in_time_is_told_to_repeat_while_calls_hang() -> None:
    calls: list[int] = []

    async def hang(given: Mapping[str, Any]) -> dict[str, Any]:
        calls.append(len(given["events"]))
        await asyncio.sleep(0.3)
        raise Unavailable("profiles", "did not answer in 10 s; try again")

    async def run() -> tuple[list[Any], float]:
        gatherer = Gatherer(hang, seconds=0.001, turn_seconds=0.1)
        began = asyncio.get_running_loop().time()
        given = [arguments(str(number)) for number in range(1_000)]
        answers = await asyncio.gather(*map(gatherer.record, given), return_exceptions=True)
        return answers, asyncio.get_running_loop().time() - began

    answers, seconds = asyncio.run(run())
    assert all(isinstance(each, Unavailable) for each in answers)
    assert calls == [100, 100]
    assert seconds < 1


def test_when_each_is_tried_alone_one_that_is_not_answered_ends_the_search() -> None:
    calls: list[int] = []

    async def record(given: Mapping[str, Any]) -> dict[str, Any]:
        calls.append(len(given["events"]))
        if len(calls) == 1:
            raise InvalidInput("events", "are too large together")
        raise Unavailable("profiles", "did not answer in 10 s; try again")

    answers = gathered(record, *(arguments(str(number)) for number in range(50)))
    assert all(isinstance(each, Unavailable) for each in answers)
    assert calls == [50, 1]
