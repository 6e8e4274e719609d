"""Deferred events: they wait for identity, in the order in which they were accepted.

Their bodies are sealed, as they carry identifiers. One process at a time records them, under a
lease, which the transaction that records them renews: a process that was wrongly taken for dead
finds its lease gone, and changes nothing.
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
from services.profiles.commands import IdentityClient, RecordHandler
from services.profiles.store import DeferredEvent

LEASE_SECONDS = 30.0
_AT_ONCE = 100
_TURN_SECONDS = 5.0


class LeaseLost(Exception):
    """Another process records the deferred events by now."""


@dataclass(frozen=True, slots=True)
class DeferredEvents:
    """Records the deferred events of a database."""

    recorder: RecordHandler
    ids: Callable[[], str] = new_id
    clock: Callable[[], float] = time.time

    def drain(self, identity: IdentityClient, work: UnitOfWorkRunner) -> int:
        """Record deferred events, the oldest first, while identity answers; returns how many."""
        if not work.read(store.has_deferred_events):
            return 0
        holder = self.ids()
        if not work.run(lambda unit: store.take_lease(unit, holder, *self._term())):
            return 0
        recorded = 0
        end = self.clock() + _TURN_SECONDS
        try:
            while self.clock() < end:
                batch = work.read(lambda unit: store.load_deferred(unit, _AT_ONCE))
                if not batch:
                    break
                self._record(batch, holder, identity, work)
                recorded += len(batch)
        except (Unavailable, LeaseLost):
            pass  # the rest stays deferred, and is tried again by the next tick
        with suppress(Unavailable):
            work.run(lambda unit: store.give_lease_back(unit, holder))
        return recorded

    def _record(
        self,
        batch: Sequence[DeferredEvent],
        holder: str,
        identity: IdentityClient,
        work: UnitOfWorkRunner,
    ) -> None:
        """Record a batch; an event that identity cannot resolve is set aside, the others are not.

        An event may have been accepted by another release of ours that allowed more.
        """
        events: list[IncomingEvent] = []
        invalid: dict[str, str] = {}
        for deferred in batch:
            try:
                events.append(self._read(deferred))
            except InvalidInput as error:
                invalid[deferred.event_id] = str(error)

        def finish(unit: UnitOfWork, reasons: dict[str, str]) -> None:
            if not store.hold_lease(unit, holder, self._term()[1]):
                raise LeaseLost
            unrecordable = {**invalid, **reasons}
            store.set_aside(unit, unrecordable)
            places = [each.place for each in batch if each.event_id not in unrecordable]
            store.remove_deferred(unit, places)

        try:
            self.recorder.record_deferred(events, finish, identity, work)
        except Unavailable:
            raise
        except ServiceError as error:
            if len(batch) > 1:
                for deferred in batch:
                    self._record([deferred], holder, identity, work)
            else:
                reasons = {batch[0].event_id: str(error)}
                work.run(lambda unit: finish(unit, reasons))

    def _read(self, deferred: DeferredEvent) -> IncomingEvent:
        raw: Any = json.loads(self.recorder.vault.seal.open(deferred.sealed, deferred.event_id))
        return read_event(raw, deferred.received_at)

    def _term(self) -> tuple[int, int]:
        now = int(self.clock() * 1_000_000)
        return now, now + int(LEASE_SECONDS * 1_000_000)
