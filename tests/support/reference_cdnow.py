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
    spent: defaultdict[int, int] = defaultdict(int)
    for customer, _, cents in lines:
        spent[customer] += cents
    return {
        "events": len(lines),
        "profiles": len(orders),
        "orders": sum(orders.values()),
        "members": {
            "abandoned_cart": 0,  # the file knows purchases only, no carts
            "first_time_visitor": 0,  # everybody in the file has bought
            "frequent_buyer": sum(1 for count in recent.values() if count > 5),
            "high_value": sum(1 for cents in spent.values() if cents >= 50_000),
            "returning_one_time_buyer": sum(1 for count in orders.values() if count == 1),
        },
    }


if __name__ == "__main__":
    print(json.dumps(figures(sys.argv[1]), indent=2))
