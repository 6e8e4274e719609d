"""The inbox: events arrive in any order, any number of times, and apply once, in order.

Order comes from the log, not from the broker. A row for each stream has its position: the last
version applied and the highest one seen. An event that arrives early is not stored: the row shows
that it exists, and it is fetched from the source's history. Nothing depends on the order of
messages, so replicas may share one plain queue.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import sqlalchemy as sa
import structlog

from chassis.core.errors import Unavailable
from chassis.core.event import Event, new_id
from chassis.core.upcasting import Upcasters
from chassis.database.engine import is_misfit
from chassis.database.tables import DEAD_LETTERS
from chassis.eventlog.incarnation import FIRST
from chassis.eventlog.log import HEADS_A_PAGE, HeadCursor
from chassis.eventlog.reader import LogReader
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from chassis.observability.metrics import note_applied
from chassis.projections.dead_letters import halted_alike, withdraw
from chassis.projections.outage import (
    ALIKE_STREAMS,
    ApplyFailure,
    FailureHistory,
    FailureVerdict,
    Outage,
    failure_kind,
    failure_reason,
)
from chassis.projections.positions import (
    Position,
    lagging_streams,
    load_positions,
    lock_positions,
    note_heads,
    save_positions,
)
from chassis.projections.reconciliation import (
    Reconciliation,
    applicable_incarnation,
    load_comparison,
    save_too_large,
)

_log = structlog.get_logger("inbox")


class Projection(Protocol):
    """What a service makes of another service's events."""

    def apply(self, unit: UnitOfWork, events: Sequence[Event]) -> None:
        """Apply `events`: in order by stream, without gaps, each once, a joint fact once.

        The position rows of all their streams are locked. Any error but Unavailable means that an
        event cannot be applied: it is found by halving the batch, and its streams are halted,
        unless it is an outage (see `chassis.projections.outage`).
        """
        ...


@dataclass(frozen=True, slots=True)
class BatchResult:
    """Whether anything of a batch was applied, and whether its streams are behind after it."""

    applied: bool
    behind: bool

    def __or__(self, other: BatchResult) -> BatchResult:
        return BatchResult(self.applied or other.applied, self.behind or other.behind)


