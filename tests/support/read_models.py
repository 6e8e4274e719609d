"""What tests of rebuilds share: a log that answers over no broker, and the rows of a read model."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Any

import sqlalchemy as sa

from chassis.config.settings import Settings
from chassis.eventlog.log import HeadCursor
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner


def answer(work: UnitOfWorkRunner, method: str, **arguments: Any) -> Any:
    """What a service with the log of `work` answers over RPC."""
    if method == "history":
        after = {place["stream"]: place["after"] for place in arguments["streams"]}
        events = work.read(lambda unit: unit.raw_history(after, arguments["limit"]))
        return {"events": [event.to_wire() for event in events]}
    if "streams" in arguments:
        page = work.read(lambda unit: unit.heads_of(arguments["streams"]))
    else:
        cursor = HeadCursor(**arguments["after"])
        page = work.read(lambda unit: unit.heads(cursor, arguments["limit"]))
    heads = [asdict(head) for head in page.heads]
    return {"streams": heads, "horizon": page.horizon, "incarnation": page.incarnation}


def rows(work: UnitOfWorkRunner, read_model: Any, settings: Settings) -> dict[str, list[Any]]:
    """All rows of a service's read model, but for what depends on how events came together."""
    model = read_model(settings, work)
    contents = {}
    for table in model.tables:
        columns = [c for c in table.c if (table.name, c.name) != ("summaries", "version")]
        query = sa.select(*columns)
        read = work.read(partial(_tuples, query=query))
        contents[table.name] = sorted(read, key=repr)
    contents.pop("reconciled", None)  # a place in time, which moves on
    return contents


def _tuples(unit: UnitOfWork, query: sa.Select[Any]) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in unit.connection.execute(query)]
