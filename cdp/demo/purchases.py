"""Real purchases: the lines of CDNOW's files, as the events that a shop would send.

CDNOW sold music on the Web. The file has every purchase until mid-1998 of the customers who first
bought in the first quarter of 1997. A line is a customer, a date, a number of CDs and dollars; the
sample has the customer's number within the sample as a second column, the master file a heading.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from chassis import InvalidInput

SAMPLE = "CDNOW_sample.txt"
MASTER = "CDNOW_master.txt"

_LINE = re.compile(
    r"(?P<customer>\d{5})(?:\s+\d{4})?\s+(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)"
    r"\s+(?P<quantity>[1-9]\d*)\s+(?P<dollars>\d+)\.(?P<cents>\d\d)",
)


@dataclass(frozen=True, slots=True)
class Purchase:
    """One line of a file, with `revenue` in US cents; identical lines are separate purchases.

    The file has no price of a single CD: the `price` in an event is the mean, in whole cents.
    """

    id: str
    customer: str
    day: date
    quantity: int
    revenue: int

    def as_event(self) -> dict[str, Any]:
        """The `order_completed` event for `profiles.record`, at noon UTC of the day."""
        return {
            "id": self.id,
            "type": "order_completed",
            "time": f"{self.day.isoformat()}T12:00:00Z",
            "identifiers": {"user_id": f"cdnow-{self.customer}"},
            "authenticated": True,
            "data": {
                "order_id": self.id,
                "revenue": self.revenue,
                "currency": "USD",
                "products": [
                    {
                        "product_id": "cd",
                        "category": "music",
                        "quantity": self.quantity,
                        "price": round(self.revenue / self.quantity),
                    }
                ],
            },
        }


def read_purchases(path: Path) -> Iterator[Purchase]:
    """The purchases of a CDNOW file, in order; InvalidInput names a wrong file or line."""
    try:
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(str(path), f"cannot be read as a CDNOW file ({error})") from None
    name = path.stem.lower().replace("_", "-")
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or (number == 1 and "customer_id" in line):
            continue
        yield _purchase(f"{name}-{number}", line, path, number)


def _purchase(purchase_id: str, line: str, path: Path, number: int) -> Purchase:
    match = _LINE.fullmatch(line.strip())
    try:
        if match is None:
            raise ValueError
        day = date(int(match["year"]), int(match["month"]), int(match["day"]))
    except ValueError:
        raise InvalidInput(
            f"{path}, line {number}",
            "is not a purchase: write customer, date (YYYYMMDD), number of CDs, dollars (11.77)",
        ) from None
    return Purchase(
        id=purchase_id,
        customer=match["customer"],
        day=day,
        quantity=int(match["quantity"]),
        revenue=int(match["dollars"]) * 100 + int(match["cents"]),
    )
