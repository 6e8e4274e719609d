"""The service offers: what should this shopper see?"""

from __future__ import annotations

from functools import partial
from typing import Any

from chassis.core.deadline import DeadlineExceeded, run_within
from chassis.core.errors import ServiceError, Unavailable
from chassis.core.upcasting import Upcasters
from chassis.eventlog.unit_of_work import UnitOfWork
from chassis.projections.inbox import Projection
from chassis.runtime.service import (
    Background,
    FollowedLog,
    Remote,
    Resource,
    Service,
    every,
    everywhere,
    http,
    rpc,
    subscribe,
)
from chassis.validation import load
from chassis.validation.plain import MAX_CALL_BYTES
from contracts.catalogues import CATALOGUE_REQUEST
from contracts.common import STREAM_SETS_REQUEST
from contracts.coupons import LOAD_COUPONS_REQUEST
from contracts.decisions import DECISION_STEPS
from contracts.event_types import EVENT_STEPS
from identifiers.configuration import SHIPPED as IDENTITY_FILE
from profile_index import FORM_GAUGE, rebuild_note
from services.offers import queries
from services.offers.commands import (
    DecisionHandler,
    OutcomeHandler,
    ReservationHandler,
    Upstream,
    list_coupons,
    load_coupons,
    open_decision_handler,
    open_outcome_handler,
    open_reservation_handler,
    refresh_halted,
    refresh_unreadable,
    settle_grants,
)
from services.offers.configuration import SHIPPED, CatalogueFile, read_file
from services.offers.decision_log import DecisionLog, open_decision_log
from services.offers.projections import LiveShopperProjection, SegmentProjection, ShopperProjection
from services.offers.registry import put_in_force

_HALTED_SECONDS = 5.0
_HALTED_PAGE = 1_000
_CATALOGUE_SECONDS = 1.0
_STATISTICS_SECONDS = 1.0
_JOINING_SECONDS = 1.0
_SETTLING_SECONDS = 5.0
_FLUSH_SECONDS = 2.0
_OUTCOMES_SECONDS = 10.0
_SEGMENTS_SECONDS = 2.0  # a file is checked without them, if they are away
_OUTCOMES_AT_ONCE = 4  # over HTTP: reports that wait for the database leave room for decisions


