"""The service of another team: its projection on both databases, and the whole of it embedded."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from chassis import Draft, InvalidInput
from chassis.database.engine import Database
from chassis.testing import EmbeddedServices, Scenario, SourceLog, create_toy, draft, toy_service
from examples.own_service.migrations import migrate
from examples.own_service.projections import CategoryOrders
from examples.own_service.service import CategoriesService
from examples.own_service.store import CATEGORIES, METADATA, most_ordered

ROOT = Path(__file__).parents[3]


def order(shopper: str, *categories: str) -> Draft:
    products = [{"product_id": "p", "category": category} for category in categories]
    return draft(shopper, "order_completed", {"order_id": "o", "products": products})


@pytest.fixture
def scenario(database_uri: str) -> Iterator[Scenario]:
    migrate(database_uri)
    made = Scenario(database_uri, "categories")
    yield made
    made.close()


def test_an_order_counts_once_in_each_of_its_categories(scenario: Scenario) -> None:
    profiles = SourceLog("profiles")
    events = profiles.record(
        order("s-1", "lamps", "lamps", "chairs"), order("s-2", "lamps"), draft("s-2", "signed_in")
    )
    scenario.when_followed(events, CategoryOrders())
    counts = [{"category": "chairs", "orders": 1}, {"category": "lamps", "orders": 2}]
    assert scenario.rows(CATEGORIES) == counts
    scenario.when_followed(events, CategoryOrders())  # the broker may deliver everything twice
    assert scenario.rows(CATEGORIES) == counts


def test_the_most_ordered_category_comes_first(scenario: Scenario) -> None:
    events = SourceLog("profiles").record(order("s-1", "chairs"), order("s-2", "chairs", "lamps"))
    scenario.when_followed(events, CategoryOrders())
    assert list(scenario.work.read(lambda unit: most_ordered(unit, 10))) == ["chairs", "lamps"]
    assert scenario.work.read(lambda unit: most_ordered(unit, 1)) == {"chairs": 2}


def test_the_migrations_make_the_table_that_the_code_uses(database_uri: str) -> None:
    migrate(database_uri)
    database = Database(database_uri)
    with database.transaction() as connection:
        inspector = sa.inspect(connection)
        for table in METADATA.sorted_tables:
            columns = {column["name"] for column in inspector.get_columns(table.name)}
            assert columns == set(table.columns.keys())
    database.close()


def test_the_service_counts_what_profiles_records(tmp_path: Path) -> None:
    services: Any = {toy_service("profiles"): create_toy, CategoriesService: migrate}
    events = [
        {"stream": "s-1", "type": "order_completed", "data": {"products": [{"category": "lamps"}]}}
    ]
    with EmbeddedServices(services, tmp_path) as suite:
        suite.call("profiles", "append", events=events)
        suite.wait_until_followed()
        assert suite.call("categories", "top") == {"lamps": 1}
        with pytest.raises(InvalidInput, match="limit"):
            suite.call("categories", "top", limit=0)


def test_the_runner_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    settings = {
        "CDP_CATEGORIES_DATABASE_URI": f"sqlite:///{tmp_path / 'categories.db'}",
        "CDP_CATEGORIES_AMQP_URI": "embedded://localhost",
    }
    command = [sys.executable, "-W", "ignore", "-m", "examples.own_service"]
    with subprocess.Popen(
        command, cwd=ROOT, env=os.environ | settings, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert any(line.startswith("serving categories") for line in process.stderr)
        process.stderr.readline()  # logged by the subscriber: the runner waits for signals by now
        process.send_signal(signal.SIGTERM)
        process.stderr.read()
        assert process.wait(timeout=30) == 0
