"""The four services in one process, without nameko or a broker: what a test calls and delivers.

Commands, projections and rebuilds are the services' own. What a service publishes waits until the
test delivers it: in any order, in any groups, twice.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import sqlalchemy as sa

from chassis import Event, FixedClock, ServiceError
from chassis.config.settings import Settings
from chassis.core.clock import ArrivalClock
from chassis.core.upcasting import Upcasters
from chassis.database.engine import EXCHANGE_LIMITS, Database
from chassis.database.tables import STREAMS
from chassis.eventlog.reader import RemoteLog
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from chassis.projections.inbox import Inbox, Projection
from chassis.projections.read_model import ReadModel
from chassis.projections.rebuild import Rebuild, RebuildResult, open_shadow
from contracts.event_types import EVENT_STEPS
from contracts.identity.calls import read_observations
from contracts.topology import FOLLOWS, SERVICE_NAMES
from identifiers import load_types
from profile_index import profiles_of
from rules import Summary
from services.identity import queries
from services.identity.commands import open_handlers
from services.identity.domain import responses
from services.offers import rebuild as offers_rebuild
from services.offers.projections import SegmentProjection, ShopperProjection
from services.profiles import rebuild as profiles_rebuild
from services.profiles import store as profiles_store
from services.profiles.commands import RecordHandler
from services.profiles.projections import IdentityProjection
from services.profiles.store import CurrentSummary
from services.profiles.vault import open_vault
from services.segments import commands as segments_commands
from services.segments import rebuild as segments_rebuild
from services.segments.configuration import load_file
from services.segments.projections import MembershipProjection
from services.segments.registry import DefinitionRegistry
from tests.support.read_models import answer

_KEY = b"a key for tests"
_BATCH = 7
READ_MODELS: Mapping[str, Callable[[Settings, UnitOfWorkRunner], ReadModel]] = {
    "profiles": profiles_rebuild.read_model,
    "segments": segments_rebuild.read_model,
    "offers": offers_rebuild.read_model,
}


Uris = tuple[str, str]  # of a database, as its owner and as the user of its service
OpenSuite = Callable[[], AbstractContextManager["SuiteWithoutBroker"]]


@dataclass(slots=True)
class _Published:
    """What a service has published, and up to where each follower has got all of it."""

    events: list[Event] = field(default_factory=list)
    delivered: dict[str, int] = field(default_factory=dict)

    def publish(self, row_id: str, events: Sequence[Event]) -> None:
        del row_id
        self.events += events


class SuiteWithoutBroker:
    """`call` is what a `Client` has of it; `deliver` and `rebuild` are the test's."""

    def __init__(self, uris: Mapping[str, Uris], clock: FixedClock) -> None:
        self._stack = ExitStack()
        self.clock = clock
        self.uris = dict(uris)
        self.settings = {
            name: Settings(name, user, "", clock, _KEY) for name, (_, user) in self.uris.items()
        }
        self.published = {name: _Published() for name in SERVICE_NAMES}
        self.works = {name: self._work(name) for name in SERVICE_NAMES}
        self.identity = open_handlers(self.settings["identity"])
        self.recorder = RecordHandler(open_vault(load_types(), _KEY), ArrivalClock(clock))
        self.works["segments"].run(partial(segments_commands.start_with, file=load_file()))
        self._projections: dict[tuple[str, str], Projection] = {
            ("profiles", "identity"): IdentityProjection(),
            ("segments", "profiles"): MembershipProjection(DefinitionRegistry()),
            ("offers", "profiles"): ShopperProjection(),
            ("offers", "segments"): SegmentProjection(),
        }
        self._inboxes = {
            (name, source): Inbox(self.works[name], source, Upcasters(EVENT_STEPS))
            for name, source in self._projections
        }

    def _work(self, name: str) -> UnitOfWorkRunner:
        database = Database(self.uris[name][1])
        self._stack.callback(database.close)
        return UnitOfWorkRunner(
            database, name, self.clock, self.published[name], Upcasters(EVENT_STEPS)
        )

    def close(self) -> None:
        """Close all databases."""
        self._stack.close()

    def call(self, service: str, method: str, /, **arguments: Any) -> Any:
        """The response of `profiles.record`, or of a call of identity that profiles makes."""
        if (service, method) == ("profiles", "record"):
            return self.recorder.record(
                arguments["events"],
                _Identity(self),
                self.works["profiles"],
                arguments["origin"],
            )
        raise NotImplementedError(f"{service}.{method}")

    def repair(self, chance: random.Random, profile_ids: Sequence[str]) -> bool:
        """Merge or split some of these profiles, as a desk might; whether that was possible."""
        repairs, work = self.identity.repairs, self.works["identity"]
        one, other = chance.choice(profile_ids), chance.choice(profile_ids)
        try:
            if chance.random() < 0.5:
                repairs.merge(one, other, "because", work, dry_run=False)
            else:
                keys = sorted(self.keys_of(one))
                part = chance.sample(keys, chance.randint(1, max(1, len(keys) - 1)))
                repairs.split(one, part, "because", work, dry_run=False)
        except ServiceError:
            return False
        return True

    def keys_of(self, profile_id: str) -> set[str]:
        """The keys of the identifiers of a profile."""
        described = self.works["identity"].read(partial(queries.describe, requested=profile_id))
        return {i["key"] for stream in described["streams"] for i in stream["identifiers"]}

    def deliver(self, chance: random.Random) -> None:
        """Deliver all that was published, some of it early or twice, until nobody lacks anything.

        Each follower gets it in an order of its own.
        """
        for name in SERVICE_NAMES:
            for source in FOLLOWS[name]:
                self._deliver(name, source, chance)

    def _deliver(self, name: str, source: str, chance: random.Random) -> None:
        published = self.published[source]
        new = published.events[published.delivered.get(name, 0) :]
        published.delivered[name] = len(published.events)
        shuffled = chance.sample(new, len(new)) + chance.sample(new, len(new) // 4)
        inbox, projection = self._inboxes[name, source], self._projections[name, source]
        while shuffled:
            size = chance.randint(1, _BATCH)
            inbox.process(shuffled[:size], projection)
            shuffled = shuffled[size:]
        inbox.process(new, projection)
        assert inbox.behind(1) == {}, f"{name} lacks something of {source}"

    def store_summaries(self) -> None:
        """Let profiles store the summaries of all streams, as reading each profile would."""

        def store(unit: UnitOfWork) -> None:
            profiles_store.save_summaries(unit, _current_summaries(unit))

        self.works["profiles"].run(store)

    def summaries(self) -> dict[str, Summary]:
        """The summaries of all streams as profiles reads them: the stored ones, and what is new."""
        found = self.works["profiles"].read(_current_summaries)
        return {stream: found[stream].summary for stream in sorted(found)}

    def profiles_of(self, streams: Iterable[str]) -> dict[str, str]:
        """The profiles that streams are in, as profiles knows them."""
        return self.works["profiles"].read(partial(profiles_of, streams=streams))

    def rebuild(self, name: str) -> RebuildResult:
        """Rebuild the read model of a service as `cdp rebuild` does."""
        owner, _ = self.uris[name]
        with ExitStack() as stack:
            database = Database(owner, by_key=False, limits=EXCHANGE_LIMITS)
            stack.callback(database.close)
            live = UnitOfWorkRunner(
                database, name, self.clock, self.published[name], Upcasters(EVENT_STEPS)
            )
            model = READ_MODELS[name](self.settings[name], live)
            shadow = open_shadow(database, owner, model.tables, "1")
            stack.callback(shadow.database.close)
            logs = {
                source: RemoteLog(partial(answer, self.works[source]))
                for source in FOLLOWS[name]
                if source in model.projections
            }
            return Rebuild(model, live, shadow, logs, lambda _step: None).run()


def _current_summaries(unit: UnitOfWork) -> dict[str, CurrentSummary]:
    streams = list(unit.connection.execute(sa.select(STREAMS.c.stream_id)).scalars())
    return profiles_store.current_summaries(unit, streams)


class _Identity:
    """Identity's calls, as profiles makes them."""

    def __init__(self, suite: SuiteWithoutBroker) -> None:
        self._handlers = suite.identity
        self._work = suite.works["identity"]

    def resolve(self, *, observations: list[dict[str, Any]]) -> dict[str, Any]:
        batch = [self._handlers.observer.observe(**one) for one in read_observations(observations)]
        results, facts = self._handlers.resolver.resolve(batch, self._work)
        self._handlers.reviews.note(batch, results, facts, self._work)
        return {
            "resolutions": [responses.resolution(result) for result in results],
            "facts": [fact.to_wire() for fact in facts],
        }

    def history(self, *, streams: list[dict[str, Any]], limit: int) -> dict[str, Any]:
        response: dict[str, Any] = answer(self._work, "history", streams=streams, limit=limit)
        return response
