"""Units of work: one transaction over a service's tables and log, published after its commit.

A service takes its locks in one order, and those of one table sorted by key, so that no transaction
waits for another in a circle. Each kind of work begins at its own line and goes down:

    positions                    a batch of events: the rows of all their streams
        |
    dead_letters                 a halt or a redrive: the letters of those streams
        |
    lock rows of the service     a command: whatever it decides on
        |
    streams                      an append: gives each stream its next versions
        |
    events, outbox               new rows, which nobody waits for

Rows of a read model are written under the lock of their stream, in `positions` or in `streams`, and
have no place of their own in this order. A rebuild locks whole tables, as `ReadModel.tables` lists
them. A service that locks further rows after its streams draws its own order in its `store.py`.

Two units that insert the same new key still collide: the later one is run again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from copy import copy
from dataclasses import replace
from typing import Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection

from chassis.core.clock import Clock, CorrectedClock
from chassis.core.errors import Unavailable
from chassis.core.event import Draft, Event, JointDraft
from chassis.core.upcasting import Upcasters
from chassis.database.clock import database_now
from chassis.database.engine import (
    SERVICE_LIMITS,
    Database,
    is_contention,
    is_misfit,
    is_session_lost,
    is_transient,
    is_unreachable,
    misfit,
    unreachable,
)
from chassis.eventlog.append import OutboxEntry
from chassis.eventlog.incarnation import LogRestored
from chassis.eventlog.log import AppendResult, DatedHead, EventLog, HeadCursor, HeadsPage
from chassis.eventlog.outbox import Outbox

T = TypeVar("T")
_ATTEMPTS = 8
# Seconds in all that a unit waits for others, over all its attempts; the last begins so early that
# a wait for one lock ends in time. Callers who wait for the same rows take every worker, and
# whoever comes after them has to be answered within 5 s.
_PATIENCE = 4.5
_LAST_START = _PATIENCE - SERVICE_LIMITS.lock / 1_000


class Publisher(Protocol):
    """Publishes committed events, without keeping the caller waiting."""

    def publish(self, row_id: str, events: Sequence[Event]) -> None:
        """Publish `events` and, once they are confirmed, clear outbox row `row_id`."""
        ...


class NullPublisher:
    """A publisher that leaves everything to the sweeper."""

    def publish(self, row_id: str, events: Sequence[Event]) -> None:
        del row_id, events


class Patience:
    """How long units of work wait that belong together, over all their attempts."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def begin_anew(self) -> None:
        """What has passed so far was no wait."""
        self._began = time.monotonic()

    @property
    def is_over(self) -> bool:
        """Whether it is too late to begin another attempt."""
        return time.monotonic() - self._began > _LAST_START

    @property
    def seconds_left(self) -> float:
        """How long a unit may still wait; 0 if it has waited long enough."""
        return max(0.0, self._began + _PATIENCE - time.monotonic())


class UnitOfWork:
    """One transaction: `connection` for the service's own tables, and its log."""

    def __init__(self, connection: sa.Connection, runner: UnitOfWorkRunner, attempt: int) -> None:
        self.connection = connection
        self.now = runner.clock.now()
        self.outbox_entries: list[OutboxEntry] = []
        self.effects: list[Callable[[], None]] = []
        self._log = runner.log
        self._upcasters = runner.upcasters
        self._correlation = runner.correlation
        self._first = attempt == 1

    @property
    def is_repeated(self) -> bool:
        """Whether an earlier run of this unit failed, perhaps as others had recorded the same."""
        return not self._first

    def waits_for_operator(self) -> bool:
        """Whether the service refuses to use its log until a restore of it is confirmed."""
        return self._log.incarnation.waits_for_operator(self.connection)

    def append(
        self, drafts: Sequence[Draft | JointDraft], *, synchronous_commit: bool = True
    ) -> list[AppendResult]:
        """Append to the service's own log; one result for each draft, in order.

        The first run of a unit assumes that drafts are new: a duplicate costs a second run. Callers
        that expect many duplicates call `find` first.

        Without `synchronous_commit` the commit does not wait for the disk. What is committed
        survives a crash of every process of ours; it is lost only if the database server itself
        crashes within the next moment (PostgreSQL: a fraction of a second).
        """
        if self._correlation:
            drafts = [
                replace(draft, metadata={**self._correlation, **draft.metadata}) for draft in drafts
            ]
        results, entry = self._log.append(
            self.connection,
            drafts,
            self.now,
            check_duplicates=not self._first,
            synchronous_commit=synchronous_commit,
        )
        if entry:
            self.outbox_entries.append(entry)
        return results

    def after_commit(self, effect: Callable[[], None]) -> None:
        """Have something done once the unit is committed, such as counting what it changed.

        It is not done if the unit fails, nor for a run of it that is repeated; and it is lost if
        the process ends in between.
        """
        self.effects.append(effect)

    def find(self, ids: Sequence[str]) -> dict[str, Event]:
        """Those of the event ids `ids` that are in the log."""
        return self._log.find(self.connection, ids)

    def history(self, after: Mapping[str, int], limit: int) -> list[Event]:
        """Up to `limit` events of the log past `after` (stream: version), upcast."""
        events = self._log.history(self.connection, after, limit)
        return [self._upcasters.upcast(event) for event in events]

    def events_at(self, places: Iterable[tuple[str, int]]) -> list[Event]:
        """The events at these places (stream, version) of the log, upcast, in that order."""
        events = self._log.events_at(self.connection, places)
        return [self._upcasters.upcast(event) for event in events]

    def raw_history(self, after: Mapping[str, int], limit: int) -> list[Event]:
        """The same as they are stored, for callers that upcast for themselves."""
        return self._log.history(self.connection, after, limit)

    def heads(self, after: HeadCursor, limit: int) -> HeadsPage:
        """Up to `limit` streams of the log past a place in the order of its transactions."""
        return self._log.heads(self.connection, after, limit)

    def heads_of(self, streams: Sequence[str]) -> HeadsPage:
        """The heads of those of `streams` that the log has."""
        return self._log.heads_of(self.connection, streams)

    def dated_heads(self, changed_since: int, after: str, limit: int) -> list[DatedHead]:
        """Up to `limit` streams of the log past a place in the order of the writers' clocks."""
        return self._log.dated_heads(self.connection, changed_since, after, limit)


