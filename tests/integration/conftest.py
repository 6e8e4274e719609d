"""Fixtures of the chassis' tests: databases with the tables of the toy (see tests/toy.py)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chassis.database import Database
from tests.servers import Databases
from tests.toy import create_tables, forget_everything


@pytest.fixture(scope="session")
def spare_toys() -> list[str]:
    """Databases of the toy on PostgreSQL that are empty again: making one takes its time."""
    return []


@pytest.fixture
def toy_uri(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path, spare_toys: list[str]
) -> Iterator[Callable[[], str]]:
    """`toy_uri()`: the URI of another empty database of the toy, as its least-privileged user."""
    uris: list[str] = []
    numbers = itertools.count(1)

    def create() -> str:
        if engine == "sqlite":
            uri = f"sqlite:///{tmp_path / f'toy-{next(numbers)}.db'}"
            create_tables(uri)
            return uri
        databases: Databases = request.getfixturevalue("databases")
        uris.append(spare_toys.pop() if spare_toys else databases.create("toy", create_tables)[1])
        return uris[-1]

    yield create
    for uri in uris:
        forget_everything(request.getfixturevalue("databases").administrator(uri))
        spare_toys.append(uri)


@pytest.fixture
def toy(toy_uri: Callable[[], str]) -> Iterator[Callable[[], Database]]:
    """`toy()`: another empty `Database` of the toy, see above."""
    made: list[Database] = []

    def create() -> Database:
        made.append(Database(toy_uri()))
        return made[-1]

    yield create
    for database in made:
        database.close()
