"""A load that records nothing: what would come of the first rows, and what looks wrong."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from cdp.loading.load import describe_error, describe_ignored, line_numbers
from cdp.loading.records import Record, SizedEvent
from chassis.core.errors import InvalidInput
from contracts.event_types import follows_order, is_unlinked
from contracts.incoming import IncomingEvent
from contracts.ingest import read_events
from identifiers import IdentifierTypes, accept
from rules import refunded_money
from rules.language.units import show_money

ROWS_CHECKED = 1_000
_EVENTS_SHOWN = 5
_FEW_ORDERS = 5  # fewer say nothing about the whole
_KEY = b"of a check, under which nothing is stored"


OrderName = tuple[str, str]
"""The store and the id of an order, as far as they can be read."""


@dataclass(slots=True)
class EventFigures:
    """What is known of the events of one type: times in microseconds, money in minor units."""

    events: int = 0
    earliest: int | None = None
    latest: int | None = None
    money: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class LoadCheck:
    """What would come of the rows that were read; `gathered` counts records of several rows.

    `rejected` has each reason with the lines to which it applies, `rejected_records` all of these
    lines, and `mended` the same as `rejected` of what is recorded with a warning. Of the rejected
    records `unreadable` made no event, and `rejected_orders` has of completed orders why the first
    event of each would be rejected. `notes` say what
    is made of some events, `warnings` what looks like a mistake. `identifiers` and
    `ignored` count events by type of identifier, the latter with the reason; `shoppers` are
    distinct identifiers by type; `first` are some of the events.
    """

    rows: int = 0
    gathered: int = 0
    left_out: int = 0
    kinds: dict[str, EventFigures] = field(default_factory=dict)
    rejected: dict[str, list[str]] = field(default_factory=dict)
    rejected_records: set[str] = field(default_factory=set)
    rejected_orders: dict[OrderName, str] = field(default_factory=dict)
    unreadable: int = 0
    identifiers: Counter[str] = field(default_factory=Counter)
    shoppers: dict[str, set[str]] = field(default_factory=dict)
    ignored: Counter[tuple[str, str]] = field(default_factory=Counter)
    first: list[IncomingEvent] = field(default_factory=list)
    mended: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def events(self) -> int:
        """How many events would be recorded."""
        return sum(kind.events for kind in self.kinds.values())


def check_load(
    records: Iterable[Record],
    make_events: Callable[[Record], Sequence[SizedEvent]],
    types: IdentifierTypes,
    now: int,
    most_rows: int = ROWS_CHECKED,
) -> LoadCheck:
    """What would come of the first rows of a file at the instant `now` (microseconds)."""
    check = LoadCheck()
    events: list[IncomingEvent] = []
    for record in records:
        if check.rows >= most_rows:
            break
        check.rows += len(record.rows)
        check.gathered += len(record.rows) > 1
        try:
            if record.fault:
                raise InvalidInput("", record.fault)
            made = make_events(record)
        except InvalidInput as error:
            _reject(check, record, describe_error(error.subject, error.message))
            check.unreadable += 1
            continue
        if not made:
            check.left_out += len(record.rows)
            continue
        checked = read_events([sized.event for sized in made], now)
        for place, refusal in checked.errors.items():
            reasons = [describe_error(wrong.field, wrong.message) for wrong in refusal.errors]
            for reason in reasons:
                _reject(check, record, reason)
            _reject_order(check, made[place].event, reasons[0])
        valid = checked.valid.values()
        events += [event for event in valid if _count(check, record, event, types)]
    check.first = list(islice(events, _EVENTS_SHOWN))
    check.notes = list(_notes(events))
    check.warnings = list(_warnings(check, events, now))
    return check


def _reject(check: LoadCheck, record: Record, reason: str) -> None:
    lines = line_numbers(record)
    check.rejected.setdefault(reason, []).append(lines)
    check.rejected_records.add(lines)


def _reject_order(check: LoadCheck, event: Mapping[str, Any], reason: str) -> None:
    """Note the completed order that an event, which may be wrong in any way, would have told."""
    data = event.get("data")
    if event.get("type") == "order_completed" and isinstance(data, Mapping):
        check.rejected_orders.setdefault(_order(data), reason)


def _count(check: LoadCheck, record: Record, event: IncomingEvent, types: IdentifierTypes) -> bool:
    """Count an event; False if it would be rejected, as its identifiers are of no use."""
    accepted = accept(event.identifiers, types, _KEY)
    for ignored in accepted.ignored:
        check.ignored[ignored.type, ignored.reason] += 1
    if not accepted.keys and not follows_order(event.type, event.data):
        pairs = ((ignored.type, ignored.reason) for ignored in accepted.ignored)
        reason = describe_ignored(pairs)
        _reject(check, record, reason)
        _reject_order(check, {"type": event.type, "data": event.data}, reason)
        return False
    for mended in event.warnings:
        message = describe_error(mended.field, mended.message)
        check.mended.setdefault(message, []).append(line_numbers(record))
    kind = check.kinds.setdefault(event.type, EventFigures())
    kind.events += 1
    kind.earliest = event.time if kind.earliest is None else min(kind.earliest, event.time)
    kind.latest = event.time if kind.latest is None else max(kind.latest, event.time)
    amount = event.data.get("revenue", event.data.get("amount"))
    if amount is not None and event.data.get("currency") is not None:
        kind.money[event.data["currency"]] += amount
    for identifier in accepted.keys:
        check.identifiers[identifier.type.name] += 1
        check.shoppers.setdefault(identifier.type.name, set()).add(identifier.key)
    return True


def _warnings(check: LoadCheck, events: Sequence[IncomingEvent], now: int) -> Iterable[str]:
    """What is allowed and still looks like a mistake."""
    if check.rows and not events:
        yield "No event would be recorded."
    yield from _id_warnings(events)
    if future := sum(event.time > now for event in events):
        yield f"{future:,} of the events lie in the future, and would not count until then."
    orders = [event for event in events if event.type == "order_completed"]
    if len(orders) >= _FEW_ORDERS:
        yield from _order_warnings(orders)
    yield from _refund_warnings(check, events)
    nobody = sum(not event.identifiers for event in events)
    if nobody:
        yield (
            f"{nobody:,} of the events name no shopper, and would count for that of their order,"
            " once it is known."
        )


def _id_warnings(events: Sequence[IncomingEvent]) -> Iterable[str]:
    """Of two events with one id the first counts; the second is a conflict if it says otherwise."""
    first: dict[str, IncomingEvent] = {}
    repeated = [event for event in events if first.setdefault(event.id, event) is not event]
    others = sum(_content(event) != _content(first[event.id]) for event in repeated)
    if alike := len(repeated) - others:
        yield f"{alike:,} of the events repeat another one, id and all, and would not count again."
    if others:
        yield (
            f"{others:,} of the events have the id of another one and other content, and would be"
            " rejected: give each an id of its own, or make one event of the rows of an order by"
            " `group_by`."
        )


def _content(event: IncomingEvent) -> tuple[Any, ...]:
    return event.type, event.identifiers, event.data


def _refund_warnings(check: LoadCheck, events: Sequence[IncomingEvent]) -> Iterable[str]:
    """A refund lowers the revenue of its order, so there must be one."""
    orders = {_order(event.data) for event in events if event.type == "order_completed"}
    linked = [e for e in events if e.type == "order_refunded" and not is_unlinked(e.data)]
    alone = [event for event in linked if _order(event.data) not in orders]
    of_rejected = [event for event in alone if _order(event.data) in check.rejected_orders]
    if of_rejected:
        reasons = {check.rejected_orders[_order(event.data)]: None for event in of_rejected}
        first, *others = reasons
        more = f"; {len(others):,} more" if others else ""
        yield (
            f"{len(of_rejected):,} of the refunds{_sums(of_rejected)} are of orders that would be"
            f" rejected ({first}{more}): they lower nobody's revenue until these are recorded."
        )
    missing = [event for event in alone if _order(event.data) not in check.rejected_orders]
    if missing:
        rejected = ""
        if check.unreadable:
            rejected = (
                f" The orders may be among the {check.unreadable:,} rejected records that made no"
                " event: see why above."
            )
        yield (
            f"{len(missing):,} of the refunds{_sums(missing)} name no order of these rows:"
            f" they lower nobody's revenue until their order is told.{rejected} If they belong to"
            " none, say so in the mapping: without_order: true in place of order_id."
        )


def _notes(events: Sequence[IncomingEvent]) -> Iterable[str]:
    """What is made of refunds that belong to no order."""
    unlinked = [e for e in events if e.type == "order_refunded" and is_unlinked(e.data)]
    if unlinked:
        yield (
            f"{len(unlinked):,} of the refunds{_sums(unlinked)} belong to no order, as they say:"
            " they lower the revenue of their shoppers, below zero where more goes back than came"
            " in, and no order changes."
        )


def _sums(refunds: Sequence[IncomingEvent]) -> str:
    """What the refunds come to, in parentheses; nothing if that is not known."""
    money: Counter[str] = Counter()
    for event in refunds:
        amount, currency = refunded_money(event.data)
        money[currency or ""] += amount or 0
    sums = ", ".join(show_money(sum_, code) for code, sum_ in sorted(money.items()) if code)
    return f" ({sums})" if sums else ""


def _order(data: Mapping[str, Any]) -> OrderName:
    store, order_id = (str(data.get(name) or "").strip() for name in ("store", "order_id"))
    return store, order_id


def _order_warnings(orders: Sequence[IncomingEvent]) -> Iterable[str]:
    if len({order.time for order in orders}) == 1:
        yield "All orders have the same time; is it the right column?"
    if len({_who(order.identifiers) for order in orders}) == 1:
        yield "All orders are of one shopper; is it the right column?"
    if not any(order.data["revenue"] for order in orders):
        yield "All orders have a revenue of 0."
    yield from _warnings_of_ids(orders)


def _warnings_of_ids(orders: Sequence[IncomingEvent]) -> Iterable[str]:
    """What looks wrong with ids that several orders have, within one store."""
    by_id: dict[OrderName, list[IncomingEvent]] = defaultdict(list)
    for order in orders:
        by_id[_order(order.data)].append(order)
    several = [each for each in by_id.values() if len(each) > 1]
    reused = [each for each in several if _are_of_several(each)]
    if len(reused) < len(several):
        yield f"{len(orders):,} orders have {len(by_id):,} order ids; should `group_by` join rows?"
    if reused:
        yield (
            f"Order ids that have orders of several shoppers: {len(reused):,}. Nobody can tell by"
            " the id which of them is meant; are they of several stores? Say so in the mapping:"
            " `store`."
        )


def _are_of_several(orders: Iterable[IncomingEvent]) -> bool:
    """Whether orders have identifiers of one type that differ."""
    found = {pair for order in orders for pair in _who(order.identifiers)}
    return len({name for name, _ in found}) < len(found)


def _who(identifiers: Any) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(identifiers.items()))
