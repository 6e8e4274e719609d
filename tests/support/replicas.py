"""Two replicas of segments with clocks apart, and what must be true of all that they say.

Whatever is published or answered names the versions of the streams that it is of: a history of the
events up to these is asked anew, in the plainest way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from chassis import DAY, Event, NotFound, parse_instant
from chassis.database.engine import Database
from profile_index.tables import LABELS, SUMMARIES
from rules import Rule, Summary
from rules.sql import SQLITE, NotInSql, translate
from services.segments import store
from services.segments.projections import MembershipProjection
from services.segments.queries.preview import select_by_sql
from services.segments.registry import DefinitionRegistry
from tests.support.oracle import LoggedEvent
from tests.support.segments_service import ProfilesLog, SegmentsWithoutNameko
from tests.unit.rules.oracle import History, Meaning
from tests.unit.rules.shoppers import ShopperEvent

_EMPTIED = (
    store.DEFINITIONS,
    store.PROFILES,
    store.MEMBERSHIPS,
    store.FACTS,
    SUMMARIES,
    LABELS,
)
_MOST_TURNS = 50


class Replicas:
    """The replicas, the log of profiles that they follow, and the meanings of the rules in force.

    `now` is the time; the clock of each replica, and that of profiles, is `apart` from it (µs).
    """

    def __init__(
        self, log: ProfilesLog, replicas: Sequence[SegmentsWithoutNameko], zone: Any, now: int
    ) -> None:
        self.meanings: dict[str, Meaning] = {}
        self.now = self.latest = now
        self._log = log
        self._replicas = replicas
        self._zone = zone
        self._apart = [0] * (len(replicas) + 1)
        self._inside: dict[str, set[str]] = defaultdict(set)
        log.events.clear()
        self._published: list[Event] = []
        for replica in replicas:
            replica.published = replica.settled = self._published
            replica.projection = MembershipProjection(DefinitionRegistry(zone))
        replicas[0].work.run(_empty)
        self.pass_time(0)

    # What happens

    def pass_time(self, span: int) -> None:
        self.now += span
        for clock, apart in zip(
            (self._log.clock, *(replica.clock for replica in self._replicas)),
            self._apart,
            strict=True,
        ):
            clock.at = self.now + apart
            self.latest = max(self.latest, clock.at)

    def set_apart(self, number: int, apart: int) -> None:
        self._apart[number] = apart
        self.pass_time(0)

    def define(self, segment: str, meaning: Meaning) -> None:
        self.meanings[segment] = meaning
        self._replicas[0].define(segment, meaning.text)

    def follow(self, number: int, events: Sequence[Event]) -> None:
        self._replicas[number].follow(*events)
        self._check_published()

    def tick(self, number: int) -> None:
        self._replicas[number].tick()
        self._check_published()

    def ask(self, number: int, stream: str) -> None:
        """Ask for the memberships of whoever a stream belongs to."""
        try:
            response = self._replicas[number].memberships(stream)
        except NotFound:
            return
        self._check_published()
        found = {each["segment"] for each in response["segments"]}
        expected = self._members(response["versions"], parse_instant(response["as_of"]))
        assert found == expected, response

    def catch_up(self) -> None:
        """Let all that was recorded be applied, and all that is due by the latest clock."""
        replica = self._replicas[0]
        replica.clock.at = self.latest
        self.follow(0, self._log.events)
        for _ in range(_MOST_TURNS):
            if not replica.tick():
                break
        else:
            raise AssertionError("somebody is always due")
        self._check_published()
        self._check_all(replica)

    # What must be true

    def _check_published(self) -> None:
        """Each entry and exit is told once, as of what it names; time's own, at its instant."""
        for event in sorted(self._published, key=lambda event: (event.stream, event.version)):
            if event.type == "memberships_settled":
                names = {each["segment"] for each in event.data["segments"]}
                assert names == self._inside[event.stream], event
                continue
            segment, entered = event.data["segment"], event.type == "segment_entered"
            assert entered is not (segment in self._inside[event.stream]), event
            self._inside[event.stream] ^= {segment}
            history = self._history(event.data["as_of"])
            at = event.occurred_at
            assert self._holds(segment, history, at) is entered, event
            if event.data["reason"] == "time":
                assert self._holds(segment, history, at - 1) is not entered, event
        self._published.clear()

    def _check_all(self, replica: SegmentsWithoutNameko) -> None:
        """The stored memberships, those in the log, and those by SQL are those of the meanings."""
        streams: dict[str, list[str]] = defaultdict(list)
        for row in replica.rows(sa.select(LABELS)):
            streams[row.profile_id].append(row.stream_id)
        newest = {event.stream: event.version for event in self._log.events}

        def versions_of(streams: Iterable[str]) -> dict[str, int]:
            return {stream: newest[stream] for stream in streams}

        expected = {p: self._members(versions_of(s), self.latest) for p, s in streams.items()}
        members = {profile: segments for profile, segments in expected.items() if segments}
        stored: dict[str, set[str]] = defaultdict(set)
        for row in replica.rows(sa.select(store.MEMBERSHIPS)):
            stored[row.profile_id].add(row.segment)
        assert stored == members
        assert {each: found for each, found in self._inside.items() if found} == members
        for at in (self.latest, self.latest - DAY, self.now):
            self._check_sql(replica, at, {p: versions_of(s) for p, s in streams.items()})

    def _check_sql(
        self, replica: SegmentsWithoutNameko, at: int, profiles: Mapping[str, Mapping[str, int]]
    ) -> None:
        histories = {profile: self._history(versions) for profile, versions in profiles.items()}
        definitions = replica.work.read(replica.registry.current)
        for segment, version in definitions.versions.items():
            rule = version.definition.rule
            if is_in_sql(rule):
                found = select_by_sql(replica.work, rule, at).members
                assert found == sorted(
                    p for p, history in histories.items() if self._holds(segment, history, at)
                )

    def _members(self, versions: Mapping[str, int], at: int) -> set[str]:
        history = self._history(versions)
        return {segment for segment in self.meanings if self._holds(segment, history, at)}

    def _holds(self, segment: str, history: History, at: int) -> bool:
        return bool(history.logged) and bool(self.meanings[segment].at(history, at))

    def _history(self, versions: Mapping[str, int]) -> History:
        """What had happened in streams, up to a version of each."""
        events = [e for e in self._log.events if e.version <= versions.get(e.stream, 0)]
        return history_of(events, self._zone, self.meanings)


def history_of(events: Iterable[Event], zone: Any, defined: Mapping[str, Meaning]) -> History:
    """What happened in some streams; ids sort as the events arrived."""
    logged = [
        LoggedEvent(
            event.stream,
            event.version,
            f"{event.recorded_at:020}/{event.version:06}/{event.id}",
            event.type,
            event.data,
            event.occurred_at,
            {**event.metadata, "arrival": list(event.arrival)},
        )
        for event in events
    ]
    happened = [ShopperEvent(e.type, e.data, e.at, e.id) for e in logged]
    return History(happened, zone, frozenset(), defined, logged)


def is_in_sql(rule: Rule[Summary]) -> bool:
    try:
        translate(rule, SQLITE, 0)
    except NotInSql:
        return False
    return True


def two_replicas(database: Database) -> list[SegmentsWithoutNameko]:
    return [SegmentsWithoutNameko(database) for _ in range(2)]


def _empty(unit: Any) -> None:
    for table in _EMPTIED:
        unit.connection.execute(sa.delete(table))
