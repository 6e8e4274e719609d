"""Orders that are archived in a table: segments answers as if summaries had all of them."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, tzinfo
from functools import partial
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rules.summary.archive as archive_module
from chassis import DAY, Event, FixedClock, parse_instant
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from clv import BuyingHistory
from profile_index import update_summaries
from profile_index.summaries import occasion_of
from rules import FACTS, SEGMENT_VOCABULARY, Summary, combine, compile_rule
from services.segments import queries, store
from services.segments.store.archived_days import load_days
from services.segments.store.archived_orders import load_stream_summaries
from tests.conftest import FULL_SIZE
from tests.support.segments_service import NOW, ProfilesLog, SegmentsWithoutNameko
from tests.unit.rules.order_courses import STREAMS, RecordedStep, batches, courses, texts

FEW = 2  # orders that are kept, in these tests
ZONE = ZoneInfo("Australia/Lord_Howe")
_EXAMPLES = itertools.count(1)


@pytest.fixture(autouse=True)
def _few_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_module, "KEPT", FEW)


class StoredStreams:
    """Some streams in segments' tables, and the same in memory with all their orders."""

    def __init__(self, work: UnitOfWorkRunner) -> None:
        number = next(_EXAMPLES)
        self.work = work
        self.names = {name: f"{name}-{number}" for name in STREAMS}
        self.whole = {stream: Summary() for stream in self.names.values()}
        self._versions: Counter[str] = Counter()

    def apply(self, batch: Sequence[RecordedStep]) -> None:
        events = [self._event(step) for step in batch if step.kind not in FACTS or step.moves]
        self.work.run(partial(_update, events=events))
        for event in events:
            for stream in event.versions:
                self._fold(event, stream)

    def check(self, profile: Sequence[str], rules: Sequence[str], later: int) -> None:
        """Compare the verdicts on a profile of some streams, some time after its newest event."""
        whole = combine(self.whole[stream] for stream in profile)
        now = whole.state.watermark + later

        def ask(unit: UnitOfWork) -> None:
            found = store.load_profile_summaries(unit, {"p": profile}, {}, now)
            stored = found.get("p", Summary())
            for text in rules:
                rule = compile_rule(text, SEGMENT_VOCABULARY)
                assert rule.evaluate(stored, now) == rule.evaluate(whole, now), text
            expected = BuyingHistory.of(whole.book(now).orders, ZONE)
            assert BuyingHistory.of(stored.book(now).by_day(ZONE), ZONE) == expected
            assert stored.book(now).payments == whole.book(now).payments
            for stream, summary in load_stream_summaries(unit, profile).items():
                standing = summary.state.archived.get("standing", 0)
                assert load_days(unit, stream, ZONE).number == standing

        self.work.read(ask)

    def archived(self) -> int:
        """How many orders of these streams are archived."""
        table = store.ARCHIVED_ORDERS
        query = sa.select(sa.func.count()).where(table.c.stream_id.in_(self.whole))
        return self.work.read(lambda unit: unit.connection.execute(query).scalar_one())

    def _event(self, step: RecordedStep) -> Event:
        stream, other = self.names[step.stream], self.names[step.to]
        self._versions[stream] += 1
        data, metadata = step.data, {}
        if step.kind in FACTS:
            self._versions[other] += 1
            state = self.whole[stream].state.orders.get(step.data["order_id"], {})
            places = [{"stream": s, "version": self._versions[s]} for s in (stream, other)]
            data = {**data, "from": stream, "to": other, "state": state, "streams": places}
            metadata = {"joint": True}
        return Event(
            f"{stream}-{step.id}",
            "profiles",
            step.kind,
            stream,
            self._versions[stream],
            data,
            step.at,
            step.recorded_at,
            metadata=metadata,
        )

    def _fold(self, event: Event, stream: str) -> None:
        occasion = occasion_of(event, event.stream)
        if event.type in FACTS:
            self.whole[stream].add_fact(event.type, event.data, stream, occasion)
        else:
            self.whole[stream].add(event.type, event.data, event.occurred_at, event.id, occasion)


def _update(unit: UnitOfWork, events: Sequence[Event]) -> None:
    update_summaries(unit, events, store.OrderArchives(unit, ZONE))


