"""Definitions change while shops send: every answer is the fresh fold of the version that it names.

First by a command, then only in words, then by a second release with another segments.yaml that
runs beside the first one, which is killed and comes back with its own file.
"""

from __future__ import annotations

import hashlib
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest

from chassis import HOUR, MINUTE, format_instant, parse_instant
from tests.proofs.observer import SuiteObserver
from tests.support.oracle import LoggedEvent, entries_and_exits, labels
from tests.support.system import ProcessSuite

pytestmark = pytest.mark.timeout(3_600)

RULES = {
    1: 'exists("product_viewed", where=pieces >= 3)',
    2: 'exists("product_viewed", where=pieces >= 5, within="2h")',
    3: 'exists("product_viewed", where=pieces == 6)',
}
READERS = 'exists("page_read")'
_BATCH = 100
_RATE = 500  # events a second


def says(version: int, views: Sequence[LoggedEvent], now: int) -> bool:
    """What a version of the rule says of somebody's views, written out by hand."""
    past = [event for event in views if event.at <= now]
    if version == 1:
        return any(event.data["pieces"] >= 3 for event in past)
    if version == 2:
        return any(event.data["pieces"] >= 5 and event.at > now - 2 * HOUR for event in past)
    return any(event.data["pieces"] == 6 for event in past)


def file_with(rule: str) -> str:
    return f"""
viewers:
  rule: {rule}
  description: Has viewed products in pieces.

readers:
  rule: {READERS}
  description: Has read a page.
"""


def now() -> int:
    return time.time_ns() // 1_000


