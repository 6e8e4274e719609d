"""What `cdp experiments report` says and draws."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cdp.views.experiments import report_view
from cdp.views.experiments_picture import NOTHING_KNOWN, draw_report, open_report_figure
from services.offers.domain.assignment import Split
from services.offers.domain.experiments import Guard, Holdout, Participation
from services.offers.domain.exposures import ExposedCount
from tests.unit.offers.test_experiment_report import START, buyers, counted, plan_of, reported


def report_of(
    bold: int, control: int, shoppers: tuple[int, int] = (10_000, 10_000), **plan: Any
) -> dict[str, Any]:
    responses = buyers("bold", bold) + buyers("control", control)
    return reported(plan_of(**plan), counted(*shoppers), responses)


def text_of(report: dict[str, Any]) -> str:
    console = Console(width=160, record=True, file=StringIO())
    console.print(report_view(report))
    return console.export_text()


@pytest.mark.parametrize(
    ("bold", "control", "words"),
    [
        (700, 500, "bold is better than control: conversions +40.0 %"),
        (500, 700, "bold is worse than control"),
        (510, 500, "bold and control cannot be told apart yet"),
        (0, 500, "bold is worse than control: conversions -100.0 %"),
        (500, 0, "bold is better than control: conversions 5.00 % against 0.00 %."),
        (0, 0, "bold and control cannot be told apart yet: conversions 0.00 % against 0.00 %."),
    ],
)
def test_a_report_says_what_it_found_in_words(bold: int, control: int, words: str) -> None:
    text = text_of(report_of(bold, control))
    assert words in text
    assert ("EUR" in text) == (bold + control > 0)
    assert "+0.0 %" not in text


def test_a_split_that_is_not_sound_is_said_first() -> None:
    text = text_of(report_of(700, 500, (10_000, 9_000)))
    assert text.startswith("The variants do not have the shares of shoppers")


def test_no_p_value_is_shown_as_zero() -> None:
    text = text_of(report_of(700, 500))
    assert "< 0.001" in text
    assert "0.000" not in text


def test_guards_and_what_can_be_seen_are_told() -> None:
    guards = (Guard("clicks", 0.05), Guard("revenue", 0.05))
    text = text_of(report_of(700, 500, guards=guards))
    assert "Guard: revenue of bold is no worse than the margin of 5 %" in text
    assert "Guard: clicks of bold may yet be worse" in text
    assert "a lift of +" in text


@pytest.mark.parametrize(
    ("metric", "bold", "control", "words"),
    [
        ("revenue", {"count": 500}, {}, "revenue of bold is worse: -50.0 % (-"),
        ("refunds", {"returned": 500}, {"returned": 100}, "refunds of bold are worse: +400.0 % ("),
        ("refunds", {"returned": 100}, {}, "refunds of bold are worse: 0.10 EUR against 0.00 EUR."),
    ],
)
def test_a_guard_that_is_worse_says_by_how_much(
    metric: str, bold: dict[str, int], control: dict[str, int], words: str
) -> None:
    responses = [
        *buyers("bold", **{"count": 1_000, **bold}),
        *buyers("control", **{"count": 1_000, **control}),
    ]
    guarded = plan_of(guards=(Guard(metric, 0.05),))
    assert f"Guard: {words}" in text_of(reported(guarded, counted(10_000, 10_000), responses))


def test_nobody_is_told_to_take_a_variant_whose_guard_is_worse() -> None:
    report = report_of(900, 500, guards=(Guard("refunds", 0.05),))
    assert "End it, and take bold." in text_of(report)
    [guard] = report["guards"]
    guard["verdict"] = "worse"
    text = text_of(report)
    assert "bold is better than control: conversions +80.0 %" in text
    assert "But a guard is worse." in text
    assert "take bold" not in text


@pytest.mark.parametrize(
    ("bold", "control", "advice"),
    [(700, 500, "End it, and take bold."), (500, 700, "End it."), (510, 500, "apart yet:")],
)
def test_only_an_experiment_that_is_running_is_to_be_ended(
    bold: int, control: int, advice: str
) -> None:
    counts, responses = counted(10_000, 10_000), buyers("bold", bold) + buyers("control", control)
    running = plan_of(planned_units=30_000)
    assert advice in text_of(reported(running, counts, responses))
    assert "days left" in text_of(reported(running, counts, responses))
    stopped = text_of(reported(replace(running, is_running=False), counts, responses))
    for word in (advice, "End it", "days left"):
        assert word not in stopped


@pytest.mark.parametrize("offers", [700, 300])
def test_a_holdout_goes_on_whatever_it_shows(offers: int) -> None:
    holdout = Holdout("global", Participation(("device_id",), Split("g", (0.5, 0.5))))
    counts = [ExposedCount(name, 9_000, START) for name in ("holdout", "offers")]
    responses = buyers("offers", offers) + buyers("holdout", 500)
    text = text_of(reported(holdout, counts, responses))
    assert f"offers is {'better' if offers > 500 else 'worse'} than holdout" in text
    assert "End it" not in text
    assert "days left" not in text


def test_an_experiment_without_shoppers_says_what_to_do() -> None:
    assert "record_outcomes" in text_of(reported(plan_of(), [], []))


def test_a_picture_is_drawn(tmp_path: Path) -> None:
    draw_report(report_of(700, 500), open_report_figure(), tmp_path / "report.png")
    assert (tmp_path / "report.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("shoppers", "says_so"), [((0, 0), True), ((10_000, 10_000), False)])
def test_a_picture_without_any_lift_says_so(
    tmp_path: Path, shoppers: tuple[int, int], says_so: bool
) -> None:
    figure = open_report_figure()
    buyers_of_each = 0 if says_so else 500
    report = report_of(buyers_of_each, buyers_of_each, shoppers)
    draw_report(report, figure, tmp_path / "report.png")
    texts = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert texts == ([NOTHING_KNOWN] if says_so else [])
