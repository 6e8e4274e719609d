"""The service `profiles`: its calls, and the facts of identity that it follows."""

from __future__ import annotations

from typing import Any

from chassis.inbox import Batch, Outcome
from chassis.service import Remote, Service, rpc, subscribe
from contracts import load
from contracts.desk import STREAM_SETS
from contracts.plain import MAX_CALL_BYTES
from contracts.profiles import WHO
from services.profiles import store
from services.profiles.reading import find_profile, preview_profiles, read_profile
from services.profiles.recorder import IdentityFacts, Recorder


class ProfilesService(Service):
    """What has happened: the log of all events, and the profiles folded from it."""

    name = "profiles"

    identity = Remote("identity", timeout=10.0)

    @rpc
    def record(self, events: Any) -> dict[str, Any]:
        """A receipt for each event of the list, and one token that covers them all."""
        return Recorder(self.work, self.identity).record(events)

    @rpc
    def get(self, profile_id: Any = None, identifiers: Any = None) -> dict[str, Any]:
        """Everything known of a shopper, up to this moment, by one of the arguments."""
        who = load(WHO, {"profile_id": profile_id, "identifiers": identifiers})
        found = find_profile(self.identity, who)
        return self.work.run(lambda unit: read_profile(unit, found, who.get("profile_id")))

    @rpc
    def preview(self, stream_sets: Any) -> list[dict[str, Any]]:
        """The profile that each set of streams would be, whoever they belong to today."""
        sets = load(STREAM_SETS, {"stream_sets": stream_sets}, max_bytes=MAX_CALL_BYTES)
        return self.work.run(lambda unit: preview_profiles(unit, sets["stream_sets"]))

    @rpc
    def statistics(self) -> dict[str, int]:
        """How many events of shops, profiles, completed orders and streams there are."""
        return self.work.read(store.statistics)

    @subscribe("identity")
    def identity_events(self, batch: Batch) -> Outcome:
        """Bring in what no `record` has: splits, merges by a support desk, leftovers of a crash."""
        return batch.apply(IdentityFacts())
