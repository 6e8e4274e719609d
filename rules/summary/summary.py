"""The summary of a stream, for which neither the order nor the grouping of events matters."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Mapping
from heapq import merge
from typing import Any

from rules.summary.orders import OrderBook, order_book
from rules.summary.reducers import apply
from rules.summary.state import SummaryState, keep_last

# Windowed counts are compared with numbers up to MOST_COUNTED; one instant more is "more than".
MOST_COUNTED = 1_000
_NEWEST = MOST_COUNTED + 1

# Facts about whose the events are, not about what the shopper did.
_NOT_COUNTED = frozenset({"identity_changed"})


class Summary:
    """The mergeable state of a stream, or of a profile as the combination of its streams.

    What has a latest value (a trait, a consent, the cart, the content of an order) keeps the last
    one, by the time of the event and then by its id, whatever `now` is. Orders, refunds and
    cancellations are kept by order id, so that they may come in any order.
    """

    __slots__ = ("_book", "state")

    def __init__(self, state: SummaryState | None = None) -> None:
        self.state = SummaryState() if state is None else state
        self._book: tuple[int | None, OrderBook] | None = None

    def add(self, event_type: str, data: Any, occurred_at: int, event_id: str) -> None:
        """Apply one event, and each event once. `data` has passed the contract of its type."""
        if event_type in _NOT_COUNTED:
            return
        self._book = None
        entry = self.state.types.get(event_type)
        if entry is None:
            self.state.types[event_type] = [1, occurred_at, [occurred_at]]
        else:
            entry[0] += 1
            entry[1] = min(entry[1], occurred_at)
            insort(entry[2], occurred_at)
            if len(entry[2]) > _NEWEST:
                del entry[2][0]
        apply(self.state, event_type, data, occurred_at, event_id)

    # What does not depend on the instant of evaluation.

    def trait(self, name: str) -> Any:
        """The last value, None if there is none."""
        entry = self.state.traits.get(name)
        return None if entry is None else entry[2]

    def traits(self) -> dict[str, Any]:
        """Every trait that has a value; null removes one."""
        traits = sorted(self.state.traits.items())
        return {name: value for name, (_, _, value) in traits if value is not None}

    def consent(self, purpose: str) -> bool | None:
        """Whether it is granted, by the last event about it; None without any."""
        entry = self.state.consent.get(purpose)
        return None if entry is None else entry[2]

    def consents(self) -> dict[str, bool]:
        """Every purpose that was granted or refused."""
        consents = sorted(self.state.consent.items())
        return {purpose: granted for purpose, (_, _, granted) in consents}

    @property
    def points(self) -> int:
        """The sum of all loyalty points earned and spent."""
        return self.state.points

    @property
    def cart_items(self) -> int | None:
        """How many articles were in the last cart; None if that is unknown."""
        return self.state.cart[4] if self.state.cart else None

    def cart_value(self, currency: str) -> int | None:
        """The value of the last cart; None if it is unknown or in another currency."""
        if not self.state.cart or self.state.cart[3] != currency:
            return None
        value: int | None = self.state.cart[2]
        return value

    @property
    def events(self) -> int:
        """How many events were applied."""
        return sum(entry[0] for entry in self.state.types.values())

    @property
    def first_seen(self) -> int | None:
        """The first instant of all events."""
        return min((entry[1] for entry in self.state.types.values()), default=None)

    @property
    def last_seen(self) -> int | None:
        """The last instant of all events."""
        return max((entry[2][-1] for entry in self.state.types.values()), default=None)

    # What is read at an instant `now`, leaving out what is dated later.

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

    def book(self, now: int | None) -> OrderBook:
        """The standing orders at `now`; None counts every event."""
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
        """The summary of a dump, whose parts it takes over."""
        return cls(SummaryState.load(dumped))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Summary) and self.state == other.state

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        """Counts only: traits must not get into logs."""
        return f"<Summary of {self.events} events>"


def combine(summaries: Iterable[Summary]) -> Summary:
    """The summary as if all events had been in one stream; it shares nothing that `add` changes."""
    total = SummaryState()
    for part in (summary.state for summary in summaries):
        for name, (count, first, newest) in part.types.items():
            entry = total.types.get(name)
            if entry is None:
                total.types[name] = [count, first, newest[:]]
            else:
                merged = list(merge(entry[2], newest))[-_NEWEST:]
                total.types[name] = [entry[0] + count, min(entry[1], first), merged]
        for mine, theirs in (
            (total.traits, part.traits),
            (total.consent, part.consent),
            (total.orders, part.orders),
        ):
            for key, value in theirs.items():
                keep_last(mine, key, value)
        for order_id, refunds in part.refunds.items():
            total.refunds.setdefault(order_id, {}).update(refunds)
        for order_id, at in part.cancelled.items():
            total.cancelled[order_id] = min(at, total.cancelled.get(order_id, at))
        if part.cart and (not total.cart or part.cart[:2] > total.cart[:2]):
            total.cart = part.cart
        total.points += part.points
    return Summary(total)
