"""The subscriber's core: events come in any order, any number of times, and apply once, in order.

Order comes from the log, not from the broker. A position row for each stream holds the last
version applied and the highest one heard of. What comes early is not kept: the row remembers that
it exists, and it is fetched from the source's history. Neither does anything else depend on the
broker, so replicas may share one plain queue.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa

from chassis.core.errors import ServiceError, Unavailable
from chassis.core.event import Event, new_id
from chassis.core.upcasting import Upcasters
from chassis.database.bulk import RowStatement, among
from chassis.database.engine import upsert
from chassis.database.prepared import PreparedStatement
from chassis.database.tables import DEAD_LETTERS, POSITIONS, RECONCILED
from chassis.eventlog.log import HEADS_A_PAGE, Head
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner

# A head's `changed_at` is set before its commit; no transaction stays open for longer than this.
RECONCILE_MARGIN = 180 * 1_000_000

_LOCK = RowStatement(
    """
    INSERT INTO positions (source, stream_id, version, seen, halted)
    SELECT :source, text[stream], 0, number[seen], false FROM {rows} WHERE true
    ON CONFLICT (source, stream_id) DO UPDATE
    SET seen = CASE WHEN excluded.seen > positions.seen THEN excluded.seen ELSE positions.seen END
    RETURNING stream_id, version, seen, halted
    """
)
_SAVE = RowStatement(
    """
    INSERT INTO positions (source, stream_id, version, seen, halted)
    SELECT :source, text[stream], number[version], number[seen], flag[halted]
    FROM {rows} WHERE true
    ON CONFLICT (source, stream_id) DO UPDATE
    SET version = excluded.version, seen = excluded.seen, halted = excluded.halted
    """
)


_POSITIONS = PreparedStatement(
    sa.select(POSITIONS).where(
        POSITIONS.c.source == sa.bindparam("source"), among(POSITIONS.c.stream_id, "streams")
    )
)


class Projection(Protocol):
    """What a service makes of another service's events."""

    def apply(self, unit: UnitOfWork, events: Sequence[Event]) -> None:
        """Apply `events`: in order by stream, without gaps, each once, a joint fact once.

        The position rows of all their streams are locked. Raising anything but Unavailable says
        that an event cannot be applied: it is found by splitting, and its stream is halted.
        """
        ...


