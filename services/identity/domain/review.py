"""The review list, pure: what a batch has shown that only a person can decide."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from chassis import Event
from services.identity.domain.addresses import TOO_MANY_TO_MOVE
from services.identity.domain.devices import FULL
from services.identity.domain.observation import Observation
from services.identity.domain.resolution import Resolution, ResolutionResult

REFUSED, AT_A_LIMIT, SHARED = "merge_refused", "at_a_limit", "shared_device"
MANY_ACCOUNTS = 3
_LIMITS = (FULL, TOO_MANY_TO_MOVE)


class ReviewSubject(NamedTuple):
    """What an entry of the review list is about: there is one entry for each.

    `subject` is a profile, or the key of a device; `about` the identifier that was refused.
    """

    kind: str
    subject: str
    about: str
    reason: str


def refusals(
    observations: Iterable[Observation], results: Iterable[ResolutionResult]
) -> dict[ReviewSubject, str]:
    """What was refused in a batch, and the last event that was."""
    events: dict[ReviewSubject, str] = {}
    for observation, result in zip(observations, results, strict=True):
        if not result.ignored or not isinstance(result, Resolution):
            continue
        keys = {identifier.type.name: identifier.key for identifier in observation.identifiers}
        for ignored in result.ignored:
            if ignored.reason.startswith(REFUSED) and ignored.type in keys:
                kind = AT_A_LIMIT if ignored.reason in _LIMITS else REFUSED
                reason = ignored.reason.removeprefix(f"{REFUSED}: ")
                about = ignored.type if ignored.reason == FULL else keys[ignored.type]
                subject = ReviewSubject(kind, result.profile, about, reason)
                events[subject] = observation.event_id
    return events


def handed_over(facts: Iterable[Event]) -> dict[str, str]:
    """The keys of devices on which a further tenure has begun, and the event that showed it."""
    return {
        identifier["key"]: str(fact.metadata.get("causation_id", ""))
        for fact in facts
        for entry in fact.data["streams"]
        for identifier in entry["identifiers"]
        if identifier["tenure"] > 1 and identifier["assurance"] == "device"
    }


def shared_devices(
    devices: Mapping[str, str], accounts: Mapping[str, int]
) -> dict[ReviewSubject, str]:
    """Of the devices that were handed over, those that many accounts have been signed in on."""
    reason = "several accounts have been signed in on it"
    return {
        ReviewSubject(SHARED, key, key.partition(":")[0], reason): devices[key]
        for key, number in accounts.items()
        if number >= MANY_ACCOUNTS
    }
