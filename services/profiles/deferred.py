"""The backlog: events that wait for identity, in the order in which they were accepted.

Their bodies are sealed, as they carry identifiers. One process at a time works it off, under a
lease; what it appends is fenced by that lease, so that a process which was thought dead changes
nothing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from chassis import InvalidInput, ServiceError, Unavailable, new_id
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from contracts.ingest import IncomingEvent, read_event
from services.profiles import store
from services.profiles.commands import RecordHandler
from services.profiles.store import DeferredEvent
from services.profiles.vault import Vault

LEASE_SECONDS = 30.0
_AT_ONCE = 100
_TURN_SECONDS = 5.0


class LeaseLost(Exception):
    """Another process works the backlog off by now."""


@dataclass(frozen=True, slots=True)
class DeferredEvents:
    """Works off what waits in one database, through a recorder."""

    work: UnitOfWorkRunner
    recorder: RecordHandler
    vault: Vault
    ids: Callable[[], str] = new_id
    clock: Callable[[], float] = time.time

    def work_off(self) -> int:
        """Record what waits, the oldest first, while identity answers; how many events it was."""
        if not self.work.read(store.is_anything_waiting):
            return 0
        holder = self.ids()
        if not self.work.run(lambda unit: store.take_lease(unit, holder, *self._term())):
            return 0
        recorded = 0
        end = self.clock() + _TURN_SECONDS
        try:
            while self.clock() < end:
                batch = self.work.read(lambda unit: store.waiting(unit, _AT_ONCE))
                if not batch:
                    break
                self._record(batch, holder)
                recorded += len(batch)
        except (Unavailable, LeaseLost):
            pass  # what waits goes on waiting, and is tried again by the next tick
        with suppress(Unavailable):
            self.work.run(lambda unit: store.give_lease_back(unit, holder))
        return recorded

    def _record(self, batch: Sequence[DeferredEvent], holder: str) -> None:
        """Record a batch; an event that identity cannot take is set aside, and spoils no other."""
        events = [self._read(waiting) for waiting in batch]
        good = {e.id: e for e in events if isinstance(e, IncomingEvent)}

        def finish(unit: UnitOfWork, refused: dict[str, str]) -> None:
            if not store.hold_lease(unit, holder, self._term()[1]):
                raise LeaseLost
            store.set_aside(unit, refused)
            store.remove_waiting(unit, [w.place for w in batch if w.event_id not in refused])

        spoilt = {
            waiting.event_id: str(event)
            for waiting, event in zip(batch, events, strict=True)
            if isinstance(event, InvalidInput)
        }
        try:
            self.recorder.record_waiting(list(good.values()), spoilt, finish)
        except ServiceError as error:
            if isinstance(error, Unavailable):
                raise
            if len(batch) > 1:
                for one in batch:
                    self._record([one], holder)
            else:
                reason = {batch[0].event_id: str(error)}
                self.work.run(lambda unit: finish(unit, reason))

    def _read(self, waiting: DeferredEvent) -> IncomingEvent | InvalidInput:
        raw: Any = json.loads(self.vault.seal.open(waiting.sealed, waiting.event_id))
        try:
            return read_event(raw, waiting.received_at)
        except InvalidInput as error:  # accepted by another release of ours
            return error

    def _term(self) -> tuple[int, int]:
        now = int(self.clock() * 1_000_000)
        return now, now + int(LEASE_SECONDS * 1_000_000)
