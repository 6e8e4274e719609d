"""The service `identity`: its calls."""

from __future__ import annotations

from functools import partial
from typing import Any

from chassis.config.settings import Settings
from chassis.runtime.service import Remote, Resource, Service, rpc
from chassis.validation import load
from contracts.identity.calls import DESCRIBE_REQUEST, LOOKUP_REQUEST, read_observations
from contracts.identity.support import (
    MERGE_REQUEST,
    REVIEW_REQUEST,
    SPLIT_BY_KEY_REQUEST,
    SPLIT_BY_VALUE_REQUEST,
)
from identifiers import load_types
from services.identity import queries, review
from services.identity.commands import ResolveHandler
from services.identity.domain import responses
from services.identity.domain.observation import Observer
from services.identity.domain.state import IdentityPolicy
from services.identity.repair import RepairHandler, repaired


def open_observer(settings: Settings) -> Observer:
    """The observer of the shop's identifier types; InvalidInput if they are configured wrongly."""
    return Observer(IdentityPolicy(load_types(settings.config_dir)), settings.identifier_key)


class IdentityService(Service):
    """Who is this? Identifiers become a stream and a profile."""

    name = "identity"

    observer = Resource(open_observer)
    reviewer = Resource(lambda _settings: review.Reviewer())
    profiles = Remote("profiles", timeout=5.0)
    segments = Remote("segments", timeout=5.0)

    @rpc
    def resolve(self, observations: Any) -> dict[str, Any]:
        """The stream and profile of each observation, in order, and the facts that they made."""
        observed = [self.observer.observe(**one) for one in read_observations(observations)]
        resolved, facts = ResolveHandler(self.work, self.observer.rules).resolve(observed)
        self.reviewer.note(self.work, observed, resolved, facts)
        return {
            "resolutions": [responses.resolution(answer) for answer in resolved],
            "facts": [fact.to_wire() for fact in facts],
        }

    @rpc
    def lookup(self, identifiers: Any, authenticated: Any = False) -> dict[str, Any]:
        """The profile that identifiers lead to now, and how surely; nothing is changed."""
        asked = load(LOOKUP_REQUEST, {"identifiers": identifiers, "authenticated": authenticated})
        now = self.work.clock.now()
        observation = self.observer.observe("", "lookup", now, **asked)
        return self.work.read(
            partial(queries.find, rules=self.observer.rules, observation=observation)
        )

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
        contract = SPLIT_BY_KEY_REQUEST if isinstance(identifiers, list) else SPLIT_BY_VALUE_REQUEST
        asked = load(
            contract,
            {
                "profile_id": profile_id,
                "identifiers": identifiers,
                "reason": reason,
                "dry_run": dry_run,
            },
        )
        keys = self.observer.keys(asked["identifiers"])
        outcome = self._repair().split(
            asked["profile_id"], keys, asked["reason"], dry_run=asked["dry_run"]
        )
        return repaired(outcome, (self.profiles, self.segments) if asked["dry_run"] else None)

    @rpc
    def merge(self, a: Any, b: Any, reason: Any, dry_run: Any = False) -> dict[str, Any]:
        """Make one profile of two, within its limits; with `dry_run`, what would be."""
        asked = load(MERGE_REQUEST, {"a": a, "b": b, "reason": reason, "dry_run": dry_run})
        outcome = self._repair().merge(
            asked["a"], asked["b"], asked["reason"], dry_run=asked["dry_run"]
        )
        return repaired(outcome, (self.profiles, self.segments) if asked["dry_run"] else None)

    @rpc
    def review(self, kind: Any = None, limit: Any = 100, done: Any = None) -> list[dict[str, Any]]:
        """What a person should look at, the newest first; `done` takes one off the list."""
        given = {"kind": kind, "limit": limit, "done": done}
        asked = load(
            REVIEW_REQUEST, {name: value for name, value in given.items() if value is not None}
        )
        return self.work.run(partial(review.show, **asked))

    def _repair(self) -> RepairHandler:
        return RepairHandler(self.work, self.observer.rules)
