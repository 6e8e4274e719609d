"""Whose stream is whose, and where identifiers lead, by the identity facts of a log."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tests.support.oracle.log import LoggedEvent


def labels(events: Iterable[LoggedEvent]) -> dict[str, tuple[str, int]]:
    """{stream: (profile, epoch)}, by the highest epoch that was told of each stream."""
    found: dict[str, tuple[str, int]] = {}
    for entry in _entries(events):
        if entry["epoch"] > found.get(entry["stream"], ("", 0))[1]:
            found[entry["stream"]] = (entry["profile_id"], entry["epoch"])
    return found


def identifiers(events: Iterable[LoggedEvent]) -> dict[str, tuple[str, int, int, str]]:
    """{key: (stream, tenure, epoch, assurance)}, by the latest tenure of each identifier."""
    found: dict[str, tuple[str, int, int, str]] = {}
    for entry in _entries(events):
        for told in entry["identifiers"]:
            row = (entry["stream"], told["tenure"], entry["epoch"], told["assurance"])
            if row[1:3] > found.get(told["key"], ("", 0, 0))[1:3]:
                found[told["key"]] = row
    return found


def profiles(events: Any) -> Any:
    """{profile: its streams, sorted}, of all profiles that have any."""
    found = defaultdict(list)
    for stream, (profile, _) in sorted(labels(events).items()):
        found[profile].append(stream)
    return dict(found)


def identity_flaws(name: str, events: Sequence[LoggedEvent]) -> list[str]:
    """What no run may leave: epochs of a stream with gaps, an event before its own identity, two
    accounts in one profile, a profile without the stream that it is named after."""
    told = defaultdict(set)
    for entry in _entries(events):
        told[entry["stream"]].add(entry["epoch"])
    flaws = [
        f"{name}: stream {stream} has epochs {sorted(epochs)}"
        for stream, epochs in told.items()
        if epochs != set(range(1, len(epochs) + 1))
    ]
    flaws += [
        f"{name}: stream {event.stream} begins with {event.type}, not with whose it is"
        for event in events
        if event.version == 1 and event.type != "identity_changed"
    ]
    known = labels(events)
    flaws += [
        f"{name}: profile {profile} is named after no stream of ours"
        for profile, _ in known.values()
        if profile not in known
    ]
    accounts = defaultdict(set)
    for key, (stream, *_rest) in identifiers(events).items():
        if key.startswith("user_id:"):
            accounts[known[stream][0]].add(key)
    flaws += [
        f"{name}: profile {profile} holds the accounts {sorted(keys)}"
        for profile, keys in accounts.items()
        if len(keys) > 1
    ]
    return flaws


def _entries(events: Iterable[LoggedEvent]) -> Iterator[dict[str, Any]]:
    for event in events:
        if event.type == "identity_changed":
            yield from event.data["streams"]
