"""Giving back what was granted for orders that were refunded in all or cancelled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chassis.eventlog.unit_of_work import UnitOfWork
from profile_index import profiles_of
from services.offers import store
from services.offers.domain.returns import OrderReturn, ReturnedOrders


def returned_grants(unit: UnitOfWork, limit: int) -> tuple[int, list[str]]:
    """The ids of grants, whose rows are locked, that up to `limit` orders give back.

    With how many orders that were: what they have returned is settled.
    """
    orders = store.open_returns(unit, limit)
    found: list[str] = []
    for of_store, order_id in orders:
        store.lock_order(unit, of_store, order_id)
        returns = store.settle_returns(unit, of_store, order_id)
        grants = store.grants_of_order(unit, of_store, order_id)
        if returns and grants:  # else they have just moved, and are not settled
            found += _returned(unit, returns, grants)
    return len(orders), found


def _returned(unit: UnitOfWork, returns: Sequence[OrderReturn], grants: Sequence[Any]) -> list[str]:
    """Those of the grants of an id that its orders give back."""
    keys = store.keys_of_grants(unit, [grant.grant_id for grant in grants])
    homes = {each.stream_id for each in returns if each.stream_id is not None}
    profiles = profiles_of(unit, homes.union(*keys.values()))
    orders = ReturnedOrders(
        returns,
        store.is_reused(unit, returns[0].store, returns[0].order_id),
        profiles,
        {home: store.carried_in(unit, [home]) for home in homes},
        store.accounts_of(unit, profiles.values()),
    )
    return [
        grant.grant_id
        for grant in grants
        if orders.gives_back(keys[grant.grant_id], grant.order_value)
    ]
