"""The buying histories of CDNOW's sample, and how often each customer bought afterwards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from cdp.demo.demo import cdnow_directory
from clv import BuyingHistory
from tests.support.reference_cdnow import purchases

CALIBRATION_END = date(1997, 9, 30)
HOLDOUT_END = date(1998, 6, 30)


@dataclass(frozen=True, slots=True)
class SampleOrder:
    """A standing order, such as a line of the file."""

    at: int
    net: int = 1_000
    currency: str | None = "USD"


def midnight(day: date) -> int:
    """The instant (µs) at which a day begins in UTC."""
    return round(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000


def read_sample() -> Sequence[Sequence[SampleOrder]]:
    """The purchases of each customer of the sample, in the order of the file."""
    path = cdnow_directory() / "CDNOW_sample.txt"
    found: defaultdict[str, list[SampleOrder]] = defaultdict(list)
    for customer, day, cents in purchases(path):
        found[customer].append(SampleOrder(midnight(day), cents))
    return list(found.values())


def histories_until(
    customers: Sequence[Sequence[SampleOrder]], end: date
) -> Sequence[BuyingHistory | None]:
    """The history of each customer up to the end of a day."""
    last = midnight(end)
    return [BuyingHistory.of([p for p in each if p.at <= last], UTC) for each in customers]
