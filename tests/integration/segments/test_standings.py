"""What time has changed is told once and dated to its instant, whoever comes first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from chassis import DAY, HOUR, MINUTE, format_instant
from services.segments import store
from tests.support.segments_service import NOW, ProfilesLog, SegmentsWithoutNameko

DEFINED = {
    "segment": "recent_viewer",
    "rule": 'count("product_viewed", within="1d") > 0',
    "description": "Has looked at something in the last day.",
}


@pytest.fixture
def viewers(
    log: ProfilesLog, segments: SegmentsWithoutNameko, size: Callable[[int, int], int]
) -> list[str]:
    """Shoppers whose windows end within a minute, a day from now."""
    segments.define(**DEFINED)
    count = size(60, 1_000)
    names = [f"p{number:04}" for number in range(count)]
    for number, name in enumerate(names):
        log.move(**{name: name})
        log.append(name, "product_viewed", {}, NOW - number * MINUTE // count)
    for first in range(0, len(log.events), 100):
        segments.follow(*log.events[first : first + 100])
    log.events.clear()
    segments.changes()
    return names


def exits(segments: SegmentsWithoutNameko) -> list[tuple[str, int, str]]:
    """Who has left `recent_viewer`, when, and why."""
    found = [
        (event.stream, event.occurred_at, event.data["reason"])
        for event in segments.published
        if event.type == "segment_exited" and event.data["segment"] == "recent_viewer"
    ]
    segments.published.clear()
    return found


def expected(viewers: list[str]) -> list[tuple[str, int, str]]:
    return [
        (name, NOW + DAY - number * MINUTE // len(viewers), "time")
        for number, name in enumerate(viewers)
    ]


def test_an_event_before_the_timer_finds_what_time_has_changed_at_its_instant(
    log: ProfilesLog, segments: SegmentsWithoutNameko, viewers: list[str]
) -> None:
    segments.clock.at = log.clock.at = NOW + DAY + 5 * HOUR
    for name in viewers:
        log.append(name, "product_viewed", {}, segments.clock.at)
    for first in range(0, len(log.events), 100):
        segments.follow(*log.events[first : first + 100])
    entries = [event for event in segments.published if event.type == "segment_entered"]
    assert {(e.occurred_at, e.data["reason"]) for e in entries} == {(segments.clock.at, "event")}
    assert sorted(exits(segments)) == expected(viewers)
    segments.reevaluate()
    assert exits(segments) == []
    assert set(segments.of(viewers[0])) >= {"recent_viewer"}


def test_an_exit_before_an_event_is_as_of_the_streams_before_it(
    log: ProfilesLog, segments: SegmentsWithoutNameko, viewers: list[str]
) -> None:
    segments.clock.at = log.clock.at = NOW + DAY + 5 * HOUR
    segments.follow(log.append(viewers[0], "product_viewed", {}, segments.clock.at))
    exited, entered = (
        event for event in segments.published if event.data["segment"] == "recent_viewer"
    )
    assert exited.data["as_of"] == {viewers[0]: 2}
    assert entered.data["as_of"] == {viewers[0]: 3}


def test_a_definition_before_the_timer_leaves_what_time_has_changed_at_its_instant(
    segments: SegmentsWithoutNameko, viewers: list[str]
) -> None:
    segments.clock.at = NOW + DAY + 5 * HOUR
    segments.define("other", 'count("product_viewed") > 5', "Looks at much.")
    segments.reevaluate()
    assert sorted(exits(segments)) == expected(viewers)


def test_the_timer_ends_each_window_once_at_its_instant(
    segments: SegmentsWithoutNameko, viewers: list[str]
) -> None:
    segments.clock.at = NOW + DAY + 5 * HOUR
    segments.reevaluate()
    segments.reevaluate()
    assert sorted(exits(segments)) == expected(viewers)


def test_a_replica_that_dies_in_the_middle_leaves_the_rest_to_the_next_one(
    segments: SegmentsWithoutNameko, viewers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    segments.clock.at = NOW + DAY + 5 * HOUR
    assert segments.tick(len(viewers) // 3) == len(viewers) // 3
    with monkeypatch.context() as patch:
        patch.setattr(store, "save_entries", _die)
        with pytest.raises(Dead):
            segments.tick(len(viewers) // 3)
    first = exits(segments)
    assert len(first) == len(viewers) // 3
    successor = SegmentsWithoutNameko(segments.work.database)
    successor.clock.at = segments.clock.at + MINUTE
    successor.reevaluate()
    assert sorted([*first, *exits(successor)]) == expected(viewers)


class Dead(BaseException):
    pass


def _die(*_arguments: object) -> None:
    """After the states were stored, and before anything was published."""
    raise Dead


def test_a_replica_behind_in_time_re_enters_nobody(
    log: ProfilesLog, segments: SegmentsWithoutNameko, viewers: list[str]
) -> None:
    segments.clock.at = NOW + 2 * DAY
    segments.reevaluate()
    assert len(exits(segments)) == len(viewers)
    segments.clock.at = NOW + HOUR
    segments.follow(log.append(viewers[0], "product_viewed", {}, NOW - HOUR))
    assert segments.of(viewers[0]) == {"first_time_visitor"}


def test_a_replica_behind_in_time_answers_as_of_the_instant_that_was_evaluated(
    segments: SegmentsWithoutNameko, viewers: list[str]
) -> None:
    segments.clock.at = NOW + 2 * DAY
    segments.reevaluate()
    segments.clock.at = NOW + HOUR
    assert segments.memberships(viewers[0])["as_of"] == format_instant(NOW + 2 * DAY)
    explained = segments.explain(viewers[0], "recent_viewer")
    assert (explained["as_of"], explained["member"]) == (format_instant(NOW + 2 * DAY), False)
    assert [each["holds"] for each in explained["conditions"]] == [False]


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_what_is_evaluated_while_an_answer_is_read_is_in_all_of_it(
    log: ProfilesLog,
    segments: SegmentsWithoutNameko,
    viewers: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    segments.define("reader", 'exists("page_read")')
    segments.reevaluate()
    read = log.append(viewers[0], "page_read", {}, NOW)
    coming = [read]
    load_memberships = store.load_memberships

    def load_after_the_event(*arguments: Any) -> Any:
        while coming:
            segments.follow(coming.pop())
        return load_memberships(*arguments)

    monkeypatch.setattr(store, "load_memberships", load_after_the_event)
    answer = segments.memberships(viewers[0])
    assert "reader" in {each["segment"] for each in answer["segments"]}
    assert answer["versions"] == {viewers[0]: read.version}
    coming.append(log.append(viewers[0], "cart_cleared", {}, NOW))
    segments.define("clearer", 'exists("cart_cleared")')
    segments.reevaluate()
    explained = segments.explain(viewers[0], "clearer")
    assert explained["member"]
    assert [each["holds"] for each in explained["conditions"]] == [True]


def test_what_came_and_went_before_a_clock_is_over_for_a_replica_behind_it(
    log: ProfilesLog, segments: SegmentsWithoutNameko, viewers: list[str]
) -> None:
    segments.define("recent_reader", 'exists("page_read", within="1h")')
    segments.reevaluate()
    segments.clock.at = NOW + 5 * HOUR
    segments.follow(log.append(viewers[0], "page_read", {}, NOW + 2 * HOUR))
    segments.clock.at = NOW + 2 * HOUR + MINUTE
    assert segments.memberships(viewers[0])["as_of"] == format_instant(NOW + 5 * HOUR)


def test_an_event_that_was_recorded_ahead_of_a_replicas_clock_is_answered_as_of_then(
    log: ProfilesLog, segments: SegmentsWithoutNameko, viewers: list[str]
) -> None:
    segments.define("recent_reader", 'exists("page_read", within="1h")')
    segments.reevaluate()
    log.clock.at = NOW + 5 * HOUR
    segments.follow(log.append(viewers[0], "page_read", {}, NOW + 2 * HOUR))
    segments.clock.at = NOW + 2 * HOUR + MINUTE
    assert segments.memberships(viewers[0])["as_of"] == format_instant(NOW + 5 * HOUR)


def test_both_sides_of_a_merge_and_of_a_split_keep_the_greater_watermark(
    log: ProfilesLog, segments: SegmentsWithoutNameko, viewers: list[str]
) -> None:
    first, second = viewers[:2]
    segments.clock.at = NOW + 2 * DAY
    segments.reevaluate()  # by a replica that is ahead
    segments.clock.at = NOW + HOUR
    log.move(other="other")
    segments.follow(*log.events)
    log.events.clear()
    log.move("merged", **{first: "other"})
    segments.follow(*log.events)
    assert "recent_viewer" not in segments.of("other")
    segments.follow(log.append("other", "signed_out", {}))
    log.events.clear()
    log.move("separated", **{first: first})
    segments.follow(*log.events)
    for name in (first, second, "other"):
        assert "recent_viewer" not in segments.of(name)
    rows = segments.rows(sa.select(store.PROFILES.c.profile_id, store.PROFILES.c.watermark))
    marks = {row.profile_id: row.watermark for row in rows}
    assert {marks[name] for name in (first, second, "other")} == {NOW + 2 * DAY}


def test_an_event_that_touches_no_rule_leaves_the_evaluation_state_as_it_is(
    log: ProfilesLog, segments: SegmentsWithoutNameko, viewers: list[str]
) -> None:
    rows = sa.select(store.PROFILES).where(store.PROFILES.c.profile_id == viewers[0])
    before = segments.rows(rows)
    segments.follow(log.append(viewers[0], "signed_out", {}))
    assert segments.rows(rows) == before


def test_a_profile_that_gets_its_own_stream_after_others_have_come_and_gone_is_evaluated(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    log.move(guest="guest")
    log.move("merged", guest="late")
    log.move("split", guest="guest")
    log.move(late="late")
    own = log.events.pop()
    for event in log.events:
        segments.follow(event)
    segments.follow(own)
    assert segments.of("late") == {"first_time_visitor"}
    assert segments.of("guest") == {"first_time_visitor"}


def test_a_profile_is_settled_when_it_is_first_evaluated_also_in_no_segment(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    segments.define("first_time_visitor", "False")
    log.move(p="p")
    log.append("p", "signed_out", {})
    segments.follow(*log.events)
    (settled,) = segments.settled
    assert settled.data == {"profile_id": "p", "segments": [], "as_of": {"p": 2}}
    segments.follow(log.order("p"))
    assert len(segments.settled) == 1


def test_both_sides_of_a_merge_that_have_streams_are_settled_again(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    log.move(a="a", b="b", c="b")
    log.order("a")
    segments.follow(*log.events)
    log.events.clear()
    segments.settled.clear()
    log.move("merged", b="a")
    segments.follow(*log.events)
    settled = {event.stream: event.data for event in segments.settled}
    assert {name: [s["segment"] for s in data["segments"]] for name, data in settled.items()} == {
        "a": ["returning_one_time_buyer"],
        "b": ["first_time_visitor"],
    }
    assert settled["a"]["as_of"].keys() == {"a", "b"}


def test_a_rule_that_reads_the_data_of_events_is_exact_in_time(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    shoes = 'exists("product_viewed", where=category == "shoes", within="2d")'
    segments.define("shoes", shoes)
    segments.define("shoe_buyer", f'{shoes} and orders() > 0 and "high_value" not in segments')
    log.move(a="a", b="a", c="c")
    log.append("a", "product_viewed", {"category": "hats"})
    log.append("b", "product_viewed", {"category": "shoes"}, NOW - DAY)
    log.append("c", "product_viewed", {"category": "hats"})
    segments.follow(*log.events)
    assert segments.of("a") == {"first_time_visitor", "shoes"}
    assert segments.of("c") == {"first_time_visitor"}
    segments.follow(log.order("a"))
    assert segments.of("a") == {"returning_one_time_buyer", "shoes", "shoe_buyer"}
    segments.follow(log.order("a", 2, cents=90_000))
    assert segments.of("a") == {"shoes", "high_value"}
    segments.changes()
    segments.clock.at = NOW + 5 * DAY
    segments.reevaluate()
    assert segments.changes() == [("a", "exited", "shoes", "time")]
    assert segments.explain("a", "shoes")["member"] is False


def test_what_turns_between_two_events_of_a_batch_is_dated_to_its_instant(
    log: ProfilesLog, segments: SegmentsWithoutNameko, viewers: list[str]
) -> None:
    log.clock.at = NOW + DAY - HOUR
    for name in viewers:
        log.append(name, "signed_out", {}, log.clock.at)
    log.clock.at = NOW + DAY + HOUR
    for name in viewers:
        log.append(name, "product_viewed", {}, log.clock.at)
    segments.clock.at = NOW + DAY + 5 * HOUR
    for first in range(0, len(log.events), 100):
        segments.follow(*log.events[first : first + 100])
    assert sorted(exits(segments)) == expected(viewers)
    assert "recent_viewer" in segments.of(viewers[0])


def test_what_turns_between_two_events_of_a_batch_is_as_of_the_first_of_them(
    log: ProfilesLog, segments: SegmentsWithoutNameko, viewers: list[str]
) -> None:
    name = viewers[0]
    log.clock.at = NOW + DAY - HOUR
    log.append(name, "signed_out", {}, log.clock.at)
    log.clock.at = NOW + DAY + HOUR
    log.append(name, "product_viewed", {}, log.clock.at)
    segments.clock.at = NOW + DAY + 5 * HOUR
    segments.follow(*log.events)
    exited, entered = (
        event for event in segments.published if event.data["segment"] == "recent_viewer"
    )
    assert exited.data["as_of"] == {name: 3}
    assert (entered.data["as_of"], entered.data["reason"]) == ({name: 4}, "event")
