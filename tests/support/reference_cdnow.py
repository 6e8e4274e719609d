"""What the demo must print of CDNOW, computed from the file alone, without any of our code.

    python tests/support/reference_cdnow.py path/to/CDNOW_sample.txt

The segments are worked out by hand for the midnight after the last purchase.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any


def purchases(path: Any) -> Iterator[Any]:
    """(customer, day, cents) of each line; the sample has one column more than the master."""
    for line in Path(path).read_text().splitlines():
        words = line.split()
        if words[0] == "customer_id":
            continue
        dollars, cents = words[-1].split(".")
        day = date(int(words[-3][:4]), int(words[-3][4:6]), int(words[-3][6:]))
        yield words[0], day, int(dollars) * 100 + int(cents)


def figures(path: str | Path) -> dict[str, Any]:
    """Events, profiles, orders, and the members of each segment that is shipped."""
    lines = list(purchases(path))
    now = max(day for _, day, _ in lines) + timedelta(days=1)
    orders = Counter(customer for customer, _, _ in lines)
    recent = Counter(customer for customer, day, _ in lines if now - day <= timedelta(days=60))
    spent: defaultdict[str, int] = defaultdict(int)
    for customer, _, cents in lines:
        spent[customer] += cents
    once = {customer for customer, count in orders.items() if count == 1}
    return {
        "events": len(lines),
        "profiles": len(orders),
        "orders": sum(orders.values()),
        "members": {
            "abandoned_cart": 0,  # the file knows purchases only, no carts
            "anonymous_context": 0,  # nor views
            "first_time_visitor": 0,  # everybody in the file has bought
            "frequent_buyer": sum(count > 5 for count in recent.values()),
            "gold_and_recent": 0,  # nor a loyalty programme
            "high_basket_first_purchase": sum(spent[customer] >= 15_000 for customer in once),
            "high_value": sum(cents >= 50_000 for cents in spent.values()),
            "lapsing": 0,  # no model has been fitted
            "new_buyer": len(once & recent.keys()),
            "occasional_buyer": sum(
                count <= 2 and customer not in once for customer, count in recent.items()
            ),
            "regular_buyer": sum(3 <= count <= 5 for count in recent.values()),
            "returning_one_time_buyer": len(once),
            "top_quartile_clv": 0,
        },
    }


if __name__ == "__main__":
    print(json.dumps(figures(sys.argv[1]), indent=2))
