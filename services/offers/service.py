"""The service offers: what should this shopper see?"""

from __future__ import annotations

from functools import partial
from typing import Any

from chassis.core.upcasting import Upcasters
from chassis.eventlog.unit_of_work import UnitOfWork
from chassis.projections.inbox import Projection
from chassis.runtime.service import (
    FollowedLog,
    Remote,
    Resource,
    Service,
    every,
    everywhere,
    rpc,
    subscribe,
)
from chassis.validation import load
from chassis.validation.plain import MAX_CALL_BYTES
from contracts.catalogues import CATALOGUE_REQUEST
from contracts.decisions import DECISION_STEPS
from contracts.event_types import EVENT_STEPS
from identifiers.configuration import SHIPPED as IDENTITY_FILE
from profile_index import FORM_GAUGE, rebuild_note
from services.offers import queries
from services.offers.commands import (
    DecisionHandler,
    Upstream,
    open_decision_handler,
    refresh_halted,
    refresh_unreadable,
)
from services.offers.configuration import SHIPPED, CatalogueFile, read_file
from services.offers.projections import SegmentProjection, ShopperProjection
from services.offers.registry import put_in_force

_HALTED_SECONDS = 5.0
_HALTED_PAGE = 1_000
_CATALOGUE_SECONDS = 1.0


class OffersService(Service):
    """RPC: decisions, why they were made, and the catalogue; follows profiles and segments."""

    name = "offers"
    upcasters = Upcasters({**EVENT_STEPS, **DECISION_STEPS})
    configuration = (IDENTITY_FILE, SHIPPED)
    gauges = (FORM_GAUGE,)
    readiness_notes = (rebuild_note,)
    publish_pause = 0.2  # seconds: the next decision is more urgent than the event of the last one

    decisions: DecisionHandler = Resource(open_decision_handler)
    profiles_log = FollowedLog("profiles")
    segments = Remote("segments")
    shopper_projection: ShopperProjection = Resource(lambda _: ShopperProjection())
    segment_projection: SegmentProjection = Resource(lambda _: SegmentProjection())

    @rpc
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
        return self.decisions.decide(request, self.work, upstream)

    @rpc
    def explain(self, decision_id: Any) -> dict[str, Any]:
        """A decision of the log, with its trace and the request."""
        return self.work.read(
            partial(
                queries.read_decision,
                decision_id=decision_id,
                catalogues=self.decisions.catalogues,
            )
        )

    @rpc
    def check(self, file: Any = None) -> dict[str, Any]:
        """What an offers.yaml would change, by default that of this process."""
        wanted = self._file(file)
        catalogues = self.decisions.catalogues
        return self.work.read(lambda unit: queries.compare_catalogue(unit, wanted, catalogues))

    @rpc
    def apply(self, file: Any = None) -> dict[str, Any]:
        """Put an offers.yaml in force, by default that of this process."""
        wanted = self._file(file)
        catalogues = self.decisions.catalogues

        def respond(unit: UnitOfWork) -> dict[str, Any]:
            response = queries.compare_catalogue(unit, wanted, catalogues)
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
    def replay(self, since: Any = None, file: Any = None, after: Any = None) -> dict[str, Any]:
        """Decisions of the log made again, by their own catalogue or by another one: a page."""
        given = {"since": since, "file": file, "after": after}
        arguments = {name: value for name, value in given.items() if value is not None}
        return self.work.read(
            partial(queries.replay_page, arguments=arguments, catalogues=self.decisions.catalogues)
        )

    def _file(self, text: Any) -> CatalogueFile:
        request = load(CATALOGUE_REQUEST, {"file": text}, max_bytes=MAX_CALL_BYTES)
        if "file" not in request:
            return self.decisions.catalogues.file
        return read_file(request["file"], is_shipped=False)

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

    @everywhere(_CATALOGUE_SECONDS)
    def refresh_catalogue(self) -> None:
        """Takes over the catalogue that is in force."""
        self.decisions.catalogues.refresh(self.work)
