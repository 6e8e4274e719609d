"""Pieces: what is loaded, or rejected, as one: a line, or the lines that are one event together."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from cdp.loading.mapping import ROW, TableMapping
from cdp.loading.rows import Row, group_name
from chassis.core.errors import InvalidInput
from chassis.validation.plain import MAX_EVENT_BYTES, measure

_KEYS_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Record:
    """Rows that are one event, or that are rejected together because of `fault`."""

    rows: tuple[Row, ...]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class SizedRecord:
    """An event, and its size as JSON in bytes."""

    event: Any = field(repr=False)
    size: int


def single(rows: Iterable[Row]) -> Iterator[Record]:
    """Each row is a piece."""
    for row in rows:
        yield Record((row,), row.fault)


def grouped(rows: Iterable[Row], columns: Sequence[str]) -> Iterator[Record]:
    """Consecutive rows with the same cells in `columns` are a piece.

    A row that cannot be read may belong to the piece before it or to the one after it: all three
    are rejected together, since an event without one of its lines would be a wrong one.
    """
    past: dict[tuple[str, ...], None] = {}
    open_key: tuple[str, ...] | None = None
    waiting: list[Row] = []
    fault = ""
    spoiled = False  # whether the last row was unreadable, so that the next one joins
    for row in rows:
        key = None if row.fault else tuple(row.cells[column] for column in columns)
        if waiting and key is not None and key != open_key and not spoiled:
            yield Record(tuple(waiting), fault)
            waiting, fault = [], ""
        waiting.append(row)
        spoiled = key is None
        if key is None:
            fault = f"line {row.number} {row.fault}, and may belong to those beside it"
        elif key != open_key:
            if key in past:
                fault = fault or "comes again after other lines: sort the file by its group"
            past[key] = None
            if len(past) > _KEYS_KEPT:
                del past[next(iter(past))]
            open_key = key
    if waiting:
        yield Record(tuple(waiting), fault)


def read_line(piece: Record) -> SizedRecord:
    """The event in a line of JSON; InvalidInput says why there is none that may be sent."""
    try:
        event = json.loads(piece.rows[0].raw.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        raise InvalidInput("", f"is no JSON: {error.msg} at character {error.colno}") from None
    except UnicodeDecodeError:
        raise InvalidInput("", "is not UTF-8; write it as UTF-8") from None
    except RecursionError:
        raise InvalidInput("", "is nested too deep; flatten it") from None
    except ValueError:
        raise InvalidInput("", "has a number that is too long; send it as text") from None
    if not isinstance(event, dict):
        raise InvalidInput("", "must be one JSON object a line")
    return _sized(event)


def map_rows(piece: Record, mapping: TableMapping) -> SizedRecord:
    """The event that a mapping makes of rows; InvalidInput names what cannot be made."""
    name = group_name([row.name for row in piece.rows])
    return _sized(mapping.make([{**row.cells, ROW: name} for row in piece.rows]))


def _sized(event: Any) -> SizedRecord:
    size = measure(event)
    if size > MAX_EVENT_BYTES:
        raise InvalidInput("", f"is {size:,} bytes of JSON; at most {MAX_EVENT_BYTES:,} are taken")
    return SizedRecord(event, size)
