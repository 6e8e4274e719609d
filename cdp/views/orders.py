"""What people read of orders that somebody should look at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cdp.views.report import joined, one_line, when

_WORDS = {
    "order_id_reused": "was told as two orders",
    "refund_not_counted": "has a refund in another currency, which does not count",
}


def order_review_view(entries: Iterable[Mapping[str, Any]]) -> str:
    """The review list of orders, each id on a line of its own so that it can be copied."""
    lines = [line for entry in entries for line in _entry(entry)]
    return joined(lines) if lines else "There is nothing to review."


def _entry(entry: Mapping[str, Any]) -> Iterator[str]:
    words = _WORDS.get(entry["kind"], one_line(entry["kind"]))
    store = f" of {one_line(entry['store'])}" if entry["store"] else ""
    yield f"order {one_line(entry['order_id'])}{store} {words}"
    yield f"  last      {when(entry['last_at'])}, event {one_line(entry['event_id'])}"
    yield f"  profile   {entry['profile_id'] or 'nobody'}"
    if entry["kind"] == "order_id_reused":
        yield f"  other     {entry['other_profile_id'] or 'nobody'}"
    yield f"  id        {entry['id']}"
