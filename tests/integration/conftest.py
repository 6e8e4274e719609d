"""Databases of the toy (see tests/support/toy.py), and of a suite without a broker."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from chassis.database.engine import Database
from chassis.messaging import embedded
from contracts.topology import SERVICE_NAMES
from deploy.services import upgrade
from tests.support import case_shop
from tests.support.servers import Databases, VirtualHosts
from tests.support.suite_without_broker import OpenSuite, SuiteWithoutBroker, Uris
from tests.support.toy import create_tables, forget_everything
from tests.support.toy_services import SERVICES, Wire

_EXAMPLES_A_DATABASE = 25


@pytest.fixture(scope="session")
def spare_toys() -> list[str]:
    """Databases of the toy on PostgreSQL that are empty again: making one takes its time."""
    return []


@pytest.fixture(scope="session")
def toy_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database of the toy, to be copied."""
    path = tmp_path_factory.mktemp("toy") / "toy.db"
    create_tables(f"sqlite:///{path}")
    return path


@pytest.fixture
def toy_uri(
    engine: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    toy_file: Path,
    spare_toys: list[str],
) -> Iterator[Callable[[], str]]:
    """`toy_uri()`: the URI of another empty database of the toy, as its least-privileged user."""
    uris: list[str] = []
    numbers = itertools.count(1)

    def create() -> str:
        if engine == "sqlite":
            path = shutil.copyfile(toy_file, tmp_path / f"toy-{next(numbers)}.db")
            return f"sqlite:///{path}"
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


@pytest.fixture
def open_suite(
    engine: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    migrated_file: Callable[[str, Path], str],
) -> OpenSuite:
    """`with open_suite() as suite:` is a suite without a broker, for one example.

    A few examples share their databases, up to one that fails.
    """
    numbers = itertools.count()
    uris: dict[str, Uris] = {}

    def create(service: str, name: str) -> Uris:
        if engine == "sqlite":
            uri = migrated_file(service, tmp_path / f"{service}-{name}.db")
            return uri, uri
        databases: Databases = request.getfixturevalue("databases")
        return databases.create(service, partial(upgrade, service))

    @contextmanager
    def open_one() -> Iterator[SuiteWithoutBroker]:
        number = next(numbers)
        if number % _EXAMPLES_A_DATABASE == 0:
            uris.clear()
        if not uris:
            uris.update({service: create(service, str(number)) for service in SERVICE_NAMES})
        suite = SuiteWithoutBroker(uris, case_shop.clock())
        try:
            yield suite
        except BaseException:
            uris.clear()  # what it has recorded is not delivered
            raise
        finally:
            suite.close()

    return open_one


class EmbeddedBroker:
    """The broker inside the process, which makes no difference between its users."""

    def uri(self, _name: str) -> str:
        return embedded.install()

    def operator_uri(self) -> str:
        return embedded.install()


@pytest.fixture(scope="module", params=["embedded", "rabbitmq"])
def broker(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A broker: `broker.uri("profiles")` is where a service reaches it."""
    if request.param == "embedded":
        yield EmbeddedBroker()
        embedded.forget()
        return
    virtual_hosts: VirtualHosts = request.getfixturevalue("virtual_hosts")
    virtual_host = virtual_hosts.create()
    yield virtual_host
    virtual_hosts.delete(virtual_host)


@pytest.fixture(scope="module")
def toy_uris(
    broker: Any, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, str]]:
    """Databases for both services of the toy: SQLite if embedded, PostgreSQL with RabbitMQ."""
    if isinstance(broker, EmbeddedBroker):
        path = tmp_path_factory.mktemp("wire")
        uris = {service: f"sqlite:///{path}/{service}.db" for service in SERVICES}
        for uri in uris.values():
            create_tables(uri)
        yield uris
        return
    databases: Databases = request.getfixturevalue("databases")
    uris = {service: databases.create("toy", create_tables)[1] for service in SERVICES}
    yield uris
    for uri in uris.values():
        databases.drop(uri)


@pytest.fixture(scope="module")
def wire(broker: Any, toy_uris: Mapping[str, str]) -> Iterator[Wire]:
    """Both services of the toy, running."""
    made = Wire(broker.uri, toy_uris)
    made.start()
    yield made
    made.stop()
