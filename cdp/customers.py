"""The orders of all customers: of the database of segments, or of a file as `cdp load` reads it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cdp.commands.load import open_file
from cdp.connection import broker_uri, suite_settings
from cdp.databases import check_database, explained
from cdp.loading.mapping import read_mapping
from chassis.config.settings import Settings, read_settings
from chassis.core.clock import corrected
from chassis.core.errors import InvalidInput
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from chassis.observability.replicas import skews_of_others
from contracts.incoming import IncomingEvent
from contracts.ingest import read_events
from identifiers import Identifier, IdentifierTypes, accept, load_types
from rules import Summary, money_of, order_key
from rules.summary.book import StandingOrder
from rules.summary.orders import ORDER_EVENTS
from services.segments.service import SegmentsService
from services.segments.value_fitting import Progress, read_orders

_DATABASE = "CDP_SEGMENTS_DATABASE_URI"
_KEY = b"of orders in a file, which are stored nowhere"
_AT_ONCE = 1_000


def config_dir() -> Path | None:
    """The directory of an operator's own configuration files."""
    directory = os.environ.get("CDP_CONFIG_DIR")
    return Path(directory) if directory else None


@contextmanager
def segments_database(suite: Path | None) -> Iterator[UnitOfWorkRunner]:
    """Units of work on the database of segments, of the suite in a directory or the running one."""
    settings = _settings(suite)
    check_database("segments", settings.database_uri, _DATABASE)
    with explained("segments", _DATABASE):
        database = Database(settings.database_uri)
        try:
            work = UnitOfWorkRunner(
                database,
                "segments",
                corrected(settings.clock),
                upcasters=SegmentsService.upcasters,
            )
            work.measure_clock(work.read(skews_of_others))
            yield work
        finally:
            database.close()


def orders_of_suite(suite: Path | None, progress: Progress) -> Sequence[Sequence[StandingOrder]]:
    """The standing orders of each profile that has any."""
    with segments_database(suite) as work:
        return list(read_orders(work, progress))


def orders_of_file(
    file: Path, mapping: Path | None, progress: Progress
) -> Sequence[Sequence[StandingOrder]]:
    """The standing orders of each shopper of a file; InvalidInput for a line that is no event.

    A shopper is the strongest identifier of an event; an event about an order belongs to whoever
    placed it. Nothing is stored.
    """
    shoppers = _Shoppers(load_types(config_dir()))
    _, records, make_events = open_file(file, read_mapping(mapping) if mapping else None)
    waiting: list[Any] = []
    done = 0
    for record in records():
        if record.fault:
            raise InvalidInput(str(file), record.fault)
        waiting += [sized.event for sized in make_events(record)]
        done += len(record.rows)
        if len(waiting) >= _AT_ONCE:
            shoppers.apply(waiting)
            waiting.clear()
            progress("rows", done)
    shoppers.apply(waiting)
    progress("rows", done)
    return shoppers.orders()


class _Shoppers:
    """The orders of the shoppers of a file, folded as services fold them."""

    def __init__(self, types: IdentifierTypes) -> None:
        self._types = types
        self._summaries: dict[str, Summary] = {}
        self._homes: dict[str, list[str]] = {}

    def apply(self, events: Sequence[Any]) -> None:
        checked = read_events(events, time.time_ns() // 1_000)
        for refusal in checked.errors.values():
            wrong = refusal.errors[0]
            raise InvalidInput(wrong.field, f"{wrong.message}; `cdp load --check` lists all")
        for event in checked.valid.values():
            if event.type in ORDER_EVENTS and (shopper := self._shopper(event)) is not None:
                summary = self._summaries.setdefault(shopper, Summary())
                summary.add(event.type, event.data, event.time, event.id)

    def orders(self) -> Sequence[Sequence[StandingOrder]]:
        books = (summary.book(None).orders for summary in self._summaries.values())
        return [orders for orders in books if orders]

    def _shopper(self, event: IncomingEvent) -> str | None:
        """Whose event it is; None for what is told of nobody's order, or of several shoppers'."""
        keys = accept(event.identifiers, self._types, _KEY).keys
        own = keys[0].key if keys else None
        order = order_key(event.data)
        if order is None:
            return own
        homes = self._homes.setdefault(order, [])
        if own is None or own in homes:
            return own or (homes[0] if len(homes) == 1 else None)
        if not homes or (event.type == "order_completed" and self._is_another(event, keys[0])):
            homes.append(own)
            return own
        return homes[0] if len(homes) == 1 else None

    def _is_another(self, event: IncomingEvent, shopper: Identifier) -> bool:
        """Whether a completion is of another order than those of its id, as services judge it.

        Another account's is, and one with another address and another total.
        """
        order = str(order_key(event.data))
        money = event.data.get("revenue"), event.data.get("currency")

        def contradicts(home: str) -> bool:
            kinds = shopper.type.assurance, self._types.by_name[home.partition(":")[0]].assurance
            summary = self._summaries.get(home, Summary())
            other = money_of(summary.state.orders.get(order, {})) not in (None, money)
            return kinds == ("verified", "verified") or (kinds == ("claimed", "claimed") and other)

        return all(contradicts(home) for home in self._homes[order])


def _settings(suite: Path | None) -> Settings:
    if suite is not None:
        return next(each for each in suite_settings(suite) if each.service == "segments")
    os.environ["CDP_AMQP_URI"] = broker_uri()  # every service has one; none is asked here
    return read_settings("segments")
