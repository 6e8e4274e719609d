from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from cdp.demo.purchases import Purchase
from chassis import parse_instant
from contracts.ingest import read_event, read_events

STORIES = Path(__file__).parents[3] / "examples" / "shoppers.ndjson"
END_OF_DATA = parse_instant("1998-07-01T00:00:00Z")


def test_every_event_of_the_example_stories_is_one_that_profiles_takes() -> None:
    raw = [json.loads(line) for line in STORIES.read_text().splitlines() if line.strip()]
    read = read_events(raw, END_OF_DATA)
    assert read.errors == {}


def test_a_real_purchase_is_an_event_that_profiles_takes() -> None:
    purchase = Purchase("cdnow-sample-1", "00004", date(1997, 1, 1), 2, 2933)
    assert read_event(purchase.as_event(), END_OF_DATA).data["revenue"] == 2933
