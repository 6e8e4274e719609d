"""What bandits learn, on both databases: an outcome counts once, and every replica knows of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chassis import HOUR, Draft, FixedClock
from chassis.core.upcasting import Upcasters
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from contracts.decisions import DECISION_STEPS
from services.offers.commands import OutcomeHandler, StatisticsRegistry, count_outcomes
from services.offers.domain.statistics import OutcomeCount
from tests.support.statements import record_statements

NOW = 1_795_289_400_000_000
CELL = "category=shoes|device=mobile"


class Learning:
    """Offers' log and outcomes, and two replicas that look up the counts."""

    def __init__(self, database: Database) -> None:
        self.clock = FixedClock(NOW)
        self.work = UnitOfWorkRunner(
            database, "offers", self.clock, upcasters=Upcasters(DECISION_STEPS)
        )
        self.handler = OutcomeHandler([count_outcomes])
        self.replicas = [StatisticsRegistry(), StatisticsRegistry()]

    def log_decision(self, decision_id: str, offer_id: str | None = "lamp") -> None:
        block = {"offer_id": offer_id, "offer_version": 1, "variant": "default"}
        draw = {
            "cell": CELL,
            "candidates": ["lamp", "tent"],
            "picks": [{"offer_id": offer_id, "propensity": 0.5}],
        }
        data = {
            "placement": "checkout",
            "profile_id": None,
            "slots": {"extras": [block], "welcome": [block]},
            "rankings": {"extras": draw},
        }
        draft = Draft(decision_id, decision_id, "offer_decided", data, NOW, 2)
        self.work.run(lambda unit: unit.append([draft]))

    def record(self, *reports: tuple[str, str, str]) -> None:
        outcomes: list[dict[str, Any]] = [
            {"decision_id": decision_id, "slot": slot, "kind": kind}
            for decision_id, slot, kind in reports
        ]
        receipts = self.handler.record(outcomes, self.work)["receipts"]
        assert {each["status"] for each in receipts} <= {"appended", "duplicate"}

    def counts(self) -> list[OutcomeCount]:
        """What each replica knows, once each has looked."""
        for replica in self.replicas:
            replica.refresh(self.work)
        return [replica.current.tally("checkout.extras", "lamp") for replica in self.replicas]


@pytest.fixture
def learning(service_database: Callable[[str], Database]) -> Learning:
    return Learning(service_database("offers"))


def test_every_replica_knows_an_outcome_after_its_next_look(learning: Learning) -> None:
    learning.log_decision("d-1")
    learning.record(("d-1", "extras", "shown"))
    assert learning.counts() == [OutcomeCount(1, 0, 0)] * 2
    learning.clock.at += 2 * HOUR
    learning.record(("d-1", "extras", "clicked"), ("d-1", "extras", "converted"))
    assert learning.counts() == [OutcomeCount(1, 1, 1)] * 2
    assert learning.counts() == [OutcomeCount(1, 1, 1)] * 2


def test_a_duplicate_counts_once(learning: Learning) -> None:
    learning.log_decision("d-1")
    learning.record(("d-1", "extras", "shown"), ("d-1", "extras", "shown"))
    learning.record(("d-1", "extras", "shown"))
    assert learning.counts()[0] == OutcomeCount(1, 0, 0)


def test_an_outcome_that_comes_before_its_decision_counts_once_that_is_there(
    learning: Learning,
) -> None:
    learning.record(("d-1", "extras", "shown"))
    assert learning.counts()[0] == OutcomeCount()
    learning.log_decision("d-1")
    learning.handler.join(learning.work)
    assert learning.counts()[0] == OutcomeCount(1, 0, 0)


def test_what_no_bandit_drew_is_not_counted(learning: Learning) -> None:
    learning.log_decision("d-1")
    learning.log_decision("d-2", offer_id=None)
    learning.record(("d-1", "welcome", "shown"), ("d-2", "extras", "shown"))
    learning.counts()
    assert learning.replicas[0].current.tally("checkout.welcome", "lamp") == OutcomeCount()
    assert learning.counts()[0] == OutcomeCount()


def test_a_call_adds_to_all_its_cells_with_one_statement(learning: Learning) -> None:
    for number in range(5):
        learning.log_decision(f"d-{number}")
    statements = record_statements(learning.work.database.engine)
    learning.record(*((f"d-{number}", "extras", "shown") for number in range(5)))
    assert sum("INTO outcome_counts" in each for each in statements) == 1
    assert learning.counts()[0] == OutcomeCount(5, 0, 0)


def test_a_replica_that_starts_knows_what_was_counted_long_ago(learning: Learning) -> None:
    learning.log_decision("d-1")
    learning.record(("d-1", "extras", "shown"))
    learning.clock.at += 1_000 * HOUR
    learning.replicas.append(StatisticsRegistry())
    assert learning.counts() == [OutcomeCount(1, 0, 0)] * 3
