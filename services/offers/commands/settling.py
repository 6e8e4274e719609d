"""What time, refunds and merges do to grants, by a timer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import structlog
from prometheus_client import Counter

from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from services.offers import store
from services.offers.commands.exposing import tell_conflicts
from services.offers.commands.granting import GRANTS
from services.offers.commands.returning import returned_grants
from services.offers.domain.caps import EXPIRED, RETURNED, exceeded
from services.offers.domain.catalogue import Catalogue

CAPS_EXCEEDED = Counter(
    "cdp_caps_exceeded", "Profiles that exceed a cap since others were merged into them."
)
_A_UNIT = 200

_log = structlog.get_logger("offers")


def settle_grants(work: UnitOfWorkRunner, catalogue: Catalogue) -> None:
    """Let overdue reservations expire, give back what orders returned, and look at merges."""
    for step in (
        _expire,
        lambda unit: store.give_back_overdue(unit, _A_UNIT),
        _return_orders,
        lambda unit: _look_at_merges(unit, catalogue),
    ):
        while work.run(step) == _A_UNIT:
            pass


def end_grants(unit: UnitOfWork, grant_ids: Sequence[str], state: str) -> None:
    """Have grants, whose rows are locked, count no longer, and give their budgets back."""
    for grant_id in grant_ids:
        store.change_grant(unit, grant_id, state)
    store.give_back(unit, grant_ids)
    unit.after_commit(lambda: GRANTS.labels(state).inc(len(grant_ids)))


def end_overdue(unit: UnitOfWork, grant_ids: Iterable[str]) -> None:
    """Have those of the reservations expire whose time is over: they would count a little longer,
    as clocks differ.
    """
    end_grants(unit, store.lock_overdue(unit, grant_ids), EXPIRED)


def _expire(unit: UnitOfWork) -> int:
    overdue = store.overdue_grants(unit, _A_UNIT)
    end_grants(unit, overdue, EXPIRED)
    return len(overdue)


def _return_orders(unit: UnitOfWork) -> int:
    orders, returned = returned_grants(unit, _A_UNIT)
    end_grants(unit, returned, RETURNED)
    return orders


def _look_at_merges(unit: UnitOfWork, catalogue: Catalogue) -> int:
    """Report what the sides of merged profiles hold together over their caps, and which of them
    have seen two variants of an experiment.
    """
    profiles = store.take_moved_holders(unit, _A_UNIT)
    if profiles:
        tell_conflicts(unit, store.load_conflicts(unit, profiles))
    for profile_id in profiles:
        grants = store.live_grants_of(unit, profile_id)
        for cap_id in sorted({grant.cap_id for grant in grants}):
            offer = catalogue.offers.get(cap_id)
            counted = [(g.decided_at, g.amount, g.currency) for g in grants if g.cap_id == cap_id]
            for why in exceeded(offer.limits, counted, unit.now) if offer and offer.limits else ():
                unit.after_commit(CAPS_EXCEEDED.inc)
                _log.warning(
                    "cap_exceeded_by_merge", profile_id=profile_id, offer_id=cap_id, cap=why
                )
    return len(profiles)
