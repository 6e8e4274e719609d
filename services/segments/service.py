"""The service `segments`: its calls, the events that it follows, and its timer."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import Any

from chassis.projections.inbox import Projection
from chassis.runtime.service import FollowedLog, Resource, Service, every, rpc, subscribe
from chassis.validation import load
from chassis.validation.plain import MAX_CALL_BYTES
from contracts.identity.support import STREAM_SETS_REQUEST
from contracts.segments import MEMBERSHIPS_REQUEST
from identifiers import accept, load_types
from services.segments import queries
from services.segments.domain.definitions import read_definition
from services.segments.evaluator import MembershipProjection, reevaluate_due
from services.segments.registry import open_registry

_TICK_SECONDS = 0.5
_AT_ONCE = 100


class SegmentsService(Service):
    """Which groups is a shopper in, now?"""

    name = "segments"

    shelf = Resource(open_registry)
    types = Resource(lambda settings: load_types(settings.config_dir))
    profiles_log = FollowedLog("profiles")

    @rpc
    def memberships(
        self,
        profile_id: Any = None,
        identifiers: Any = None,
        at_least: Any = None,
        wait_ms: Any = None,
    ) -> dict[str, Any]:
        """The segments that a shopper is in now: see `contracts.segments.Memberships`."""
        asked = load(
            MEMBERSHIPS_REQUEST,
            {
                "profile_id": profile_id,
                "identifiers": identifiers,
                "at_least": at_least,
                "wait_ms": wait_ms,
            },
        )
        stale = not self.profiles_log.catch_up(
            asked.get("at_least", {}), self.profile_events(), asked.get("wait_ms", 0) / 1_000
        )
        whose = asked.get("profile_id") or accept(
            asked["identifiers"], self.types, self.settings.identifier_key
        )
        return self.work.run(
            partial(queries.memberships, shelf=self.shelf, whose=whose, stale=stale)
        )

    @rpc
    def list(self) -> Sequence[dict[str, Any]]:
        """Every segment: its rule, version, number of members and status."""
        return self.work.run(partial(queries.list_segments, shelf=self.shelf))

    @rpc
    def define(self, definition: Any) -> dict[str, Any]:
        """Put {segment, rule, description} in force, as a new version if it says anything new."""
        read = read_definition(definition)
        return self.work.run(partial(queries.define, shelf=self.shelf, definition=read))

    @rpc
    def preview(self, rule: Any) -> dict[str, Any]:
        """Who would be a member by a rule: their number, and some of them."""
        return queries.preview(self.work, rule)

    @rpc
    def preview_streams(self, stream_sets: Any) -> Sequence[Sequence[str]]:
        """The segments that a profile of each set of streams would be in now."""
        sets = load(STREAM_SETS_REQUEST, {"stream_sets": stream_sets}, max_bytes=MAX_CALL_BYTES)
        return self.work.run(
            partial(queries.preview_streams, shelf=self.shelf, stream_sets=sets["stream_sets"])
        )

    @rpc
    def explain(self, profile_id: Any, segment: Any) -> dict[str, Any]:
        """Why a shopper is in a segment, or is not."""
        return self.work.run(
            partial(queries.explain, shelf=self.shelf, profile_id=profile_id, segment=segment)
        )

    @subscribe("profiles")
    def profile_events(self) -> Projection:
        """Follows what shoppers do and who they are."""
        return MembershipProjection(self.shelf)

    @every(_TICK_SECONDS)
    def settle_due(self) -> None:
        """Settles whom time or a new definition may have changed."""
        end = time.monotonic() + _TICK_SECONDS
        turn = partial(reevaluate_due, shelf=self.shelf, limit=_AT_ONCE)
        while self.work.run(turn) == _AT_ONCE and time.monotonic() < end:
            time.sleep(0)
