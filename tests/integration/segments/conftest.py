"""Fixtures of the tests of segments."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chassis.database.engine import Database
from profile_index import note_form
from tests.support.segments_service import ProfilesLog, SegmentsWithoutNameko


@pytest.fixture
def log(tmp_path: Path, migrated_file: Callable[[str, Path], str]) -> Iterator[ProfilesLog]:
    """Of another service, so always on SQLite: what is tested here is segments."""
    database = Database(migrated_file("profiles", tmp_path / "log.db"))
    yield ProfilesLog(database)
    database.close()


@pytest.fixture
def segments(service_database: Callable[[str], Database]) -> SegmentsWithoutNameko:
    found = SegmentsWithoutNameko(service_database("segments"))
    found.work.run(note_form)  # a database that other tests have emptied is without it
    return found
