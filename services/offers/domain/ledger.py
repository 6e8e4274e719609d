"""The ledger of loyalty points: entries that name their orders, and the balance that they make.

An entry is what one event says. The ledger is a set of them, so that it does not matter in which
order they come, or in how many streams: whatever is told of an order, or under one reference, is
settled when the balance is asked for.

- An order earns points for what it is worth after its refunds, at the rates of the programme; one
  that is cancelled or given back whole earns none. Points that the shop tells for an order are what
  it earns instead, and a refund takes back its share of them: the shop need not say so.
- What an order earns is pending until its return window ends, and expires some time afterwards.
- Points below 0 are spent, whatever order they name, and taken from those that expire first. What
  is spent beyond what is there, or given back afterwards, is a debt, which later points pay: a
  balance may be negative.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from heapq import heappop, heappush
from typing import Any

from rules import refunded_amount
from rules.fields import instant_or_none, text_or_none, whole_or_none
from rules.summary.occasion import Occasion
from rules.summary.order_keys import OrderKeys, order_key
from rules.summary.reducers import points_of_order, reference_of_points
from services.offers.domain.loyalty import LedgerTerms, Programme


class EntryKind(Enum):
    """What an entry says."""

    COMPLETED = "completed"
    UPDATED = "updated"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"
    POINTS = "points"


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """What one event says of points; `entry_id` makes it count once within its kind and order.

    `amount` is the value of the order, or what is refunded (None: all of it), in minor units of
    `currency`; or the points. `at` (µs) is when it happened; of two of one id the later is true,
    by `at` and then by `arrival`.
    """

    kind: EntryKind
    entry_id: str
    order: str | None
    at: int
    arrival: tuple[int, int] = (0, 0)
    amount: int | None = None
    currency: str | None = None

    @property
    def key(self) -> str:
        """What makes it count once; a reference of points is one, whatever order it names."""
        order = None if self.kind is EntryKind.POINTS else self.order
        return "\x1f".join((self.kind.value, order or "", self.entry_id))

    @property
    def rank(self) -> tuple[int, tuple[int, int], str, int]:
        """What decides between entries about the same."""
        return (self.at, self.arrival, self.entry_id, -1 if self.amount is None else self.amount)


@dataclass(frozen=True, slots=True)
class Credit:
    """Points that were earned: available from `available_at` until before `expires_at` (µs).

    `order` is the key of the order that they are for; None if the shop gave them for none.
    """

    points: int
    available_at: int
    expires_at: int | None
    order: str | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """What a shopper has at an instant: `available`, `pending`, and what is to expire next.

    `credits` are all that were earned, whatever has become of them, the earliest first.
    """

    available: int = 0
    pending: int = 0
    expiring: int = 0
    expires_at: int | None = None
    credits: tuple[Credit, ...] = field(default=())


def entry_of(event_type: str, data: Mapping[str, Any], occasion: Occasion) -> LedgerEntry | None:
    """The entry that an event makes; None if it says nothing of points.

    What a browser tells, and points that nothing shows to be the shopper's, make none.
    """
    if occasion.by_browser:
        return None
    if event_type == "loyalty_points_changed":
        points = whole_or_none(data.get("points"))
        if points is None or occasion.is_unproven:
            return None
        entry_id = reference_of_points(data, points, occasion) or occasion.event_id
        order = order_key(data, occasion.apart)
        return _entry(EntryKind.POINTS, entry_id, order, occasion, points)
    order = order_key(data, occasion.apart)
    if order is None or occasion.is_foreign:
        return None
    return _entry_of_order(event_type, data, order, occasion)


def _entry_of_order(
    event_type: str, data: Mapping[str, Any], order: str, occasion: Occasion
) -> LedgerEntry | None:
    currency = text_or_none(data.get("currency"))
    value = whole_or_none(data.get("revenue"))
    match event_type:
        case "order_completed":
            placed_at = instant_or_none(data.get("placed_at"))
            if placed_at is not None:
                occasion = occasion._replace(at=placed_at)
            kind, amount, entry_id = EntryKind.COMPLETED, value, occasion.event_id
        case "order_updated":
            kind, amount, entry_id = EntryKind.UPDATED, value, occasion.event_id
        case "order_cancelled":
            kind, amount, entry_id = EntryKind.CANCELLED, None, occasion.event_id
        case "order_refunded":
            kind, amount = EntryKind.REFUNDED, refunded_amount(data)
            entry_id = text_or_none(data.get("refund_id")) or occasion.event_id
        case _:
            return None
    return _entry(kind, entry_id, order, occasion, amount, currency)


def balance(entries: Iterable[LedgerEntry], programme: Programme, now: int) -> Balance:
    """The balance at `now` (µs) of all these entries; what is dated later does not count yet.

    Without terms in the programme nothing is pending, and nothing expires.
    """
    terms = programme.ledger or LedgerTerms()
    by_order: dict[str, list[LedgerEntry]] = defaultdict(list)
    credits_: list[Credit] = []
    debits: list[tuple[int, int]] = []
    for entry in latest(entry for entry in entries if entry.at <= now):
        points = entry.amount or 0
        if entry.kind is EntryKind.POINTS and points < 0:
            debits.append((entry.at, -points))
        elif entry.order is not None:
            by_order[entry.order].append(entry)
        elif points:
            credits_.append(_credit(terms, points, entry.at, None))
    for order, parts in by_order.items():
        points = _earned_by(parts, programme)
        if points:
            credits_.append(_credit(terms, points, _placed_at(parts), order))
    credits_.sort(key=lambda each: (each.available_at, each.order or "", each.points))
    return _settle(credits_, sorted(debits), now)


def latest(entries: Iterable[LedgerEntry]) -> list[LedgerEntry]:
    """The entries, of several with one key the last, by time."""
    last = {entry.key: entry for entry in sorted(entries, key=lambda each: each.rank)}
    return sorted(last.values(), key=lambda entry: (entry.rank, entry.kind.value))


def points_of_orders(entries: Iterable[tuple[str, LedgerEntry]]) -> list[LedgerEntry]:
    """The entries of streams, with points for that of several orders of one id that is meant."""
    of_streams = list(entries)
    orders = OrderKeys(
        each.order
        for _, each in of_streams
        if each.order is not None and each.kind is not EntryKind.POINTS
    )

    def attributed(stream: str, entry: LedgerEntry) -> LedgerEntry:
        if entry.kind is not EntryKind.POINTS or entry.order is None:
            return entry
        order, points = orders.meant_in(stream, entry.order), entry.amount or 0
        is_named_by_order = entry.entry_id == points_of_order(entry.order, points)
        entry_id = points_of_order(order, points) if is_named_by_order else entry.entry_id
        return replace(entry, order=order, entry_id=entry_id)

    return [attributed(stream, each) for stream, each in of_streams]


def _entry(
    kind: EntryKind,
    entry_id: str,
    order: str | None,
    occasion: Occasion,
    amount: int | None = None,
    currency: str | None = None,
) -> LedgerEntry:
    return LedgerEntry(kind, entry_id, order, occasion.at, occasion.arrival, amount, currency)


def _credit(terms: LedgerTerms, points: int, at: int, order: str | None) -> Credit:
    """A credit of points; those of no order are pending for no time."""
    available_at = at + (terms.pending if order is not None else 0)
    expires_at = None if terms.expiry is None else available_at + terms.expiry
    return Credit(points, available_at, expires_at, order)


def _placed_at(parts: Iterable[LedgerEntry]) -> int:
    """When an order was completed first; without a completion, when anything was told of it."""
    return min(parts, key=lambda part: (part.kind is not EntryKind.COMPLETED, part.at)).at


def _earned_by(parts: Iterable[LedgerEntry], programme: Programme) -> int:
    """The points of an order, by all that is told of it, in the order of time."""
    value: int | None = None
    currency: str | None = None
    stands: bool | None = None
    refunds: list[LedgerEntry] = []
    given: int | None = None
    for part in parts:
        match part.kind:
            case EntryKind.COMPLETED | EntryKind.UPDATED:
                if part.amount is not None and part.currency is not None:
                    value, currency = part.amount, part.currency
                stands = True if part.kind is EntryKind.COMPLETED else stands
            case EntryKind.CANCELLED:
                stands = False
            case EntryKind.REFUNDED:
                refunds.append(part)
            case EntryKind.POINTS:
                given = (given or 0) + (part.amount or 0)
    left = 0 if stands is False else _left_of(value, currency, refunds)
    if given is None:
        return (programme.points_for(left, currency) or 0) if stands else 0
    if stands is False or any(refund.amount is None for refund in refunds):
        return 0
    return given * left // value if value else given


def _left_of(value: int | None, currency: str | None, refunds: Iterable[LedgerEntry]) -> int:
    """What an order is worth after its refunds; amounts of other currencies are never mixed."""
    left = value or 0
    for refund in refunds:
        if refund.amount is None:
            return 0
        if refund.currency in (None, currency):
            left -= refund.amount
    return max(left, 0)


def _settle(credits_: list[Credit], debits: list[tuple[int, int]], now: int) -> Balance:
    """What is left of the credits at `now`, after each debit at its time."""
    lots: list[list[Any]] = []  # a heap of [expires_at, number, points left] that are available
    debt = pending = 0
    moves: list[tuple[int, int, int, Credit | None]] = [
        *((each.available_at, 0, each.points, each) for each in credits_),
        *((at, 1, points, None) for at, points in debits),
    ]
    for number, (at, _, points, credit) in enumerate(sorted(moves, key=lambda move: move[:3])):
        if at > now:
            pending += points if credit is not None else 0
            continue
        _drop_expired(lots, at)
        if credit is not None:
            paid = min(debt, points)
            debt -= paid
            if points > paid:
                heappush(lots, [_never(credit.expires_at), number, points - paid])
        else:
            debt += _take(lots, points)
    _drop_expired(lots, now)
    first = lots[0][0] if lots else None
    return Balance(
        available=sum(lot[2] for lot in lots) - debt,
        pending=pending,
        expiring=sum(lot[2] for lot in lots if lot[0] == first and first != _never(None)),
        expires_at=None if first is None or first == _never(None) else int(first),
        credits=tuple(credits_),
    )


def _never(expires_at: int | None) -> float:
    return float("inf") if expires_at is None else expires_at


def _drop_expired(lots: list[list[Any]], now: int) -> None:
    while lots and lots[0][0] <= now:
        heappop(lots)


def _take(lots: list[list[Any]], points: int) -> int:
    """Take points from those that expire first; how many were missing."""
    while lots and points:
        part = min(points, lots[0][2])
        points -= part
        lots[0][2] -= part
        if not lots[0][2]:
            heappop(lots)
    return points
