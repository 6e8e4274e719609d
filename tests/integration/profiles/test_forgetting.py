"""What is old is deleted some rows at a time, and nobody waits for all of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from chassis import DAY, FixedClock
from chassis.database.deletion import MOST_AT_ONCE, until_none_is_left
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from services.identity import store as identity_store
from services.profiles import store
from services.profiles.store.tables import CART_STREAMS, CARTS, CONFLICTS, SEALED_VALUES
from tests.integration.profiles.test_profiles import NOW

Forget = Callable[[UnitOfWork], int]
OLD, ROWS = NOW - 400 * DAY, 2 * MOST_AT_ONCE + 500
FORGOTTEN: dict[str, tuple[str, sa.Table, Forget, Callable[[int, int], dict[str, object]]]] = {
    "carts": (
        "profiles",
        CARTS,
        store.forget_carts,
        lambda row, at: {"cart_id": f"c{row}", "seen_at": at},
    ),
    "streams of carts": (
        "profiles",
        CART_STREAMS,
        store.forget_cart_streams,
        lambda row, at: {"cart_id": f"c{row % 7}", "stream_id": f"s{row}", "seen_at": at},
    ),
    "values of identifiers": (
        "profiles",
        SEALED_VALUES,
        store.forget_expired,
        lambda row, at: {"key": f"k{row}", "sealed": "x", "kept_until": at},
    ),
    "conflicts": (
        "profiles",
        CONFLICTS,
        store.forget_conflicts,
        lambda row, at: {
            "event_id": f"e{row}",
            "first_at": at,
            "last_at": at,
            "times": 1,
            "differing": "[]",
        },
    ),
    "where events went": (
        "identity",
        identity_store.RESOLUTIONS,
        identity_store.forget_resolutions,
        lambda row, at: {
            "event_id": f"e{row}",
            "digest": "d",
            "stream_id": "s",
            "ignored": [],
            "resolved_at": at,
        },
    ),
}


@pytest.mark.parametrize("what", FORGOTTEN)
def test_what_is_old_is_deleted_some_rows_at_a_time(
    service_database: Callable[[str], Database], what: str
) -> None:
    service, table, forget, row_of = FORGOTTEN[what]
    work = UnitOfWorkRunner(service_database(service), service, FixedClock(NOW))
    kept = [row_of(ROWS + row, NOW + DAY) for row in range(3)]
    rows = [*(row_of(row, OLD + row % 10) for row in range(ROWS)), *kept]
    work.run(lambda unit: unit.connection.execute(sa.insert(table), rows))

    def count(unit: UnitOfWork) -> int:
        return int(
            unit.connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        )

    assert work.run(forget) == MOST_AT_ONCE
    assert work.read(count) == len(rows) - MOST_AT_ONCE
    assert until_none_is_left(lambda: work.run(forget)) == ROWS - MOST_AT_ONCE
    assert work.read(count) == len(kept)


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_rows_are_locked_in_the_order_of_their_keys_before_they_are_deleted(
    service_database: Callable[[str], Database],
) -> None:
    """As by everybody else: nobody waits for a row of ours and has one that we wait for."""
    database = service_database("profiles")
    work = UnitOfWorkRunner(database, "profiles", FixedClock(NOW))
    rows = [{"cart_id": cart, "seen_at": at} for cart, at in (("a", OLD + 1), ("z", OLD))]
    work.run(lambda unit: unit.connection.execute(sa.insert(CARTS), rows))

    def lock(connection: sa.Connection, cart: str) -> None:
        query = sa.select(CARTS.c.cart_id).where(CARTS.c.cart_id == cart)
        connection.execute(query.with_for_update(nowait=True))

    with database.engine.begin() as recording, ThreadPoolExecutor(1) as threads:
        lock(recording, "a")
        forgetting = threads.submit(work.run, store.forget_carts)
        while not forgetting.done() and not work.read(_is_waiting):
            time.sleep(0.01)
        lock(recording, "z")
        recording.commit()
        assert forgetting.result() == 2


def _is_waiting(unit: UnitOfWork) -> bool:
    """Whether anybody waits for a lock of this database."""
    waiting = "datname = current_database() AND wait_event_type = 'Lock'"
    query = sa.text(f"SELECT count(*) FROM pg_stat_activity WHERE {waiting}")
    return bool(unit.connection.execute(query).scalar_one())
