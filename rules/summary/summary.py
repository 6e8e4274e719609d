"""The summary of a stream: its events are folded in their order, and streams in any grouping."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from heapq import merge as merge_sorted
from itertools import chain
from typing import Any

from rules.facts import EMPTY_FACTS, Facts
from rules.fields import Number
from rules.summary.archive import NO_ARCHIVE, OrderArchive, bring_back, totals_of
from rules.summary.book import Book, OrderBook, PartialBook
from rules.summary.history import (
    Statement,
    coming,
    in_force,
    merge,
    value_of,
)
from rules.summary.occasion import Occasion
from rules.summary.orders import (
    OrderAccount,
    OrderState,
    account_of,
    merge_orders,
    order_book,
)
from rules.summary.reducers import (
    CONSENT_REFUSED,
    ORDER_MOVED,
    apply,
    apply_consent_refused,
    apply_identity_changed,
    apply_order_moved,
)
from rules.summary.state import Statements, SummaryState
from rules.summary.unlinked_refunds import merge_unlinked_refunds, with_unlinked_refunds
from rules.values import NO_VALUES, Values

# Windowed counts are compared with numbers up to MOST_COUNTED; one instant more is "more than".
MOST_COUNTED = 1_000
_NEWEST = MOST_COUNTED + 1

# Facts about whose something is, not about what the shopper did.
FACTS = {
    "identity_changed": apply_identity_changed,
    ORDER_MOVED: apply_order_moved,
    CONSENT_REFUSED: apply_consent_refused,
}


class Summary:
    """The mergeable state of a stream, or of a profile as the combination of its streams.

    What has a latest value (a trait, a consent, the cart, the content of an order) has that of the
    event that happened last; see `rules.summary.history` for those of one instant. What is dated
    later than `now` does not count yet; None counts every event. Orders are kept by their keys, so
    that completions, refunds and cancellations may come in any order.
    """

    __slots__ = ("_book", "archive", "facts", "memberships", "state", "values")

    def __init__(self, state: SummaryState | None = None) -> None:
        self.state = SummaryState() if state is None else state
        self.facts: Facts = EMPTY_FACTS
        """The single events, filled for rules that read their data; no part of the state"""
        self.values: Values = NO_VALUES
        """The values of a model, filled for rules that read them; no part of the state"""
        self.memberships: Mapping[str, tuple[bool, int | None]] = {}
        """The verdicts of other segments, filled for rules that read them; no part of the state"""
        self.archive: OrderArchive = NO_ARCHIVE
        """The orders of which the state has the totals alone; no part of the state"""
        self._book: tuple[int | None, Book] | None = None

    def add(
        self,
        event_type: str,
        data: Any,
        occurred_at: int,
        event_id: str,
        occasion: Occasion | None = None,
    ) -> None:
        """Apply the next event of a stream. `data` has passed the contract of its type."""
        if event_type in FACTS:
            return
        occasion = occasion or Occasion(occurred_at, event_id)
        self._advance(occasion.recorded_at)
        entry = self.state.types.get(event_type)
        if entry is None:
            self.state.types[event_type] = [1, occurred_at, [occurred_at]]
        else:
            entry[0] += 1
            entry[1] = min(entry[1], occurred_at)
            insort(entry[2], occurred_at)
            entry[2] = _newest(entry[2], self.state.watermark)
        apply(self.state, event_type, data, occasion)

    def add_fact(
        self, event_type: str, data: Any, stream: str, occasion: Occasion | None = None
    ) -> None:
        """Apply the next event of `stream` if it is a fact, or the copy of a joint one."""
        if event_type in FACTS:
            occasion = occasion or Occasion(0, "")
            self._advance(occasion.recorded_at)
            FACTS[event_type](self.state, data, stream, occasion)

    def _advance(self, recorded_at: int) -> None:
        self._book = None
        self.state.watermark = max(recorded_at, self.state.watermark)

    # What was said last.

    def trait(self, name: str, now: int | None = None) -> Any:
        """The last value, None if there is none."""
        return self._last(now, *(part.traits.get(name, ()) for part in self._parts()))

    def traits(self, now: int | None = None) -> dict[str, Any]:
        """Every trait that has a value; null removes one."""
        names = sorted({name for part in self._parts() for name in part.traits})
        values = ((name, self.trait(name, now)) for name in names)
        return {name: value for name, value in values if value is not None}

    def next_trait(self, name: str, now: int) -> int | None:
        """When a value of it that is dated later than `now` comes into force."""
        return self._next(now, *(part.traits.get(name, ()) for part in self._parts()))

    def consent(self, purpose: str, now: int | None = None) -> bool | None:
        """Whether it is granted, by the last event about it; None without any."""
        consent: bool | None = self._last(
            now, *(part.consent.get(purpose, ()) for part in self._parts())
        )
        return consent

    def consents(self, now: int | None = None) -> dict[str, bool]:
        """Every purpose that was granted or refused."""
        purposes = sorted({purpose for part in self._parts() for purpose in part.consent})
        values = ((purpose, self.consent(purpose, now)) for purpose in purposes)
        return {purpose: granted for purpose, granted in values if granted is not None}

    def next_consent(self, purpose: str, now: int) -> int | None:
        """When a consent or refusal that is dated later than `now` comes into force."""
        return self._next(now, *(part.consent.get(purpose, ()) for part in self._parts()))

    def points(self, now: int | None = None) -> int:
        """The sum of all loyalty points earned and spent."""
        until = self._until(now)
        total = 0
        for part in self._parts():
            total += part.points
            total += sum(n for at, n in part.points_ahead if until is None or at <= until)
        for statements in self._points_once().values():
            statement = in_force(statements, until)
            total += 0 if statement is None else value_of(statement)
        return total

    def next_points(self, now: int) -> int | None:
        """When points that are dated later than `now` come into force."""
        until = max(now, self.state.watermark)
        ahead = (at for part in self._parts() for at, _ in part.points_ahead if at > until)
        named = chain.from_iterable(coming(each, until) for each in self._points_once().values())
        return min(chain(ahead, named), default=None)

    def cart_items(self, now: int | None = None) -> Number | None:
        """How many articles were in the last cart; None if that is unknown."""
        cart = self._last(now, self.state.cart)
        items: Number | None = None if cart is None else cart[2]
        return items

    def cart_value(self, currency: str, now: int | None = None) -> int | None:
        """The value of the last cart; None if it is unknown or in another currency."""
        cart = self._last(now, self.state.cart)
        if cart is None or cart[1] != currency:
            return None
        value: int | None = cart[0]
        return value

    def next_cart(self, now: int) -> int | None:
        """When a cart that is dated later than `now` becomes the last one."""
        return self._next(now, self.state.cart)

    def _parts(self) -> tuple[Statements, ...]:
        """What counts of what was said: an account has nothing that is not proven."""
        state = self.state
        return (state.stated,) if state.is_account else (state.stated, state.unproven)

    def _points_once(self) -> Mapping[str, Iterable[Statement]]:
        first, *others = (part.points_once for part in self._parts())
        named: dict[str, Iterable[Statement]] = dict(first)
        for other in others:
            for reference, statements in other.items():
                named[reference] = merge(named.get(reference, ()), statements)
        return named

    def _last(self, now: int | None, *histories: Iterable[Statement]) -> Any:
        statement = in_force(chain.from_iterable(histories), self._until(now))
        return None if statement is None else value_of(statement)

    def _next(self, now: int, *histories: Iterable[Statement]) -> int | None:
        until = max(now, self.state.watermark)
        return min(coming(chain.from_iterable(histories), until), default=None)

    def _until(self, now: int | None) -> int | None:
        """The instant up to which statements count: what a watermark has passed is in force."""
        return None if now is None else max(now, self.state.watermark)

    # What happened, leaving out what is dated later than an instant `now`.

    def events(self, now: int | None = None) -> int:
        """How many events were applied."""
        if now is None:
            return sum(entry[0] for entry in self.state.types.values())
        return sum(self.count(event_type, now) for event_type in self.state.types)

    def first_seen(self, now: int | None = None) -> int | None:
        """The first instant of all events."""
        firsts = (entry[1] for entry in self.state.types.values())
        return min((at for at in firsts if now is None or at <= now), default=None)

    def last_seen(self, now: int | None = None) -> int | None:
        """The last instant of all events."""
        return max(self._lasts(now), default=None)

    def _lasts(self, now: int | None) -> Iterator[int]:
        for entry in self.state.types.values():
            upto = len(entry[2]) if now is None else bisect_right(entry[2], now)
            if upto:
                yield entry[2][upto - 1]

    def count(self, event_type: str, now: int, after: int | None = None) -> int:
        """Events of the type up to `now`; after the instant `after`, at most MOST_COUNTED + 1."""
        entry = self.state.types.get(event_type)
        if entry is None:
            return 0
        newest: list[int] = entry[2]
        upto = bisect_right(newest, now)
        if after is not None:
            return max(upto - bisect_right(newest, after), 0)
        count: int = entry[0] - len(newest) + upto
        return count

    def first(self, event_type: str, now: int) -> int | None:
        """When it first happened."""
        entry = self.state.types.get(event_type)
        return entry[1] if entry is not None and entry[1] <= now else None

    def last(self, event_type: str, now: int, rank: int = 1) -> int | None:
        """When it last happened; with `rank` 2 the time before that, and so on."""
        entry = self.state.types.get(event_type)
        if entry is None:
            return None
        upto = bisect_right(entry[2], now)
        return entry[2][upto - rank] if upto >= rank else None

    def next(self, event_type: str, now: int) -> int | None:
        """When it happens next after `now`: the first event dated in the future."""
        entry = self.state.types.get(event_type)
        if entry is None or entry[2][-1] <= now:
            return None
        instant: int = entry[2][bisect_right(entry[2], now)]
        return instant

    def book(self, now: int | None) -> Book:
        """The standing orders at `now`, and what went back without one; None counts every event."""
        if self._book is None or self._book[0] != now:
            self._book = (now, self._make_book(now))
        return self._book[1]

    def _make_book(self, now: int | None) -> Book:
        state = self.state
        # Before the watermark archived orders may not have been placed yet.
        if not state.archived or (now is not None and now < state.watermark):
            return self._book_of(self.every_order(), now)
        kept = self._book_of(state.orders, now)
        whole = cache(lambda: self._book_of(self.every_order(), now))
        return PartialBook(kept, totals_of(state.archived), whole, self.archive.by_day)

    def _book_of(self, orders: Mapping[str, OrderState], now: int | None) -> OrderBook:
        state = self.state
        book = order_book(orders, now, state.watermark)
        if state.unlinked_refunds:
            book = with_unlinked_refunds(book, state.unlinked_refunds, now, state.watermark)
        return book

    def every_order(self) -> Mapping[str, OrderState]:
        """Those of the archive too."""
        orders = self.state.orders
        return {**self.archive.all(), **orders} if self.state.archived else orders

    def orders(self) -> list[OrderAccount]:
        """Every completed order, whatever its date and whether it stands; the newest first."""
        accounts = (account_of(key, order) for key, order in self.every_order().items())
        found = [account for account in accounts if account is not None]
        return sorted(found, key=lambda account: (-account.at, account.key))

    def belongings(self) -> SummaryState:
        """The state without what its events tell: whose they are, and what was said elsewhere.

        That is whether it is an account's, and the refusals of its addresses.
        """
        state = SummaryState(is_account=self.state.is_account)
        for part, of in ((state.stated, self.state.stated), (state.unproven, self.state.unproven)):
            part.consent = {purpose: list(statements) for purpose, statements in of.consent.items()}
        return state

    # Plain JSON and back.

    def dump(self) -> dict[str, Any]:
        """The state as plain JSON; it shares its parts with this summary, so only read it."""
        return self.state.dump()

    @classmethod
    def load(cls, dumped: Mapping[str, Any]) -> Summary:
        """The summary of a dump, whose parts it takes over."""
        return cls(SummaryState.load(dumped))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Summary) and self.state == other.state

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        """Counts only: traits must not get into logs."""
        return f"<Summary of {self.events()} events>"


def combine(summaries: Iterable[Summary]) -> Summary:
    """The summary of a profile from those of its streams; it shares nothing that `add` changes."""
    total = SummaryState()
    of_streams = list(summaries)
    parts = [summary.state for summary in of_streams]
    total.watermark = max((part.watermark for part in parts), default=0)
    for part in parts:
        total.is_account = total.is_account or part.is_account
        for name, (count, first, newest) in part.types.items():
            entry = total.types.get(name)
            if entry is None:
                total.types[name] = [count, first, newest[:]]
            else:
                together = list(merge_sorted(entry[2], newest))
                total.types[name] = [entry[0] + count, min(entry[1], first), together]
        total.stated.merge(part.stated)
        total.unproven.merge(part.unproven)
        merge_unlinked_refunds(total.unlinked_refunds, part.unlinked_refunds)
        total.cart = merge(total.cart, part.cart) if total.cart else part.cart
    for entry in total.types.values():
        entry[2] = _newest(entry[2], total.watermark)
    total.prune()
    combined = Summary(total)
    _combine_orders(combined, of_streams)
    return combined


def _combine_orders(combined: Summary, parts: Iterable[Summary]) -> None:
    """Add the orders of all parts. Of several archives the largest remains one.

    What it has of an order that another part has too is brought back first.
    """
    total = combined.state
    largest = max(parts, key=lambda part: part.state.archived.get("orders", 0), default=None)
    orders: dict[str, OrderState] = {}
    for part in parts:
        for key, order in (part.state.orders if part is largest else part.every_order()).items():
            before = orders.get(key)
            merged = order if before is None else merge_orders(before, order, total.watermark)
            orders[key] = merged
    if largest is not None and largest.state.archived:
        others = orders.keys() - largest.state.orders.keys()
        found = largest.archive.find(others) if others else {}
        total.archived = largest.state.archived
        combined.archive = bring_back(total, found, largest.archive)
        for key, order in found.items():
            orders[key] = merge_orders(order, orders[key], total.watermark)
    total.orders = orders


def _newest(instants: list[int], watermark: int) -> list[int]:
    """Of ascending instants those after the watermark, and the newest of the others."""
    if len(instants) <= _NEWEST:
        return instants
    return instants[max(bisect_right(instants, watermark) - _NEWEST, 0) :]
