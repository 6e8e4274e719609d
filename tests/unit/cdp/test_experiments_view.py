"""What `cdp experiments report` says and draws."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cdp.views.experiments import report_view
from cdp.views.experiments_picture import draw_report, open_report_figure
from services.offers.domain.experiments import Guard
from tests.unit.offers.test_experiment_report import buyers, counted, plan_of, reported


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


def test_guards_and_what_can_be_seen_are_told() -> None:
    guards = (Guard("clicks", 0.05), Guard("revenue", 0.05))
    text = text_of(report_of(700, 500, guards=guards))
    assert "Guard: revenue of bold are no worse than the margin of 5 %" in text
    assert "Guard: clicks of bold may yet be worse" in text
    assert "a lift of +" in text


def test_nobody_is_told_to_take_a_variant_whose_guard_is_worse() -> None:
    report = report_of(900, 500, guards=(Guard("refunds", 0.05),))
    assert "End it, and take bold." in text_of(report)
    [guard] = report["guards"]
    guard["verdict"] = "worse"
    text = text_of(report)
    assert "bold is better than control: conversions +80.0 %" in text
    assert "But a guard is worse." in text
    assert "take bold" not in text


def test_an_experiment_without_shoppers_says_what_to_do() -> None:
    assert "record_outcomes" in text_of(reported(plan_of(), [], []))


def test_a_picture_is_drawn(tmp_path: Path) -> None:
    draw_report(report_of(700, 500), open_report_figure(), tmp_path / "report.png")
    assert (tmp_path / "report.png").read_bytes().startswith(b"\x89PNG")
