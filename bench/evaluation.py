"""Rules like the shipped ones over other engines, rule-engine and cel-python, on the same shoppers.

All three say who is in which segment, and must say the same. Ours also says when that changes by
itself, and begins with a summary as it is loaded for an event: orders are still to be summed up,
and refunds taken off. The others get plain data in which all of this is done.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import celpy
import rule_engine

from chassis import DAY, HOUR, MINUTE, new_id, parse_instant
from rules import SEGMENT_VOCABULARY, Summary, compile_rule

SHOPPERS = 300
_ROUNDS = 7
_NOW = parse_instant("2026-11-21T19:30:00Z")
_RECENT, _TWO_MONTHS = _NOW - 30 * DAY, _NOW - 60 * DAY

Answers = list[list[bool]]  # by shopper, and by rule


@dataclass(frozen=True, slots=True)
class Translation:
    """A rule in three languages."""

    ours: str
    rule_engine: str
    cel: str


_SINCE_60_DAYS = Translation(
    'orders(within="60d")',
    f"[at for at in orders if at > {_TWO_MONTHS}].length",
    f"orders.filter(at, at > {_TWO_MONTHS}).size()",
)
_GOLD = 'traits.loyalty_tier == "gold"'
_LEFT_A_DAY_AGO = f"last_cart <= {_NOW - 24 * HOUR}"
_LEFT_A_MONTH_AGO = f"last_cart > {_RECENT}"

RULES = (
    Translation(
        'orders() == 0 and never("checkout_completed")',
        "orders.length == 0 and last_checkout == 0",
        "orders.size() == 0 && last_checkout == 0",
    ),
    Translation(
        'not has_account() and (exists("product_viewed", within="30d") or cart_items() > 0)',
        f"not has_account and ([at for at in views if at > {_RECENT}].length > 0"
        " or cart_items > 0)",
        f"!has_account && (views.exists(at, at > {_RECENT}) || cart_items > 0)",
    ),
    Translation(
        "orders() == 1 and traits.loyalty_enrolled != True",
        "orders.length == 1 and traits.loyalty_enrolled != true",
        "orders.size() == 1 && traits.loyalty_enrolled != true",
    ),
    Translation(
        'orders() == 1 and revenue("USD") >= 150',
        "orders.length == 1 and revenue >= 15000",
        "orders.size() == 1 && revenue >= 15000",
    ),
    Translation(
        'orders() == 1 and orders(within="60d") == 1',
        f"orders.length == 1 and {_SINCE_60_DAYS.rule_engine} == 1",
        f"orders.size() == 1 && {_SINCE_60_DAYS.cel} == 1",
    ),
    Translation(
        'orders() > 1 and 1 <= orders(within="60d") <= 2',
        f"orders.length > 1 and {_SINCE_60_DAYS.rule_engine} >= 1"
        f" and {_SINCE_60_DAYS.rule_engine} <= 2",
        f"orders.size() > 1 && {_SINCE_60_DAYS.cel} >= 1 && {_SINCE_60_DAYS.cel} <= 2",
    ),
    Translation(
        '3 <= orders(within="60d") <= 5',
        f"{_SINCE_60_DAYS.rule_engine} >= 3 and {_SINCE_60_DAYS.rule_engine} <= 5",
        f"{_SINCE_60_DAYS.cel} >= 3 && {_SINCE_60_DAYS.cel} <= 5",
    ),
    Translation(
        'orders(within="60d") > 5', f"{_SINCE_60_DAYS.rule_engine} > 5", f"{_SINCE_60_DAYS.cel} > 5"
    ),
    Translation('revenue("USD") >= 500', "revenue >= 50000", "revenue >= 50000"),
    Translation(
        'orders() > 3 and orders(within="30d") >= 1 and traits.loyalty_tier == "gold"',
        f"orders.length > 3 and [at for at in orders if at > {_RECENT}].length >= 1 and {_GOLD}",
        f"orders.size() > 3 && orders.exists(at, at > {_RECENT}) && {_GOLD}",
    ),
    Translation(
        'cart_items() > 0 and "24h" <= since_last("cart_updated") < "30d"'
        ' and (never("order_completed")'
        ' or last("cart_updated") - last("order_completed") > "10m")'
        ' and (never("checkout_completed")'
        ' or last("checkout_completed") < last("cart_updated"))',
        f"cart_items > 0 and {_LEFT_A_DAY_AGO} and {_LEFT_A_MONTH_AGO}"
        f" and (last_order == 0 or last_cart - last_order > {10 * MINUTE})"
        " and (last_checkout == 0 or last_checkout < last_cart)",
        f"cart_items > 0 && {_LEFT_A_DAY_AGO} && {_LEFT_A_MONTH_AGO}"
        f" && (last_order == 0 || last_cart - last_order > {10 * MINUTE})"
        " && (last_checkout == 0 || last_checkout < last_cart)",
    ),
)


def measure() -> dict[str, float]:
    """How many times as long the others take for all rules on all shoppers."""
    chance = random.Random(1)
    shoppers = [_Shopper(chance) for _ in range(SHOPPERS)]
    dumps = [shopper.summary.dump() for shopper in shoppers]
    plain = [shopper.plain() for shopper in shoppers]
    ours = [compile_rule(rule.ours, SEGMENT_VOCABULARY) for rule in RULES]
    context = rule_engine.Context(default_value=None)
    by_engine = [rule_engine.Rule(rule.rule_engine, context=context) for rule in RULES]
    environment = celpy.Environment(runner_class=celpy.CompiledRunner)
    by_cel = [environment.program(environment.compile(rule.cel)) for rule in RULES]
    activations = [celpy.json_to_cel(each) for each in plain]

    def evaluate_ours(summaries: Sequence[Summary]) -> Answers:
        return [[rule.evaluate(each, _NOW).value for rule in ours] for each in summaries]

    def evaluate_by_engine() -> Answers:
        return [[rule.matches(each) for rule in by_engine] for each in plain]

    def evaluate_by_cel() -> Answers:
        return [[bool(program.evaluate(each)) for program in by_cel] for each in activations]

    answers = evaluate_ours([Summary.load(dump) for dump in dumps])
    if not answers == evaluate_by_engine() == evaluate_by_cel():
        raise RuntimeError("the engines do not agree")
    if not all(0 < sum(of_rule) < SHOPPERS for of_rule in zip(*answers, strict=True)):
        raise RuntimeError("a rule of the bench holds for everybody or for nobody")
    seconds: dict[str, list[float]] = {}
    for _ in range(_ROUNDS):  # in turns, because other load comes and goes
        # Loaded anew: what one evaluation has summed up would save the next one the work.
        fresh = partial(evaluate_ours, [Summary.load(dump) for dump in dumps])
        for name, evaluate in (
            ("ours", fresh),
            ("rule_engine", evaluate_by_engine),
            ("cel_python", evaluate_by_cel),
        ):
            seconds.setdefault(name, []).append(_cpu_seconds(evaluate))
    fastest = {name: min(of) for name, of in seconds.items()}
    return {
        "evaluate_us": round(1e6 * fastest["ours"] / (SHOPPERS * len(RULES)), 2),
        "evaluate_over_rule_engine": round(fastest["rule_engine"] / fastest["ours"], 2),
        "evaluate_over_cel_python": round(fastest["cel_python"] / fastest["ours"], 2),
    }


def _cpu_seconds(evaluate: Callable[[], Answers]) -> float:
    start = time.process_time()
    evaluate()
    return time.process_time() - start


class _Shopper:
    """A year of one shopper: views, carts, checkouts, orders and traits."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.summary = Summary()
        self._at: dict[str, list[int]] = {}
        self._revenue = 0
        self._traits: dict[str, Any] = {"loyalty_tier": None, "loyalty_enrolled": None}
        self._cart_items = 0
        for _ in range(chance.choice((0, 1, 1, 2, 4, 8))):
            self._order()
        for _ in range(chance.randrange(20)):
            self._add("product_viewed", {"product_id": "p", "category": "music"})
        if chance.random() < 0.2:
            self._add("checkout_completed", {})
        if chance.random() < 0.5:
            self._traits = {"loyalty_tier": "gold", "loyalty_enrolled": True}
            self._add("traits_changed", {"traits": self._traits})
        if chance.random() < 0.5:
            self._cart_items = chance.randrange(3)
            items = {"product_id": "p", "quantity": self._cart_items, "price": 900}
            self._add("cart_updated", {"currency": "USD", "products": [items]})

    def plain(self) -> dict[str, Any]:
        """What the rules ask for, as plain JSON; 0 is the instant of what never happened."""
        return {
            "orders": self._at.get("order_completed", []),
            "views": self._at.get("product_viewed", []),
            "revenue": self._revenue,
            "traits": self._traits,
            "has_account": False,
            "cart_items": self._cart_items,
            "last_cart": self._last("cart_updated"),
            "last_order": self._last("order_completed"),
            "last_checkout": self._last("checkout_completed"),
        }

    def _order(self) -> None:
        revenue = self._chance.randint(900, 30_000)
        self._revenue += revenue
        data = {"order_id": new_id(), "revenue": revenue, "currency": "USD", "products": []}
        self._add("order_completed", data)

    def _add(self, kind: str, data: Any) -> None:
        at = _NOW - int(DAY * self._chance.choice((1, 30, 60, 360)) * self._chance.random())
        self._at.setdefault(kind, []).append(at)
        self.summary.add(kind, data, at, new_id())

    def _last(self, kind: str) -> int:
        return max(self._at.get(kind, ()), default=0)
