"""Outcomes on both databases: each counts once, and is joined with its decision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import pytest
import sqlalchemy as sa

from chassis import DAY, HOUR, MINUTE, Draft, FixedClock, InvalidInput, NotFound
from chassis.core.upcasting import Upcasters
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from contracts.decisions import DECISION_STEPS
from contracts.outcomes import RecordOutcomesResponse
from services.offers import commands, store
from services.offers.commands import OutcomeHandler
from services.offers.configuration import load_file
from services.offers.domain.outcomes import JoinedOutcome, outcome_of
from services.offers.queries import explain
from services.offers.registry import CatalogueRegistry
from tests.support.statements import record_statements

NOW = 1_795_289_400_000_000
SHOWN = {"decision_id": "d-1", "slot": "extras", "kind": "shown"}
CONVERTED = {**SHOWN, "kind": "converted", "order_id": "o-1", "value": 4900, "currency": "USD"}
RESPONSE = RecordOutcomesResponse()


class Outcomes:
    """Offers' log and outcomes, without nameko; `joined` is what readers have learned."""

    def __init__(self, database: Database) -> None:
        self.clock = FixedClock(NOW)
        self.work = UnitOfWorkRunner(
            database, "offers", self.clock, upcasters=Upcasters(DECISION_STEPS)
        )
        self.joined: list[JoinedOutcome] = []
        self.handler = OutcomeHandler([self.learn])

    def learn(self, _unit: UnitOfWork, outcomes: Sequence[JoinedOutcome]) -> None:
        self.joined += outcomes

    def log_decision(self, decision_id: str = "d-1", offers: Sequence[str] = ("warranty",)) -> None:
        blocks = [{"offer_id": each, "offer_version": 2, "variant": "default"} for each in offers]
        data = {"placement": "checkout", "profile_id": "p-1", "slots": {"extras": blocks}}
        draft = Draft(decision_id, decision_id, "offer_decided", data, NOW, 2)
        self.work.run(lambda unit: unit.append([draft]))

    def record(self, *reports: Any) -> list[dict[str, Any]]:
        response = self.handler.record(list(reports), self.work)
        RESPONSE.load(response)
        return list(response["receipts"])

    def logged(self) -> list[tuple[str, str, dict[str, Any]]]:
        query = sa.text("SELECT type, stream_id FROM events ORDER BY type")
        rows = self.work.read(lambda unit: unit.connection.execute(query).all())
        events = self.work.read(lambda unit: unit.events_at((row.stream_id, 1) for row in rows))
        return [(event.type, event.stream, dict(event.data)) for event in events]

    def waiting(self) -> int:
        query = sa.select(sa.func.count()).select_from(store.UNJOINED_OUTCOMES)
        return self.work.read(lambda unit: unit.connection.execute(query).scalar_one())


@pytest.fixture
def outcomes(service_database: Callable[[str], Database]) -> Outcomes:
    return Outcomes(service_database("offers"))


def test_an_outcome_is_an_event_that_says_which_block_it_was(outcomes: Outcomes) -> None:
    outcomes.log_decision()
    (receipt,) = outcomes.record(CONVERTED)
    assert (receipt["status"], receipt["joined"]) == ("appended", True)
    converted = next(each for each in outcomes.logged() if each[0] == "offer_converted")
    assert converted[1] == "outcomes:d-1"
    assert converted[2]["offer_id"] == "warranty"
    assert converted[2]["placement"] == "checkout"
    assert [each.outcome.value for each in outcomes.joined] == [4900]


def test_a_wrong_report_is_told_and_spoils_nothing(outcomes: Outcomes) -> None:
    outcomes.log_decision()
    receipts = outcomes.record(SHOWN, "nonsense", {**SHOWN, "slot": "nowhere"}, {**SHOWN, "at": 7})
    assert [each["status"] for each in receipts] == ["appended", *["rejected"] * 3]
    fields = [each["errors"][0]["field"] for each in receipts[1:]]
    assert fields == ["outcomes[1]", "outcomes[2].slot", "outcomes[3].at"]


def test_an_outcome_is_no_decision_to_explain(outcomes: Outcomes) -> None:
    outcomes.log_decision()
    outcomes.record(SHOWN)
    registry = CatalogueRegistry(load_file(None))
    with pytest.raises(NotFound, match="is not a decision"):
        explain(outcomes.work, "outcomes:d-1", registry)


def test_what_is_no_list_is_refused(outcomes: Outcomes) -> None:
    wrong: object
    for wrong in ({}, None, [SHOWN] * 1_001):
        with pytest.raises(InvalidInput, match="outcomes"):
            outcomes.handler.record(wrong, outcomes.work)