class Inbox:
    """The events of one source, as one service applies them."""

    def __init__(
        self, work: UnitOfWorkRunner, source: str, upcasters: Upcasters | None = None
    ) -> None:
        self.work = work
        self.source = source
        self._upcasters = upcasters or Upcasters()
        self._failures = FailureHistory()
        self._turns = 0
        self._incarnation = FIRST

    def process(self, events: Sequence[Event], projection: Projection) -> BatchResult:
        """Apply those of `events` that are next in their streams.

        Earlier ones are dropped, as are those of another incarnation of the source than positions
        were compared with; later ones are noted, to be fetched. Raises Unavailable if the database
        or something that the projection needs does not answer, and Outage if no event can be
        applied. In an outage that hits some types of events only, the others are applied, and the
        streams of these stay behind, to be fetched again.
        """
        isolation = _Isolation(projection, self._turns)
        result = self._process(events, isolation)
        if isolation.aside:
            self._turns += 1
            result |= self._leave_aside(isolation)
        return result

    def note(self, heads: Mapping[str, int]) -> None:
        """Note that the source's streams have at least the versions in `heads`."""
        if heads:
            self.work.run(lambda unit: note_heads(unit, self.source, heads))

    def leave_behind(self, events: Sequence[Event]) -> None:
        """Note that there are `events`, which could not be applied: they are fetched later.

        Those of another incarnation of the source are left out: it may not have them any more.
        """
        self.note(heads_of(e for e in events if e.incarnation == self._incarnation))

    def behind(self, limit: int, after: str = "") -> dict[str, int]:
        """Up to `limit` lagging streams past `after`, in order: stream -> version applied.

        Halted streams are left out.
        """
        return self.work.read(lambda unit: lagging_streams(unit, self.source, after, limit))

    def lagging(self, wanted: Mapping[str, int]) -> dict[str, int]:
        """The streams that have not reached their version in `wanted`: stream -> version applied.

        Halted streams are left out.
        """
        rows = self._positions(wanted)
        versions = {row.stream_id: row.version for row in rows}
        halted = {row.stream_id for row in rows if row.halted}
        return {
            stream: versions.get(stream, 0)
            for stream, version in wanted.items()
            if versions.get(stream, 0) < version and stream not in halted
        }

    def versions(self, streams: Iterable[str]) -> dict[str, int]:
        """The last version applied of each of `streams`; 0 for one that has no position."""
        wanted = set(streams)
        versions = {row.stream_id: row.version for row in self._positions(wanted)}
        return {stream: versions.get(stream, 0) for stream in wanted}

    def reconcile(self, log: LogReader, page_size: int = HEADS_A_PAGE) -> int:
        """Compare positions with the source's heads, and note every stream that is further there.

        Returns how many those were. A page of heads that is not full is the last.
        """
        return Reconciliation(self.work, self.source, log, page_size).run()

    def note_too_large(self, streams: int) -> None:
        """Note in how many streams the next event is too large to be fetched."""
        self.work.run(lambda unit: save_too_large(unit, self.source, streams))

    def reconciled(self) -> HeadCursor:
        """The place up to which heads of the source were compared."""
        return self.work.read(lambda unit: load_comparison(unit, self.source)).cursor

    def outages(self) -> list[str]:
        """The kinds of failure for which events are set aside just now, and nothing is halted."""
        return self._failures.outages(self.work.clock.now())

    def dead_letter(self, reason: str) -> str:
        """Record a message that could not be read; returns the dead letter's id."""
        return self.work.run(lambda unit: self._insert_dead_letter(unit, None, reason))

    def _positions(self, streams: Iterable[str]) -> Sequence[Any]:
        names = list(streams)
        return self.work.read(lambda unit: load_positions(unit, self.source, names))

    def _process(self, events: Sequence[Event], isolation: _Isolation) -> BatchResult:
        events = isolation.admit(events)
        if not events:
            return BatchResult(applied=False, behind=False)
        known = self._incarnation
        batch = _Batch(self.source, events, isolation.projection, self._upcasters, known)
        try:
            result = self.work.run(batch.apply)
        except _IncarnationChanged as change:
            self._incarnation = change.incarnation
            return self._process(events, isolation)
        except Exception as error:
            failure = batch.projection_error
            if failure is None or isinstance(failure, Unavailable):
                raise
            if error is not failure and not is_misfit(failure):
                raise
            return self._isolate(batch, failure, isolation)
        if result.applied:
            types = {event.type for event in batch.ready}
            self._failures.note_applied(types, self.work.clock.now())
            isolation.note_applied(types)
        note_applied(self.work.source, self.source, batch.ready)
        return result

    def _isolate(self, batch: _Batch, error: Exception, isolation: _Isolation) -> BatchResult:
        """Apply all but the events that fail, by halves, and judge these."""
        ready = batch.ready
        if len(ready) == 1:
            result = self._judge(ready[0], error, isolation)
        else:
            result = BatchResult(applied=False, behind=False)
            for half in isolation.halves(ready):
                result |= self._process(half, isolation)
        ids = {event.id for event in ready}
        rest = [event for event in batch.events if event.id not in ids]
        return result | self._process(rest, isolation)

    def _judge(self, event: Event, error: Exception, isolation: _Isolation) -> BatchResult:
        """Halt the streams of an event that is poison, and leave aside what an outage hits."""
        kind = failure_kind(error)
        failure = ApplyFailure(kind, event.type, min(event.versions), is_misfit(error))
        now = self.work.clock.now()
        since = self._failures.since(failure, now)
        halted = self.work.read(lambda unit: halted_alike(unit, self.source, kind, since))
        verdict = self._failures.judge(failure, now, halted)
        if verdict is FailureVerdict.POISON:
            reason = failure_reason(error)
            if self.work.run(lambda unit: self._halt(unit, event, reason)):
                self._log_halted(event, reason)
            return BatchResult(applied=False, behind=False)
        if verdict is FailureVerdict.OUTAGE_BEGINS:
            self.work.run(lambda unit: withdraw(unit, self.source, kind, since))
        isolation.leave_aside(event, failure)
        return BatchResult(applied=False, behind=True)

    def _leave_aside(self, isolation: _Isolation) -> BatchResult:
        """Note what is to be fetched again; Outage if nothing at all can be applied."""
        failure = isolation.failures[-1]
        now = self.work.clock.now()
        if not isolation.applied and not self._failures.others_apply(failure, now):
            raise Outage(f"events of {self.source}", failure.kind)
        self.leave_behind(isolation.aside)
        return BatchResult(applied=False, behind=True)

    def _halt(self, unit: UnitOfWork, event: Event, reason: str) -> bool:
        """Halt the streams of an event; whether it was ours to do."""
        positions = lock_positions(unit, self.source, event.versions)
        if not _is_next(event, positions):
            return False  # another replica has applied it, or halted its stream, since
        for position in positions.values():
            position.halted = True
        save_positions(unit, self.source, positions)
        self._insert_dead_letter(unit, event, reason)
        return True

    def _log_halted(self, event: Event, reason: str) -> None:
        _log.error(
            "stream_halted",
            service=self.work.source,
            source=self.source,
            streams=sorted(event.versions),
            version=event.version,
            type=event.type,
            reason=reason,
            **event.origin,
        )

    def _insert_dead_letter(self, unit: UnitOfWork, event: Event | None, reason: str) -> str:
        letter = new_id()
        row = {
            "id": letter,
            "source": self.source,
            "streams": sorted(event.versions) if event else [],
            "version": event.version if event else None,
            "event_id": event.id if event else None,
            "type": event.type if event else None,
            "reason": reason,
            "died_at": unit.now,
            "redriven_at": None,
        }
        unit.connection.execute(sa.insert(DEAD_LETTERS), row)
        return letter


