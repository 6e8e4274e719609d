"""The state of a summary, in nothing but plain JSON types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from rules.summary.history import Statement, merge, prune
from rules.summary.orders import OrderState
from rules.summary.unlinked_refunds import UnlinkedRefunds, prune_unlinked_refunds

# So many additions of points that are dated ahead are kept; earlier ones count at once.
_MOST_POINTS_AHEAD = 1_000
FORM = 2
"""The form of a dumped state; without one it is the first. `SummaryState.load` reads both."""


@dataclass(slots=True)
class Statements:
    """What is said of a shopper: each has a latest value, but for the points, which add up."""

    traits: dict[str, list[Statement]] = field(default_factory=dict)
    consent: dict[str, list[Statement]] = field(default_factory=dict)
    points: int = 0
    """The sum of what was added and taken away up to the watermark, and names nothing"""
    points_ahead: list[list[int]] = field(default_factory=list)
    """[[time, points]] of what is dated later, ascending"""
    points_once: dict[str, list[Statement]] = field(default_factory=dict)
    """{what points name: statements of points}, as these count once"""

    def dump(self) -> dict[str, Any]:
        """The parts that are not empty, shared with this."""
        return {name: part for name in _STATED if (part := getattr(self, name))}

    def merge(self, other: Statements) -> None:
        """Add what is said in another stream; to be pruned after that."""
        for mine, theirs in (
            (self.traits, other.traits),
            (self.consent, other.consent),
            (self.points_once, other.points_once),
        ):
            for name, statements in theirs.items():
                mine[name] = merge(mine[name], statements) if name in mine else statements
        self.points += other.points
        if other.points_ahead:
            self.points_ahead = sorted([*self.points_ahead, *other.points_ahead])

    def prune(self, watermark: int) -> None:
        """Forget what has been replaced by the watermark."""
        for part in (self.traits, self.consent, self.points_once):
            for name, statements in part.items():
                if len(statements) > 1:
                    part[name] = prune(statements, watermark)
        self._settle_points(watermark)

    def add_points(self, at: int, points: int, watermark: int) -> None:
        """Add points that name nothing, or take them away."""
        if at <= watermark:
            self.points += points
        else:
            self.points_ahead = sorted([*self.points_ahead, [at, points]])
        self._settle_points(watermark)

    def _settle_points(self, watermark: int) -> None:
        ahead = [each for each in self.points_ahead if each[0] > watermark][-_MOST_POINTS_AHEAD:]
        settled = self.points_ahead[: len(self.points_ahead) - len(ahead)]
        if settled:
            self.points += sum(points for _, points in settled)
            self.points_ahead = ahead


_STATED = tuple(part.name for part in fields(Statements))


Totals = dict[str, Any]
"""What a summary knows of archived orders, see `rules.summary.archive`; empty without any:

- `before`: [instant, key] of the oldest settled order that is kept; archived ones are older
- `orders`: how many are archived, and `standing`: how many of them stand
- `net`: {currency: the money of those that stand}, without zeros
- `categories`: {category: when the newest that stands was placed}
"""


@dataclass(slots=True)
class SummaryState:
    """Instants are microseconds since the epoch, money is in minor units.

    Nothing is asked of an instant before the `watermark`, when the newest event was recorded: what
    had been replaced by then is forgotten.
    """

    watermark: int = 0
    is_account: bool = False
    types: dict[str, list[Any]] = field(default_factory=dict)
    """{type: [count, first instant, [instants, ascending]]}: those after the watermark, and of the
    others the newest"""
    stated: Statements = field(default_factory=Statements)
    unproven: Statements = field(default_factory=Statements)
    """What nothing shows to be true: an account does not have it"""
    orders: dict[str, OrderState] = field(default_factory=dict)
    """{order key: what is told of it}, of those that are not archived"""
    archived: Totals = field(default_factory=dict)
    unlinked_refunds: UnlinkedRefunds = field(default_factory=dict)
    """{reference: statements of [amount, currency]} of what went back without an order"""
    cart: list[Statement] = field(default_factory=list)
    """Statements of [value, currency, items]"""

    def dump(self) -> dict[str, Any]:
        """The parts that are not empty; they are shared with this state, so only read them."""
        parts: dict[str, Any] = {name: part for name in _PARTS if (part := getattr(self, name))}
        parts |= self.stated.dump()
        if unproven := self.unproven.dump():
            parts["unproven"] = unproven
        return {"form": FORM, **parts} if parts else {}

    @classmethod
    def load(cls, dumped: Mapping[str, Any]) -> SummaryState:
        """The state in a dump, whose parts it takes over."""
        if dumped and dumped.get("form") != FORM:
            dumped = _from_first_form(dumped)
        state = cls(**{name: dumped[name] for name in _PARTS if name in dumped})
        state.stated = Statements(**{name: dumped[name] for name in _STATED if name in dumped})
        state.unproven = Statements(**dumped.get("unproven", {}))
        return state

    def prune(self) -> None:
        """Forget what statements have been replaced by the watermark."""
        self.stated.prune(self.watermark)
        self.unproven.prune(self.watermark)
        prune_unlinked_refunds(self.unlinked_refunds, self.watermark)
        if len(self.cart) > 1:
            self.cart = prune(self.cart, self.watermark)


_PARTS = ("watermark", "is_account", "types", "orders", "archived", "unlinked_refunds", "cart")


def _from_first_form(dumped: Mapping[str, Any]) -> dict[str, Any]:
    """A dump of the release that knew no arrivals, revisions or references.

    What it had forgotten, such as the first date of an order, comes back with a rebuild.
    """
    state = SummaryState(types=dumped.get("types", {}))
    for name, (at, event_id, value) in dumped.get("traits", {}).items():
        state.stated.traits[name] = [[0, at, 0, 0, 0, event_id, value]]
    for purpose, (at, event_id, granted) in dumped.get("consent", {}).items():
        state.stated.consent[purpose] = [[0, at, int(not granted), 0, 0, event_id, granted]]
    state.stated.points = dumped.get("points", 0)
    if dumped.get("cart"):
        at, event_id, *cart = dumped["cart"]
        state.cart = [[0, at, 0, 0, 0, event_id, cart]]
    for order_id, (at, event_id, revenue, currency, *lines) in dumped.get("orders", {}).items():
        content = [[revenue, currency], lines, True, None]
        state.orders[order_id] = {"first": at, "content": [[0, at, 0, 0, 0, event_id, content]]}
    for order_id, refunds in dumped.get("refunds", {}).items():
        state.orders.setdefault(order_id, {})["refunds"] = {
            event_id: [[0, at, 0, 0, 0, event_id, [amount, currency]]]
            for event_id, (at, amount, currency) in refunds.items()
        }
    for order_id, at in dumped.get("cancelled", {}).items():
        order = state.orders.setdefault(order_id, {})
        # Nothing revived an order in that release: no completion is later than this.
        cancelled = [2, at, 0, 0, 0, "", [None, None, False, None]]
        order["content"] = [*order.get("content", ()), cancelled]
    for order in state.orders.values():
        order["last"] = _last_of(order)
    return state.dump()


def _last_of(order: OrderState) -> int:
    histories = [order.get("content", ()), *order.get("refunds", {}).values()]
    return max(int(statement[1]) for statements in histories for statement in statements)
