"""Segments week by week: what is measured, told and warned of, on both databases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, cast

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from chassis import DAY, HOUR, MINUTE, Event, NotFound, parse_instant
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from chassis.validation import load
from contracts.segments import FILE_RESPONSE, MEMBERS_RESPONSE
from contracts.stability import MAX_WEEKS, SEGMENT_DRIFTED, STABILITY_RESPONSE, WARNINGS_RESPONSE
from services.segments import commands, queries, store
from services.segments.commands.watching import measure, measure_due
from services.segments.domain.stays import Stay
from services.segments.evaluator import SEGMENT_ENTRIES, SEGMENT_EXITS
from services.segments.queries.rule_warnings import WITHOUT_MODEL
from tests.support.segments_service import (
    NOW,
    ProfilesLog,
    SegmentsWithoutNameko,
    shop_file,
)

MONDAY = parse_instant("2026-11-23T00:00:00Z")  # NOW is the Saturday before
WEEK = 7 * DAY
KEEN = 'orders(within="10d") >= 1'


class WatchedShop:
    """Shoppers with orders, and segments that are measured as the clock goes on."""

    def __init__(self, log: ProfilesLog, segments: SegmentsWithoutNameko) -> None:
        self.log, self.segments = log, segments

    def at(self, instant: int) -> None:
        """Let it become later; time's own changes are found."""
        self.log.clock.at = self.segments.clock.at = instant
        while self.segments.tick():
            pass

    def arrive(self, *shoppers: str) -> None:
        self.log.move(**{each: each for each in shoppers})
        self.follow()

    def order(self, *shoppers: str) -> None:
        now = self.segments.clock.at
        for shopper in shoppers:
            self.log.order(shopper, now, at=now)
        self.follow()

    def follow(self) -> None:
        self.segments.follow(*self.log.events)
        self.log.events.clear()

    def measure(self) -> Sequence[Mapping[str, Any]]:
        """The logged lines of a measurement."""
        with capture_logs() as lines:
            measure(self.segments.work, self.segments.registry)
        return lines

    def drifts(self) -> list[Mapping[str, Any]]:
        """What the log says of drifts, in their order."""
        events = self.segments.work.read(lambda unit: unit.history({"segment_drift": 0}, 100))
        return [load(SEGMENT_DRIFTED, each.data) for each in events]

    def weeks(self, segment: str = "keen", **request: Any) -> Mapping[str, Mapping[str, Any]]:
        (found,) = self.stability(segment=segment, **request)["segments"]
        return {week["week"]: week for week in found["weeks"]}

    def stability(self, **request: Any) -> dict[str, Any]:
        response = queries.stability(self.segments.work, self.segments.registry, request)
        load(STABILITY_RESPONSE, response)
        return response

    def warnings(self, segment: str) -> list[str]:
        response = queries.warnings(self.segments.work, self.segments.registry)
        load(WARNINGS_RESPONSE, response)
        by_segment = {each["segment"]: each["warnings"] for each in response["segments"]}
        found: list[str] = by_segment[segment]
        return found


@pytest.fixture
def shop(log: ProfilesLog, segments: SegmentsWithoutNameko) -> WatchedShop:
    """Ten shoppers, none of whom has ordered."""
    found = WatchedShop(log, segments)
    segments.define("keen", KEEN)
    found.arrive(*(f"s{number}" for number in range(10)))
    return found


def test_weeks_have_sizes_entries_exits_and_stays_as_the_log_says(shop: WatchedShop) -> None:
    shop.at(MONDAY - DAY)
    shop.order("s0", "s1")
    shop.measure()
    shop.at(MONDAY + DAY)
    shop.order("s2", "s3", "s4")
    shop.measure()
    shop.at(MONDAY + WEEK + DAY)  # those of W47 have left on the Wednesday, after nothing was heard
    shop.order("s5")
    shop.measure()
    shop.at(MONDAY + WEEK + 5 * DAY)
    weeks = shop.weeks()
    assert list(weeks) == ["2026-W47", "2026-W48", "2026-W49"]
    sizes = [(week["members"], week["population"]) for week in weeks.values()]
    assert sizes == [(2, 10), (5, 10), (1, 10)]
    flows = [(week["entries"], week["exits"]) for week in weeks.values()]
    assert flows == _flows_of(shop.segments.published, "keen") == [(2, 0), (3, 0), (1, 5)]
    indices = [week["psi"] for week in weeks.values()]
    assert indices[0] is None
    assert indices[1:] == pytest.approx([0.415888, 0.878890], abs=5e-7)
    stays = [week["median_stay"] for week in weeks.values()]
    ten_days = {"seconds": 10 * 24 * 3_600, "over_seconds": None}
    assert stays == [ten_days, ten_days, {"seconds": None, "over_seconds": 4 * 24 * 3_600}]


