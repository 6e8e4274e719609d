"""What handlers ask of the gateway itself: `ServiceCall("gateway", …)`, answered by its database.

keep_delivery   source_id, topic, headers, body (bytes), due_at=None    → its id
settle_delivery delivery_id, status, reason=None                        → None
postpone_delivery delivery_id, attempts, reason, pause (µs)             → None
load_delivery   delivery_id                                             → a store.Delivery, or None
list_deliveries source_id=None, status=None, topic=None, limit=100      → rows without contents
waiting_deliveries limit=25, retries=3                                  → store.Delivery
waiting_age                                                             → µs; 0 if none waits
await_again     delivery_id=None, source_id=None, status=None           → how many wait again
find_links      source_id, references                                   → order ids by reference
keep_links      source_id, links: {reference: order id}                 → how many are new
keep_rejects    source_id, rejects: [{"reason", "field", "payload"}]    → how many
keep_public_rejects the same, of a public key: not all of too many     → how many
list_rejects    source_id=None, reveal=False, limit=100                 → rows
find_key        digest                                                  → a store.SourceKey, or None
load_source     source_id                                               → an EventSource, or None
all_origins                                                             → a set of origins
count_crawled   source_id, items                                        → None
read_package    package, path: a file of an npm package                 → its bytes
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from chassis.config.sealing import Seal
from chassis.core.errors import NotFound
from chassis.database.deletion import until_none_is_left
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from services.gateway import store
from services.gateway.scripts.packages import read_package
from services.gateway.server.metrics import CRAWLED

SEAL_PURPOSE = b"checkout cdp: payloads and secrets of the gateway"

# What is given the seal beside its unit of work, and what is not.
_SEALED: Mapping[str, Callable[..., Any]] = {
    "find_key": store.find_key,
    "keep_delivery": store.keep_delivery,
    "keep_public_rejects": store.keep_rejects,
    "keep_rejects": store.keep_rejects,
    "list_rejects": store.list_rejects,
    "load_delivery": store.load_delivery,
    "load_source": store.load_source,
    "waiting_deliveries": store.waiting_deliveries,
}
_PLAIN: Mapping[str, Callable[..., Any]] = {
    "all_origins": store.all_origins,
    "await_again": store.await_again,
    "find_links": store.find_links,
    "keep_links": store.keep_links,
    "list_deliveries": store.list_deliveries,
    "postpone_delivery": store.postpone_delivery,
    "settle_delivery": store.settle_delivery,
    "waiting_age": store.waiting_age,
}


@dataclass(frozen=True, slots=True)
class OwnCalls:
    """Answers the calls of the gateway's own database, in the thread or greenlet that asks."""

    work: UnitOfWorkRunner
    seal: Seal = field(repr=False)
    node_modules: Path | None = None

    def call(self, method: str, arguments: Mapping[str, Any]) -> Any:
        """What a call returns; Unavailable if the database does not answer."""
        sealed, plain = _SEALED.get(method), _PLAIN.get(method)
        if sealed is not None:
            return self.work.run(partial(sealed, seal=self.seal, **arguments))
        if plain is not None:
            return self.work.run(partial(plain, **arguments))
        if method == "read_package":
            return read_package(self.node_modules, **arguments)
        if method == "count_crawled":
            CRAWLED.labels(arguments["source_id"]).inc(arguments["items"])
            return None
        raise NotFound(f"gateway.{method}", "is no call of the gateway's own database")

    def sweep(self) -> int:
        """Forget what has been kept long enough; how much that was."""
        return sum(
            until_none_is_left(partial(self.work.run, forget))
            for forget in (store.forget_deliveries, store.forget_links, store.forget_rejects)
        )
