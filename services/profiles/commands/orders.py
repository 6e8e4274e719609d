"""Placing what is told of orders in their homes; and the review list of orders of one id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chassis import Draft, JointDraft, NotFound
from chassis.eventlog.unit_of_work import UnitOfWork
from contracts.incoming import IncomingEvent
from identifiers import Accepted
from services.profiles import store
from services.profiles.domain import carts, order_plan, orders
from services.profiles.domain.addresses import AddressedEvent
from services.profiles.domain.carts import CartEvent
from services.profiles.domain.orders import OrderKey
from services.profiles.domain.recording import ResolvedBatch, ResolvedEvent


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
    """The drafts of a batch with all orders in their homes, and what became of its events.

    `warnings` has by event id what its receipt says of its order.
    """

    drafts: Sequence[Draft | JointDraft]
    resolutions: Mapping[str, ResolvedEvent]
    refusals: Mapping[str, Mapping[str, Any]]
    warnings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def place_orders(
    unit: UnitOfWork,
    batch: ResolvedBatch,
    incoming: Sequence[IncomingDraft],
    facts: Sequence[JointDraft],
) -> PlacedBatch:
    """The drafts, with what tells of an order in the order's home; homes follow in this unit."""
    late = _note_carts(unit, batch, incoming, facts)
    telling = [
        (place, each, each.order) for place, each in enumerate(incoming) if each.order is not None
    ]
    if not telling:
        all_drafts = [*(each.draft for each in incoming), *late]
        return PlacedBatch(all_drafts, batch.resolutions, batch.refusals)
    # The rows are locked first: whoever recorded one of these events meanwhile is done by then.
    rows = store.lock_orders(unit, [key for _, _, key in telling])
    recorded = unit.find([each.event.id for _, each, _ in telling]) if unit.is_repeated else {}
    events = [
        orders.order_event(
            each.event, key, each.accepted, batch.resolutions.get(each.event.id), unit.now, place
        )
        for place, each, key in telling
        if each.event.id not in recorded
    ]
    bought = (carts.bought_cart(each.event) for each in events)
    known = store.streams_of_carts(unit, filter(None, bought))
    owners = store.owners(
        unit,
        order_plan.streams_of(events, rows, known),
        facts,
        _places(incoming),
        order_plan.contested(events, rows),
        {stream for each in batch.resolutions.values() for stream, _ in each.epochs},
    )
    plan = order_plan.plan(events, rows, owners)
    store.save_orders(unit, (row for row in rows.values() if row.home.stream))
    store.note_order_reviews(unit, plan.reviews)
    store.note_purchases(unit, carts.purchases(events, plan.places))
    by_id = {each.event.id: each for each in events}
    drafts: list[Draft | JointDraft] = []
    for each in incoming:
        order = plan.places.get(each.event.id)
        if order is not None:
            drafts += carts.drafts_at_home(by_id[each.event.id], each.draft, order, known, owners)
        elif each.event.id not in plan.errors and each.event.id in batch.resolutions:
            drafts.append(each.draft)
    return PlacedBatch(
        [*drafts, *late],
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
        plan.warnings(),
    )


def _note_carts(
    unit: UnitOfWork,
    batch: ResolvedBatch,
    incoming: Sequence[IncomingDraft],
    facts: Sequence[JointDraft],
) -> list[Draft]:
    """Note the carts of a call; what tells of those that had been bought before."""
    events = [
        CartEvent(each.event, cart, batch.resolutions[each.event.id].stream, place)
        for place, each in enumerate(incoming)
        if each.event.id in batch.resolutions and (cart := carts.cart_id(each.event)) is not None
    ]
    bought = (carts.bought_cart(each.event) for each in incoming)
    purchases = store.lock_carts(unit, [*(each.cart for each in events), *filter(None, bought)])
    again = [each for each in events if each.cart in purchases]
    known = store.streams_of_carts(unit, [each.cart for each in again])
    times: dict[tuple[str, str], int] = {}
    for each in events:
        key = each.cart, each.stream
        times[key] = max(each.event.time, times.get(key, 0))
    store.note_carts(unit, times)
    if not again:
        return []
    streams = {s for each in again for s in (each.stream, purchases[each.cart].stream)}
    owners = store.owners(unit, streams, facts, _places(incoming), {})
    return carts.late_checkouts(again, purchases, known, owners)


def _places(incoming: Sequence[IncomingDraft]) -> dict[str, int]:
    """The places of events in their call, by id."""
    return {each.event.id: place for place, each in enumerate(incoming)}


def close_order_review(unit: UnitOfWork, review_id: str) -> None:
    """Take an entry off the review list of orders; NotFound if it is not on it."""
    if not store.close_order_review(unit, review_id):
        raise NotFound("done", "is not an entry of the review list")
