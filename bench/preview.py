"""A preview in SQL over a million events of 100,000 shoppers, in seconds on the clock.

Three rules: a count in a window, conditions on the data of events, and a sequence. Each response is
exact, over everybody.
"""

from __future__ import annotations

from functools import partial
from statistics import median

import sqlalchemy as sa

from bench.statistics import timed
from chassis import DAY, FixedClock, parse_instant
from chassis.database.engine import UNSHARED_LIMITS, Database
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from deploy.services import upgrade
from services.segments import queries
from tests.support.servers import Databases

SHOPPERS, EVENTS = 100_000, 1_000_000
ROUNDS = 5
RULES = (
    'count("order_completed", within="30d") >= 2',
    'exists("product_viewed", within="90d", where=category == "c3" and amount(price, "USD") > 20)',
    'then("cart_updated", "order_completed", within="24h") and count("product_viewed") > 3',
)
_NOW = parse_instant("2026-11-21T19:30:00Z")
_FILL = (
    """
    INSERT INTO labels (stream_id, profile_id, last_epoch)
    SELECT 'shopper-' || n, 'shopper-' || n, 1 FROM generate_series(1, :shoppers) AS n
    """,
    """
    INSERT INTO facts (stream_id, type, at, version, data)
    SELECT 'shopper-' || 1 + floor(random() * :shoppers),
           CASE n % 4 WHEN 0 THEN 'cart_updated' WHEN 1 THEN 'order_completed'
                      ELSE 'product_viewed' END,
           :now - CAST(random() * :year AS bigint), n,
           json_build_object('category', 'c' || n % 10, 'price', n % 9000, 'currency', 'USD')
    FROM generate_series(1, :events) AS n
    """,
)


def measure(databases: Databases) -> dict[str, float]:
    """The seconds of a preview of the rule that takes longest, at the median."""
    owner, uri = databases.create("segments", partial(upgrade, "segments"))
    database = Database(uri)
    try:
        work = UnitOfWorkRunner(database, "segments", FixedClock(_NOW))
        _fill(owner)
        return {"preview_1m_s": round(max(_seconds(work, rule) for rule in RULES), 2)}
    finally:
        database.close()
        databases.drop(owner)


def _fill(owner: str) -> None:
    """Fill the tables, and analyze them as autovacuum does before long."""
    parameters = {"shoppers": SHOPPERS, "events": EVENTS, "now": _NOW, "year": 365 * DAY}
    database = Database(owner, limits=UNSHARED_LIMITS)
    with database.autocommit() as connection:
        for statement in _FILL:
            connection.execute(sa.text(statement), parameters)
        connection.execute(sa.text("VACUUM ANALYZE facts, labels"))
    database.close()


def _seconds(work: UnitOfWorkRunner, rule: str) -> float:
    def ask() -> None:
        response = queries.preview(work, rule)
        if not response["complete"] or not 0 < response["members"] < SHOPPERS:
            raise RuntimeError("the preview of the bench is not exact")

    return median(timed(ask) for _ in range(ROUNDS))
