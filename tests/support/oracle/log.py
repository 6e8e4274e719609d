"""A log as rows: reading it, and what is wrong with it as a log."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

_ROWS = """
    SELECT stream_id, version, id, type, data, metadata, occurred_at
    FROM events ORDER BY stream_id, version
"""


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event as its row in a log; `at` is when it happened, in µs since the epoch."""

    stream: str
    version: int
    id: str
    type: str
    data: Any
    at: int
    metadata: Any = field(default_factory=dict)


def read_log(connection: Any) -> list[LoggedEvent]:
    """Every event of the log in a database, by a DBAPI connection, sorted by stream and version."""
    cursor = connection.cursor()
    cursor.execute(_ROWS)
    events = [
        LoggedEvent(stream, version, id_, type_, _plain(data), at, _plain(metadata))
        for stream, version, id_, type_, data, metadata, at in cursor.fetchall()
    ]
    cursor.close()
    return events


def log_flaws(name: str, events: Sequence[LoggedEvent]) -> list[str]:
    """What is wrong with a log: gaps, an id twice, a joint fact that not all its streams hold."""
    flaws = []
    for stream, told in groupby(events, key=lambda event: event.stream):
        versions = [event.version for event in told]
        if versions != list(range(1, len(versions) + 1)):
            flaws.append(f"{name}: stream {stream} has versions {versions}")
    by_id = defaultdict(list)
    for event in events:
        by_id[event.id].append(event)
    flaws += [
        f"{name}: {id_} is in the log {len(told)} times"
        for id_, told in by_id.items()
        if len(told) > 1
    ]
    return flaws + _torn_facts(name, events)


def _torn_facts(name: str, events: Iterable[LoggedEvent]) -> list[str]:
    copies: defaultdict[str, dict[Any, Any]] = defaultdict(dict)
    for event in events:
        if event.metadata.get("joint"):
            copies[event.data["fact_id"]][event.stream, event.version] = event.data
    flaws = []
    for fact, held in copies.items():
        told = next(iter(held.values()))
        places = {(entry["stream"], entry["version"]) for entry in told["streams"]}
        if held.keys() != places:
            flaws.append(f"{name}: fact {fact} is told to {places} and held by {set(held)}")
        if any(data != told for data in held.values()):
            flaws.append(f"{name}: the copies of fact {fact} differ")
    return flaws


def _plain(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
