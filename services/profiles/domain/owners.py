"""Whose streams are while a call is recorded, pure.

Identity resolves the events of a call one after the other, and each may move streams. Where an
order is at home depends on whose streams are when it is told: so that events in one call end as
they do in a call each, every event is judged by the labels that were in force with it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chassis import JointDraft

BEFORE = -1
"""In force before the first event of a call."""


@dataclass(frozen=True, slots=True)
class OwnerLabel:
    """The profile of a stream at an epoch, in force from the event in place `since` of a call.

    `is_account` says whether the name of an account leads to the stream.
    """

    epoch: int
    profile_id: str
    is_account: bool = False
    since: int = BEFORE


@dataclass(frozen=True, slots=True)
class Owners:
    """The profiles of streams with the event in one place of a call, and which are accounts'."""

    history: OwnerHistory
    place: int

    def profile_of(self, stream: str) -> str | None:
        """The profile of a stream, None for one that is nobody's.

        One that a later event of the call begins is that of its beginning: its cart may be bought.
        """
        labels = self.history.labels.get(stream, ())
        for label in reversed(labels):
            if label.since <= self.place:
                return label.profile_id
        return labels[0].profile_id if labels else None

    def is_account(self, stream: str) -> bool:
        """Whether a stream is an account's."""
        profile = self.profile_of(stream)
        if profile is None:
            return False
        periods = self.history.periods.get(profile, ())
        return profile in self.history.accounts or any(
            since <= self.place and (until is None or self.place < until)
            for since, until in periods
        )


@dataclass(frozen=True, slots=True)
class OwnerHistory:
    """Whose streams are through a call.

    `labels` are those of each stream by epoch. `accounts` are the profiles that are accounts' by
    streams that do not move; `periods` says from which place on, and until which, others are so by
    streams that do.
    """

    labels: Mapping[str, Sequence[OwnerLabel]]
    accounts: frozenset[str]
    periods: Mapping[str, Sequence[tuple[int, int | None]]]

    def at(self, place: int) -> Owners:
        """The owners with the event in a place of the call."""
        return Owners(self, place)


def owner_history(
    labels: Mapping[str, Sequence[OwnerLabel]], accounts: Iterable[str]
) -> OwnerHistory:
    """The history of labels that are sorted by epoch."""
    periods = defaultdict(list)
    for of_stream in labels.values():
        ends = [*(label.since for label in of_stream[1:]), None]
        for label, until in zip(of_stream, ends, strict=True):
            if label.is_account:
                periods[label.profile_id].append((label.since, until))
    return OwnerHistory(labels, frozenset(accounts), periods)


def labels_in_call(
    facts: Iterable[JointDraft], places: Mapping[str, int]
) -> dict[str, list[OwnerLabel]]:
    """The labels that a call's facts give to streams, by epoch; `places` are those of its events.

    A fact that no event of the call has led to is in force with the label before it.
    """
    return labels_of_facts(
        (
            places.get(fact.metadata.get("causation_id", ""), BEFORE),
            [{**entry, "stream": stream} for stream, entry in fact.entries.items()],
        )
        for fact in facts
    )


def labels_of_facts(
    facts: Iterable[tuple[int, Iterable[Mapping[str, Any]]]],
) -> dict[str, list[OwnerLabel]]:
    """The labels that the entries of facts give to streams, by epoch, from the place of each on."""
    labels: dict[str, dict[int, OwnerLabel]] = {}
    for since, entries in facts:
        for entry in entries:
            label = replace(label_of(entry), since=since)
            labels.setdefault(entry["stream"], {})[label.epoch] = label
    return {stream: _in_order(of_stream) for stream, of_stream in labels.items()}


def label_of(entry: Mapping[str, Any]) -> OwnerLabel:
    """The label that an entry of a fact in the log gives to its stream."""
    return OwnerLabel(entry["epoch"], entry["profile_id"], _is_account(entry))


def with_stored(
    labels: Mapping[str, Sequence[OwnerLabel]], stored: Mapping[str, Sequence[OwnerLabel]]
) -> dict[str, list[OwnerLabel]]:
    """The labels of a call, and those that the log had before it or has got meanwhile."""
    return {
        stream: _in_order(
            {label.epoch: label for label in (*stored.get(stream, ()), *labels.get(stream, ()))}
        )
        for stream in labels.keys() | stored.keys()
    }


def lacking(labels: Mapping[str, Sequence[OwnerLabel]]) -> dict[str, int]:
    """The streams whose owner before the call is not among their labels, with the first epoch.

    Their facts were in the log by the time at which the call was appended: they come by two ways.
    """
    return {
        stream: of_stream[0].epoch
        for stream, of_stream in labels.items()
        if of_stream[0].since > BEFORE and of_stream[0].epoch > 1
    }


def _in_order(labels: Mapping[int, OwnerLabel]) -> list[OwnerLabel]:
    """Labels by epoch; none is in force before the one that it follows."""
    return list(_raised(labels[epoch] for epoch in sorted(labels)))


def _raised(labels: Iterable[OwnerLabel]) -> Iterator[OwnerLabel]:
    since = BEFORE
    for label in labels:
        since = max(since, label.since)
        yield replace(label, since=since)


def _is_account(entry: Mapping[str, Any]) -> bool:
    return any(each["assurance"] == "verified" for each in entry["identifiers"])
