"""Segments of a running suite, against what its log says: windows end, and definitions change.

Every exit is published once, at its instant, whoever is killed; and every answer is the fresh fold
of the version of the definition that it names.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from bench.calls import echo_service
from chassis import SECOND, parse_instant
from tests.conftest import FULL_SIZE
from tests.proofs import definition_changes, ending_windows
from tests.proofs.definition_changes import READERS, RULES, Changes, says, until
from tests.proofs.ending_windows import WindowCourse, changes_by_history, changes_in_log
from tests.proofs.observer import SuiteObserver
from tests.support.oracle import differences, entries_and_exits, labels
from tests.support.system import ProcessSuite

pytestmark = pytest.mark.timeout(5_400)

EVENTS_A_SECOND = 500
MODERATE_RATE = 100  # in `make test`
REFERENCE_ECHO_MS = 2.0  # of the machine for which the rate is meant


@dataclass(frozen=True, slots=True)
class RunningSuite:
    """The suite, what is read of it, and the directory of the second release's segments.yaml."""

    system: ProcessSuite
    observer: SuiteObserver
    new: Path


@pytest.fixture(scope="module")
def running(
    databases: Any, virtual_hosts: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningSuite]:
    directory = tmp_path_factory.mktemp("segments")
    for name, version in (("old", 1), ("new", 3)):
        (directory / name).mkdir()
        text = ending_windows.DEFINITION + definition_changes.file_with(RULES[version])
        (directory / name / "segments.yaml").write_text(text)
    environment = {"CDP_CONFIG_DIR": str(directory / "old"), "CDP_RECONCILE_SECONDS": "2"}
    services = ("identity", "profiles", "segments")
    with ProcessSuite(
        databases,
        virtual_hosts,
        services=services,
        environment=environment,
        directory=directory,
        others=["echo"],
    ) as system:
        observer = SuiteObserver(system)
        yield RunningSuite(system, observer, directory / "new")
        observer.close()


@pytest.fixture(scope="module")
def windows(running: RunningSuite, size: Callable[[int, int], int]) -> WindowCourse:
    shoppers, span = size(80, 2_000), size(2, 40) * SECOND
    return ending_windows.end_windows(running.system, running.observer, shoppers, span, size)


@pytest.fixture(scope="module")
def changes(running: RunningSuite, size: Callable[[int, int], int]) -> Changes:
    shoppers, rate = size(150, 100_000), rate_for(running.system)
    return definition_changes.change_definitions(
        running.system, running.observer, running.new, shoppers, rate, size
    )


def rate_for(system: ProcessSuite) -> float:
    """At full size EVENTS_A_SECOND; of a machine that is slower than the reference, its share."""
    if not FULL_SIZE:
        return MODERATE_RATE
    durations = []
    with echo_service(system.virtual_host), system.proxy() as proxy:
        for _ in range(300):
            began = time.monotonic()
            proxy.echo.echo("anything")
            durations.append(1_000 * (time.monotonic() - began))
    echo = median(durations)
    rate = EVENTS_A_SECOND * min(1.0, REFERENCE_ECHO_MS / echo)
    print(f"echo p50 {echo:.2f} ms: {rate:.0f} events/s are what {EVENTS_A_SECOND} are to 2.0 ms")
    return rate


def test_every_exit_is_published_once_and_dated_to_its_instant(windows: WindowCourse) -> None:
    expected = changes_by_history(windows)
    assert len(expected) == windows.shoppers
    flaws = differences("changes", expected, changes_in_log(windows))
    assert not flaws, "\n".join(flaws)


def test_segments_was_killed_in_the_middle_of_the_exits(windows: WindowCourse) -> None:
    killed_after = windows.killed_after
    exits = sum(
        kind == "segment_exited" for each in changes_in_log(windows).values() for kind, _ in each
    )
    assert 0 < killed_after[0] < killed_after[1] < exits
    assert killed_after == sorted(killed_after)
    print(f"{windows.shoppers} shoppers, {exits} exits; killed after {killed_after}")


def test_exits_were_found_by_the_timer_and_by_events_both(windows: WindowCourse) -> None:
    """A process without a timer has told those of the shoppers to whom something happened."""
    quiet = {
        event.stream
        for event in windows.segments
        if event.type == "segment_exited" and event.data["reason"] == "time"
    }
    before, after = windows.untimed
    assert after - before > windows.shoppers // 8
    assert len(quiet) > after


def test_each_answer_is_the_fresh_fold_of_the_version_that_it_names(changes: Changes) -> None:
    views = changes.views()
    by_version: dict[int, int] = defaultdict(int)
    wrong = []
    for answer in changes.answers:
        response = answer.response
        seen = until(views[response["profile_id"]], response["versions"])
        as_of = parse_instant(response["as_of"])
        named = {each["segment"]: each["version"] for each in response["segments"]}
        if "viewers" in named:
            is_right = named["viewers"] in answer.versions and says(named["viewers"], seen, as_of)
        else:
            is_right = any(not says(version, seen, as_of) for version in answer.versions)
        by_version[named.get("viewers", 0)] += 1
        if not is_right:
            wrong.append((answer, seen))
    print(f"{len(changes.answers)} answers: by version {dict(by_version)}")
    assert wrong == []
    assert by_version.keys() >= {0, 1, 2, 3}


def test_each_entry_and_exit_is_the_fresh_fold_of_the_version_that_it_names(
    changes: Changes,
) -> None:
    views = changes.views()
    published = [e for e in changes.segments if e.data.get("segment") == "viewers"]
    wrong = [
        event
        for event in published
        if says(
            event.data["definition_version"],
            until(views[event.stream], event.data["as_of"]),
            event.at,
        )
        is not (event.type == "segment_entered")
    ]
    print(f"{len(published)} entries and exits")
    assert wrong == []


def test_nobody_enters_or_leaves_twice_in_a_row_and_all_end_where_the_last_version_says(
    changes: Changes,
) -> None:
    inside, flaws = entries_and_exits(changes.segments)
    assert flaws == []
    views = changes.views()
    everybody = {profile_id for profile_id, _ in labels(changes.profiles).values()}
    expected = {each for each in everybody if says(3, views.get(each, []), changes.at)}
    assert changes.members == expected
    assert {profile for profile, names in inside.items() if "viewers" in names} == expected


def test_other_words_evaluate_nobody(changes: Changes) -> None:
    before, after = changes.words
    assert before[0] > 0
    assert after == before


def test_each_file_and_each_command_makes_one_version_whoever_comes_back(changes: Changes) -> None:
    readers, viewers = ["readers", 1, READERS], [["viewers", n, RULES[n]] for n in RULES]
    first, *later = [[list(row) for row in rows] for rows in changes.versions]
    assert first == [readers, *viewers[:2]]
    assert len(later) > 3
    assert all(rows == [readers, *viewers] for rows in later)
