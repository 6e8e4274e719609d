"""The tour: what it links to is there, and the solution of its exercise is one."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from chassis import DAY
from rules import SEGMENT_VOCABULARY, compile_rule
from tests.unit.rules.shoppers import NOW, ShopperEvent, fold

PAGE = Path(__file__).parents[3] / "docs" / "tutorial" / "one-hour-tour.md"
LINKS = re.findall(r"\[`([\w.]+)`\]\(([^)]+\.py)\)", PAGE.read_text())
SOLUTION = re.findall(r"```segment\n(.*?)```", PAGE.read_text(), re.DOTALL)


def defines(module: ast.Module, symbol: str) -> bool:
    """Whether a module has the class or function, or the method where `symbol` has a dot."""
    body: list[ast.stmt] = module.body
    for name in symbol.split("."):
        match = next(
            (
                node
                for node in body
                if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name
            ),
            None,
        )
        if match is None:
            return False
        body = match.body
    return True


@pytest.mark.parametrize(("symbol", "link"), LINKS)
def test_every_name_is_in_the_file_that_it_links_to(symbol: str, link: str) -> None:
    assert defines(ast.parse((PAGE.parent / link).read_text()), symbol)


def test_the_tour_follows_the_event_through_the_code() -> None:
    assert len(LINKS) > 15
    assert not defines(ast.parse("class A: ..."), "A.b")


def views(*days_ago: int) -> list[ShopperEvent]:
    return [
        ShopperEvent("product_viewed", {"sku": "s"}, NOW - days * DAY, f"v-{days}")
        for days in days_ago
    ]


def order(days_ago: int) -> ShopperEvent:
    data = {"order_id": "o", "revenue": 1, "currency": "USD"}
    return ShopperEvent("order_completed", data, NOW - days_ago * DAY, "o")


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (views(1, 2, 3), True),
        ([*views(1, 2, 3), order(2)], True),
        ([*views(1, 2, 3), order(0)], False),
        (views(1, 2), False),
        (views(1, 2, 8), False),
        ([], False),
    ],
)
def test_the_solution_of_the_exercise_is_right(events: list[ShopperEvent], expected: bool) -> None:
    (text,) = SOLUTION
    assert compile_rule(text, SEGMENT_VOCABULARY).evaluate(fold(events), NOW).value is expected
