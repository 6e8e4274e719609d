"""Reports of experiments: what counts for whom, and what is said of it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest

from chassis import DAY, NotFound
from contracts.experiments import ExperimentReportResponse
from experimentation import Sample, detectable_difference, relative_lift
from services.offers.domain.assignment import Split
from services.offers.domain.experiment_report import experiment_report
from services.offers.domain.experiments import (
    AnalysisPlan,
    Experiment,
    Guard,
    Holdout,
    Participation,
    Trials,
    Variant,
)
from services.offers.domain.exposures import ExposedCount, ExposedResponse
from services.offers.domain.tallies import VariantTally, main_currency, tallies_of

NOW = 1_795_289_400_000_000
START = NOW - 10 * DAY
RESPONSE = ExperimentReportResponse()


def response(shopper: str, variant: str = "bold", **rest: Any) -> ExposedResponse:
    fields: dict[str, Any] = {
        "outcome_id": f"{shopper}-{len(rest)}",
        "kind": "converted",
        "at": START + 1,
        "value": 1_000,
        "currency": "EUR",
        **rest,
    }
    return ExposedResponse(shopper, variant, START, **fields)


def tally(*responses: ExposedResponse, shoppers: int = 10) -> VariantTally:
    counts = {"control": 1, "bold": shoppers}
    return tallies_of(counts, responses, main_currency(responses))["bold"]


def totals(*responses: ExposedResponse) -> dict[str, float]:
    return {metric: sums.y for metric, sums in tally(*responses).sums.items()}


def plan_of(**fields: Any) -> Experiment:
    variants = (Variant("control"), Variant("bold", frozenset({"b"})))
    part = Participation(("device_id",), Split("s", (0.5, 0.5)))
    return Experiment("wording", variants, part, plan=AnalysisPlan(**fields))


def counted(control: int, bold: int, conflicts: int = 0) -> list[ExposedCount]:
    counts = [ExposedCount("control", control, START), ExposedCount("bold", bold, START + 5)]
    return counts + ([ExposedCount(None, conflicts, START)] if conflicts else [])


def buyers(variant: str, count: int, **rest: Any) -> list[ExposedResponse]:
    return [response(f"{variant}-{number}", variant, **rest) for number in range(count)]


def reported(
    experiment: Experiment | Holdout,
    counts: Sequence[ExposedCount],
    responses: Sequence[ExposedResponse],
) -> dict[str, Any]:
    report: dict[str, Any] = RESPONSE.dump(experiment_report(experiment, counts, responses, NOW))
    RESPONSE.load(report)
    return report


def test_a_shopper_converts_once_and_all_her_orders_are_revenue() -> None:
    one, other = response("a", order_id="1"), response("a", order_id="2", value=500)
    assert totals(one, other) == {
        "conversions": 1, "revenue": 1_500, "clicks": 0, "refunds": 0,
    }  # fmt: skip


def test_an_order_counts_once_however_many_blocks_led_to_it() -> None:
    twice = [response("a", order_id="1", outcome_id=each) for each in "xy"]
    stores = [response("b", order_id="1", store=each) for each in ("x", "y")]
    assert totals(*twice)["revenue"] == 1_000
    assert totals(*stores)["revenue"] == 2_000


@pytest.mark.parametrize(
    ("given_back", "conversions", "revenue", "refunds"),
    [
        ({"returned": 300}, 1, 700, 300),
        ({"returned": 1_000}, 0, 0, 1_000),
        ({"returned": 1_200}, 0, 0, 1_000),
        ({"returned": 0, "is_returned": True}, 0, 0, 1_000),
    ],
)
def test_refunds_count_against_it(
    given_back: dict[str, Any], conversions: int, revenue: int, refunds: int
) -> None:
    found = totals(response("a", order_id="1", **given_back))
    assert (found["conversions"], found["revenue"], found["refunds"]) == (
        conversions, revenue, refunds,
    )  # fmt: skip


@pytest.mark.parametrize("currency", ["EUR", None])
def test_a_refund_of_an_order_without_a_value_is_no_revenue_below_0(currency: str | None) -> None:
    bare = response("ann", value=None, currency=currency, order_id="o-1", returned=500)
    assert totals(bare) == {"conversions": 1, "revenue": 0, "clicks": 0, "refunds": 0}
    given_back = response("ann", value=None, currency=currency, order_id="o-1", is_returned=True)
    assert totals(given_back)["conversions"] == 0


def test_what_was_before_the_exposure_is_compared_with_and_does_not_count() -> None:
    sums = tally(response("a", at=START - 5), response("a", order_id="2", value=50)).sums
    assert (sums["revenue"].y, sums["revenue"].x, sums["revenue"].units) == (50, 1_000, 10)


def test_revenue_is_of_one_currency_and_a_conversion_of_any() -> None:
    found = totals(response("a"), response("b"), response("c", currency="USD"))
    assert (found["conversions"], found["revenue"]) == (3, 2_000)
    assert main_currency([]) is None


def test_an_order_that_was_told_in_two_currencies_counts_in_that_of_the_report() -> None:
    in_forints = response("a", order_id="1", value=400_000, currency="HUF")
    in_euros = response("a", order_id="1", value=990)
    for reports in ([in_forints, in_euros], [in_euros, in_forints]):
        found = totals(*reports, response("b"))
        assert (found["conversions"], found["revenue"]) == (2, 1_990)


def test_the_currency_is_that_of_most_orders_and_not_of_most_reports() -> None:
    twice = [
        response(shopper, order_id="1", outcome_id=source)
        for shopper in ("a", "b")
        for source in ("page", "server")
    ]
    once = [response(shopper, currency="USD", order_id="1") for shopper in ("c", "d", "e")]
    bare = [response(shopper, value=None, order_id="1") for shopper in ("f", "g")]
    assert main_currency([*twice, *once, *bare]) == "USD"


def test_a_click_is_no_conversion() -> None:
    click = response("a", kind="clicked", value=None, currency=None)
    assert totals(click, click)["clicks"] == 1
    assert totals(click)["conversions"] == 0


def test_who_was_exposed_while_the_report_was_read_counts() -> None:
    report = reported(plan_of(), counted(1, 1), [*buyers("control", 2), *buyers("bold", 3)])
    means = {each["variant"]: each["means"]["conversions"] for each in report["variants"]}
    assert means == {"control": 1.0, "bold": 1.0}


def test_a_variant_of_an_earlier_file_is_left_out() -> None:
    assert totals(response("a", "gone"), response("b"))["conversions"] == 1


def test_a_clear_lift_is_called_better_and_has_the_lift_of_the_statistics() -> None:
    experiment = plan_of(planned_units=20_000)
    responses = buyers("bold", 700) + buyers("control", 500)
    report = reported(experiment, counted(10_000, 10_000), responses)
    assert report["verdicts"] == [{"variant": "bold", "verdict": "better"}]
    [effect] = [each for each in report["effects"] if each["metric"] == "conversions"]
    control, bold = Sample.of_proportion(500, 10_000), Sample.of_proportion(700, 10_000)
    lift = relative_lift(control, bold)
    assert effect["lift"] == {
        "estimate": lift.estimate, "low": lift.interval.low, "high": lift.interval.high,
    }  # fmt: skip
    assert effect["always_valid_lift"]["low"] < lift.interval.low
    assert report["power"]["days_left"] == 0
    assert report["level"] == 0.95


def test_the_power_is_that_of_the_reports_level_and_of_the_variant_that_shows_least() -> None:
    variants = (Variant("control"), Variant("bold", frozenset({"b"})), Variant("loud"))
    part = Participation(("device_id",), Split("s", (0.4, 0.4, 0.2)))
    trial = Experiment("wording", variants, part, plan=AnalysisPlan(planned_units=40_000))
    counts = [
        ExposedCount(name, shoppers, START)
        for name, shoppers in (("control", 4_000), ("bold", 4_000), ("loud", 2_000))
    ]
    responses = buyers("control", 200) + buyers("bold", 200) + buyers("loud", 100)
    report = reported(trial, counts, responses)
    control, loud = Sample.of_proportion(200, 4_000), Sample.of_proportion(100, 2_000)
    seen = detectable_difference(control, loud, 0.975) / 0.05
    assert report["level"] == pytest.approx(0.975)
    assert report["power"]["detectable_lift"] == pytest.approx(seen)
    assert report["power"]["detectable_lift_as_planned"] == pytest.approx(seen / 2)


def test_fewer_of_what_should_be_more_is_worse_and_little_data_is_undecided() -> None:
    fewer = buyers("bold", 400) + buyers("control", 700)
    worse = reported(plan_of(), counted(10_000, 10_000), fewer)
    few = reported(plan_of(), counted(100, 100), buyers("bold", 7) + buyers("control", 5))
    none = reported(plan_of(), [], [])
    verdicts = [each["verdicts"][0]["verdict"] for each in (worse, few, none)]
    assert verdicts == ["worse", "undecided", "undecided"]
    assert none["since"] is None
    assert none["power"]["days_left"] is None
    assert few["power"]["days_left"] == 990


@pytest.mark.parametrize(
    ("bold", "control", "verdict", "guard"),
    [(0, 250, "worse", "worse"), (250, 0, "better", "fine")],
)
def test_a_variant_or_a_control_without_any_conversion_is_told_from_one_with_many(
    bold: int, control: int, verdict: str, guard: str
) -> None:
    experiment = plan_of(guards=(Guard("conversions", 0.1),))
    responses = buyers("bold", bold) + buyers("control", control)
    report = reported(experiment, counted(5_000, 5_000), responses)
    assert report["verdicts"][0]["verdict"] == verdict
    assert report["guards"][0]["verdict"] == guard


@pytest.mark.parametrize(("bold", "control"), [(0, 2), (2, 0), (0, 0)])
def test_without_any_conversion_on_one_side_and_few_on_the_other_nothing_is_decided(
    bold: int, control: int
) -> None:
    experiment = plan_of(planned_units=10, guards=(Guard("conversions", 0.1),))
    responses = buyers("bold", bold) + buyers("control", control)
    report = reported(experiment, counted(5, 5), responses)
    assert report["verdicts"][0]["verdict"] == "undecided"
    assert report["guards"][0]["verdict"] == "unclear"


@pytest.mark.parametrize("fewer", [True, False])
def test_a_guard_is_decided_by_the_interval_that_may_be_looked_at_all_the_time(fewer: bool) -> None:
    experiment = plan_of(guards=(Guard("conversions", 0.1),))
    bold, margin = (430, 0.0) if fewer else (520, -0.1)
    responses = buyers("bold", bold) + buyers("control", 500)
    report = reported(experiment, counted(10_000, 10_000), responses)
    [guard], effect = report["guards"], report["effects"][0]
    assert effect["metric"] == "conversions"
    # A single look would decide; at every look it may yet be either.
    assert guard["lift"]["high"] < margin if fewer else guard["lift"]["low"] > margin
    assert guard["always_valid_lift"] == effect["always_valid_lift"]
    assert guard["always_valid_lift"]["low"] < margin < guard["always_valid_lift"]["high"]
    assert guard["verdict"] == "unclear"


def test_more_refunds_are_worse() -> None:
    back = buyers("bold", 900, returned=900, order_id="1") + buyers(
        "control", 900, returned=100, order_id="1"
    )
    experiment = plan_of(primary="refunds", guards=(Guard("refunds", 0.1), Guard("revenue", 0.1)))
    report = reported(experiment, counted(10_000, 10_000), back)
    assert report["verdicts"][0]["verdict"] == "worse"
    assert [each["verdict"] for each in report["guards"]] == ["worse", "worse"]


def test_nothing_is_believed_of_shoppers_who_are_not_split_as_they_should_be() -> None:
    report = reported(plan_of(), counted(10_000, 9_000), buyers("bold", 900))
    assert report["sample_ratio"]["is_mismatch"]
    assert report["verdicts"][0]["verdict"] == "not_believable"


def test_who_saw_two_variants_is_left_out_and_many_of_them_are_remarked() -> None:
    report = reported(plan_of(), counted(100, 100, conflicts=50), [])
    assert (report["shoppers"], report["conflicts"]) == (200, 50)
    assert "50 shoppers saw two variants" in report["remarks"][0]
    other = [response("a"), response("b"), response("c", currency="USD")]
    assert reported(plan_of(), counted(100, 100), other)["remarks"] == [
        "revenue and refunds are in EUR alone; left out: USD"
    ]


def test_cuped_is_told_where_it_removes_noise() -> None:
    draw = random.Random(1)
    responses = []
    for variant in ("bold", "control"):
        for number in range(200):
            habit, shopper = draw.randint(100, 5_000), f"{variant}-{number}"
            before = response(shopper, variant, at=START - DAY, value=habit, outcome_id="before")
            responses += [before, response(shopper, variant, value=habit + draw.randint(0, 500))]
    report = reported(plan_of(primary="revenue"), counted(250, 250), responses)
    [revenue] = [each for each in report["effects"] if each["metric"] == "revenue"]
    adjusted = revenue["adjusted"]
    assert adjusted["removed"] > 0.9
    width = revenue["difference"]["high"] - revenue["difference"]["low"]
    assert adjusted["high"] - adjusted["low"] < width / 3


def test_a_holdout_is_compared_with_those_who_see_offers() -> None:
    holdout = Holdout("global", Participation(("device_id",), Split("g", (0.05, 0.95))))
    counts = [ExposedCount("holdout", 500, START), ExposedCount("offers", 9_500, START)]
    report = reported(holdout, counts, buyers("offers", 600))
    assert [each["variant"] for each in report["variants"]] == ["holdout", "offers"]
    assert report["kind"] == "holdout"
    assert report["effects"][0]["lift"]["low"] is None


def test_an_experiment_that_is_not_known_is_refused_with_those_that_are() -> None:
    with pytest.raises(NotFound, match="wording"):
        Trials((plan_of(),)).find("wordings")
    with pytest.raises(NotFound, match="has none"):
        Trials().find("wording")
    assert Trials((plan_of(),)).find("wording").id == "wording"
