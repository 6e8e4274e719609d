"""The service `profiles`: its calls, and the facts of identity that it follows."""

from __future__ import annotations

from functools import partial
from typing import Any

from chassis.core.upcasting import Upcasters
from chassis.database.deletion import until_none_is_left
from chassis.eventlog.unit_of_work import UnitOfWork
from chassis.projections.inbox import Projection
from chassis.runtime.service import Remote, Resource, Service, every, rpc, subscribe
from chassis.validation import load
from chassis.validation.plain import MAX_CALL_BYTES
from contracts.addresses import ADDRESS_REQUEST
from contracts.checkout_profile import CHECKOUT_PROFILE_REQUEST
from contracts.common import STREAM_SETS_REQUEST
from contracts.event_types import EVENT_STEPS
from contracts.profiles import (
    CONFLICTS_REQUEST,
    GET_PROFILE_REQUEST,
    ORDER_REVIEW_REQUEST,
    RETRY_UNRECORDABLE_REQUEST,
    SET_ASIDE_REQUEST,
    UNRECORDABLE_REQUEST,
)
from contracts.timeline import FIND_REQUEST, TIMELINE_REQUEST
from identifiers.configuration import SHIPPED as IDENTITY_FILE
from profile_index import FORM_GAUGE, rebuild_note
from services.profiles import store
from services.profiles.commands import (
    RecordHandler,
    close_order_review,
    open_record_handler,
    refresh_summaries,
)
from services.profiles.deferred import DeferredEvents
from services.profiles.projections import IdentityProjection
from services.profiles.queries import (
    DEFERRED_GAUGES,
    Reading,
    addresses_meant,
    ask_holders,
    check_address,
    find_by_identifiers,
    find_by_word,
    find_profile,
    list_conflicts,
    list_order_reviews,
    list_unrecordable,
    preview_profiles,
    read_address,
    read_checkout_profile,
    read_profile,
    read_timeline,
    with_proofs,
)


