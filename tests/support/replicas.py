"""Two replicas of segments with clocks apart, and what must be true of all that they say.

Whatever is published or answered names the versions of the streams that it is of: a history of the
events up to these is asked anew, in the plainest way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import UTC
from typing import Any

import sqlalchemy as sa

from chassis import DAY, Event, NotFound, parse_instant
from chassis.database.engine import Database
from clv import BuyingModel, Cutoffs, Dropout, FittedModel, SpendModel, ValueModel
from clv.fitting import BuyingFit, SpendFit
from profile_index.tables import LABELS, SUMMARIES
from rules import Rule, Summary
from rules.sql import SQLITE, NotInSql, translate
from services.segments import store
from services.segments.domain.value_model import VersionedModel
from services.segments.projections import MembershipProjection
from services.segments.queries.preview import select_by_sql, select_one_by_one
from services.segments.registry import DefinitionRegistry
from services.segments.value_fitting import mark_due
from tests.support.oracle import LoggedEvent
from tests.support.segments_service import ProfilesLog, SegmentsWithoutNameko
from tests.unit.rules.oracle import History, Meaning
from tests.unit.rules.shoppers import ShopperEvent
from tests.unit.rules.value_meanings import ModelParameters, NearBoundError

_EMPTIED = (
    store.DEFINITIONS,
    store.PROFILES,
    store.MEMBERSHIPS,
    store.FACTS,
    store.VALUE_MODELS,
    SUMMARIES,
    LABELS,
)
_MOST_TURNS = 50
_SECOND = 1_000_000


class Replicas:
    """The replicas, the log of profiles that they follow, and the meanings of the rules in force.

    `now` is the time; the clock of each replica, and that of profiles, is `apart` from it (µs).
    """

    def __init__(
        self, log: ProfilesLog, replicas: Sequence[SegmentsWithoutNameko], zone: Any, now: int
    ) -> None:
        self.meanings: dict[str, Meaning] = {}
        self.model: ModelParameters | None = None
        self.now = self.latest = now
        self._log = log
        self._replicas = replicas
        self._zone = zone
        self._apart = [0] * (len(replicas) + 1)
        self._inside: dict[str, set[str]] = defaultdict(set)
        self._fitted_at: list[int] = []
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

    def fit(self, number: int, model: ModelParameters) -> None:
        """Put a model in force, and let all profiles be evaluated by it.

        Entries and exits do not name the model that they are of: so all that was due is told
        before, and the clocks are together.
        """
        self.now, self._apart = self.latest, [0] * len(self._apart)
        self.pass_time(0)
        replica = self._replicas[number]
        self._let_pass(replica)
        self.model = model
        self._fitted_at.append(self.now)
        replica.put_model(model_of(model, len(self._fitted_at), self._zone))
        mark_due(replica.work, replica.registry)
        self._let_pass(replica)

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
        at = parse_instant(response["as_of"])
        assert found == self._members(response["versions"], at, found), response

    def catch_up(self) -> None:
        """Let all that was recorded be applied, and all that is due by the latest clock."""
        replica = self._replicas[0]
        replica.clock.at = self.latest
        self.follow(0, self._log.events)
        self._let_pass(replica)
        self._check_all(replica)

    def _let_pass(self, replica: SegmentsWithoutNameko) -> None:
        """Let all that is due be applied."""
        for _ in range(_MOST_TURNS):
            if not replica.tick():
                break
        else:
            raise AssertionError("somebody is always due")
        self._check_published()

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
            history = self._history(event.data["as_of"], is_member=not entered)
            by_time = event.data["reason"] == "time" and event.occurred_at not in self._fitted_at
            turns = self._turns if by_time else self._turned
            assert turns(segment, history, event.occurred_at, entered), event
        self._published.clear()

    def _turned(self, segment: str, history: History, at: int, entered: bool) -> bool:
        return self._holds(segment, history, at) is entered

    def _turns(self, segment: str, history: History, at: int, entered: bool) -> bool:
        """To the microsecond; to the second where a value crosses what it is compared with."""
        try:
            return self._turns_within(1, segment, history, at, entered)
        except NearBoundError:
            return self._turns_within(_SECOND, segment, history, at, entered)

    def _turns_within(
        self, span: int, segment: str, history: History, at: int, entered: bool
    ) -> bool:
        """Whether the verdict is another one at an instant, or a second after, than before."""
        before = self._holds(segment, history, at - span)
        return before is not entered and self._turned(
            segment, history, at if span == 1 else at + span, entered
        )

    def _check_all(self, replica: SegmentsWithoutNameko) -> None:
        """The stored memberships, those in the log, and those by SQL are those of the meanings."""
        streams: dict[str, list[str]] = defaultdict(list)
        for row in replica.rows(sa.select(LABELS)):
            streams[row.profile_id].append(row.stream_id)
        newest = {event.stream: event.version for event in self._log.events}

        def versions_of(streams: Iterable[str]) -> dict[str, int]:
            return {stream: newest[stream] for stream in streams}

        stored: dict[str, set[str]] = defaultdict(set)
        for row in replica.rows(sa.select(store.MEMBERSHIPS)):
            stored[row.profile_id].add(row.segment)
        expected = {
            profile: self._members(versions_of(of_profile), self.latest, stored.get(profile, set()))
            for profile, of_profile in streams.items()
        }
        members = {profile: segments for profile, segments in expected.items() if segments}
        assert stored == members
        assert {each: found for each, found in self._inside.items() if found} == members
        for at in (self.latest, self.latest - DAY, self.now):
            self._check_selections(replica, at, {p: versions_of(s) for p, s in streams.items()})

    def _check_selections(
        self, replica: SegmentsWithoutNameko, at: int, profiles: Mapping[str, Mapping[str, int]]
    ) -> None:
        """Who a preview finds as if nobody was a member: by SQL, or one by one as of now."""
        histories = {profile: self._history(versions) for profile, versions in profiles.items()}
        definitions = replica.work.read(replica.registry.current)
        for segment, version in definitions.versions.items():
            rule = version.definition.rule
            if is_in_sql(rule):
                found = select_by_sql(replica.work, rule, at, most=len(profiles)).sample
            elif at == self.latest:
                found = select_one_by_one(
                    replica.work, rule, at, lambda: 0.0, most=len(profiles)
                ).sample
            else:
                continue
            assert found == sorted(
                p for p, history in histories.items() if self._holds(segment, history, at)
            )

    def _members(self, versions: Mapping[str, int], at: int, inside: Set[str]) -> set[str]:
        """The segments of a profile that is in some: within a band whoever is in stays in."""
        plain, member = self._history(versions), self._history(versions, is_member=True)
        return {
            segment
            for segment in self.meanings
            if self._holds(segment, member if segment in inside else plain, at)
        }

    def _holds(self, segment: str, history: History, at: int) -> bool:
        return bool(history.logged) and bool(self.meanings[segment].at(history, at))

    def _history(self, versions: Mapping[str, int], *, is_member: bool = False) -> History:
        """What had happened in streams, up to a version of each."""
        events = [e for e in self._log.events if e.version <= versions.get(e.stream, 0)]
        history = history_of(events, self._zone, self.meanings)
        return history._replace(model=self.model, upright=True if is_member else None)


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


def model_of(parameters: ModelParameters, version: int, zone: Any) -> VersionedModel:
    """A fitted model of these parameters, in dollars."""
    is_known = parameters.cents is not None
    buying = BuyingModel(
        Dropout.AFTER_REPEATS if parameters.is_bg else Dropout.AFTER_EVERY_ORDER,
        *(getattr(parameters, name) for name in ("r", "alpha", "a", "b")),
    )
    spend = {"USD": SpendModel(*parameters.cents)} if parameters.cents is not None else {}
    cutoffs = {"alive": parameters.alive_cutoffs}
    cutoffs |= {"clv": parameters.clv_cutoffs} if is_known else {}
    values = ValueModel(buying, spend, parameters.horizon_days * DAY, "USD" if is_known else None)
    fitted = FittedModel(
        values,
        0,
        BuyingFit(buying, 0.0, 1, 1, False),
        {currency: SpendFit(model, 0.0, 1, 0.0, False) for currency, model in spend.items()},
        {name: Cutoffs(each, parameters.band) for name, each in cutoffs.items()},
    )
    return VersionedModel(version, "UTC" if zone is UTC else zone.key, fitted)
