"""Projections: what offers keeps of the events of profiles and of segments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

from chassis import Event, parse_instant
from chassis.eventlog.unit_of_work import UnitOfWork
from profile_index import LabelChange, apply_identity, moves_of, occasion_of, update_summaries
from rules import refunded_amount
from rules.summary.order_keys import order_key
from rules.summary.orders import ORDER_EVENTS
from rules.summary.reducers import ORDER_MOVED
from services.offers import store
from services.offers.domain.caps import locks_of_names
from services.offers.domain.ledger import LedgerEntry, entry_of
from services.offers.domain.recognition import ProfileSegments
from services.offers.domain.returns import OrderReturn

# What rules and contents of offers read; the rest of a shopper's history is for segments.
SUMMARISED = frozenset(
    {
        "identity_changed",
        "traits_changed",
        "consent_changed",
        "consent_refused",
        "loyalty_enrolled",
        "loyalty_points_changed",
        "loyalty_tier_changed",
    }
)


_RETURNS = frozenset({"order_refunded", "order_cancelled"})

# What segments publishes about a profile; other events of it are about segments as a whole.
_OF_A_PROFILE = frozenset({"memberships_settled", "segment_entered", "segment_exited"})


class ShopperProjection:
    """Keeps the profile index, with summaries of traits, consent and loyalty only.

    For caps it keeps which streams carry a contact, and which orders have given money back; for the
    loyalty programme, what events say of points.
    """

    def apply(self, unit: UnitOfWork, events: Sequence[Event]) -> None:
        self.apply_events(unit, events)

    def apply_events(self, unit: UnitOfWork, events: Sequence[Event]) -> list[LabelChange]:
        """Apply events; the streams whose profile they have changed."""
        changes = apply_identity(unit, events)
        summarised = [event for event in events if event.type in SUMMARISED]
        update_summaries(unit, summarised)
        store.save_carried(
            unit, ((contact, event.stream) for event in events for contact in contacts_of(event))
        )
        _keep_returns(unit, events)
        _keep_ledger(unit, events)
        return changes


class LiveShopperProjection(ShopperProjection):
    """The same, for events as they happen: who turns out to be whom.

    Whose profiles were merged may exceed a cap by that, or has seen two variants of an experiment.
    What was granted to a device that nobody was known by is granted to who it is.
    """

    def apply(self, unit: UnitOfWork, events: Sequence[Event]) -> None:
        changes = self.apply_events(unit, events)
        new = {change.stream for change in changes if change.before is None}
        names = set(_names_of(new, events)) if new else set()
        if names:
            # Whoever reserves by one of these just now has to be seen, or to see that it is known.
            store.lock_caps(unit, locks_of_names(key for key, _ in names))
            store.adopt_grants(unit, names)
        store.note_moved_holders(unit, [(change.after, change.stream) for change in changes])


def _names_of(streams: Set[str], events: Sequence[Event]) -> Iterator[tuple[str, str]]:
    """The keys of the identifiers of streams, each with its stream."""
    for event in events:
        for entry in moves_of(event):
            if entry["stream"] in streams:
                yield from ((each["key"], entry["stream"]) for each in entry["identifiers"])


def _keep_returns(unit: UnitOfWork, events: Sequence[Event]) -> None:
    """Note what orders give back, which ids stand for several, and where orders move."""
    store.save_returns(unit, filter(None, map(_returned_by, events)))
    tell_orders = [each for each in events if each.type in ORDER_EVENTS | {ORDER_MOVED}]
    store.note_reused_ids(
        unit,
        (
            (event.data.get("store") or "", event.data["order_id"])
            for event in tell_orders
            if event.metadata.get("order_apart")
        ),
    )
    for event in tell_orders:
        if event.type == ORDER_MOVED:
            data = event.data
            place = data.get("store") or "", data["order_id"]
            store.move_returns(unit, *place, data["from"], data["to"])


def _keep_ledger(unit: UnitOfWork, events: Sequence[Event]) -> None:
    """Add what events say of points, and take that of an order along when it moves."""
    entries: list[tuple[str, LedgerEntry]] = []
    for event in events:
        occasion = occasion_of(event, event.stream)
        if event.type == ORDER_MOVED:
            store.save_point_entries(unit, entries)
            entries = []
            _move_order(unit, event)
        elif (entry := entry_of(event.type, event.data, occasion)) is not None:
            entries.append((event.stream, entry))
    store.save_point_entries(unit, entries)


def _move_order(unit: UnitOfWork, event: Event) -> None:
    source, target = event.data["from"], event.data["to"]
    before, after = (
        order_key(event.data, occasion_of(event, stream).apart) for stream in (source, target)
    )
    if before is not None and after is not None:
        store.move_point_entries(unit, (source, before), (target, after))


def contacts_of(event: Event) -> list[str]:
    """The keys by which the contacts of an event count for caps."""
    contacts: str = event.metadata.get("contacts") or event.metadata.get("address") or ""
    return contacts.split()


def _returned_by(event: Event) -> OrderReturn | None:
    """What an event gives back of an order; a refund without an amount is of the whole order.

    What a browser tells gives nothing back: anybody could free caps by it.
    """
    order_id = event.data.get("order_id")
    occasion = occasion_of(event, event.stream)
    if event.type not in _RETURNS or order_id is None or occasion.by_browser:
        return None
    amount = refunded_amount(event.data) if event.type == "order_refunded" else None
    return_id = event.data.get("refund_id") or event.id
    place = event.data.get("store") or "", order_id
    return OrderReturn(*place, return_id, amount, event.stream, bool(occasion.apart))


class SegmentProjection:
    """Keeps the segments of each profile, as segments publishes them."""

    def apply(self, unit: UnitOfWork, events: Sequence[Event]) -> None:
        events = [event for event in events if event.type in _OF_A_PROFILE]
        memberships = store.load_memberships(unit, {event.stream for event in events})
        for event in events:
            memberships[event.stream] = _after(event, memberships[event.stream])
        store.save_memberships(unit, memberships)


def _after(event: Event, before: ProfileSegments) -> ProfileSegments:
    segments = dict(before.segments)
    if event.type == "memberships_settled":
        segments = {
            each["segment"]: parse_instant(each["since"]) for each in event.data["segments"]
        }
    elif event.type == "segment_entered":
        segments[event.data["segment"]] = event.occurred_at
    elif event.type == "segment_exited":
        segments.pop(event.data["segment"], None)
    return ProfileSegments(event.version, segments, dict(event.data.get("as_of") or before.as_of))
