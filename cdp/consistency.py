"""Comparing every consumer with its sources, and healing what a restore from a backup has parted.

A consumer that is ahead of a restored source forgets what that has lost: its read model is rebuilt
from the logs as they are. Identity is the other way round: what profiles' log has of its facts, it
takes back, so that its epochs go on from there.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import sqlalchemy as sa

from cdp.databases import check_database, explained
from chassis.config.settings import Settings, owner_database
from chassis.core.errors import Unavailable
from chassis.database.engine import EXCHANGE_LIMITS, Database
from chassis.database.tables import EVENTS, POSITIONS, STREAMS
from chassis.eventlog.incarnation import declare_restored
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from chassis.projections.positions import ahead_streams
from chassis.runtime.client import Client
from contracts.topology import TOPOLOGY
from identifiers import load_types
from services.identity.commands import take_back
from services.identity.domain.restoring import LostFact, in_order
from services.identity.domain.state import IdentityPolicy

_PAGE = 1_000
_FACTS_AT_ONCE = 100
_COMPARISON_SECONDS = 90.0  # consumers compare every half minute
_PAUSE = 0.5
_ALL = 1_000_000
_FACT = "identity_changed"


@dataclass(frozen=True, slots=True)
class LostStream:
    """A stream of which the source has lost the versions after `restored_to`, up to `version`."""

    stream: str
    version: int
    restored_to: int

    @property
    def events(self) -> int:
        """How many events that is."""
        return self.version - self.restored_to


@dataclass(frozen=True, slots=True)
class SourceComparison:
    """A consumer beside one of its sources: where it is behind, and where ahead of a restore."""

    consumer: str
    source: str
    streams: int
    events: int
    behind_streams: int
    behind_events: int
    halted: int
    lost: Sequence[LostStream]

    @property
    def is_consistent(self) -> bool:
        """Whether the consumer has applied what its source has, and nothing else."""
        return not (self.behind_streams or self.halted or self.lost)


@dataclass(frozen=True, slots=True)
class RestoreResult:
    """The log of a restored service: its new incarnation, and what it has.

    Identity has taken back `facts` from profiles' log; `left_out` could not be, as another is
    missing before them.
    """

    service: str
    incarnation: int
    streams: int
    events: int
    facts: int = 0
    left_out: int = 0


def compare_all(client: Client) -> list[SourceComparison]:
    """Every consumer beside every source of its, sources first; Unavailable if one is silent."""
    return [
        compare(client, service.name, source) for service in TOPOLOGY for source in service.follows
    ]


def compare(client: Client, consumer: str, source: str) -> SourceComparison:
    """A consumer beside one of its sources, once it has compared itself since the last restore."""
    incarnation = client.call(source, "heads", streams=[])["incarnation"]
    _wait_for_comparison(client, consumer, source, incarnation)
    lost = list(_lost_streams(client, consumer, source))
    versions: dict[str, int] = {}
    missing: dict[str, int] = {}
    for page in _pages_of_heads(client, source):
        places = {head["stream"]: head["version"] for head in page}
        behind = client.call(consumer, "behind", source=source, places=places)["behind"]
        versions |= places
        missing |= {stream: places[stream] - version for stream, version in behind.items()}
    halted = _halted(client, consumer, source) - {each.stream for each in lost}
    return SourceComparison(
        consumer,
        source,
        streams=len(versions),
        events=sum(versions.values()),
        behind_streams=len(missing),
        behind_events=sum(missing.values()),
        halted=len(halted),
        lost=lost,
    )


def declare(settings: Settings, profiles: Settings | None) -> RestoreResult:
    """Begin the next incarnation of a service's log, as its database was restored.

    With `profiles`, whose settings they are, facts of identity are taken back from profiles' log.
    """
    with _owner(settings) as work:
        work.log.incarnation.keep()
        facts = left_out = 0
        if profiles is not None:
            with _owner(profiles) as source:
                facts, left_out = _take_back_facts(settings, work, source)
        incarnation = work.run(lambda unit: declare_restored(unit.connection))
        streams, events = work.read(_size)
    return RestoreResult(settings.service, incarnation, streams, events, facts, left_out)


def confirm_facts(identity: Settings, profiles: Settings) -> tuple[int, int]:
    """Take facts of identity back, and let profiles follow the streams that are whole again.

    Returns how many streams of profiles that were, and how many have another history since.
    """
    with _owner(identity) as work, _owner(profiles) as consumer:
        _take_back_facts(identity, work, consumer)
        ahead = consumer.read(lambda unit: ahead_streams(unit, identity.service, "", _ALL))
        whole = []
        for row in ahead:
            facts = work.read(partial(_ids, stream=row.stream_id, version=row.version))
            known = consumer.read(partial(UnitOfWork.find, ids=facts))
            if len(facts) == row.version and len(known) == row.version:
                whole.append(row.stream_id)
        consumer.run(partial(_follow_again, source=identity.service, streams=whole))
    return len(whole), len(ahead) - len(whole)


def _ids(unit: UnitOfWork, stream: str, version: int) -> list[str]:
    query = sa.select(EVENTS.c.id).where(EVENTS.c.stream_id == stream, EVENTS.c.version <= version)
    return list(unit.connection.execute(query).scalars())


def _follow_again(unit: UnitOfWork, source: str, streams: Sequence[str]) -> None:
    for stream in streams:
        row = sa.update(POSITIONS).where(
            POSITIONS.c.source == source, POSITIONS.c.stream_id == stream
        )
        unit.connection.execute(row.values(halted=False, restored_to=None))


def _take_back_facts(
    settings: Settings, work: UnitOfWorkRunner, profiles: UnitOfWorkRunner
) -> tuple[int, int]:
    """Append to identity's log the facts that only profiles' log has; how many, and not which."""
    versions = work.read(_versions)
    lost = profiles.read(partial(_facts_beyond, versions=versions))
    policy = IdentityPolicy(load_types(settings.config_dir))
    facts = in_order(lost, versions)
    for start in range(0, len(facts), _FACTS_AT_ONCE):
        part = facts[start : start + _FACTS_AT_ONCE]
        work.run(partial(take_back, policy=policy, facts=part))
    return len(facts), len(lost) - len(facts)


def _versions(unit: UnitOfWork) -> dict[str, int]:
    rows = unit.connection.execute(sa.select(STREAMS.c.stream_id, STREAMS.c.version))
    return {row.stream_id: row.version for row in rows}


def _facts_beyond(unit: UnitOfWork, versions: dict[str, int]) -> list[LostFact]:
    """The facts in profiles' log that say more of a stream than identity's has, each once."""
    query = sa.select(EVENTS).where(EVENTS.c.type == _FACT)
    facts: dict[str, LostFact] = {}
    for row in unit.connection.execute(query):
        entries = {
            entry["stream"]: {name: entry[name] for name in ("profile_id", "epoch", "identifiers")}
            for entry in row.data["streams"]
        }
        if any(entry["epoch"] > versions.get(stream, 0) for stream, entry in entries.items()):
            facts[row.data["fact_id"]] = LostFact(
                row.data["fact_id"],
                row.data["reason"],
                row.data.get("note"),
                row.occurred_at,
                row.metadata.get("causation_id"),
                entries,
            )
    return list(facts.values())


def _size(unit: UnitOfWork) -> tuple[int, int]:
    query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(STREAMS.c.version), 0))
    streams, events = unit.connection.execute(query).one()
    return int(streams), int(events)


@contextmanager
def _owner(settings: Settings) -> Iterator[UnitOfWorkRunner]:
    """Units of work on a service's database as the owner of its tables."""
    uri, variable = owner_database(settings)
    check_database(settings.service, uri, variable)
    database = Database(uri, by_key=False, limits=EXCHANGE_LIMITS)
    try:
        with explained(settings.service, variable):
            yield UnitOfWorkRunner(database, settings.service, settings.clock)
    finally:
        database.close()


