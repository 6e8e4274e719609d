"""The service `profiles`: its calls, and the facts of identity that it follows."""

from __future__ import annotations

from typing import Any

from chassis.projections.inbox import Projection
from chassis.runtime.service import Remote, Resource, Service, every, rpc, subscribe
from chassis.validation import load
from chassis.validation.plain import MAX_CALL_BYTES
from contracts.common import STREAM_SETS_REQUEST
from contracts.profiles import GET_PROFILE_REQUEST
from identifiers import load_types
from services.profiles import store
from services.profiles.commands import IdentityProjection, RecordHandler
from services.profiles.deferred import DeferredEvents
from services.profiles.queries import find_profile, preview_profiles, read_profile
from services.profiles.vault import open_vault


class ProfilesService(Service):
    """What has happened: the log of all events, and the profiles folded from it."""

    name = "profiles"

    identity = Remote("identity", timeout=4.0)
    vault = Resource(lambda s: open_vault(load_types(s.config_dir), s.identifier_key))

    @rpc
    def record(self, events: Any) -> dict[str, Any]:
        """A receipt for each event of the list, and one token that covers them all."""
        return self._recorder().record(events)

    @rpc
    def get(
        self, profile_id: Any = None, identifiers: Any = None, reveal: Any = False
    ) -> dict[str, Any]:
        """Everything known of a shopper, up to this moment, by one of the arguments.

        With `reveal`, the plain values of the identifiers that are still kept.
        """
        who = load(
            GET_PROFILE_REQUEST,
            {"profile_id": profile_id, "identifiers": identifiers, "reveal": reveal},
        )
        found = find_profile(self.identity, who)
        vault = self.vault if who["reveal"] else None
        profile = self.work.run(
            lambda unit: read_profile(unit, found, who.get("profile_id"), vault)
        )
        if vault:
            self.log.info("identifiers_revealed", profile_id=profile["profile_id"])
        return profile

    @rpc
    def preview(self, stream_sets: Any) -> list[dict[str, Any]]:
        """The profile that each set of streams would be, whoever they belong to today."""
        sets = load(STREAM_SETS_REQUEST, {"stream_sets": stream_sets}, max_bytes=MAX_CALL_BYTES)
        return self.work.run(lambda unit: preview_profiles(unit, sets["stream_sets"]))

    @rpc
    def statistics(self) -> dict[str, int]:
        """How many events of shops, profiles, completed orders and streams there are."""
        return self.work.read(store.statistics)

    @subscribe("identity")
    def identity_events(self) -> Projection:
        """Bring in what no `record` has: splits, merges by a support desk, leftovers of a crash."""
        return IdentityProjection()

    @every(0.5)
    def record_waiting(self) -> None:
        """Record what was accepted while identity did not answer, in its order."""
        recorded = DeferredEvents(self.work, self._recorder(), self.vault).work_off()
        if recorded:
            self.log.info("recorded_what_waited", events=recorded)

    @every(3600)
    def forget_expired(self) -> None:
        """Delete the plain values of identifiers whose time has run out."""
        self.work.run(store.forget_expired)

    def _recorder(self) -> RecordHandler:
        return RecordHandler(self.work, self.identity, self.vault)
