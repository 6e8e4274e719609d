"""Dead letters: events that could not be applied, listed, and redriven once the cause is fixed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import RowMapping

from chassis.core.errors import NotFound
from chassis.core.instants import format_instant
from chassis.database.tables import DEAD_LETTERS, POSITIONS
from chassis.eventlog.unit_of_work import UnitOfWork

_OUTAGE = "an outage, and no poison: many streams failed alike"
_STREAMS_OF = (DEAD_LETTERS.c.id, DEAD_LETTERS.c.source, DEAD_LETTERS.c.streams)


def list_dead_letters(
    unit: UnitOfWork, limit: int, *, include_redriven: bool
) -> list[dict[str, Any]]:
    """The newest `limit` dead letters."""
    query = sa.select(DEAD_LETTERS).order_by(DEAD_LETTERS.c.id.desc()).limit(limit)
    if not include_redriven:
        query = query.where(DEAD_LETTERS.c.redriven_at.is_(None))
    return [_letter(row) for row in unit.connection.execute(query).mappings()]


def load_dead_letter(unit: UnitOfWork, letter: str) -> dict[str, Any]:
    """One dead letter; NotFound if there is none of that id."""
    query = sa.select(DEAD_LETTERS).where(DEAD_LETTERS.c.id == letter)
    row = unit.connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("dead letter", f"there is none with id {letter}; list them for their ids")
    return _letter(row)


def redrive(unit: UnitOfWork, letter: str, reason: str | None = None) -> dict[str, Any]:
    """End the halt of a dead letter's streams, whose events are then fetched and applied.

    `reason` says why, for whoever reads the letter later. A letter that was redriven before changes
    nothing: a later halt has a letter of its own.
    """
    stored = load_dead_letter(unit, letter)
    if stored["redriven_at"] is not None:
        return stored
    query = sa.select(*_STREAMS_OF).where(DEAD_LETTERS.c.id == letter)
    _redrive(unit, unit.connection.execute(query).all(), reason)
    return load_dead_letter(unit, letter)


@dataclass(frozen=True, slots=True)
class Redriven:
    """A page of dead letters that were redriven, and the streams that continue.

    `last` is the last letter of the page, and `remaining` is how many are to come after it.
    """

    letters: int
    streams: int
    remaining: int
    last: str


def redrive_page(
    unit: UnitOfWork,
    reason: str,
    limit: int,
    *,
    source: str | None = None,
    type: str | None = None,  # noqa: A002 - as the column
    after: str = "",
    until: str | None = None,
) -> Redriven:
    """Redrive up to `limit` dead letters past `after` in the order of their ids, up to `until`.

    Only those of `source`, and of events of `type`, where given. A letter that was redriven is
    never redriven again, so a page may be repeated.
    """
    wanted = [DEAD_LETTERS.c.redriven_at.is_(None), DEAD_LETTERS.c.id > after]
    if source is not None:
        wanted.append(DEAD_LETTERS.c.source == source)
    if type is not None:
        wanted.append(DEAD_LETTERS.c.type == type)
    if until is not None:
        wanted.append(DEAD_LETTERS.c.id <= until)
    query = sa.select(*_STREAMS_OF).where(*wanted).order_by(DEAD_LETTERS.c.id).limit(limit)
    rows = unit.connection.execute(query).all()
    last = rows[-1].id if rows else after
    letters, streams = _redrive(unit, rows, reason)
    count = sa.select(sa.func.count()).select_from(DEAD_LETTERS)
    remaining = unit.connection.execute(count.where(*wanted, DEAD_LETTERS.c.id > last)).scalar_one()
    return Redriven(letters, streams, remaining, last)


def newest_dead_letter(unit: UnitOfWork) -> str:
    """The id of the newest dead letter; a blank if there is none."""
    return unit.connection.execute(sa.select(sa.func.max(DEAD_LETTERS.c.id))).scalar() or ""


def halted_alike(unit: UnitOfWork, source: str, kind: str, since: int) -> set[str]:
    """The first stream of each letter of `source` after `since` by a failure of `kind`."""
    rows = unit.connection.execute(
        sa.select(DEAD_LETTERS.c.streams).where(_alike(source, kind, since))
    )
    return {min(row.streams) for row in rows}


def withdraw(unit: UnitOfWork, source: str, kind: str, since: int) -> None:
    """Let streams continue that a failure of `kind` halted after `since`: it was an outage."""
    query = sa.select(*_STREAMS_OF).where(
        _alike(source, kind, since), DEAD_LETTERS.c.redriven_at.is_(None)
    )
    _redrive(unit, unit.connection.execute(query).all(), _OUTAGE)


def _alike(source: str, kind: str, since: int) -> sa.ColumnElement[bool]:
    letters = DEAD_LETTERS.c
    message = letters.reason.startswith(f"{kind}: ", autoescape=True)
    return sa.and_(
        letters.died_at > since,
        letters.source == source,
        sa.or_(letters.reason == kind, message),
        letters.event_id.is_not(None),
    )


def _redrive(
    unit: UnitOfWork, letters: Sequence[sa.Row[str, str, Any]], reason: str | None
) -> tuple[int, int]:
    """Redrive those of `letters` that nobody else has; how many, and how many streams continue.

    Positions are locked before letters, as where streams are halted.
    """
    _lock_halted(unit, _streams_by_source(letters))
    query = sa.select(*_STREAMS_OF).where(
        DEAD_LETTERS.c.id.in_([letter.id for letter in letters]),
        DEAD_LETTERS.c.redriven_at.is_(None),
    )
    locked = unit.connection.execute(query.order_by(DEAD_LETTERS.c.id).with_for_update()).all()
    halted = _lock_halted(unit, _streams_by_source(locked))
    for source, streams in halted.items():
        rows = sa.and_(POSITIONS.c.source == source, POSITIONS.c.stream_id.in_(streams))
        unit.connection.execute(sa.update(POSITIONS).where(rows).values(halted=False))
    statement = sa.update(DEAD_LETTERS).where(DEAD_LETTERS.c.id.in_([each.id for each in locked]))
    unit.connection.execute(statement.values(redriven_at=unit.now, redrive_reason=reason))
    return len(locked), sum(map(len, halted.values()))


def _streams_by_source(letters: Sequence[sa.Row[str, str, Any]]) -> dict[str, set[str]]:
    streams: dict[str, set[str]] = {}
    for letter in letters:
        streams.setdefault(letter.source, set()).update(letter.streams)
    return streams


def _lock_halted(
    unit: UnitOfWork, streams: Mapping[str, Collection[str]]
) -> dict[str, Sequence[str]]:
    """Lock those of `streams` that are halted, in sorted order, as an inbox locks them: these."""
    halted: dict[str, Sequence[str]] = {}
    for source, names in sorted(streams.items()):
        query = (
            sa.select(POSITIONS.c.stream_id)
            .where(POSITIONS.c.source == source, POSITIONS.c.stream_id.in_(sorted(names)))
            .where(POSITIONS.c.halted, POSITIONS.c.restored_to.is_(None))  # only a rebuild heals it
            .order_by(POSITIONS.c.stream_id)
            .with_for_update()
        )
        halted[source] = unit.connection.execute(query).scalars().all()
    return halted


def _letter(row: RowMapping) -> dict[str, Any]:
    instants = {
        name: None if row[name] is None else format_instant(row[name])
        for name in ("died_at", "redriven_at")
    }
    names = ("id", "source", "streams", "version", "event_id", "type", "reason")
    letter = {**{name: row[name] for name in names}, **instants}
    why = row["redrive_reason"]
    return letter if why is None else {**letter, "redrive_reason": why}