def test_an_outcome_counts_once_in_a_call_and_in_calls(outcomes: Outcomes) -> None:
    outcomes.log_decision()
    first = outcomes.record(SHOWN, SHOWN)
    again = outcomes.record({**SHOWN, "offer_id": None, "at": "2026-11-21T19:30:00Z"}, CONVERTED)
    statuses = [each["status"] for each in (*first, *again)]
    assert statuses == ["appended", "duplicate", "duplicate", "appended"]
    assert len(outcomes.joined) == 2


@pytest.mark.parametrize("report", [SHOWN, CONVERTED])
def test_what_is_reported_with_its_offer_and_without_it_counts_once(
    outcomes: Outcomes, report: dict[str, Any]
) -> None:
    outcomes.log_decision()
    with_offer = {**report, "offer_id": "warranty"}
    first = outcomes.record(report, with_offer)
    again = outcomes.record(with_offer, report)
    assert [each["status"] for each in (*first, *again)] == ["appended", *["duplicate"] * 3]
    assert len(outcomes.joined) == 1


@pytest.mark.parametrize("report", [SHOWN, CONVERTED])
@pytest.mark.parametrize("named_first", [True, False])
def test_what_is_reported_twice_before_its_decision_counts_once_as_it_was_reported_first(
    outcomes: Outcomes, report: dict[str, Any], named_first: bool
) -> None:
    named = {**report, "offer_id": "warranty"}
    reports = (named, report) if named_first else (report, named)
    receipts = [receipt for each in reports for receipt in outcomes.record(each)]
    assert [each["joined"] for each in receipts] == [False, False]
    outcomes.log_decision()
    outcomes.handler.join(outcomes.work)
    (joined,) = outcomes.joined
    assert joined.outcome.outcome_id == receipts[0]["outcome_id"]
    assert joined.outcome.offer_id == "warranty"
    assert [each["status"] for each in outcomes.record(*reports)] == ["duplicate"] * 2
    assert outcomes.waiting() == 0


def test_which_process_joins_a_repeated_outcome_is_all_one(outcomes: Outcomes) -> None:
    (first,) = outcomes.record(SHOWN)
    outcomes.log_decision()
    outcomes.handler.join(outcomes.work)
    # Its unit began before the decision was there.
    late = outcome_of({**SHOWN, "offer_id": "warranty"}, NOW)

    def record_late(unit: UnitOfWork) -> None:
        unit.append([late.draft(None)])
        store.put_unjoined_outcomes(unit, [(late.outcome_id, "d-1", asdict(late))])

    outcomes.work.run(record_late)
    outcomes.handler.join(outcomes.work)
    assert [each.outcome.outcome_id for each in outcomes.joined] == [first["outcome_id"]]
    assert outcomes.waiting() == 0


@pytest.mark.parametrize("engine", ["postgresql"])
@pytest.mark.parametrize("named_first", [False, True])
def test_what_is_reported_at_once_with_its_offer_and_without_it_counts_once(
    outcomes: Outcomes, monkeypatch: pytest.MonkeyPatch, named_first: bool
) -> None:
    outcomes.log_decision()
    reports = [{**CONVERTED, "offer_id": "warranty"}, CONVERTED]
    first, second = reports if named_first else reversed(reports)
    settle = vars(commands.outcomes)["_settle"]
    receipts: list[dict[str, Any]] = []

    def settle_later(*arguments: Any) -> None:
        if not receipts:
            receipts.append({})
            receipts[:] = outcomes.record(first)
        settle(*arguments)

    monkeypatch.setattr(commands.outcomes, "_settle", settle_later)
    receipts += outcomes.record(second)
    assert [each["status"] for each in receipts] == ["appended", "duplicate"]
    assert len(outcomes.joined) == 1


def test_of_several_blocks_in_a_slot_each_is_shown_whatever_is_reported_without_its_offer(
    outcomes: Outcomes,
) -> None:
    offers = ("warranty", "strap")
    outcomes.record(SHOWN, *({**SHOWN, "offer_id": each} for each in offers))
    outcomes.log_decision(offers=offers)
    outcomes.handler.join(outcomes.work)
    assert {each.outcome.offer_id for each in outcomes.joined} == set(offers)


def test_the_page_and_the_server_may_report_in_either_order(outcomes: Outcomes) -> None:
    outcomes.log_decision()
    with_offer = {**CONVERTED, "offer_id": "warranty"}
    receipts = [outcomes.record(each)[0] for each in (with_offer, CONVERTED)]
    receipts += outcomes.record({**CONVERTED, "value": 100})
    assert [each["status"] for each in receipts] == ["appended", "duplicate", "conflict"]