class ViewTraffic:
    """What shoppers do, sent to a suite; within `with`, at a rate, until the end of it."""

    def __init__(self, system: ProcessSuite, shoppers: int, first: int = 0) -> None:
        self.sent = 0
        self.seconds = 0.0
        self._system = system
        self._shoppers = shoppers
        self._numbers = count(first)
        self._rng = random.Random(13)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._send)
        self._error: BaseException | None = None

    def fill(self) -> None:
        """One view of each shopper."""
        with self._system.proxy(timeout=60) as proxy:
            for start in range(0, self._shoppers, _BATCH):
                end = min(start + _BATCH, self._shoppers)
                self._record(proxy, [self._view(shopper) for shopper in range(start, end)])

    def __enter__(self) -> ViewTraffic:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _send(self) -> None:
        began = time.monotonic()
        try:
            with self._system.proxy(timeout=60) as proxy:
                while not self._stop.is_set():
                    self._record(proxy, [self._event() for _ in range(_BATCH // 2)])
                    self.sent += _BATCH // 2
                    time.sleep(max(self.sent / _RATE - (time.monotonic() - began), 0))
        except BaseException as error:  # noqa: BLE001 - raised where traffic ends
            self._error = error
        self.seconds = time.monotonic() - began

    @staticmethod
    def _record(proxy: Any, events: list[dict[str, Any]]) -> None:
        receipts = proxy.profiles.record(events=events)["receipts"]
        assert {receipt["status"] for receipt in receipts} == {"appended"}

    def _event(self) -> dict[str, Any]:
        event = self._view(self._rng.randrange(self._shoppers))
        if self._rng.random() < 0.3:
            event |= {"type": "page_read", "data": {}}
        return event

    def _view(self, shopper: int) -> dict[str, Any]:
        age = self._rng.choice((MINUTE, 3 * HOUR, 4 * HOUR))
        return {
            "id": f"event-{next(self._numbers)}",
            "type": "product_viewed",
            "time": format_instant(now() - age),
            "identifiers": {"anonymous_id": f"device-{shopper}"},
            "authenticated": False,
            "data": {"product_id": "kit", "pieces": self._rng.randrange(7)},
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """A response of `memberships`, and by which versions it may be."""

    response: Mapping[str, Any]
    versions: frozenset[int]


@dataclass(slots=True)
class Asking:
    """Callers who ask for memberships all the time; `in_force` is what may answer them now."""

    system: ProcessSuite
    profiles: Sequence[str]
    in_force: frozenset[int] = frozenset({1})
    answers: list[Answer] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _errors: list[BaseException] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Asking:
        self._threads = [threading.Thread(target=self._ask, args=(n,)) for n in range(3)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        if self._errors:
            raise self._errors[0]

    def _ask(self, number: int) -> None:
        rng = random.Random(number)
        try:
            with self.system.proxy(timeout=60) as proxy:
                while not self._stop.is_set():
                    before = self.in_force
                    profile_id = rng.choice(self.profiles)
                    response = proxy.segments.memberships(profile_id=profile_id)
                    self.answers.append(Answer(response, before | self.in_force))
                    time.sleep(0.01)
        except BaseException as error:  # noqa: BLE001 - raised where asking ends
            self._errors.append(error)

    def change(self, version: int, act: Callable[[], object]) -> None:
        """Put a version in force by `act`: until it is done, both may answer."""
        self.in_force = self.in_force | {version}
        act()
        self.in_force = frozenset({version})


@dataclass(frozen=True, slots=True)
class Changes:
    """What is left when all is done."""

    shoppers: int
    profiles: Sequence[LoggedEvent]
    segments: Sequence[LoggedEvent]
    answers: Sequence[Answer]
    members: set[str]
    at: int
    words: tuple[list[Any], list[Any]]
    versions: Sequence[list[Any]]

    def views(self) -> dict[str, list[LoggedEvent]]:
        """The views of each profile."""
        owner = labels(self.profiles)
        found: dict[str, list[LoggedEvent]] = defaultdict(list)
        for event in self.profiles:
            if event.type == "product_viewed":
                found[owner[event.stream][0]].append(event)
        return found


def until(views: Sequence[LoggedEvent], versions: Mapping[str, int]) -> list[LoggedEvent]:
    """The views that an evaluation by these versions of streams has seen."""
    return [event for event in views if event.version <= versions.get(event.stream, 0)]


EVERY_ROW = "SELECT profile_id, xmin::text, xmax::text, ctid::text, generation FROM profiles"
MEMBERS = "SELECT profile_id FROM memberships WHERE segment = 'viewers'"
VERSIONS = "SELECT segment, version, rule FROM definitions ORDER BY segment, version"


def touched(observer: SuiteObserver) -> list[Any]:
    """A digest of every evaluation state, which a lock or a write of any row changes."""
    rows = sorted(observer.rows("segments", EVERY_ROW))
    [[events]] = observer.rows("segments", "SELECT count(*) FROM events")
    return [len(rows), events, hashlib.sha256(repr(rows).encode()).hexdigest()]


def wait_until_live(system: ProcessSuite) -> float:
    began = time.monotonic()
    system.wait_for(
        lambda: {each["status"] for each in system.call("segments", "list")} == {"live"},
        "everybody is evaluated",
        patience=600,
    )
    return time.monotonic() - began


def define(system: ProcessSuite, description: str) -> None:
    definition = {"segment": "viewers", "rule": RULES[2], "description": description}
    system.call("segments", "define", definition=definition, timeout=60)


@pytest.fixture(scope="module")
def changes(
    databases: Any,
    virtual_hosts: Any,
    size: Callable[[int, int], int],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Changes]:
    directory = tmp_path_factory.mktemp("definitions")
    for name, version in (("old", 1), ("new", 3)):
        (directory / name).mkdir()
        (directory / name / "segments.yaml").write_text(file_with(RULES[version]))
    shoppers, side_by_side = size(150, 100_000), size(2, 60)
    with ProcessSuite(
        databases,
        virtual_hosts,
        services=("identity", "profiles", "segments"),
        environment={"CDP_CONFIG_DIR": str(directory / "old"), "CDP_RECONCILE_SECONDS": "5"},
        directory=directory,
    ) as system:
        observer = SuiteObserver(system)
        ViewTraffic(system, shoppers).fill()
        quiet = observer.wait_until_quiet(1_800)
        print(f"{shoppers} shoppers; quiet after {quiet:.1f} s")
        ids = [id_ for (id_,) in observer.rows("segments", "SELECT profile_id FROM profiles")]
        traffic, versions = ViewTraffic(system, shoppers, shoppers), []
        with Asking(system, ids) as asking, traffic:
            time.sleep(size(1, 5))
            asking.change(2, lambda: define(system, "Has viewed large products."))
            seconds = wait_until_live(system)
            versions.append(observer.rows("segments", VERSIONS))
            time.sleep(size(1, 5))
        print(f"live after {seconds:.1f} s; {traffic.sent / traffic.seconds:.0f} events/s")
        observer.wait_until_quiet(1_800)
        before = touched(observer)
        define(system, "Has viewed products in many pieces.")
        wait_until_live(system)
        time.sleep(size(1, 5))
        words = before, touched(observer)
        [old] = system.alive("segments")
        after = ViewTraffic(system, shoppers, shoppers + traffic.sent)
        answers = asking.answers
        with Asking(system, ids, frozenset({2})) as asking, after:
            new = {"CDP_CONFIG_DIR": str(directory / "new")}
            asking.change(3, lambda: system.start("segments", environment=new))
            end = time.monotonic() + side_by_side
            while time.monotonic() < end:
                versions.append(observer.rows("segments", VERSIONS))
                time.sleep(side_by_side / 8)
            system.kill(old)
            system.start("segments")
            versions.append(observer.rows("segments", VERSIONS))
            seconds = wait_until_live(system)
        print(f"live after {seconds:.1f} s more; {after.sent / after.seconds:.0f} events/s")
        observer.wait_until_quiet(1_800)
        versions.append(observer.rows("segments", VERSIONS))
        rows = observer.rows("segments", MEMBERS)
        yield Changes(
            shoppers,
            observer.log("profiles"),
            observer.log("segments"),
            [*answers, *asking.answers],
            {profile_id for (profile_id,) in rows},
            now(),
            words,
            versions,
        )
        observer.close()


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
    assert before[0] == changes.shoppers
    assert after == before


def test_each_file_and_each_command_makes_one_version_whoever_comes_back(changes: Changes) -> None:
    readers, viewers = ["readers", 1, READERS], [["viewers", n, RULES[n]] for n in RULES]
    first, *later = [[list(row) for row in rows] for rows in changes.versions]
    assert first == [readers, *viewers[:2]]
    assert len(later) > 3
    assert all(rows == [readers, *viewers] for rows in later)
