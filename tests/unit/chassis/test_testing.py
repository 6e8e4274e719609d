"""chassis.testing: what a scenario gives, runs and shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from chassis import Draft, Event, JointDraft, new_id
from chassis.eventlog.unit_of_work import UnitOfWork
from chassis.runtime.service import Service, subscribe
from chassis.testing import (
    NOW,
    EmbeddedServices,
    Scenario,
    SourceLog,
    create_tables,
    create_toy,
    draft,
    followed_by,
    toy_service,
)

METADATA = sa.MetaData()
AMOUNTS = sa.Table(
    "amounts",
    METADATA,
    sa.Column("event_id", sa.Text, primary_key=True),
    sa.Column("amount", sa.Integer, nullable=False),
)


class Amounts:
    """Keeps the amount of each event; one without an amount cannot be applied."""

    def apply(self, unit: UnitOfWork, events: Sequence[Event]) -> None:
        rows = [{"event_id": event.id, "amount": event.data["amount"]} for event in events]
        unit.connection.execute(sa.insert(AMOUNTS), rows)


class AmountsService(Service):
    name = "follower"

    @subscribe("toy")
    def toy_events(self) -> Amounts:
        return Amounts()


def create_follower(uri: str) -> None:
    create_tables(uri, METADATA)


@pytest.fixture
def scenario(tmp_path: Path) -> Iterator[Scenario]:
    uri = f"sqlite:///{tmp_path / 'scenario.db'}"
    create_follower(uri)
    made = Scenario(uri, "follower")
    yield made
    made.close()


def double(unit: UnitOfWork) -> int:
    """A command: one more event, of twice the amount of the last one."""
    last = unit.history({"s": 0}, 100)[-1]
    return unit.append([draft("s", "noted", {"amount": 2 * last.data["amount"]})])[0].event.version


def test_a_command_is_shown_by_what_it_appends(scenario: Scenario) -> None:
    scenario.given(draft("s", "noted", {"amount": 4}))
    assert scenario.then() == []
    assert scenario.when(double) == 2
    assert scenario.then() == [("s", "noted", {"amount": 8})]
    assert [event.recorded_at for event in scenario.then_events()] == [NOW]
    scenario.when(double)
    assert scenario.then() == [("s", "noted", {"amount": 16})]


def test_a_projection_gets_every_event_once_and_in_order(scenario: Scenario) -> None:
    events = SourceLog("toy").record(
        draft("a", "noted", {"amount": 1}), draft("a", "noted", {"amount": 2})
    )
    scenario.when_followed([events[1], events[0], events[0]], Amounts())
    assert [row["amount"] for row in scenario.rows(AMOUNTS)] == [1, 2]
    largest = sa.select(sa.func.max(AMOUNTS.c.amount).label("amount"))
    assert scenario.rows(largest) == [{"amount": 2}]


def test_the_error_of_a_projection_is_raised(scenario: Scenario) -> None:
    events = SourceLog("toy").record(draft("a", "noted"))
    with pytest.raises(KeyError, match="amount"):
        scenario.when_followed(events, Amounts())


def test_a_source_numbers_its_events_as_a_log_does(scenario: Scenario) -> None:
    joint = JointDraft(new_id(), "joined", {"a": {"n": 1}, "b": {"n": 2}}, {"why": "x"}, NOW)
    drafts: list[Draft | JointDraft] = [
        draft("a", "noted", {"amount": 1}),
        joint,
        draft("b", "noted", {"amount": 2}),
    ]
    in_memory = SourceLog("follower").record(*drafts)
    scenario.when(lambda unit: unit.append(drafts))
    assert sorted(in_memory, key=place) == sorted(scenario.then_events(), key=place)


def place(event: Event) -> tuple[str, int]:
    return event.stream, event.version


def test_what_a_service_follows_is_what_it_subscribes_to() -> None:
    assert followed_by(AmountsService) == {"toy"}
    assert followed_by(toy_service()) == set()


@pytest.fixture
def services() -> dict[type[Service], Callable[[str], object]]:
    return {toy_service(): create_toy, AmountsService: create_follower}


def test_embedded_services_follow_each_other(services: Any, tmp_path: Path) -> None:
    with EmbeddedServices(services, tmp_path) as suite:
        events = [{"stream": "s", "type": "noted", "data": {"amount": 5}}]
        assert suite.call("toy", "append", events=events) == {"s": 1}
        suite.wait_until_followed()
        assert suite.call("follower", "behind", source="toy", places={"s": 1}) == {"behind": {}}
    with EmbeddedServices(services, tmp_path) as suite:  # the same files
        assert suite.call("toy", "append", events=events) == {"s": 2}


def test_what_is_not_followed_is_named(services: Any, tmp_path: Path) -> None:
    with EmbeddedServices(services, tmp_path) as suite:
        suite.call("toy", "append", events=[{"stream": "s", "type": "noted"}])  # poison
        with pytest.raises(TimeoutError, match="toy/s by follower"):
            suite.wait_until_followed(0.3)
