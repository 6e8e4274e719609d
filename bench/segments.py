"""Segments' own work in batches of 100: CPU of Python and of PostgreSQL for each event.

What an event costs must not depend on how many rules there are, nor on how long its shopper's
history is: only on the rules that it concerns.
"""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

import sqlalchemy as sa

from bench.cpu import cpu_seconds
from cdp.main import ALLOCATIONS_A_COLLECTION
from chassis import DAY, Event, FixedClock, new_id, parse_instant
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from chassis.projections.inbox import Inbox
from deploy.services import upgrade
from services.segments import commands
from services.segments.configuration import load_definitions, read_definition
from services.segments.domain.definitions import Definition, DefinitionFile
from services.segments.projections import MembershipProjection
from services.segments.registry import DefinitionRegistry
from tests.support.servers import Databases

BATCH = 100
ROUNDS = 9
SHOPPERS = 2_000
FEW_RULES, MANY_RULES = 10, 1_000
FEW_ORDERS, MANY_ORDERS = 10, 10_000
_FEW_SHOPPERS = 3
_BATCHES_OF_NEW = 20
_DEFINED_SHOPPERS, _ORDERS_OF_DEFINED, _DEFINITIONS = 10_000, 3, 3
_NOW = parse_instant("2026-11-21T19:30:00Z")
_SESSIONS = sa.text(
    "SELECT pid FROM pg_stat_activity"
    " WHERE datname = current_database() AND backend_type = 'client backend'"
)


@dataclass(frozen=True, slots=True)
class EventCost:
    """Microseconds of CPU for an event."""

    python: float
    postgresql: float

    @property
    def both(self) -> float:
        """Both sides together."""
        return self.python + self.postgresql


def measure(databases: Databases) -> dict[str, float]:
    """The cost of an order with the shipped rules, with few and many, and for long histories.

    The many rules ask for event types that orders are not, except as many as the few.
    """
    with ExitStack() as stack:
        make = partial(_Segments, databases, stack)
        shipped = make(load_definitions())
        few, many = make(_rules(FEW_RULES)), make(_rules(MANY_RULES))
        short, long = make(load_definitions()), make(load_definitions())
        for segments in (shipped, few, many):
            segments.know(SHOPPERS, 1)
        defined = make(load_definitions())
        defined.know(_DEFINED_SHOPPERS, _ORDERS_OF_DEFINED)
        define = median(defined.cost_of_definition(number) for number in range(_DEFINITIONS))
        long.know(_FEW_SHOPPERS, MANY_ORDERS)
        long.leave_carts()
        costs: dict[str, list[EventCost]] = {}
        for _ in range(ROUNDS):  # in turns, because other load comes and goes
            for name, segments in (
                ("shipped", shipped),
                ("few", few),
                ("many", many),
                ("long", long),
            ):
                costs.setdefault(name, []).append(segments.cost())
            costs.setdefault("short", []).append(short.cost_of_new(_FEW_SHOPPERS, FEW_ORDERS))
        both = {name: median(cost.both for cost in of) for name, of in costs.items()}
        return {
            "segments_state_us": round(both["shipped"]),
            "segments_state_python_us": round(median(cost.python for cost in costs["shipped"])),
            "rules_1000_over_10": round(both["many"] / both["few"], 2),
            "orders_10000_over_10": round(both["long"] / both["short"], 2),
            "define_100k_s": round(define * 100_000 / _DEFINED_SHOPPERS, 1),
        }


def _rules(count: int) -> Sequence[Definition]:
    """`count` rules, of which FEW_RULES ask for orders and the others for other events."""
    definitions = []
    for number in range(count):
        event = "order_completed" if number < FEW_RULES else f"seen_{number}"
        rule = f'count("{event}", within="{30 + number % 60}d") > {number % 7 + 1}'
        definitions.append(
            read_definition({"segment": f"s{number}", "rule": rule, "description": "for the bench"})
        )
    return definitions


@contextmanager
def _garbage_collected_as_in_a_service() -> Iterator[None]:
    """What is there already is not looked at again, and the rest less often: as `cdp run` does."""
    gc.collect()
    gc.freeze()
    thresholds = gc.get_threshold()
    gc.set_threshold(ALLOCATIONS_A_COLLECTION)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)


