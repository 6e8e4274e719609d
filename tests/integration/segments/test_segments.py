"""Projections, evaluation and queries of segments, on both databases, without nameko."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import eventlet
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nameko.testing.services import worker_factory
from prometheus_client import REGISTRY

from chassis import (
    DAY,
    HOUR,
    MINUTE,
    Event,
    InvalidInput,
    NotFound,
    Unavailable,
    format_instant,
    new_id,
)
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWork
from chassis.validation import load
from contracts.segments import (
    PREVIEW_RESPONSE,
)
from profile_index.tables import SUMMARIES
from services.segments import commands, queries, store
from services.segments.configuration import read_definition
from services.segments.projections import MembershipProjection
from services.segments.service import SegmentsService
from tests.support import oracle
from tests.support.segments_service import FEW, NOW, ProfilesLog, SegmentsWithoutNameko, shop_file


def test_a_new_shopper_enters_and_an_order_moves_them_on(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    log.move(p="p")
    segments.follow(*log.events)
    assert segments.changes() == [("p", "entered", "first_time_visitor", "event")]
    segments.follow(log.order("p"))
    assert segments.changes() == [
        ("p", "exited", "first_time_visitor", "event"),
        ("p", "entered", "returning_one_time_buyer", "event"),
    ]


def test_an_entry_says_what_it_was_evaluated_from(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    log.move(p="p")
    log.move("linked", q="p")
    log.order("q")
    segments.follow(*log.events)
    (entered,) = segments.published
    assert entered.data == {
        "segment": "returning_one_time_buyer",
        "profile_id": "p",
        "definition_version": 1,
        "reason": "event",
        "as_of": {"p": 1, "q": 2},
    }
    assert (entered.stream, entered.version, entered.occurred_at) == ("p", 1, NOW)


def test_events_that_change_nothing_tell_nothing(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    log.move(p="p")
    segments.follow(*log.events)
    segments.changes()
    for _ in range(3):
        segments.follow(log.append("p", "product_viewed", {}))
    segments.follow(*log.events)
    assert segments.changes() == []


def test_a_merge_tells_the_net_change_and_empties_the_profile_that_is_no_more(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    log.move(guest="guest")
    log.move(known="known")
    log.order("known")
    segments.follow(*log.events)
    segments.changes()
    log.move("merged", guest="known")
    segments.follow(*log.events)
    assert segments.changes() == [("guest", "exited", "first_time_visitor", "merge")]
    log.order("guest", 2)
    segments.follow(*log.events)
    assert segments.changes() == [("known", "exited", "returning_one_time_buyer", "event")]
    assert segments.memberships("guest")["profile_id"] == "known"


def test_a_merge_of_somebody_who_has_not_bought_with_a_buyer_is_exact_at_once(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    log.move(a="a")
    log.order("a")
    log.move(b="b")
    log.order("b", 2)
    segments.follow(*log.events)
    segments.changes()
    log.move("merged", b="a")
    segments.follow(*log.events)
    assert sorted(segments.changes()) == [
        ("a", "exited", "returning_one_time_buyer", "merge"),
        ("b", "exited", "returning_one_time_buyer", "merge"),
    ]


def test_a_split_restores_the_segments_of_both(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    log.move(a="a")
    log.move(b="b")
    log.order("a")
    segments.follow(*log.events)
    log.move("merged", b="a")
    segments.follow(*log.events)
    segments.changes()
    log.move("split", b="b")
    segments.follow(*log.events)
    assert segments.changes() == [("b", "entered", "first_time_visitor", "merge")]
    assert segments.of("a") == {"returning_one_time_buyer"}


def test_time_alone_ends_a_membership_at_the_exact_instant(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    log.move(p="p")
    for number in range(6):
        log.order("p", number, at=NOW - number * DAY)
    segments.follow(*log.events)
    assert "frequent_buyer" in segments.of("p")
    segments.changes()
    turn = NOW - 5 * DAY + 60 * DAY
    segments.clock.at = turn - 1
    assert (segments.tick(), segments.changes()) == (0, [])
    segments.clock.at = turn + 3 * HOUR
    assert segments.tick() == 1
    (exited,) = segments.published
    assert (exited.occurred_at, exited.recorded_at) == (turn, turn + 3 * HOUR)
    assert segments.changes() == [("p", "exited", "frequent_buyer", "time")]
    assert segments.tick() == 0


def test_a_membership_is_exact_when_asked_even_before_the_timer_has_come(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    log.move(p="p")
    log.cart("p", at=NOW)
    segments.follow(*log.events)
    segments.clock.at = NOW + HOUR - 1
    assert segments.of("p") == {"first_time_visitor"}
    segments.clock.at = NOW + HOUR + MINUTE
    response = segments.memberships("p")
    assert response["segments"] == [
        {"segment": "abandoned_cart", "since": "2026-11-21T20:30:00.000000Z", "version": 1},
        {"segment": "first_time_visitor", "since": "2026-11-21T19:30:00.000000Z", "version": 1},
    ]
    assert response["as_of"] == "2026-11-21T20:31:00.000000Z"
    assert response["versions"] == {"p": 2}
    assert segments.changes()[-1] == ("p", "entered", "abandoned_cart", "time")
    assert segments.tick() == 0


def test_a_restart_between_entry_and_exit_loses_no_exit(
    log: ProfilesLog, service_database: Callable[[str], Database]
) -> None:
    database = service_database("segments")
    log.move(p="p")
    log.cart("p")
    SegmentsWithoutNameko(database).follow(*log.events)
    later = SegmentsWithoutNameko(database)
    later.clock.at = NOW + 31 * DAY
    later.tick()
    assert later.changes() == []
    assert later.of("p") == {"first_time_visitor"}


def test_a_new_definition_is_told_of_everybody_in_turns(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    for number in range(5):
        log.move(**{f"p{number}": f"p{number}"})
    log.order("p0")
    segments.follow(*log.events)
    segments.changes()
    listed = segments.define("newcomer", "never('order_completed')", "No order yet.")
    assert (listed["version"], listed["members"], listed["status"]) == (1, 0, "backfilling")
    assert segments.tick(limit=3) == 3
    assert segments.by_name()["newcomer"]["status"] == "backfilling"
    assert segments.by_name()["high_value"]["status"] == "live"
    assert segments.tick(limit=3) == 2
    assert sorted(segments.changes()) == [
        (f"p{number}", "entered", "newcomer", "definition") for number in range(1, 5)
    ]
    assert segments.by_name()["newcomer"]["status"] == "live"
    assert segments.by_name()["newcomer"]["members"] == 4


def test_a_changed_rule_is_a_new_version_and_the_same_one_is_none(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    log.move(p="p")
    log.order("p", cents=20_000)
    segments.follow(*log.events)
    segments.changes()
    assert segments.define("high_value", 'revenue("USD") >= 100')["version"] == 2
    assert segments.define("high_value", 'revenue("USD") >= 100')["version"] == 2
    assert segments.of("p") == {"high_value", "returning_one_time_buyer"}
    assert [event.data["definition_version"] for event in segments.published] == [2]
    assert segments.changes() == [("p", "entered", "high_value", "definition")]


def test_a_segment_with_the_rule_false_ends(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    log.move(p="p")
    segments.follow(*log.events)
    segments.changes()
    segments.define("first_time_visitor", "False")
    segments.tick()
    assert segments.changes() == [("p", "exited", "first_time_visitor", "definition")]


def test_a_definition_stays_over_a_restart_until_the_file_itself_changes(
    service_database: Callable[[str], Database],
) -> None:
    database = service_database("segments")
    SegmentsWithoutNameko(database).define("high_value", 'revenue("EUR") >= 1')
    assert SegmentsWithoutNameko(database).by_name()["high_value"]["version"] == 2
    file = shop_file("high_value: {rule: revenue('GBP') >= 1, description: x}")
    changed = SegmentsWithoutNameko(database, file).by_name()["high_value"]
    assert (changed["version"], changed["rule"]) == (3, "revenue('GBP') >= 1")


def test_two_replicas_share_their_definitions(service_database: Callable[[str], Database]) -> None:
    database = service_database("segments")
    one, other = SegmentsWithoutNameko(database), SegmentsWithoutNameko(database)
    assert one.by_name() == other.by_name()
    one.define("newcomer", "never('order_completed')")
    assert other.by_name()["newcomer"]["version"] == 1


def test_a_definition_that_is_rolled_back_is_not_remembered(
    segments: SegmentsWithoutNameko,
) -> None:
    definition = read_definition({"segment": "a", "rule": "True", "description": "x"})

    def fail(unit: Any) -> None:
        commands.define(unit, definition)
        raise InvalidInput("test", "rolls back")

    with pytest.raises(InvalidInput):
        segments.work.run(fail)
    assert "a" not in segments.by_name()
    segments.define("b", "True")
    assert sorted(segments.by_name()) == sorted([*(d.segment for d in FEW.definitions), "b"])


def test_a_preview_counts_members_and_names_some(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    for number in range(12):
        log.move(**{f"p{number:02}": f"p{number:02}"})
    log.order("p00")
    log.move("merged", p01="p00")
    segments.follow(*log.events)
    response = queries.preview(segments.work, 'never("order_complete")')
    load(PREVIEW_RESPONSE, response)
    assert (response["members"], response["evaluated"], response["profiles"]) == (11, 11, 11)
    assert (response["complete"], len(response["sample"])) == (True, 10)
    assert response["warnings"][0].endswith("did you mean order_completed?")
    assert segments.by_name().keys() == {d.segment for d in FEW.definitions}


def test_a_preview_of_a_rule_that_asks_for_a_segment_goes_by_its_members(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    segments.define("buyer", "orders() >= 1")
    for profile in ("p", "q"):
        log.move(**{profile: profile})
    log.order("p")
    segments.follow(*log.events)
    for rule, member in (('"buyer" in segments', "p"), ('not "buyer" in segments', "q")):
        assert queries.preview(segments.work, rule)["sample"] == [member]


def test_a_preview_that_runs_out_of_time_says_so(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    log.move(p="p")
    segments.follow(*log.events)
    ticks = iter([0.0, queries.PREVIEW_SECONDS])
    response = queries.preview(segments.work, "orders() == 0", timer=lambda: next(ticks))
    assert (response["evaluated"], response["profiles"], response["complete"]) == (0, 1, False)


def test_a_preview_of_a_wrong_rule_says_where_it_is_wrong(segments: SegmentsWithoutNameko) -> None:
    with pytest.raises(InvalidInput, match="rule: line 1, column 1: nothing is called order"):
        queries.preview(segments.work, "order() > 1")


def test_an_explanation_has_each_comparison_with_its_value(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    log.move(p="p")
    log.order("p")
    segments.follow(*log.events)
    response = segments.explain("p", "frequent_buyer")
    assert response["why"] == ['false: orders(within="60d") > 5 (1)']
    assert (response["member"], response["since"], response["changes_at"]) == (False, None, None)
    assert segments.explain("p", "returning_one_time_buyer")["member"] is True


def test_an_explanation_says_when_another_segment_that_is_asked_for_changes(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    segments.define("recent", 'orders(within="10d") >= 1')
    segments.define("fan", '"recent" in segments and not "high_value" in segments')
    log.move(p="p")
    log.order("p")
    segments.follow(*log.events)
    response = segments.explain("p", "fan")
    leaves = format_instant(NOW + 10 * DAY)
    assert [each["changes_at"] for each in response["conditions"]] == [leaves, None]
    assert (response["member"], response["changes_at"]) == (True, leaves)
    segments.clock.at = NOW + 10 * DAY
    assert segments.explain("p", "fan")["member"] is False


def test_who_or_what_nobody_knows_is_named(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    log.move(p="p")
    segments.follow(*log.events)
    with pytest.raises(NotFound, match="profile_id: is not a profile"):
        segments.memberships("nobody")
    with pytest.raises(NotFound, match="segment: vip is not defined; there are abandoned_cart"):
        segments.explain("p", "vip")


def test_a_failed_attempt_leaves_nothing_behind(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    log.move(p="p")
    projection = MembershipProjection(segments.registry)

    def fail(unit: Any) -> None:
        projection.apply(unit, log.events)
        raise InvalidInput("test", "dies before the commit")

    with pytest.raises(InvalidInput):
        segments.work.run(fail)
    segments.follow(*log.events)
    assert segments.changes() == [("p", "entered", "first_time_visitor", "event")]


instants = st.builds(
    lambda ago, edge: NOW - ago + edge,
    st.sampled_from([0, HOUR, DAY, 2 * DAY, 30 * DAY, 59 * DAY, 60 * DAY, 90 * DAY, -HOUR]),
    st.integers(-1, 1),
)
order_ids = st.fixed_dictionaries({"order_id": st.sampled_from(["A", "B", "C"])})
money = {"currency": st.sampled_from(["USD", "EUR"])}
lines = st.lists(st.fixed_dictionaries({"quantity": st.integers(1, 2)}), max_size=1)
acts: st.SearchStrategy[tuple[str, Any]] = st.one_of(
    st.tuples(
        st.just("order_completed"),
        st.fixed_dictionaries(
            {
                "order_id": st.sampled_from(["A", "B", "C", "D", "E", "F", "G", "H"]),
                "revenue": st.sampled_from([0, 9_999, 25_000, 50_000]),
                **money,
            }
        ),
    ),
    st.tuples(
        st.just("order_refunded"),
        order_ids
        | st.fixed_dictionaries(
            {"order_id": st.just("A"), "amount": st.sampled_from([1, 10_000]), **money}
        ),
    ),
    st.tuples(st.just("order_cancelled"), order_ids),
    st.tuples(st.just("cart_updated"), st.fixed_dictionaries({"products": lines})),
    st.tuples(st.just("product_viewed"), st.just({})),
)
steps = st.lists(
    st.tuples(st.integers(0, 2), acts, instants) | st.tuples(st.integers(0, 2), st.integers(0, 2)),
    max_size=14,
)


def spoil(segments: SegmentsWithoutNameko, profile_id: str, summary: Any) -> Any:
    """Exchange the summary of a profile's stream; the one before."""
    column = SUMMARIES.c.state
    of_profile = SUMMARIES.c.stream_id == profile_id
    before = segments.rows(sa.select(column).where(of_profile))[0][0]
    statement = sa.update(SUMMARIES).where(of_profile).values(state=summary)
    segments.work.run(lambda unit: unit.connection.execute(statement))
    return before


