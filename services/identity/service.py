"""The service `identity`: its calls."""

from __future__ import annotations

from functools import partial
from typing import Any

from chassis.database.deletion import until_none_is_left
from chassis.eventlog.unit_of_work import UnitOfWork
from chassis.runtime.service import Remote, Resource, Service, every, rpc
from chassis.validation import load
from chassis.validation.plain import MAX_CALL_BYTES
from contracts.identity.calls import (
    DESCRIBE_REQUEST,
    HOLDERS_REQUEST,
    LOOKUP_REQUEST,
    read_observations,
)
from contracts.identity.support import (
    MERGE_REQUEST,
    REDRAW_REQUEST,
    REVIEW_REQUEST,
    SPLIT_BY_KEY_REQUEST,
    SPLIT_BY_VALUE_REQUEST,
)
from identifiers.configuration import SHIPPED as IDENTITY_FILE
from services.identity import queries, store
from services.identity.commands import IdentityHandlers, close_review, open_handlers
from services.identity.domain import responses


class IdentityService(Service):
    """Who is this? Identifiers become a stream and a profile."""

    name = "identity"
    configuration = (IDENTITY_FILE,)
    restores_are_confirmed = True  # it first takes facts back from profiles' log

    handlers: IdentityHandlers = Resource(open_handlers)
    profiles = Remote("profiles", timeout=5.0)
    segments = Remote("segments", timeout=5.0)
    offers = Remote("offers", timeout=5.0)

    @rpc
    def resolve(self, observations: Any) -> dict[str, Any]:
        """The stream and profile of each observation, in order, and the facts that this led to."""
        batch = [self.handlers.observer.observe(**one) for one in read_observations(observations)]
        results, facts = self.handlers.resolver.resolve(batch, self.work)
        self.handlers.reviews.note(batch, results, facts, self.work)
        return {
            "resolutions": [responses.resolution(result) for result in results],
            "facts": [fact.to_wire() for fact in facts],
        }

    @rpc
    def lookup(self, identifiers: Any, authenticated: Any = False) -> dict[str, Any]:
        """The profile that identifiers lead to now, and how surely; nothing is changed."""
        request = load(LOOKUP_REQUEST, {"identifiers": identifiers, "authenticated": authenticated})
        now = self.work.clock.now()
        observation = self.handlers.observer.observe("", "lookup", now, **request)
        return self.work.read(
            partial(queries.lookup, policy=self.handlers.observer.policy, observation=observation)
        )

    @rpc
    def holders(self, keys: Any) -> dict[str, Any]:
        """Which account has proven each address and has it still; for the back office alone."""
        request = load(HOLDERS_REQUEST, {"keys": keys}, max_bytes=MAX_CALL_BYTES)
        return self.work.read(partial(queries.list_holders, keys=request["keys"]))

    @rpc
    def describe(self, profile_id: Any) -> dict[str, Any]:
        """What a profile is made of; an id that it had before a merge will do."""
        requested = load(DESCRIBE_REQUEST, {"profile_id": profile_id})["profile_id"]
        return self.work.read(partial(queries.describe, requested=requested))

    @rpc
    def explain(self, profile_id: Any) -> dict[str, Any]:
        """How a profile came to be, fact by fact."""
        requested = load(DESCRIBE_REQUEST, {"profile_id": profile_id})["profile_id"]
        return self.work.read(partial(queries.explain, requested=requested))

    @rpc
    def split(
        self, profile_id: Any, identifiers: Any, reason: Any, dry_run: Any = False
    ) -> dict[str, Any]:
        """Part identifiers, by value or by key, from a profile; with `dry_run`, what would be."""
        schema = SPLIT_BY_KEY_REQUEST if isinstance(identifiers, list) else SPLIT_BY_VALUE_REQUEST
        arguments = {
            "profile_id": profile_id,
            "identifiers": identifiers,
            "reason": reason,
            "dry_run": dry_run,
        }
        request = load(schema, arguments)
        result = self.handlers.repairs.split(
            request["profile_id"],
            self.handlers.observer.keys(request["identifiers"]),
            request["reason"],
            self.work,
            dry_run=request["dry_run"],
        )
        return self._with_previews(responses.repair(result))

    @rpc
    def merge(self, a: Any, b: Any, reason: Any, dry_run: Any = False) -> dict[str, Any]:
        """Make one profile of two, within its limits; with `dry_run`, what would be."""
        request = load(MERGE_REQUEST, {"a": a, "b": b, "reason": reason, "dry_run": dry_run})
        result = self.handlers.repairs.merge(
            request["a"], request["b"], request["reason"], self.work, dry_run=request["dry_run"]
        )
        return self._with_previews(responses.repair(result))

    @rpc
    def redraw(self, after: Any = "", limit: Any = 100, dry_run: Any = False) -> dict[str, Any]:
        """Part what claims alone had joined, profile by profile; with `dry_run`, what would be."""
        request = load(REDRAW_REQUEST, {"after": after, "limit": limit, "dry_run": dry_run})
        return responses.redraw(self.handlers.repairs.redraw(work=self.work, **request))

    @rpc
    def review(
        self,
        kind: Any = None,
        limit: Any = 100,
        done: Any = None,
        done_by: Any = None,
        include_done: Any = False,
    ) -> list[dict[str, Any]]:
        """What a person should look at, the newest first; `done` takes one off the list.

        It is on it again when the same is seen again. `include_done` lists those that are off, too.
        """
        arguments = {
            "kind": kind,
            "limit": limit,
            "done": done,
            "done_by": done_by,
            "include_done": include_done,
        }
        request = load(
            REVIEW_REQUEST, {name: value for name, value in arguments.items() if value is not None}
        )
        closed, by = request.pop("done", None), request.pop("done_by", None)

        def review(unit: UnitOfWork) -> list[dict[str, Any]]:
            if closed is not None:
                close_review(unit, closed, by)
            return queries.list_reviews(unit, **request)

        return self.work.run(review)

    @every(3600)
    def forget_resolutions(self) -> None:
        """Delete where events went whose call is not made again any more."""
        until_none_is_left(partial(self.work.run, store.forget_resolutions))

    def _with_previews(self, response: dict[str, Any]) -> dict[str, Any]:
        if response["dry_run"]:
            return queries.add_previews(response, self.profiles, self.segments, self.offers)
        return response