def _flows_of(published: Sequence[Event], segment: str) -> list[tuple[int, int]]:
    """Entries and exits of three weeks, counted in the log by hand."""
    begins = [MONDAY - WEEK, MONDAY, MONDAY + WEEK]
    counted = Counter(
        (event.type, max(place for place, at in enumerate(begins) if event.occurred_at >= at))
        for event in published
        if event.data["segment"] == segment
    )
    return [
        (counted["segment_entered", place], counted["segment_exited", place])
        for place in range(len(begins))
    ]


def test_a_week_in_which_nothing_was_measured_has_its_entries_and_no_size(
    shop: WatchedShop,
) -> None:
    shop.measure()
    shop.at(MONDAY + DAY)
    shop.order("s0")
    shop.at(MONDAY + WEEK + DAY)
    weeks = shop.weeks()
    assert (weeks["2026-W48"]["members"], weeks["2026-W48"]["entries"]) == (None, 1)
    assert weeks["2026-W49"]["psi"] == pytest.approx(0.037361, abs=5e-7), "none to 1 of 10"


def test_the_last_measurement_of_a_week_is_kept(shop: WatchedShop) -> None:
    shop.order("s0")
    shop.measure()
    shop.at(NOW + HOUR)
    shop.order("s1")
    shop.measure()
    shop.at(MONDAY)
    assert shop.weeks()["2026-W47"]["members"] == 2
    assert shop.weeks(weeks=1).keys() == {"2026-W48"}


def test_of_several_replicas_one_measures_every_ten_minutes(shop: WatchedShop) -> None:
    other = SegmentsWithoutNameko(shop.segments.work.database)
    counts = []
    for at in (0, MINUTE, 10 * MINUTE):
        shop.segments.clock.at = other.clock.at = NOW + at
        for replica in (shop.segments, other):
            measure_due(replica.work, replica.registry)
        rows = shop.segments.rows(sa.select(store.SEGMENT_WEEKS.c.measured_at).distinct())
        counts.append([row.measured_at - NOW for row in rows])
    assert counts == [[0], [0], [10 * MINUTE]]


def test_a_drift_is_told_once_a_week_whoever_measures_and_after_a_restart(
    shop: WatchedShop,
) -> None:
    shop.measure()
    shop.at(MONDAY + HOUR)
    shop.order("s0", "s1", "s2")
    assert "keen" in [line["segment"] for line in shop.measure()]
    restarted = SegmentsWithoutNameko(shop.segments.work.database)
    restarted.clock.at = MONDAY + 2 * HOUR
    for replica in (shop.segments, restarted):
        measure(replica.work, replica.registry)
    drifts = [each for each in shop.drifts() if each["segment"] == "keen"]
    assert len(drifts) == 1
    assert (drifts[0]["week"], drifts[0]["threshold"]) == ("2026-W48", 0.1)
    sizes = [(drifts[0][name]["members"], drifts[0][name]["week"]) for name in ("before", "after")]
    assert sizes == [(0, "2026-W47"), (3, "2026-W48")]
    assert drifts[0]["psi"] == pytest.approx(shop.weeks()["2026-W48"]["psi"])
    shop.at(MONDAY + WEEK)
    shop.order("s3", "s4", "s5", "s6")
    shop.measure()
    weeks = [each["week"] for each in shop.drifts() if each["segment"] == "keen"]
    assert weeks == ["2026-W48", "2026-W49"]


def test_a_drift_is_told_once_by_replicas_that_measure_at_the_same_time(shop: WatchedShop) -> None:
    measure_due(shop.segments.work, shop.segments.registry)
    shop.at(MONDAY + HOUR)
    shop.order("s0", "s1", "s2")
    replicas = [SegmentsWithoutNameko(shop.segments.work.database) for _ in range(4)]
    for replica in replicas:
        replica.clock.at = MONDAY + HOUR
    with ThreadPoolExecutor(len(replicas)) as pool:
        list(pool.map(lambda each: measure(each.work, each.registry), replicas))
    assert [each["segment"] for each in shop.drifts()].count("keen") == 1