def test_what_is_archived_is_found_again_whatever_happens_to_it(
    service_database: Callable[[str], Database], engine: str
) -> None:
    work = UnitOfWorkRunner(service_database("segments"), "segments", FixedClock(NOW))

    @settings(
        max_examples=300 if FULL_SIZE else 20 if engine == "sqlite" else 8,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(courses(), st.lists(texts, min_size=1, max_size=3), st.data())
    def compare(course: list[RecordedStep], rules: list[str], data: st.DataObject) -> None:
        streams = StoredStreams(work)
        for batch in batches(course):
            streams.apply(batch)
            names = data.draw(st.lists(st.sampled_from(STREAMS), min_size=1, unique=True))
            later = data.draw(st.sampled_from([0, 1, DAY, 60 * DAY]))
            streams.check([streams.names[name] for name in names], rules, later)
        orders = sum(len(summary.state.orders) for summary in streams.whole.values())
        assert streams.archived() <= max(orders - FEW, 0)

    compare()


def test_days_of_a_zone_are_right_after_orders_have_changed_in_another_one(
    service_database: Callable[[str], Database], log: ProfilesLog
) -> None:
    work = UnitOfWorkRunner(service_database("segments"), "segments", FixedClock(NOW))
    whole = Summary()

    def apply(zone: tzinfo) -> None:
        def update(unit: UnitOfWork) -> None:
            update_summaries(unit, log.events, store.OrderArchives(unit, zone))

        work.run(update)
        for event in log.events:
            occasion = occasion_of(event, event.stream)
            whole.add(event.type, event.data, event.occurred_at, event.id, occasion)
        log.events.clear()

    def days(unit: UnitOfWork) -> BuyingHistory | None:
        (stored,) = load_stream_summaries(unit, ["grace"]).values()
        return BuyingHistory.of(stored.book(NOW).by_day(ZONE), ZONE)

    for number in range(6):
        log.order("grace", number, at=NOW - (20 - 2 * number) * DAY)
    apply(ZONE)
    log.append("grace", "order_cancelled", {"order_id": "grace-1"})
    log.order("grace", 6, at=NOW - 16 * DAY)  # there is one on that day
    apply(UTC)
    assert work.read(days) == BuyingHistory.of(whole.book(NOW).orders, ZONE)
    log.order("grace", 7, at=NOW - 13 * DAY)
    apply(ZONE)
    assert work.read(days) == BuyingHistory.of(whole.book(NOW).orders, ZONE)


def test_orders_of_the_first_day_that_there_is_are_archived(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    segments.projection.registry.zone = ZoneInfo("America/Sao_Paulo")
    log.move(p="p")
    for number in range(4 * FEW):
        log.order("p", number, at=parse_instant("0001-01-01T00:00:00Z"))
    log.order("p", 99)
    segments.follow(*log.events)
    assert segments.work.read(_archived_orders) == 4 * FEW + 1 - FEW
    assert "returning_one_time_buyer" not in segments.of("p")


def _archived_orders(unit: UnitOfWork) -> int:
    (summary,) = load_stream_summaries(unit, ["p"]).values()
    archived: int = summary.state.archived["orders"]
    return archived


def test_a_preview_reads_what_is_archived(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    for name, orders in (("grace", 5), ("ada", 4)):
        log.move(**{name: name})
        for number in range(orders):
            log.order(name, number, at=NOW - (20 + number) * DAY)
    segments.follow(*log.events)
    found = queries.preview(segments.work, 'orders(within="60d") * 2 >= orders() + 5')
    assert (found["members"], found["sample"], found["complete"]) == (1, ["grace"], True)


def test_a_segment_follows_orders_that_were_archived_long_ago(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    segments.define("buyer", 'orders(within="100d") >= 5')
    log.move(grace="grace")
    for number in range(6):
        log.order("grace", number, at=NOW - (90 - number) * DAY)
    segments.follow(*log.events)
    log.events.clear()
    assert [e.type for e in segments.published if e.data["segment"] == "buyer"] == [
        "segment_entered"
    ]
    segments.published.clear()
    for number in (0, 3):
        log.append("grace", "order_cancelled", {"order_id": f"grace-{number}"})
    segments.follow(*log.events)
    assert [e.type for e in segments.published if e.data["segment"] == "buyer"] == [
        "segment_exited"
    ]
    explained = segments.work.read(
        lambda unit: queries.explain(unit, segments.registry.current(unit), "grace", "buyer")
    )
    assert explained["why"] == ['false: orders(within="100d") >= 5 (4)']
