"""Records: the rows of a file that are loaded, or rejected, together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from cdp.loading.mapping import Grouping, TableMapping
from cdp.loading.rows import Row, parse_line, record_name
from chassis.core.errors import InvalidInput
from chassis.validation.plain import MAX_CALL_BYTES, MAX_EVENT_BYTES, measure
from contracts.shortening import shorten
from mappings import FILE_TIME, ROW, with_store

_KEYS_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Record:
    """Rows that become events together, or are rejected together because of `fault`."""

    rows: tuple[Row, ...]
    fault: str = ""


_LARGEST = MAX_CALL_BYTES // 4  # what profiles can shorten, in a call with others


@dataclass(frozen=True, slots=True)
class SizedEvent:
    """An event, and its size as JSON in bytes."""

    event: Any = field(repr=False)
    size: int


def single(rows: Iterable[Row]) -> Iterator[Record]:
    """Each row as a record of its own."""
    for row in rows:
        yield Record((row,), row.fault)


def group(rows: Iterable[Row], grouping: Grouping) -> Iterator[Record]:
    """The records of rows, as a mapping groups them."""
    if not grouping.columns:
        return single(rows)
    if grouping.within:
        return gathered(rows, grouping)
    return grouped(rows, grouping.columns, grouping.blank)


def grouped(rows: Iterable[Row], columns: Sequence[str], blank: str = "group") -> Iterator[Record]:
    """Consecutive rows with the same cells in `columns`, as one record; see `Grouping`.

    An unreadable row may belong to the record before or after it. All three are rejected together,
    as an event without one of its lines would be wrong.
    """
    past_keys: dict[tuple[str, ...], None] = {}
    open_key: tuple[str, ...] | None = None
    pending: list[Row] = []
    fault = ""
    unreadable = False  # whether the last row was, so that the next one joins it
    for row in rows:
        key = None if row.fault else tuple(row.cells[column] for column in columns)
        if key is not None and not any(key) and open_key is not None:
            key = {"above": open_key, "alone": ("", str(row.number))}.get(blank, key)
        if pending and key is not None and key != open_key and not unreadable:
            yield Record(tuple(pending), fault)
            pending, fault = [], ""
        pending.append(row)
        unreadable = key is None
        if key is None:
            fault = f"line {row.number} {row.fault}, and may belong to the lines beside it"
        elif key != open_key:
            if key in past_keys:
                fault = fault or "continues a group after other lines: sort the file by its group"
            past_keys[key] = None
            if len(past_keys) > _KEYS_KEPT:
                del past_keys[next(iter(past_keys))]
            open_key = key
    if pending:
        yield Record(tuple(pending), fault)


@dataclass(slots=True)
class _OpenGroup:
    """The rows of a group so far, and the place in the file of the last one."""

    rows: list[Row]
    last: int
    fault: str = ""


def gathered(rows: Iterable[Row], grouping: Grouping) -> Iterator[Record]:
    """Rows with the same cells, as one record, that stand up to `within` lines from one another.

    Records come in the order in which they are complete, which a second reading repeats. An
    unreadable row may belong to the groups of the lines beside it, which are rejected too.
    """
    open_groups: dict[tuple[str, ...], _OpenGroup] = {}
    past_keys: dict[tuple[str, ...], None] = {}
    before: _OpenGroup | None = None
    torn = ""
    for place, row in enumerate(rows):
        while (group := next(iter(open_groups.values()), None)) and (
            place - group.last > grouping.within
        ):
            key = next(iter(open_groups))
            yield Record(tuple(group.rows), open_groups.pop(key).fault)
            past_keys[key] = None
            if len(past_keys) > _KEYS_KEPT:
                del past_keys[next(iter(past_keys))]
        if row.fault:
            torn = f"line {row.number} {row.fault}, and may belong to the lines beside it"
            if before is not None:
                before.fault = before.fault or torn
            yield Record((row,), row.fault)
            continue
        key = tuple(row.cells[column] for column in grouping.columns)
        if not any(key):
            before, torn = None, ""
            yield Record((row,))
            continue
        before = open_groups.pop(key, None) or _OpenGroup([], place)
        if key in past_keys:
            before.fault = before.fault or (
                f"continues a group after {grouping.within:,} other lines: sort the file by its"
                " group, or set a larger `within`"
            )
        before.fault, torn = before.fault or torn, ""
        before.rows.append(row)
        before.last = place
        open_groups[key] = before  # those that have waited longest come first
    for group in open_groups.values():
        yield Record(tuple(group.rows), group.fault)


def read_line(record: Record) -> list[SizedEvent]:
    """The event in a line of JSON; InvalidInput says why it cannot be sent.

    A `sent_at` says nothing of a clock any more once the event lies in a file.
    """
    event = parse_line(record.rows[0].raw)
    if isinstance(event, dict):
        event.pop("sent_at", None)
    return [_sized(event)]


def map_rows(record: Record, mapping: TableMapping, file_time: str) -> list[SizedEvent]:
    """The events that a mapping makes of a record; InvalidInput names the field at fault."""
    name = record_name([row.name for row in record.rows])
    made = mapping.make([{**row.cells, ROW: name, FILE_TIME: file_time} for row in record.rows])
    return [_sized(event) for event in made]


def of_store(
    record: Record, make_events: Callable[[Record], Sequence[SizedEvent]], store: str
) -> list[SizedEvent]:
    """The events of a record, those of orders in a store, unless they name one."""
    return [_sized(with_store(made.event, store)) for made in make_events(record)]


def _sized(event: Any) -> SizedEvent:
    size = measure(event)
    if size > MAX_EVENT_BYTES and (size > _LARGEST or shorten(event) is None):
        raise InvalidInput(
            "", f"is {size:,} bytes of JSON; at most {MAX_EVENT_BYTES:,} are allowed"
        )
    return SizedEvent(event, size)
