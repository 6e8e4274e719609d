"""The one write command, from what a shop sends to what is in the log."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, Protocol

import prometheus_client
from cryptography.exceptions import InvalidTag

from chassis import Event, InvalidInput, SystemClock, Unavailable
from chassis.config.settings import Settings
from chassis.core.clock import ArrivalClock
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from contracts.incoming import IncomingEvent
from contracts.ingest import read_events, read_origin
from identifiers import list_ignored, load_types
from profile_index import profiles_of
from services.profiles import store
from services.profiles.commands.addresses import note_addresses
from services.profiles.commands.orders import IncomingDraft, place_orders
from services.profiles.domain import addresses, order_points, orders, receipts, recording
from services.profiles.domain.conflicts import (
    EventContent,
    content_of,
    find_conflicts,
    recorded_content,
    seen_identifiers,
)
from services.profiles.domain.deferral import deferred_body, read_deferred
from services.profiles.domain.receipts import LogPosition, RecordOutcome
from services.profiles.domain.recording import MissingFacts, ResolvedBatch
from services.profiles.store import DeferredEvent
from services.profiles.vault import SealedValue, Vault, open_vault

_HISTORY_PAGE = 1_000
# One round is the rule. A second one fetches a fact that another call has just made in identity and
# not appended here yet; each round brings all that its resolutions were made under.
_ROUNDS = 5
_PATIENCE = 5.0  # seconds in all: each round may wait for locks, and for identity
# Conflicts that one process lists in a minute: whoever may send events can make any number of them.
_MOST_LISTED = 500


class IdentityClient(Protocol):
    """The calls of identity that profiles makes."""

    def resolve(self, *, observations: list[dict[str, Any]]) -> dict[str, Any]:
        """`{"resolutions": […], "facts": […]}`"""
        ...

    def history(self, *, streams: list[dict[str, Any]], limit: int) -> dict[str, Any]:
        """`{"events": […]}` of identity's log."""
        ...


class IdentityUnavailable(Unavailable):
    """Identity, or something that it depends on, did not answer in time."""


CONFLICTS = prometheus_client.Counter(
    "cdp_event_conflicts",
    "Events that were not recorded, as their id had been sent before with other content.",
)

# Called in the transaction that records deferred events, with the ids of those that cannot be
# recorded and the reason.
Finish = Callable[[UnitOfWork, dict[str, str]], None]


def open_record_handler(settings: Settings) -> RecordHandler:
    """The handler of one process."""
    return RecordHandler(open_vault(load_types(settings.config_dir), settings.identifier_key))


