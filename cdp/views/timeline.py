"""What `cdp profile events` prints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from cdp.views.report import joined, one_line, short_key, table_with, when
from chassis.core.instants import SECOND, parse_instant
from rules.language.units import show_money

_LATE = 60 * SECOND
_ASSURANCES = {"none": "names nobody"}
_MONEY = ("revenue", "amount", "value", "total")


def timeline_view(page: Mapping[str, Any], next_words: str) -> RenderableType:
    """A page of what happened, the newest first, and the orders as they stand.

    Every line can be copied, as none is broken. `next_words` are the command for the next page,
    without its cursor.
    """
    lines = [f"profile {page['profile_id']}"]
    for entry in page["entries"]:
        what = "identity" if entry["identity"] else entry["type"]
        lines.append(f"{when(entry['at'])}  {what}")
        lines += [f"    {line}" for line in (*_details(entry), *_from(entry), *_times(entry))]
    if not page["entries"]:
        lines.append("Nothing of this kind is recorded.")
    if page["next"]:
        lines.append(f"Earlier: {next_words} --before {page['next']}")
    whole = Text(joined(lines), no_wrap=True, overflow="ignore")
    return Group(whole, _orders(page)) if page["orders"] else whole


def _orders(page: Mapping[str, Any]) -> RenderableType:
    table = table_with("order", "status", "time", "net", "paid")
    for column in table.columns[3:]:
        column.justify = "right"
    for order in page["orders"]:
        currency = order["currency"]
        net, paid = (_money(order[name], currency) for name in ("net", "revenue"))
        status = order["status"].replace("_", " ")
        if order.get("uncounted"):
            status += f"; not counted: refunds in {', '.join(order['uncounted'])}"
        name = ", ".join(filter(None, (order["order_id"], order.get("store"))))
        table.add_row(name, status, when(order["at"]), net, paid)
    rest = page["order_count"] - len(page["orders"])
    if rest > 0:
        table.add_row(f"and {rest:,} earlier", "", "", "", "")
    return table


def _times(entry: Mapping[str, Any]) -> Iterator[str]:
    if entry["told_at"]:
        yield f"told as {entry['told_at']}"
    late = parse_instant(entry["recorded_at"]) - parse_instant(entry["at"])
    if abs(late) > _LATE:
        yield f"recorded {when(entry['recorded_at'])}"


def _details(entry: Mapping[str, Any]) -> Iterator[str]:
    identity = entry["identity"]
    if identity:
        yield from _identity(identity)
        return
    data = entry["data"]
    fields = [
        f"{name} {_value(name, value, data)}"
        for name, value in data.items()
        if not (name == "currency" and any(each in data for each in _MONEY))
    ]
    if fields:
        yield ", ".join(fields)
    if entry["left_out"]:
        yield f"not shown: {', '.join(entry['left_out'])}"


def _identity(identity: Mapping[str, Any]) -> Iterator[str]:
    yield identity["words"]
    if identity["note"] is not None:
        yield f"“{identity['note']}”"
    elif identity["event_id"]:
        yield f"shown by event {identity['event_id']}"
    profiles: dict[str, list[str]] = {}
    for move in identity["moves"]:
        profiles.setdefault(move["profile_id"], []).extend(move["identifiers"] or ["address"])
    for profile_id, types in profiles.items():
        yield f"{_counted(types)} in {profile_id}"
    if identity["moved"] > len(identity["moves"]):
        yield f"and {identity['moved'] - len(identity['moves']):,} more"


def _from(entry: Mapping[str, Any]) -> Iterator[str]:
    parts = [
        one_line(part.get("value") or short_key(part["key"]))
        for part in (entry["identifier"], entry["address"])
        if part
    ]
    tenure = (entry["identifier"] or {}).get("tenure", 1)
    if tenure > 1:
        parts.append(f"tenure {tenure}")
    if entry["identity"] is None:
        signed = "authenticated" if entry["authenticated"] else None
        words = (_ASSURANCES.get(entry["assurance"]) or entry["assurance"], signed, entry["origin"])
        parts += [word for word in words if word]
        parts.append(f"event {entry['event_id']}")
    if parts:
        yield f"from {', '.join(parts)}"


def _value(name: str, value: Any, data: Mapping[str, Any]) -> str:
    if name in _MONEY and isinstance(value, int) and isinstance(data.get("currency"), str):
        return _money(value, data["currency"])
    if name == "products" and isinstance(value, list):
        return ", ".join(map(_line, value)) or "none"
    return one_line(value)


def _line(line: Mapping[str, Any]) -> str:
    article = line.get("sku") or line.get("product_id") or line.get("name") or "an article"
    quantity = line.get("quantity")
    return one_line(article if quantity in (None, 1) else f"{quantity} × {article}")


def _money(amount: int | None, currency: str | None) -> str:
    if amount is None:
        return ""
    return f"{amount:,}" if currency is None else one_line(show_money(amount, currency))


def _counted(names: Iterable[str]) -> str:
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return ", ".join(name if count == 1 else f"{count} × {name}" for name, count in counts.items())