class OffersService(Service):
    """RPC: decisions, why they were made, and the catalogue; follows profiles and segments."""

    name = "offers"
    upcasters = Upcasters({**EVENT_STEPS, **DECISION_STEPS})
    configuration = (IDENTITY_FILE, SHIPPED)
    gauges = (FORM_GAUGE,)
    readiness_notes = (rebuild_note,)
    publish_pause = 0.2  # seconds: the next decision is more urgent than the event of the last one

    decisions: DecisionHandler = Resource(open_decision_handler)
    outcomes: OutcomeHandler = Resource(open_outcome_handler)
    decision_log: DecisionLog = Background(open_decision_log)
    reservations: ReservationHandler = Resource(open_reservation_handler)
    profiles_log = FollowedLog("profiles")
    segments = Remote("segments")
    shopper_projection: ShopperProjection = Resource(lambda _: LiveShopperProjection())
    segment_projection: SegmentProjection = Resource(lambda _: SegmentProjection())

    @rpc(overflow="decisions")
    @http("/v1/decide", overflow="decisions")
    def decide(self, request: Any) -> dict[str, Any]:
        """What a shopper should see in each slot of a placement: see `contracts.offers`."""
        upstream = Upstream(
            catch_up=lambda at_least, seconds: self.profiles_log.catch_up(
                at_least, self.profile_events(), seconds
            ),
            memberships=lambda profile_id, at_least, seconds: self.segments.call(
                "memberships",
                timeout=seconds,
                profile_id=profile_id,
                at_least=dict(at_least),
                wait_ms=int(seconds * 1_000),
            ),
        )
        return self.decisions.decide(request, self.work, upstream, self.decision_log)

    @rpc
    @http("/v1/outcomes", member="outcomes", most_at_once=_OUTCOMES_AT_ONCE)
    def record_outcomes(self, outcomes: Any) -> dict[str, Any]:
        """What became of blocks that were decided: see `contracts.outcomes`."""
        try:
            return run_within(_OUTCOMES_SECONDS, partial(self.outcomes.record, outcomes, self.work))
        except DeadlineExceeded:
            raise Unavailable("database", "takes too long; report the outcomes again") from None

    @rpc
    def reserve(
        self,
        key: Any,
        offer_id: Any,
        identifiers: Any = None,
        authenticated: Any = False,
        amount: Any = None,
        currency: Any = None,
    ) -> dict[str, Any]:
        """Reserve an offer with caps or a budget for a shopper: see `contracts.reservations`."""
        request = {
            "key": key,
            "offer_id": offer_id,
            "identifiers": identifiers,
            "authenticated": authenticated,
            "amount": amount,
            "currency": currency,
        }
        catalogue = self.decisions.catalogues.in_force(self.work)
        return self.reservations.reserve(request, catalogue, self.work)

    @rpc
    def confirm(
        self,
        key: Any,
        identifiers: Any = None,
        authenticated: Any = False,
        order_id: Any = None,
        store: Any = None,
        value: Any = None,
    ) -> dict[str, Any]:
        """Have a reservation count for good, for an order."""
        request = {
            "key": key,
            "identifiers": identifiers,
            "authenticated": authenticated,
            "order_id": order_id,
            "store": store,
            "value": value,
        }
        catalogue = self.decisions.catalogues.in_force(self.work)
        return self.reservations.confirm(request, catalogue, self.work)

    @rpc
    def preview_caps(self, stream_sets: Any) -> list[dict[str, Any]]:
        """What a profile of each set of streams would have used of caps, by offer."""
        request = load(STREAM_SETS_REQUEST, {"stream_sets": stream_sets}, max_bytes=MAX_CALL_BYTES)
        catalogue = self.decisions.catalogues.in_force(self.work)
        return self.work.read(
            partial(queries.preview_caps, catalogue=catalogue, stream_sets=request["stream_sets"])
        )

    @rpc
    def release(self, key: Any) -> dict[str, Any]:
        """Give a reservation back."""
        return self.reservations.release({"key": key}, self.work)

    @rpc
    def load_coupons(self, pool: Any, codes: Any) -> dict[str, Any]:
        """Add codes to a pool of coupons."""
        given = {"pool": pool, "codes": codes}
        request = load(LOAD_COUPONS_REQUEST, given, max_bytes=MAX_CALL_BYTES)
        return self.work.run(partial(load_coupons, request=request))

    @rpc
    def coupons(self) -> dict[str, Any]:
        """The pools of coupon codes, and what is left of each."""
        return self.work.read(list_coupons)

    @rpc
    def explain(self, decision_id: Any) -> dict[str, Any]:
        """A decision of the log, with its trace and the request."""
        self.decision_log.flush(_FLUSH_SECONDS)
        return queries.explain(self.work, decision_id, self.decisions.catalogues)

    @rpc
    def check(self, file: Any = None) -> dict[str, Any]:
        """What an offers.yaml would change, by default that of this process."""
        wanted = self._file(file)
        catalogues, segments = self.decisions.catalogues, self._segments()
        return self.work.read(
            lambda unit: queries.compare_catalogue(unit, wanted, catalogues, segments)
        )

    def _segments(self) -> frozenset[str] | None:
        """The segments that are defined; None if their service does not answer."""
        try:
            listed = self.segments.call("list", timeout=_SEGMENTS_SECONDS)
        except ServiceError:
            return None
        return frozenset(each["segment"] for each in listed)

    @rpc
    def apply(self, file: Any = None) -> dict[str, Any]:
        """Put an offers.yaml in force, by default that of this process."""
        wanted = self._file(file)
        catalogues, segments = self.decisions.catalogues, self._segments()

        def respond(unit: UnitOfWork) -> dict[str, Any]:
            response = queries.compare_catalogue(unit, wanted, catalogues, segments)
            put_in_force(unit, wanted)
            return response

        response = self.work.run(respond)
        catalogues.refresh(self.work)
        return response

    @rpc
    def export(self) -> dict[str, Any]:
        """The offers.yaml in force."""
        return self.work.read(queries.export_catalogue)

    @rpc
    def fallbacks(self, language: Any = None) -> dict[str, Any]:
        """What each slot of each placement shows if no offer comes."""
        arguments = {} if language is None else {"language": language}
        return queries.list_fallbacks(self.decisions.catalogues.current, arguments)

    @rpc
    def replay(self, since: Any = None, file: Any = None, after: Any = None) -> dict[str, Any]:
        """Decisions of the log made again, by their own catalogue or by another one: a page."""
        given = {"since": since, "file": file, "after": after}
        arguments = {name: value for name, value in given.items() if value is not None}
        self.decision_log.flush(_FLUSH_SECONDS)
        return self.work.read(
            partial(queries.replay_page, arguments=arguments, catalogues=self.decisions.catalogues)
        )

    @rpc
    def experiment_report(self, experiment: Any) -> dict[str, Any]:
        """How the variants of an experiment compare: see `contracts.experiments`."""
        catalogue = self.decisions.catalogues.in_force(self.work)
        return self.work.read(
            partial(
                queries.report_experiment,
                arguments={"experiment": experiment},
                catalogue=catalogue,
            )
        )

    def _file(self, text: Any) -> CatalogueFile:
        request = load(CATALOGUE_REQUEST, {"file": text}, max_bytes=MAX_CALL_BYTES)
        if "file" not in request:
            return self.decisions.catalogues.file
        return read_file(request["file"], is_shipped=False, types=self.decisions.types)

    @subscribe("profiles")
    def profile_events(self) -> Projection:
        """Follows identity, traits, consent and loyalty."""
        return self.shopper_projection

    @subscribe("segments")
    def segment_events(self) -> Projection:
        """Follows who is in which segment."""
        return self.segment_projection

    @every(_HALTED_SECONDS)
    def refresh_halted(self) -> None:
        """Asks segments which streams it has halted: a decision from these says so."""
        refresh_halted(
            self.work,
            lambda after: self.segments.call(
                "halted", source="profiles", after=after, limit=_HALTED_PAGE
            ),
        )

    @every(_HALTED_SECONDS)
    def refresh_unreadable(self) -> None:
        """Asks segments which rules a release cannot read: a decision by these says so."""
        refresh_unreadable(self.work, lambda: self.segments.call("standstills"))

    @every(_JOINING_SECONDS)
    def join_outcomes(self) -> None:
        """Joins outcomes with decisions that were logged after them."""
        self.outcomes.join(self.work)

    @every(_SETTLING_SECONDS)
    def settle_grants(self) -> None:
        """Lets reservations expire, gives back what was refunded, reports what merges exceeded."""
        settle_grants(self.work, self.decisions.catalogues.in_force(self.work))

    @everywhere(_CATALOGUE_SECONDS)
    def refresh_catalogue(self) -> None:
        """Takes over the catalogue that is in force."""
        self.decisions.catalogues.refresh(self.work)

    @everywhere(_STATISTICS_SECONDS)
    def refresh_statistics(self) -> None:
        """Takes over what became of offers that bandits have drawn."""
        self.decisions.statistics.refresh(self.work)