def test_a_report_under_an_id_of_its_own_is_another_one(outcomes: Outcomes) -> None:
    outcomes.log_decision()
    reports = [{**SHOWN, "kind": "clicked", "outcome_id": each} for each in ("one", "two")]
    assert [each["status"] for each in outcomes.record(*reports)] == ["appended"] * 2


def test_an_id_that_stands_for_another_outcome_is_a_conflict(outcomes: Outcomes) -> None:
    outcomes.log_decision()
    named = {"outcome_id": "mine"}
    receipts = outcomes.record({**SHOWN, **named}, {**CONVERTED, **named})
    receipts += outcomes.record({**SHOWN, **named, "kind": "clicked"})
    assert [each["status"] for each in receipts] == ["appended", "conflict", "conflict"]
    assert len(outcomes.joined) == 1


def test_no_id_of_a_report_meets_that_of_another_event(outcomes: Outcomes) -> None:
    outcomes.log_decision()
    (receipt,) = outcomes.record({**SHOWN, "outcome_id": "d-1"})
    assert receipt["status"] == "appended"


def test_an_outcome_before_its_decision_is_joined_once_that_comes(outcomes: Outcomes) -> None:
    (receipt,) = outcomes.record(SHOWN)
    assert (receipt["status"], receipt["joined"]) == ("appended", False)
    outcomes.handler.join(outcomes.work)
    assert (outcomes.joined, outcomes.waiting()) == ([], 1)
    assert outcomes.record(SHOWN)[0]["status"] == "duplicate"
    outcomes.log_decision()
    outcomes.handler.join(outcomes.work)
    outcomes.handler.join(outcomes.work)
    assert [each.outcome.offer_id for each in outcomes.joined] == ["warranty"]
    assert outcomes.waiting() == 0


def test_what_a_later_release_has_kept_of_an_outcome_holds_up_no_other(outcomes: Outcomes) -> None:
    outcomes.record(SHOWN)
    kept = {**asdict(outcome_of({**SHOWN, "outcome_id": "o-1"}, NOW)), "of_a_later_release": 1}
    outcomes.work.run(lambda unit: store.put_unjoined_outcomes(unit, [("o-1", "d-1", kept)]))
    outcomes.log_decision()
    outcomes.handler.join(outcomes.work)
    assert (len(outcomes.joined), outcomes.waiting()) == (2, 0)


def test_what_does_not_fit_a_decision_that_came_later_is_let_go(outcomes: Outcomes) -> None:
    outcomes.record({**SHOWN, "slot": "nowhere"})
    outcomes.log_decision()
    outcomes.handler.join(outcomes.work)
    assert (outcomes.joined, outcomes.waiting()) == ([], 0)


@pytest.mark.parametrize("age", [MINUTE // 2, 3 * MINUTE, 3 * HOUR])
def test_the_longer_an_outcome_waits_the_rarer_it_is_looked_at_and_it_is_joined(
    outcomes: Outcomes, age: int
) -> None:
    outcomes.handler.join(outcomes.work)
    outcomes.record(SHOWN)
    outcomes.clock.at += age
    outcomes.handler.join(outcomes.work)
    outcomes.log_decision()
    turns = 0
    while not outcomes.joined:
        outcomes.handler.join(outcomes.work)
        turns += 1
    assert age // (2 * MINUTE) <= turns <= max(1, 2 * age // MINUTE)
    assert outcomes.waiting() == 0


def test_what_has_come_since_the_last_turn_has_the_next_one(outcomes: Outcomes) -> None:
    outcomes.handler.join(outcomes.work)
    outcomes.record(SHOWN)
    outcomes.clock.at += 3 * HOUR  # as while the database was away
    outcomes.log_decision()
    outcomes.handler.join(outcomes.work)
    assert (len(outcomes.joined), outcomes.waiting()) == (1, 0)


def test_an_outcome_waits_thirty_days_for_its_decision(outcomes: Outcomes) -> None:
    outcomes.record(SHOWN)
    for days, waiting in ((30, 1), (31, 0)):
        outcomes.clock.at = NOW + days * DAY
        outcomes.handler.join(outcomes.work)
        assert outcomes.waiting() == waiting


def test_a_batch_of_outcomes_takes_a_handful_of_statements(outcomes: Outcomes) -> None:
    outcomes.log_decision()
    reports = [{**SHOWN, "outcome_id": f"o-{n}"} for n in range(200)]
    statements = record_statements(outcomes.work.database.engine)
    outcomes.record(*reports)
    assert len(statements) <= 12