@dataclass(slots=True)
class Quota:
    """So many of something in a minute, of which anybody could make any number."""

    most: int
    seconds: Callable[[], float] = time.monotonic
    _minute: int = 0
    _taken: int = 0

    def take(self, wanted: int) -> int:
        """How many of those that are wanted there is room for in this minute."""
        minute = int(self.seconds() // 60)
        if minute != self._minute:
            self._minute, self._taken = minute, 0
        granted = min(wanted, self.most - self._taken)
        self._taken += granted
        return granted


class RecordHandler:
    """Records events, under the identity that they are resolved to.

    While identity does not answer, events are accepted and deferred, and so are all later ones,
    until `record_deferred` has recorded them in their order.
    """

    def __init__(self, vault: Vault, arrivals: ArrivalClock | None = None) -> None:
        self.vault = vault
        self._arrivals = arrivals or ArrivalClock(SystemClock())
        self._listed = Quota(_MOST_LISTED)

    def record(
        self,
        raw: Any,
        identity: IdentityClient,
        work: UnitOfWorkRunner,
        origin: Any = recording.SERVER,
    ) -> dict[str, Any]:
        """A receipt for each event of the list `raw`, and one token for them all.

        InvalidInput if the call as a whole is wrong; Unavailable, with nothing written, if the
        database does not answer.
        """
        events = read_events(
            raw, work.clock.now(), origin=read_origin(origin), received=self._arrivals.next()
        )
        first = recording.first_by_id(events.valid.values())
        stored, must_defer = work.read(
            lambda unit: (unit.find(list(first)), store.has_deferred_events(unit))
        )
        new = [event for event in first.values() if event.id not in stored]
        outcome = None
        if not (must_defer and new):
            with suppress(IdentityUnavailable):
                outcome = self._record(new, stored, identity, work)
        if outcome is None:
            bodies: dict[str, Any] = {}
            for index, event in events.valid.items():
                bodies.setdefault(event.id, deferred_body(raw[index], event))
            outcome = self._defer(new, bodies, stored, work)
        conflicts = self._conflicts(events.valid, outcome, work)
        return receipts.record_response(raw, events, outcome, conflicts)

    def record_deferred(
        self,
        events: Sequence[IncomingEvent],
        finish: Finish,
        identity: IdentityClient,
        work: UnitOfWorkRunner,
    ) -> None:
        """Record events that were deferred, and call `finish` in the same transaction."""
        stored = work.read(lambda unit: unit.find([event.id for event in events]))
        new = [event for event in events if event.id not in stored]
        outcome = self._record(new, stored, identity, work, finish)
        self._conflicts(dict(enumerate(events)), outcome, work)

    def _record(
        self,
        new: Sequence[IncomingEvent],
        stored: Mapping[str, Event],
        identity: IdentityClient,
        work: UnitOfWorkRunner,
        finish: Finish | None = None,
    ) -> RecordOutcome:
        batch = resolve(new, identity)
        events = [event for event in new if event.id in batch.resolutions]
        now = work.clock.now()
        values = self.vault.new_values(events, now)
        incoming = self._incoming(new, batch)
        facts = list(batch.facts)
        end = time.monotonic() + _PATIENCE
        for _ in range(_ROUNDS):
            try:
                outcome = work.run(partial(_append, batch, incoming, facts, stored, values, finish))
            except MissingFacts as missing:
                if time.monotonic() > end:
                    break
                facts = [*_fetch_facts(missing.epochs, identity), *facts]
            else:
                self.vault.remember(events, now)
                return outcome
        raise IdentityUnavailable("identity", "keeps moving these streams; try again")

    def _incoming(
        self, new: Sequence[IncomingEvent], batch: ResolvedBatch
    ) -> Sequence[IncomingDraft]:
        """The drafts of the events that have a stream, or tell of an order that may have one."""
        incoming = []
        for event in new:
            resolution = batch.resolutions.get(event.id)
            order = orders.order_key(event)
            if resolution is None and order is None:
                continue
            accepted = self.vault.accept(event)
            draft = recording.draft(
                event,
                resolution or orders.unresolved(batch.refusals[event.id]),
                seen_identifiers(accepted),
            )
            draft = recording.with_proof(draft, event, accepted)
            address_event = None
            if resolution is not None:
                address_event = addresses.addressed(
                    event,
                    accepted,
                    resolution,
                    contacts_verified=self.vault.types.contacts_verified,
                )
            order = order or order_points.order_of_points(event)
            incoming.append(IncomingDraft(event, accepted, draft, order, address_event))
        return incoming

    def _defer(
        self,
        new: Sequence[IncomingEvent],
        bodies: Mapping[str, Any],
        stored: Mapping[str, Event],
        work: UnitOfWorkRunner,
    ) -> RecordOutcome:
        """Defer the events that identity will be able to use, and what is told of orders.

        `bodies` are what is kept of them. A refund, say, finds its order without a shopper too.
        """
        accepted = {event.id: self.vault.accept(event) for event in new}
        of_orders = {
            event.id
            for event in new
            if orders.order_key(event) is not None and event.type != orders.COMPLETED
        }
        refusals = receipts.expected_refusals(
            {event_id: each for event_id, each in accepted.items() if event_id not in of_orders}
        )
        deferred = {
            event_id: list_ignored(identifiers.ignored)
            for event_id, identifiers in accepted.items()
            if event_id not in refusals
        }
        sealed = {
            event_id: self.vault.seal.close(json.dumps(bodies[event_id]), event_id)
            for event_id in deferred
        }
        positions = receipts.duplicate_positions(stored)

        def defer(unit: UnitOfWork) -> tuple[Mapping[str, str], Sequence[DeferredEvent]]:
            store.defer(unit, list(sealed.items()))
            streams = {position.stream for position in positions.values()}
            return profiles_of(unit, streams), store.load_deferred_by_id(unit, list(sealed))

        profiles, waiting = work.run(defer)
        before = [each for each in waiting if each.sealed != sealed[each.event_id]]
        recorded = {id_: recorded_content(event) for id_, event in stored.items()}
        recorded |= self._deferred_contents(before)
        return RecordOutcome(positions, {}, refusals, profiles, {}, deferred, recorded)

    def _conflicts(
        self, events: Mapping[int, IncomingEvent], outcome: RecordOutcome, work: UnitOfWorkRunner
    ) -> Collection[int]:
        """The places of events whose id stands for another one; they are counted and listed."""
        ids = Counter(event.id for event in events.values())
        sent = {
            place: event
            for place, event in events.items()
            if (event.id in outcome.recorded or ids[event.id] > 1)
            and event.id not in outcome.refusals
        }
        contents = {
            place: content_of(event, self.vault.see(event)) for place, event in sent.items()
        }
        conflicts = find_conflicts(sent, contents, outcome.recorded)
        if conflicts:
            CONFLICTS.inc(len(conflicts))
            by_id = {sent[place].id: fields for place, fields in conflicts.items()}
            listed = dict(islice(by_id.items(), self._listed.take(len(by_id))))
            if listed:
                work.run(lambda unit: store.note_conflicts(unit, listed))
        return conflicts

    def _deferred_contents(self, waiting: Sequence[DeferredEvent]) -> dict[str, EventContent]:
        """The content of events that were deferred before, as far as they can be read."""
        contents = {}
        for each in waiting:
            with suppress(InvalidTag, InvalidInput, ValueError):
                body = json.loads(self.vault.seal.open(each.sealed, each.event_id))
                event = read_deferred(body, each.received_at)
                contents[each.event_id] = content_of(event, self.vault.see(event))
        return contents


def resolve(events: Sequence[IncomingEvent], identity: IdentityClient) -> ResolvedBatch:
    """What identity says of the events, in one call."""
    refusals = {event.id: recording.NOBODY for event in events if not event.identifiers}
    observations = [recording.observation(event) for event in events if event.identifiers]
    if not observations:
        return ResolvedBatch({}, refusals, [])
    response = _call(lambda: identity.resolve(observations=observations))
    resolutions, refused = recording.read_resolutions(response["resolutions"])
    facts = [Event.from_wire(fact) for fact in response["facts"]]
    return ResolvedBatch(resolutions, {**refusals, **refused}, facts)


def _append(
    batch: ResolvedBatch,
    incoming: Sequence[IncomingDraft],
    facts: Sequence[Event],
    stored: Mapping[str, Event],
    values: Sequence[SealedValue],
    finish: Finish | None,
    unit: UnitOfWork,
) -> RecordOutcome:
    """Append the facts and then the events; MissingFacts if identity has later ones."""
    fact_drafts = recording.fact_drafts(facts)
    resolutions = list(batch.resolutions.values())
    epochs = store.epochs(unit, [stream for each in resolutions for stream, _ in each.epochs])
    if missing := recording.missing_epochs(resolutions, epochs, fact_drafts):
        raise MissingFacts(missing)
    placed = place_orders(unit, batch, incoming, fact_drafts)
    refusals = note_addresses(unit, [each.addressed for each in incoming if each.addressed])
    drafts = [*placed.drafts, *refusals]
    appended_facts, appended = store.append(unit, fact_drafts, drafts)
    # Whom else a refusal has reached is nothing that a receipt may tell.
    appended = appended[: len(placed.drafts)]
    store.keep_sealed(unit, values)
    if finish is not None:
        reasons = {id_: refusal["error"]["message"] for id_, refusal in placed.refusals.items()}
        finish(unit, reasons)
    positions = receipts.duplicate_positions(stored)
    recorded = {event_id: recorded_content(event) for event_id, event in stored.items()}
    for result in appended:
        event = result.event
        positions[event.id] = LogPosition(event.stream, event.version, result.duplicate)
        if result.duplicate:
            recorded[event.id] = recorded_content(event)
    fact_versions: dict[str, int] = {}
    for fact in appended_facts:
        for stream, version in fact.event.versions.items():
            fact_versions[stream] = max(version, fact_versions.get(stream, 0))
    streams = {position.stream for position in positions.values()} | fact_versions.keys()
    profiles = profiles_of(unit, streams)
    return RecordOutcome(
        positions,
        placed.resolutions,
        placed.refusals,
        profiles,
        fact_versions,
        recorded=recorded,
        warnings=placed.warnings,
    )


def _fetch_facts(epochs: Mapping[str, int], identity: IdentityClient) -> list[Event]:
    """Identity's facts past the `epochs` of streams, of each stream at least the next one."""
    streams = [{"stream": stream, "after": epoch} for stream, epoch in sorted(epochs.items())]
    response = _call(lambda: identity.history(streams=streams, limit=_HISTORY_PAGE))
    events = [Event.from_wire(wire) for wire in response["events"]]
    if not events:
        raise IdentityUnavailable("identity", "does not have the facts that it resolved under")
    return events


def _call(function: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The response of identity; IdentityUnavailable for whatever was Unavailable there."""
    try:
        return function()
    except Unavailable as error:
        raise IdentityUnavailable(error.subject, error.message) from None