@dataclass(slots=True)
class Position:
    """Where a consumer stands in one stream."""

    version: int
    seen: int
    halted: bool


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What became of a batch: whether anything was applied, and whether a gap was left."""

    applied: bool
    behind: bool

    def __or__(self, other: BatchResult) -> BatchResult:
        return BatchResult(self.applied or other.applied, self.behind or other.behind)


@dataclass(slots=True)
class _Attempt:
    """What was to be applied, and the error that the projection raised: that alone is poison."""

    tried: list[Event] = field(default_factory=list)
    error: Exception | None = None


class Inbox:
    """What one service holds of the events of one source."""

    def __init__(
        self, work: UnitOfWorkRunner, source: str, upcasters: Upcasters | None = None
    ) -> None:
        self.work = work
        self.source = source
        self._upcasters = upcasters or Upcasters()

    def process(self, arrived: Sequence[Event], projection: Projection) -> BatchResult:
        """Apply what of `arrived` is next in its streams.

        What came before is dropped, what is early is noted to be fetched. Raises Unavailable, with
        nothing applied, when the database or something that the projection needs does not answer.
        """
        if not arrived:
            return BatchResult(applied=False, behind=False)
        attempt = _Attempt()
        try:
            return self.work.run(lambda unit: self._apply(unit, arrived, projection, attempt))
        except Unavailable:
            raise
        except Exception as error:
            if error is not attempt.error:
                raise
            return self._isolate(arrived, attempt.tried, error, projection)

    def note(self, heads: Mapping[str, int]) -> None:
        """Remember that the source's streams have come at least as far as `heads`."""
        if heads:
            self.work.run(lambda unit: self._lock(unit.connection, heads))

    def behind(self, limit: int) -> dict[str, int]:
        """Up to `limit` streams with events that were heard of and not applied: stream -> version.

        Halted streams are left out.
        """
        query = (
            sa.select(POSITIONS.c.stream_id, POSITIONS.c.version)
            .where(POSITIONS.c.source == self.source, POSITIONS.c.seen > POSITIONS.c.version)
            .where(~POSITIONS.c.halted)
            .order_by(POSITIONS.c.stream_id)
            .limit(limit)
        )
        return self.work.read(
            lambda unit: {r.stream_id: r.version for r in unit.connection.execute(query)}
        )

    def lagging(self, wanted: Mapping[str, int]) -> dict[str, int]:
        """Those of `wanted` (stream: version) that have not come that far: stream -> version.

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
        """The last version applied of each of `streams`; 0 for one that is not known."""
        wanted = set(streams)
        found = {row.stream_id: row.version for row in self._positions(wanted)}
        return {stream: found.get(stream, 0) for stream in wanted}

    def reconcile(
        self, heads: Callable[[int, str], Sequence[Head]], page_size: int = HEADS_A_PAGE
    ) -> int:
        """Compare with the source's heads, and note every stream that is further there.

        `heads(changed_since, after)` gives the next page of the source's heads in order of their
        change. One that is not full is the last: what changes meanwhile is for the next time.
        Returns how many streams were found behind.
        """
        start = self.reconciled()
        place = (max(0, start - RECONCILE_MARGIN), "")
        found = 0
        full = True
        while full and (page := heads(*place)):
            full = len(page) >= page_size
            known = {row.stream_id: row.seen for row in self._positions(h.stream for h in page)}
            ahead = {h.stream: h.version for h in page if h.version > known.get(h.stream, 0)}
            self.note(ahead)
            found += len(ahead)
            place = (page[-1].changed_at, page[-1].stream)
        if place[0] > start:
            self.work.run(lambda unit: self._save_reconciled(unit, place[0]))
        return found

    def reconciled(self) -> int:
        """Up to which change the source's heads were compared; 0 if they never were."""
        query = sa.select(RECONCILED.c.changed_at).where(RECONCILED.c.source == self.source)
        return self.work.read(lambda unit: unit.connection.execute(query).scalar() or 0)

    def dead_letter(self, reason: str) -> str:
        """Note a message that could not even be read; returns the dead letter's id."""
        return self.work.run(lambda unit: self._dead_letter(unit, None, reason))

    def _positions(self, streams: Iterable[str]) -> Sequence[Any]:
        """The rows of those of `streams` that are known."""
        asked = list(streams)
        return self.work.read(
            lambda unit: _POSITIONS.execute(unit.connection, source=self.source, streams=asked)
        )

    def _apply(
        self, unit: UnitOfWork, arrived: Sequence[Event], projection: Projection, attempt: _Attempt
    ) -> BatchResult:
        heads: dict[str, int] = {}
        for event in arrived:
            for stream, version in event.versions.items():
                heads[stream] = max(heads.get(stream, 0), version)
        positions = self._lock(unit.connection, heads)
        attempt.tried = _next_in_order(arrived, positions, self._upcasters)
        if attempt.tried:
            try:
                projection.apply(unit, [self._upcasters.upcast(event) for event in attempt.tried])
            except Exception as error:
                attempt.error = error
                raise
            touched = {stream for event in attempt.tried for stream in event.versions}
            self._save(unit.connection, {stream: positions[stream] for stream in touched})
        gap = any(p.seen > p.version and not p.halted for p in positions.values())
        return BatchResult(applied=bool(attempt.tried), behind=gap)

    def _isolate(
        self,
        arrived: Sequence[Event],
        tried: Sequence[Event],
        error: Exception,
        projection: Projection,
    ) -> BatchResult:
        """Apply all but the event that fails, by halves, and halt the streams of that one."""
        if len(tried) == 1:
            self.work.run(lambda unit: self._halt(unit, tried[0], _reason(error)))
            outcome = BatchResult(applied=False, behind=False)
        else:
            middle = len(tried) // 2
            outcome = self.process(tried[:middle], projection)
            outcome |= self.process(tried[middle:], projection)
        ids = {event.id for event in tried}
        rest = [event for event in arrived if event.id not in ids]
        return (outcome | self.process(rest, projection)) if rest else outcome

    def _halt(self, unit: UnitOfWork, event: Event, reason: str) -> None:
        positions = self._lock(unit.connection, event.versions)
        if not _is_next(event, positions):
            return  # somebody else has applied it, or halted its stream, since
        for position in positions.values():
            position.halted = True
        self._save(unit.connection, positions)
        self._dead_letter(unit, event, reason)

    def _dead_letter(self, unit: UnitOfWork, event: Event | None, reason: str) -> str:
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

    def _lock(self, connection: sa.Connection, heads: Mapping[str, int]) -> dict[str, Position]:
        """Lock the rows of the streams, made first where they are new, and raise what was seen."""
        rows = [{"stream": stream, "seen": heads[stream]} for stream in sorted(heads)]
        result = _LOCK.execute(connection, rows, source=self.source)
        return {r.stream_id: Position(r.version, r.seen, bool(r.halted)) for r in result}

    def _save(self, connection: sa.Connection, positions: Mapping[str, Position]) -> None:
        rows = [
            {"stream": stream, "version": p.version, "seen": p.seen, "halted": p.halted}
            for stream, p in sorted(positions.items())
        ]
        _SAVE.execute(connection, rows, source=self.source)

    def _save_reconciled(self, unit: UnitOfWork, changed_at: int) -> None:
        statement = upsert(unit.connection, RECONCILED).values(
            source=self.source, changed_at=changed_at
        )
        statement = statement.on_conflict_do_update(
            index_elements=[RECONCILED.c.source], set_={"changed_at": changed_at}
        )
        unit.connection.execute(statement)


def _next_in_order(
    arrived: Sequence[Event], positions: Mapping[str, Position], upcasters: Upcasters
) -> list[Event]:
    """What of `arrived` can be applied now, in an order in which every stream is gapless.

    Moves `positions` on. A joint fact is next only when it is next in each of its streams.
    """
    waiting: dict[tuple[str, int], Event] = {}
    for event in arrived:
        for told in event.versions.items():
            waiting.setdefault(told, event)
    ready: list[Event] = []
    stack = sorted(positions, reverse=True)
    while stack:
        stream = stack.pop()
        place = (stream, positions[stream].version + 1)
        if place not in waiting or not _is_next(waiting[place], positions):
            continue
        event = waiting[place]
        if not upcasters.knows(event):
            continue  # stays behind until this release is updated
        ready.append(event)
        for moved, version in event.versions.items():
            positions[moved].version = version
        stack.extend(sorted(event.versions, reverse=True))
    return ready


def _is_next(event: Event, positions: Mapping[str, Position]) -> bool:
    return all(
        positions[stream].version + 1 == version and not positions[stream].halted
        for stream, version in event.versions.items()
    )


def _reason(error: Exception) -> str:
    """What failed and where; the message only where it is ours, as others may quote a value."""
    if isinstance(error, ServiceError):
        return f"{type(error).__name__}: {error}"
    frames = traceback.extract_tb(error.__traceback__)
    place = f" in {frames[-1].name}, {Path(frames[-1].filename).name}:{frames[-1].lineno}"
    return type(error).__name__ + (place if frames else "")
