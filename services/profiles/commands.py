"""The one write command, from what a shop sends to what is in the log; and keeping summaries."""

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

from chassis import Draft, Event, InvalidInput, JointDraft, NotFound, SystemClock, Unavailable
from chassis.config.settings import Settings
from chassis.core.clock import ArrivalClock
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from contracts.ingest import IncomingEvent, read_events, read_origin
from identifiers import Accepted, list_ignored, load_types
from profile_index import profiles_of
from services.profiles import store
from services.profiles.domain import addresses, orders, receipts, recording
from services.profiles.domain.addresses import AddressBook, AddressedEvent
from services.profiles.domain.conflicts import (
    EventContent,
    content_of,
    find_conflicts,
    recorded_content,
    seen_identifiers,
)
from services.profiles.domain.deferral import deferred_body, read_deferred
from services.profiles.domain.orders import OrderKey
from services.profiles.domain.receipts import LogPosition, RecordOutcome
from services.profiles.domain.recording import MissingFacts, ResolvedBatch, ResolvedEvent
from services.profiles.store import CurrentSummary, DeferredEvent
from services.profiles.vault import SealedValue, Vault, open_vault

_HISTORY_PAGE = 1_000
# One round is the rule. A second one fetches a fact that another call has just made in identity and
# not appended here yet; each round brings all that its resolutions were made under.
_ROUNDS = 5
_PATIENCE = 5.0  # seconds in all: each round may wait for locks, and for identity
# Conflicts that one process lists in a minute: whoever may send events can make any number of them.
_MOST_LISTED = 500
# A summary is stored again once this many events have come after the one in the table.
_TAIL = 20


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


def close_order_review(unit: UnitOfWork, review_id: str) -> None:
    """Take an entry off the review list of orders; NotFound if it is not on it."""
    if not store.close_order_review(unit, review_id):
        raise NotFound("done", "is not an entry of the review list")


def refresh_summaries(unit: UnitOfWork, summaries: Mapping[str, CurrentSummary]) -> None:
    """Store the summaries of streams that have grown by many events since the stored ones."""
    store.save_summaries(
        unit,
        {
            stream: current
            for stream, current in summaries.items()
            if current.version - current.stored_version >= _TAIL
        },
    )


@dataclass(frozen=True, slots=True)
class IncomingDraft:
    """An event that is about to be recorded: its identifiers, and its draft by identity alone.

    `order` is the order that it tells of.
    """

    event: IncomingEvent
    accepted: Accepted
    draft: Draft
    order: OrderKey | None
    addressed: AddressedEvent | None


@dataclass(frozen=True, slots=True)
class PlacedBatch:
    """The drafts of a batch with all orders in their homes, and what became of its events."""

    drafts: Sequence[Draft | JointDraft]
    resolutions: Mapping[str, ResolvedEvent]
    refusals: Mapping[str, Mapping[str, Any]]


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
    placed = _place_orders(unit, batch, incoming, fact_drafts)
    refusals = _note_addresses(unit, [each.addressed for each in incoming if each.addressed])
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
    )


def _place_orders(
    unit: UnitOfWork,
    batch: ResolvedBatch,
    incoming: Sequence[IncomingDraft],
    facts: Sequence[JointDraft],
) -> PlacedBatch:
    """The drafts, with what tells of an order in the order's home; homes follow in this unit."""
    _note_carts(unit, batch, incoming)
    telling = [(each, each.order) for each in incoming if each.order is not None]
    if not telling:
        return PlacedBatch([each.draft for each in incoming], batch.resolutions, batch.refusals)
    # The rows are locked first: whoever recorded one of these events meanwhile is done by then.
    rows = store.lock_orders(unit, [key for _, key in telling])
    recorded = unit.find([each.event.id for each, _ in telling]) if unit.is_repeated else {}
    events = [
        orders.order_event(
            each.event, key, each.accepted, batch.resolutions.get(each.event.id), unit.now, place
        )
        for place, (each, key) in enumerate(telling)
        if each.event.id not in recorded
    ]
    carts = store.streams_of_carts(unit, filter(None, map(orders.bought_cart, events)))
    owners = store.owners(
        unit, orders.streams_of(events, rows, carts), facts, orders.contested(events, rows)
    )
    owners = orders.with_resolutions(owners, events)
    plan = orders.plan(events, rows, owners)
    store.save_orders(unit, (row for row in rows.values() if row.home.stream))
    store.note_reuse(unit, plan.reviews)
    by_id = {each.event.id: each for each in events}
    drafts: list[Draft | JointDraft] = []
    for each in incoming:
        order = plan.places.get(each.event.id)
        if order is not None:
            drafts += orders.drafts_at_home(by_id[each.event.id], each.draft, order, carts, owners)
        elif each.event.id not in plan.errors and each.event.id in batch.resolutions:
            drafts.append(each.draft)
    return PlacedBatch(
        drafts,
        {
            **batch.resolutions,
            **{
                event_id: orders.unresolved(batch.refusals[event_id])
                for event_id in plan.places.keys() & batch.refusals.keys()
            },
        },
        {
            **{id_: each for id_, each in batch.refusals.items() if id_ not in plan.places},
            **plan.refusals(batch.resolutions),
        },
    )


def _note_addresses(unit: UnitOfWork, events: Sequence[AddressedEvent]) -> list[JointDraft]:
    """Note where addresses were told; the facts by which streams learn of their refusals."""
    if not events:
        return []
    places = addresses.places_of(events)
    known, counts = store.load_address_uses(unit, places)
    book = AddressBook(uses=known)
    wanted = addresses.to_lock(events, known, counts)
    if wanted:
        book.counts = store.lock_addresses(unit, wanted)
        # Whoever told the same meanwhile is done by then.
        book.uses, _ = store.load_address_uses(unit, places)
        book.refusals = store.load_refusals(unit, wanted)
        refused = addresses.refused_in(events)
        book.recipients = store.newest_uses(unit, refused) if refused else {}
        recorded = unit.find([each.event.id for each in events]) if unit.is_repeated else {}
        events = [each for each in events if each.event.id not in recorded]
    facts = addresses.note_addresses(book, events, unit.now)
    store.save_addresses(unit, book)
    return facts


def _note_carts(unit: UnitOfWork, batch: ResolvedBatch, incoming: Sequence[IncomingDraft]) -> None:
    carts = [
        (cart, batch.resolutions[each.event.id].stream)
        for each in incoming
        if each.event.id in batch.resolutions and (cart := orders.cart_id(each.event)) is not None
    ]
    store.note_carts(unit, carts)


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
