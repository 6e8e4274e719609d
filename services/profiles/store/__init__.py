"""The tables and queries of profiles: its log, and the index kept in step with it.

Transactions lock rows in one order, so that no two wait for each other:

    1. positions      of identity's streams, sorted (`IdentityProjection` only)
    -. carts          sorted, then cart_streams, sorted by cart, and then order_homes, sorted by
                      order: `record` alone
    -. known_addresses and then address_uses, sorted by address: `record` alone
    2. streams        of the log, sorted, when facts and events are appended
    3. labels         sorted by stream, and then identifiers, sorted by key, and then
                      saved_details, sorted by stream
    4. sealed_values  sorted by key (`record` and `record_deferred`)
    5. waiting_lease, then the rows of waiting (`record_deferred` only)
    6. conflicts      sorted by event id, in a transaction of their own
"""

from services.profiles.store.addresses import (
    load_address_uses,
    load_refusals,
    lock_addresses,
    newest_uses,
    save_addresses,
    uses_in,
)
from services.profiles.store.carts import (
    forget_cart_streams,
    forget_carts,
    lock_carts,
    note_carts,
    note_purchases,
    streams_of_carts,
)
from services.profiles.store.conflicts import (
    EventConflict,
    forget_conflicts,
    list_conflicts,
    note_conflicts,
)
from services.profiles.store.deferred import (
    DeferredCounts,
    DeferredEvent,
    UnrecordableEvent,
    count_deferred,
    defer,
    defer_again,
    deferred_state,
    give_lease_back,
    has_deferred_events,
    hold_lease,
    is_work_waiting,
    keep_unrecordable,
    last_place,
    list_unrecordable,
    load_deferred,
    load_deferred_by_id,
    load_due,
    note_failure,
    remove_deferred,
    set_aside,
    take_lease,
)
from services.profiles.store.events import (
    append,
    epochs,
    identifier_keys,
    known_keys,
    recorded_lately,
    statistics,
    timeline_places,
)
from services.profiles.store.orders import (
    close_order_review,
    list_order_reviews,
    lock_orders,
    note_order_reviews,
    save_orders,
)
from services.profiles.store.owners import owners
from services.profiles.store.saved_details import keep_details, load_details
from services.profiles.store.sealed_values import (
    forget_expired,
    keep_sealed,
    sample_sealed_values,
    sealed_values,
)
from services.profiles.store.summaries import (
    CurrentSummary,
    current_summaries,
    save_summaries,
)
from services.profiles.store.tables import (
    ADDRESS_REFUSALS,
    ADDRESS_USES,
    CART_STREAMS,
    CARTS,
    CONFLICTS,
    DEFERRED,
    KNOWN_ADDRESSES,
    LEASE,
    METADATA,
    ORDER_HOMES,
    ORDER_REVIEWS,
    SAVED_DETAILS,
    SEALED_VALUES,
)

__all__ = [
    "ADDRESS_REFUSALS",
    "ADDRESS_USES",
    "CARTS",
    "CART_STREAMS",
    "CONFLICTS",
    "DEFERRED",
    "KNOWN_ADDRESSES",
    "LEASE",
    "METADATA",
    "ORDER_HOMES",
    "ORDER_REVIEWS",
    "SAVED_DETAILS",
    "SEALED_VALUES",
    "CurrentSummary",
    "DeferredCounts",
    "DeferredEvent",
    "EventConflict",
    "UnrecordableEvent",
    "append",
    "close_order_review",
    "count_deferred",
    "current_summaries",
    "defer",
    "defer_again",
    "deferred_state",
    "epochs",
    "forget_cart_streams",
    "forget_carts",
    "forget_conflicts",
    "forget_expired",
    "give_lease_back",
    "has_deferred_events",
    "hold_lease",
    "identifier_keys",
    "is_work_waiting",
    "keep_details",
    "keep_sealed",
    "keep_unrecordable",
    "known_keys",
    "last_place",
    "list_conflicts",
    "list_order_reviews",
    "list_unrecordable",
    "load_address_uses",
    "load_deferred",
    "load_deferred_by_id",
    "load_details",
    "load_due",
    "load_refusals",
    "lock_addresses",
    "lock_carts",
    "lock_orders",
    "newest_uses",
    "note_carts",
    "note_conflicts",
    "note_failure",
    "note_order_reviews",
    "note_purchases",
    "owners",
    "recorded_lately",
    "remove_deferred",
    "sample_sealed_values",
    "save_addresses",
    "save_orders",
    "save_summaries",
    "sealed_values",
    "set_aside",
    "statistics",
    "streams_of_carts",
    "take_lease",
    "timeline_places",
    "uses_in",
]
