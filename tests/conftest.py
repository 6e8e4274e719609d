"""Fixtures that every test can ask for: databases on both engines, and the broker.

Servers are found or started by `deploy` when a test first needs one; a server that cannot
be had is an error that says what to do, never a skip.
"""

from __future__ import annotations

# First of all: this process is green before anything else is imported, as services are.
import chassis.runtime.green  # noqa: F401  # isort: skip

import gc
import itertools
import logging
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TypeVar

import hypothesis
import pytest
import sqlalchemy as sa
import structlog

from chassis.config import yaml_document
from chassis.config.files import compose_yaml
from chassis.database.engine import Database
from deploy.machine import NoServer
from deploy.services import upgrade
from tests.support.servers import Databases, VirtualHost, VirtualHosts
from tests.support.system import ProcessSuite

_FOLDERS = {
    "integration": ("integration",),
    "e2e": ("integration", "e2e"),
    "proofs": ("integration", "proofs"),
}
T = TypeVar("T")
_NOWHERE = logging.NullHandler()  # else Python prints to standard error what no test captures
ENGINES = ("sqlite", "postgresql")
FULL_SIZE = os.environ.get("CDP_PROOFS") == "full"  # set by `make prove`

# No deadlines: what is slow on a busy machine is not wrong.
hypothesis.settings.register_profile("moderate", deadline=None, max_examples=50)
hypothesis.settings.register_profile("full", deadline=None, max_examples=1_000)
hypothesis.settings.load_profile("full" if FULL_SIZE else "moderate")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests by their folder; what takes minutes at any size is for `make prove` alone."""
    if not FULL_SIZE and (long := [item for item in items if item.get_closest_marker("long")]):
        items[:] = [item for item in items if item not in long]
        config.hook.pytest_deselected(items=long)
    for item in items:
        if FULL_SIZE and "size" in item.fixturenames:  # type: ignore[attr-defined]
            item.add_marker("proofs")  # wherever it stands: `make prove` runs nothing else
        folders = Path(item.path).relative_to(Path(__file__).parent).parts[:-1]
        for name in _FOLDERS.get(folders[0] if folders else "", ()):
            item.add_marker(name)


def pytest_collection_finish() -> None:
    """Take what has been imported and collected for no garbage, and look through it no more."""
    gc.collect()
    gc.freeze()


def _found(make: Callable[[], T]) -> T:
    """What `make` makes; without a server the run ends with one sentence, not one for each test."""
    try:
        return make()
    except NoServer as error:
        pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)


@sa.event.listens_for(sa.Pool, "checkout")
def _wait_for_no_disk(connection: Any, _record: object, _proxy: object) -> None:
    """What this process commits in SQLite is lost with the machine only, as in `Databases`."""
    if isinstance(connection, sqlite3.Connection) and not FULL_SIZE:
        connection.execute("PRAGMA synchronous=OFF")


# Most tests read a file of settings that is shipped; the same text is parsed once.
vars(yaml_document)["compose_yaml"] = lru_cache(maxsize=64)(compose_yaml)

_configure = structlog.configure


def _configure_for_a_test(**options: Any) -> None:
    """A cached logger would keep for the whole run what was configured when it was first used."""
    _configure(**{**options, "cache_logger_on_first_use": False})


@pytest.fixture(autouse=True)
def logged(monkeypatch: pytest.MonkeyPatch) -> None:
    """What services of this process log is shown with the test that fails, and only then."""
    logging.getLogger().addHandler(_NOWHERE)
    monkeypatch.setattr(structlog, "configure", _configure_for_a_test)
    structlog.configure(
        processors=[structlog.stdlib.add_log_level, structlog.processors.KeyValueRenderer()],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


@pytest.fixture(scope="session")
def size() -> Callable[[int, int], int]:
    """`size(500, 5_000)`: how much a proof does in `make test`, and in `make prove`."""
    return lambda moderate, full: full if FULL_SIZE else moderate


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """The run's own PostgreSQL databases and roles."""
    made = _found(partial(Databases, durable=FULL_SIZE))
    yield made
    made.close()


@pytest.fixture(scope="session")
def virtual_hosts(databases: Databases) -> Iterator[VirtualHosts]:
    """The run's own virtual hosts of RabbitMQ."""
    made = _found(partial(VirtualHosts, databases))
    yield made
    made.close()


@pytest.fixture
def virtual_host(virtual_hosts: VirtualHosts) -> Iterator[VirtualHost]:
    """An empty virtual host: `virtual_host.uri("profiles")` is where profiles reaches it."""
    made = virtual_hosts.create()
    yield made
    virtual_hosts.delete(made)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Which database a test runs on: it runs once on each."""
    return str(request.param)


@pytest.fixture
def database_uri(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URI of an empty database whose user may create tables."""
    if engine == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    databases: Databases = request.getfixturevalue("databases")
    uri, _ = databases.create("empty")
    yield uri
    databases.drop(uri)


@pytest.fixture
def database(database_uri: str) -> Iterator[Database]:
    """An empty database, as chassis sees it; the test makes its own tables."""
    made = Database(database_uri)
    yield made
    made.close()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Path], str]:
    """`migrated_file("identity", path)`: the URI of a SQLite database with that service's tables.

    Each service is migrated once a run; what is at `path` is a copy.
    """
    folder = tmp_path_factory.mktemp("migrated")

    def copy(service: str, path: Path) -> str:
        template = folder / f"{service}.db"
        if not template.exists():
            upgrade(service, f"sqlite:///{template}")
        shutil.copyfile(template, path)
        return f"sqlite:///{path}"

    return copy


@pytest.fixture
def service_database_uri(
    engine: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    migrated_file: Callable[[str, Path], str],
) -> Iterator[Callable[[str], str]]:
    """`service_database_uri("identity")`: the URI of an empty database with that service's tables.

    On PostgreSQL it is that of the service's own user, who owns nothing and may only what
    `deploy.access` grants. Each call makes another database.
    """
    lent: list[tuple[str, str]] = []
    numbers = itertools.count(1)

    def create(service: str) -> str:
        if engine == "sqlite":
            return migrated_file(service, tmp_path / f"{service}-{next(numbers)}.db")
        databases: Databases = request.getfixturevalue("databases")
        lent.append((service, databases.lend(service, partial(upgrade, service))))
        return lent[-1][1]

    yield create
    for service, uri in lent:
        request.getfixturevalue("databases").take_back(service, uri)


@pytest.fixture
def service_database(
    service_database_uri: Callable[[str], str],
) -> Iterator[Callable[[str], Database]]:
    """`service_database("identity")`: a fresh `Database` with that service's tables, see above."""
    made: list[Database] = []

    def create(service: str) -> Database:
        made.append(Database(service_database_uri(service)))
        return made[-1]

    yield create
    for database in made:
        database.close()


@pytest.fixture
def suite(
    databases: Databases, virtual_hosts: VirtualHosts, tmp_path: Path
) -> Iterator[Callable[..., ProcessSuite]]:
    """`suite(replicas=2)`: the services as processes, started; all is gone after the test."""
    with ExitStack() as stack:

        def start(**options: Any) -> ProcessSuite:
            directory = tmp_path / f"suite-{next(numbers)}"
            directory.mkdir()
            made = ProcessSuite(databases, virtual_hosts, directory=directory, **options)
            return stack.enter_context(made)

        numbers = itertools.count(1)
        yield start
