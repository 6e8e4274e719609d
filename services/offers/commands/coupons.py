"""Coupon codes: loading a pool, and taking the code of a grant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chassis.eventlog.unit_of_work import UnitOfWork
from services.offers import store
from services.offers.domain.caps import Capped
from services.offers.domain.catalogue import Offer


def load_coupons(unit: UnitOfWork, request: Mapping[str, Any]) -> dict[str, Any]:
    """Add codes to a pool: see `contracts.coupons.LoadCouponsRequest`. Twice is as good as once."""
    pool: str = request["pool"]
    added = store.add_coupons(unit, pool, request["codes"])
    codes, taken = store.coupon_pools(unit).get(pool, (0, 0))
    return {"pool": pool, "free": codes - taken, "taken": taken, "added": added}


def list_coupons(unit: UnitOfWork) -> dict[str, Any]:
    """The pools, and what is left of each."""
    pools = store.coupon_pools(unit).items()
    return {
        "pools": [
            {"pool": pool, "free": codes - taken, "taken": taken} for pool, (codes, taken) in pools
        ]
    }


def take_coupon(unit: UnitOfWork, offer: Offer | None, grant_id: str) -> str | None:
    """The code of a grant of the offer, None if it has no coupons; Capped if no code is left.

    A code that somebody has seen is nobody else's: it stays with the grant, whatever becomes of it.
    """
    if offer is None or offer.coupons is None:
        return store.coupon_of(unit, grant_id)
    code = store.take_coupon(unit, offer.coupons, grant_id)
    if code is None:
        raise Capped({offer.id: f"coupons: no code is left in the pool {offer.coupons}"})
    return code
