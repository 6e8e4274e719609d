"""Segments by the values of a model change with orders, with time and with a new model."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from functools import partial

import pytest

from chassis import DAY, Event
from clv import (
    BuyingHistory,
    FitSettings,
    FittedModel,
    SpendModel,
    alive,
    estimate,
    next_crossing,
)
from services.segments import queries, store
from services.segments.domain.value_model import VersionedModel
from services.segments.rebuild import mark_evaluated
from services.segments.value_fitting import ValueFitting, current_model
from services.segments.value_settings import ValueSettings
from tests.support.cdnow_customers import (
    CALIBRATION_END,
    SampleOrder,
    histories_until,
    midnight,
    read_sample,
)
from tests.support.segments_service import NOW, ProfilesLog, SegmentsWithoutNameko

LAPSING = "orders() > 0 and alive() < 0.5"
BEST = 'percentile("clv") >= 75'


@pytest.fixture(scope="module")
def fitted() -> FittedModel:
    found = histories_until(read_sample(), CALIBRATION_END)
    histories = [each for each in found if each is not None]
    return estimate(histories, midnight(CALIBRATION_END), FitSettings())


def put(segments: SegmentsWithoutNameko, fitted: FittedModel, version: int = 1) -> None:
    """Put a model in force, and mark all profiles as due."""
    segments.put_model(VersionedModel(version, "UTC", fitted))
    ValueFitting(ValueSettings(fit_every=None)).run_due(segments.work, segments.registry)


def follow(log: ProfilesLog, segments: SegmentsWithoutNameko) -> None:
    segments.follow(*log.events)
    log.events.clear()


def changes(segments: SegmentsWithoutNameko, segment: str) -> list[tuple[str, int, str]]:
    found: list[Event] = [e for e in segments.published if e.data["segment"] == segment]
    segments.published.clear()
    return [(e.type.removeprefix("segment_"), e.occurred_at, e.data["reason"]) for e in found]


def test_a_customer_lapses_at_the_microsecond_that_the_model_says(
    log: ProfilesLog, segments: SegmentsWithoutNameko, fitted: FittedModel
) -> None:
    put(segments, fitted)
    segments.define("lapsing", LAPSING)
    log.move(grace="grace")
    log.order("grace", at=NOW - 10 * DAY)
    follow(log, segments)
    assert changes(segments, "lapsing") == []
    history = BuyingHistory.of([SampleOrder(NOW - 10 * DAY)], UTC)
    assert history is not None
    lapses = next_crossing(lambda at: alive(fitted.model.buying, history, at), NOW, 0.5)
    assert lapses is not None
    segments.clock.at = lapses - 1
    segments.tick()
    assert changes(segments, "lapsing") == []
    segments.clock.at = lapses + 5 * DAY
    segments.tick()
    assert changes(segments, "lapsing") == [("entered", lapses, "time")]
    log.clock.at = segments.clock.at
    log.order("grace", 2, at=segments.clock.at)
    follow(log, segments)
    assert changes(segments, "lapsing") == [("exited", segments.clock.at, "event")]


def test_without_a_model_nobody_is_in_and_a_first_model_lets_them_in(
    log: ProfilesLog, segments: SegmentsWithoutNameko, fitted: FittedModel
) -> None:
    segments.define("lapsing", LAPSING)
    log.move(grace="grace")
    log.order("grace", at=NOW - 300 * DAY)
    follow(log, segments)
    assert changes(segments, "lapsing") == []
    put(segments, fitted)
    segments.tick()
    assert changes(segments, "lapsing") == [("entered", NOW, "time")]


def test_a_new_model_changes_who_is_in(
    log: ProfilesLog, segments: SegmentsWithoutNameko, fitted: FittedModel
) -> None:
    put(segments, fitted)
    segments.define("valued", "clv() >= 10")
    log.move(grace="grace")
    for number, days in enumerate((90, 60, 30)):
        log.order("grace", number, cents=100, at=NOW - days * DAY)
    follow(log, segments)
    assert changes(segments, "valued")[0][0] == "entered"
    poor = replace(fitted.spend["USD"], model=SpendModel(6.25, 3.74, 1.0))
    put(segments, replace(fitted, spend={"USD": poor}), version=2)
    segments.clock.at = NOW + DAY
    segments.tick()
    values = segments.work.read(lambda u: queries.values(u, current_model(u), "grace"))
    assert values["version"] == 2
    assert values["clv"][0]["clv"] < 1_000
    assert changes(segments, "valued") == [("exited", NOW, "time")]


def test_the_best_quarter_is_found_by_the_cut_offs_of_the_fit(
    log: ProfilesLog, segments: SegmentsWithoutNameko, fitted: FittedModel
) -> None:
    put(segments, fitted)
    segments.define("best", BEST)
    log.move(grace="grace", alan="alan")
    for number, days in enumerate((90, 60, 30, 5)):
        log.order("grace", number, at=NOW - days * DAY)
    log.order("alan", at=NOW - 90 * DAY)
    follow(log, segments)
    assert segments.of("grace") >= {"best"}
    assert "best" not in segments.of("alan")


def test_explain_preview_and_a_rebuild_read_the_same_values(
    log: ProfilesLog, segments: SegmentsWithoutNameko, fitted: FittedModel
) -> None:
    put(segments, fitted)
    segments.define("lapsing", LAPSING)
    log.move(grace="grace")
    log.order("grace", at=NOW - 300 * DAY)
    follow(log, segments)
    explained = segments.explain("grace", "lapsing")
    assert explained["member"]
    assert any(line.startswith("true: alive() < 0.5 (0.") for line in explained["why"])
    assert queries.preview(segments.work, LAPSING)["members"] == 1
    definitions = segments.work.read(segments.registry.current)
    streams = segments.work.read(
        lambda unit: queries.preview_streams(unit, definitions, [["grace"]])
    )
    assert "lapsing" in streams[0]
    model = segments.work.read(current_model)
    segments.work.run(
        partial(mark_evaluated, definitions=definitions, profile_ids=["grace"], model=model)
    )
    state = segments.work.read(partial(store.load_evaluation_state, profile_id="grace"))
    assert state is not None
    assert state.generation == definitions.generation


def test_what_a_model_changes_is_dated_to_it_and_what_time_had_changed_before_to_its_own_instant(
    log: ProfilesLog, segments: SegmentsWithoutNameko, fitted: FittedModel
) -> None:
    segments.define("alive", "alive() <= 1")
    segments.define("asked", '"alive" in segments')
    segments.define("recent", 'orders(within="30d") > 0')
    log.move(grace="grace")
    log.order("grace", at=NOW)
    follow(log, segments)
    assert changes(segments, "recent") == [("entered", NOW, "event")]
    segments.clock.at = NOW + 35 * DAY
    put(segments, fitted)
    segments.clock.at = NOW + 36 * DAY
    segments.tick()
    found = {e.data["segment"]: (e.type, e.occurred_at) for e in segments.published}
    assert found["recent"] == ("segment_exited", NOW + 30 * DAY)
    assert found["alive"] == found["asked"] == ("segment_entered", NOW + 35 * DAY)
