from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chassis.database.engine import Database
from tests.support.toy import create_tables


@pytest.fixture
def toy_file(tmp_path: Path) -> Iterator[Database]:
    """A SQLite database with the tables of the toy."""
    uri = f"sqlite:///{tmp_path / 'toy.db'}"
    create_tables(uri)
    database = Database(uri)
    yield database
    database.close()
