"""Reconciliation: positions are compared with the heads of their source.

Heads come in the order of the source's incarnations and transactions. The place up to which they
are compared is saved after every page, yet never beyond the oldest transaction that runs: what that
one commits is then still to come. Heads beyond are compared again the next time.

A walk compares every position with the head of its stream, and every head again: now and then, a
few pages with each comparison, at a place of its own. When the source's log has another incarnation
it begins at once, nothing of the source is applied until it ends, since versions may stand for
other events than before, and heads are compared from the beginning. Streams of which we have
applied more than the source was restored to are halted, with `restored_to`, until a rebuild.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
import structlog

from chassis.database.clock import database_now
from chassis.database.engine import upsert
from chassis.database.prepared import PreparedStatement
from chassis.database.tables import POSITIONS, RECONCILED
from chassis.eventlog.incarnation import FIRST
from chassis.eventlog.log import FIRST_HEADS, Head, HeadCursor, HeadsPage
from chassis.eventlog.reader import LogReader
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from chassis.projections.positions import load_positions, lower_seen, note_heads, positions_after

_WALK_EVERY = 3_600_000_000  # microseconds
_WALK_PAGES = 20  # of one walk in one comparison: 20,000 positions or heads
_NO_INCARNATION = 0

_APPLICABLE = PreparedStatement(
    sa.select(RECONCILED.c.incarnation, RECONCILED.c.next_incarnation).where(
        RECONCILED.c.source == sa.bindparam("source")
    )
)
_log = structlog.get_logger("reconciliation")


@dataclass(frozen=True, slots=True)
class ComparisonState:
    """How far the heads of a source are compared, as its row in `reconciled` says it."""

    cursor: HeadCursor
    incarnation: int
    next_incarnation: int | None
    walk_after: str | None
    walk_cursor: HeadCursor | None

    @property
    def target(self) -> int:
        """The incarnation that positions are compared with."""
        return self.next_incarnation or self.incarnation


def applicable_incarnation(unit: UnitOfWork, source: str) -> int:
    """The incarnation of `source` whose events may be applied now; 0 while there is none."""
    for row in _APPLICABLE.execute(unit.connection, source=source):
        return _NO_INCARNATION if row.next_incarnation else int(row.incarnation)
    return FIRST


def load_comparison(unit: UnitOfWork, source: str) -> ComparisonState:
    """How far the heads of `source` are compared; of one never compared, the beginning."""
    query = sa.select(RECONCILED).where(RECONCILED.c.source == source)
    row = unit.connection.execute(query).one_or_none()
    if row is None:
        return ComparisonState(FIRST_HEADS, FIRST, None, None, None)
    cursor = HeadCursor(row.changed_incarnation, row.changed_in, row.changed_stream)
    walk_cursor = None
    if row.walk_changed_in is not None:
        walk_cursor = HeadCursor(
            row.walk_changed_incarnation, row.walk_changed_in, row.walk_changed_stream
        )
    return ComparisonState(
        cursor, row.incarnation, row.next_incarnation, row.walk_after, walk_cursor
    )


def save_too_large(unit: UnitOfWork, source: str, streams: int) -> None:
    """Save in how many streams of `source` the next event is too large to be fetched."""
    insert_row(unit, source)
    row = sa.update(RECONCILED).where(RECONCILED.c.source == source)
    unit.connection.execute(row.values(too_large=streams))


class _Overtaken(Exception):
    """Another process compares the same source, and has come further."""


class Reconciliation:
    """One comparison of the positions in a source with its log."""

    def __init__(self, work: UnitOfWorkRunner, source: str, log: LogReader, page_size: int) -> None:
        self._work = work
        self._source = source
        self._log = log
        self._page_size = page_size
        self._ahead = 0

    def run(self) -> int:
        """Note every stream that is further in the source; how many that were.

        Raises Unavailable if the source does not answer; what was compared by then is saved.
        """
        try:
            state = self._begin()
            if state.next_incarnation is not None:
                state = self._walk(state)
            count = self._compare_heads(state)
            state = self._work.read(lambda unit: load_comparison(unit, self._source))
            if state.walk_after is not None:
                state = self._walk(state, _WALK_PAGES)
            if state.walk_after is None and state.walk_cursor is not None:
                count += self._walk_heads(state, state.walk_cursor)
        except _Overtaken:
            return 0
        self._update(compared_at=database_now())
        return count

    # Heads in the order of the source's transactions

    def _compare_heads(self, state: ComparisonState) -> int:
        """Compare the heads that have changed since; what changes again meanwhile is for later."""
        count, cursor = 0, state.cursor
        end: HeadCursor | None = None
        changing: set[str] = set()
        while True:
            page = self._log.heads(cursor)
            if page.incarnation != state.incarnation or page.end < state.cursor._replace(stream=""):
                state = self._walk(self._begin_walk(page.incarnation))
                cursor = state.cursor
                continue
            count += self._note(page.heads)
            full = len(page.heads) >= self._page_size
            cursor = page.heads[-1].cursor if full else page.end
            state = self._save_cursor(state, min(cursor, page.end))
            end = end or page.end
            again = {head.stream for head in page.heads if head.cursor >= end}
            if not full or (len(again) == len(page.heads) and again <= changing):
                return count
            changing |= again

    def _note(self, heads: Sequence[Head]) -> int:
        """Note what the source has and we have not seen; how many streams."""
        streams = [head.stream for head in heads]
        rows = self._work.read(lambda unit: load_positions(unit, self._source, streams))
        seen = {row.stream_id: row.seen for row in rows}
        further = {h.stream: h.version for h in heads if h.version > seen.get(h.stream, 0)}
        if further:
            self._work.run(lambda unit: note_heads(unit, self._source, further))
        return len(further)

    def _save_cursor(self, state: ComparisonState, cursor: HeadCursor) -> ComparisonState:
        if cursor <= state.cursor:
            return state
        self._update(
            RECONCILED.c.changed_incarnation == state.cursor.incarnation,
            RECONCILED.c.changed_in == state.cursor.changed_in,
            RECONCILED.c.changed_stream == state.cursor.stream,
            RECONCILED.c.incarnation == state.incarnation,
            RECONCILED.c.next_incarnation.is_(None),
            changed_incarnation=cursor.incarnation,
            changed_in=cursor.changed_in,
            changed_stream=cursor.stream,
        )
        return replace(state, cursor=cursor)

    # All positions

    def _begin(self) -> ComparisonState:
        """How far the comparison is, with a walk if one is due."""

        def begin(unit: UnitOfWork) -> ComparisonState:
            insert_row(unit, self._source)
            due = sa.or_(
                RECONCILED.c.walked_at.is_(None),
                RECONCILED.c.walked_at < database_now() - _WALK_EVERY,
                RECONCILED.c.walked_at > database_now(),  # by a clock that was wrong
            )
            unit.connection.execute(
                sa.update(RECONCILED)
                .where(RECONCILED.c.source == self._source, due)
                .where(RECONCILED.c.walk_after.is_(None), RECONCILED.c.walk_changed_in.is_(None))
                .values(_WALK)
            )
            return load_comparison(unit, self._source)

        return self._work.run(begin)

    def _begin_walk(self, incarnation: int) -> ComparisonState:
        """Begin a walk at once: the source was restored, or counts its transactions anew."""

        def begin(unit: UnitOfWork) -> ComparisonState:
            row = RECONCILED.c.source == self._source
            changed = sa.case((RECONCILED.c.incarnation != incarnation, incarnation))
            unit.connection.execute(
                sa.update(RECONCILED)
                .where(row)
                .values({**_FROM_THE_BEGINNING, "next_incarnation": changed})
            )
            return load_comparison(unit, self._source)

        state = self._work.run(begin)
        _log.warning("source_restored", source=self._source, incarnation=incarnation)
        self._work.run(_wait_for_writers)
        return state

    def _walk(self, state: ComparisonState, most: int | None = None) -> ComparisonState:
        """Go on with the walk under way, for `most` pages or to its end."""
        pages = 0
        while state.walk_after is not None and (most is None or pages < most):
            state = self._walk_page(state, state.walk_after)
            pages += 1
        return state

    def _walk_page(self, state: ComparisonState, after: str) -> ComparisonState:
        # Positions first: what is applied after them, the source had before.
        rows = self._work.read(
            lambda unit: positions_after(unit, self._source, after, self._page_size)
        )
        if rows:
            page = self._log.heads_of([row.stream_id for row in rows])
            if page.incarnation != state.target:
                return self._begin_walk(page.incarnation)
            self._compare_positions(rows, page, restored=state.next_incarnation is not None)
        mine = (
            RECONCILED.c.walk_after == after,
            RECONCILED.c.next_incarnation.is_not_distinct_from(state.next_incarnation),
        )
        if len(rows) >= self._page_size:
            self._update(*mine, walk_after=rows[-1].stream_id)
        else:
            self._update(
                *mine,
                incarnation=state.target,
                next_incarnation=None,
                walk_after=None,
            )
        return self._work.read(lambda unit: load_comparison(unit, self._source))

    def _walk_heads(self, state: ComparisonState, cursor: HeadCursor) -> int:
        """Read a few pages of the heads before the place that is saved again; how many were new."""
        count = 0
        for _ in range(_WALK_PAGES):
            heads = self._log.heads(cursor).heads
            count += self._note(heads)
            mine = (
                RECONCILED.c.walk_changed_incarnation == cursor.incarnation,
                RECONCILED.c.walk_changed_in == cursor.changed_in,
                RECONCILED.c.walk_changed_stream == cursor.stream,
                RECONCILED.c.next_incarnation.is_(None),
            )
            if len(heads) < self._page_size or heads[-1].cursor >= state.cursor:
                self._update(
                    *mine,
                    walk_changed_incarnation=None,
                    walk_changed_in=None,
                    walk_changed_stream=None,
                    walked_at=database_now(),
                )
                break
            cursor = heads[-1].cursor
            self._update(
                *mine,
                walk_changed_incarnation=cursor.incarnation,
                walk_changed_in=cursor.changed_in,
                walk_changed_stream=cursor.stream,
            )
        return count

    def _compare_positions(self, rows: Sequence[Any], page: HeadsPage, *, restored: bool) -> None:
        """Halt the streams of which we have applied what the source no longer has.

        Versions that were only seen, and that it does not have, are forgotten.
        """
        heads = {head.stream: head for head in page.heads}
        ahead: dict[str, int] = {}
        unseen: dict[str, tuple[int, int]] = {}
        for row in rows:
            head = heads.get(row.stream_id, Head(row.stream_id, 0, 0))
            agreed = head.restored_to if restored else head.version
            if row.version > agreed:
                ahead[row.stream_id] = agreed
            elif row.seen > max(row.version, head.version):
                unseen[row.stream_id] = (row.seen, max(row.version, head.version))
        if ahead or unseen:
            self._work.run(lambda unit: self._mark(unit, ahead, unseen))
        if ahead:
            _log.error("ahead_of_source", source=self._source, streams=len(ahead))

    def _mark(
        self,
        unit: UnitOfWork,
        ahead: Mapping[str, int],
        unseen: Mapping[str, tuple[int, int]],
    ) -> None:
        ours = POSITIONS.c.source == self._source
        for stream in sorted({*ahead, *unseen}):
            if stream in ahead:
                row = sa.update(POSITIONS).where(ours, POSITIONS.c.stream_id == stream)
                agreed = ahead[stream]
                before = sa.func.coalesce(POSITIONS.c.restored_to, agreed)
                least = sa.case((before < agreed, before), else_=agreed)
                row = row.where(POSITIONS.c.version > agreed)
                unit.connection.execute(row.values(halted=True, restored_to=least))
            else:
                lower_seen(unit, self._source, stream, *unseen[stream])

    def _update(self, *conditions: sa.ColumnElement[bool], **values: Any) -> None:
        """Save something of the comparison; _Overtaken if it is no longer as `conditions` say."""
        statement = sa.update(RECONCILED).where(RECONCILED.c.source == self._source, *conditions)
        rows = self._work.run(
            lambda unit: unit.connection.execute(statement.values(**values)).rowcount
        )
        if not rows:
            raise _Overtaken


_WALK = {
    "walk_after": "",
    "walk_changed_incarnation": FIRST_HEADS.incarnation,
    "walk_changed_in": FIRST_HEADS.changed_in,
    "walk_changed_stream": FIRST_HEADS.stream,
}
_FROM_THE_BEGINNING = {
    **_WALK,
    "changed_incarnation": FIRST_HEADS.incarnation,
    "changed_in": FIRST_HEADS.changed_in,
    "changed_stream": FIRST_HEADS.stream,
}


def insert_row(unit: UnitOfWork, source: str) -> None:
    """Insert the row of a source that was never compared."""
    statement = upsert(unit.connection, RECONCILED).values(source=source)
    unit.connection.execute(statement.on_conflict_do_nothing())


def _wait_for_writers(unit: UnitOfWork) -> None:
    """Wait until whoever did not see yet that a walk has begun is done."""
    if unit.connection.dialect.name == "postgresql":
        unit.connection.exec_driver_sql("LOCK TABLE positions IN SHARE MODE")
