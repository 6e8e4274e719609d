"""The inbox: events arrive in any order, any number of times, and apply once, in order.

Order comes from the log, not from the broker. A row for each stream has its position: the last
version applied and the highest one seen. An event that arrives early is not stored: the row shows
that it exists, and it is fetched from the source's history. Nothing depends on the order of
messages, so replicas may share one plain queue.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa

from chassis.core.errors import ServiceError, Unavailable
from chassis.core.event import Event, new_id
from chassis.core.upcasting import Upcasters
from chassis.database.engine import upsert
from chassis.database.tables import DEAD_LETTERS, RECONCILED
from chassis.eventlog.log import HEADS_A_PAGE, Head
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from chassis.observability.metrics import note_applied
from chassis.projections.positions import (
    Position,
    lagging_streams,
    load_positions,
    lock_positions,
    save_positions,
)

# A head's `changed_at` is set before its commit; no transaction stays open for longer than this.
RECONCILE_MARGIN = 180 * 1_000_000


class Projection(Protocol):
    """What a service makes of another service's events."""

    def apply(self, unit: UnitOfWork, events: Sequence[Event]) -> None:
        """Apply `events`: in order by stream, without gaps, each once, a joint fact once.

        The position rows of all their streams are locked. Any error but Unavailable means that an
        event cannot be applied: it is found by halving the batch, and its streams are halted.
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

    def process(self, events: Sequence[Event], projection: Projection) -> BatchResult:
        """Apply those of `events` that are next in their streams.

        Earlier ones are dropped, and later ones are noted, to be fetched. Raises Unavailable, with
        nothing applied, if the database or something that the projection needs does not answer.
        """
        if not events:
            return BatchResult(applied=False, behind=False)
        batch = _Batch(self.source, events, projection, self._upcasters)
        try:
            result = self.work.run(batch.apply)
        except Unavailable:
            raise
        except Exception as error:
            if error is not batch.projection_error:
                raise
            return self._isolate(batch, error)
        note_applied(self.work.source, self.source, batch.ready)
        return result

    def note(self, heads: Mapping[str, int]) -> None:
        """Note that the source's streams have at least the versions in `heads`."""
        if heads:
            self.work.run(lambda unit: lock_positions(unit, self.source, heads))

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

    def reconcile(
        self, heads: Callable[[int, str], Sequence[Head]], page_size: int = HEADS_A_PAGE
    ) -> int:
        """Compare positions with the source's heads, and note every stream that is further there.

        `heads(changed_since, after)` gives the next page of heads in order of their change. A page
        that is not full is the last: what changes meanwhile is for the next time. Returns how many
        streams were further.
        """
        start = self.reconciled()
        place = (max(0, start - RECONCILE_MARGIN), "")
        count = 0
        full = True
        while full and (page := heads(*place)):
            full = len(page) >= page_size
            seen = {row.stream_id: row.seen for row in self._positions(h.stream for h in page)}
            ahead = {h.stream: h.version for h in page if h.version > seen.get(h.stream, 0)}
            self.note(ahead)
            count += len(ahead)
            place = (page[-1].changed_at, page[-1].stream)
        if place[0] > start:
            self.work.run(lambda unit: self._save_reconciled(unit, place[0]))
        return count

    def reconciled(self) -> int:
        """The change up to which positions were compared with heads; 0 if they never were."""
        query = sa.select(RECONCILED.c.changed_at).where(RECONCILED.c.source == self.source)
        return self.work.read(lambda unit: unit.connection.execute(query).scalar() or 0)

    def dead_letter(self, reason: str) -> str:
        """Record a message that could not be read; returns the dead letter's id."""
        return self.work.run(lambda unit: self._insert_dead_letter(unit, None, reason))

    def _positions(self, streams: Iterable[str]) -> Sequence[Any]:
        names = list(streams)
        return self.work.read(lambda unit: load_positions(unit, self.source, names))

    def _isolate(self, batch: _Batch, error: Exception) -> BatchResult:
        """Apply all but the event that fails, by halves, and halt the streams of that one."""
        ready = batch.ready
        if len(ready) == 1:
            self.work.run(lambda unit: self._halt(unit, ready[0], _reason(error)))
            result = BatchResult(applied=False, behind=False)
        else:
            middle = len(ready) // 2
            result = self.process(ready[:middle], batch.projection)
            result |= self.process(ready[middle:], batch.projection)
        ids = {event.id for event in ready}
        rest = [event for event in batch.events if event.id not in ids]
        return (result | self.process(rest, batch.projection)) if rest else result

    def _halt(self, unit: UnitOfWork, event: Event, reason: str) -> None:
        positions = lock_positions(unit, self.source, event.versions)
        if not _is_next(event, positions):
            return  # another replica has applied it, or halted its stream, since
        for position in positions.values():
            position.halted = True
        save_positions(unit, self.source, positions)
        self._insert_dead_letter(unit, event, reason)

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

    def _save_reconciled(self, unit: UnitOfWork, changed_at: int) -> None:
        statement = upsert(unit.connection, RECONCILED).values(
            source=self.source, changed_at=changed_at
        )
        statement = statement.on_conflict_do_update(
            index_elements=[RECONCILED.c.source], set_={"changed_at": changed_at}
        )
        unit.connection.execute(statement)


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
    ready: Sequence[Event] = ()
    projection_error: Exception | None = None

    def apply(self, unit: UnitOfWork) -> BatchResult:
        heads: dict[str, int] = {}
        for event in self.events:
            for stream, version in event.versions.items():
                heads[stream] = max(heads.get(stream, 0), version)
        # Replicas that work on the same streams wait for one another here.
        positions = lock_positions(unit, self.source, heads)
        self.ready = _advance(positions, self.events, self.upcasters)
        if self.ready:
            try:
                self.projection.apply(unit, [self.upcasters.upcast(e) for e in self.ready])
            except Exception as error:
                self.projection_error = error
                raise
            touched = {stream for event in self.ready for stream in event.versions}
            save_positions(unit, self.source, {stream: positions[stream] for stream in touched})
        behind = any(p.seen > p.version and not p.halted for p in positions.values())
        return BatchResult(applied=bool(self.ready), behind=behind)


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


def _reason(error: Exception) -> str:
    """What failed and where; the message only if it is ours, since others may quote a value."""
    if isinstance(error, ServiceError):
        return f"{type(error).__name__}: {error}"
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {frame.name}, {Path(frame.filename).name}:{frame.lineno}"
