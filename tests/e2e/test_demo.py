"""Facts about `cdp demo`, run as a person would, in a directory of its own, and what it left."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cdp.demo.demo import cdnow_directory
from cdp.demo.purchases import SAMPLE
from tests.support.commands import run_cdp
from tests.support.reference_cdnow import figures
from tests.support.system import plain_environment

ROOT = Path(__file__).parents[2]

SETTINGS = {"CDP_CDNOW_DIR": str(cdnow_directory()), "COLUMNS": "120"}

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def demo(directory: Path) -> list[str]:
    """The lines that the demo printed, with single spaces."""
    done = subprocess.run(
        [sys.executable, "-m", "cdp", "demo"],
        cwd=directory,
        env=plain_environment() | SETTINGS | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return [" ".join(line.split()) for line in done.stdout.splitlines()]


@pytest.fixture
def cdp(demo: list[str], directory: Path) -> Command:
    """`cdp("decide", …)`: a command of cdp, run to its end where the demo has run."""
    return partial(run_cdp, folder=directory, environment=SETTINGS)


def row(lines: list[str], name: str) -> list[int]:
    """The two numbers that a line of the report starts with, after its name."""
    line = next(line for line in lines if line.startswith(f"{name} "))
    return [int(word.replace(",", "")) for word in line.split()[1:3]]


def test_the_sample_has_its_known_numbers(demo: list[str]) -> None:
    assert row(demo, "profiles")[0] == 2357
    assert row(demo, "orders")[0] == 6919
    assert row(demo, "returning_one_time_buyer")[0] == 1205


def test_every_figure_is_what_a_plain_script_computes_from_the_file(demo: list[str]) -> None:
    expected = figures(cdnow_directory() / SAMPLE)
    for name in ("events", "profiles", "orders"):
        assert row(demo, name)[0] == expected[name]
    for segment, members in expected["members"].items():
        assert row(demo, segment)[0] == members


def test_offers_knows_of_everybody_a_settled_set_of_segments(
    demo: list[str], directory: Path
) -> None:
    with closing(sqlite3.connect(directory / ".demo" / "segments.db")) as segments:
        query = "SELECT stream_id, min(version) FROM events WHERE type = 'memberships_settled'"
        settled = dict(segments.execute(f"{query} GROUP BY stream_id"))
        members: dict[str, set[str]] = {profile_id: set() for profile_id in settled}
        for profile_id, segment in segments.execute("SELECT profile_id, segment FROM memberships"):
            members[profile_id].add(segment)
    with closing(sqlite3.connect(directory / ".demo" / "offers.db")) as offers:
        query = "SELECT profile_id, version, segments FROM memberships"
        rows = {profile_id: rest for profile_id, *rest in offers.execute(query)}
        everybody = {each for (each,) in offers.execute("SELECT profile_id FROM labels")}
    assert len(everybody) == row(demo, "profiles")[1]
    assert everybody <= settled.keys()
    assert all(rows[each][0] >= settled[each] for each in everybody)
    assert all(set(json.loads(rows[each][1])) == members[each] for each in everybody)


def test_the_five_shoppers_are_added_to_the_figures(demo: list[str]) -> None:
    before, after = zip(*(row(demo, name) for name in ("profiles", "orders")), strict=True)
    assert after == (before[0] + 5, before[1] + 9)
    changes = {
        "abandoned_cart": 1,
        "first_time_visitor": 3,
        "frequent_buyer": 1,
        "gold_and_recent": 1,
        "high_value": 1,
        "returning_one_time_buyer": 1,
    }
    for segment, change in changes.items():
        assert row(demo, segment)[1] - row(demo, segment)[0] == change


@pytest.mark.parametrize(
    ("title", "offer"),
    [
        ("A first-time guest", "guest_checkout v1"),
        ("A one-time buyer who has just signed in", "join_loyalty v2"),
        ("A loyal gold customer", "loyalty_status v2"),
        ("An anonymous buyer of a running watch", "watch_warranty v1"),
    ],
)
def test_each_of_the_four_shoppers_is_shown_an_offer_and_why(
    demo: list[str], title: str, offer: str
) -> None:
    lines = demo[demo.index(title) :]
    assert any(offer in line for line in lines)
    assert any("true: " in line for line in lines)


def test_the_demo_ends_with_what_to_try_next(demo: list[str]) -> None:
    lines = "\n".join(demo[demo.index("Try next") :])
    assert "profile show user_id=grace --demo" in lines
    assert "examples/checkout/decide.py" in lines


def test_what_the_demo_left_can_be_asked(cdp: Command) -> None:
    done = cdp("profile", "show", "user_id=grace", "--demo", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    grace: dict[str, Any] = json.loads(done.stdout)
    assert grace["orders"]["count"] == 8
    assert grace["loyalty"] == {"enrolled": True, "tier": "gold", "points": 1175}
    assert {each["segment"] for each in grace["segments"]} == {
        "frequent_buyer",
        "gold_and_recent",
        "high_value",
    }


def test_nobody_is_found_in_the_demo_with_the_reason_and_what_to_try(
    cdp: Command,
) -> None:
    done = cdp("profile", "show", "user_id=stranger", "--demo")
    assert done.returncode == 1
    assert done.stderr == (
        "Error: user_id=stranger: user_id has never been seen, spelt like this\n"
        "  try: compare it with what the shop sends, letter by letter\n"
    )


def test_a_decision_can_be_asked_of_the_demo_and_leaves_it_as_it_was(
    cdp: Command,
) -> None:
    request = ROOT / "examples" / "requests" / "one-time-buyer.json"
    first, second = (cdp("decide", request, "--demo") for _ in range(2))
    assert (first.returncode, first.stderr) == (0, "")
    assert "Earn 48 points with this order" in first.stdout
    assert first.stdout == second.stdout


def test_the_demo_leaves_no_dead_letters(cdp: Command) -> None:
    done = cdp("dead-letters", "list", "--demo")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "There are no dead letters.\n"
    done = cdp("dead-letters", "redrive", "segments", "--all", "--reason", "tried", "--demo")
    assert (done.returncode, done.stdout) == (0, "segments has no such dead letters.\n")


def test_lifetime_values_are_fitted_to_what_the_demo_left(cdp: Command) -> None:
    fitted = cdp("clv", "fit", "--demo", "--json")
    assert fitted.returncode == 0, fitted.stderr  # with lines of progress on a slow machine
    model = json.loads(fitted.stdout)
    assert (model["version"], model["buying"]["repeaters"]) == (1, 1140)
    values = json.loads(cdp("clv", "show", "user_id=omar", "--demo", "--json").stdout)
    assert values["version"] == 1
    assert 0 < values["alive"] < 1
    grace = json.loads(cdp("profile", "show", "user_id=grace", "--demo", "--json").stdout)
    assert "top_quartile_clv" in {each["segment"] for each in grace["segments"]}
    report = json.loads(cdp("clv", "report", "--demo", "--holdout", "39w", "--json").stdout)
    assert report["total"]["actual_orders"] > 1_800
