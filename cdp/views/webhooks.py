"""How the terminal shows webhooks: what came, what became of it, what has to be done by when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from cdp.views.report import facts_table, one_line, table_with
from chassis.core.instants import format_instant

_ID = 36


def deliveries_view(rows: Sequence[Mapping[str, Any]]) -> RenderableType:
    """Deliveries, the newest first, without what is in them."""
    if not rows:
        return Text("There are no such webhooks.")
    table = table_with("id, topic and reason", "received", "source", "status")
    table.columns[0].min_width = _ID  # to be copied
    table.columns[1].max_width = table.columns[3].max_width = 10  # as a terminal has 80
    for row in rows:
        lines = (row["delivery_id"], one_line(row["topic"]), one_line(_why(row)))
        table.add_row(
            "\n".join(filter(None, lines)),
            _instant(row["received_at"]),
            one_line(row["source_id"]),
            _status(row),
        )
    return table


def delivery_view(
    row: Mapping[str, Any], events: Sequence[Mapping[str, Any]], problem: str
) -> RenderableType:
    """A delivery, and the events that it comes to by their ids, or why it comes to none."""
    facts = {name: row[name] for name in ("delivery_id", "source_id", "topic", "status")}
    facts |= {name: _instant(row[name]) for name in ("received_at", "settled_at", "due_at")}
    facts |= {"attempts": row["attempts"], "reason": row["reason"]}
    facts["next_try_at"] = _instant(row["next_try_at"]) if _is_postponed(row) else ""
    parts: list[RenderableType] = [facts_table({k: v for k, v in facts.items() if v})]
    if problem:
        parts.append(Text(one_line(problem)))
    if events:
        table = table_with("event", "time", "id")
        for event in events:
            table.add_row(one_line(event["type"]), event["time"], one_line(event["id"]))
        parts.append(table)
    return Group(*parts)


def _why(row: Mapping[str, Any]) -> str:
    """Why a delivery has its status, and when it is tried again."""
    reason: str = row["reason"] or ""
    if not _is_postponed(row):
        return reason
    return f"{reason}; try {row['attempts'] + 1} at {_instant(row['next_try_at'])}"


def _status(row: Mapping[str, Any]) -> str:
    """The status of a delivery, and by when somebody has to do what it asks for."""
    status: str = row["status"]
    return f"{status} by {_instant(row['due_at'])[:10]}" if status == "due" else status


def _is_postponed(row: Mapping[str, Any]) -> bool:
    return row["status"] == "waiting" and row["next_try_at"] is not None


def _instant(at: int | None) -> str:
    return "" if at is None else format_instant(at)[:16].replace("T", " ")