def test_what_another_rule_brings_is_no_drift(shop: WatchedShop) -> None:
    shop.measure()
    shop.at(MONDAY)
    shop.segments.define("keen", "orders() == 0")
    shop.at(MONDAY)
    assert shop.measure() == []
    weeks = shop.weeks()
    assert (weeks["2026-W48"]["version"], weeks["2026-W48"]["members"]) == (2, 10)
    assert weeks["2026-W48"]["psi"] > 1
    assert shop.drifts() == []


def test_while_a_rule_is_still_applied_nothing_is_told(shop: WatchedShop) -> None:
    shop.segments.define("keen", "orders() == 0")  # nobody has been evaluated by it
    shop.measure()
    shop.segments.clock.at = MONDAY
    shop.segments.tick(limit=5)
    assert not shop.measure()
    shop.segments.tick()
    assert [line["segment"] for line in shop.measure()] == ["keen"]


def test_a_profile_whose_evaluation_fails_holds_up_no_drift(shop: WatchedShop) -> None:
    shop.segments.work.run(partial(store.postpone, profile_id="s9"))
    shop.segments.define("keen", f"{KEEN} or orders() > 100")
    shop.at(NOW)
    assert shop.segments.by_name()["keen"]["status"] == "backfilling", "s9 is still to be evaluated"
    shop.measure()
    shop.at(MONDAY)
    shop.order("s0", "s1", "s2")
    assert "keen" in [line["segment"] for line in shop.measure()]


@pytest.mark.parametrize("change", [commands.delete, partial(commands.rename, name="eager")])
def test_what_a_segment_no_longer_has_the_name_of_is_not_measured(
    shop: WatchedShop, change: Callable[..., None]
) -> None:
    work = shop.segments.work

    class ChangedMeanwhile:
        """The segment ends, or gets another name, after its members were counted."""

        def run(self, act: Callable[[UnitOfWork], Any]) -> Any:
            done = work.run(act)
            if work.read(shop.segments.registry.current).versions.get("keen"):
                work.run(partial(change, segment="keen"))
            return done

    measure(cast("UnitOfWorkRunner", ChangedMeanwhile()), shop.segments.registry)
    rows = shop.segments.rows(sa.select(store.SEGMENT_WEEKS.c.segment))
    assert "high_value" in {row.segment for row in rows}
    assert "keen" not in {row.segment for row in rows}


def test_the_gauges_of_a_deleted_segment_end_with_it(shop: WatchedShop) -> None:
    def gauged() -> set[str]:
        samples = shop.segments.work.read(store.WATCH_GAUGE.measure)
        return {labels[0] for _name, labels, _value in samples}

    shop.measure()
    assert "keen" in gauged()
    shop.segments.work.run(partial(commands.delete, segment="keen"))
    assert "keen" not in gauged()
    shop.segments.define("keen", KEEN)
    shop.measure()
    assert "keen" in gauged()


def test_stays_are_kept_as_long_as_anybody_can_ask_for_them(shop: WatchedShop) -> None:
    week = MAX_WEEKS * WEEK
    for version, age in enumerate((week + 2 * WEEK, week, DAY), 1):
        stay = Stay("s0", version, "keen", NOW - age - HOUR, NOW - age)
        shop.segments.work.run(partial(store.save_stays, stays=[stay]))
    assert shop.segments.work.run(store.forget_stays) == 1
    assert shop.segments.work.run(store.forget_stays) == 0
    kept = shop.segments.rows(sa.select(store.STAYS.c.version).order_by(store.STAYS.c.version))
    assert [row.version for row in kept] == [2, 3]


def test_the_threshold_is_that_of_the_file_in_force(shop: WatchedShop) -> None:
    text = f"drift_threshold: 2\nkeen: {{rule: '{KEEN}', description: x}}\n"
    shop.segments.work.run(partial(commands.apply, file=shop_file(text)))
    shop.measure()
    shop.at(MONDAY)
    shop.order("s0", "s1", "s2")
    assert shop.measure() == []
    assert shop.stability()["threshold"] == 2
    exported = shop.segments.work.read(
        lambda unit: queries.export(unit, shop.segments.registry.current(unit))
    )
    assert exported["file"].startswith("drift_threshold: 2.0\n")


