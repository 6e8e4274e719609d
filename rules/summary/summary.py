"""What is known of one stream, kept so that the order and the grouping of events do not matter."""

from __future__ import annotations

import json
from bisect import bisect_right, insort
from collections.abc import Iterable, Mapping
from heapq import merge
from typing import Any

from rules.summary.orders import OrderBook, order_book
from rules.summary.reducers import apply
from rules.summary.state import SummaryState, keep_last

# Windowed counts are compared with numbers up to MOST_COUNTED; one instant more tells "more than".
MOST_COUNTED = 1_000
_NEWEST = MOST_COUNTED + 1

# They say where events belong, not what the shopper did.
_NOT_COUNTED = frozenset({"identity_changed"})


class Summary:
    """The mergeable state of a stream, or of a profile as the combination of its streams.

    What has a latest value (a trait, a consent, the cart, what an order says) keeps the one told
    last, by the time of the event and then by its id, whatever `now` is. Orders, refunds and
    cancellations are kept by order, so that each may come first.
    """

    __slots__ = ("_book", "state")

    def __init__(self, state: SummaryState | None = None) -> None:
        self.state = SummaryState() if state is None else state
        self._book: tuple[int | None, OrderBook] | None = None

    def add(self, event_type: str, data: Any, occurred_at: int, event_id: str) -> None:
        """Take one event in; each event once. `data` is what contracts accepted for the type."""
        if event_type in _NOT_COUNTED:
            return
        self._book = None
        known = self.state.types.get(event_type)
        if known is None:
            self.state.types[event_type] = [1, occurred_at, [occurred_at]]
        else:
            known[0] += 1
            known[1] = min(known[1], occurred_at)
            insort(known[2], occurred_at)
            if len(known[2]) > _NEWEST:
                del known[2][0]
        apply(self.state, event_type, data, occurred_at, event_id)

    # What is told without regard to the time of asking.

    def trait(self, name: str) -> Any:
        """The value told last, None when there is none."""
        known = self.state.traits.get(name)
        return None if known is None else known[2]

    def traits(self) -> dict[str, Any]:
        """Every trait that has a value; one told as null is gone."""
        told = sorted(self.state.traits.items())
        return {name: value for name, (_, _, value) in told if value is not None}

    def consent(self, purpose: str) -> bool | None:
        """Whether it was granted, as told last; None when nothing was told."""
        known = self.state.consent.get(purpose)
        return None if known is None else known[2]

    def consents(self) -> dict[str, bool]:
        """Every purpose that something was told about."""
        told = sorted(self.state.consent.items())
        return {purpose: granted for purpose, (_, _, granted) in told}

    @property
    def points(self) -> int:
        """The sum of all loyalty points earned and spent."""
        return self.state.points

    @property
    def cart_items(self) -> int | None:
        """How many articles the last cart held; None when no cart told its products."""
        return self.state.cart[4] if self.state.cart else None

    def cart_value(self, currency: str) -> int | None:
        """The last cart's value; None when none was told or it is in another currency."""
        if not self.state.cart or self.state.cart[3] != currency:
            return None
        value: int | None = self.state.cart[2]
        return value

    @property
    def events(self) -> int:
        """How many events were added."""
        return sum(known[0] for known in self.state.types.values())

    @property
    def first_seen(self) -> int | None:
        """The first instant of all events."""
        return min((known[1] for known in self.state.types.values()), default=None)

    @property
    def last_seen(self) -> int | None:
        """The last instant of all events."""
        return max((known[2][-1] for known in self.state.types.values()), default=None)

    # What is read at an instant `now`, without what is dated later.

    def count(self, event_type: str, now: int, after: int | None = None) -> int:
        """Events of the type up to `now`; after the instant `after`, at most MOST_COUNTED + 1."""
        known = self.state.types.get(event_type)
        if known is None:
            return 0
        newest: list[int] = known[2]
        upto = bisect_right(newest, now)
        if after is not None:
            return max(upto - bisect_right(newest, after), 0)
        count: int = known[0] - len(newest) + upto
        return count

    def first(self, event_type: str, now: int) -> int | None:
        """When it first happened."""
        known = self.state.types.get(event_type)
        return known[1] if known is not None and known[1] <= now else None

    def last(self, event_type: str, now: int, rank: int = 1) -> int | None:
        """When it last happened; with `rank` 2 the time before that, and so on."""
        known = self.state.types.get(event_type)
        if known is None:
            return None
        upto = bisect_right(known[2], now)
        return known[2][upto - rank] if upto >= rank else None

    def next(self, event_type: str, now: int) -> int | None:
        """The first known instant after `now`: of an event dated in the future."""
        known = self.state.types.get(event_type)
        if known is None or known[2][-1] <= now:
            return None
        instant: int = known[2][bisect_right(known[2], now)]
        return instant

    def book(self, now: int | None) -> OrderBook:
        """The standing orders at `now`; with None, of all that has been told."""
        if self._book is None or self._book[0] != now:
            state = self.state
            self._book = (now, order_book(state.orders, state.refunds, state.cancelled, now))
        return self._book[1]

    # Plain JSON and back.

    def dump(self) -> dict[str, Any]:
        """The state as plain JSON; it shares its parts with this summary, so only read it."""
        return self.state.dump()

    @classmethod
    def load(cls, dumped: Mapping[str, Any]) -> Summary:
        """The summary of a dumped state, which it takes over."""
        return cls(SummaryState.load(dumped))

    def dumps(self) -> str:
        """The state as compact JSON text."""
        return json.dumps(self.dump(), separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def loads(cls, text: str) -> Summary:
        """The summary of a dumped text."""
        return cls.load(json.loads(text))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Summary) and self.state == other.state

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        """Counts only: traits are nobody's business in a log."""
        return f"<Summary of {self.events} events>"


def combine(summaries: Iterable[Summary]) -> Summary:
    """The summary as if all events had been in one stream; it shares nothing that `add` changes."""
    total = SummaryState()
    for part in (summary.state for summary in summaries):
        for name, (count, first, newest) in part.types.items():
            known = total.types.get(name)
            if known is None:
                total.types[name] = [count, first, newest[:]]
            else:
                together = list(merge(known[2], newest))[-_NEWEST:]
                total.types[name] = [known[0] + count, min(known[1], first), together]
        for mine, theirs in (
            (total.traits, part.traits),
            (total.consent, part.consent),
            (total.orders, part.orders),
        ):
            for key, told in theirs.items():
                keep_last(mine, key, told)
        for order_id, refunds in part.refunds.items():
            total.refunds.setdefault(order_id, {}).update(refunds)
        for order_id, at in part.cancelled.items():
            total.cancelled[order_id] = min(at, total.cancelled.get(order_id, at))
        if part.cart and (not total.cart or part.cart[:2] > total.cart[:2]):
            total.cart = part.cart
        total.points += part.points
    return Summary(total)
