"""Checks what a suite has stored: its logs by themselves, its tables by the oracle's fold."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from itertools import groupby
from types import MappingProxyType
from typing import Any

from tests.proofs.clients import Receipt
from tests.proofs.observer import SuiteObserver
from tests.support.oracle import (
    LoggedEvent,
    differences,
    entries_and_exits,
    fold,
    identifiers,
    identity_flaws,
    kept,
    labels,
    log_flaws,
    memberships,
    profiles,
    proves_account,
    read_summary,
    view,
)

# The events that offers needs of a shopper's past; its summaries have no others.
_OFFERS_READS = {
    "traits_changed",
    "consent_changed",
    "consent_refused",
    "loyalty_enrolled",
    "loyalty_points_changed",
    "loyalty_tier_changed",
}


class Checker:
    """The logs that `observer` reads, and where anything else differs from them.

    `now` is the instant in µs at which the clock of the suite stands.
    """

    def __init__(self, observer: SuiteObserver, now: int) -> None:
        self.observer = observer
        self.now = now
        self.logs = {name: observer.log(name) for name in ("identity", "profiles", "segments")}
        self.events = self.logs["profiles"]
        self.profiles = profiles(self.events)
        self._by_stream = {
            stream: list(events)
            for stream, events in groupby(self.events, key=lambda event: event.stream)
        }
        self.shoppers = {
            profile: fold((event for stream in streams for event in self._by_stream[stream]), now)
            for profile, streams in self.profiles.items()
        }
        self.memberships = {
            profile: actual
            for profile, shopper in self.shoppers.items()
            if (actual := memberships(shopper, now))
        }

    def flaws(self) -> list[str]:
        """All that is wrong, in lines that a person can read."""
        return [
            *(flaw for name, log in self.logs.items() for flaw in log_flaws(name, log)),
            *(flaw for name in ("identity", "profiles") for flaw in self._flaws_of_identity(name)),
            *self._facts(),
            *self._profile_index("profiles"),
            *self._profile_index("segments"),
            *self._profile_index("offers"),
            *self._summaries_of_profiles(),
            *self._summaries_of_segments(),
            *self._summaries_of_offers(),
            *self._memberships_of_segments(),
            *self._memberships_of_offers(),
        ]

    def receipts(self, receipts: Mapping[str, list[Receipt]]) -> list[str]:
        """Where receipts, {event id: those that its client got}, differ from the log."""
        places = {
            event.id: (event.stream, event.version)
            for event in self.events
            if event.type != "identity_changed" and "causation_id" not in event.metadata
        }
        expected = {id_: _place(answers, places.get(id_)) for id_, answers in receipts.items()}
        lines = differences("events by their receipts", expected, places)
        twice = {
            id_: statuses
            for id_, answers in receipts.items()
            if (statuses := Counter(answer["status"] for answer in answers))["appended"] > 1
        }
        return lines + differences("receipts that say appended twice", {}, twice)

    def people(self, whose: Mapping[str, str]) -> list[str]:
        """Where the events of a person, {event id: person}, are not in one profile of their own."""
        current_labels = labels(self.events)
        profiles_of = defaultdict(set)
        for event in self.events:
            if event.id in whose:
                profiles_of[whose[event.id]].add(current_labels[event.stream][0])
        lines = differences(
            "people with more than one profile",
            {},
            {person: sorted(ids) for person, ids in profiles_of.items() if len(ids) > 1},
        )
        people = defaultdict(list)
        for person, ids in profiles_of.items():
            for profile in ids:
                people[profile].append(person)
        shared = {profile: sorted(names) for profile, names in people.items() if len(names) > 1}
        return lines + differences("profiles of more than one person", {}, shared)

    def profile(self, profile_id: str, response: Mapping[str, Any]) -> list[str]:
        """Where the response of `profiles.get` is not the oracle's view of the profile."""
        expected = view(self.shoppers[profile_id], self.now)
        expected["profile_id"] = profile_id
        expected["versions"] = {
            stream: len(self._by_stream[stream]) for stream in self.profiles[profile_id]
        }
        expected["identifiers"] = sorted(
            key
            for key, (stream, *_) in identifiers(self.events).items()
            if stream in self.profiles[profile_id]
        )
        actual = {name: response.get(name) for name in expected}
        actual["identifiers"] = sorted(each["key"] for each in response["identifiers"])
        return differences(f"profiles.get of {profile_id}", expected, actual)

    def first_copies(self) -> list[LoggedEvent]:
        """Each fact of identity once."""
        facts = {
            event.data["fact_id"]: event
            for event in self.logs["identity"]
            if event.type == "identity_changed"
        }
        return list(facts.values())

    # Identity

    def _flaws_of_identity(self, name: str) -> list[str]:
        return identity_flaws(name, self.logs[name])

    def _facts(self) -> list[str]:
        """Each fact of identity is in the log of profiles once, with all its content."""

        def facts(name: str) -> dict[str, Any]:
            return {
                event.data["fact_id"]: [
                    {field: value for field, value in entry.items() if field != "version"}
                    for entry in event.data["streams"]
                ]
                for event in self.logs[name]
                if event.type == "identity_changed"
            }

        lines = differences("facts of identity in profiles", facts("identity"), facts("profiles"))
        epochs = {
            (event.stream, event.version): entry["epoch"]
            for event in self.logs["identity"]
            for entry in event.data["streams"]
            if entry["stream"] == event.stream
        }
        versions = {place: place[1] for place in epochs}
        lines += differences("epochs in identity's own log", versions, epochs)
        query = (
            "SELECT stream_id, profile_id, epoch FROM tenures UNION ALL"
            " SELECT stream_id, profile_id, epoch FROM sightings WHERE stream_id IS NOT NULL"
        )
        rows = self.observer.rows("identity", query)
        actual = {stream: (profile, epoch) for stream, profile, epoch in rows}
        return lines + differences("identity's streams", labels(self.logs["identity"]), actual)

    # The tables of read models

    def _profile_index(self, service: str) -> list[str]:
        rows = self.observer.rows(service, "SELECT stream_id, profile_id, last_epoch FROM labels")
        actual = {stream: (profile, epoch) for stream, profile, epoch in rows}
        lines = differences(f"{service}.labels", labels(self.events), actual)
        rows = self.observer.rows(
            service, "SELECT key, stream_id, tenure, epoch, assurance FROM identifiers"
        )
        actual = {key: tuple(rest) for key, *rest in rows}
        return lines + differences(f"{service}.identifiers", identifiers(self.events), actual)

    def _stored(
        self, service: str, archived: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
    ) -> dict[str, Any]:
        rows = self.observer.rows(service, "SELECT stream_id, version, state FROM summaries")
        return {
            stream: (version, read_summary(state, archived.get(stream, {})))
            for stream, version, state in rows
        }

    def _archived_orders(self) -> dict[str, dict[str, Any]]:
        archived: dict[str, dict[str, Any]] = defaultdict(dict)
        rows = self.observer.rows(
            "segments", "SELECT stream_id, order_key, state FROM archived_orders"
        )
        for stream, key, state in rows:
            archived[stream][key] = state
        return archived

    def _summaries_of_profiles(self) -> list[str]:
        """Profiles stores summaries now and then: each is that of its stream up to its version."""
        stored = self._stored("profiles")
        expected = {
            stream: (version, kept(fold(self._by_stream[stream][:version])))
            for stream, (version, _) in stored.items()
        }
        return differences("profiles.summaries", expected, stored)

    def _summaries_of_segments(self) -> list[str]:
        """Segments stores the version of a summary, with its older orders beside it; later events
        do not change it."""
        stored = self._stored("segments", self._archived_orders())
        expected = {
            stream: kept(fold(events))
            for stream, events in self._by_stream.items()
            if any(event.type != "identity_changed" or proves_account(event) for event in events)
        }
        actual = {
            stream: summary if version <= len(self._by_stream[stream]) else version
            for stream, (version, summary) in stored.items()
        }
        return differences("segments.summaries", expected, actual)

    def _summaries_of_offers(self) -> list[str]:
        reads = {
            stream: [
                event for event in events if event.type in _OFFERS_READS or proves_account(event)
            ]
            for stream, events in self._by_stream.items()
        }
        expected = {
            stream: (events[-1].version, fold(events)) for stream, events in reads.items() if events
        }
        return differences("offers.summaries", expected, self._stored("offers"))

    def _memberships_of_segments(self) -> list[str]:
        actual = defaultdict(set)
        for profile, segment in self.observer.rows(
            "segments", "SELECT profile_id, segment FROM memberships"
        ):
            actual[profile].add(segment)
        lines = differences("segments.memberships", self.memberships, dict(actual))
        inside, flaws = entries_and_exits(self.logs["segments"])
        return lines + flaws + differences("the log of segments", self.memberships, inside)

    def _memberships_of_offers(self) -> list[str]:
        rows = self.observer.rows("offers", "SELECT profile_id, segments FROM memberships")
        actual = {profile: set(segments) for profile, segments in rows if segments}
        return differences("offers.memberships", self.memberships, actual)


def _place(answers: list[Receipt], actual: Any) -> Any:
    """Where the receipts of an event say that it is; where it really is (`actual`) if none says so.

    A deferred event has no place yet.
    """
    if unexpected := [
        a for a in answers if a["status"] not in ("appended", "duplicate", "accepted")
    ]:
        return unexpected
    places = {(a["stream_id"], a["version"]) for a in answers if a["status"] != "accepted"}
    return places.pop() if len(places) == 1 else places or actual
