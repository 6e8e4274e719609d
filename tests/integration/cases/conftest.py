"""Fixtures of the cases: a shop on the embedded suite, on either database."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from cdp.embedded import (
    EMBEDDED_BROKER,
    EMBEDDED_KEY,
    EmbeddedSuite,
    database_path,
    embedded_settings,
)
from chassis import FixedClock
from chassis.messaging import embedded
from chassis.runtime.client import Client
from contracts.topology import SERVICE_NAMES
from deploy.services import upgrade
from tests.support import case_shop
from tests.support.case_shop import CaseShop
from tests.support.servers import Databases

_CASES = itertools.count(1)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def case_suite(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    migrated_file: Callable[[str, Path], str],
) -> Iterator[tuple[Client, FixedClock, EmbeddedSuite]]:
    """The services, up; what one case tells is of no concern to another."""
    folder: Path = tmp_path_factory.mktemp("cases")
    clock = case_shop.clock()
    settings = [
        replace(each, identifier_key=EMBEDDED_KEY.encode())
        for each in embedded_settings(folder, clock)
    ]
    owners: list[str] = []
    if request.param == "sqlite":
        for each in settings:
            migrated_file(each.service, database_path(folder, each.service))
    else:
        databases: Databases = request.getfixturevalue("databases")
        for place, each in enumerate(settings):
            owner, user = databases.create(each.service, partial(upgrade, each.service))
            owners.append(owner)
            settings[place] = replace(each, database_uri=user)
    embedded.forget()
    embedded.install(SERVICE_NAMES)
    with EmbeddedSuite(settings).running() as suite, Client(EMBEDDED_BROKER, 30.0) as client:
        yield client, clock, suite
    embedded.forget()
    for owner in owners:
        request.getfixturevalue("databases").drop(owner)


@pytest.fixture
def shop(case_suite: tuple[Client, FixedClock, EmbeddedSuite]) -> CaseShop:
    """A shop whose shoppers and orders are new."""
    client, clock, suite = case_suite
    return CaseShop(client, clock, next(_CASES), suite.lags)