class _IncarnationChanged(Exception):
    """Events of another incarnation of the source are to be applied than this process thought."""

    def __init__(self, incarnation: int) -> None:
        super().__init__(incarnation)
        self.incarnation = incarnation


@dataclass(slots=True)
class _Batch:
    """A batch of events. `apply` is a unit of work and may run several times: the last one counts.

    `projection_error` is the error that the projection raised. That one alone means poison: the
    same kind of error from a query of the inbox's own does not.
    """

    source: str
    events: Sequence[Event]
    projection: Projection
    upcasters: Upcasters
    incarnation: int
    ready: Sequence[Event] = ()
    projection_error: Exception | None = None

    def apply(self, unit: UnitOfWork) -> BatchResult:
        current = [event for event in self.events if event.incarnation == self.incarnation]
        heads = heads_of(current)
        # Replicas that work on the same streams wait for one another here.
        self.projection_error = None
        positions = lock_positions(unit, self.source, heads)
        if (known := applicable_incarnation(unit, self.source)) != self.incarnation:
            raise _IncarnationChanged(known)
        self.ready = _advance(positions, current, self.upcasters)
        if self.ready:
            try:
                self.projection.apply(unit, [self.upcasters.upcast(e) for e in self.ready])
            except Exception as error:
                self.projection_error = error
                raise
        save_positions(unit, self.source, positions)
        behind = any(p.has_gap and not p.halted for p in positions.values())
        return BatchResult(applied=bool(self.ready), behind=behind)


@dataclass(slots=True)
class _Isolation:
    """The search for the events of a batch that cannot be applied.

    In an outage it is cut short: a type of which ALIKE_STREAMS events failed in a row is skipped,
    and after twice as many failures in a row so is everything. `turns` counts such searches: each
    looks in another order, so that what can be applied again is found, wherever it stands.
    """

    projection: Projection
    turns: int
    applied: bool = False
    aside: list[Event] = field(default_factory=list)
    failures: list[ApplyFailure] = field(default_factory=list)
    _row: int = 0
    _rows: Counter[str] = field(default_factory=Counter)

    def admit(self, events: Sequence[Event]) -> Sequence[Event]:
        """Those of `events` that are to be tried."""
        if self._row >= 2 * ALIKE_STREAMS:
            self.aside += events
            return ()
        skipped = [event for event in events if self._rows[event.type] >= ALIKE_STREAMS]
        self.aside += skipped
        return [e for e in events if self._rows[e.type] < ALIKE_STREAMS] if skipped else events

    def halves(self, events: Sequence[Event]) -> Sequence[Sequence[Event]]:
        """Both halves of `events`, in the order in which they are to be tried."""
        middle = len(events) // 2
        halves = [events[:middle], events[middle:]]
        self.turns, swap = divmod(self.turns, 2)
        return halves[::-1] if swap else halves

    def leave_aside(self, event: Event, failure: ApplyFailure) -> None:
        """An outage hits `event`."""
        self.aside.append(event)
        self.failures.append(failure)
        self._row += 1
        self._rows[event.type] += 1

    def note_applied(self, types: Iterable[str]) -> None:
        """Events of these types were applied."""
        self.applied = True
        self._row = 0
        for each in types:
            del self._rows[each]


def heads_of(events: Iterable[Event]) -> dict[str, int]:
    """The highest version of each stream in `events`."""
    heads: dict[str, int] = {}
    for event in events:
        for stream, version in event.versions.items():
            heads[stream] = max(heads.get(stream, 0), version)
    return heads


def _advance(
    positions: Mapping[str, Position], events: Sequence[Event], upcasters: Upcasters
) -> list[Event]:
    """Move `positions` on by those of `events` that can be applied now, and return these.

    They come in an order in which every stream is gapless. A joint fact can be applied only when
    it is next in each of its streams.
    """
    waiting: dict[tuple[str, int], Event] = {}
    for event in events:
        for place in event.versions.items():
            waiting.setdefault(place, event)
    ready: list[Event] = []
    stack = sorted(positions, reverse=True)
    while stack:
        stream = stack.pop()
        place = (stream, positions[stream].version + 1)
        if place not in waiting or not _is_next(waiting[place], positions):
            continue
        event = waiting[place]
        if not upcasters.knows(event):
            continue  # the stream stays behind until this release is updated
        ready.append(event)
        for other, version in event.versions.items():
            positions[other].version = version
        stack.extend(sorted(event.versions, reverse=True))
    return ready


def _is_next(event: Event, positions: Mapping[str, Position]) -> bool:
    return all(
        positions[stream].version + 1 == version and not positions[stream].halted
        for stream, version in event.versions.items()
    )
