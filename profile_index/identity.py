"""Labels: which profile each stream belongs to, and which stream each identifier leads to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from chassis import Event
from chassis.database.bulk import RowStatement, among
from chassis.database.prepared import PreparedStatement
from chassis.eventlog.unit_of_work import UnitOfWork
from profile_index.tables import IDENTIFIERS, LABELS

_SAVE_LABELS = RowStatement(
    """
    INSERT INTO labels (stream_id, profile_id, last_epoch)
    SELECT text[stream], text[profile_id], number[epoch] FROM {rows} WHERE true
    ON CONFLICT (stream_id) DO UPDATE
    SET profile_id = excluded.profile_id, last_epoch = excluded.last_epoch
    WHERE excluded.last_epoch > labels.last_epoch
    """
)
_SAVE_IDENTIFIERS = RowStatement(
    """
    INSERT INTO identifiers (key, stream_id, tenure, epoch, assurance)
    SELECT text[key], text[stream], number[tenure], number[epoch], text[assurance]
    FROM {rows} WHERE true
    ON CONFLICT (key) DO UPDATE
    SET stream_id = excluded.stream_id, tenure = excluded.tenure, epoch = excluded.epoch,
        assurance = excluded.assurance
    WHERE excluded.tenure > identifiers.tenure
       OR (excluded.tenure = identifiers.tenure AND excluded.epoch > identifiers.epoch)
    """
)

_LABELS = PreparedStatement(sa.select(LABELS).where(among(LABELS.c.stream_id, "streams")))
_OF_ID = LABELS.alias("of_id")
_COMPANIONS = PreparedStatement(
    sa.select(LABELS.c.profile_id, LABELS.c.stream_id)
    .join(_OF_ID, _OF_ID.c.profile_id == LABELS.c.profile_id)
    .where(_OF_ID.c.stream_id == sa.bindparam("profile_id"))
    .order_by(LABELS.c.stream_id)
)
_STREAMS = PreparedStatement(
    sa.select(LABELS.c.profile_id, LABELS.c.stream_id)
    .where(among(LABELS.c.profile_id, "profile_ids"))
    .order_by(LABELS.c.stream_id)
)
_KNOWN = PreparedStatement(
    sa.select(IDENTIFIERS, LABELS.c.profile_id)
    .join(LABELS, LABELS.c.stream_id == IDENTIFIERS.c.stream_id)
    .where(among(IDENTIFIERS.c.key, "keys"))
)


@dataclass(frozen=True, slots=True)
class LabelChange:
    """A stream that changed its profile; `before` is None for a stream that is new."""

    stream: str
    before: str | None
    after: str


@dataclass(frozen=True, slots=True)
class IdentifierOwner:
    """Where an identifier leads: its current stream, and that stream's profile."""

    key: str
    stream: str
    profile_id: str
    assurance: str


def moves_of(event: Event) -> Sequence[Mapping[str, Any]]:
    """What an `identity_changed` says of each stream; nothing for an event of another type."""
    return event.data["streams"] if event.type == "identity_changed" else ()


def apply_identity(unit: UnitOfWork, events: Iterable[Event]) -> list[LabelChange]:
    """Apply the `identity_changed` among `events`; returns the streams whose profile changed.

    For each stream the highest epoch wins, and for each identifier the latest tenure. The caller
    holds the streams' rows locked, in its positions or in its log.
    """
    entries: dict[str, Mapping[str, Any]] = {}
    keys: dict[str, dict[str, Any]] = {}
    for event in events:
        for entry in moves_of(event):
            if entry["epoch"] > entries.get(entry["stream"], {"epoch": 0})["epoch"]:
                entries[entry["stream"]] = entry
            for row in _identifier_rows(entry):
                if _rank(row) > _rank(keys.get(row["key"])):
                    keys[row["key"]] = row
    if not entries:
        return []
    before = _labels(unit, entries)
    newer = {
        stream: entry
        for stream, entry in entries.items()
        if entry["epoch"] > before.get(stream, ("", 0))[1]
    }
    _save_labels(unit, newer)
    _save_identifiers(unit, keys)
    return [
        LabelChange(stream, before.get(stream, (None, 0))[0], entry["profile_id"])
        for stream, entry in sorted(newer.items())
        if before.get(stream, (None, 0))[0] != entry["profile_id"]
    ]


def profiles_of(unit: UnitOfWork, streams: Iterable[str]) -> dict[str, str]:
    """The profile of each of `streams` that is known."""
    return {stream: label[0] for stream, label in _labels(unit, streams).items()}


def streams_of(unit: UnitOfWork, profile_ids: Iterable[str]) -> dict[str, list[str]]:
    """The streams of each of `profile_ids`, sorted; an empty list for one that has none."""
    wanted = sorted(set(profile_ids))
    streams: dict[str, list[str]] = {profile_id: [] for profile_id in wanted}
    for row in _STREAMS.execute(unit.connection, profile_ids=wanted):
        streams[row.profile_id].append(row.stream_id)
    return streams


def current_streams(unit: UnitOfWork, profile_id: str) -> tuple[str, list[str]] | None:
    """The profile that an id, however old, stands for today, and its streams; None if for none."""
    rows = _COMPANIONS.execute(unit.connection, profile_id=profile_id)
    return (rows[0].profile_id, [row.stream_id for row in rows]) if rows else None


def current_profile(unit: UnitOfWork, profile_id: str) -> str | None:
    """The profile that an id, however old, stands for today; None if it never was one."""
    query = sa.select(LABELS.c.profile_id).where(LABELS.c.stream_id == profile_id)
    return unit.connection.execute(query).scalar()


def find(unit: UnitOfWork, keys: Iterable[str]) -> dict[str, IdentifierOwner]:
    """Where each of the identifier `keys` that is known leads."""
    return {
        row.key: IdentifierOwner(row.key, row.stream_id, row.profile_id, row.assurance)
        for row in _KNOWN.execute(unit.connection, keys=sorted(set(keys)))
    }


def _labels(unit: UnitOfWork, streams: Iterable[str]) -> dict[str, tuple[str, int]]:
    rows = _LABELS.execute(unit.connection, streams=sorted(set(streams)))
    return {row.stream_id: (row.profile_id, row.last_epoch) for row in rows}


def _identifier_rows(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "key": identifier["key"],
            "stream": entry["stream"],
            "tenure": identifier["tenure"],
            "epoch": entry["epoch"],
            "assurance": identifier["assurance"],
        }
        for identifier in entry["identifiers"]
    ]


def _rank(row: Mapping[str, Any] | None) -> tuple[int, int]:
    return (row["tenure"], row["epoch"]) if row else (0, 0)


def _save_labels(unit: UnitOfWork, entries: Mapping[str, Mapping[str, Any]]) -> None:
    if entries:
        rows = [
            {"stream": stream, "profile_id": entry["profile_id"], "epoch": entry["epoch"]}
            for stream, entry in sorted(entries.items())
        ]
        _SAVE_LABELS.execute(unit.connection, rows)


def _save_identifiers(unit: UnitOfWork, rows: Mapping[str, Mapping[str, Any]]) -> None:
    if rows:
        _SAVE_IDENTIFIERS.execute(unit.connection, [rows[key] for key in sorted(rows)])
