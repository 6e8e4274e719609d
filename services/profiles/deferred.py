"""Deferred events: they wait for identity, in the order in which they were accepted.

Their bodies are sealed, as they carry identifiers. One process at a time records them, under a
lease that it renews while it works, and in the transaction that records: a process that was wrongly
taken for dead finds its lease gone, and changes nothing.

An event that cannot be recorded delays no other. It keeps its row, with the reason, and leaves the
queue:

- One that nobody can read, or that identity refuses, is set aside at once.
- One whose recording fails while another event's succeeds is tried again by itself after 5 s, 10 s
  and so on up to a minute, and is set aside after some four minutes in which others were recorded.
- Where no event can be recorded, not even of those further back in the queue, it is an outage:
  all keep their places, and nothing is set aside.

What was set aside stays until an operator has it tried again; operators may set events aside, too.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from cryptography.exceptions import InvalidTag

from chassis import InvalidInput, ServiceError, Unavailable, new_id
from chassis.core.repeat import repeated
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from contracts.incoming import IncomingEvent
from services.profiles import store
from services.profiles.commands import IdentityClient, RecordHandler
from services.profiles.domain.deferral import read_deferred
from services.profiles.store import DeferredEvent

# A holder that froze keeps the others waiting for so long.
LEASE_SECONDS = 4.0
_RENEWAL_SECONDS = 1.0
_AT_ONCE = 100
_TURN_SECONDS = 5.0
_RETRY_SECONDS = 2.0  # of a turn, for what failed before
# So many unreadable events and no readable one: rather the key is wrong than all of them.
_FEW = 10
_SAMPLE = 10
# The pauses between them add up to some four minutes.
_MOST_FAILURES = 8
# What was recorded so many seconds ago shows that there is no outage.
_LATELY = 60.0
# Bisection over the queue ends after so many halves.
_PROBES = 20

_log = structlog.get_logger("deferred")


class LeaseLost(Exception):
    """Another process records the deferred events by now."""


class Unreadable(Exception):
    """The body of a deferred event cannot be opened, or is not JSON."""


@dataclass(frozen=True, slots=True)
class OpenedBatch:
    """Deferred events in their order; `reasons` says by id why one can never be recorded."""

    deferred: Sequence[DeferredEvent]
    events: Mapping[str, IncomingEvent]
    reasons: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DeferredEvents:
    """Records the deferred events of a database."""

    recorder: RecordHandler
    ids: Callable[[], str] = new_id

    def drain(self, identity: IdentityClient, work: UnitOfWorkRunner) -> int:
        """Record deferred events, the oldest first, while identity answers; returns how many."""
        if not work.read(store.is_work_waiting):
            return 0
        holder = self.ids()
        if not work.run(lambda unit: store.take_lease(unit, holder, LEASE_SECONDS)):
            return 0
        recorded = 0
        end = time.monotonic() + _TURN_SECONDS
        try:
            with repeated(_RENEWAL_SECONDS, partial(_renew, work, holder)):
                recorded += self._try_again(holder, identity, work)
                while time.monotonic() < end:
                    batch = work.read(lambda unit: store.load_deferred(unit, _AT_ONCE))
                    if not batch:
                        break
                    self._record(self._open(batch, work), holder, identity, work)
                    recorded += len(batch)
        except (Unavailable, LeaseLost) as error:
            _log.debug(
                "rest_stays_deferred", error=str(error)
            )  # it is tried again by the next tick
        finally:
            with suppress(Unavailable):
                work.run(lambda unit: store.give_lease_back(unit, holder))
        return recorded

    def _open(self, batch: Sequence[DeferredEvent], work: UnitOfWorkRunner) -> OpenedBatch:
        """Read the events of a batch; Unavailable if our key, and no event, is to blame.

        An event may have been accepted by another release of ours that allowed more.
        """
        events: dict[str, IncomingEvent] = {}
        reasons: dict[str, str] = {}
        unreadable: dict[str, str] = {}
        for deferred in batch:
            try:
                events[deferred.event_id] = self._read(deferred)
            except InvalidInput as error:
                reasons[deferred.event_id] = str(error)
            except Unreadable as error:
                unreadable[deferred.event_id] = str(error)
        if unreadable and not events and not reasons and not self._key_opens(batch, work):
            _log.error("deferred_events_unreadable", events=len(unreadable))
            raise Unavailable("CDP_IDENTIFIER_KEY", "opens no deferred event; is it the right one?")
        return OpenedBatch(batch, events, {**reasons, **unreadable})

    def _key_opens(self, batch: Sequence[DeferredEvent], work: UnitOfWorkRunner) -> bool:
        """Whether our key opens anything else: a later event or, of few events, a stored value."""
        later = work.read(lambda unit: store.load_deferred(unit, _AT_ONCE, batch[-1].place))
        if any(self._opens(each.sealed, each.event_id) for each in later):
            return True
        values = work.read(lambda unit: store.sample_sealed_values(unit, _SAMPLE))
        return len(batch) + len(later) <= _FEW and any(
            self._opens(value, key) for key, value in values.items()
        )

    def _opens(self, sealed: str, about: str) -> bool:
        with suppress(InvalidTag, ValueError):
            self.recorder.vault.seal.open(sealed, about)
            return True
        return False

    def _read(self, deferred: DeferredEvent) -> IncomingEvent:
        """The event; InvalidInput if it is none that we take, Unreadable if it is none at all."""
        try:
            raw: Any = json.loads(self.recorder.vault.seal.open(deferred.sealed, deferred.event_id))
        except InvalidTag:
            raise Unreadable("it was sealed under another key, or is damaged") from None
        except ValueError as error:
            raise Unreadable(f"it is damaged ({type(error).__name__})") from None
        return read_deferred(raw, deferred.received_at)

    def _record(
        self, batch: OpenedBatch, holder: str, identity: IdentityClient, work: UnitOfWorkRunner
    ) -> None:
        """Record a batch; what fails in it is looked for one by one."""
        try:
            self._record_at_once(batch, holder, identity, work)
        except (Unavailable, LeaseLost):
            raise
        except Exception:  # noqa: BLE001 - whatever it was, it is to delay no other event
            self._record_one_by_one(batch, holder, identity, work)

    def _record_one_by_one(
        self, batch: OpenedBatch, holder: str, identity: IdentityClient, work: UnitOfWorkRunner
    ) -> None:
        """Record each event that can be; the others leave the queue, to be tried again.

        Unavailable, and they keep their places, if no event at all can be recorded: an outage.
        """
        failures: dict[str, Exception] = {}
        for deferred in batch.deferred:
            if deferred.event_id in batch.events:
                error = self._fails(deferred, holder, identity, work)
                if error is not None:
                    failures[deferred.event_id] = error
        none_recorded = failures and len(failures) == len(batch.events)
        place = batch.deferred[-1].place
        if none_recorded and not self._records_later(place, holder, identity, work):
            _log.error("deferred_events_fail", events=len(failures), kinds=_kinds(failures))
            raise Unavailable("deferred events", "fail one and all")
        if failures:
            _log.error("deferred_events_failed", events=sorted(failures), kinds=_kinds(failures))
        refused = [each for each in batch.deferred if each.event_id in batch.reasons]
        work.run(partial(_note_failures, failures, holder))
        work.run(partial(_finish, refused, holder, batch.reasons))

    def _records_later(
        self, place: int, holder: str, identity: IdentityClient, work: UnitOfWorkRunner
    ) -> bool:
        """Whether any event further back in the queue can be recorded; if so, it now is.

        The last one is tried, and then that in the middle between `place` and the one tried before.
        """
        before = work.read(store.last_place)
        for _ in range(_PROBES):
            if before <= place:
                break
            for probe in work.read(partial(store.load_deferred, limit=1, after=before - 1)):
                if self._fails(probe, holder, identity, work) is None:
                    return True
            before = (place + before) // 2
        return False

    def _try_again(self, holder: str, identity: IdentityClient, work: UnitOfWorkRunner) -> int:
        """Record what could not be before, as far as its time has come; how many were."""
        recorded = 0
        end = time.monotonic() + _RETRY_SECONDS
        for deferred in work.read(lambda unit: store.load_due(unit, _AT_ONCE)):
            if time.monotonic() > end:
                break
            error = self._fails(deferred, holder, identity, work)
            if error is None:
                recorded += 1
            else:
                work.run(partial(_note_failure_again, deferred, error, holder))
        return recorded

    def _fails(
        self, deferred: DeferredEvent, holder: str, identity: IdentityClient, work: UnitOfWorkRunner
    ) -> Exception | None:
        """Why an event cannot be recorded; None if it now is, or was refused."""
        try:
            event = {deferred.event_id: self._read(deferred)}
            self._record_at_once(OpenedBatch([deferred], event, {}), holder, identity, work)
        except (Unavailable, LeaseLost):
            raise
        except Exception as error:  # noqa: BLE001 - it becomes the event's reason
            return error
        return None

    def _record_at_once(
        self, batch: OpenedBatch, holder: str, identity: IdentityClient, work: UnitOfWorkRunner
    ) -> None:
        events = list(batch.events.values())

        def finish(unit: UnitOfWork, refusals: dict[str, str]) -> None:
            _finish(batch.deferred, holder, {**batch.reasons, **refusals}, unit)

        self.recorder.record_deferred(events, finish, identity, work)


def _finish(
    deferred: Sequence[DeferredEvent], holder: str, reasons: Mapping[str, str], unit: UnitOfWork
) -> None:
    """Take events out of the queue, except those with a reason; LeaseLost changes nothing."""
    if not store.hold_lease(unit, holder, LEASE_SECONDS):
        raise LeaseLost
    if store.keep_unrecordable(unit, reasons):
        _log.error("deferred_events_set_aside", events=sorted(reasons))
    places = [each.place for each in deferred if each.event_id not in reasons]
    store.remove_deferred(unit, places)


def _note_failures(failures: Mapping[str, Exception], holder: str, unit: UnitOfWork) -> None:
    """Events of the queue could not be recorded, though others could; LeaseLost changes nothing."""
    if not store.hold_lease(unit, holder, LEASE_SECONDS):
        raise LeaseLost
    for event_id, error in failures.items():
        store.note_failure(unit, event_id, _reason(error), 1)


def _note_failure_again(
    deferred: DeferredEvent, error: Exception, holder: str, unit: UnitOfWork
) -> None:
    """An event failed once more. It counts only if others were recorded meanwhile."""
    if not store.hold_lease(unit, holder, LEASE_SECONDS):
        raise LeaseLost
    failures = deferred.failures + store.recorded_lately(unit, _LATELY)
    if failures < _MOST_FAILURES:
        store.note_failure(unit, deferred.event_id, _reason(error), failures)
    else:
        store.keep_unrecordable(unit, {deferred.event_id: _reason(error)})
        _log.error("deferred_events_set_aside", events=[deferred.event_id])


def _renew(work: UnitOfWorkRunner, holder: str) -> None:
    """Renew a lease; if it is gone, the next transaction that records will find out."""
    try:
        work.run(lambda unit: store.hold_lease(unit, holder, LEASE_SECONDS))
    except Exception as error:  # noqa: BLE001 - whatever is wrong, the work goes on while it can
        _log.debug("lease_not_renewed", error=type(error).__name__)


def _kinds(failures: Mapping[str, Exception]) -> list[str]:
    """What may be logged of errors: a reason may quote an event."""
    return sorted({type(error).__name__ for error in failures.values()})


def _reason(error: Exception) -> str:
    """What a person may read of an error: that of a library may quote the event."""
    return str(error) if isinstance(error, ServiceError) else f"failed with {type(error).__name__}"