def test_a_file_without_settings_sets_them_back_and_says_so(shop: WatchedShop) -> None:
    segment = f"keen: {{rule: '{KEEN}', description: x}}\n"
    with_settings = shop_file(f"drift_threshold: 2\nsensitive: [b, a]\n{segment}")
    shop.segments.work.run(partial(commands.apply, file=with_settings))
    compared = shop.segments.work.read(partial(queries.compare_file, file=shop_file(segment)))
    load(FILE_RESPONSE, compared)
    assert compared["settings"] == [
        {"setting": "sensitive", "before": "[a, b]", "after": "[]"},
        {"setting": "drift_threshold", "before": "2", "after": "0.1"},
    ]
    unchanged = shop.segments.work.read(partial(queries.compare_file, file=with_settings))
    assert unchanged["settings"] == []


def test_the_first_page_of_members_says_how_far_their_rule_is_applied(shop: WatchedShop) -> None:
    def page(**request: str) -> dict[str, Any]:
        asked = {"segment": "keen", **request}
        response: dict[str, Any] = shop.segments.work.read(
            lambda unit: queries.members(unit, shop.segments.registry.current(unit), asked)
        )
        load(MEMBERS_RESPONSE, response)
        return response

    shop.segments.tick()
    assert "backfilling" not in page()
    shop.segments.define("keen", "orders() == 0")
    shop.segments.tick(limit=4)
    assert page()["backfilling"] == {"done": 4, "total": 10}
    assert "backfilling" not in page(after="s0"), "it is counted once an export"


def test_gauges_and_counters_show_what_was_measured(shop: WatchedShop) -> None:
    entries = SEGMENT_ENTRIES.labels("segments", "keen")
    exits = SEGMENT_EXITS.labels("segments", "keen")
    before = entries._value.get(), exits._value.get()
    shop.measure()
    shop.at(MONDAY)
    shop.order("s0", "s1")
    shop.measure()
    samples = {
        (name, labels[0]): value
        for name, labels, value in shop.segments.work.read(store.WATCH_GAUGE.measure)
    }
    assert samples["cdp_segment_members", "keen"] == 2
    assert samples["cdp_segment_share", "keen"] == pytest.approx(0.2)
    assert samples["cdp_segment_psi", "keen"] == pytest.approx(0.233722, abs=5e-7), (
        "none to 2 of 10"
    )
    assert samples["cdp_segment_drifted", "keen"] == 1
    assert samples["cdp_segment_drifted", "high_value"] == 0
    shop.at(MONDAY + 11 * DAY)
    assert entries._value.get() - before[0] == 2
    assert exits._value.get() - before[1] == 2


def test_weeks_and_stays_go_on_by_another_name(shop: WatchedShop) -> None:
    shop.order("s0")
    shop.measure()
    shop.at(NOW + DAY)
    shop.segments.work.run(partial(commands.rename, segment="keen", name="eager"))
    shop.at(NOW + DAY)
    commands.DueEvaluation().run(shop.segments.work, shop.segments.registry, 1.0)
    week = shop.weeks("eager")["2026-W47"]
    assert (week["entries"], week["members"]) == (1, 1)
    shop.at(MONDAY)
    assert shop.weeks("eager")["2026-W48"]["psi"] == pytest.approx(0)
    ended = shop.segments.rows(sa.select(store.STAYS.c.segment))
    assert not {row.segment for row in ended} & {"keen", "eager"}


def test_a_drift_by_a_name_that_has_drifted_in_the_week_already_is_told(shop: WatchedShop) -> None:
    shop.segments.define("eager", KEEN)
    for times in (2, 3):
        shop.segments.define("keen", f'orders(within="10d") >= {times}')
    shop.at(NOW)
    shop.measure()
    shop.at(MONDAY)
    shop.order("s0", "s1", "s2")
    shop.measure()
    shop.segments.work.run(partial(commands.delete, segment="eager"))
    shop.segments.work.run(partial(commands.rename, segment="keen", name="eager"))
    for hour in (1, 2):
        shop.at(MONDAY + hour * HOUR)
        shop.order("s0", "s1", "s2")
    shop.measure()
    of_name = [each for each in shop.drifts() if each["segment"] == "eager"]
    assert [each["definition_version"] for each in of_name] == [1, 3]