def try_again_at(segments: SegmentsWithoutNameko, instant: int) -> None:
    """End the pauses of all profiles that fail, or make them long."""
    statement = sa.update(store.FAILING).values(try_at=instant)
    segments.work.run(lambda unit: unit.connection.execute(statement))


def test_a_profile_whose_evaluation_fails_delays_no_other_and_stays_due(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    profiles = [f"p{number:03}" for number in range(130)]
    for profile in profiles:
        log.move(**{profile: profile})
        log.cart(profile)
    segments.follow(*log.events)
    segments.changes()
    first = profiles[0]  # due before all others
    sound = {profile: spoil(segments, profile, "no summary") for profile in (first, "p077")}
    segments.clock.at += 2 * HOUR
    segments.reevaluate()
    abandoned = {profile for profile, *_ in segments.changes()}
    assert abandoned == set(profiles) - sound.keys(), "carts are abandoned by time"
    assert segments.failing() == {first: 1, "p077": 1}
    assert segments.gauge() == 2
    try_again_at(segments, 2**60)
    segments.reevaluate()
    assert segments.failing() == {first: 1, "p077": 1}, "they are left alone for a moment"
    try_again_at(segments, 0)
    segments.reevaluate()
    assert segments.failing() == {first: 2, "p077": 2}
    try_again_at(segments, 0)
    for profile, summary in sound.items():
        spoil(segments, profile, summary)
    segments.reevaluate()
    assert {profile for profile, *_ in segments.changes()} == sound.keys()
    assert (segments.failing(), segments.gauge()) == ({}, 0)


def test_a_profile_that_an_event_mends_fails_no_more(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    log.move(p="p")
    log.cart("p")
    segments.follow(*log.events)
    summary = spoil(segments, "p", "no summary")
    segments.clock.at += 2 * HOUR
    segments.reevaluate()
    assert segments.failing() == {"p": 1}
    spoil(segments, "p", summary)
    segments.follow(log.cart("p", segments.clock.at))
    segments.reevaluate()
    assert segments.failing() == {}


def with_carts(log: ProfilesLog, segments: SegmentsWithoutNameko, count: int) -> Mapping[str, Any]:
    """So many profiles, spoiled and due in the order of their ids, and their sound summaries."""
    profiles = [f"p{number:03}" for number in range(count)]
    for number, profile in enumerate(profiles):
        log.move(**{profile: profile})
        log.cart(profile, NOW + number)
    segments.follow(*log.events)
    segments.clock.at += 2 * HOUR
    segments.changes()
    return {profile: spoil(segments, profile, "no summary") for profile in profiles}


def abandoned(segments: SegmentsWithoutNameko) -> set[str]:
    return {profile for profile, *_ in segments.changes()}


def outages() -> float:
    """The gauge of what nobody can be evaluated for."""
    value = REGISTRY.get_sample_value("cdp_evaluation_outages", {"service": "segments"})
    return -1.0 if value is None else value


def test_profiles_that_fail_are_found_bit_by_bit(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    """Each round has its time; what it did not come to is for the next one."""
    with_carts(log, segments, 4)
    counts = []
    while len(segments.failing()) < 4:
        segments.reevaluate(seconds=0.0)
        try_again_at(segments, 2**60)
        counts.append(len(segments.failing()))
    assert counts == [1, 2, 3, 4]


def test_what_fails_for_everybody_is_an_outage_and_nobody_is_left_alone(
    log: ProfilesLog, segments: SegmentsWithoutNameko, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = with_carts(log, segments, 130)
    statements = count_statements(segments)
    segments.reevaluate()
    assert (segments.failing(), segments.gauge(), outages()) == ({}, 0, 1)
    assert len(statements) < 400, "the search is cut short"
    statements.clear()
    segments.due.run(segments.work, segments.registry, 60.0)
    assert statements == [], "there is a pause"
    for _ in range(20):
        segments.clock.at += 5_000_000
        segments.reevaluate()
    assert (segments.failing(), outages()) == ({}, 1)
    for profile, summary in sound.items():
        spoil(segments, profile, summary)
    segments.reevaluate()
    assert abandoned(segments) == sound.keys()
    assert (segments.failing(), outages()) == ({}, 0)


@pytest.mark.parametrize("well", ["p129", "p000", "p065"])
def test_many_that_fail_alike_are_left_alone_while_another_can_be_evaluated(
    log: ProfilesLog, segments: SegmentsWithoutNameko, well: str
) -> None:
    """Wherever it stands in the queue: the others of its page fail one and all."""
    sound = with_carts(log, segments, 130)
    spoil(segments, well, sound[well])
    for _ in range(40):
        segments.reevaluate()
        segments.clock.at += 5_000_000
        if well in abandoned(segments):
            break
    else:
        pytest.fail("it waits for ever")
    assert well not in segments.failing()


def test_those_that_were_left_alone_before_an_evaluation_went_well_stay_so(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    """An outage lets those go on that it had hit itself, and no others."""
    sound = with_carts(log, segments, 30)
    spoil(segments, "p029", sound["p029"])
    segments.reevaluate()
    assert abandoned(segments) == {"p029"}
    assert (len(segments.failing()), outages()) == (5, 1)
    before = set(segments.failing())
    try_again_at(segments, 2**60)
    segments.reevaluate()
    assert (set(segments.failing()), outages()) == (before, 1)


def test_an_outage_that_others_have_mended_is_over_after_a_minute(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    sound = with_carts(log, segments, 8)
    segments.reevaluate()
    assert outages() == 1
    for profile, summary in sound.items():
        spoil(segments, profile, summary)
        segments.of(profile)
    segments.seconds += 60
    segments.clock.at += 60_000_000
    segments.reevaluate()
    assert outages() == 0


def test_many_profiles_that_fail_make_no_query_longer(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    def lengths() -> list[int]:
        statements = count_statements(segments)
        segments.reevaluate()
        return [len(statement) for statement in statements]

    log.move(p="p")
    segments.follow(*log.events)
    before = lengths()
    rows = [{"profile_id": f"q{n}", "failures": 1, "try_at": 2**60} for n in range(1_000)]
    states = [{"profile_id": row["profile_id"], "next_at": 1, "generation": 1} for row in rows]
    segments.work.run(lambda unit: unit.connection.execute(sa.insert(store.FAILING), rows))
    segments.work.run(lambda unit: unit.connection.execute(sa.insert(store.PROFILES), states))
    assert lengths() == before
    assert len(segments.failing()) == 1_000


def count_statements(segments: SegmentsWithoutNameko) -> list[str]:
    """The statements that run from now on, with their values."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        statements.append(f"{statement} {values}")

    sa.event.listen(segments.work.database.engine, "before_cursor_execute", note)
    return statements


def test_a_database_that_does_not_fit_is_no_profiles_fault(
    log: ProfilesLog, segments: SegmentsWithoutNameko, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.move(p="p")
    log.cart("p")
    segments.follow(*log.events)
    segments.clock.at += 2 * HOUR

    def ask_for_a_column_that_is_gone(unit: UnitOfWork, _profile_ids: Any) -> Any:
        return unit.connection.exec_driver_sql("SELECT gone FROM memberships")

    with monkeypatch.context() as patch:
        patch.setattr(store, "save_evaluation_states", ask_for_a_column_that_is_gone)
        with pytest.raises(Unavailable, match="does not fit this release"):
            segments.reevaluate()
    assert segments.failing() == {}
    segments.changes()
    segments.reevaluate()
    assert segments.changes()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps, st.randoms(use_true_random=False), st.integers(0, 70 * DAY))
def test_whatever_comes_in_whatever_order_ends_in_what_the_oracle_says(
    log: ProfilesLog, segments: SegmentsWithoutNameko, steps: Any, random: Any, later: int
) -> None:
    """Each example has streams of its own, in the same database."""
    log.events.clear()
    segments.published.clear()
    segments.clock.at = NOW
    streams = [new_id() for _ in range(3)]
    for stream in streams:
        log.move(**{stream: stream})
    for stream, *step in steps:
        if len(step) == 1:
            log.move("merged", **{streams[stream]: streams[step[0]]})
        else:
            (kind, data), at = step
            log.append(streams[stream], kind, data, at)
    deliver(log.events, segments, random)
    segments.clock.at = NOW + later
    while segments.tick():
        pass
    check(log.events, segments, streams)


def deliver(events: Sequence[Event], segments: SegmentsWithoutNameko, random: Any) -> None:
    """All events in small batches, shuffled, some twice; then what was left out, in order."""
    shuffled = random.sample(events, len(events)) + random.sample(events, len(events) // 3)
    while shuffled:
        batch, shuffled = shuffled[:4], shuffled[4:]
        segments.follow(*batch)
    segments.follow(*events)


def check(
    events: Sequence[Event], segments: SegmentsWithoutNameko, profiles: Sequence[str]
) -> None:
    """What was published and what is stored is what a fold without any of our code says."""
    log = [
        oracle.LoggedEvent(e.stream, e.version, e.id, e.type, e.data, e.occurred_at, e.metadata)
        for e in events
    ]
    memberships, flaws = oracle.entries_and_exits(
        [e for e in segments.published if e.stream in profiles]
    )
    assert not flaws
    stored = segments.work.read(lambda unit: store.load_memberships(unit, profiles))
    streams = oracle.profiles(log)
    for profile in profiles:
        mine = [event for event in log if event.stream in streams.get(profile, ())]
        expected = (
            oracle.few_memberships(oracle.fold(mine, segments.clock.at), segments.clock.at)
            if mine
            else set()
        )
        assert memberships.get(profile, set()) == expected
        assert stored[profile].keys() == expected


def test_replicas_that_race_end_in_what_the_oracle_says(
    log: ProfilesLog, service_database: Callable[[str], Database]
) -> None:
    database = service_database("segments")
    streams = [f"s{number}" for number in range(8)]
    for stream in streams:
        log.move(**{stream: stream})
    for number, stream in enumerate(streams * 6):
        log.order(stream, number, at=NOW - number * DAY)
        if number % 5 == 4:
            log.move("merged", **{stream: streams[number % 3]})
    replicas = [SegmentsWithoutNameko(database) for _ in range(4)]
    published = replicas[0].published
    for replica in replicas:
        replica.published = published

    def follow(replica: SegmentsWithoutNameko) -> None:
        for start in range(0, len(log.events), 7):
            replica.follow(*log.events[start : start + 7])
            replica.tick(limit=3)
            eventlet.sleep(0)

    running = [eventlet.spawn(follow, replica) for replica in replicas]
    for thread in running:
        thread.wait()
    replicas[0].follow(*log.events)
    published.sort(key=lambda event: (event.stream, event.version))
    check(log.events, replicas[0], streams)


def test_the_definitions_in_force_are_asked_for_once_a_call(
    segments: SegmentsWithoutNameko, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest, calls = store.definition_set, []

    def count(unit: UnitOfWork) -> str | None:
        calls.append(unit)
        return newest(unit)

    monkeypatch.setattr(store, "definition_set", count)
    service = worker_factory(
        SegmentsService, projection=MembershipProjection(segments.registry), work=segments.work
    )
    assert len(service.list()) > 1
    assert len(calls) == 1
    assert service.preview_streams([["s"]]) == [["first_time_visitor"]]
    assert len(calls) == 2


def test_members_are_counted_by_segment(log: ProfilesLog, segments: SegmentsWithoutNameko) -> None:
    log.move(p="p")
    log.move(q="q")
    log.order("q")
    segments.follow(*log.events)
    counts = {name: one["members"] for name, one in segments.by_name().items()}
    assert counts == {
        "abandoned_cart": 0,
        "first_time_visitor": 1,
        "frequent_buyer": 0,
        "high_value": 0,
        "returning_one_time_buyer": 1,
    }


def test_memberships_hold_no_row_of_somebody_who_left(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    log.move(p="p")
    log.order("p")
    segments.follow(*log.events)
    rows = segments.work.read(
        lambda unit: unit.connection.execute(sa.select(store.MEMBERSHIPS)).all()
    )
    assert [(row.profile_id, row.segment) for row in rows] == [("p", "returning_one_time_buyer")]
