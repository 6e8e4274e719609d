"""The tables of offers, and their statements.

Whoever grants, confirms or gives back locks in this order, each line sorted, and then appends:

    advisory locks of (cap_id, key)     `reserve` and `confirm`: whoever counts under these keys, or
                                        the cap's own lock for very many, which the others share;
                                        by names alone also news of whose these are
        |
    advisory lock of an order           `confirm`, and whoever gives back what it has returned
        |
    grants
        |
    budget_holds
        |
    budgets                             a batch of a budget begins here, and adds new holds
        |
    streams, events, outbox             as in every service
"""

from services.offers.store.budgets import (
    BudgetHold,
    give_back,
    give_back_overdue,
    give_back_unused,
    keep_holds,
    load_budgets,
    take_budget,
)
from services.offers.store.catalogues import applied_catalogues, catalogue_text, put_catalogue
from services.offers.store.contacts import save_carried
from services.offers.store.coupons import (
    add_coupons,
    coupon_of,
    coupon_pools,
    pools_with_codes,
    take_coupon,
)
from services.offers.store.exposures import (
    count_exposed,
    load_conflicts,
    load_exposed_responses,
    load_exposures,
    save_exposures,
    save_responses,
)
from services.offers.store.grants import (
    adopt_grants,
    carried_in,
    change_grant,
    count_usage,
    grants_of_order,
    keys_of_carriers,
    keys_of_grant,
    load_decision_grants,
    load_grant,
    lock_caps,
    lock_order,
    lock_overdue,
    overdue_grants,
    put_grant_keys,
    put_grants,
)
from services.offers.store.memberships import load_memberships, save_memberships
from services.offers.store.moved_holders import (
    live_grants_of,
    note_moved_holders,
    take_moved_holders,
)
from services.offers.store.outcome_counts import add_outcome_counts, load_outcome_counts
from services.offers.store.outcomes import (
    UnjoinedOutcome,
    forget_unjoined_outcomes,
    put_unjoined_outcomes,
    take_joinable_outcomes,
)
from services.offers.store.points import (
    load_point_entries,
    move_point_entries,
    save_point_entries,
)
from services.offers.store.recognition import Matches, load_matches
from services.offers.store.returns import (
    accounts_of,
    is_reused,
    keys_of_grants,
    move_returns,
    note_reused_ids,
    open_returns,
    reopen_returns,
    save_returns,
    settle_returns,
)
from services.offers.store.standstills import (
    load_halted_in_segments,
    load_unreadable_segments,
    save_halted_in_segments,
    save_unreadable_segments,
)
from services.offers.store.tables import (
    BUDGET_HOLDS,
    BUDGETS,
    CARRIED,
    CATALOGUES,
    COUPONS,
    EXPOSURES,
    GRANT_KEYS,
    GRANTS,
    HALTED_IN_SEGMENTS,
    MEMBERSHIPS,
    METADATA,
    MOVED_HOLDERS,
    ORDER_RETURNS,
    OUTCOME_COUNTS,
    POINT_ENTRIES,
    RESPONSES,
    REUSED_ORDER_IDS,
    UNJOINED_OUTCOMES,
    UNREADABLE_SEGMENTS,
)

__all__ = [
    "BUDGETS",
    "BUDGET_HOLDS",
    "CARRIED",
    "CATALOGUES",
    "COUPONS",
    "EXPOSURES",
    "GRANTS",
    "GRANT_KEYS",
    "HALTED_IN_SEGMENTS",
    "MEMBERSHIPS",
    "METADATA",
    "MOVED_HOLDERS",
    "ORDER_RETURNS",
    "OUTCOME_COUNTS",
    "POINT_ENTRIES",
    "RESPONSES",
    "REUSED_ORDER_IDS",
    "UNJOINED_OUTCOMES",
    "UNREADABLE_SEGMENTS",
    "BudgetHold",
    "Matches",
    "UnjoinedOutcome",
    "accounts_of",
    "add_coupons",
    "add_outcome_counts",
    "adopt_grants",
    "applied_catalogues",
    "carried_in",
    "catalogue_text",
    "change_grant",
    "count_exposed",
    "count_usage",
    "coupon_of",
    "coupon_pools",
    "forget_unjoined_outcomes",
    "give_back",
    "give_back_overdue",
    "give_back_unused",
    "grants_of_order",
    "is_reused",
    "keep_holds",
    "keys_of_carriers",
    "keys_of_grant",
    "keys_of_grants",
    "live_grants_of",
    "load_budgets",
    "load_conflicts",
    "load_decision_grants",
    "load_exposed_responses",
    "load_exposures",
    "load_grant",
    "load_halted_in_segments",
    "load_matches",
    "load_memberships",
    "load_outcome_counts",
    "load_point_entries",
    "load_unreadable_segments",
    "lock_caps",
    "lock_order",
    "lock_overdue",
    "move_point_entries",
    "move_returns",
    "note_moved_holders",
    "note_reused_ids",
    "open_returns",
    "overdue_grants",
    "pools_with_codes",
    "put_catalogue",
    "put_grant_keys",
    "put_grants",
    "put_unjoined_outcomes",
    "reopen_returns",
    "save_carried",
    "save_exposures",
    "save_halted_in_segments",
    "save_memberships",
    "save_point_entries",
    "save_responses",
    "save_returns",
    "save_unreadable_segments",
    "settle_returns",
    "take_budget",
    "take_coupon",
    "take_joinable_outcomes",
    "take_moved_holders",
]
