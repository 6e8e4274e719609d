"""The service `identity`: its calls."""

from __future__ import annotations

from functools import partial
from typing import Any

from chassis.service import Resource, Service, rpc
from chassis.settings import Settings
from contracts import load
from contracts.identity import DESCRIBE, LOOKUP, read_observations
from identifiers import load_types
from services.identity import answers, reading
from services.identity.observation import Observer
from services.identity.resolver import Resolver
from services.identity.state import Rules


def open_observer(settings: Settings) -> Observer:
    """The observer of the shop's identifier types; InvalidInput if they are configured wrongly."""
    return Observer(Rules(load_types(settings.config_dir)), settings.identifier_key)


class IdentityService(Service):
    """Who is this? Identifiers become a stream and a profile."""

    name = "identity"

    observer = Resource(open_observer)

    @rpc
    def resolve(self, observations: Any) -> dict[str, Any]:
        """The stream and profile of each observation, in order, and the facts that they made."""
        observed = [self.observer.observe(**one) for one in read_observations(observations)]
        resolved, facts = Resolver(self.work, self.observer.rules).resolve(observed)
        return {
            "resolutions": [answers.resolution(answer) for answer in resolved],
            "facts": [fact.to_wire() for fact in facts],
        }

    @rpc
    def lookup(self, identifiers: Any, authenticated: Any = False) -> dict[str, Any]:
        """The profile that identifiers lead to now, and how surely; nothing is changed."""
        asked = load(LOOKUP, {"identifiers": identifiers, "authenticated": authenticated})
        now = self.work.clock.now()
        observation = self.observer.observe("", "lookup", now, **asked)
        return self.work.read(
            partial(reading.find, rules=self.observer.rules, observation=observation)
        )

    @rpc
    def describe(self, profile_id: Any) -> dict[str, Any]:
        """What a profile is made of; an id that it had before a merge will do."""
        requested = load(DESCRIBE, {"profile_id": profile_id})["profile_id"]
        return self.work.read(partial(reading.describe, requested=requested))