def test_what_another_rule_brings_is_no_drift_by_another_name_either(shop: WatchedShop) -> None:
    shop.measure()
    shop.at(MONDAY)
    shop.segments.define("keen", "orders() == 0")
    shop.segments.work.run(partial(commands.rename, segment="keen", name="eager"))
    shop.at(MONDAY)
    shop.measure()
    assert shop.weeks("eager")["2026-W48"]["psi"] > 1
    assert shop.drifts() == []


def test_a_segment_that_got_a_name_used_before_drifts_like_any_other(shop: WatchedShop) -> None:
    shop.segments.define("eager", "orders() == 0")
    shop.segments.work.run(partial(commands.delete, segment="eager"))
    shop.measure()
    shop.at(MONDAY)
    shop.segments.work.run(partial(commands.rename, segment="keen", name="eager"))
    shop.at(MONDAY)
    shop.order("s0", "s1", "s2")
    shop.measure()
    weeks = shop.weeks("eager")
    assert {weeks[week]["version"] for week in ("2026-W47", "2026-W48")} == {3}
    assert "eager" in [each["segment"] for each in shop.drifts()]


def test_an_unknown_segment_has_no_weeks(shop: WatchedShop) -> None:
    with pytest.raises(NotFound, match="segment: gone is not defined"):
        shop.stability(segment="gone")


def test_members_that_look_wrong_are_warned_of(shop: WatchedShop) -> None:
    shop.segments.define("buyers", "orders() >= 1")
    shop.order("s0", "s1")
    shop.at(NOW)
    assert shop.warnings("keen")[0] == (
        "100.0% of those who are in it or in buyers are in both: keep one of the two, or let one"
        ' leave out the other by `and "buyers" not in segments`'
    )
    assert shop.warnings("high_value")[0].startswith("under 1% of the shoppers are members, 0 of")


def test_before_the_first_fit_a_segment_by_lifetime_value_is_not_called_small(
    shop: WatchedShop,
) -> None:
    shop.segments.define("rich", 'percentile("clv") >= 75')
    shop.segments.tick()
    assert shop.warnings("rich") == [WITHOUT_MODEL]
    rules = ('percentile("clv") >= 75', "alive() < 0.5", "orders() > 1")
    previews = [queries.preview(shop.segments.work, rule)["warnings"] for rule in rules]
    assert previews == [[WITHOUT_MODEL], [WITHOUT_MODEL], []]


def test_while_a_rule_is_still_applied_its_members_do_not_look_wrong(shop: WatchedShop) -> None:
    shop.segments.define("nobody", "orders() > 100")
    assert shop.warnings("nobody") == []
    shop.segments.tick()
    assert shop.warnings("nobody")[0].startswith("under 1% of the shoppers are members, 0 of")


def test_a_segment_that_drifts_away_from_its_old_rule_is_warned_of(shop: WatchedShop) -> None:
    shop.order(*(f"s{number}" for number in range(8)))
    shop.measure()
    shop.at(NOW + 90 * DAY - 1)
    assert not any("the same for" in each for each in shop.warnings("keen"))
    shop.at(NOW + 90 * DAY)
    assert any(
        each.startswith(
            "its rule has been the same for 90 days, and its share went from 80.0% to 0.0% in 90"
        )
        for each in shop.warnings("keen")
    )
    shop.segments.define("keen", 'orders(within="20d") >= 1')
    assert not any("the same for" in each for each in shop.warnings("keen"))


def test_a_sensitive_trait_without_consent_is_warned_of_in_check_and_in_force(
    shop: WatchedShop,
) -> None:
    rule = 'traits.faith == "any" or orders() > 100'
    text = f"sensitive: [faith]\nfaithful: {{rule: '{rule}', description: x}}\n"
    file = shop_file(text)
    compared = shop.segments.work.read(partial(queries.compare_file, file=file))
    (checked,) = [each for each in compared["segments"] if each["segment"] == "faithful"]
    assert any(
        each.startswith("it reads faith, listed as sensitive") for each in checked["warnings"]
    )
    shop.segments.work.run(partial(commands.apply, file=file))
    assert any("has_consent" in each for each in shop.warnings("faithful"))
    assert not any("has_consent" in each for each in shop.warnings("keen"))
