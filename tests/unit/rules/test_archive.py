"""A summary whose older orders are archived gives the answers of one that has them all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rules.summary.archive as archive_module
from chassis import DAY, HOUR
from rules import (
    SEGMENT_VOCABULARY,
    Occasion,
    OrderState,
    Rule,
    Summary,
    bring_back,
    combine,
    compile_rule,
    order_of,
    put_away,
)
from rules.summary.archive import ArchivedOrders
from rules.summary.summary import FACTS
from tests.unit.rules.order_courses import STREAMS, RecordedStep, batches, courses, texts
from tests.unit.rules.shoppers import NOW

FEW = 2  # orders that are kept, in these tests


class ArchivingStreams:
    """The summaries of some streams, with all their orders and with archives, batch by batch."""

    def __init__(self) -> None:
        self.whole = {stream: Summary() for stream in STREAMS}
        self.partial = {stream: Summary() for stream in STREAMS}
        self.archives: dict[str, dict[str, OrderState]] = {stream: {} for stream in STREAMS}

    def apply(self, batch: Sequence[RecordedStep]) -> None:
        for stream, summary in self.partial.items():
            keys = {key for step in batch if (key := self._touched(step, stream)) is not None}
            archive = self.archives[stream]
            found = {key: archive.pop(key) for key in keys & archive.keys()}
            left = ArchivedOrders({**archive, **found})
            summary.archive = bring_back(summary.state, found, left)
        for step in batch:
            self._add(step)
        for stream, summary in self.partial.items():
            put = put_away(summary.state, summary.archive)
            archive = self.archives[stream]
            archive |= put.away
            for key in put.back.keys() - put.away.keys():
                del archive[key]
            summary.archive = ArchivedOrders(dict(archive))

    def _touched(self, step: RecordedStep, stream: str) -> str | None:
        is_about = stream == step.stream or (step.kind in FACTS and stream == step.to)
        return order_of(step.kind, step.data, Occasion(step.at, step.id)) if is_about else None

    def _add(self, step: RecordedStep) -> None:
        occasion = Occasion(step.at, step.id, (step.recorded_at, 0), step.recorded_at)
        if step.kind not in FACTS:
            for each in (self.whole, self.partial):
                each[step.stream].add(step.kind, step.data, step.at, step.id, occasion)
        elif step.moves:
            state = self.whole[step.stream].state.orders.get(step.data["order_id"], {})
            data = {**step.data, "from": step.stream, "to": step.to, "state": state}
            for each in (self.whole, self.partial):
                for stream in (step.stream, step.to):
                    each[stream].add_fact(step.kind, data, stream, occasion)


@pytest.fixture(autouse=True)
def _few_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_module, "KEPT", FEW)


def compiled(text: str) -> Rule[Summary]:
    return compile_rule(text, SEGMENT_VOCABULARY)


def answers(rule: Rule[Summary], summary: Summary, now: int) -> Any:
    return rule.evaluate(summary, now), rule.explain(summary, now), rule.reasons(summary, now)


@given(courses(), st.lists(texts, min_size=1, max_size=4), st.data())
def test_a_summary_with_an_archive_gives_the_answers_of_one_with_all_orders(
    course: list[RecordedStep], rules: list[str], data: st.DataObject
) -> None:
    streams = ArchivingStreams()
    for batch in batches(course):
        streams.apply(batch)
        names = data.draw(st.lists(st.sampled_from(STREAMS), min_size=1, unique=True))
        whole = combine(streams.whole[name] for name in names)
        partial = combine(streams.partial[name] for name in names)
        now = whole.state.watermark + data.draw(
            st.sampled_from([0, 1, HOUR, DAY, 30 * DAY, 400 * DAY, -HOUR])
        )
        for rule in map(compiled, rules):
            assert answers(rule, partial, now) == answers(rule, whole, now), rule.text
        assert partial.book(now).payments == whole.book(now).payments
        assert partial.book(None).orders == whole.book(None).orders
        assert partial.orders() == whole.orders()


@given(courses())
def test_what_is_archived_follows_from_all_events_whatever_batches_they_came_in(
    course: list[RecordedStep],
) -> None:
    streams, at_once = ArchivingStreams(), ArchivingStreams()
    for batch in batches(course):
        streams.apply(batch)
    at_once.apply(course)
    for stream in STREAMS:
        assert streams.partial[stream] == at_once.partial[stream]
        assert streams.archives[stream] == at_once.archives[stream]
        kept = streams.partial[stream].state.orders
        assert {**streams.archives[stream], **kept} == streams.whole[stream].state.orders
        assert not kept.keys() & streams.archives[stream].keys()


def test_only_the_newest_orders_and_those_dated_ahead_are_kept() -> None:
    streams = ArchivingStreams()
    ages = [9, 1, 8, 2, -3, 7, 3]
    course = [
        RecordedStep(
            "s1",
            "order_completed",
            {"order_id": f"o{age}", "revenue": 100, "currency": "USD"},
            NOW - age * DAY,
            NOW,
            f"e{number}",
            True,
            "s1",
        )
        for number, age in enumerate(ages)
    ]
    for batch in batches(course):
        streams.apply(batch)
    assert streams.partial["s1"].state.orders.keys() == {"o1", "o2", "o-3"}
    assert streams.partial["s1"].state.archived == {
        "before": [NOW - 2 * DAY, "o2"],
        "orders": 4,
        "standing": 4,
        "net": {"USD": 400},
        "categories": {},
    }


class UnreadableArchive:
    """An archive that must not be read."""

    def all(self) -> Any:
        raise AssertionError("the archive was read")

    def by_day(self, zone: Any) -> Any:
        raise AssertionError(f"the archive was asked for days in {zone}")

    def find(self, keys: Iterable[str]) -> Any:
        raise AssertionError(f"the archive was asked for {keys}")


@pytest.mark.parametrize(
    "rule",
    [
        "orders() == 7",
        'orders(within="60d") > 1',
        'orders(within="1h") == 1',
        'revenue("USD") >= 7',
        'revenue("USD", within="60d") > 1',
        'bought("music")',
        'not bought("running", within="3h")',
    ],
)
def test_the_archive_is_not_read_where_the_newest_orders_decide(rule: str) -> None:
    summary = Summary()
    lines = [{"category": "music", "quantity": 1}]
    for number in range(7):
        order = {"order_id": f"o{number}", "revenue": 100, "currency": "USD", "products": lines}
        at = NOW - number * HOUR
        occasion = Occasion(at, f"e{number}", recorded_at=NOW)
        summary.add("order_completed", order, at, f"e{number}", occasion)
    put_away(summary.state, ArchivedOrders({}))
    summary.archive = UnreadableArchive()
    assert len(summary.state.orders) == FEW
    assert compiled(rule).evaluate(summary, NOW).value