class ProfilesService(Service):
    """What has happened: the log of all events, and the profiles folded from it."""

    name = "profiles"
    upcasters = Upcasters(EVENT_STEPS)
    configuration = (IDENTITY_FILE,)
    gauges = (DEFERRED_GAUGES, FORM_GAUGE)
    readiness_notes = (rebuild_note,)

    deferred: DeferredEvents = Resource(lambda s: DeferredEvents(open_record_handler(s)))
    identity_projection: IdentityProjection = Resource(lambda _: IdentityProjection())
    identity = Remote("identity", timeout=4.0)

    @property
    def recorder(self) -> RecordHandler:
        """What records events; those that wait for identity are recorded by it too."""
        return self.deferred.recorder

    @rpc
    def record(self, events: Any, origin: Any = "server") -> dict[str, Any]:
        """A receipt for each event of the list, and one token that covers them all.

        `origin` is the entry that they came in by: what a `browser` tells is never authenticated.
        """
        return self.recorder.record(events, self.identity, self.work, origin)

    @rpc
    def get(
        self, profile_id: Any = None, identifiers: Any = None, reveal: Any = False
    ) -> dict[str, Any]:
        """Everything known of a shopper, up to this moment, by one of the arguments.

        With `reveal`, the plain values of the identifiers that are still kept.
        """
        arguments = {"profile_id": profile_id, "identifiers": identifiers, "reveal": reveal}
        request = load(GET_PROFILE_REQUEST, arguments)
        current = find_profile(self.identity, request)
        requested = request.get("profile_id")
        vault = self.recorder.vault if request["reveal"] else None
        profile: dict[str, Any] = self.work.run(
            lambda unit: _respond(unit, read_profile(unit, current, requested, vault))
        )
        if vault:
            keys = [each["key"] for each in profile["addresses"]]
            profile = with_proofs(profile, ask_holders(self.identity, keys))
            self.log.info("identifiers_revealed", profile_id=profile["profile_id"])
        return profile

    @rpc
    def timeline(
        self,
        profile_id: Any = None,
        identifiers: Any = None,
        before: Any = None,
        limit: Any = 50,
        types: Any = None,
        reveal: Any = False,
    ) -> dict[str, Any]:
        """What happened to a shopper, a page of it, the newest first; and the orders as they stand.

        With `reveal`, the plain values of identifiers, and what shoppers and shops have written.
        """
        arguments = {
            "profile_id": profile_id,
            "identifiers": identifiers,
            "before": before,
            "limit": limit,
            "types": types,
            "reveal": reveal,
        }
        request = load(TIMELINE_REQUEST, arguments)
        current = find_profile(self.identity, request)
        vault = self.recorder.vault if request["reveal"] else None
        response: dict[str, Any] = self.work.run(
            lambda unit: _respond(unit, read_timeline(unit, current, request, vault))
        )
        if vault:
            self.log.info("identifiers_revealed", profile_id=response["profile_id"])
        return response

    @rpc
    def find(self, who: Any = None, identifiers: Any = None) -> dict[str, Any]:
        """Whose an id, a key or identifiers are; or why they are nobody's, and what to try.

        For the back office: an address that is proven leads to its account here, as nowhere else.
        """
        request = load(FIND_REQUEST, {"who": who, "identifiers": identifiers})
        vault = self.recorder.vault
        keys = self.work.read(partial(addresses_meant, vault=vault, request=request))
        holders = ask_holders(self.identity, keys)
        if "who" in request:
            find = partial(find_by_word, types=vault.types, word=request["who"], holders=holders)
            return self.work.read(find)
        given = request["identifiers"]
        response = self.identity.lookup(identifiers=given, authenticated=True)
        return self.work.read(
            partial(
                find_by_identifiers,
                vault=vault,
                identifiers=given,
                response=response,
                holders=holders,
            )
        )

    @rpc
    def address(self, email: Any = None, phone: Any = None, key: Any = None) -> dict[str, Any]:
        """What is known of an address, for the back office: nobody else is told of it.

        Its streams, the account that has proven it, their orders, and what was consented to and
        refused, with the time and the source.
        """
        arguments = {"email": email, "phone": phone, "key": key}
        given = {name: value for name, value in arguments.items() if value is not None}
        request = load(ADDRESS_REQUEST, given)
        vault = self.recorder.vault
        keys = self.work.read(partial(addresses_meant, vault=vault, request=request))
        meant = check_address(request, vault, keys)
        holders = ask_holders(self.identity, [meant])
        response: dict[str, Any] = self.work.run(
            lambda unit: _respond(unit, read_address(unit, meant, holders))
        )
        self.log.info("address_read", profile_id=response["profile_id"])
        return response

    @rpc
    def checkout_profile(self, user_id: Any) -> dict[str, Any]:
        """What fills the form of a user whom the caller knows to be this account: what is saved."""
        request = load(CHECKOUT_PROFILE_REQUEST, {"user_id": user_id})
        found = self.identity.lookup(identifiers=request, authenticated=True)
        return self.work.read(partial(read_checkout_profile, profile_id=found["profile_id"]))

    @rpc
    def preview(self, stream_sets: Any) -> list[dict[str, Any]]:
        """The profile that each set of streams would be, whoever they belong to today."""
        request = load(STREAM_SETS_REQUEST, {"stream_sets": stream_sets}, max_bytes=MAX_CALL_BYTES)
        profiles: list[dict[str, Any]] = self.work.run(
            lambda unit: _respond(unit, preview_profiles(unit, request["stream_sets"]))
        )
        return profiles

    @rpc
    def review(self, limit: Any = 100, done: Any = None) -> list[dict[str, Any]]:
        """Orders whose id stands for another order too; `done` takes an entry off the list."""
        request = load(ORDER_REVIEW_REQUEST, {"limit": limit, "done": done})

        def respond(unit: UnitOfWork) -> list[dict[str, Any]]:
            if "done" in request:
                close_order_review(unit, request["done"])
            return list_order_reviews(unit, request["limit"])

        return self.work.run(respond)

    @rpc
    def statistics(self) -> dict[str, int]:
        """How many events of shops, profiles, completed orders and streams there are."""
        return self.work.read(store.statistics)

    @rpc
    def conflicts(self, limit: Any = 100) -> list[dict[str, Any]]:
        """The newest events that were not recorded as their id had been sent with other content."""
        request = load(CONFLICTS_REQUEST, {"limit": limit})
        return self.work.read(lambda unit: list_conflicts(unit, request["limit"]))

    @rpc
    def unrecordable(self, limit: Any = 100) -> list[dict[str, Any]]:
        """The newest events that waited for identity and could not be recorded, and why."""
        request = load(UNRECORDABLE_REQUEST, {"limit": limit})
        return self.work.read(lambda unit: list_unrecordable(unit, request["limit"]))

    @rpc
    def retry_unrecordable(self, event_ids: Any = None) -> dict[str, int]:
        """Let such events, by id, or all of them wait again, where they were in the queue."""
        arguments = {} if event_ids is None else {"event_ids": event_ids}
        request = load(RETRY_UNRECORDABLE_REQUEST, arguments)
        return {"events": self.work.run(lambda u: store.defer_again(u, request["event_ids"]))}

    @rpc
    def set_aside_deferred(self, event_ids: Any) -> dict[str, int]:
        """Take deferred events, by id, out of the queue: they are tried no more by themselves."""
        request = load(SET_ASIDE_REQUEST, {"event_ids": event_ids})
        return {"events": self.work.run(lambda u: store.set_aside(u, request["event_ids"]))}

    @subscribe("identity")
    def identity_events(self) -> Projection:
        """Bring in what no `record` has: splits, merges by a support desk, leftovers of a crash."""
        return self.identity_projection

    @every(0.5)
    def record_waiting(self) -> None:
        """Record the events that were deferred while identity did not answer, in their order."""
        recorded = self.deferred.drain(self.identity, self.work)
        if recorded:
            self.log.info("recorded_deferred_events", events=recorded)

    @every(3600)
    def forget_expired(self) -> None:
        """Delete the plain values of identifiers whose time has run out, old carts and conflicts.

        Some rows at a time: nobody who records waits for long.
        """
        for forget in (
            store.forget_expired,
            store.forget_carts,
            store.forget_cart_streams,
            store.forget_conflicts,
        ):
            until_none_is_left(partial(self.work.run, forget))


def _respond(unit: UnitOfWork, reading: Reading) -> Any:
    """The response of a query, whose summaries are stored on the way."""
    refresh_summaries(unit, reading.summaries)
    return reading.response