class _Segments:
    """The service's inbox and projection, on a database of its own."""

    def __init__(
        self, databases: Databases, stack: ExitStack, definitions: Sequence[Definition]
    ) -> None:
        owner, uri = databases.create("segments", partial(upgrade, "segments"))
        stack.callback(databases.drop, owner)
        database = Database(uri)
        stack.callback(database.close)
        self._clock = FixedClock(_NOW)
        self._work = UnitOfWorkRunner(database, "segments", self._clock)
        self._inbox = Inbox(self._work, "profiles")
        file = DefinitionFile("bench", is_shipped=False, definitions=definitions)
        self._work.run(partial(commands.start_with, file=file))
        self._projection = MembershipProjection(DefinitionRegistry())
        self._heads: dict[str, int] = {}
        self._streams: list[str] = []
        self._chance = random.Random(1)

    def know(self, shoppers: int, orders: int) -> None:
        """Apply the first event of each new shopper, and the orders of the two years before."""
        first = len(self._heads)
        self._streams = [f"shopper-{number:06}" for number in range(first, first + shoppers)]
        self._apply_all([self._created(stream) for stream in self._streams])
        wanted = [stream for stream in self._streams for _ in range(orders)]
        for start in range(0, len(wanted), BATCH):
            self._apply([self._order(each, 700 * DAY) for each in wanted[start : start + BATCH]])

    def leave_carts(self) -> None:
        """Have each shopper leave a cart before the orders that are measured."""
        at, products = self._clock.at - 2 * DAY, [{"product_id": "q", "quantity": 1}]
        data = {"cart_id": "left", "products": products}
        self._apply_all([self._event(each, "cart_updated", data, at) for each in self._streams])

    def cost(self) -> EventCost:
        """What an order costs, in batches of shoppers drawn at random."""
        return self._cost(lambda: [self._streams])

    def cost_of_new(self, shoppers: int, orders: int) -> EventCost:
        """What an order costs in batches of so many shoppers, who have just so many orders.

        Each is in one batch: their histories would else get longer and longer.
        """

        def make() -> Sequence[Sequence[str]]:
            self.know(shoppers * _BATCHES_OF_NEW, orders)
            self.leave_carts()
            streams = self._streams
            return [streams[first::_BATCHES_OF_NEW] for first in range(_BATCHES_OF_NEW)]

        return self._cost(make)

    def _cost(self, make: Callable[[], Sequence[Sequence[str]]]) -> EventCost:
        """What an order costs in batches of the shoppers that `make` gives."""
        events, python, postgresql = 0, 0.0, 0.0
        # Ticks of ten milliseconds are too coarse for one batch of the database's side.
        while postgresql < 0.1:
            batches = make()
            with _garbage_collected_as_in_a_service():
                before = time.process_time(), self._postgresql_seconds()
                for streams in batches:
                    size = min(BATCH, len(streams) * 10)
                    drawn = [self._chance.choice(streams) for _ in range(size)]
                    self._apply([self._order(stream, DAY) for stream in drawn])
                    events += size
                python += time.process_time() - before[0]
                postgresql += self._postgresql_seconds() - before[1]
        return EventCost(1e6 * python / events, 1e6 * postgresql / events)

    def cost_of_definition(self, number: int) -> float:
        """The seconds of CPU to evaluate everybody by a new definition, for which a few enter."""
        rule = f'orders(within="{90 + number}d") >= 2 and revenue("USD") >= 100'
        definition = {"segment": f"new_{number}", "rule": rule, "description": "for the bench"}
        self._clock.at += 1_000
        self._work.run(partial(commands.define, definition=read_definition(definition)))
        with _garbage_collected_as_in_a_service():
            before = time.process_time() + self._postgresql_seconds()
            commands.DueEvaluation().run(self._work, self._projection.registry, 600.0)
            return time.process_time() + self._postgresql_seconds() - before

    def _postgresql_seconds(self) -> float:
        """The CPU of all sessions of the database: reads and transactions have different ones."""
        return cpu_seconds(self._work.read(lambda unit: unit.connection.scalars(_SESSIONS).all()))

    def _created(self, stream: str) -> Event:
        entry = {"stream": stream, "profile_id": stream, "epoch": 1, "identifiers": []}
        data = {"reason": "created", "streams": [{**entry, "version": 1}]}
        return self._event(stream, "identity_changed", data, _NOW - 800 * DAY)

    def _order(self, stream: str, within: int) -> Event:
        at = self._clock.at - self._chance.randrange(within)
        data = {
            "order_id": new_id(),
            "revenue": self._chance.randint(500, 9_900),
            "currency": "USD",
            "products": [{"product_id": "p", "category": "music", "quantity": 1, "price": 900}],
        }
        return self._event(stream, "order_completed", data, at)

    def _event(self, stream: str, kind: str, data: dict[str, Any], at: int) -> Event:
        version = self._heads[stream] = self._heads.get(stream, 0) + 1
        self._clock.at += 1_000
        return Event(new_id(), "profiles", kind, stream, version, data, at, self._clock.at)

    def _apply_all(self, events: Sequence[Event]) -> None:
        for first in range(0, len(events), BATCH):
            self._apply(events[first : first + BATCH])

    def _apply(self, events: Sequence[Event]) -> None:
        result = self._inbox.process(events, self._projection)
        if not result.applied or result.behind:
            raise RuntimeError("the events of the bench are not applied")
