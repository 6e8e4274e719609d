"""What is done to a suite while definitions change: shops send, and callers ask.

First a command changes a rule, then only words, then a second release comes with another
segments.yaml and runs beside the first one, which is killed and comes back with its own file.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from chassis import HOUR, MINUTE, format_instant
from tests.proofs.background import BackgroundWork
from tests.proofs.observer import SuiteObserver
from tests.support.oracle import LoggedEvent, labels
from tests.support.system import ProcessSuite

RULES = {
    1: 'exists("product_viewed", where=pieces >= 3)',
    2: 'exists("product_viewed", where=pieces >= 5, within="2h")',
    3: 'exists("product_viewed", where=pieces == 6)',
}
READERS = 'exists("page_read")'
_BATCH = 100
_PATIENCE = 1_800.0


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


class ViewTraffic(BackgroundWork):
    """What shoppers do, sent to a suite; within `with`, at a rate, until the end of it."""

    def __init__(self, system: ProcessSuite, shoppers: int, rate: float, first: int = 0) -> None:
        super().__init__(self._send)
        self.sent = 0
        self.seconds = 0.0
        self._system = system
        self._shoppers = shoppers
        self._rate = rate
        self._numbers = count(first)
        self._rng = random.Random(13)

    @property
    def per_second(self) -> float:
        return self.sent / self.seconds

    def fill(self) -> None:
        """One view of each shopper."""
        with self._system.proxy(timeout=60) as proxy:
            for start in range(0, self._shoppers, _BATCH):
                end = min(start + _BATCH, self._shoppers)
                self._record(proxy, [self._view(shopper) for shopper in range(start, end)])

    def _send(self) -> None:
        began = time.monotonic()
        with self._system.proxy(timeout=60) as proxy:
            while not self.ending.is_set():
                self._record(proxy, [self._event() for _ in range(_BATCH // 2)])
                self.sent += _BATCH // 2
                time.sleep(max(self.sent / self._rate - (time.monotonic() - began), 0))
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


class Asking(BackgroundWork):
    """Callers who ask for memberships all the time; `in_force` is what may answer them now."""

    def __init__(
        self, system: ProcessSuite, profiles: Sequence[str], in_force: frozenset[int]
    ) -> None:
        super().__init__(*(partial(self._ask, number) for number in range(3)))
        self.answers: list[Answer] = []
        self._system = system
        self._profiles = profiles
        self._in_force = in_force

    def _ask(self, number: int) -> None:
        rng = random.Random(number)
        with self._system.proxy(timeout=60) as proxy:
            while not self.ending.is_set():
                before = self._in_force
                profile_id = rng.choice(self._profiles)
                response = proxy.segments.memberships(profile_id=profile_id)
                self.answers.append(Answer(response, before | self._in_force))
                time.sleep(0.01)

    def change(self, version: int, act: Callable[[], object]) -> None:
        """Put a version in force by `act`: until it is done, both may answer."""
        self._in_force = self._in_force | {version}
        act()
        self._in_force = frozenset({version})


@dataclass(frozen=True, slots=True)
class Changes:
    """What is left when all is done."""

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
VERSIONS = """
SELECT segment, version, rule FROM definitions WHERE segment IN ('readers', 'viewers')
ORDER BY segment, version
"""


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


def viewers(observer: SuiteObserver) -> list[str]:
    """The profiles of those who have viewed anything."""
    profiles = {
        stream: profile for stream, (profile, _) in labels(observer.log("profiles")).items()
    }
    query = "SELECT DISTINCT stream_id FROM events WHERE type = 'product_viewed'"
    return sorted({profiles[stream] for (stream,) in observer.rows("profiles", query)})


def change_definitions(
    system: ProcessSuite,
    observer: SuiteObserver,
    new: Path,
    shoppers: int,
    rate: float,
    size: Callable[[int, int], int],
) -> Changes:
    """Change a rule, words, and at last the release: `new` has the segments.yaml of the second."""
    pause, side_by_side = size(1, 10) / 2, size(1, 60)
    ViewTraffic(system, shoppers, rate).fill()
    quiet = observer.wait_until_quiet(_PATIENCE)
    print(f"{shoppers} shoppers; quiet after {quiet:.1f} s")
    ids, versions = viewers(observer), []
    traffic = ViewTraffic(system, shoppers, rate, shoppers)
    with Asking(system, ids, frozenset({1})) as asking, traffic:
        time.sleep(pause)
        asking.change(2, lambda: define(system, "Has viewed large products."))
        seconds = wait_until_live(system)
        versions.append(observer.rows("segments", VERSIONS))
        time.sleep(pause)
    print(f"live after {seconds:.1f} s; {traffic.per_second:.0f} events/s")
    observer.wait_until_quiet(_PATIENCE)
    before = touched(observer)
    define(system, "Has viewed products in many pieces.")
    wait_until_live(system)
    time.sleep(pause)
    words = before, touched(observer)
    answers = asking.answers
    [old] = system.alive("segments")
    traffic = ViewTraffic(system, shoppers, rate, shoppers + traffic.sent)
    with Asking(system, ids, frozenset({2})) as asking, traffic:
        environment = {"CDP_CONFIG_DIR": str(new)}
        asking.change(3, lambda: system.start("segments", environment=environment))
        end = time.monotonic() + side_by_side
        while time.monotonic() < end:
            versions.append(observer.rows("segments", VERSIONS))
            time.sleep(side_by_side / 8)
        system.kill(old)
        system.start("segments")
        versions.append(observer.rows("segments", VERSIONS))
        seconds = wait_until_live(system)
    print(f"live after {seconds:.1f} s more; {traffic.per_second:.0f} events/s")
    observer.wait_until_quiet(_PATIENCE)
    versions.append(observer.rows("segments", VERSIONS))
    rows = observer.rows("segments", MEMBERS)
    return Changes(
        observer.log("profiles"),
        observer.log("segments"),
        [*answers, *asking.answers],
        {profile_id for (profile_id,) in rows},
        now(),
        words,
        versions,
    )
