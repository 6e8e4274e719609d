"""Rebuilding: a read model made anew beside the one that serves, and exchanged for it.

The new one is filled in a place of its own by the same inbox and projections, from the first event
on, out of the logs of the sources; so an interrupted rebuild can go on where it stood. At the end
those who write the old one are held for a moment, what they had more is fetched, and the tables are
exchanged in one transaction. The new model is never behind the old one in any stream, so nobody is
told that something had not happened after all.
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
from chassis.database.tables import DEAD_LETTERS, POSITIONS, RECONCILED
from chassis.eventlog.log import Head
from chassis.eventlog.reader import LogReader, OwnLog
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from chassis.projections.inbox import RECONCILE_MARGIN, Inbox, Projection
from chassis.projections.shadow_base import Shadow, is_refused_lock

_STREAMS = 100
_NEARLY = 2_000  # so few events behind that their writers may be held
_ROUNDS = 5
_PATIENCE = 120.0


def _nothing_to_judge(shadow: UnitOfWorkRunner, judged: Callable[[int], None]) -> None:
    del shadow, judged


def _nothing_to_settle(unit: UnitOfWork) -> bool:
    del unit
    return False


@dataclass(frozen=True, slots=True)
class ReadModel:
    """What a service says of its read model, so that it can be made anew.

    `tables` are exchanged; they are locked in this order, so those come first that the service's
    own transactions touch first. No writer of `tables` gets on while somebody holds `held`, which
    keeps readers off as well if `held_from_readers`. `projections` make the tables of the events of
    each source; the service's own name stands for its own log. `judge` makes, in the new tables,
    what follows from events but is no event's effect, and says how much it has done. `settle`,
    after the exchange, tells in the service's own log some of what has changed, and returns whether
    there may be more.
    """

    service: str
    tables: Sequence[sa.Table]
    held: Sequence[sa.Table]
    projections: Mapping[str, Projection]
    held_from_readers: bool = False
    judge: Callable[[UnitOfWorkRunner, Callable[[int], None]], None] = _nothing_to_judge
    settle: Callable[[UnitOfWork], bool] = _nothing_to_settle


@dataclass(frozen=True, slots=True)
class RebuildProgress:
    """How far a rebuild is: what it does, and how many events (or profiles) of how many."""

    doing: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class RebuildResult:
    """What a rebuild did.

    `events` were read and `told` appended to the service's own log; for `held_ms` nobody could
    write the model, and `halted` streams cannot be applied, as before.
    """

    events: int
    told: int
    held_ms: int
    halted: int


class _ExchangePostponed(Exception):
    """The exchange is put off: the transaction is rolled back, and all go on meanwhile."""


class Rebuild:
    """One rebuild of the read model of one service.

    `live` works on the service's database as the owner of its tables, `logs` are the sources that
    are other services, and `report` is told every step.
    """

    def __init__(
        self,
        model: ReadModel,
        live: UnitOfWorkRunner,
        shadow: Shadow,
        logs: Mapping[str, LogReader],
        report: Callable[[RebuildProgress], None],
    ) -> None:
        self._model = model
        self._live = live.bound(new_id())
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

    def run(self, resume: bool = False) -> RebuildResult:
        """Do it all; with `resume`, go on from where an interrupted one stood.

        Raises Conflict if another one is under way, Refused if the new model cannot get as far as
        the old one, Unavailable if a source does not answer: the old model then goes on serving.
        """
        with self._shadow.alone():
            self._shadow.prepare(anew=not resume)
            for _ in range(_ROUNDS):
                read = sum(self._fill(source) for source in self._inboxes)
                self._model.judge(
                    self._work, lambda n: self._report(RebuildProgress("judging", n, n))
                )
                if read < _NEARLY:
                    break
            self._shadow.analyse()
            result = self._exchange()
            self._shadow.remove()
        return replace(result, told=self._settle())

    def _fill(self, source: str) -> int:
        """Apply all that a source has by now; how many events that were."""
        inbox = self._inboxes[source]
        log = self._logs[source]
        found = 0

        def heads(changed_since: int, after: str) -> Sequence[Head]:
            nonlocal found
            page = log.heads(changed_since, after)
            found += len(page)
            self._report(RebuildProgress(f"listing streams of {source}", found, found))
            return page

        inbox.reconcile(heads)
        return self._drain(source, log)

    def _drain(self, source: str, log: LogReader, until: float = float("inf")) -> int:
        """Apply what is known to be behind; how many events that were.

        Passes over it go on until one changes nothing, as a fact of several streams may have to
        wait for the others, which a later page brings. _TryAgain if `until` comes first.
        """
        inbox = self._inboxes[source]
        hurried = until < float("inf")  # then there is no time to count what a large table holds
        done, total = (0, 0) if hurried else self._work.read(partial(_progress, source=source))
        applied, moved = 0, True
        while moved:
            moved, after = False, ""
            while streams := self._work.read(partial(_behind, source=source, after=after)):
                if not hurried:
                    self._report(
                        RebuildProgress(f"reading {source}", min(done + applied, total), total)
                    )
                events = _in_time(until, log, streams)
                if inbox.process(events, self._model.projections[source]).applied:
                    now = inbox.versions(streams)
                    applied += sum(now[stream] - version for stream, version in streams.items())
                    moved = True
                else:
                    after = max(streams)
        if not hurried:
            progress = self._work.read(partial(_progress, source=source))
            self._report(RebuildProgress(f"reading {source}", *progress))
        return applied

    # The exchange

    def _exchange(self) -> RebuildResult:
        """Exchange the tables, as soon as there is a moment for it."""
        deadline = time.monotonic() + _PATIENCE
        pause, hold = 0.1, 1.0
        while True:
            try:
                return self._try_exchange(hold)
            except _ExchangePostponed:
                hold = min(2 * hold, 8.0)
            except DBAPIError as error:
                if not is_refused_lock(error):
                    raise
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"database of {self._model.service}",
                    "gave no moment in which nobody used the old tables; try again with --resume",
                )
            time.sleep(pause)
            pause = min(2 * pause, 2.0)

    def _try_exchange(self, hold: float) -> RebuildResult:
        """Come as near as can be while others write, and the last bit while they are held."""
        with self._live.database.transaction() as connection:
            lack = self._lack(connection)
        self._close(lack, self._logs)
        with self._live.database.transaction() as connection:
            self._shadow.hold(connection, self._model.held, readers=self._model.held_from_readers)
            began = time.monotonic()
            self._report(RebuildProgress("exchanging", 0, 1))
            unit = UnitOfWork(connection, self._live, 1)
            own = OwnLog(lambda function: function(unit))
            logs = {**self._logs, self._model.service: own}
            self._close(self._lack(connection), logs, began + hold)
            self._check(connection)
            events, halted = self._work.read(_counted)
            self._shadow.exchange(connection, self._remote, self._live.clock.now())
            if POSITIONS in self._model.tables:  # its own log is no source that the service follows
                for table in (POSITIONS, RECONCILED):
                    own_rows = table.c.source == self._model.service
                    connection.execute(sa.delete(table).where(own_rows))
        self._report(RebuildProgress("exchanging", 1, 1))
        return RebuildResult(events, 0, round(1_000 * (time.monotonic() - began)), halted)

    def _lack(self, connection: sa.Connection) -> dict[str, dict[str, int]]:
        """What the model in use knows of and the new one has not applied: source -> its heads."""
        lack = {}
        own = self._model.service
        if own in self._inboxes:
            since = self._inboxes[own].reconciled() - RECONCILE_MARGIN
            lack[own] = self._shadow.unread(connection, own, since)
        if POSITIONS in self._model.tables:
            for source in self._remote:
                ahead = self._shadow.ahead(connection, source)
                lack[source] = {place.stream: place.seen for place in ahead}
        return {source: heads for source, heads in lack.items() if heads}

    def _close(
        self,
        lack: Mapping[str, Mapping[str, int]],
        logs: Mapping[str, LogReader],
        until: float = float("inf"),
    ) -> None:
        for source, heads in lack.items():
            self._inboxes[source].note(heads)
            self._drain(source, logs[source], until)

    def _check(self, connection: sa.Connection) -> None:
        """_TryAgain while the new model is behind the old one, Refused if it stays so."""
        own = self._model.service
        if halted := self._work.read(partial(_halted, source=own)):
            raise self._refused(halted)
        if POSITIONS not in self._model.tables:
            return
        for source in self._remote:
            places = self._shadow.ahead(connection, source)
            late = {place.stream for place in places if place.version > place.ours}
            if stuck := late & set(self._work.read(partial(_halted, source=source))):
                raise self._refused(sorted(stuck))
            if late:
                raise _ExchangePostponed

    def _refused(self, stuck: Sequence[str]) -> Refused:
        many = "a stream" if len(stuck) == 1 else f"{len(stuck)} streams"
        reason = self._work.read(partial(_reason, stream=stuck[0]))
        return Refused(
            self._model.service,
            f"cannot apply {many} as far as the model in use has, the first for {reason}; that"
            " one goes on serving. Mend the cause, and rebuild anew",
        )

    def _settle(self) -> int:
        """Tell what has changed; how many events. The running service takes part in it."""
        told = 0

        def turn(unit: UnitOfWork) -> tuple[bool, int]:
            more = self._model.settle(unit)
            return more, sum(len(published.events) for published in unit.published)

        more = True
        while more:
            more, new = self._live.run(turn)
            told += new
            self._report(RebuildProgress("telling changes", told, told))
        return told


def _in_time(until: float, log: LogReader, streams: Mapping[str, int]) -> Sequence[Event]:
    """The next events of `streams`; _TryAgain if `until` comes first."""
    left = until - time.monotonic()
    if left <= 0:
        raise _ExchangePostponed
    if left == float("inf") or isinstance(log, OwnLog):  # a query would break its transaction
        return log.history(streams)
    try:
        return run_within(left, lambda: log.history(streams))
    except DeadlineExceeded:
        raise _ExchangePostponed from None


def _behind(unit: UnitOfWork, source: str, after: str) -> dict[str, int]:
    """The next streams past `after` with events that were not applied: stream -> version."""
    query = (
        sa.select(POSITIONS.c.stream_id, POSITIONS.c.version)
        .where(POSITIONS.c.source == source, POSITIONS.c.stream_id > after)
        .where(POSITIONS.c.seen > POSITIONS.c.version, ~POSITIONS.c.halted)
        .order_by(POSITIONS.c.stream_id)
        .limit(_STREAMS)
    )
    return {row.stream_id: row.version for row in unit.connection.execute(query)}


def _progress(unit: UnitOfWork, source: str) -> tuple[int, int]:
    """How many events of a source were applied, and how many it is known to have."""
    query = sa.select(sa.func.sum(POSITIONS.c.version), sa.func.sum(POSITIONS.c.seen))
    done, total = unit.connection.execute(query.where(POSITIONS.c.source == source)).one()
    return int(done or 0), int(total or 0)


def _halted(unit: UnitOfWork, source: str) -> list[str]:
    query = sa.select(POSITIONS.c.stream_id).where(POSITIONS.c.source == source, POSITIONS.c.halted)
    return sorted(unit.connection.execute(query).scalars())


def _reason(unit: UnitOfWork, stream: str) -> str:
    """Why a stream is halted."""
    query = sa.select(DEAD_LETTERS).order_by(DEAD_LETTERS.c.died_at.desc())
    for row in unit.connection.execute(query):
        if stream in row.streams:
            return f"{row.type} of stream {stream}, version {row.version}: {row.reason}"
    return f"stream {stream}"


def _counted(unit: UnitOfWork) -> tuple[int, int]:
    """How many events the new model has seen applied, and how many streams are halted."""
    halted = sa.func.sum(sa.case((POSITIONS.c.halted, 1), else_=0))
    row = unit.connection.execute(sa.select(sa.func.sum(POSITIONS.c.version), halted)).one()
    return int(row[0] or 0), int(row[1] or 0)
