"""Fixtures of the tests of segments."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chassis.database.engine import Database
from deploy.services import upgrade
from tests.support.segments_service import ProfilesLog, SegmentsWithoutNameko


@pytest.fixture
def log(tmp_path: Path) -> Iterator[ProfilesLog]:
    """Of another service, so always on SQLite: what is tested here is segments."""
    uri = f"sqlite:///{tmp_path / 'log.db'}"
    upgrade("profiles", uri)
    database = Database(uri)
    yield ProfilesLog(database)
    database.close()


@pytest.fixture
def segments(service_database: Callable[[str], Database]) -> SegmentsWithoutNameko:
    return SegmentsWithoutNameko(service_database("segments"))
