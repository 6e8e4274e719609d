"""How the terminal shows rejected items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from cdp.views.report import one_line, table_with
from chassis.core.instants import format_instant
from chassis.core.json import dump_json


def rejects_view(rows: Sequence[Mapping[str, Any]]) -> RenderableType:
    """Rejected items, the newest first; with what was sent, if it is in them."""
    if not rows:
        return Text("There are no rejected items.")
    revealed = "payload" in rows[0]
    table = table_with("received", "source", "field", "reason", *(["sent"] if revealed else []))
    for row in rows:
        cells = [
            format_instant(row["received_at"])[:16].replace("T", " "),
            one_line(row["source_id"]),
            one_line(row["field"] or ""),
            one_line(row["reason"]),
        ]
        if revealed:
            cells.append(one_line(dump_json(row["payload"])))
        table.add_row(*cells)
    return table
