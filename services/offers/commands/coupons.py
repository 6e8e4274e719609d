"""Coupon codes: loading a pool, and taking the code of a grant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
        raise Capped({offer.id: _no_code_in(offer.coupons)})
    return code


def without_codes(unit: UnitOfWork, offers: Iterable[Offer]) -> dict[str, str]:
    """Those of the offers whose pool has no code left, by id, and that it has none."""
    pools = {offer.id: offer.coupons for offer in offers if offer.coupons is not None}
    left = store.pools_with_codes(unit, pools.values()) if pools else set()
    return {offer_id: _no_code_in(pool) for offer_id, pool in pools.items() if pool not in left}


def _no_code_in(pool: str) -> str:
    return f"coupons: no code is left in the pool {pool}"
