"""The pages: every event in them is one that would be recorded."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from chassis.core.instants import parse_instant
from contracts.ingest import read_events
from tests.unit.docs.test_links import ROOT, _pages

_NOW = parse_instant("2027-01-01T00:00:00Z")


def events(page: Path) -> list[dict[str, Any]]:
    """The events in the JSON blocks of a page."""
    blocks = re.findall(r"^```json\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)
    values = [json.loads(block) for block in blocks]
    return [value for value in values if "type" in value and "identifiers" in value]


@pytest.mark.parametrize("page", _pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_event_in_a_page_is_right_and_has_no_warning(page: Path) -> None:
    checked = read_events(events(page), _NOW)
    assert not checked.errors
    assert not [warning for event in checked.valid.values() for warning in event.warnings]


def test_there_are_events_in_the_pages() -> None:
    assert sum(len(events(page)) for page in _pages()) > 1