class UnitOfWorkRunner:
    """Runs functions as units of work on one service's database."""

    def __init__(
        self,
        database: Database,
        source: str,
        clock: Clock,
        publisher: Publisher | None = None,
        upcasters: Upcasters | None = None,
    ) -> None:
        self.database = database
        self.source = source
        self.clock = clock
        self.log = EventLog(source)
        self.outbox = Outbox()
        self.publisher = publisher or NullPublisher()
        self.upcasters = upcasters or Upcasters()
        self.correlation: dict[str, str] = {}
        self.patience: Patience | None = None

    def with_correlation(
        self, correlation_id: str, traceparent: str | None = None
    ) -> UnitOfWorkRunner:
        """A runner like this one, whose events carry `correlation_id` and `traceparent`."""
        runner = copy(self)
        runner.correlation = {"correlation_id": correlation_id}
        if traceparent:
            runner.correlation["traceparent"] = traceparent
        return runner

    def with_patience(self, patience: Patience) -> UnitOfWorkRunner:
        """A runner like this one, all of whose units together wait as long as one unit does."""
        runner = copy(self)
        runner.patience = patience
        return runner

    def run(self, function: Callable[[UnitOfWork], T]) -> T:
        """Run `function` in a transaction, and publish what it appended after the commit.

        It is run again after a deadlock, a serialization failure, a collision of two writers on
        a new row, a wait for a lock or a lost connection, so it must have no effect outside its
        unit. Raises Unavailable when the database does not answer, or others keep what the unit
        needs locked for 4.5 s.
        """
        return self._retry(function, self.database.transaction)

    def autocommit(self, function: Callable[[UnitOfWork], T]) -> T:
        """Run `function`, which writes by one statement, as `UnitOfWork.append` does for drafts.

        On PostgreSQL that statement is a transaction of its own.
        """
        return self._retry(function, self.database.autocommit)

    def read(self, function: Callable[[UnitOfWork], T]) -> T:
        """Run `function`, which only reads: each statement sees what is committed by then."""
        return self._retry(function, self.database.autocommit)

    def measure_clock(self, others: Sequence[int] = ()) -> None:
        """Compare a clock that can be corrected with the database's; SQLite's is the machine's.

        `others`: how many microseconds the clocks of other processes are ahead of the database's.
        """
        if isinstance(self.clock, CorrectedClock) and self.database.dialect == "postgresql":
            self.clock.measure(lambda: self.read(_ask_clock), others)

    # A loop of its own: its attempts have numbers, and its pauses have jitter and follow only some
    # of the errors, unlike those of `chassis.core.retry`.
    def _retry(
        self,
        function: Callable[[UnitOfWork], T],
        begin: Callable[[], AbstractContextManager[sa.Connection]],
    ) -> T:
        patience = self.patience or Patience()
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._once_here(function, begin, attempt)
            except LogRestored:
                continue  # once more: that was noticed while another process did the same
            except NoConnection:
                raise Unavailable("database", "has no connection left; try again") from None
            except DBAPIError as error:
                if is_session_lost(error):  # perhaps we were frozen: that was no wait
                    patience.begin_anew()
                lost = is_contention(error)
                late = lost and patience.is_over
                if attempt == _ATTEMPTS or late or not is_transient(error):
                    if is_unreachable(error) or lost:
                        raise unreachable(error) from None
                    if is_misfit(error):
                        raise misfit(error) from None
                    raise
                if lost:
                    time.sleep(random.uniform(0, 0.005 * 2**attempt))  # noqa: S311 - jitter, no secret
        raise Unavailable(f"log of {self.source}", "begins its next incarnation; try again")

    def _once_here(
        self,
        function: Callable[[UnitOfWork], T],
        begin: Callable[[], AbstractContextManager[sa.Connection]],
        attempt: int,
    ) -> T:
        """Run `function`; if the log lies elsewhere than before, its next incarnation begins."""
        try:
            return self._once(function, begin, attempt)
        except LogRestored:
            with self.database.transaction() as connection:
                self.log.incarnation.begin(connection, self.source)
            return self._once(function, begin, attempt)

    def _once(
        self,
        function: Callable[[UnitOfWork], T],
        begin: Callable[[], AbstractContextManager[sa.Connection]],
        attempt: int,
    ) -> T:
        with begin() as connection:
            unit = UnitOfWork(connection, self, attempt)
            result = function(unit)
        for entry in unit.outbox_entries:
            self.publisher.publish(entry.row_id, entry.events)
        for effect in unit.effects:
            effect()
        return result


def _ask_clock(unit: UnitOfWork) -> int:
    return int(unit.connection.execute(sa.select(database_now())).scalar_one())