def _wait_for_comparison(client: Client, consumer: str, source: str, incarnation: int) -> None:
    deadline = time.monotonic() + _COMPARISON_SECONDS
    while client.call(consumer, "ahead", source=source, limit=1)["incarnation"] != incarnation:
        if time.monotonic() > deadline:
            raise Unavailable(
                consumer, f"has not compared itself with {source} since that was restored"
            )
        time.sleep(_PAUSE)


def _lost_streams(client: Client, consumer: str, source: str) -> Iterator[LostStream]:
    after, full = "", True
    while full:
        page = client.call(consumer, "ahead", source=source, after=after, limit=_PAGE)["streams"]
        yield from (LostStream(**stream) for stream in page)
        full = len(page) == _PAGE
        after = page[-1]["stream"] if page else after


def _pages_of_heads(client: Client, source: str) -> Iterator[Sequence[dict[str, Any]]]:
    """All heads; one that changes meanwhile comes again."""
    after: dict[str, Any] | None = None
    full = True
    while full:
        heads = client.call(source, "heads", after=after, limit=_PAGE)["streams"]
        yield heads
        full = len(heads) == _PAGE
        if heads:
            after = {name: heads[-1][name] for name in ("incarnation", "changed_in", "stream")}


def _halted(client: Client, consumer: str, source: str) -> set[str]:
    streams: set[str] = set()
    after, full = "", True
    while full:
        page = client.call(consumer, "halted", source=source, after=after, limit=_PAGE)["streams"]
        streams.update(page)
        full = len(page) == _PAGE
        after = page[-1] if page else after
    return streams
