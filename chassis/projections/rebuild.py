"""Rebuilding: a read model is built again beside the one in use, and exchanged for it.

The shadow, as the new one is called, is filled by the same inbox and projections from the first
event on, out of the logs of the sources; an interrupted rebuild can be resumed. At the end the
tables in use are locked for a moment, what they have more is fetched, and the tables are exchanged
in one transaction. The shadow is never behind the model in use in any stream, so nothing that a
caller has seen is undone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from chassis.core.deadline import DeadlineExceeded, run_within
from chassis.core.errors import Refused, Unavailable
from chassis.core.event import Event, new_id
from chassis.core.retry import retry
from chassis.database.engine import Database
from chassis.database.tables import DEAD_LETTERS, GAPS, POSITIONS, RECONCILED
from chassis.eventlog.log import HeadCursor, HeadsPage
from chassis.eventlog.reader import HistoryPage, LogReader, OwnLog
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from chassis.projections.inbox import BatchResult, Inbox
from chassis.projections.outage import Outage
from chassis.projections.positions import count_ahead, count_all, count_events, halted_streams
from chassis.projections.read_model import ReadModel
from chassis.projections.shadow_base import Shadow, is_refused_lock
from chassis.projections.shadow_postgresql import PostgresqlShadow
from chassis.projections.shadow_sqlite import SqliteShadow

_STREAMS_A_PAGE = 100
_TOO_LARGE = "has an event that is larger than the broker takes; raise its max_message_size"
_FEW_EVENTS = 2_000  # so few are left that the exchange may begin
_ROUNDS = 5
_PATIENCE = 120.0
_FIRST_LOCK_SECONDS = 1.0
_LONGEST_LOCK_SECONDS = 3.0  # less than the database lets it do nothing: EXCHANGE_LIMITS

History = Callable[[Mapping[str, int]], HistoryPage]


@dataclass(frozen=True, slots=True)
class RebuildProgress:
    """How far a rebuild is: what it does, and how many events (or profiles) of how many."""

    doing: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class RebuildResult:
    """What a rebuild did.

    It read `events` and appended `changes` to the service's own log. For `lock_ms` nobody could
    write to the model. `halted` streams cannot be applied, as before. It forgot `forgotten_events`
    of `forgotten_streams`, which their source has lost.
    """

    events: int
    changes: int
    lock_ms: int
    halted: int
    forgotten_streams: int = 0
    forgotten_events: int = 0


def open_shadow(live: Database, uri: str, tables: Sequence[sa.Table], release: str) -> Shadow:
    """A shadow of `tables` of the database `live`, at `uri` as the owner of these tables.

    `release` is a fingerprint of the code that fills it.
    """
    kind = PostgresqlShadow if live.dialect == "postgresql" else SqliteShadow
    return kind(live, uri, tables, release)


@dataclass(frozen=True, slots=True)
class _ReportedLog:
    """A log that reports how many heads each page has."""

    log: LogReader
    report: Callable[[int], None]

    def history(self, after: Mapping[str, int]) -> HistoryPage:
        return self.log.history(after)

    def heads(self, after: HeadCursor) -> HeadsPage:
        page = self.log.heads(after)
        self.report(len(page.heads))
        return page

    def heads_of(self, streams: Sequence[str]) -> HeadsPage:
        return self.log.heads_of(streams)


class _ExchangePostponed(Exception):
    """The exchange is rolled back, and everybody goes on until the next attempt."""


class Rebuild:
    """One rebuild of the read model of one service.

    `live` works on the service's database as the owner of its tables, `logs` are the sources that
    are other services, and `report` gets every step. Nothing is forgotten that the model in use has
    applied, except, with `forget_lost`, what a source that was restored from a backup has lost.
    """

    def __init__(
        self,
        model: ReadModel,
        live: UnitOfWorkRunner,
        shadow: Shadow,
        logs: Mapping[str, LogReader],
        report: Callable[[RebuildProgress], None],
        *,
        forget_lost: bool = False,
    ) -> None:
        self._model = model
        self._forget_lost = forget_lost
        self._live = live.with_correlation(new_id())
        self._shadow = shadow
        self._report = report
        self._remote = sorted(logs)
        self._logs: dict[str, LogReader] = dict(logs)
        if model.service in model.projections:
            self._logs[model.service] = OwnLog(live.read)
        self._work = UnitOfWorkRunner(
            shadow.database, model.service, live.clock, upcasters=live.upcasters
        )
        self._inboxes = {
            source: Inbox(self._work, source, live.upcasters) for source in sorted(self._logs)
        }

    def run(self) -> RebuildResult:
        """Rebuild from the first event on.

        Raises Conflict if another rebuild is running, Refused if the shadow cannot get as far as
        the model in use, Unavailable if a source does not answer: the model in use then stays.
        """
        with self._shadow.exclusive():
            self._shadow.remove()
            result = self._rebuild()
        return replace(result, changes=self._record_changes())

    def resume(self) -> RebuildResult:
        """Go on from where an interrupted rebuild stopped; raises what `run` raises."""
        with self._shadow.exclusive():
            result = self._rebuild()
        return replace(result, changes=self._record_changes())

    def _rebuild(self) -> RebuildResult:
        self._shadow.prepare()
        if self._forget_lost:
            for source in self._remote:
                Inbox(self._live, source).reconcile(self._logs[source])
        for _ in range(_ROUNDS):
            count = sum(self._fill(source) for source in self._inboxes)
            self._model.evaluate(
                self._work, lambda done: self._report(RebuildProgress("evaluating", done, done))
            )
            if count < _FEW_EVENTS:
                break
        self._shadow.analyse()
        result = self._exchange()
        self._shadow.remove()
        return result

    def _fill(self, source: str) -> int:
        """Apply all that a source has by now; how many events that were."""
        inbox = self._inboxes[source]
        log = self._logs[source]
        count = 0

        def report(heads: int) -> None:
            nonlocal count
            count += heads
            self._report(RebuildProgress(f"listing streams of {source}", count, count))

        inbox.reconcile(_ReportedLog(log, report))
        return self._read(source)

    def _read(self, source: str) -> int:
        """Apply what is lagging, and report how far that is; how many events that were."""
        done, total = self._work.read(partial(count_events, source=source))

        def report(applied: int) -> None:
            reached = min(done + applied, total)
            self._report(RebuildProgress(f"reading {source}", reached, total))

        applied = self._drain(source, self._logs[source].history, report)
        counts = self._work.read(partial(count_events, source=source))
        self._report(RebuildProgress(f"reading {source}", *counts))
        return applied

    def _drain(self, source: str, history: History, report: Callable[[int], None]) -> int:
        """Apply what is lagging; how many events that were.

        Passes over the streams go on until one changes nothing: a joint fact may have to wait for
        events of its other streams, which a later page brings.
        """
        inbox = self._inboxes[source]
        applied, progress = 0, True
        while progress:
            progress, after = False, ""
            while streams := inbox.behind(_STREAMS_A_PAGE, after):
                report(applied)
                page = history(streams)
                if page.too_large:
                    raise Refused(source, _TOO_LARGE)
                if self._apply(source, page.events).applied:
                    versions = inbox.versions(streams)
                    applied += sum(versions[s] - version for s, version in streams.items())
                    progress = True
                else:
                    after = page.asked[-1]
        return applied

    def _apply(self, source: str, events: Sequence[Event]) -> BatchResult:
        """Apply `events`; Refused if none can be, which a live service tries until it passes."""
        try:
            return self._inboxes[source].process(events, self._model.projections[source])
        except Outage as outage:
            raise Refused(
                self._model.service,
                f"cannot apply {outage.subject}: {outage.kind}; the model in use stays."
                " Fix the cause, and rebuild again",
            ) from None

    # The exchange

    def _exchange(self) -> RebuildResult:
        """Exchange the tables, as soon as there is a moment for it."""
        lock_seconds = _FIRST_LOCK_SECONDS

        def attempt() -> RebuildResult:
            nonlocal lock_seconds
            try:
                return self._try_exchange(lock_seconds)
            except _ExchangePostponed:
                lock_seconds = min(2 * lock_seconds, _LONGEST_LOCK_SECONDS)
                raise
            except DBAPIError as error:
                if not is_refused_lock(error):
                    raise
                raise _ExchangePostponed from error

        try:
            return retry(
                attempt,
                lambda error: isinstance(error, _ExchangePostponed),
                first_pause=0.1,
                longest_pause=2.0,
                patience=_PATIENCE,
            )
        except _ExchangePostponed:
            raise Unavailable(
                f"database of {self._model.service}",
                "gave no moment in which nobody used the old tables; try again with --resume",
            ) from None

    def _try_exchange(self, lock_seconds: float) -> RebuildResult:
        """Catch up while others write; lock them out for the last events, and exchange."""
        self._catch_up()
        with self._live.database.transaction() as connection:
            self._shadow.lock(connection, self._model.lock_tables, self._model.lock_mode)
            began = time.monotonic()
            self._report(RebuildProgress("exchanging", 0, 1))
            self._catch_up_locked(connection, began + lock_seconds)
            self._check_complete(connection)
            events, halted = self._work.read(count_all)
            forgotten = count_ahead(UnitOfWork(connection, self._live, 1))
            self._shadow.exchange(connection, self._remote, self._live.clock.now())
            self._model.note_exchange(UnitOfWork(connection, self._live, 1))
            if POSITIONS in self._model.tables:  # the service does not subscribe to its own log
                for table in (POSITIONS, GAPS, RECONCILED):
                    own_rows = table.c.source == self._model.service
                    connection.execute(sa.delete(table).where(own_rows))
        self._report(RebuildProgress("exchanging", 1, 1))
        lock_ms = round(1_000 * (time.monotonic() - began))
        return RebuildResult(events, 0, lock_ms, halted, *forgotten)

    def _catch_up(self) -> None:
        with self._live.database.transaction() as connection:
            missing = self._missing(connection)
        for source, heads in missing.items():
            self._inboxes[source].note(heads)
            self._read(source)

    def _catch_up_locked(self, connection: sa.Connection, deadline: float) -> None:
        """Apply the last events, in the transaction that holds the locks."""
        for source, heads in self._missing(connection).items():
            self._inboxes[source].note(heads)
            history = self._bounded_history(connection, source, deadline)
            self._drain(source, history, lambda _applied: None)

    def _missing(self, connection: sa.Connection) -> dict[str, dict[str, int]]:
        """What the model in use has seen and the shadow has not applied: source -> its heads."""
        missing = {}
        own = self._model.service
        if own in self._inboxes:
            since = self._inboxes[own].reconciled()
            missing[own] = self._shadow.unapplied(connection, own, since)
        if POSITIONS in self._model.tables:
            for source in self._remote:
                gaps = self._shadow.gaps(connection, source)
                missing[source] = {gap.stream: gap.seen for gap in gaps if not gap.lost}
        return {source: heads for source, heads in missing.items() if heads}

    def _bounded_history(self, connection: sa.Connection, source: str, deadline: float) -> History:
        """The history of a source; _ExchangePostponed after `deadline`.

        The service's own log is read in the transaction that has locked it. A timeout within a
        query would break that transaction, so there the time is checked between queries only.
        """
        unit = UnitOfWork(connection, self._live, 1)
        own_log = OwnLog(lambda function: function(unit))

        def history(after: Mapping[str, int]) -> HistoryPage:
            seconds = deadline - time.monotonic()
            if seconds <= 0:
                raise _ExchangePostponed
            if source == self._model.service:
                return own_log.history(after)
            try:
                return run_within(seconds, lambda: self._logs[source].history(after))
            except DeadlineExceeded:
                raise _ExchangePostponed from None

        return history

    def _check_complete(self, connection: sa.Connection) -> None:
        """_ExchangePostponed while the shadow is behind the model in use, Refused if it must be."""
        own = self._model.service
        if halted := self._work.read(partial(halted_streams, source=own)):
            raise self._refusal(halted)
        if POSITIONS not in self._model.tables:
            return
        for source in self._remote:
            gaps = self._shadow.gaps(connection, source)
            if any(gap.lost for gap in gaps) and not self._forget_lost:
                raise Refused(
                    own,
                    f"has applied what {source} has lost since, as it was restored from a backup;"
                    " `cdp check consistency --repair` forgets it",
                )
            gaps = [gap for gap in gaps if not gap.lost]
            late = {gap.stream for gap in gaps if gap.version > gap.shadow_version}
            if stuck := late & set(self._work.read(partial(halted_streams, source=source))):
                raise self._refusal(sorted(stuck))
            if late:
                raise _ExchangePostponed

    def _refusal(self, stuck: Sequence[str]) -> Refused:
        many = "a stream" if len(stuck) == 1 else f"{len(stuck)} streams"
        reason = self._work.read(partial(_reason, stream=stuck[0]))
        return Refused(
            self._model.service,
            f"cannot apply {many} as far as the model in use has, the first because of {reason};"
            " the model in use stays. Fix the cause, and rebuild again",
        )

    def _record_changes(self) -> int:
        """Append what has changed to the log, while the service runs; how many events."""
        count = 0

        def record(unit: UnitOfWork) -> tuple[bool, int]:
            more = self._model.record_changes(unit)
            return more, sum(len(entry.events) for entry in unit.outbox_entries)

        more = True
        while more:
            more, new = self._live.run(record)
            count += new
            self._report(RebuildProgress("recording changes", count, count))
        return count


def _reason(unit: UnitOfWork, stream: str) -> str:
    """Why a stream is halted: by the newest of its dead letters."""
    query = sa.select(DEAD_LETTERS).order_by(DEAD_LETTERS.c.died_at.desc())
    row = next((row for row in unit.connection.execute(query) if stream in row.streams), None)
    if row is None:  # the letter is gone: name at least the stream
        return f"stream {stream}"
    return f"{row.type} of stream {stream}, version {row.version}: {row.reason}"
